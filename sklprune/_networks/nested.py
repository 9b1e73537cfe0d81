"""Trains networks of several widths in one set of weights.

The network of a smaller width consists of the first units of each hidden layer. In each
batch, the gradients of the largest, the smallest and one other width are added, as in
slimmable networks (sandwich rule).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sklprune._networks.layer import Layer
from sklprune._networks.problem import Problem
from sklprune._networks.training import Adam, batches_of, copied, warn_of_divergence
from sklprune._progress import tracked
from sklprune._typing import Array

#: numbers of units of the hidden layers
Widths = tuple[int, ...]
#: widths whose mean objective selects the epoch
N_JUDGED = 5


def first_units(layers: Sequence[Layer], widths: Widths) -> list[Layer]:
    """The network of the first units of each hidden layer, as views."""
    inputs = [layers[0].coef.shape[0], *widths]
    outputs = [*widths, layers[-1].coef.shape[1]]
    return [
        Layer(layer.coef[:n_in, :n_out], layer.intercept[:n_out])
        for layer, n_in, n_out in zip(layers, inputs, outputs)
    ]


def in_order(layers: Sequence[Layer], orders: Sequence[Array]) -> list[Layer]:
    """The same network with the hidden units of each layer in another order."""
    everything: list[Any] = [slice(None)]
    inputs, outputs = [*everything, *orders], [*orders, *everything]
    return [
        Layer(layer.coef[rows][:, columns], layer.intercept[columns])
        for layer, rows, columns in zip(layers, inputs, outputs)
    ]


def train_nested(
    layers: Sequence[Layer],
    problem: Problem,
    sizes: Sequence[Widths],
    rng: np.random.RandomState,
    *,
    max_epochs: int,
    learning_rate: float,
) -> list[Layer]:
    """Train networks of several widths by Adam, in batches.

    The learning rate falls linearly to zero over the epochs.

    Parameters
    ----------
    layers : list of Layer
        The starting point; it is not changed.
    problem : Problem
        With the L2 penalty, which holds for each width.
    sizes : list of tuple of int
        The widths that are trained, the largest first.
    rng : RandomState
    max_epochs : int
    learning_rate : float

    Returns
    -------
    list of Layer
        Those of the epoch with the lowest mean objective over the widths.

    Warns
    -----
    UserWarning
        If the loss is no longer finite. The best layers before that are returned.
    """
    layers = copied(layers)
    adam = Adam([array for layer in layers for array in layer])
    which = np.linspace(0, len(sizes) - 1, min(N_JUDGED, len(sizes)))
    judged = [sizes[i] for i in np.round(which).astype(int)]
    best, lowest = layers, np.inf
    for epoch in tracked(range(max_epochs + 1), "epochs"):
        with np.errstate(over="ignore", invalid="ignore"):
            objectives = [problem.objective(first_units(layers, w)) for w in judged]
        mean = float(np.mean(objectives))
        if not np.isfinite(mean):
            warn_of_divergence("SharedWidths", epoch, learning_rate)
            break
        if mean < lowest:
            best, lowest = copied(layers), mean
        if epoch == max_epochs:
            break
        rate = learning_rate * (1 - epoch / max_epochs)
        for rows in tracked(batches_of(len(problem.targets), rng), "batches"):
            with np.errstate(over="ignore", invalid="ignore"):
                gradients = nested_gradients(
                    problem.take(rows), layers, _sandwich(sizes, rng)
                )
                adam.step([a for layer in gradients for a in layer], rate)
    return best


def _sandwich(sizes: Sequence[Widths], rng: np.random.RandomState) -> list[Widths]:
    """The largest and the smallest width, and one between them."""
    chosen = [sizes[0]]
    if len(sizes) > 2:
        chosen.append(sizes[rng.randint(1, len(sizes) - 1)])
    return [*chosen, sizes[-1]] if len(sizes) > 1 else chosen


def nested_gradients(
    problem: Problem, layers: Sequence[Layer], sizes: Sequence[Widths]
) -> list[Layer]:
    """The gradient of the sum of the objectives of several widths.

    Parameters
    ----------
    problem : Problem
    layers : list of Layer
        The network of the largest width.
    sizes : list of tuple of int

    Returns
    -------
    list of Layer
        In the shapes of the layers.
    """
    total = [layer.combined(np.zeros_like) for layer in layers]
    for widths in sizes:
        smaller = first_units(layers, widths)
        sums = first_units(total, widths)
        for found, layer, gradient in zip(sums, smaller, problem.gradients(smaller)):
            found.coef[...] += gradient.coef + problem.l2 * layer.coef
            found.intercept[...] += gradient.intercept
    return total
