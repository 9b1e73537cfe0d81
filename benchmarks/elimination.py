"""How long does it take to remove or add columns one by one?

    python benchmarks/elimination.py [--only NAME,...] [--runs 3] [--json FILE]

Each row compares scikit-learn's selector with sklprune on the same rows: processor
seconds on one thread, whether both keep the same columns, and the share of columns with
the same rank. The time of sklprune is a median over the runs. That of scikit-learn is
measured once, since one call takes minutes.

The row "knockoffs" is another figure: the mean share of false discoveries over
simulated data sets, with its standard error, and the share of the columns with
information that are found.
"""

import time
import warnings

import numpy as np
from command_line import listed, parser_of, write
from sklearn.datasets import make_classification, make_regression
from sklearn.feature_selection import RFECV, SequentialFeatureSelector
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from threadpoolctl import threadpool_limits

from sklprune import FeaturePruningSelector
from sklprune.methods import Knockoffs, RecursiveElimination, Sequential

#: rows, columns and informative columns
LARGE, SMALL = (5000, 500, 100), (5000, 100, 30)
#: simulated data sets for knockoffs: number, rows, columns, informative columns
N_SETS, N_ROWS, N_COLUMNS, N_REAL = 200, 500, 200, 30
FDR, CORRELATION = 0.1, 0.5


def values(n_rows, n_columns, n_informative):
    return make_regression(
        n_rows, n_columns, n_informative=n_informative, noise=100.0, random_state=0
    )


def classes(n_rows, n_columns, n_informative):
    return make_classification(
        n_rows, n_columns, n_informative=n_informative, random_state=0
    )


def eliminations():
    """Rows, scikit-learn's selector and that of sklprune, by the name of the row."""
    ours = {"method": RecursiveElimination("coef"), "rule": "best", "cv": 5}
    cases = {}
    for model, make, size in (
        (LinearRegression(), values, LARGE),
        (Ridge(), values, LARGE),
        (LogisticRegression(), classes, SMALL),
    ):
        cases[f"RFECV: {type(model).__name__}"] = (
            make(*size),
            RFECV(model, step=1, cv=5),
            FeaturePruningSelector(model, **ours),
        )
    cases["SequentialFeatureSelector: Ridge"] = (
        values(*SMALL),
        SequentialFeatureSelector(Ridge(), n_features_to_select=20, cv=5),
        FeaturePruningSelector(
            Ridge(), method=Sequential(cv=5), n_features_to_select=20
        ),
    )
    return cases


def seconds(selector, X, y):
    start = time.process_time()
    selector.fit(X, y)
    return time.process_time() - start


def compared(rows, theirs, ours, runs):
    X, y = rows
    of_ours = [seconds(ours, X, y) for _ in range(runs)]
    of_theirs = seconds(theirs, X, y)
    support = theirs.get_support()
    rank, expected = ours.ranking_, getattr(theirs, "ranking_", None)
    return {
        "shape": list(X.shape),
        "columns kept": int(support.sum()),
        "same columns": bool(np.array_equal(support, ours.support_)),
        "same ranks": None if expected is None else float(np.mean(rank == expected)),
        "seconds of scikit-learn": round(of_theirs, 2),
        "seconds of sklprune": round(float(np.median(of_ours)), 3),
        "factor": round(of_theirs / float(np.median(of_ours)), 1),
    }


def correlated_rows(seed):
    """Rows of an autoregressive process, targets, and the informative columns."""
    rng = np.random.default_rng([1, seed])
    X = rng.normal(size=(N_ROWS, N_COLUMNS))
    for j in range(1, N_COLUMNS):
        X[:, j] = CORRELATION * X[:, j - 1] + np.sqrt(1 - CORRELATION**2) * X[:, j]
    real = rng.choice(N_COLUMNS, N_REAL, replace=False)
    y = X[:, real] @ rng.choice([-0.5, 0.5], N_REAL) + 2 * rng.normal(size=N_ROWS)
    return X, y, real


def knockoffs():
    shares, found, start = [], [], time.process_time()
    for seed in range(N_SETS):
        X, y, real = correlated_rows(seed)
        selector = FeaturePruningSelector(
            Ridge(), method=Knockoffs(FDR), random_state=seed
        )
        with warnings.catch_warnings():
            # no discovery: one column is kept, and counted
            warnings.simplefilter("ignore", UserWarning)
            support = selector.fit(X, y).get_support(indices=True)
        shares.append(np.mean(~np.isin(support, real)))
        found.append(np.mean(np.isin(real, support)))
    return {
        "shape": [N_ROWS, N_COLUMNS],
        "false discovery rate": FDR,
        "false discoveries": round(float(np.mean(shares)), 4),
        "standard error": round(float(np.std(shares) / np.sqrt(N_SETS)), 4),
        "power": round(float(np.mean(found)), 3),
        "seconds of sklprune": round((time.process_time() - start) / N_SETS, 3),
    }


def main():
    parser = parser_of(__doc__, data=False)
    parser.add_argument("--only", help="comma-separated names of rows")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    cases = eliminations()
    names = listed(options.only) if options.only else [*cases, "knockoffs"]
    results = {}
    with threadpool_limits(1):
        for name in names:
            if name == "knockoffs":
                results[name] = knockoffs()
            else:
                results[name] = compared(*cases[name], options.runs)
            print(name, results[name], flush=True)
            write(results, options.json)


if __name__ == "__main__":
    main()
