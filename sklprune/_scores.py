"""Functions that score a model on the rows of a task."""

from typing import Any

import numpy as np

from sklprune._metadata import requested, routing_enabled
from sklprune._sklearn_private import scorer_takes_weights
from sklprune._typing import Estimator
from sklprune._units import Task


def raw_score(model: Estimator, task: Task) -> float:
    """Score a model on all rows of a task; weighted if the scorer takes weights."""
    metadata = score_metadata(model, task)
    try:
        return float(task.scorer(model, task.X, task.y, **metadata))
    except ValueError as error:
        _check_predictions(model, task, error)
        raise


def _check_predictions(model: Estimator, task: Task, error: ValueError) -> None:
    """Raise an error that names the model if its predictions cannot be scored."""
    predicted = np.asarray(model.predict(task.X)) if hasattr(model, "predict") else None
    if predicted is None or predicted.dtype.kind != "f":
        return
    n_bad = int((~np.isfinite(predicted)).sum())
    if n_bad:
        raise ValueError(
            f"{type(model).__name__} predicts {n_bad} values that are not finite on "
            f"{task.n_samples} rows, which cannot be scored. Does every step, such as "
            "the inverse of a transformed target, give finite values?"
        ) from error


def score_metadata(model: Estimator, task: Task) -> dict[str, Any]:
    """The weights and groups of a task that its scorer takes, as keywords."""
    weights, groups = task.sample_weight, task.groups
    if routing_enabled():
        return requested(task.scorer, "score", sample_weight=weights, groups=groups)
    if weights is None or not scorer_takes_weights(task.scorer, model):
        return {}
    return {"sample_weight": weights}


def score(model: Estimator, task: Task) -> float:
    """Score a model on all rows of a task; a score that is not finite is an error."""
    value = raw_score(model, task)
    check_score(model, value)
    return value


def check_score(model: Estimator, value: float) -> None:
    """Raise an error for the score of a model that is not a finite number."""
    if not np.isfinite(value):
        raise ValueError(
            f"The score of {type(model).__name__} is {value}; it must be a finite "
            "number. Does every held-out part have what scoring needs, for "
            "example all classes?"
        )
