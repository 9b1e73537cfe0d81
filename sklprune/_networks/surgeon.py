"""Optimal brain surgeon: what the removal of a weight costs, and updates of the others.

The curvature of the weights of one unit is that of weighted least squares. Its rows are
the inputs of the layer, and their weights the sensitivity of the loss to the unit. The
inverse gives the increase of the loss if a weight is removed and the others of the unit
adapt, and the adapted weights in closed form.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import linalg, sparse

from sklprune._networks.curvature import diagonal, sensitivities
from sklprune._networks.layer import Layer
from sklprune._networks.problem import ACTIVATIONS, Problem
from sklprune._typing import Array

#: more weights of a unit are solved in blocks of this size, one after the other
MAX_BLOCK = 1000
#: with more than MANY weights of a unit, blocks have this size
MANY, SMALL_BLOCK = 5000, 100
#: this fraction of the mean sensitivity of a unit is added to that of each row: a unit
#: of a ReLU network that is inactive on a row could otherwise become active there
SENSITIVITY_FLOOR = 0.1
#: operations that a solution with blocks may cost; beyond, the diagonal is used
MAX_OPERATIONS = 1.5e11
#: a matrix with a smaller ratio of squared pivots counts as singular
SINGULAR = 1e-13
#: the smallest damping that is tried where a matrix is singular, and its factor
FIRST_DAMPING, NEXT_DAMPING = 1e-10, 100.0
#: score of removed weights, below that of any other
REMOVED = -1.0


class Operated(NamedTuple):
    """Layers after an update, the scores of their weights, and the damping.

    Parameters
    ----------
    layers : list of Layer
    scores : list of ndarray of shape (n_inputs, n_outputs)
        Increase of the mean loss if a weight is removed; `REMOVED` for removed ones.
    damping : float
        The largest damping that was needed.
    """

    layers: list[Layer]
    scores: list[Array]
    damping: float


def operations(masks: Sequence[Array], rows: Any) -> float:
    """Number of operations of `operate` on these masks."""
    n_rows = rows.shape[0]
    total = 0.0
    for i, mask in enumerate(masks):
        kept = mask.sum(axis=0).astype(float)
        block = np.where(kept > MANY, SMALL_BLOCK, np.minimum(kept, MAX_BLOCK))
        per_entry = 2 * n_rows if i or not sparse.issparse(rows) else 0
        total += float((kept * block * (per_entry + block)).sum())
    return total


def diagonal_scores(
    problem: Problem, layers: Sequence[Layer], rng: np.random.RandomState
) -> list[Array]:
    """Half of the squared weights times their second derivatives.

    This is optimal brain damage: the increase of the loss if other weights do not
    change.
    """
    return [
        np.where(layer.coef != 0, layer.coef**2 * (curvature + problem.l2) / 2, REMOVED)
        for layer, curvature in zip(layers, diagonal(problem, layers, rng))
    ]


def operate(
    problem: Problem,
    layers: Sequence[Layer],
    masks: Sequence[Array],
    outputs: Sequence[Array],
    damping: float,
    rng: np.random.RandomState,
) -> Operated:
    """Solve the kept weights, layer by layer, so that each layer keeps its outputs.

    Parameters
    ----------
    problem : Problem
    layers : list of Layer
        The current weights. The change is counted from them.
    masks : list of ndarray of bool
        The weights that are kept.
    outputs : list of ndarray of shape (n_rows, n_outputs)
        For each layer, the outputs before the activation that it should reproduce.
    damping : float
        This fraction of its diagonal is added to each curvature. It is increased where
        a matrix is singular.
    rng : RandomState
    """
    weight = problem.weight / problem.weight.sum()
    inputs, solved, scores, most = problem.rows, [], [], damping
    if sparse.issparse(inputs):
        inputs = inputs.tocsc()
    all_sensitivities = sensitivities(problem, layers, rng)
    for i, (layer, mask, wanted) in enumerate(zip(layers, masks, outputs)):
        # one layer has no activation, and its curvature is exact
        share = SENSITIVITY_FLOOR if len(layers) > 1 else 0.0
        floor = share * (weight @ all_sensitivities[i])
        of_rows = weight[:, None] * (all_sensitivities[i] + floor)
        new, of_weights, needed = _solve_layer(
            inputs, layer, mask, wanted, of_rows, problem.l2, damping
        )
        solved.append(new)
        scores.append(of_weights)
        most = max(most, needed)
        if i < len(layers) - 1:
            inputs = ACTIVATIONS[problem.hidden](new.forward(inputs))
    return Operated(solved, scores, most)


def _solve_layer(
    inputs: Any,
    layer: Layer,
    mask: Array,
    wanted: Array,
    of_rows: Array,
    l2: Any,
    damping: float,
) -> tuple[Layer, Array, float]:
    """The layer after the update, the scores of its weights, and the damping."""
    coef = np.where(mask, layer.coef, 0)
    intercept = None if layer.intercept is None else layer.intercept.copy()
    scores = np.full(mask.shape, REMOVED)
    residuals = wanted - inputs @ coef
    # rows of the transpose are contiguous, and can be selected fast
    columns = inputs.T.tocsr() if sparse.issparse(inputs) else inputs.T.copy()
    l2 = np.broadcast_to(l2, mask.shape[1])
    most = damping
    for unit in range(mask.shape[1]):
        total = float(of_rows[:, unit].sum())
        if not np.isfinite(total):
            raise ValueError(
                "The curvature of the loss is not finite. Are the weights of the model "
                "and the values of X finite, and not too large?"
            )
        if total <= 0:
            # the loss does not depend on this unit
            scores[mask[:, unit], unit] = 0.0
            continue
        rows, residual = of_rows[:, unit] / total, residuals[:, unit]
        for block in _blocks(np.flatnonzero(mask[:, unit])):
            system = _System(columns[block], rows, intercept is not None)
            ridge = float(l2[unit]) / total
            change, diagonal_of_inverse, used = system.solve(residual, ridge, damping)
            change = change.astype(coef.dtype)
            residual = residual - columns[block].T @ change
            coef[block, unit] += change
            kept = coef[block, unit].astype(float)
            scores[block, unit] = total * kept**2 / (2 * diagonal_of_inverse)
            most = max(most, used)
        if intercept is not None:
            intercept[unit] = rows @ residual
    return Layer(coef, intercept), scores, most


def _blocks(support: Array) -> list[Array]:
    if len(support) == 0:
        return []
    size = SMALL_BLOCK if len(support) > MANY else MAX_BLOCK
    return np.array_split(support, -(-len(support) // size))


class _System:
    """Weighted least squares of one unit on a block of its inputs."""

    def __init__(self, columns: Any, rows: Array, centred: bool) -> None:
        self.rows = rows
        mean = columns @ rows if centred else np.zeros(columns.shape[0], rows.dtype)
        if sparse.issparse(columns):
            gram = (columns.multiply(rows) @ columns.T).toarray()
            gram = gram - np.outer(mean, mean)
        else:
            columns, mean = columns - mean[:, None], np.zeros_like(mean)
            gram = (columns * rows) @ columns.T
        self.columns, self.mean = columns, mean
        self.gram = np.asarray(gram, dtype=float)

    def solve(
        self, residual: Array, ridge: float, damping: float
    ) -> tuple[Array, Array, float]:
        """The change of the weights, the diagonal of the inverse, and the damping."""
        right = np.asarray(self.columns @ (self.rows * residual), dtype=float)
        right -= self.mean * float(self.rows @ residual)
        left = self.gram
        variance = np.diag(left).copy()
        # the intercept replaces a constant input without any error
        varies = variance > np.finfo(residual.dtype).eps * variance.max(initial=0.0)
        left = np.where(np.outer(varies, varies), left, 0.0)
        right = np.where(varies, right, 0.0)
        at = np.diag_indices_from(left)
        while True:
            damped = left.copy()
            damped[at] = variance * (1 + damping) + ridge
            damped[at] = np.where(varies, damped[at], 1.0)
            factor, failed = linalg.lapack.dpotrf(damped, lower=1)
            pivots = np.diag(factor) ** 2
            if not failed and (pivots > SINGULAR * damped[at]).all():
                break
            damping = max(damping * NEXT_DAMPING, FIRST_DAMPING)
        change = linalg.cho_solve((factor, True), right)
        inverse, _ = linalg.lapack.dpotri(factor, lower=1)
        diagonal_of_inverse = np.where(varies, np.diag(inverse), np.inf)
        return change, diagonal_of_inverse, damping
