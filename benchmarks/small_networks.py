"""How small is the file of a network that was pruned, and how good are shared widths?

    python benchmarks/small_networks.py --data FOLDER --problem lenet|sequence|widths
        [--seeds 0,1,2] [--tables usps,adult] [--json FILE]

"lenet" is a network of 784-300-100-10 units, trained on the 60,000 rows of MNIST. Its
weights are removed in stages of equal factors, with training after each. The rest gets
codebooks. The error is that on the 10,000 test rows.

"sequence" is a pipeline of a scaler and a network of 100 and 50 units, fitted on 4,500
rows. Columns, hidden units, weights and bits are removed alone, and in sequence by
`Chain`, each under the same tolerance. 1,500 other rows choose the sizes, and 3,000
other rows give the scores.

"widths" is a network of 128 hidden units. `SharedWidths` trains it once. Five widths
are compared with networks of these widths that were trained alone.

Files are those of `sklprune.dump`. A run that was interrupted continues.
"""

import warnings

import numpy as np
from command_line import Records, listed, parser_of
from datasets import load
from files import dumped
from network_problems import prepared
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklprune import cost, prune
from sklprune.methods import Chain, Magnitude, Quantize
from sklprune.refits import MaskedRefit, SharedWidths
from sklprune.rules import Tolerance

#: sparse refit of LeNet: the rest is trained after each of the stages
STAGED = MaskedRefit(
    schedule="geometric",
    n_stages=24,
    stage_epochs=2,
    max_epochs=24,
    learning_rate=0.003,
    start="kept",
    alpha=0.06,
)
LENET_RATIOS = (0.975, 0.985)
LENET_BITS = (5, 4, 3)
SEQUENCE = ("columns", "neuron_elimination", "second_order", "quantize")
TABLES = {"usps": 0.01, "adult": 0.01}
N_FIT, N_CHOOSE, N_TEST = 4500, 1500, 3000
WIDTHS = (64, 32, 16, 8, 4)
TABLES_OF_WIDTHS = ("digits", "pendigits", "satimage")


def lenet_rows(folder):
    """Training rows and test rows of MNIST, with values from 0 to 1."""
    X, y = load("mnist", folder)
    X = (X / 255).astype(np.float32)
    return X[:60_000], y[:60_000], X[60_000:], y[60_000:]


def trained_lenet(X, y):
    """The network, with a smaller learning rate in the last four epochs."""
    model = MLPClassifier((300, 100), batch_size=128, max_iter=16, random_state=0)
    model.fit(X, y)
    last = {"warm_start": True, "learning_rate_init": 1e-4, "max_iter": 4}
    return model.set_params(**last).fit(X, y)


def lenet(records, options):
    X, y, X_test, y_test = lenet_rows(options.data)
    model = trained_lenet(X, y)

    def add(what, small):
        error = 1 - small.score(X_test, y_test)
        add_record(records, "lenet", what, 0, small, error=round(float(error), 4))

    add("unpruned", model)
    for ratio in LENET_RATIOS:
        settings = {"method": Magnitude(), "refit": STAGED, "random_state": 0}
        small = prune(model, X, y, pruning_ratio=ratio, seen=True, **settings)
        add(f"{ratio:.1%} of the weights removed", small.estimator_)
        for bits in LENET_BITS:
            few = prune(small.estimator_, X, method=Quantize(bits=bits), random_state=0)
            add(f"{ratio:.1%} removed, {bits} bits", few.estimator_)


def add_record(records, problem, what, seed, model, **numbers):
    records.add(
        {
            "problem": problem,
            "what": what,
            "seed": seed,
            "nonzero": int(cost(model).nonzero),
            "bytes": dumped(model),
            **numbers,
        }
    )


def sequence(records, options):
    for table in listed(options.tables):
        max_drop = TABLES[table]
        columns, X, y = prepared(table, options.data)
        order = np.random.RandomState(0).permutation(len(X))
        order = order[: N_FIT + N_CHOOSE + N_TEST]
        X, y = columns.fit_transform(X[order]).astype(float), y[order]
        first, test = slice(N_FIT), slice(N_FIT + N_CHOOSE, None)
        network = MLPClassifier((100, 50), max_iter=40, random_state=0)
        model = make_pipeline(StandardScaler(), network).fit(X[first], y[first])
        ways = {"unpruned": None, **{name: name for name in SEQUENCE}}
        for name, method in (ways | {"in sequence": Chain(list(SEQUENCE))}).items():
            small = model
            if method is not None:
                chosen_on = np.arange(N_FIT, N_FIT + N_CHOOSE)
                small = prune(
                    model,
                    X[: N_FIT + N_CHOOSE],
                    y[: N_FIT + N_CHOOSE],
                    method=method,
                    rule=Tolerance(max_drop),
                    cv=[(np.arange(N_FIT), chosen_on)],
                    seen=False,
                    random_state=0,
                ).estimator_
            score = round(float(small.score(X[test], y[test])), 4)
            what = f"{table}, {name}"
            add_record(records, "sequence", what, 0, small, score=score)


def widths(records, options):
    for table in TABLES_OF_WIDTHS:
        for seed in map(int, listed(options.seeds)):
            X, y = load(table, options.data)
            order = np.random.RandomState(seed).permutation(len(X))[:6000]
            n_fit = int(0.6 * len(order))
            X, y = X[order], y[order]
            X = StandardScaler().fit(X[:n_fit]).transform(X)
            first, test = slice(n_fit), slice(n_fit, None)

            def alone(width, seed=seed, X=X[first], y=y[first]):
                return MLPClassifier((width,), random_state=seed).fit(X, y)

            split = np.arange(n_fit), np.arange(n_fit, len(X))
            path = prune(
                alone(128),
                X,
                y,
                refit=SharedWidths(),
                pruning_ratio=[1 - width / 128 for width in WIDTHS],
                cv=[split],
                seen=False,
                store_path=True,
                random_state=seed,
            ).path_
            for width in WIDTHS:
                small = path.at(1 - width / 128)
                score = small.score(X[test], y[test])
                separate = alone(width).score(X[test], y[test])
                add_record(
                    records,
                    "widths",
                    f"{table}, {width} units",
                    seed,
                    small,
                    score=round(float(score), 4),
                    alone=round(float(separate), 4),
                    rows=len(X) - n_fit,
                )


def main():
    parser = parser_of(__doc__)
    problems = {"lenet": lenet, "sequence": sequence, "widths": widths}
    parser.add_argument("--problem", choices=[*problems], required=True)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--tables", default=",".join(TABLES))
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    records = Records(options.json, ("problem", "what", "seed"))
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        problems[options.problem](records, options)


if __name__ == "__main__":
    main()
