"""Does a network that is pruned while data arrive remain as accurate?

    python benchmarks/online.py [--data FOLDER] [--runs 5] [--json FILE]

**A stream.** electricity in the order of time, in batches of one day (48 rows). Each
batch is predicted first and then trained on; the progressive accuracy is that of all
these predictions. The unpruned network has 100 hidden units. The schedule removes 70 %
of them within the first 120 days. "Units return" adds 30 % of the removed units after
each drift, and removes them again. "Narrow from the start" has 30 units.

**Another task.** letter: a network of 100 hidden units learns the letters A to M. Half
of its units are removed. It then learns the letters N to Z from 500 rows, and the other
rows of these letters test it. The networks from scratch learn the same 500 rows. Their
widths are those of the pruned network, and narrower and wider ones.

Each run is another seed. Numbers are means over the runs, with the standard error of
the difference to the first row.
"""

import warnings

import numpy as np
from command_line import parser_of, write
from datasets import load
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklprune import PrunedEstimator, Schedule, prune, transfer

BATCH, WIDTH, RATIO = 48, 100, 0.7
SCHEDULE = {"begin": 20, "n_batches": 100}
#: rows of the other task, and widths of the networks that learn it from scratch
FEW, WIDTHS = 500, (20, 50, 100)


def stream_contenders(seed):
    """Models for the stream, by the name of the row."""

    def network(width, ratio, schedule=None):
        # scikit-learn takes one step for each 8 rows
        model = MLPClassifier(
            (width,), batch_size=8, learning_rate_init=0.003, random_state=seed
        )
        return PrunedEstimator(
            model, pruning_ratio=ratio, schedule=schedule, random_state=seed
        )

    return {
        "unpruned": network(WIDTH, 0.0),
        "70 % removed": network(WIDTH, RATIO, Schedule(**SCHEDULE)),
        "70 % removed, units return": network(
            WIDTH, RATIO, Schedule(**SCHEDULE, regrow=0.3)
        ),
        "narrow from the start": network(round((1 - RATIO) * WIDTH), 0.0),
    }


def follow(pruned, X, y):
    """Numbers of one model on the stream."""
    for start in range(0, len(X), BATCH):
        batch = slice(start, start + BATCH)
        pruned.partial_fit(X[batch], y[batch], classes=np.unique(y))
    history = {name: np.array(values) for name, values in pruned.history_.items()}
    rows, loss = history["rows"][1:], history["loss"][1:]
    added = np.flatnonzero(np.diff(history["units"]) > 0) + 1
    return {
        "accuracy": 1 - float(rows @ loss / rows.sum()),
        "units": float(history["units"][-1]),
        "mean units": float(history["units"].mean()),
        "additions": float(len(added)),
        "first addition, day": float(added[0]) if len(added) else np.nan,
    }


def stream(folder, runs):
    X, y = load("electricity", folder)
    X[:, 1] /= 7  # the day of the week; the other columns are from 0 to 1
    results = {}
    for seed in range(runs):
        for name, pruned in stream_contenders(seed).items():
            results.setdefault(name, []).append(follow(pruned, X, y))
    return rows_of(results)


def other_task(folder, runs):
    X, y = load("letter", folder)
    first = y < 13
    results = {}
    for seed in range(runs):
        rng = np.random.RandomState(seed)
        rows, labels = X[~first], y[~first]
        order = rng.permutation(len(labels))
        few, test = order[:FEW], order[FEW:]
        source = network(WIDTH, seed).fit(X[first], y[first])
        pruned = prune(source, X[first], y[first], pruning_ratio=0.5, random_state=seed)
        models = {
            "transfer of the pruned network": transfer(
                pruned, rows[few], labels[few], random_state=seed
            )
        } | {
            f"{width} units from scratch": network(width, seed).fit(
                rows[few], labels[few]
            )
            for width in WIDTHS
        }
        for name, model in models.items():
            accuracy = float(model.score(rows[test], labels[test]))
            (units,) = model[-1].hidden_layer_sizes
            results.setdefault(name, []).append({"accuracy": accuracy, "units": units})
    return rows_of(results)


def network(width, seed):
    model = MLPClassifier((width,), max_iter=2000, random_state=seed)
    return make_pipeline(StandardScaler(), model)


def rows_of(results):
    """One row for each contender: means over the runs."""
    (_, base), *_ = results.items()
    base = np.array([run["accuracy"] for run in base])
    rows = []
    for name, runs in results.items():
        change = np.array([run["accuracy"] for run in runs]) - base
        error = change.std(ddof=1) / np.sqrt(len(runs)) if len(runs) > 1 else np.nan
        with warnings.catch_warnings():
            # without additions, there is no first one
            warnings.simplefilter("ignore", RuntimeWarning)
            means = {
                key: float(np.nanmean([run[key] for run in runs])) for key in runs[0]
            }
        accuracy = means.pop("accuracy")
        row = {
            "contender": name,
            "accuracy": round(accuracy, 4),
            "change": round(float(change.mean()), 4),
            "+-": round(float(error), 4),
        }
        rest = {k: round(v, 1) if np.isfinite(v) else None for k, v in means.items()}
        rows.append(row | rest)
    return rows


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    with threadpool_limits(1):
        results = {
            "electricity": stream(options.data, options.runs),
            "letter": other_task(options.data, options.runs),
        }
    for rows in results.values():
        print("  ".join(f"{title:>28}" for title in rows[0]))
        for row in rows:
            print("  ".join(f"{value!s:>28}" for value in row.values()))
        print()
    write(results, options.json)


if __name__ == "__main__":
    main()
