"""Is `permutation_importance` slower than that of scikit-learn?

    python benchmarks/importance.py [--runs 9] [--json FILE]

Times both functions alternately on the same model and rows. Prints the medians and the
median of the paired ratios, and checks that both compute the same numbers.
"""

import time

import numpy as np
from command_line import parser_of, write
from sklearn import inspection
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

import sklprune

CASES = {
    "logistic regression, 5000 x 100": (LogisticRegression(), 5000, 100),
    "random forest of 20, 1000 x 20": (RandomForestClassifier(20), 1000, 20),
    "boosting of 20, 5000 x 20": (
        HistGradientBoostingClassifier(max_iter=20),
        5000,
        20,
    ),
}


def seconds(function, *args):
    start = time.perf_counter()
    result = function(*args, random_state=0)
    return time.perf_counter() - start, result.importances


def run(runs):
    rows = []
    for name, (model, n, p) in CASES.items():
        X, y = make_classification(n, p, n_informative=5, random_state=0)
        args = (model.fit(X, y), X, y)
        times = []
        for _ in range(runs + 1):  # the first one warms up
            ours, numbers = seconds(sklprune.permutation_importance, *args)
            theirs, expected = seconds(inspection.permutation_importance, *args)
            assert np.array_equal(numbers, expected)
            times.append((ours, theirs))
        ours, theirs = np.array(times[1:]).T
        rows.append(
            {
                "case": name,
                "sklprune": float(np.median(ours)),
                "scikit-learn": float(np.median(theirs)),
                "ratio": float(np.median(ours / theirs)),
            }
        )
    return rows


def main():
    parser = parser_of(__doc__, data=False)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    with threadpool_limits(1):
        rows = run(options.runs)
    print(f"{'case':34}{'sklprune s':>12}{'scikit-learn s':>16}{'ratio':>8}")
    for row in rows:
        print(
            f"{row['case']:34}{row['sklprune']:12.3f}{row['scikit-learn']:16.3f}"
            f"{row['ratio']:8.2f}"
        )
    write(rows, options.json)


if __name__ == "__main__":
    main()
