"""Training of the weights that stay, by Adam or L-BFGS; what is zero stays zero."""

import numpy as np
from scipy.optimize import minimize

from sklprune.families._layered import Layer

#: rows in a batch, and batches in an epoch where there are few rows
MAX_BATCH, MIN_BATCH, MIN_STEPS = 200, 64, 25
#: training ends where the loss has not fallen by this share for so many epochs
TOLERANCE, PATIENCE = 1e-4, 5


class Adam:
    """Adam over a list of arrays, which are written to (Kingma and Ba 2015)."""

    def __init__(self, arrays):
        self.arrays = arrays
        self.first = [np.zeros_like(array) for array in arrays]
        self.second = [np.zeros_like(array) for array in arrays]
        self.steps = 0

    def step(self, gradients, learning_rate):
        self.steps += 1
        # both moments start from zero, and are too small at first
        rate = learning_rate * np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        for array, gradient, first, second in zip(
            self.arrays, gradients, self.first, self.second
        ):
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient**2 - second)
            array -= rate * first / (np.sqrt(second) + 1e-8)


def train(layers, problem, *, penalty, max_epochs, learning_rate, rng):
    """Lower the loss of a network by Adam, in batches.

    The gradients of what is zero are masked before Adam sees them: its moments would
    revive it otherwise. The step falls to zero along the epochs.

    Parameters
    ----------
    layers : list of Layer
        Where training starts; not written to.
    problem : Problem
    penalty : float
        Half of it, times the sum of squared weights, is added to the mean loss.
    max_epochs : int
    learning_rate : float
    rng : RandomState

    Returns
    -------
    list of Layer
        The best of those at the ends of epochs and at the start, by the loss on all
        rows with its penalty.
    """
    layers = _copied(layers)
    masks = [layer.coef != 0 for layer in layers]
    adam = Adam([array for layer in layers for array in layer])
    best, lowest, waited = layers, np.inf, 0
    for epoch in range(max_epochs + 1):
        loss = _penalised(problem, layers, penalty)
        waited = 0 if loss < lowest * (1 - TOLERANCE) else waited + 1
        if loss < lowest:
            best, lowest = _copied(layers), loss
        if waited == PATIENCE or epoch == max_epochs:
            return best
        rate = learning_rate * (1 - epoch / max_epochs)
        for rows in _batches(len(problem.targets), rng):
            gradients = problem.take(rows).gradients(layers)
            adam.step(_masked(gradients, layers, masks, penalty), rate)


def _batches(n_rows, rng):
    """Positions of the rows of each batch, in a new order."""
    size = int(np.clip(n_rows // MIN_STEPS, MIN_BATCH, MAX_BATCH))
    order = rng.permutation(n_rows)
    return [order[start : start + size] for start in range(0, n_rows, size)]


def _penalised(problem, layers, penalty):
    squares = sum(float(np.square(layer.coef).sum()) for layer in layers)
    return problem.loss(layers) + penalty / 2 * squares


def _masked(gradients, layers, masks, penalty):
    """Gradients of coefficients and intercepts in turn, those of zeros at zero."""
    return [
        array
        for gradient, layer, mask in zip(gradients, layers, masks)
        for array in (
            mask * (gradient.coef + penalty * layer.coef),
            gradient.intercept,
        )
    ]


def _copied(layers):
    return [Layer(layer.coef.copy(), layer.intercept.copy()) for layer in layers]


def solve(layer, mask, problem, *, squared, absolute, max_iter):
    """Minimise the loss of a network of one layer on a support, by L-BFGS.

    The penalty is squared / 2 times the sum of squares plus `absolute` times the sum
    of absolute values. For the latter each weight is the difference of two that are
    not negative, which makes the problem a smooth one with bounds.

    Parameters
    ----------
    layer : Layer
        Where it starts.
    mask : ndarray of the shape of the coefficients, bool
        Weights that stay; the others are zero.
    problem : Problem
    squared, absolute : float
    max_iter : int

    Returns
    -------
    Layer
    """
    n_weights = np.count_nonzero(mask)
    signs = np.array([1.0, -1.0]) if absolute else np.array([1.0])
    n_parts = len(signs) * n_weights
    bare = layer.intercept is None

    def unpacked(x):
        coef = np.zeros(mask.shape)
        coef[mask] = signs @ x[:n_parts].reshape(len(signs), n_weights)
        return Layer(coef, None if bare else x[n_parts:])

    def objective(x):
        now = unpacked(x)
        (gradient,) = problem.gradients([now])
        parts = np.outer(signs, (gradient.coef + squared * now.coef)[mask]) + absolute
        value = _penalised(problem, [now], squared) + absolute * x[:n_parts].sum()
        return value, np.append(parts, [] if bare else gradient.intercept)

    parts = np.outer(signs, layer.coef[mask])
    x = np.append(
        np.maximum(parts, 0) if absolute else parts, [] if bare else layer.intercept
    )
    bounds = [(0, None)] * n_parts + [(None, None)] * (len(x) - n_parts)
    found = minimize(
        objective,
        x,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds if absolute else None,
        options={"maxiter": max_iter, "ftol": 1e-12, "gtol": 1e-6},
    )
    return unpacked(found.x)
