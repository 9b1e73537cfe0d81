"""Exact elimination of the weights of one layer, one after the other."""

import numpy as np

from sklprune._networks.curvature import sensitivities
from sklprune._networks.layer import Layer
from sklprune._networks.problem import Problem
from sklprune._progress import tracked
from sklprune._typing import Array

#: limits of the exact elimination: inputs, and entries of all inverse matrices
MAX_INPUTS, MAX_ENTRIES = 500, 2_000_000
#: total of the eliminations times the entries of one matrix
MAX_COST = 5e8


def is_small(shape: tuple[int, ...]) -> bool:
    """Whether the weights of a layer can be eliminated one by one."""
    n_inputs, n_outputs = shape
    entries = n_inputs**2
    fits = n_inputs <= MAX_INPUTS and entries * n_outputs <= MAX_ENTRIES
    return fits and n_inputs * n_outputs * entries <= MAX_COST


def eliminate_one_by_one(
    problem: Problem, layer: Layer, damping: float, rng: np.random.RandomState
) -> Array:
    """For each weight, the increase of the mean loss up to its elimination.

    In each step the weight with the smallest increase is eliminated, and the others of
    its output adapt. The second derivatives are those at the given layer.

    Parameters
    ----------
    problem : Problem
        Its rows may be sparse.
    layer : Layer
    damping : float
        This fraction of its diagonal is added to each matrix.
    rng : RandomState

    Returns
    -------
    ndarray of shape (n_inputs, n_outputs)
        Weights that are zero at the start have -1, below any other.
    """
    weights = layer.coef.T.astype(float)
    inverse = np.stack(list(_inverses(problem, layer, damping, rng)))
    increase = np.full(weights.shape, -1.0)
    remains = weights != 0
    for output, unit in np.argwhere(~remains):
        _eliminate(inverse[output], weights[output], unit)
    total = 0.0
    diagonal = np.einsum("kii->ki", inverse)
    for _ in tracked(range(int(remains.sum())), "weights"):
        added = np.full(weights.shape, np.inf)
        added[remains] = weights[remains] ** 2 / (2 * diagonal[remains])
        output, unit = divmod(int(np.argmin(added)), weights.shape[1])
        total += float(added[output, unit])
        increase[output, unit] = total
        remains[output, unit] = False
        _eliminate(inverse[output], weights[output], unit)
    return increase.T


def _eliminate(inverse: Array, weights: Array, unit: int) -> None:
    """Remove one weight, in place; its row and column of the inverse become zero."""
    pivot = inverse[unit, unit]
    if pivot <= 0:
        return
    share = inverse[unit] / pivot
    weights -= share * weights[unit]
    inverse -= np.outer(share, inverse[unit])
    inverse[unit] = inverse[:, unit] = 0.0
    weights[unit] = 0.0


def _inverses(
    problem: Problem, layer: Layer, damping: float, rng: np.random.RandomState
):
    """The inverse matrix of second derivatives of each output.

    An input that does not vary costs nothing: its row has a large entry.
    """
    weight = problem.weight / problem.weight.sum()
    (of_rows,) = sensitivities(problem, [layer], rng)
    l2 = np.broadcast_to(problem.l2, layer.coef.shape[1])
    for output in range(layer.coef.shape[1]):
        rows = weight * of_rows[:, output]
        matrix = _moments(problem.rows, rows, layer.intercept is not None)
        diagonal = np.diag(matrix).copy()
        constant = diagonal <= np.finfo(float).eps * diagonal.max(initial=0.0)
        matrix[constant] = matrix[:, constant] = 0.0
        at = np.diag_indices_from(matrix)
        tiny = np.finfo(float).tiny ** 0.5
        matrix[at] = np.where(constant, tiny, diagonal * (1 + damping) + l2[output])
        yield np.linalg.inv(matrix)


def _moments(inputs: Array, rows: Array, centred: bool) -> Array:
    """Weighted second moments of the inputs; centred if there is an intercept."""
    total = rows.sum()
    mean = rows @ inputs / total if centred and total > 0 else np.zeros(inputs.shape[1])
    if hasattr(inputs, "multiply"):
        moments = (inputs.T @ inputs.multiply(rows[:, None])).toarray()
        return np.asarray(moments, dtype=float) - total * np.outer(mean, mean)
    inputs = inputs - mean
    return np.asarray(inputs.T @ (inputs * rows[:, None]), dtype=float)
