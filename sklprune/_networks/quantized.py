"""Layers whose weights have few distinct values, with the error of each compensated.

The weights of a layer are quantised input by input. The error of each is compensated in
the weights of the inputs that follow, by the inverse of the second derivatives of the
squared error of the outputs: optimal brain surgeon, in the order of GPTQ. Then the
values of the codebook are fitted by least squares, and the intercepts.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import linalg, sparse

from sklprune._codebook import codebook, nearest, shorter
from sklprune._networks.layer import Layer
from sklprune._typing import Array

#: this fraction of the mean of its diagonal is added to a matrix of second derivatives
DAMPING = 1e-2
#: a larger codebook is not fitted: its rounding errors are small
MAX_FITTED = 64
#: intercepts of as many outputs or more are multiples of a step; it is the spread of
#: the outputs, divided by the number of values of a weight, and by two to this power
MANY_OUTPUTS, EXTRA_BITS = 32, 2
#: more inputs of a layer are compensated in blocks of this size
BLOCK = 2000


def quantized(
    layers: Sequence[Layer],
    rows: Any,
    weight: Array,
    activate: Callable[[Array], Array],
    n_bits: int,
    *,
    uniform: bool = False,
    per_output: bool = False,
) -> list[Layer]:
    """Layers with at most `2 ** n_bits` distinct weights each.

    Weights that are zero remain zero. With 16 bits or more the values are those of a
    shorter floating-point number.

    Parameters
    ----------
    layers : list of Layer
    rows : ndarray or sparse matrix of shape (n_rows, n_inputs)
    weight : ndarray of shape (n_rows,)
        Weights of the rows.
    activate : callable
        The activation of hidden layers.
    n_bits : int
    uniform : bool
        Whether the values have equal distances.
    per_output : bool
        Whether each output has a codebook of its own.
    """
    inputs, given = rows, rows
    weight = weight / weight.sum()
    done: list[Layer] = []
    for layer in layers:
        wanted = layer.forward(given)
        given = activate(wanted)
        if n_bits >= 16:
            new = layer._replace(coef=shorter(layer.coef, n_bits))
        else:
            moments = Moments(inputs, weight, layer.intercept is not None)
            new = _quantized_layer(
                layer, moments, inputs, wanted, n_bits, uniform, per_output
            )
        if layer.intercept is not None:
            error = weight @ (wanted - np.asarray(inputs @ new.coef))
            new = new._replace(
                intercept=_short_intercepts(error, wanted, weight, n_bits)
            )
        done.append(new)
        inputs = activate(new.forward(inputs))
    return done


def _short_intercepts(
    values: Array, outputs: Array, weight: Array, n_bits: int
) -> Array:
    """Intercepts of fewer digits, relative to the spread of the outputs.

    With few outputs, they take hardly any bytes, and are of half precision.
    """
    if n_bits >= 16 or len(values) < MANY_OUTPUTS:
        return shorter(values, max(16, n_bits))
    variance = weight @ np.square(outputs) - np.square(weight @ outputs)
    spread = float(np.sqrt(max(0.0, float(np.median(variance)))))
    if not spread:
        return shorter(values, 16)
    step = 2.0 ** (np.floor(np.log2(spread)) - n_bits - EXTRA_BITS)
    return shorter(np.round(values / step) * step, 32)


class Moments:
    """Second moments of the inputs of a layer, centred if it has an intercept."""

    def __init__(self, inputs: Any, weight: Array, centred: bool) -> None:
        self.weight, self.inputs = weight, inputs
        self.mean = np.asarray(inputs.T @ weight, dtype=float)
        if not centred:
            self.mean = np.zeros_like(self.mean)
        if sparse.issparse(inputs):
            gram = (inputs.multiply(weight[:, None]).T @ inputs).toarray()
        else:
            gram = (inputs * weight[:, None]).T @ inputs
        self.gram = np.asarray(gram, dtype=float) - np.outer(self.mean, self.mean)

    def products(self, outputs: Array) -> Array:
        """Second moments of the inputs with outputs: (n_inputs, n_outputs)."""
        weighted = outputs * self.weight[:, None]
        return np.asarray(self.inputs.T @ weighted) - np.outer(
            self.mean, weighted.sum(axis=0)
        )


def _quantized_layer(
    layer: Layer,
    moments: Moments,
    inputs: Any,
    wanted: Array,
    n_bits: int,
    uniform: bool,
    per_output: bool,
) -> Layer:
    coef = layer.coef.astype(float)
    used = coef != 0
    variance = np.diag(moments.gram)
    every = range(coef.shape[1]) if per_output else ()
    groups = [slice(j, j + 1) for j in every] or [slice(None)]
    result = np.zeros_like(coef)
    right = moments.products(np.asarray(wanted, dtype=float))
    for group in groups:
        columns = (slice(None), group)
        part, mask = coef[columns], used[columns]
        if not mask.any():
            continue
        weights = np.broadcast_to(variance[:, None], part.shape)
        book = codebook(part[mask], weights[mask], n_bits, uniform, not mask.all())
        rounded = compensated(part, mask, book, moments.gram)
        if len(book) <= MAX_FITTED:
            rounded = _fitted(rounded, mask, moments.gram, right[columns])
        result[columns] = rounded
    result = np.where(used, shorter(result, 16), 0)
    return layer._replace(coef=result.astype(layer.coef.dtype))


def compensated(coef: Array, mask: Array, book: Array, gram: Array) -> Array:
    """Weights of a codebook, each error compensated in weights that follow."""
    result = np.zeros_like(coef)
    for begin in range(0, len(coef), BLOCK):
        block = slice(begin, begin + BLOCK)
        result[block] = _compensated_block(
            coef[block].copy(), mask[block], book, gram[block, block]
        )
    return result


def _compensated_block(coef: Array, mask: Array, book: Array, gram: Array) -> Array:
    damped = gram.copy()
    diagonal = np.diag(gram)
    damping = DAMPING * diagonal.mean() if diagonal.any() else 1.0
    damped[np.diag_indices_from(damped)] += damping
    # inputs of large variance come first: later ones compensate their errors
    order = np.argsort(-diagonal, kind="stable")
    factor = linalg.inv(damped[np.ix_(order, order)])
    upper = linalg.cholesky((factor + factor.T) / 2, lower=False)
    current, kept = coef[order], mask[order]
    rounded = np.zeros_like(current)
    for j in range(len(current)):
        rounded[j] = np.where(kept[j], nearest(current[j], book), 0)
        error = (current[j] - rounded[j]) / upper[j, j]
        current[j + 1 :] -= np.outer(upper[j, j + 1 :], error) * kept[j + 1 :]
    result = np.empty_like(coef)
    result[order] = rounded
    return result


def _fitted(coef: Array, mask: Array, gram: Array, right: Array) -> Array:
    """The same weights with values of the codebook by least squares.

    Parameters
    ----------
    coef : ndarray of shape (n_inputs, n_outputs)
        Weights of a codebook.
    mask : ndarray of the same shape, bool
        The weights that are not zero.
    gram : ndarray of shape (n_inputs, n_inputs)
    right : ndarray of shape (n_inputs, n_outputs)
        Second moments of the inputs with the outputs to reproduce.
    """
    book, code = np.unique(coef[mask], return_inverse=True)
    codes = np.full(coef.shape, -1)
    codes[mask] = code.ravel()
    left, known = np.zeros((len(book), len(book))), np.zeros(len(book))
    for j in range(coef.shape[1]):
        used = np.flatnonzero(mask[:, j])
        shape = (len(book), len(used))
        each = (np.ones(len(used)), (codes[used, j], np.arange(len(used))))
        indicator = sparse.csr_matrix(each, shape=shape)
        left += indicator @ (indicator @ gram[np.ix_(used, used)]).T
        known += indicator @ right[used, j]
    # towards the values as they are, where the rows do not determine them
    ridge = 1e-6 * np.trace(left) / max(len(book), 1) + np.finfo(float).tiny
    change = linalg.solve(
        left + ridge * np.eye(len(book)), known - left @ book, assume_a="pos"
    )
    return np.where(mask, (book + change)[np.maximum(codes, 0)], 0)
