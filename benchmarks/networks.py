"""How many hidden units or weights can be removed from a model?

    python benchmarks/networks.py [--data FOLDER] [--set NAME] [--runs 3] [--json FILE]

The models are an MLP of 64 and 32 hidden units and a logistic regression. The data set
is scikit-learn's digits, or the one that `--set` gives. The models are fitted on three
quarters of the rows, and pruned on the same rows at fixed ratios. The other rows score
them, and are used for nothing else. The same refit follows all methods. "Smaller from
scratch" is an MLP with narrower layers, or a logistic regression on fewer columns,
those with the highest F scores. Each run is another split of the rows. The numbers are
means over the runs, with the standard error of the difference to the unpruned model.
"""

import time
import warnings

import numpy as np
from baselines import RandomOrder
from command_line import parser_of, write
from datasets import load
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklprune import cost, prune
from sklprune.methods import Magnitude

WIDTHS = (64, 32)
RATIOS = (0.5, 0.75, 0.9, 0.95)


def network(seed, widths=WIDTHS):
    # a narrow network needs more iterations
    model = MLPClassifier(widths, max_iter=2000, random_state=seed)
    return make_pipeline(StandardScaler(), model)


def smaller_network(ratio, seed, n_columns):
    widths = tuple(max(1, round((1 - ratio) * width)) for width in WIDTHS)
    return network(seed, widths)


def logistic(seed):
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def smaller_logistic(ratio, seed, n_columns):
    kept = max(1, round((1 - ratio) * n_columns))
    return make_pipeline(SelectKBest(k=kept), logistic(seed))


#: the model, the smaller one from scratch, and methods by the name of the row
CASES = {
    "hidden units": (
        network,
        smaller_network,
        {
            "random order": RandomOrder("neuron"),
            "magnitude": Magnitude(granularity="neuron"),
            "neuron_elimination": "neuron_elimination",
        },
    ),
    "weights": (
        logistic,
        smaller_logistic,
        {
            "random order": RandomOrder("weight"),
            "magnitude": Magnitude(granularity="weight"),
        },
    ),
}


def contenders(case, rows, ratio, seed):
    """Functions that return a model at a ratio, by the name of the row."""
    model, smaller, methods = CASES[case]
    fitted = model(seed).fit(*rows)
    params = {"pruning_ratio": ratio, "random_state": seed}
    scratch = smaller(ratio, seed, rows[0].shape[1])
    return {
        "do nothing": lambda: fitted,
        "smaller from scratch": lambda: clone(scratch).fit(*rows),
    } | {
        name: lambda method=method: (
            prune(fitted, *rows, method=method, **params).estimator_
        )
        for name, method in methods.items()
    }


def compare(case, X, y, runs):
    """One row for each ratio and contender: means over the runs."""
    results = {}
    for seed in range(runs):
        train, test, y_train, y_test = train_test_split(
            X, y, stratify=y, random_state=seed
        )
        for ratio in RATIOS:
            found = contenders(case, (train, y_train), ratio, seed)
            for name, contender in found.items():
                start = time.perf_counter()
                model = contender()
                seconds = time.perf_counter() - start
                score = model.score(test, y_test)
                size = cost(model).nonzero
                results.setdefault((ratio, name), []).append((score, size, seconds))
    return [row(case, *key, results) for key in results]


def row(case, ratio, name, results):
    values = np.array(results[ratio, name])
    change = values[:, 0] - np.array(results[ratio, "do nothing"])[:, 0]
    n = len(change)
    error = change.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    score, size, seconds = values.mean(axis=0)
    return {
        "removed": "0" if name == "do nothing" else f"{ratio:.0%} of {case}",
        "contender": name,
        "test accuracy": round(float(score), 4),
        "change": round(float(change.mean()), 4),
        "+-": round(float(error), 4),
        "non-zero numbers": round(float(size)),
        "seconds": round(float(seconds), 3),
    }


def show(rows):
    print("  ".join(f"{title:>20}" for title in rows[0]))
    for row in rows:
        print("  ".join(f"{value!s:>20}" for value in row.values()))
    print()


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--set", default="digits")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if options.set == "digits":
        X, y = load_digits(return_X_y=True)
    else:
        X, y = load(options.set, options.data)
    # the F score of a constant column is NaN, and ranks last
    warnings.filterwarnings("ignore", "Features .* are constant|invalid value")
    with threadpool_limits(1):
        results = {case: compare(case, X, y, options.runs) for case in CASES}
    for rows in results.values():
        show(rows)
    write(results, options.json)


if __name__ == "__main__":
    main()
