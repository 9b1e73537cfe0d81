"""How many times as fast as scikit-learn is `permutation_importance`?

    python benchmarks/permutation.py [--runs 3] [--cases forest,linear] [--json FILE]

Both functions compute the importances of the same model on the same 5,000 rows with
five repeats, alternately and with one thread. Prints the medians of the CPU seconds,
their ratio, and the largest difference between the importances.
"""

import time

import numpy as np
import pandas as pd
from command_line import listed, parser_of, write
from sklearn import inspection
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

import sklprune

N = 5000


def classes(p):
    return make_classification(N, p, n_informative=10, random_state=0)


def values(p):
    return make_regression(N, p, n_informative=20, noise=5, random_state=0)


def mixed(p):
    """A frame, every second column of which has eight categories."""
    X, y = classes(p)
    frame = pd.DataFrame(X, columns=[f"column {i}" for i in range(p)])
    for name in frame.columns[::2]:
        ranks = frame[name].rank(pct=True)
        frame[name] = ranks.mul(8).clip(upper=7.5).astype(int).astype(str)
    return frame, y


def pipeline(p):
    names = [f"column {i}" for i in range(p)]
    steps = ColumnTransformer(
        [
            ("categories", OneHotEncoder(handle_unknown="ignore"), names[::2]),
            ("numbers", StandardScaler(), names[1::2]),
        ]
    )
    return make_pipeline(steps, LogisticRegression(max_iter=1000))


#: model, its rows, number of columns, and the ratio that is aimed at
CASES = {
    "logistic": (LogisticRegression(max_iter=1000), classes, 100, 100),
    "linear": (LinearRegression(), values, 100, 100),
    "forest": (RandomForestClassifier(100, random_state=0), classes, 100, 8),
    "wide forest": (RandomForestClassifier(100, random_state=0), classes, 500, 30),
    "histograms": (HistGradientBoostingClassifier(), classes, 100, 15),
    "network": (MLPClassifier((100,), max_iter=10, random_state=0), classes, 500, 5),
    "pipeline": (pipeline(100), mixed, 100, 20),
}


def seconds(function, *args):
    start = time.process_time()
    result = function(*args, random_state=0)
    return time.process_time() - start, result.importances


def run(name, runs):
    model, rows, p, goal = CASES[name]
    X, y = rows(p)
    args = (model.fit(X, y), X, y)
    seconds(sklprune.permutation_importance, *args)  # the first call warms up
    times, difference = [], 0.0
    for _ in range(runs):
        ours, found = seconds(sklprune.permutation_importance, *args)
        theirs, expected = seconds(inspection.permutation_importance, *args)
        difference = max(difference, float(np.abs(found - expected).max()))
        times.append((ours, theirs))
    ours, theirs = np.median(times, axis=0)
    return {
        "case": name,
        "columns": p,
        "sklprune": float(ours),
        "scikit-learn": float(theirs),
        "ratio": float(theirs / ours),
        "goal": goal,
        "difference": difference,
    }


def main():
    parser = parser_of(__doc__, data=False)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--cases", default=",".join(CASES))
    options = parser.parse_args()
    results = []
    print(
        f"{'case':14}{'columns':>8}{'sklprune s':>12}{'scikit-learn s':>16}"
        f"{'ratio':>8}{'goal':>6}{'difference':>12}"
    )
    with threadpool_limits(1):
        for name in listed(options.cases):
            row = run(name, options.runs)
            results.append(row)
            print(
                f"{name:14}{row['columns']:8}{row['sklprune']:12.4f}"
                f"{row['scikit-learn']:16.3f}{row['ratio']:8.1f}{row['goal']:6}"
                f"{row['difference']:12.1e}",
                flush=True,
            )
            write(results, options.json)


if __name__ == "__main__":
    main()
