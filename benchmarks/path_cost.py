"""What does the choice among ten ratios cost, and what does it gain?

    python benchmarks/path_cost.py [--data FOLDER] [--runs 3] [--json FILE]

The model is a random forest of 100 trees on spambase, with `pruning_ratio="auto"` and
cv=5. Its seconds are compared with those of a plain 5-fold `cross_val_score` of the
forest, and of a random order. They are also compared with grid searches over the ratios
and over forests of these sizes trained from scratch. A second table shows accuracies at
each size. They are those of the trees that `member_selection` keeps, of as many random
trees, and of a forest of that size trained from scratch.
"""

import time

import numpy as np
from baselines import RandomOrder
from command_line import parser_of, write
from datasets import load
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_score,
    train_test_split,
)
from threadpoolctl import threadpool_limits

from sklprune import PrunedEstimator, prune

RATIOS = (0.1, 0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
DO_NOTHING = "do nothing: cross_val_score"


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def time_choosing(X, y, runs):
    forest = RandomForestClassifier(100, random_state=0)
    pruned = PrunedEstimator(forest, method="member_selection")
    at_random = PrunedEstimator(forest, method=RandomOrder("member"), random_state=0)
    grid = {"pruning_ratio": list(RATIOS)}
    sizes = {"n_estimators": [round(100 * (1 - ratio)) for ratio in RATIOS]}
    tasks = {
        DO_NOTHING: lambda: cross_val_score(forest, X, y, cv=5),
        'PrunedEstimator, "auto"': lambda: pruned.fit(X, y),
        "random order": lambda: at_random.fit(X, y),
        "grid search over the ratios": lambda: GridSearchCV(pruned, grid, cv=5).fit(
            X, y
        ),
        "smaller from scratch, search": lambda: GridSearchCV(forest, sizes, cv=5).fit(
            X, y
        ),
    }
    times = {name: [] for name in tasks}
    for _ in range(runs):
        for name, task in tasks.items():
            times[name].append(seconds(task))
    plain = np.array(times[DO_NOTHING])
    return [
        {
            "what": name,
            "seconds": float(np.median(values)),
            "ratio": float(np.median(np.array(values) / plain)),
        }
        for name, values in times.items()
    ]


def compare_choices(X, y, n_seeds=5):
    sizes = (50, 20, 10, 5)
    columns = ("do nothing", "member selection", "random order", "smaller from scratch")
    scores = np.zeros((n_seeds, len(sizes), len(columns)))
    for seed in range(n_seeds):
        train, test, y_train, y_test = train_test_split(X, y, random_state=seed)
        forest = RandomForestClassifier(100, oob_score=False, random_state=seed)
        fitted = clone(forest).fit(train, y_train)
        rng = np.random.RandomState(seed)
        for i, size in enumerate(sizes):
            params = {"method": "member_selection", "pruning_ratio": 1 - size / 100}
            kept = PrunedEstimator(forest, **params)
            random = prune(fitted, train, y_train, **params)
            random = random.estimator_
            chosen = rng.choice(100, size, replace=False)
            random.estimators_ = [fitted.estimators_[t] for t in chosen]
            scratch = clone(forest).set_params(n_estimators=size).fit(train, y_train)
            models = (fitted, kept.fit(train, y_train), random, scratch)
            scores[seed, i] = [model.score(test, y_test) for model in models]
    return [
        {"trees": size} | dict(zip(columns, mean))
        for size, mean in zip(sizes, scores.mean(axis=0).round(4).tolist())
    ]


def show(rows):
    titles = list(rows[0])
    print("  ".join(f"{title:>30}" for title in titles))
    for row in rows:
        cells = [f"{v:.3f}" if isinstance(v, float) else str(v) for v in row.values()]
        print("  ".join(f"{cell:>30}" for cell in cells))
    print()


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    X, y = load("spambase", options.data)
    with threadpool_limits(1):
        results = {
            "seconds": time_choosing(X, y, options.runs),
            "test accuracy": compare_choices(X, y),
        }
    for rows in results.values():
        show(rows)
    write(results, options.json)


if __name__ == "__main__":
    main()
