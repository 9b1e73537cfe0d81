"""Measures the models of `forests.py`, averages the results, and prints them.

Means of ratios are geometric: over folds, then over sizes and depths, then over tables.
The standard error of the loss on test rows is that of the folds.
"""

import itertools
import time

import numpy as np
from forest_contenders import n_leaves, n_nodes, trees_of

from sklprune import cost, strip

#: seconds of measuring for one latency
SECONDS = 0.6


def timed(function, *args):
    start = time.perf_counter()
    result = function(*args)
    return result, time.perf_counter() - start


class Measurement:
    """Measures models, and compares them with one forest on one fold.

    Parameters
    ----------
    fold : Fold
    forest : estimator
    fit_seconds : float
        Seconds of the fit of the forest.
    timed : bool
        Whether seconds and latencies are measured.
    """

    def __init__(self, fold, forest, fit_seconds, timed=True):
        self.fold, self.forest, self.timed = fold, forest, timed
        self.before = _prefixed("forest ", self._sizes(strip(forest)))
        self.fit_seconds = fit_seconds

    def record(self, model, seconds):
        """The sizes, scores and times of the forest and the model, as one record."""
        record = self.before | self._sizes(model)
        if self.timed:
            record |= self._times(model, seconds)
        loss = self.fold.loss(record["forest score"], record["score"])
        return record | {"loss on test": loss}

    def _times(self, model, seconds):
        X = self.fold.X[self.fold.test]
        one = [X[i : i + 1] for i in range(min(len(X), 100))]
        times = {"fit seconds": self.fit_seconds, "seconds": seconds}
        for name, inputs in (("one row", one), ("batch", [X[:1000]])):
            medians = seconds_in_turn([self.forest, model], inputs)
            times |= dict(zip((f"forest {name}", name), medians))
        return times

    def _sizes(self, model):
        fold = self.fold
        return {
            "leaves": n_leaves(model),
            "nodes": n_nodes(model),
            "trees": len(trees_of(model)),
            "bytes": cost(model).compressed_bytes,
            "score": fold.score(model, fold.test),
            "score on choosing rows": fold.score(model, fold.choose),
        } | fold.others_on_test(model)


def _prefixed(prefix, entries):
    return {prefix + name: value for name, value in entries.items()}


def seconds_in_turn(models, inputs):
    """Median seconds of a prediction of each model; the models alternate."""
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
    """Ratios and losses of one record; NaN for what was not measured."""

    def value(name):
        return record.get(name, np.nan)

    return {
        "leaves x": record["forest leaves"] / record["leaves"],
        "loss": record["loss on test"],
        "auc lost": value("forest roc auc") - value("roc auc"),
        "log loss": value("log loss") / value("forest log loss"),
        "nodes": record["nodes"],
        "trees": record["trees"],
        "bytes": record["bytes"],
        "file x": record["forest bytes"] / record["bytes"],
        "one row x": value("forest one row") / value("one row"),
        "batch x": value("forest batch") / value("batch"),
        "ms": 1e3 * value("one row"),
        "seconds": value("seconds"),
        "s / fit": value("seconds") / value("fit seconds"),
    }


def mean_of(rows):
    """Means of numbers, geometric means of ratios."""
    mean = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    for key in RATIOS:
        mean[key] = float(np.exp(np.mean([np.log(row[key]) for row in rows])))
    return mean


def of_one_table(records):
    """Means over folds, then over settings, with the standard error over folds."""
    by_setting = _grouped(records, "size", "depth")
    rows = [mean_of([figures_of(record) for record in of]) for of in by_setting]
    by_fold = _grouped(records, "fold")
    losses = [np.mean([record["loss on test"] for record in of]) for of in by_fold]
    error = np.std(losses, ddof=1) / np.sqrt(len(losses)) if len(losses) > 1 else np.nan
    return mean_of(rows) | {"error": float(error)}


def of_all_tables(rows):
    """Means over tables; the errors of the tables are independent."""
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


def show(title, by_contender):
    """Print one line for each contender."""
    widths = {key: int(form.split(".")[0]) for key, form in COLUMNS.items()}
    print(f"\n{title}")
    print(" " * WIDTH + " ".join(f"{key:>{widths[key]}}" for key in COLUMNS))
    for contender, row in by_contender.items():
        cells = [
            "-".rjust(widths[key]) if np.isnan(row[key]) else f"{row[key]:{form}}"
            for key, form in COLUMNS.items()
        ]
        print(f"{contender:{WIDTH}}" + " ".join(cells), flush=True)


def show_tables(title, by_table, key, form):
    """Print one line for each contender and one column for each table."""
    print(f"\n{title}")
    names = [name[:12] for name in by_table]
    print(" " * WIDTH + " ".join(f"{name:>12}" for name in names))
    for name in dict.fromkeys(name for rows in by_table.values() for name in rows):
        cells = [rows.get(name, {}).get(key, np.nan) for rows in by_table.values()]
        print(f"{name:{WIDTH}}" + " ".join(f"{cell:{form}}" for cell in cells))


def show_limits(by_table, together, on_average, on_one):
    """Print which losses on test rows exceed the limits."""
    print(
        f"\nloss on test rows; limits: {on_average} on average, {on_one} on each table "
        "by more than two standard errors"
    )
    for contender, mean in together.items():
        of = {
            table: rows[contender]
            for table, rows in by_table.items()
            if contender in rows
        }
        worst = max(of, key=lambda name: of[name]["loss"])
        beyond = [name for name, row in of.items() if exceeds(row, on_one)]
        verdict = "within" if mean["loss"] <= on_average else "BEYOND"
        print(
            f"{contender:{WIDTH}}{verdict} {mean['loss']:7.4f} ± {mean['error']:.4f}   "
            f"worst {worst} {of[worst]['loss']:.4f} ± {of[worst]['error']:.4f}   "
            f"beyond: {', '.join(beyond) or 'none'}"
        )
    if any(np.isnan(mean["error"]) for mean in together.values()):
        print("(one fold has no standard error: beyond is what exceeds the limit)")


def exceeds(row, limit):
    return row["loss"] - 2 * np.nan_to_num(row["error"]) > limit
