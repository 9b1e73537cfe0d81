"""Trains only the kept weights of layers: by Adam in batches, or by L-BFGS.

Weights outside of the masks are zero at the start, and still zero at the end.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize

from sklprune._networks.layer import Layer
from sklprune._networks.problem import Problem
from sklprune._networks.settings import RefitSettings
from sklprune._progress import part, tracked
from sklprune._typing import Array

#: limits of the batch size; with few rows an epoch has MIN_STEPS batches or fewer
MAX_BATCH, MIN_BATCH, MIN_STEPS = 200, 64, 25
#: the learning rate falls by this factor when the loss has not fallen by a fraction of
#: TOLERANCE for PATIENCE epochs; with a smaller share of the rate than this, it stops
SLOWER, SLOWEST = 0.3, 0.01
TOLERANCE, PATIENCE = 1e-4, 5
#: dropout of weights concerns this fraction of the kept ones, the smallest
TARGETED = 0.5
#: with one more iteration of L-BFGS for each epoch, it would not converge
ITERATIONS_PER_EPOCH = 10


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

    def step(
        self, gradients: list[Array], learning_rate: float, l1: float = 0.0
    ) -> None:
        """Update the arrays by their gradients.

        With an L1 penalty, each array with an even position is moved towards zero by a
        proximal step, in the metric of Adam. It stops at zero.
        """
        self.steps += 1
        # corrects the bias of both moments, which start from zero
        rate = learning_rate * np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        for i, (array, gradient, first, second) in enumerate(
            zip(self.arrays, gradients, self.first, self.second)
        ):
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient**2 - second)
            scale = np.sqrt(second) + 1e-8
            array -= rate * first / scale
            if l1 and i % 2 == 0:
                limit = rate * l1 / scale
                array -= np.clip(array, -limit, limit)


def train(
    layers: Sequence[Layer],
    problem: Problem,
    masks: Sequence[Array],
    settings: RefitSettings,
    rng: np.random.RandomState,
) -> list[Layer]:
    """Train the kept weights and the intercepts.

    Parameters
    ----------
    layers : list of Layer
        The starting point; it is not changed.
    problem : Problem
        With the penalties.
    masks : list of ndarray of bool
        For each layer, the weights that are trained.
    settings : RefitSettings
    rng : RandomState

    Returns
    -------
    list of Layer
        The layers with the lowest penalised loss on the rows, or on held-out rows,
        among those at the start and after each epoch.

    Warns
    -----
    UserWarning
        If the loss is no longer finite. The best layers before that are returned.
    """
    read = (masks[0] | (layers[0].coef != 0)).any(axis=1)
    if not read.any():
        read[:1] = True
    # inputs that no weight reads cost time only
    narrow = problem._replace(rows=problem.rows[:, read])
    start = [layers[0]._replace(coef=layers[0].coef[read]), *layers[1:]]
    kept = [masks[0][read], *masks[1:]]
    if settings.solver == "lbfgs":
        n_iterations = ITERATIONS_PER_EPOCH * settings.max_epochs
        found = by_lbfgs(start, kept, narrow, max_iter=n_iterations)
    else:
        found = by_adam(start, narrow, kept, settings, rng)
    coef = layers[0].coef.copy()
    coef[read] = found[0].coef
    return [found[0]._replace(coef=coef), *found[1:]]


def by_adam(
    layers: Sequence[Layer],
    problem: Problem,
    masks: Sequence[Array],
    settings: RefitSettings,
    rng: np.random.RandomState,
) -> list[Layer]:
    """Train by Adam, in batches.

    The gradients of removed weights are masked before Adam receives them, since its
    moments would otherwise change these weights. The learning rate falls linearly to
    zero over the epochs, and faster where the loss no longer falls.
    """
    trained, judged = _held_out(problem, settings.validation_fraction, rng)
    layers = copied(layers)
    adam = Adam([array for layer in layers for array in layer])
    best, lowest, trained_best, waited, share = layers, np.inf, np.inf, 0, 1.0
    for epoch in tracked(range(settings.max_epochs + 1), "epochs"):
        with np.errstate(over="ignore", invalid="ignore"):
            loss = judged.objective(layers)
        if not np.isfinite(loss):
            warn_of_divergence("MaskedRefit", epoch, settings.learning_rate)
            break
        # a good start is no reason to stop: the first steps of Adam may raise the loss
        # before the falling learning rate lowers it
        waited = 0 if loss < trained_best - TOLERANCE * abs(loss) else waited + 1
        if epoch > 0:
            trained_best = min(trained_best, loss)
        if loss < lowest:
            best, lowest = copied(layers), loss
        if waited == PATIENCE:
            # a large step only oscillates around a minimum that a smaller one reaches
            waited, share = 0, SLOWER * share
        if share < SLOWEST or epoch == settings.max_epochs:
            break
        rate = settings.learning_rate * share * (1 - epoch / settings.max_epochs)
        for rows in tracked(batches_of(len(trained.targets), rng), "batches"):
            batch = trained.take(rows)
            with np.errstate(over="ignore", invalid="ignore"):
                adam.step(
                    _gradients(batch, layers, masks, settings, rng), rate, problem.l1
                )
    return best


def _held_out(
    problem: Problem, fraction: float, rng: np.random.RandomState
) -> tuple[Problem, Problem]:
    """The rows to train on, and those whose loss selects the epoch."""
    n_rows = len(problem.targets)
    n_held_out = int(fraction * n_rows)
    if n_held_out == 0 or n_held_out == n_rows:
        return problem, problem
    order = rng.permutation(n_rows)
    return problem.take(order[n_held_out:]), problem.take(order[:n_held_out])


def warn_of_divergence(refit: str, epoch: int, learning_rate: float) -> None:
    """Warn that a loss is not finite."""
    warnings.warn(
        f"{refit} diverged in epoch {epoch}: the loss is not finite. The best "
        f"weights before are used. Use a smaller learning_rate than {learning_rate:g}.",
        stacklevel=2,
    )


def batch_size(n_rows: int) -> int:
    """The number of rows of a batch."""
    return int(np.clip(n_rows // MIN_STEPS, MIN_BATCH, MAX_BATCH))


def batches_of(n_rows: int, rng: np.random.RandomState) -> list[Array]:
    """Positions of the rows of each batch, in random order."""
    size = batch_size(n_rows)
    order = rng.permutation(n_rows)
    return [order[start : start + size] for start in range(0, n_rows, size)]


def _gradients(
    batch: Problem,
    layers: Sequence[Layer],
    masks: Sequence[Array],
    settings: RefitSettings,
    rng: np.random.RandomState,
) -> list[Array]:
    """Gradients with the L2 penalty, and zeros for weights outside of the masks.

    Coefficients and intercepts alternate, as in the arrays that Adam updates. With
    dropout, the gradients are those of the layers with dropped parts.
    """
    if not settings.dropout:
        gradients = batch.gradients(layers)
    else:
        factors = _dropped(layers, masks, settings, rng)
        thinned = [
            layer._replace(coef=layer.coef * factor)
            for layer, factor in zip(layers, factors)
        ]
        gradients = [
            gradient._replace(coef=gradient.coef * factor)
            for gradient, factor in zip(batch.gradients(thinned), factors)
        ]
    return [
        array
        for gradient, layer, mask in zip(gradients, layers, masks)
        for array in (
            mask * (gradient.coef + batch.l2 * layer.coef),
            gradient.intercept,
        )
    ]


def _dropped(
    layers: Sequence[Layer],
    masks: Sequence[Array],
    settings: RefitSettings,
    rng: np.random.RandomState,
) -> list[Array]:
    """Factors of the weights in a batch: zero for what is dropped.

    A hidden unit is dropped with its outgoing weights, and the others are scaled so
    that the expected outputs are the same. Dropped weights are among the smallest of
    each layer, so that the model learns to do without them.
    """
    factors = []
    for i, (layer, mask) in enumerate(zip(layers, masks)):
        dtype = layer.coef.dtype
        if settings.dropout_of == "neuron":
            kept = rng.random_sample((layer.coef.shape[0], 1)) >= settings.dropout
            factor = kept / (1 - settings.dropout) if i > 0 else np.ones_like(kept)
        else:
            sizes = np.abs(layer.coef)
            limit = np.quantile(sizes[mask], TARGETED) if mask.any() else 0.0
            drawn = rng.random_sample(layer.coef.shape) < settings.dropout
            factor = ~(drawn & (sizes <= limit))
        factors.append(factor.astype(dtype))
    return factors


def copied(layers: Sequence[Layer]) -> list[Layer]:
    """Layers whose arrays are copies."""
    return [layer.combined(np.copy) for layer in layers]


def by_lbfgs(
    layers: Sequence[Layer],
    masks: Sequence[Array],
    problem: Problem,
    *,
    max_iter: int,
    tolerance: float = 1e-6,
) -> list[Layer]:
    """Minimise the penalised loss over the kept weights and the intercepts.

    With an L1 penalty each weight is written as the difference of two non-negative
    variables, so that the problem is smooth, with bounds.

    Parameters
    ----------
    layers : list of Layer
        The starting point.
    masks : list of ndarray of bool
        The kept weights; all others are zero.
    problem : Problem
    max_iter : int
    tolerance : float, default=1e-6
        The largest derivative at the solution.

    Returns
    -------
    list of Layer
        In the dtype of the given layers.
    """
    packing = _Packing(layers, masks, split=bool(problem.l1))

    def objective(x: Array) -> tuple[float, Array]:
        current = packing.unpacked(x)
        loss, of_loss = problem.loss_and_gradients(current)
        gradients = [
            gradient._replace(coef=gradient.coef + problem.l2 * layer.coef)
            for gradient, layer in zip(of_loss, current)
        ]
        value = loss + problem._replace(l1=0.0).penalties(current)
        value += problem.l1 * packing.sum_of_parts(x)
        return value, packing.packed_gradient(gradients, problem.l1)

    x = packing.packed(layers)
    with part("iterations", max_iter) as iterations:
        found = minimize(
            objective,
            x,
            jac=True,
            method="L-BFGS-B",
            bounds=packing.bounds,
            callback=lambda _: iterations.advance(),
            options={"maxiter": max_iter, "ftol": 1e-12, "gtol": tolerance},
        )
    # a step that was stopped may be worse than the start
    better = np.isfinite(found.fun) and found.fun <= objective(x)[0]
    return packing.unpacked(found.x if better else x)


class _Packing:
    """The kept weights and the intercepts of layers as one vector of float64.

    Parameters
    ----------
    layers : list of Layer
    masks : list of ndarray of bool
    split : bool
        Whether weights are differences of two non-negative parts.
    """

    def __init__(
        self, layers: Sequence[Layer], masks: Sequence[Array], split: bool
    ) -> None:
        self.layers, self.masks = layers, masks
        self.signs = np.array([1.0, -1.0]) if split else np.array([1.0])
        self.n_weights = sum(int(np.count_nonzero(mask)) for mask in masks)
        self.n_parts = len(self.signs) * self.n_weights

    @property
    def bounds(self) -> Any:
        """Bounds for `minimize`, or None without any."""
        if len(self.signs) == 1:
            return None
        n_intercepts = len(self.packed(self.layers)) - self.n_parts
        return [(0, None)] * self.n_parts + [(None, None)] * n_intercepts

    def packed(self, layers: Sequence[Layer]) -> Array:
        """The vector of layers."""
        parts = np.outer(self.signs, self._weights(layers))
        parts = np.maximum(parts, 0) if len(self.signs) > 1 else parts
        return np.concatenate([parts.ravel(), self._intercepts(layers)])

    def packed_gradient(self, gradients: Sequence[Layer], l1: float) -> Array:
        """The gradient of the objective in the vector."""
        parts = np.outer(self.signs, self._weights(gradients)) + l1
        intercepts = [
            gradient._replace(intercept=None) if layer.intercept is None else gradient
            for gradient, layer in zip(gradients, self.layers)
        ]
        return np.concatenate([parts.ravel(), self._intercepts(intercepts)])

    def sum_of_parts(self, x: Array) -> float:
        """The sum of the absolute weights, if one of the two parts of each is zero."""
        return float(x[: self.n_parts].sum()) if len(self.signs) > 1 else 0.0

    def unpacked(self, x: Array) -> list[Layer]:
        """The layers of a vector."""
        weights = self.signs @ x[: self.n_parts].reshape(len(self.signs), -1)
        intercepts, found, used, at = x[self.n_parts :], [], 0, 0
        for layer, mask in zip(self.layers, self.masks):
            coef = np.zeros(mask.shape, layer.coef.dtype)
            n_kept = int(np.count_nonzero(mask))
            coef[mask] = weights[used : used + n_kept]
            used += n_kept
            if layer.intercept is None:
                found.append(Layer(coef, None))
                continue
            n_outputs = mask.shape[1]
            own = intercepts[at : at + n_outputs].astype(layer.coef.dtype)
            found.append(Layer(coef, own))
            at += n_outputs
        return found

    def _weights(self, layers: Sequence[Layer]) -> Array:
        kept = [layer.coef[mask] for layer, mask in zip(layers, self.masks)]
        return np.concatenate(kept).astype(float)

    @staticmethod
    def _intercepts(layers: Sequence[Layer]) -> Array:
        own = [layer.intercept for layer in layers if layer.intercept is not None]
        return np.concatenate([np.array([]), *own]).astype(float)
