"""How long does a grid search over the ratio take, with and without `memory`?

    python benchmarks/memory.py [--data FOLDER] [--runs 3] [--json FILE]

The model is a random forest of 100 trees on spambase, pruned by `member_selection`
inside `GridSearchCV(cv=5)` in one process. The memory is empty at the start of each
search, and the report is not read. The rows are searches over one and over 20 values of
`pruning_ratio`, with and without memory. Three searches are for comparison. One only
fits the forest, and one has a random order. The third is over 20 forests of these sizes
trained from scratch. The script also checks that the memory does not change the scores.
"""

import tempfile
import time

import numpy as np
from baselines import RandomOrder
from command_line import parser_of, write
from datasets import load
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits

from sklprune import PrunedEstimator

RATIOS = np.linspace(0.02, 0.97, 20).round(2).tolist()
SIZES = [round(100 * (1 - ratio)) for ratio in RATIOS]
FOREST = RandomForestClassifier(100, random_state=0)


def search(estimator, grid, X, y):
    """A fitted search and the seconds that it took."""
    start = time.perf_counter()
    fitted = GridSearchCV(estimator, grid, cv=5, n_jobs=1).fit(X, y)
    return fitted, time.perf_counter() - start


def search_ratios(ratios, X, y, keep, method="member_selection"):
    """A search over ratios, with an empty memory if `keep` is True."""
    with tempfile.TemporaryDirectory() as folder:
        pruned = PrunedEstimator(
            FOREST,
            method=method,
            memory=folder if keep else None,
            random_state=0,
        )
        return search(pruned, {"pruning_ratio": ratios}, X, y)


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    X, y = load("spambase", options.data)
    tasks = {
        "do nothing: the forest alone": lambda: search(
            FOREST, {"n_estimators": [100]}, X, y
        ),
        "1 ratio, no memory": lambda: search_ratios(RATIOS[:1], X, y, keep=False),
        "1 ratio, memory": lambda: search_ratios(RATIOS[:1], X, y, keep=True),
        "20 ratios, no memory": lambda: search_ratios(RATIOS, X, y, keep=False),
        "20 ratios, memory": lambda: search_ratios(RATIOS, X, y, keep=True),
        "random order, 20 ratios, memory": lambda: search_ratios(
            RATIOS, X, y, keep=True, method=RandomOrder("member")
        ),
        "smaller from scratch, 20 sizes": lambda: search(
            FOREST, {"n_estimators": SIZES}, X, y
        ),
    }
    times, scores = {name: [] for name in tasks}, {}
    with threadpool_limits(1):
        for _ in range(options.runs):
            for name, task in tasks.items():
                fitted, seconds = task()
                times[name].append(seconds)
                scores[name] = fitted.cv_results_["mean_test_score"].tolist()
    one = np.array(times["1 ratio, memory"])
    rows = [
        {
            "what": name,
            "seconds": float(np.median(values)),
            "times 1 ratio with memory": float(np.median(np.array(values) / one)),
        }
        for name, values in times.items()
    ]
    same = scores["20 ratios, memory"] == scores["20 ratios, no memory"]
    show(rows)
    print("scores with and without memory are", "equal" if same else "NOT EQUAL")
    write({"seconds": rows, "equal scores": same}, options.json)


def show(rows):
    print("  ".join(f"{title:>32}" for title in rows[0]))
    for row in rows:
        cells = [f"{v:.2f}" if isinstance(v, float) else str(v) for v in row.values()]
        print("  ".join(f"{cell:>32}" for cell in cells))


if __name__ == "__main__":
    main()
