"""`sklprune compare`: size, latency, score and agreement of several model files."""

import argparse
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_regressor
from sklearn.metrics import check_scoring, r2_score
from sklearn.model_selection import train_test_split

from sklprune._command_line.messages import CommandError, notice
from sklprune._command_line.metrics import check_metric
from sklprune._command_line.model_files import load_model
from sklprune._command_line.tables import Rows, read_rows
from sklprune._cost import cost, file_bytes
from sklprune._evaluation.alternatives import FROM_SCRATCH
from sklprune._opening import open_model
from sklprune._plain import plain, strip
from sklprune._plan import suitable_methods
from sklprune._reporting.text import Row, aligned
from sklprune._typing import Array, Estimator, MatrixLike
from sklprune._units import Task

#: models trained from scratch that are shown, and the least factor between their sizes
N_SHOWN, SIZE_FACTOR = 3, 4


def compare_files(options: argparse.Namespace) -> list[dict[str, Any]]:
    """One row for each model file, and for small models trained from scratch.

    Parameters
    ----------
    options : Namespace
        The parsed options of the command.

    Returns
    -------
    list of dict
        `model`, `class`, `file_bytes`, `compressed_bytes`, `latency_one_row`, `score`,
        and `agreement` with the first model: the share of rows with the same label, and
        for regressors the R2 of their predictions against those of the first model.
        `score` and `agreement` are None if they are not defined. With `--baseline`,
        all of these are measured on the half of the rows that trained no small model.
    """
    check_metric(options.scoring)
    models = [
        load_model(path, trust_pickle=options.trust_pickle) for path in options.models
    ]
    all_rows = [read_rows(options.table, options.target, model) for model in models]
    training = None
    if options.baseline:
        if all_rows[0].y is None:
            raise CommandError("--baseline trains models and needs --target.")
        # the same rows for each model, since the seed is the same
        halves = [_halves(rows) for rows in all_rows]
        training, all_rows = halves[0][0], [test for _, test in halves]
    first = all_rows[0]
    labels = models[0].predict(first.X) if hasattr(models[0], "predict") else None
    found = [
        _row(path, model, rows, labels, options)
        for path, model, rows in zip(options.models, models, all_rows)
    ]
    if training is not None:
        small = _trained(models[0], training, first, options)
        found += [
            _row(f"{FROM_SCRATCH}: {each.name}", each.model, first, labels, options)
            for each in _shown(small, found)
        ]
    return found


def _halves(rows: Rows) -> tuple[Rows, Rows]:
    """Rows to train on, and as many others."""
    train, test, y_train, y_test = train_test_split(
        rows.X, rows.y, test_size=0.5, random_state=0
    )
    return Rows(train, y_train), Rows(test, y_test)


def _row(
    name: str,
    model: Estimator,
    rows: Rows,
    labels: Any,
    options: argparse.Namespace,
) -> dict[str, Any]:
    notice(f"measuring {name} ...")
    size = cost(model, rows.X)
    agreement = None
    if labels is not None:
        agreement = _agreement(model, rows.X, labels)
    return {
        "model": name,
        "class": type(plain(model)).__name__,
        "file_bytes": size.file_bytes,
        "compressed_bytes": size.compressed_bytes,
        "latency_one_row": size.latency_one_row,
        "score": _score(model, rows, options.scoring),
        "agreement": agreement,
    }


def _agreement(model: Estimator, X: MatrixLike, reference: Array) -> float:
    """How well the predictions of a model agree with those of another one."""
    predicted = model.predict(X)
    if is_regressor(model):
        return float(r2_score(reference, predicted))
    return float(np.mean(predicted == reference))


def _score(model: Estimator, rows: Rows, scoring: str | None) -> float | None:
    if rows.y is None:
        return None
    try:
        return float(check_scoring(model, scoring)(model, rows.X, rows.y))
    except (TypeError, ValueError) as error:
        raise CommandError(f"The score of {type(model).__name__}: {error}") from error


class _Small(NamedTuple):
    """A small model, its size and its score."""

    name: str
    model: Estimator
    file_bytes: int
    score: Any


def _trained(
    model: Estimator, training: Rows, test: Rows, options: argparse.Namespace
) -> list[_Small]:
    """Small models, trained on some rows and scored on others."""
    notice("training small models ...")
    method, found = suitable_methods(model)[0], []
    opened = open_model(model, Task(training.X, training.y, random_state=0), method)
    for name, small in opened.family.small_models(
        opened.model, opened.units, opened.task
    ):
        whole = strip(opened.close(small))
        score = _score(whole, test, options.scoring)
        found.append(_Small(name, whole, file_bytes(whole), score))
    return found


def _shown(small: list[_Small], given: list[dict[str, Any]]) -> list[_Small]:
    """A few models of different sizes, the smallest first.

    No model is at least as large as another one with the same score or a better one,
    given or trained. If a given one is better than each, the best one is shown.
    """
    kept: list[_Small] = []
    for each in sorted(small, key=lambda each: (each.file_bytes, -each.score)):
        if not kept or each.score > kept[-1].score:
            kept.append(each)
    unbeaten = [each for each in kept if not _beaten(each, given)] or kept[-1:]
    shown: list[_Small] = []
    for each in reversed(unbeaten):
        if not shown or each.file_bytes * SIZE_FACTOR <= shown[-1].file_bytes:
            shown.append(each)
    return shown[:N_SHOWN][::-1]


def _beaten(small: _Small, given: list[dict[str, Any]]) -> bool:
    """Whether a given model is at most as large, and its score at least as good."""
    return any(
        row["file_bytes"] <= small.file_bytes and row["score"] >= small.score
        for row in given
    )


def as_text(rows: list[dict[str, Any]]) -> str:
    """The rows of `compare_files` as they are printed.

    Models trained from scratch have a number. Their names follow below the table.
    """
    names, notes = [], []
    for row in rows:
        _, scratch, description = row["model"].partition(f"{FROM_SCRATCH}: ")
        if scratch:
            notes.append(description)
        names.append(f"from scratch {len(notes)}" if scratch else row["model"])
    head = ("model", "bytes", "compressed", "one row, us", "score", "agreement")
    table: list[Row] = [head]
    for name, row in zip(names, rows):
        seconds = row["latency_one_row"]
        table.append(
            (
                name,
                f"{row['file_bytes']:,.0f}",
                f"{row['compressed_bytes']:,.0f}",
                "" if np.isnan(seconds) else f"{seconds * 1e6:,.0f}",
                "" if row["score"] is None else f"{row['score']:.4f}",
                "" if row["agreement"] is None else f"{row['agreement']:.4f}",
            )
        )
    if not notes:
        return aligned(table)
    lines = [f"from scratch {i}: {note}" for i, note in enumerate(notes, 1)]
    return "\n".join([aligned(table), "", *lines])
