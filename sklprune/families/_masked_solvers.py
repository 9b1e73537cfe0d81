"""Trains only the non-zero weights of a network: by Adam, or one layer by L-BFGS.

Weights that are zero at the start are still zero at the end.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from sklprune._networks.layer import Layer
from sklprune._networks.problem import Problem
from sklprune._progress import part, tracked
from sklprune._typing import Array

#: limits of the batch size; with few rows an epoch has MIN_STEPS batches or fewer
MAX_BATCH, MIN_BATCH, MIN_STEPS = 200, 64, 25
#: training stops when the loss has not fallen by this fraction for PATIENCE epochs
TOLERANCE, PATIENCE = 1e-4, 5


class Adam:
    """The optimiser Adam (Kingma and Ba 2015) for a list of arrays, updated in place.

    Parameters
    ----------
    arrays : list of ndarray
    """

    def __init__(self, arrays: list[Array]) -> None:
        self.arrays = arrays
        self.first = [np.zeros_like(array) for array in arrays]
        self.second = [np.zeros_like(array) for array in arrays]
        self.steps = 0

    def step(self, gradients: list[Array], learning_rate: float) -> None:
        """Update the arrays by their gradients."""
        self.steps += 1
        # corrects the bias of both moments, which start from zero
        rate = learning_rate * np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        for array, gradient, first, second in zip(
            self.arrays, gradients, self.first, self.second
        ):
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient**2 - second)
            array -= rate * first / (np.sqrt(second) + 1e-8)


def train(
    layers: Sequence[Layer],
    problem: Problem,
    *,
    penalty: float,
    max_epochs: int,
    learning_rate: float,
    rng: np.random.RandomState,
    masks: Sequence[Array] | None = None,
) -> list[Layer]:
    """Train the non-zero weights and the intercepts of a network by Adam, in batches.

    The gradients of zero weights are masked before Adam receives them, since its
    moments would otherwise change these weights. The learning rate falls linearly to
    zero over the epochs.

    Parameters
    ----------
    layers : list of Layer
        The starting point; it is not changed.
    problem : Problem
    penalty : float
        L2 penalty: half of it times the sum of squared weights is added to the loss.
    max_epochs : int
    learning_rate : float
    rng : RandomState
    masks : list of ndarray of bool or None, default=None
        For each layer, the weights that are trained; None for the non-zero ones.

    Returns
    -------
    list of Layer
        The layers with the lowest penalised loss on all rows, among those at the start
        and after each epoch.
    """
    layers = _copied(layers)
    masks = [layer.coef != 0 for layer in layers] if masks is None else masks
    adam = Adam([array for layer in layers for array in layer])
    best, lowest, waited = layers, np.inf, 0
    for epoch in tracked(range(max_epochs + 1), "epochs"):
        loss = _penalised(problem, layers, penalty)
        waited = 0 if loss < lowest * (1 - TOLERANCE) else waited + 1
        if loss < lowest:
            best, lowest = _copied(layers), loss
        if waited == PATIENCE or epoch == max_epochs:
            break
        rate = learning_rate * (1 - epoch / max_epochs)
        for rows in tracked(_batches(len(problem.targets), rng), "batches"):
            gradients = problem.take(rows).gradients(layers)
            adam.step(_masked(gradients, layers, masks, penalty), rate)
    return best


def _batches(n_rows: int, rng: np.random.RandomState) -> list[Array]:
    """Positions of the rows of each batch, in random order."""
    size = int(np.clip(n_rows // MIN_STEPS, MIN_BATCH, MAX_BATCH))
    order = rng.permutation(n_rows)
    return [order[start : start + size] for start in range(0, n_rows, size)]


def _penalised(problem: Problem, layers: Sequence[Layer], penalty: float) -> float:
    """The loss with its L2 penalty."""
    squares = sum(float(np.square(layer.coef).sum()) for layer in layers)
    return problem.loss(layers) + penalty / 2 * squares


def _masked(
    gradients: Sequence[Layer],
    layers: Sequence[Layer],
    masks: Sequence[Array],
    penalty: float,
) -> list[Array]:
    """Gradients of the penalised loss, with zeros for weights outside of the masks.

    Coefficients and intercepts alternate, as in the arrays that Adam updates.
    """
    return [
        array
        for gradient, layer, mask in zip(gradients, layers, masks)
        for array in (
            mask * (gradient.coef + penalty * layer.coef),
            gradient.intercept,
        )
    ]


def _copied(layers: Sequence[Layer]) -> list[Layer]:
    return [Layer(layer.coef.copy(), layer.intercept.copy()) for layer in layers]


def solve(
    layer: Layer,
    mask: Array,
    problem: Problem,
    *,
    l2: float,
    l1: float,
    max_iter: int,
) -> Layer:
    """Minimise the loss of a network of one layer on a support, by L-BFGS.

    The minimised function is ``loss + l2 / 2 * sum(w**2) + l1 * sum(abs(w))``. With an
    L1 penalty each weight is written as the difference of two non-negative variables,
    so that the problem is smooth, with bounds.

    Parameters
    ----------
    layer : Layer
        The starting point.
    mask : ndarray of shape (n_inputs, n_outputs), bool
        The support; all other weights are zero.
    problem : Problem
    l2, l1 : float
        Strengths of the penalties.
    max_iter : int

    Returns
    -------
    Layer
    """
    n_weights = np.count_nonzero(mask)
    signs = np.array([1.0, -1.0]) if l1 else np.array([1.0])
    n_parts = len(signs) * n_weights
    no_intercept = layer.intercept is None

    def unpacked(x: Array) -> Layer:
        coef = np.zeros(mask.shape)
        coef[mask] = signs @ x[:n_parts].reshape(len(signs), n_weights)
        return Layer(coef, None if no_intercept else x[n_parts:])

    def objective(x: Array) -> tuple[float, Array]:
        current = unpacked(x)
        (gradient,) = problem.gradients([current])
        parts = np.outer(signs, (gradient.coef + l2 * current.coef)[mask]) + l1
        value = _penalised(problem, [current], l2) + l1 * x[:n_parts].sum()
        return value, np.append(parts, [] if no_intercept else gradient.intercept)

    parts = np.outer(signs, layer.coef[mask])
    x = np.append(
        np.maximum(parts, 0) if l1 else parts, [] if no_intercept else layer.intercept
    )
    bounds = [(0, None)] * n_parts + [(None, None)] * (len(x) - n_parts)
    with part("iterations", max_iter) as iterations:
        found = minimize(
            objective,
            x,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds if l1 else None,
            callback=lambda _: iterations.advance(),
            options={"maxiter": max_iter, "ftol": 1e-12, "gtol": 1e-6},
        )
    return unpacked(found.x)
