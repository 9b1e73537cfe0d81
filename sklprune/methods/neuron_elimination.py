"""Neuron elimination: remove the hidden units whose output the other units of their
layer can replace by least squares."""

from typing import Any

import numpy as np
from scipy import linalg

from sklprune._frames import as_matrix
from sklprune._progress import tracked
from sklprune._registry import register
from sklprune._typing import Array, ArrayLike, Estimator
from sklprune._units import Task, Units
from sklprune.methods._base import Method

#: eigenvalues of a correlation matrix below this fraction of the largest are zero
NULL_SPACE = 1e-11
#: errors that differ by less, as a fraction, are equal
ROUNDING = 1e-9


class NeuronElimination(Method):
    """Remove the hidden units that the other units of their layer replace best.

    The units of each hidden layer are eliminated one after the other. In each step
    the outgoing weights of the remaining units are solved by least squares, so that
    they reproduce the input of the next layer. The unit whose elimination adds the
    smallest squared error is eliminated, until one unit is left.

    The score of a unit is the total error after its elimination, divided by the
    variance of the original input of the next layer. Scores of different layers are
    compared on this relative scale. One of two identical units is eliminated without
    any error, which no comparison of single weights can detect. The method needs no
    labels.

    Parameters
    ----------
    alpha : float, default=1e-4
        L2 penalty on the change of the outgoing weights, on standardized
        activations; as in :class:`sklprune.refits.Reconstruction`.

    Notes
    -----
    All errors follow from the inverse of the Gram matrix of the activations. For each
    eliminated unit it is updated by a matrix of rank one. A layer of m units costs
    m^3 operations, and n m^2 for the Gram matrix of n rows.

    In the benchmarks, an MLP with few remaining hidden units is more accurate than
    with :class:`Magnitude`.

    References
    ----------
    Hassibi and Stork, Second order derivatives for network pruning: optimal brain
    surgeon, NIPS 1992. Frantar and Alistarh, Optimal brain compression, NeurIPS 2022.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sklprune import prune
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((60,), max_iter=30, random_state=0).fit(X, y)
    >>> small = prune(model, X, method="neuron_elimination", pruning_ratio=0.5)
    >>> small.estimator_.hidden_layer_sizes
    (30,)
    >>> bool(small.score(X, y) > model.score(X, y) - 0.03)
    True
    """

    granularity = "neuron"
    needs = ("layers",)
    reason = "the other units of its layer can replace it"

    def __init__(self, alpha: float = 1e-4) -> None:
        self.alpha = alpha

    def score(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Array:
        """Scores of all hidden units, (n_units,)."""
        first, *rest = family.layers(estimator)
        preactivations = first.forward(as_matrix(task.X))
        scores = []
        for layer in rest:
            activations = family.activate(estimator, preactivations)
            gram = covariance(activations, task.sample_weight)
            scores.append(relative_errors(gram, layer.coef, self.alpha))
            preactivations = layer.forward(activations)
        return np.concatenate(scores)


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


register("method", NeuronElimination)
