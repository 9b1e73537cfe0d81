"""What a small forest is measured by, means of it, and tables that print it.

Ratios are averaged as logarithms, over folds, then over sizes and depths, then over
tables. The standard error of what is lost on test rows comes from the folds.
"""

import itertools
import time

import numpy as np
from forest_ways import n_leaves, n_nodes, trees_of

from sklprune import cost, strip

#: seconds that are spent on one latency
SECONDS = 0.6


def timed(function, *args):
    start = time.perf_counter()
    result = function(*args)
    return result, time.perf_counter() - start


class Scale:
    """Weighs models against one forest on one fold."""

    def __init__(self, fold, forest, fit_seconds):
        self.fold, self.forest = fold, forest
        self.before = _prefixed("forest ", self._sizes(strip(forest)))
        self.before["fit seconds"] = fit_seconds

    def weigh(self, model, seconds):
        """A record: what is counted, scored and timed of the forest and the model."""
        fold, X = self.fold, self.fold.X[self.fold.test]
        one = [X[i : i + 1] for i in range(min(len(X), 100))]
        record = self.before | self._sizes(model) | {"seconds": seconds}
        for name, inputs in (("one row", one), ("batch", [X[:1000]])):
            timings = seconds_in_turn([self.forest, model], inputs)
            record |= dict(zip((f"forest {name}", name), timings))
        loss = fold.loss(record["forest score"], record["score"])
        return record | {"loss on test": loss}

    def _sizes(self, model):
        fold = self.fold
        return {
            "leaves": n_leaves(model),
            "nodes": n_nodes(model),
            "trees": len(trees_of(model)),
            "bytes": cost(model).compressed_bytes,
            "score": fold.score(model, fold.test),
            "score where chosen": fold.score(model, fold.choose),
        } | fold.others_on_test(model)


def _prefixed(prefix, entries):
    return {prefix + name: value for name, value in entries.items()}


def seconds_in_turn(models, inputs):
    """Median seconds of a prediction of each model, which take turns."""
    calls = [getattr(model, "predict_proba", model.predict) for model in models]
    times, begin = [[] for _ in calls], time.perf_counter()
    for call in calls:
        call(inputs[0])
    for rows in itertools.cycle(inputs):
        for call, seconds in zip(calls, times):
            seconds.append(timed(call, rows)[1])
        if time.perf_counter() - begin > SECONDS and len(times[0]) > 2:
            return [float(np.median(seconds)) for seconds in times]


# -- means ----------------------------------------------------------------------------

RATIOS = ("leaves x", "file x", "one row x", "batch x", "s / fit")


def figures_of(record):
    """Ratios and losses of one record; NaN where there is no such thing."""
    known = record.get
    roc_auc, log_loss = known("roc auc", np.nan), known("log loss", np.nan)
    return {
        "leaves x": record["forest leaves"] / record["leaves"],
        "loss": record["loss on test"],
        "auc lost": known("forest roc auc", np.nan) - roc_auc,
        "log loss": log_loss / known("forest log loss", np.nan),
        "nodes": record["nodes"],
        "trees": record["trees"],
        "bytes": record["bytes"],
        "file x": record["forest bytes"] / record["bytes"],
        "one row x": record["forest one row"] / record["one row"],
        "batch x": record["forest batch"] / record["batch"],
        "ms": 1e3 * record["one row"],
        "seconds": record["seconds"],
        "s / fit": record["seconds"] / record["fit seconds"],
    }


def mean_of(rows):
    """Means of numbers, geometric means of ratios."""
    mean = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    for key in RATIOS:
        mean[key] = float(np.exp(np.mean([np.log(row[key]) for row in rows])))
    return mean


def of_one_table(records):
    """Means over folds, then over settings; the standard error is that of folds."""
    by_setting = _grouped(records, "trees asked", "depth")
    rows = [mean_of([figures_of(record) for record in of]) for of in by_setting]
    by_fold = _grouped(records, "fold")
    losses = [np.mean([record["loss on test"] for record in of]) for of in by_fold]
    error = np.std(losses, ddof=1) / np.sqrt(len(losses)) if len(losses) > 1 else np.nan
    return mean_of(rows) | {"error": float(error)}


def of_all_tables(rows):
    """Means over tables, whose errors are independent of each other."""
    error = np.sqrt(np.sum([row["error"] ** 2 for row in rows])) / len(rows)
    return mean_of(rows) | {"error": float(error)}


def _grouped(records, *names):
    groups = {}
    for record in records:
        groups.setdefault(tuple(record[name] for name in names), []).append(record)
    return groups.values()


# -- printing -------------------------------------------------------------------------

COLUMNS = {
    "leaves x": "8.1f",
    "loss": "8.4f",
    "error": "7.4f",
    "auc lost": "9.4f",
    "log loss": "9.3f",
    "nodes": "8.0f",
    "trees": "6.1f",
    "bytes": "9.0f",
    "file x": "7.1f",
    "ms": "7.2f",
    "one row x": "10.1f",
    "batch x": "8.1f",
    "seconds": "8.1f",
    "s / fit": "8.1f",
}
WIDTH = 40


def show(title, by_way):
    """One line a way."""
    widths = {key: int(form.split(".")[0]) for key, form in COLUMNS.items()}
    print(f"\n{title}")
    print(" " * WIDTH + " ".join(f"{key:>{widths[key]}}" for key in COLUMNS))
    for way, row in by_way.items():
        cells = [
            "-".rjust(widths[key]) if np.isnan(row[key]) else f"{row[key]:{form}}"
            for key, form in COLUMNS.items()
        ]
        print(f"{way:{WIDTH}}" + " ".join(cells), flush=True)


def show_tables(title, by_table, key, form):
    """One line a way, one column a table."""
    print(f"\n{title}")
    names = [name[:12] for name in by_table]
    print(" " * WIDTH + " ".join(f"{name:>12}" for name in names))
    ways = dict.fromkeys(way for rows in by_table.values() for way in rows)
    for way in ways:
        cells = [rows.get(way, {}).get(key, np.nan) for rows in by_table.values()]
        print(f"{way:{WIDTH}}" + " ".join(f"{cell:{form}}" for cell in cells))


def show_limits(by_table, together, on_average, on_one):
    """Where more is lost on test rows than the limits allow."""
    print(
        f"\nloss on test rows; limits: {on_average} on average, {on_one} on each table "
        "by more than two standard errors"
    )
    for way, mean in together.items():
        of = {name: rows[way] for name, rows in by_table.items() if way in rows}
        worst = max(of, key=lambda name: of[name]["loss"])
        beyond = [name for name, row in of.items() if exceeds(row, on_one)]
        said = "within" if mean["loss"] <= on_average else "BEYOND"
        print(
            f"{way:{WIDTH}}{said} {mean['loss']:7.4f} ± {mean['error']:.4f}   worst "
            f"{worst} {of[worst]['loss']:.4f} ± {of[worst]['error']:.4f}   beyond: "
            f"{', '.join(beyond) or 'none'}"
        )
    if any(np.isnan(mean["error"]) for mean in together.values()):
        print("(one fold has no standard error: beyond is what exceeds the limit)")


def exceeds(row, limit):
    return row["loss"] - 2 * np.nan_to_num(row["error"]) > limit
