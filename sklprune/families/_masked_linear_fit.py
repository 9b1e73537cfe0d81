"""Linear models fitted anew on the columns that their outputs keep.

A support says which weights stay, (n_columns, n_outputs). Scikit-learn has no solver
for supports; it has one for columns, and that is what is asked wherever it can be.
"""

import numpy as np
from sklearn.base import clone
from sklearn.utils import get_tags

from sklprune._estimators import seeded
from sklprune._frames import as_matrix


def fit_together(family, estimator, support, task, alpha):
    """Fit a clone on the columns that all outputs keep.

    Parameters
    ----------
    family, estimator : Family, estimator
    support : ndarray of shape (n_columns, n_outputs), bool
        Of equal columns.
    task : Task
    alpha : float or None

    Returns
    -------
    coef : ndarray of shape (n_columns, n_outputs)
    intercept : ndarray of shape (n_outputs,)
    """
    columns = np.flatnonzero(support[:, 0])
    model = _prepared(estimator, alpha, task.random_state)
    X = as_matrix(task.X)[:, columns]
    family.fit(model, X, task.y, task.sample_weight)
    coef = np.zeros(support.shape)
    coef[columns] = np.atleast_2d(model.coef_).T
    return coef, np.broadcast_to(model.intercept_, support.shape[1])


def fit_apart(family, estimator, support, task, alpha):
    """Fit each output by itself, on its own columns: see `fit_together`.

    A class is fitted against the rest. The weights of classes become weights of rows.
    An output without columns keeps what `estimator` says of it.
    """
    weight = family.row_weights(estimator, task)
    coef, intercept = np.zeros(support.shape), np.array(estimator.intercept_, float)
    intercept = np.array(np.broadcast_to(intercept, support.shape[1]))
    for output in np.flatnonzero(support.any(axis=0)):
        single = clone(estimator)
        if weight is not None and getattr(estimator, "class_weight", None) is not None:
            single.set_params(class_weight=None)
        if np.ndim(getattr(estimator, "alpha", 0.0)) == 1:
            single.set_params(alpha=estimator.alpha[output])
        columns = np.flatnonzero(support[:, output])
        single = _prepared(single, alpha, task.random_state)
        X = as_matrix(task.X)[:, columns]
        family.fit(single, X, _target(estimator, task.y, output), weight)
        coef[columns, output] = np.ravel(single.coef_)
        intercept[output] = np.ravel(single.intercept_)[0]
    return coef, intercept


def _target(estimator, y, output):
    """What one output ought to say."""
    y = np.asarray(y)
    if y.ndim == 1:
        return y == estimator.classes_[output]
    # some models take several outputs only
    single = get_tags(estimator).target_tags.single_output
    return y[:, output] if single else y[:, [output]]


def _prepared(estimator, alpha, random_state):
    """An unfitted clone."""
    model = seeded(clone(estimator), random_state)
    if alpha is None:
        return model
    if hasattr(model, "C"):
        return model.set_params(C=np.inf if alpha == 0 else 1 / alpha)
    if hasattr(model, "alpha"):
        return model.set_params(alpha=alpha)
    raise ValueError(
        f"MaskedRefit(alpha={alpha!r}): {type(model).__name__} has no penalty of one "
        "strength; leave alpha at None."
    )
