"""Merges equal rows into one row with the sum of their weights.

A descent depends on the weights of rows, and also on their number: one row is the unit
of the L2 penalty and of the noise. After equal rows are merged, a row of weight two and
two equal rows give the same model.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from sklprune._frames import columns_of
from sklprune._typing import Array, MatrixLike

#: odd constants with well mixed bits, for hashes of 64 bits
FIRST_FACTOR, SECOND_FACTOR = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xD6E8FEB86659FD93),
)
SHIFT = np.uint64(32)


def distinct_rows(task: Any, targets: Array) -> tuple[Any, Array, Array]:
    """Merge the rows of a task that are equal in X and in their targets.

    Parameters
    ----------
    task : Task
    targets : ndarray of shape (n_rows,) or (n_rows, n_columns)

    Returns
    -------
    task : Task
        The first of the equal rows each, with the sums of the weights. Unchanged if
        all rows differ.
    targets : ndarray
    position : ndarray of shape (n_rows,), int
        The position of each given row among the distinct ones.
    """
    codes = row_codes(task.X) ^ _mixed(_column_codes(targets, task.n_samples))
    _, first, position = np.unique(codes, return_index=True, return_inverse=True)
    if len(first) == task.n_samples:
        return task, targets, np.arange(task.n_samples)
    # in the order of the first occurrence
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    rows, position = first[order], rank[position]
    weight = np.bincount(position, weights=task.sample_weight)
    task = replace(task.take(rows), sample_weight=weight)
    return task, targets[rows], position


def row_codes(X: MatrixLike) -> Array:
    """A hash of each row, equal for equal rows: (n_rows,), uint64."""
    if not sparse.issparse(X):
        of_each = columns_of(X)
        return _combined(map(_codes, of_each), len(of_each[0]) if of_each else len(X))
    X = sparse.csr_matrix(X, copy=True)
    X.sum_duplicates()
    X.eliminate_zeros()
    with np.errstate(over="ignore"):
        columns = _mixed((X.indices.astype(np.uint64) + np.uint64(1)) * FIRST_FACTOR)
        codes = _mixed(_codes(X.data) ^ columns)
    # differences of running sums are sums over the entries of a row, also in overflow
    total = np.append(np.uint64(0), np.cumsum(codes, dtype=np.uint64))
    return total[X.indptr[1:]] - total[X.indptr[:-1]]


def _column_codes(values: Array, n_rows: int) -> Array:
    """`row_codes` of an array that may have one axis."""
    return _combined(map(_codes, np.asarray(values).reshape(n_rows, -1).T), n_rows)


def _combined(columns: Any, n_rows: int) -> Array:
    """One hash for each row, from those of its values."""
    total = np.zeros(n_rows, dtype=np.uint64)
    for codes in columns:
        total = _mixed(total ^ codes)
    return total


def _codes(column: Array) -> Array:
    """A number for each value, equal for equal values: (n_rows,), uint64."""
    column = np.asarray(column)
    if column.dtype.kind not in "biuf":
        column = np.unique(column.astype(str), return_inverse=True)[1]
    # minus zero equals zero, and all missing values are equal
    column = column.astype(float) + 0.0
    column[np.isnan(column)] = np.nan
    return column.view(np.uint64)


def _mixed(codes: Array) -> Array:
    """Spread the differences of numbers over all their bits."""
    with np.errstate(over="ignore"):
        codes = codes * FIRST_FACTOR
        codes = (codes ^ (codes >> SHIFT)) * SECOND_FACTOR
        return codes ^ (codes >> SHIFT)
