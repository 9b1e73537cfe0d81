"""Newton steps on the kept weights of a network, by conjugate gradients."""

from collections.abc import Callable, Sequence

import numpy as np

from sklprune._networks.curvature import GaussNewton, diagonal
from sklprune._networks.layer import Layer
from sklprune._networks.problem import Problem
from sklprune._typing import Array

#: the shortest step that is tried, as a fraction of the Newton step
SHORTEST_STEP = 1e-2
#: the iterations end when the residual has fallen to this fraction
RESIDUAL = 1e-3


def newton_steps(
    problem: Problem,
    layers: Sequence[Layer],
    masks: Sequence[Array],
    *,
    n_steps: int,
    n_iterations: int,
    damping: float,
    rng: np.random.RandomState,
) -> list[Layer]:
    """Minimise the mean loss over the kept weights by Gauss-Newton steps.

    Each step is solved by conjugate gradients, and shortened until the loss falls. The
    result is never worse than the start.

    Parameters
    ----------
    problem : Problem
    layers : list of Layer
        The starting point. Weights outside of the masks are zero.
    masks : list of ndarray of bool
        The kept weights.
    n_steps, n_iterations : int
        Number of steps, and of iterations of conjugate gradients for each.
    damping : float
        This fraction of its diagonal is added to the Gauss-Newton matrix.
    rng : RandomState

    Returns
    -------
    list of Layer
    """
    layers, first, read = list(layers), layers[0], masks[0].any(axis=1)
    if not read.any():
        return layers
    # inputs that no weight reads cost time only
    problem = problem._replace(rows=problem.rows[:, read])
    if problem.prior is not None:
        prior = [problem.prior[0][read], *problem.prior[1:]]
        problem = problem._replace(prior=prior)
    layers[0], masks = (
        first._replace(coef=first.coef[read]),
        [masks[0][read], *masks[1:]],
    )
    for _ in range(n_steps):
        found = _step(problem, layers, masks, n_iterations, damping, rng)
        if found is None:
            break
        layers = found
    coef = np.zeros_like(first.coef)
    coef[read] = layers[0].coef
    layers[0] = layers[0]._replace(coef=coef)
    return layers


def _step(
    problem: Problem,
    layers: list[Layer],
    masks: Sequence[Array],
    n_iterations: int,
    damping: float,
    rng: np.random.RandomState,
) -> list[Layer] | None:
    """The layers after one step, or None if no step lowers the loss."""
    matrix = GaussNewton(problem, layers, masks)
    scale = _scale(problem, layers, rng)

    def times(change: list[Layer]) -> list[Layer]:
        return _combined(
            matrix.times(change),
            damping,
            [_product(s, c) for s, c in zip(scale, change)],
        )

    residual = [_times(gradient, -1.0) for gradient in matrix.gradient()]
    change = _conjugate_gradients(times, residual, scale, n_iterations)
    before, length = problem.objective(layers), 1.0
    while length >= SHORTEST_STEP:
        moved = _combined(layers, length, change)
        with np.errstate(over="ignore", invalid="ignore"):
            if problem.objective(moved) < before:
                return moved
        length /= 2
    return None


def _scale(
    problem: Problem, layers: Sequence[Layer], rng: np.random.RandomState
) -> list[Layer]:
    """The diagonal of the matrix, for weights and intercepts; always positive."""
    found = []
    for layer, of_weights in zip(layers, diagonal(problem, layers, rng)):
        penalised = of_weights + problem.l2
        mean = float(np.mean(penalised))
        floor = max(mean, float(np.finfo(np.float32).tiny)) * 1e-3
        coef = (penalised + floor).astype(layer.coef.dtype)
        largest = np.max(coef, axis=0)
        intercept = None if layer.intercept is None else largest
        found.append(Layer(coef, intercept))
    return found


def _conjugate_gradients(
    times: Callable[[list[Layer]], list[Layer]],
    residual: list[Layer],
    scale: list[Layer],
    n_iterations: int,
) -> list[Layer]:
    """Solve `times(x) = residual`, preconditioned by a diagonal."""
    solution = [_times(each, 0.0) for each in residual]
    scaled = [_quotient(r, s) for r, s in zip(residual, scale)]
    direction, energy = scaled, _dot(residual, scaled)
    enough = RESIDUAL**2 * energy
    for _ in range(n_iterations):
        if not energy > enough:
            break
        image = times(direction)
        curvature = _dot(direction, image)
        if not curvature > 0:
            break
        length = energy / curvature
        solution = _combined(solution, length, direction)
        residual = _combined(residual, -length, image)
        scaled = [_quotient(r, s) for r, s in zip(residual, scale)]
        last, energy = energy, _dot(residual, scaled)
        direction = _combined(scaled, energy / last, direction)
    return solution


# -- arithmetic of layers --------------------------------------------------------------


def _dot(first: Sequence[Layer], second: Sequence[Layer]) -> float:
    return sum(
        float(np.vdot(a, b))
        for one, other in zip(first, second)
        for a, b in zip(one, other)
        if a is not None
    )


def _combined(
    first: Sequence[Layer], factor: float, second: Sequence[Layer]
) -> list[Layer]:
    """`first + factor * second`, in the dtype of `first`."""
    return [
        x.combined(lambda a, b: a + a.dtype.type(factor) * b, y)
        for x, y in zip(first, second)
    ]


def _times(layer: Layer, factor: float) -> Layer:
    return layer.combined(lambda a: a.dtype.type(factor) * a)


def _product(layer: Layer, other: Layer) -> Layer:
    return layer.combined(np.multiply, other)


def _quotient(layer: Layer, other: Layer) -> Layer:
    return layer.combined(np.divide, other)
