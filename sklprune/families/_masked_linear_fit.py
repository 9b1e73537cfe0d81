"""Fits linear models on given supports, with scikit-learn's own solvers.

A support is a mask of the weights that may differ from zero. Scikit-learn's solvers
take columns, but no supports. Outputs with equal supports are therefore fitted together
on their columns, and other outputs one by one.
"""

import numpy as np
from sklearn.base import clone
from sklearn.utils import get_tags

from sklprune._estimators import seeded
from sklprune._frames import as_matrix
from sklprune._progress import tracked
from sklprune._typing import Array, ArrayLike, Estimator
from sklprune._units import Task
from sklprune.families._base import Family


def fit_together(
    family: Family,
    estimator: Estimator,
    support: Array,
    task: Task,
    alpha: float | None,
) -> tuple[Array, Array]:
    """Fit a clone on the columns of a support that all outputs share.

    Parameters
    ----------
    family : Family
        The family of the estimator.
    estimator : estimator
    support : ndarray of shape (n_features, n_outputs), bool
        All its columns are equal.
    task : Task
    alpha : float or None
        Strength of the penalty; None for that of the estimator.

    Returns
    -------
    coef : ndarray of shape (n_features, n_outputs)
    intercept : ndarray of shape (n_outputs,)
    """
    columns = np.flatnonzero(support[:, 0])
    model = _unfitted(estimator, alpha, task.random_state)
    X = as_matrix(task.X)[:, columns]
    family.fit(model, X, task.y, task.sample_weight)
    coef = np.zeros(support.shape)
    coef[columns] = np.atleast_2d(model.coef_).T
    return coef, np.broadcast_to(model.intercept_, support.shape[1])


def fit_apart(
    family: Family,
    estimator: Estimator,
    support: Array,
    task: Task,
    alpha: float | None,
) -> tuple[Array, Array]:
    """Fit each output on the columns of its own support.

    Parameters and results are those of `fit_together`, for any support. Each class is
    fitted against the others, with class weights as weights of the rows. An output
    without columns keeps the intercept of `estimator`.
    """
    weight = family.row_weights(estimator, task)
    coef, intercept = np.zeros(support.shape), np.array(estimator.intercept_, float)
    intercept = np.array(np.broadcast_to(intercept, support.shape[1]))
    outputs = np.flatnonzero(support.any(axis=0)).tolist()
    for output in tracked(outputs, "outputs"):
        single = clone(estimator)
        if weight is not None and getattr(estimator, "class_weight", None) is not None:
            single.set_params(class_weight=None)
        if np.ndim(getattr(estimator, "alpha", 0.0)) == 1:
            single.set_params(alpha=estimator.alpha[output])
        columns = np.flatnonzero(support[:, output])
        single = _unfitted(single, alpha, task.random_state)
        X = as_matrix(task.X)[:, columns]
        family.fit(single, X, _targets_of(estimator, task.y, output), weight)
        coef[columns, output] = np.ravel(single.coef_)
        intercept[output] = np.ravel(single.intercept_)[0]
    return coef, intercept


def _targets_of(estimator: Estimator, y: ArrayLike, output: int) -> Array:
    """The targets of one output: membership of a class, or a column of y."""
    y = np.asarray(y)
    if y.ndim == 1:
        return y == estimator.classes_[output]
    # MultiTask* models accept y with two dimensions only
    single = get_tags(estimator).target_tags.single_output
    return y[:, output] if single else y[:, [output]]


def _unfitted(
    estimator: Estimator, alpha: float | None, random_state: int | None
) -> Estimator:
    """A seeded clone with penalty `alpha`; None keeps the penalty."""
    model = seeded(clone(estimator), random_state)
    if alpha is None:
        return model
    if hasattr(model, "C"):
        return model.set_params(C=np.inf if alpha == 0 else 1 / alpha)
    if hasattr(model, "alpha"):
        return model.set_params(alpha=alpha)
    raise ValueError(
        f"MaskedRefit(alpha={alpha!r}): {type(model).__name__} has no penalty of one "
        "strength; alpha must be None."
    )
