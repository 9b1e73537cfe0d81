"""Whether a fitted model predicts rows like a model predicts the rows of its own fit.

Where the rows of a fit cannot be recognised, the predictions may show that they were
used. Two clones are fitted, each on one half of the rows. The loss of each row is
compared under three models: the given one, the clone that was fitted on the row, and
the other clone. An overfitted model has losses like the clone that was fitted on them.
"""

import warnings
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.utils import check_random_state

from sklprune._evaluation.splits import hold_out
from sklprune._memory import remembered
from sklprune._opening import fitted

#: at most this many rows are used
MAX_ROWS = 10_000
#: fewer rows do not show a difference
MIN_ROWS = 30
#: lower bound of a probability: one row must not determine the mean loss
MIN_PROBABILITY = 1e-3
#: standard errors by which the loss must be below that of clones fitted on other rows
MIN_GAP = 4.0
#: on the logarithmic scale from clones fitted on a row (0) to others (1), the loss must
#: be below this. Models of equal rows have about 0.25 on those of their fit, and models
#: of ever more rows approach 0.5 on new ones, where the optimism is small.
MAX_POSITION = 0.35
#: the loss of clones on their own rows, relative to others, must be below this: only
#: overfitted models choose a wrong size on rows of their fit
MAX_OWN_SHARE = 0.5
#: standard errors that are added to the loss before
N_ERRORS = 2.0


class MeanLosses(NamedTuple):
    """Mean losses on the same rows: log loss, squared error, or share of errors.

    Parameters
    ----------
    model : float
        The given model.
    fitted_on_them, fitted_on_others : float
        Clones fitted on half of the rows: on their own half, and on the other one.
    """

    model: float
    fitted_on_them: float
    fitted_on_others: float


def implausible_losses(plan, task):
    """Losses which show that a model was fitted on rows; None if they do not.

    Parameters
    ----------
    plan : Plan
        Of a fitted model.
    task : Task

    Returns
    -------
    MeanLosses or None
        None too if the model is no supervised one, or no clone can be fitted.
    """
    if task.y is None or np.ndim(task.y) > 1 or task.n_samples < MIN_ROWS:
        return None
    if not (is_classifier(plan.estimator) or is_regressor(plan.estimator)):
        return None
    if task.n_samples > MAX_ROWS:
        rng = check_random_state(task.random_state)
        chosen = rng.choice(task.n_samples, MAX_ROWS, replace=False)
        task = task.take(np.sort(chosen))
    key = ("plausibility", plan.estimator, *task.rows, task.random_state)
    try:
        losses = remembered(plan.memory, key, _losses, plan, task)
    except Exception:
        # some models cannot be fitted on half of the rows: then nothing is known
        return None
    return _implausible(*losses)


def _implausible(model, own, other):
    """The mean losses if they are implausible, else None; each loss: (n_rows,)."""
    n_rows = len(model)
    gap = other - model
    if gap.mean() <= MIN_GAP * gap.std() / np.sqrt(n_rows):
        return None
    # the mean loss of one more row, so that a model without any loss has a logarithm
    least = other.mean() / n_rows
    if own.mean() >= MAX_OWN_SHARE * other.mean():
        return None
    low, high = np.log(own.mean() + least), np.log(other.mean() + least)
    error = N_ERRORS * model.std() / np.sqrt(n_rows)
    if np.log(model.mean() + least + error) >= low + MAX_POSITION * (high - low):
        return None
    return MeanLosses(*(float(each.mean()) for each in (model, own, other)))


def _losses(plan, task):
    """The loss of each row: of the model, its own clone, and the other clone."""
    half, other = hold_out(plan.estimator, task, 0.5)
    own, crossed = np.empty(task.n_samples), np.empty(task.n_samples)
    unfitted = replace(plan, frozen=False)
    with warnings.catch_warnings():
        # warnings of these fits are about clones that nobody receives
        warnings.simplefilter("ignore")
        for rows, rest in ((half, other), (other, half)):
            clone = fitted(unfitted, task.take(rows))
            losses = _loss(clone, task)
            own[rows], crossed[rest] = losses[rows], losses[rest]
        return _loss(plan.estimator, task), own, crossed


def _loss(model, task):
    """The loss of each row, times its weight relative to the mean: (n_rows,)."""
    y = np.asarray(task.y)
    if not is_classifier(model):
        losses = np.square(np.asarray(model.predict(task.X), dtype=float).ravel() - y)
    elif hasattr(model, "predict_proba"):
        column = np.searchsorted(model.classes_, y)
        probability = np.asarray(model.predict_proba(task.X))
        of_label = probability[np.arange(len(y)), column]
        losses = -np.log(np.clip(of_label, MIN_PROBABILITY, 1.0))
    else:
        losses = (np.ravel(model.predict(task.X)) != y).astype(float)
    weight = task.sample_weight
    return losses if weight is None else losses * weight / weight.mean()
