"""How sparse can the networks of MNIST and of six tables be?

    python benchmarks/network_problems.py --data FOLDER --problem mnist|tables
        [--names adult,heloc] [--seeds 5] [--json FILE]

"mnist" is a network of 784-40-20-10 units that scikit-learn has trained to about 94 %.
All ratios come from one path. The closed form uses no labels, and the refit does.

"tables" is a network with one hidden layer of 100 units on standardised columns, with
missing values imputed and categories encoded. It loses 90 % of its weights, or 70 % of
its units. Networks of one and two hidden layers with as many non-zero parameters are
trained from scratch. A quarter of the rows tests all models and is used for nothing
else. Scores are accuracy or R2.

The methods and their settings are the same for all tables. Seconds are of the process,
not of the wall clock.
"""

import pathlib
import time
import warnings

import numpy as np
from command_line import Records, listed, parser_of
from datasets import load
from sklearn.base import is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from sklprune import cost, prune
from sklprune.methods import Magnitude, SecondOrder
from sklprune.refits import MaskedRefit

TABLES = (
    "adult",
    "california_housing",
    "dry_bean",
    "covertype20k",
    "heloc",
    "cpu_act",
)
REGRESSION = ("california_housing", "cpu_act")
RATIOS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
WIDTH = 100
#: rows of MNIST that are pruned on, and the same number of official test rows
N_TEST = 10_000
KEY = ("problem", "name", "seed", "removed", "contender")


def staged(**options):
    """Stages of removal and training, with few epochs after each stage."""
    options = {"n_stages": 12, "stage_epochs": 2} | options
    return MaskedRefit(schedule="geometric", **options)


#: L2 strength by held-out rows, and more epochs for networks that Adam trains
CHOSEN = MaskedRefit(alpha="auto", max_epochs=60)
#: methods and refits by the name of the contender
OF_WEIGHTS = {
    "magnitude, no refit": (Magnitude(), False),
    "magnitude, reconstruction": (Magnitude(), "reconstruction"),
    "second order, no labels": (SecondOrder(), False),
    "second order, refit": (SecondOrder(), True),
    "second order in stages": (SecondOrder("diagonal"), staged()),
    "second order, chosen penalty": (SecondOrder(), CHOSEN),
}
OF_UNITS = {
    "elimination, no labels": ("neuron_elimination", "reconstruction"),
    "elimination, refit": ("neuron_elimination", True),
    "elimination, chosen penalty": ("neuron_elimination", CHOSEN),
}


def mnist(records, options):
    """All ratios of one path, for each method."""
    X, y = load("mnist", options.data)
    X = (X / X.max() - 0.1307) / 0.3081
    train, test = slice(None, -N_TEST), slice(-N_TEST, None)
    for seed in range(options.seeds):
        model = MLPClassifier(
            (40, 20),
            solver="sgd",
            learning_rate_init=0.001,
            momentum=0.5,
            batch_size=64,
            max_iter=18,
            random_state=seed,
        ).fit(X[train], y[train])
        dense = model.score(X[test], y[test])
        records.add(entry("mnist", "mnist", seed, "0", "unpruned", dense, model, 0.0))
        contenders = {
            "magnitude, reconstruction": (Magnitude(), "reconstruction"),
            "second order, no labels": (SecondOrder(), False),
            "second order in stages": (SecondOrder("diagonal"), staged()),
        }
        for name, (method, refit) in contenders.items():
            start = time.process_time()
            held_out = np.arange(5000)
            pruned = prune(
                model,
                X[train],
                y[train],
                method=method,
                refit=refit,
                pruning_ratio=RATIOS,
                cv=[(np.arange(5000, len(y) - N_TEST), held_out)],
                seen=False,
                store_path=True,
                random_state=seed,
            )
            seconds = time.process_time() - start
            for ratio in RATIOS:
                small = pruned.path_.at(ratio)
                score = small.score(X[test], y[test])
                removed = f"{ratio:.0%} of weights"
                of_model = score, small, seconds
                records.add(entry("mnist", "mnist", seed, removed, name, *of_model))


def prepared(name, folder):
    """X with imputed values and encoded categories, and y."""
    X, y = load(name, folder)
    with np.load(pathlib.Path(folder) / f"{name}.npz", allow_pickle=False) as file:
        categories = file["cat_mask"].astype(bool)
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    most_frequent = SimpleImputer(strategy="most_frequent")
    encoded = make_pipeline(most_frequent, OneHotEncoder(handle_unknown="ignore"))
    columns = ColumnTransformer(
        [("numbers", numbers, ~categories), ("categories", encoded, categories)],
        sparse_threshold=0,
    )
    return columns, X, y


def network(regression, widths, seed):
    options = {"max_iter": 300, "random_state": seed}
    if regression:
        return MLPRegressor(hidden_layer_sizes=widths, **options)
    return MLPClassifier(widths, **options)


def widths_for(n_parameters, n_inputs, n_outputs, n_layers):
    """Equal widths of hidden layers, so that a network has about as many parameters."""
    width = 1

    def size(width):
        inner = (n_layers - 1) * width * (width + 1)
        return n_inputs * width + width + inner + width * n_outputs + n_outputs

    while size(width + 1) <= n_parameters:
        width += 1
    return (width,) * n_layers


def table(records, name, seed, folder):
    """One table and one seed: pruned networks, and networks from scratch."""
    columns, X, y = prepared(name, folder)
    regression = name in REGRESSION
    stratify = None if regression else y
    X, X_test, y, y_test = train_test_split(
        X, y, test_size=0.25, stratify=stratify, random_state=seed
    )
    X = columns.fit_transform(X).astype(np.float32)
    X_test = columns.transform(X_test).astype(np.float32)
    if regression:
        # an MLP is trained on targets of about unit size
        mean, scale = y.mean(), y.std()
        y, y_test = (y - mean) / scale, (y_test - mean) / scale
    model = network(regression, (WIDTH,), seed).fit(X, y)

    def add(removed, contender, small, seconds):
        score = small.score(X_test, y_test)
        of_model = score, small, seconds
        records.add(entry("tables", name, seed, removed, contender, *of_model))

    add("0", "unpruned", model, 0.0)
    for removed, ratio, contenders in (
        ("90% of weights", 0.9, OF_WEIGHTS),
        ("70% of units", 0.7, OF_UNITS),
    ):
        for contender, (method, refit) in contenders.items():
            start = time.process_time()
            pruned = prune(
                model,
                X,
                y,
                method=method,
                refit=refit,
                pruning_ratio=ratio,
                random_state=seed,
            )
            seconds = time.process_time() - start
            add(removed, contender, pruned.estimator_, seconds)
        n_outputs = model.coefs_[-1].shape[1]
        # the largest of the pruned networks gives the size
        size = cost(pruned.estimator_).nonzero
        for n_layers in (1, 2):
            widths = widths_for(size, X.shape[1], n_outputs, n_layers)
            start = time.process_time()
            scratch = network(regression, widths, seed).fit(X, y)
            seconds = time.process_time() - start
            add(removed, f"from scratch, {n_layers} layers", scratch, seconds)


def entry(problem, name, seed, removed, contender, score, model, seconds):
    assert is_classifier(model) or name in REGRESSION
    values = (problem, name, seed, removed, contender)
    return dict(zip(KEY, values)) | {
        "score": round(float(score), 4),
        "nonzero": int(cost(model).nonzero),
        "units": int(
            sum(model.coefs_[i].shape[1] for i in range(len(model.coefs_) - 1))
        ),
        "seconds": round(seconds, 1),
    }


def show(records):
    """Means and standard deviations over the seeds."""
    found = {}
    for record in records.having():
        key = tuple(record[k] for k in KEY if k != "seed")
        found.setdefault(key, []).append(record)
    for key, of_key in found.items():
        scores = [record["score"] for record in of_key]
        nonzero = np.mean([record["nonzero"] for record in of_key])
        seconds = np.mean([record["seconds"] for record in of_key])
        print(
            f"{key[1]:20}{key[2]:18}{key[3]:28}{np.mean(scores):8.4f}"
            f" +- {np.std(scores):.4f}{nonzero:10.0f}{seconds:8.1f} s"
        )


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--problem", choices=["mnist", "tables"], required=True)
    parser.add_argument("--names", default=",".join(TABLES))
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    records = Records(options.json, KEY)
    warnings.simplefilter("ignore", ConvergenceWarning)
    with threadpool_limits(1):
        if options.problem == "mnist":
            mnist(records, options)
        else:
            for seed in range(options.seeds):
                for name in listed(options.names):
                    table(records, name, seed, options.data)
    show(records)


if __name__ == "__main__":
    main()
