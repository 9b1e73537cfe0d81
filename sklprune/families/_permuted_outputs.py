"""Outputs of linear models and networks for rows in which columns are permuted.

`PermutedOutputs` is the capability "fast_permutation". The permutation of one column
changes only the part that this column adds to the outputs.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from sklprune._frames import as_matrix
from sklprune._permutation.moved import Moved
from sklprune._permutation.tables import reordered
from sklprune._typing import Array, Estimator, MatrixLike
from sklprune.families._layered import Layer

#: positions of changes, and the outputs after them
Stream: TypeAlias = Iterator[tuple[Any, Any]]
#: number of values of a hidden layer that are computed at once: 1 MB
MAX_HIDDEN = 131_072
#: number of rows in which a column that is not constant mostly has several values
N_FIRST = 16
#: relative distance within which two outputs are compared by the model itself
NEARLY_EQUAL = 1e-12


class PermutedOutputs:
    """The capability "fast_permutation".

    The *outputs* of a model are what its predictions are computed from row by row: the
    decision values of a linear model, or the raw prediction of trees.
    """

    def capabilities(self, estimator: Estimator) -> frozenset[str]:
        offered: frozenset[str] = super().capabilities(estimator)  # type: ignore[misc]
        return offered | {"fast_permutation"}

    def output_model(self, estimator: Estimator) -> Estimator:
        """A model whose rows are outputs of the estimator, with the same responses."""
        raise NotImplementedError

    def permuted_outputs(
        self,
        estimator: Estimator,
        X: MatrixLike,
        changes: Sequence[Any],
        n_at_once: int,
    ) -> Stream | None:
        """The outputs for X, and then the outputs after the changes of X.

        Parameters
        ----------
        estimator : estimator
        X : ndarray, CSC matrix or data frame of shape (n_rows, n_features)
            Rows that the estimator can predict.
        changes : sequence of Change
            Each has `columns` and `orders` of shape (n_repeats, n_rows): in repeat r,
            the columns contain the values of the rows `orders[r]`.

        n_at_once : int
            Several changes may be combined, up to this number.

        Returns
        -------
        iterator of (positions, outputs), or None
            The positions of some changes, and an array of shape (n_positions *
            n_repeats, n_rows, n_outputs) or its parts as `Moved`. The outputs are None
            if the changes do not affect them. Before all changes comes an array with
            one repeat for X itself. The result is None if X has a form for which the
            outputs are not known.
        """
        raise NotImplementedError

    def predicted(self, estimator: Estimator, outputs: Array) -> Array | None:
        """The predictions of shape (n_repeats, n_rows), if they are quickly computed.

        Classes are given as positions in `classes_`. None if `predict` of
        `output_model` has to be called.
        """
        return None


class PermutedLinear(PermutedOutputs):
    """The capability for models of one layer: `LayeredFamily.layers`."""

    def output_model(self, estimator: Estimator) -> Estimator:
        (layer,) = self.layers(estimator)  # type: ignore[attr-defined]
        n_outputs = layer.coef.shape[1]
        intercept = None if layer.intercept is None else np.zeros(n_outputs)
        model = self.with_layers(  # type: ignore[attr-defined]
            estimator, [Layer(np.eye(n_outputs), intercept)]
        )
        return with_n_inputs(model, n_outputs)

    def permuted_outputs(
        self,
        estimator: Estimator,
        X: MatrixLike,
        changes: Sequence[Any],
        n_at_once: int,
    ) -> Stream | None:
        (layer,) = self.layers(estimator)  # type: ignore[attr-defined]
        return permuted_layer(estimator, X, changes, n_at_once, *layer)

    def predicted(self, estimator: Estimator, outputs: Array) -> Array | None:
        if hasattr(estimator, "classes_"):
            several = outputs.shape[-1] > 1
            return _largest(outputs) if several else outputs[..., 0] > 0
        # a generalised linear model has a link function
        linear = not any(
            "Generalized" in cls.__name__ for cls in type(estimator).__mro__
        )
        return outputs[..., 0] if linear and estimator.coef_.ndim == 1 else None


class PermutedNetwork(PermutedOutputs):
    """The capability for networks: `LayeredFamily.layers` and `activate`.

    The outputs are those of the last layer before its activation. A permutation changes
    the inputs of the first hidden layer only by the part of the permuted columns.
    """

    def output_model(self, estimator: Estimator) -> Estimator:
        family: Any = self
        n_outputs = estimator.coefs_[-1].shape[1]
        model = family.strip(estimator)
        model.coefs_, model.intercepts_ = [np.eye(n_outputs)], [np.zeros(n_outputs)]
        model.n_layers_, model.hidden_layer_sizes = 2, ()
        return with_n_inputs(model, n_outputs)

    def permuted_outputs(
        self,
        estimator: Estimator,
        X: MatrixLike,
        changes: Sequence[Any],
        n_at_once: int,
    ) -> Stream | None:
        family: Any = self
        rows = matrix_of_floats(X)
        first, *rest = family.layers(estimator)
        if rows is None or first.coef.dtype != np.float64:
            return None

        def outputs(hidden: Array) -> Array:
            for layer in rest:
                hidden = layer.forward(family.activate(estimator, hidden))
            return hidden

        hidden = first.forward(rows)
        if not sparse.issparse(rows):
            rows = np.asfortranarray(rows)
        before = _in_blocks(outputs, hidden)
        after = (
            ([i], _after_layers(outputs, hidden, rows, first.coef, change))
            for i, change in enumerate(changes)
        )
        return chain([([], before[None])], after)


def _in_blocks(outputs: Any, hidden: Array) -> Array:
    """Outputs of layers for some rows at a time, so that they fit into a cache."""
    size = max(1, MAX_HIDDEN // hidden.shape[1])
    return np.concatenate(
        [outputs(hidden[i : i + size]) for i in range(0, len(hidden), size)]
    )


def _after_layers(
    outputs: Any, hidden: Array, rows: Any, coef: Array, change: Any
) -> Array | None:
    """The outputs of a network after a change of its inputs."""
    coef = coef[change.columns]
    values = rows[:, change.columns]
    values = values.toarray() if sparse.issparse(values) else values
    if not coef.any() or (values == values[0]).all():
        return None
    found, size = [], max(1, MAX_HIDDEN // hidden.shape[1])
    for order in change.orders:
        added = values.take(order, axis=0) - values
        found += [
            outputs(hidden[i : i + size] + added[i : i + size] @ coef)
            for i in range(0, len(hidden), size)
        ]
    return np.concatenate(found).reshape(len(change.orders), len(hidden), -1)


def matrix_of_floats(X: MatrixLike) -> Any:
    """X as an array or a sparse matrix of float64; None if it is no table of numbers.

    Single precision is not converted, since the model computes in single precision.
    """
    X = as_matrix(X)
    if X.dtype == np.float64:
        return X
    return X.astype(float) if X.dtype.kind in "biu" else None


def with_n_inputs(model: Estimator, n_inputs: int) -> Estimator:
    """Let a copy of a model take rows of another width, without names; in place."""
    model.n_features_in_ = n_inputs
    model.__dict__.pop("feature_names_in_", None)
    return model


def permuted_layer(
    estimator: Estimator,
    X: MatrixLike,
    changes: Sequence[Any],
    n_at_once: int,
    coef: Array,
    intercept: Any,
) -> Stream | None:
    """The outputs of one layer of weights: see `PermutedOutputs.permuted_outputs`.

    Where a permutation brings the largest outputs of a classifier within rounding of
    each other, they are computed anew by its `decision_function`, so that the
    predicted classes are the same.
    """
    rows = matrix_of_floats(X)
    if rows is None or coef.dtype != np.float64:
        return None
    outputs = rows @ coef
    if intercept is not None:
        outputs = outputs + intercept
    single = all(
        len(change.columns) == 1 and change.orders is changes[0].orders
        for change in changes
    )
    if sparse.issparse(rows) or coef.shape[1] > 1 or not single:
        parts = _each(rows, outputs, coef, changes)
    else:
        parts = _several(rows, outputs, coef, changes, n_at_once)
    if hasattr(estimator, "classes_"):
        parts = _decided(estimator, X, changes, parts, np.abs(outputs).max())
    return chain([([], outputs[None])], parts)


def _each(rows: Any, outputs: Array, coef: Array, changes: Sequence[Any]) -> Stream:
    """The outputs after each change, one change after the other."""
    if not sparse.issparse(rows):
        rows = np.asfortranarray(rows)  # columns are read one by one
    for i, change in enumerate(changes):
        added = _contribution(rows, change.columns, coef)
        if added is None:
            yield [i], None
            continue
        # one plane for each output, which all later steps read as a whole
        rest = np.ascontiguousarray((outputs - added).T)
        found = np.ascontiguousarray(added.T).take(change.orders, axis=1)
        found += rest[:, None]
        yield [i], np.moveaxis(found, 0, -1)


def _several(
    rows: Array, outputs: Array, coef: Array, changes: Sequence[Any], n_at_once: int
) -> Stream:
    """The same for a single output and changes of single columns."""
    columns = np.array([change.columns[0] for change in changes], dtype=int)
    factors, constant = coef[columns, 0], _constant(rows)[columns]
    means = rows.mean(axis=0)[columns]
    unaffected = constant | (factors == 0)
    if unaffected.any():
        yield np.flatnonzero(unaffected), None
    used = np.flatnonzero(~unaffected)
    work = np.empty(changes[0].orders.size)
    for start in range(0, len(used), n_at_once):
        positions = used[start : start + n_at_once]
        # means of zero, so that products of the parts are not large
        added = rows[:, _as_slice(columns[positions])].T - means[positions, None]
        added = np.ascontiguousarray(added)
        added *= factors[positions, None]
        rest = outputs[:, 0] - added
        yield positions, Moved(rest, added, changes[0].orders, work)


def _constant(rows: Array) -> Array:
    """Whether each column has one value only."""
    constant = (rows[:N_FIRST] == rows[0]).all(axis=0)
    constant[constant] = (rows[:, constant] == rows[0, constant]).all(axis=0)
    return constant


def _as_slice(columns: Array) -> Any:
    """Positions as a slice if they are adjacent, which copies less."""
    adjacent = columns[-1] - columns[0] == len(columns) - 1 and (
        len(columns) < 2 or (np.diff(columns) == 1).all()
    )
    return slice(columns[0], columns[-1] + 1) if adjacent else columns


def _decided(
    estimator: Estimator,
    X: MatrixLike,
    changes: Sequence[Any],
    parts: Stream,
    largest: float,
) -> Stream:
    """Outputs whose largest ones are never within rounding of each other.

    Parameters
    ----------
    parts : iterator
        Outputs in the order of the changes.
    largest : float
        The largest absolute output without a change.
    """
    for positions, found in parts:
        if found is None:
            yield positions, None
            continue
        if isinstance(found, Moved):
            # the parts of a sum may be larger than the sum
            distance = NEARLY_EQUAL * (largest + 2 * np.abs(found.added).max())
            labels = found.positive(distance)
            if labels is not None:
                yield positions, found._replace(labels=labels)
                continue
            found = found.array()
        distance = NEARLY_EQUAL * (2 * largest + 2 * max(found.max(), -found.min()))
        n_repeats = len(found) // len(positions)
        for k in _nearly_tied(found, distance):
            change = changes[positions[k // n_repeats]]
            order = change.orders[k % n_repeats]
            (table,) = reordered(X, change._replace(orders=order[None]))
            anew = estimator.decision_function(table)
            found[k] = anew.reshape(found[k].shape)
        yield positions, found


def _contribution(rows: Any, columns: Array, coef: Array) -> Array | None:
    """What columns add to the outputs: (n_rows, n_outputs).

    None if it is the same for all rows, so that no permutation changes an output.
    """
    coef = coef[columns]
    if not coef.any():
        return None
    if len(columns) == 1 and not sparse.issparse(rows):
        added = rows[:, columns[0], None] * coef
    else:
        added = rows[:, columns] @ coef
    return None if (added == added[0]).all() else added


def _nearly_tied(outputs: Array, distance: float) -> Array:
    """The repeats in which a predicted class might depend on rounding."""
    if outputs.shape[-1] == 1:
        absolute = np.abs(outputs)
        if absolute.min() > distance:
            return np.empty(0, dtype=int)
        return np.flatnonzero((absolute <= distance).any(axis=(1, 2)))
    best, second = outputs[..., 0].copy(), np.full(outputs.shape[:-1], -np.inf)
    for k in range(1, outputs.shape[-1]):
        np.maximum(second, np.minimum(best, outputs[..., k]), out=second)
        np.maximum(best, outputs[..., k], out=best)
    return np.flatnonzero((second >= best - distance).any(axis=1))


def _largest(outputs: Array) -> Array:
    """The position of the largest output of each row, (n_repeats, n_rows).

    One comparison for each output is several times as fast as `argmax` over few of
    them.
    """
    best = outputs[..., 0].copy()
    codes = np.zeros(best.shape, dtype=np.int32)
    for k in range(1, outputs.shape[-1]):
        # a later output that is larger has a larger position
        larger = np.multiply(outputs[..., k] > best, k, dtype=np.int32)
        np.maximum(codes, larger, out=codes)
        np.maximum(best, outputs[..., k], out=best)
    return codes.astype(np.intp)
