"""Elimination of hidden units by least squares, one after the other.

In each step the outgoing weights of the remaining units are solved, so that they
reproduce the input of the next layer.
"""

import numpy as np
from scipy import linalg

from sklprune._progress import tracked
from sklprune._typing import Array, ArrayLike

#: eigenvalues of a correlation matrix below this fraction of the largest are zero
NULL_SPACE = 1e-11
#: errors that differ by less, as a fraction, are equal
ROUNDING = 1e-9


def covariance(activations: Array, sample_weight: ArrayLike | None = None) -> Array:
    """Covariance of the columns, (n_units, n_units).

    The columns are centred because the intercept of the next layer replaces means.
    """
    activations = activations.astype(float)
    weight = np.ones(len(activations)) if sample_weight is None else sample_weight
    weight = weight / weight.sum()
    centred = activations - weight @ activations
    return centred.T @ (centred * weight[:, None])


def relative_errors(gram: Array, outgoing: Array, alpha: float) -> Array:
    """For each unit, the relative error of the next layer after its elimination.

    Parameters
    ----------
    gram : ndarray of shape (n_units, n_units)
        Covariance of the activations.
    outgoing : ndarray of shape (n_units, n_outputs)
        Weights from the units to the next layer.
    alpha : float
        L2 penalty.

    Returns
    -------
    ndarray of shape (n_units,)
        It increases in the order of elimination. Among equal units, the last one is
        eliminated first.
    """
    deviation = np.sqrt(np.diag(gram))
    varies = deviation > 1e-6 * deviation.max()
    scale = np.where(varies, deviation, 1.0)
    # the intercept replaces a constant unit without error
    gram = np.where(np.outer(varies, varies), gram / np.outer(scale, scale), 0.0)
    outgoing = _without_null_space(gram, outgoing * (scale * varies)[:, None])
    variance = np.sum(outgoing * (gram @ outgoing))
    order, errors = eliminate(gram + alpha * np.eye(len(gram)), outgoing)
    relative = np.zeros(len(gram))
    if variance > 0:
        relative[order] = np.cumsum(errors) / variance
    return relative


def _without_null_space(gram: Array, outgoing: Array) -> Array:
    """The smallest weights with the same outputs.

    Large opposite weights of collinear units cancel each other. The penalty would
    otherwise count their change as a large error.
    """
    values, vectors = linalg.eigh(gram)
    counts = values > NULL_SPACE * values[-1]
    if counts.all() or not counts.any():
        return outgoing
    projected = vectors[:, counts] @ (vectors[:, counts].T @ outgoing)
    return np.where(np.diag(gram)[:, None] > 0, projected, 0.0)


def eliminate(gram: Array, weights: Array) -> tuple[Array, Array]:
    """Eliminate one unit after the other, the one with the smallest error first.

    Let P be the inverse of `gram` over the remaining units. Eliminating unit j adds
    the error |w_j|^2 / P_jj. The least-squares solution then changes the weights w_i
    by -P_ij w_j / P_jj, and P by -P_ij P_jk / P_jj.

    Returns
    -------
    order : ndarray of shape (n_units,), int
        Units in the order of elimination.
    errors : ndarray of shape (n_units,)
        The error that each step adds.
    """
    n_units = len(gram)
    inverse, weights = linalg.inv(gram), weights.astype(float)
    remains = np.ones(n_units, dtype=bool)
    order, errors = np.empty(n_units, dtype=int), np.empty(n_units)
    for step in tracked(range(n_units), "hidden units"):
        added = np.full(n_units, np.inf)
        added[remains] = (weights[remains] ** 2).sum(axis=1) / np.diag(inverse)[remains]
        equal = added <= added.min() * (1 + ROUNDING)
        unit = int(np.flatnonzero(equal)[-1])
        order[step], errors[step] = unit, added[unit]
        share = inverse[unit] / inverse[unit, unit]
        weights -= np.outer(share, weights[unit])
        inverse -= np.outer(share, inverse[unit])
        remains[unit] = False
    return order, errors
