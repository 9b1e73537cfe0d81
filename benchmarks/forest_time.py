"""How long does a whole path of a forest take, against the forest's own fit?

    python benchmarks/forest_time.py [--data FOLDER] [--trees 100] [--depth 15]
        [--rows 150000] [--runs 1] [--json FILE]

A random forest is fitted on all rows of electricity (45,312), and on as many synthetic
rows as `--rows` gives, with one thread. A path prunes on all rows of the fit, at 20
ratios from a fifth of the leaves to one leaf in 5000. Each model is scored by ROC AUC
on a tenth of the rows. This is the work of a choice among 20 sizes, except that the
rows are not held out. The numbers are medians over the runs.
"""

import numpy as np
from command_line import parser_of, write
from datasets import load
from forest_contenders import METHODS
from forest_figures import timed
from forest_problems import SEED
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from threadpoolctl import threadpool_limits

from sklprune import prune
from sklprune.rules import Tolerance

RATIOS = (1 - np.geomspace(0.2, 2e-4, 20)).tolist()
NAMES = ("backfitting, same", "backfitting, auto", "regrow")


def whole_path(forest, X, y, method, ratios=RATIOS):
    """Prune on all rows, and choose among the ratios on a tenth of them."""
    rows, again = np.arange(len(y)), np.arange(0, len(y), 10)
    # rows of the fit in the second part would make prune fit the forest again
    twice = np.concatenate([rows, again])
    return prune(
        forest,
        X[twice],
        y[twice],
        method=method,
        pruning_ratio=ratios,
        rule=Tolerance(0.005),
        scoring="roc_auc",
        cv=[(rows, np.arange(len(rows), len(twice)))],
        random_state=SEED,
    )


def forest_of(options):
    return RandomForestClassifier(
        options.trees, max_depth=options.depth, random_state=SEED
    )


def measure(table, X, y, options):
    """One row for each method: median seconds, and their ratio to those of the fit."""
    fits, paths = [], {name: [] for name in NAMES}
    for _ in range(options.runs):
        forest, seconds = timed(forest_of(options).fit, X, y)
        fits.append(seconds)
        for name in NAMES:
            paths[name].append(timed(whole_path, forest, X, y, METHODS[name])[1])
    return [
        {
            "rows": f"{table}, {len(y)}",
            "method": name,
            "fit, s": float(np.median(fits)),
            "path, s": float(np.median(paths[name])),
            "path / fit": float(np.median(np.divide(paths[name], fits))),
        }
        for name in NAMES
    ]


def show(rows):
    print("  ".join(f"{title:>20}" for title in rows[0]))
    for row in rows:
        cells = [f"{v:.2f}" if isinstance(v, float) else str(v) for v in row.values()]
        print("  ".join(f"{cell:>20}" for cell in cells), flush=True)


def parser_of_forests(doc):
    """A parser with options for the forest."""
    parser = parser_of(doc)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--depth", type=int, default=15)
    return parser


def main():
    parser = parser_of_forests(__doc__)
    parser.add_argument(
        "--rows", type=int, default=150_000, help="synthetic rows; 0: none"
    )
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    tables = {"electricity": load("electricity", options.data)}
    if options.rows:
        X, y = make_classification(
            options.rows, 20, n_informative=8, flip_y=0.1, random_state=SEED
        )
        tables["synthetic"] = (X.astype(np.float32), y)
    results = []
    with threadpool_limits(1):
        for table, (X, y) in tables.items():
            rows = measure(table, X, y, options)
            show(rows)
            results += rows
    write(results, options.json)


if __name__ == "__main__":
    main()
