"""Chooses the strength of the penalty of a linear model on held-out rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

from sklprune._networks.problem import LOSSES, Problem
from sklprune._parameters import is_real
from sklprune._progress import tracked
from sklprune._typing import Array, Estimator
from sklprune._units import Task

#: candidates, as multiples of the strength of the model
FACTORS = (100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003)
#: fraction of the rows that are held out
HELD_OUT = 0.25


def own_strength(estimator: Estimator) -> float | None:
    """The parameter `alpha` or 1 / `C` of a model; None if it has no such penalty."""
    params = estimator.get_params(deep=False)
    if params.get("penalty", "") is None:
        return None
    value = params.get("alpha", params.get("C"))
    if not (is_real(value) and value > 0):
        return None
    return float(value) if "alpha" in params else 1 / float(value)


def chosen_strength(
    estimator: Estimator,
    task: Task,
    fitted: Callable[[Task, float], Any],
    problem_of: Callable[[Task], Problem],
) -> float | None:
    """The strength with the lowest loss on a quarter of the rows.

    Of strengths within one standard error of the best one, the one that is nearest to
    that of the model is chosen.

    Parameters
    ----------
    estimator : estimator
    task : Task
    fitted : callable
        `fitted(task, alpha)`: the layer of a fit on rows, with a penalty of strength
        alpha.
    problem_of : callable
        `problem_of(task)`: rows and targets, for the loss.

    Returns
    -------
    float or None
        None keeps the penalty: there is none of one strength, or rows are too few.
    """
    own = own_strength(estimator)
    order = check_random_state(task.random_state).permutation(task.n_samples)
    n_held_out = int(HELD_OUT * len(order))
    if own is None or n_held_out < 2 or task.y is None:
        return None
    held_out, rest = (
        task.take(np.sort(rows)) for rows in np.split(order, [n_held_out])
    )
    y = np.asarray(rest.y)
    has_classes = is_classifier(estimator) and y.ndim == 1
    if has_classes and len(np.unique(y)) < len(estimator.classes_):
        return None
    problem, losses = problem_of(held_out), []
    for factor in tracked(FACTORS, "strengths of the penalty"):
        layer = fitted(rest, own * factor)
        losses.append(_losses_of_rows(problem, layer))
    return own * FACTORS[_nearest_equal(np.array(losses))]


def _losses_of_rows(problem: Problem, layer: Any) -> Array:
    outputs = problem.forward([layer])[-1]
    return np.asarray(problem.weight * LOSSES[problem.last](outputs, problem.targets))


def _nearest_equal(losses: Array) -> int:
    """The candidate nearest to the model among those about as good as the best.

    `losses` has the shape (n_strengths, n_rows).
    """
    differences = (
        losses - losses[np.nan_to_num(losses.mean(axis=1), nan=np.inf).argmin()]
    )
    error = differences.std(axis=1, ddof=1) / np.sqrt(losses.shape[1])
    equal = np.flatnonzero(differences.mean(axis=1) <= error)
    return int(equal[np.abs(np.log(np.array(FACTORS)[equal])).argmin()])
