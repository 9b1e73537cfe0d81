"""Least squares over so many rows that the outputs of a layer do not fit into memory.

The rows are processed in blocks. What is added up has the size of the layers.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from scipy import linalg

from sklprune._networks.layer import Layer
from sklprune._typing import Array, ArrayLike

#: numbers in a block of rows, 32 MB as float64
BLOCK = 2**22
#: rows are processed in blocks if they would make more blocks than this
MAX_BLOCKS = 4

#: rows of the inputs of a layer, the outputs to reproduce, and weights that sum to 1
Block = tuple[Array, Array, Array]


def row_blocks(n_rows: int, width: int) -> Iterator[slice]:
    """Slices of rows with about `BLOCK` numbers each, for `width` numbers in a row."""
    step = max(1, BLOCK // max(1, width))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


def covariance_of_blocks(blocks: Iterable[Array], weights: Iterable[Array]) -> Array:
    """Covariance of the columns of all blocks together, (n_columns, n_columns).

    The columns are centred at the means of the first block, so that the squares of
    large values with a small variance do not cancel.
    """
    total, mean, gram, shift = 0.0, 0.0, 0.0, None
    for block, weight in zip(blocks, weights):
        block = block.astype(float)
        if shift is None:
            shift = weight @ block / weight.sum() if weight.sum() > 0 else block[0]
        centred = block - shift
        total = total + weight.sum()
        mean = mean + weight @ centred
        gram = gram + centred.T @ (centred * weight[:, None])
    offset = np.asarray(mean) / total
    return np.asarray(gram / total - np.outer(offset, offset))


def hidden_covariances(
    layers: list[Any],
    activate: Callable[[Array], Array],
    X: Any,
    sample_weight: ArrayLike | None,
) -> list[Array]:
    """The covariance of the activations of each hidden layer, from blocks of rows.

    Parameters
    ----------
    layers : list of Layer
    activate : callable
    X : ndarray or CSR matrix of shape (n_rows, n_features)
    sample_weight : ndarray of shape (n_rows,) or None
    """
    n_rows, width = X.shape[0], max(layer.coef.shape[1] for layer in layers)
    weight = np.ones(n_rows) if sample_weight is None else np.asarray(sample_weight)
    slices = list(row_blocks(n_rows, width))
    weights = [weight[rows] for rows in slices]

    def outputs(depth: int) -> Iterator[Array]:
        for rows in slices:
            values = X[rows]
            for layer in layers[:depth]:
                values = activate(layer.forward(values))
            yield values

    return [
        covariance_of_blocks(outputs(depth), weights) for depth in range(1, len(layers))
    ]


def reconstruct_from_blocks(
    layer: Layer, mask: Array, blocks: Callable[[], Iterator[Block]], alpha: float
) -> Layer:
    """The result of `reconstruct` of the refits, from three passes over the blocks.

    Parameters
    ----------
    layer : Layer
        The weights before the change.
    mask : ndarray broadcastable to (n_inputs, n_outputs), bool
        The kept weights.
    blocks : callable
        Returns the blocks of rows, in the same order at each call.
    alpha : float
        L2 penalty on the change, relative to the variance of the inputs.

    Returns
    -------
    Layer
    """
    mask = np.broadcast_to(mask, layer.coef.shape)
    as_they_are, mean = _prior_and_mean(layer, mask, blocks)
    priors = np.stack([as_they_are, np.zeros(mask.shape)])
    moments = _Moments(layer, priors, mean, blocks)
    solutions = [
        moments.solution(layer, mask, k, alpha).combined(
            lambda values: values.astype(layer.coef.dtype)
        )
        for k in range(len(priors))
    ]
    minima = _objectives(solutions, priors, moments.scale, blocks, alpha)
    kept = np.nan_to_num(minima[0], nan=np.inf) <= minima[1]
    first, second = solutions

    def better(one: Array, two: Array) -> Array:
        return np.where(kept, one, two)

    return first.combined(better, second)


def _prior_and_mean(
    layer: Layer, mask: Array, blocks: Callable[[], Iterator[Block]]
) -> tuple[Array, Array]:
    """The kept weights, without those of infinite outputs, and the mean input."""
    prior = np.where(mask, layer.coef, 0).astype(float)
    mean, finite = np.zeros(len(mask)), np.ones(mask.shape[1], bool)
    for inputs, _, weight in blocks():
        mean += weight @ inputs
        with np.errstate(over="ignore", invalid="ignore"):
            finite &= np.isfinite(np.square(inputs @ prior).sum(axis=0))
    prior[:, ~finite] = 0
    return prior, mean if layer.intercept is not None else np.zeros(len(mask))


class _Moments:
    """Second moments of centred inputs, and with what remains of the outputs."""

    def __init__(
        self,
        layer: Layer,
        priors: Array,
        mean: Array,
        blocks: Callable[[], Iterator[Block]],
    ) -> None:
        n_inputs = len(mean)
        gram, self.mean = np.zeros((n_inputs, n_inputs)), mean
        self.cross = np.zeros(priors.shape)
        self.rest = np.zeros((len(priors), priors.shape[2]))
        # an unchanged layer has no residual at all, so that its zeros remain zero
        unchanged = layer._replace(coef=priors[0].astype(layer.coef.dtype))
        for inputs, outputs, weight in blocks():
            centred = inputs - mean
            weighted = centred * weight[:, None]
            gram += centred.T @ weighted
            residuals = (outputs - unchanged.forward(inputs), outputs)
            for k, residual in enumerate(residuals):
                self.cross[k] += weighted.T @ residual
                self.rest[k] += weight @ residual
        variance = np.diag(gram)
        # a constant input cannot reproduce anything, and its weight is not changed
        self.varies = variance > 1e-12 * mean**2
        self.scale = np.sqrt(np.where(self.varies, variance, 1.0))
        self.gram = gram / np.outer(self.scale, self.scale)
        self.priors = priors

    def solution(self, layer: Layer, mask: Array, k: int, alpha: float) -> Layer:
        """The layer with the smallest error for prior k, as float64."""
        coef = self.priors[k].copy()
        supports, label = np.unique(mask, axis=1, return_inverse=True)
        for i, support in enumerate(supports.T):
            alike = np.flatnonzero(label.ravel() == i)
            rows = np.flatnonzero(support & self.varies)
            if not len(rows):
                continue
            scale = self.scale[rows][:, None]
            left = self.gram[np.ix_(rows, rows)]
            left[np.diag_indices_from(left)] += alpha
            right = self.cross[k][np.ix_(rows, alike)] / scale
            coef[np.ix_(rows, alike)] += (
                linalg.solve(left, right, assume_a="pos") / scale
            )
        if layer.intercept is None:
            return Layer(coef, None)
        start = layer.intercept if k == 0 else 0.0
        change = coef - self.priors[k]
        return Layer(coef, start + self.rest[k] - self.mean @ change)


def _objectives(
    solutions: list[Layer],
    priors: Array,
    scale: Array,
    blocks: Callable[[], Iterator[Block]],
    alpha: float,
) -> Array:
    """The minimised function for each prior and output, of weights as stored."""
    with np.errstate(over="ignore", invalid="ignore"):
        minima = np.stack(
            [
                alpha * np.square(scale[:, None] * (layer.coef - prior)).sum(axis=0)
                for layer, prior in zip(solutions, priors)
            ]
        )
        for inputs, outputs, weight in blocks():
            for k, layer in enumerate(solutions):
                minima[k] += weight @ np.square(outputs - layer.forward(inputs))
    return minima


def layer_blocks(
    layers: list[Any],
    solved: list[Any],
    activate: Callable[[Array], Array],
    X: Array,
    sample_weight: ArrayLike | None,
) -> Callable[[], Iterator[Block]]:
    """The blocks for the first layer that is not solved yet.

    Parameters
    ----------
    layers : list of Layer
        The unpruned network, whose outputs are reproduced.
    solved : list of Layer
        The first layers of the pruned network, which give the inputs.
    activate : callable
    X : ndarray of shape (n_rows, n_features)
    sample_weight : ndarray of shape (n_rows,) or None
    """
    weight = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight)
    total, width = weight.sum(), max(max(layer.coef.shape) for layer in layers)

    def blocks() -> Iterator[Block]:
        for rows in row_blocks(len(X), width):
            inputs = dense_inputs = np.asarray(X[rows])
            for layer, smaller in zip(layers, solved):
                dense_inputs = activate(layer.forward(dense_inputs))
                inputs = activate(smaller.forward(inputs))
            outputs = layers[len(solved)].forward(dense_inputs).astype(float)
            yield inputs.astype(float), outputs, weight[rows] / total

    return blocks
