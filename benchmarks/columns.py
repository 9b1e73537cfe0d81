"""How many columns does a model need?

    python benchmarks/columns.py [--data FOLDER] [--set NAME] [--runs 1] [--json FILE]

The model is a random forest of 50 trees. The data set is madelon, where 20 of 500
columns matter, or the one that `--set` gives. Three quarters of the rows select the
columns, by scikit-learn's own tools and by sklprune. sklprune uses the rule "one_se"
and 5 folds. The other rows score a forest on the kept columns. "Smaller from scratch"
is a forest on the columns with the highest F scores; their number is chosen by the same
rule. Each run is another split of the rows, and the numbers are means over the runs.
"""

import time

import numpy as np
from baselines import RandomOrder
from command_line import parser_of, write
from datasets import load
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import RFECV, SelectFromModel, f_classif
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from sklprune import FeaturePruningSelector
from sklprune.methods import Method, RecursiveElimination


class FScore(Method):
    """Removes the columns with the smallest F scores first."""

    granularity = "feature"

    def score(self, family, estimator, units, task):
        return np.nan_to_num(f_classif(task.X, task.y)[0])


def selectors(forest, seed):
    """The selectors of columns, by the name of the row."""
    step = 0.02
    ours = {
        "random order": RandomOrder(),
        "smaller from scratch": FScore(),
        "permutation": "permutation",
        "recursive_elimination": RecursiveElimination(step=step),
        "elastic_net_path": "elastic_net_path",
    }
    return {
        "do nothing": "passthrough",
        "SelectFromModel": SelectFromModel(clone(forest)),
        f"RFECV, step={step}": RFECV(clone(forest), step=step, cv=5),
    } | {
        name: FeaturePruningSelector(clone(forest), method=method, random_state=seed)
        for name, method in ours.items()
    }


def compare(X, y, runs):
    results = {}
    for seed in range(runs):
        train, test, y_train, y_test = train_test_split(
            X, y, stratify=y, random_state=seed
        )
        forest = RandomForestClassifier(50, random_state=seed)
        for name, selector in selectors(forest, seed).items():
            model = make_pipeline(selector, clone(forest))
            start = time.perf_counter()
            model.fit(train, y_train)
            seconds = time.perf_counter() - start
            kept, score = model[-1].n_features_in_, model.score(test, y_test)
            results.setdefault(name, []).append((kept, score, seconds))
    titles = ("columns kept", "test accuracy", "seconds")
    return [
        {"what": name} | dict(zip(titles, np.mean(values, axis=0).round(3).tolist()))
        for name, values in results.items()
    ]


def show(rows):
    titles = list(rows[0])
    print("  ".join(f"{title:>22}" for title in titles))
    for row in rows:
        cells = [f"{v:.3f}" if isinstance(v, float) else str(v) for v in row.values()]
        print("  ".join(f"{cell:>22}" for cell in cells))


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--set", default="madelon")
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    X, y = load(options.set, options.data)
    with threadpool_limits(1):
        rows = compare(X, y, options.runs)
    show(rows)
    write(rows, options.json)


if __name__ == "__main__":
    main()
