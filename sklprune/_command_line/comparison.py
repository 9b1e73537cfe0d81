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
from sklprune._report_text import Row, aligned
from sklprune._typing import Array, Estimator, MatrixLike
from sklprune._units import Task


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
        `score` and `agreement` are None if they are not defined.
    """
    check_metric(options.scoring)
    models = [
        load_model(path, trust_pickle=options.trust_pickle) for path in options.models
    ]
    all_rows = [read_rows(options.table, options.target, model) for model in models]
    first = all_rows[0]
    labels = models[0].predict(first.X) if hasattr(models[0], "predict") else None
    found = [
        _row(path, model, rows, labels, options)
        for path, model, rows in zip(options.models, models, all_rows)
    ]
    if options.baseline:
        found += _from_scratch(models[0], first, options)
    return found


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


def _from_scratch(
    model: Estimator, rows: Rows, options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Small models, trained on half of the rows and scored on the other half.

    Only those are shown that no other one beats in both size and score.
    """
    if rows.y is None:
        raise CommandError("--baseline trains models and needs --target.")
    notice("training small models ...")
    train, test, y_train, y_test = train_test_split(rows.X, rows.y, random_state=0)
    method = suitable_methods(model)[0]
    opened = open_model(model, Task(train, y_train, random_state=0), method)
    held_out, found = Rows(test, y_test), []
    for name, small in opened.family.small_models(
        opened.model, opened.units, opened.task
    ):
        whole = strip(opened.close(small))
        score = _score(whole, held_out, options.scoring)
        found.append(_Small(name, whole, file_bytes(whole), score))
    return [
        _row(f"{FROM_SCRATCH}: {each.name}", each.model, held_out, None, options)
        for each in _not_beaten(found)
    ]


class _Small(NamedTuple):
    """A small model, its size and its score."""

    name: str
    model: Estimator
    file_bytes: int
    score: Any


def _not_beaten(found: list[_Small]) -> list[_Small]:
    """The models that no smaller one exceeds in score, the smallest first."""
    kept: list[_Small] = []
    for each in sorted(found, key=lambda each: (each.file_bytes, -each.score)):
        if not kept or each.score > kept[-1].score:
            kept.append(each)
    return kept


def as_text(rows: list[dict[str, Any]]) -> str:
    """The rows of `compare_files` as they are printed."""
    head = ("model", "bytes", "compressed", "one row, us", "score", "agreement")
    table: list[Row] = [head]
    for row in rows:
        seconds = row["latency_one_row"]
        table.append(
            (
                row["model"],
                f"{row['file_bytes']:,.0f}",
                f"{row['compressed_bytes']:,.0f}",
                "" if np.isnan(seconds) else f"{seconds * 1e6:,.0f}",
                "" if row["score"] is None else f"{row['score']:.4f}",
                "" if row["agreement"] is None else f"{row['agreement']:.4f}",
            )
        )
    return aligned(table)
