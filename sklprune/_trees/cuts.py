"""Few thresholds for many splits, so that few rows change sides, or none.

The *cuts* of a column lie between its neighbouring distinct values: cut c has c values
below it. A split may be moved to any cut between the rows on its two sides. Cuts that
are close together share a threshold.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from sklprune._codebook import codebook, shortest_between
from sklprune._trees.arrays import levels_of, sum_up
from sklprune._trees.permuted_columns import Splits
from sklprune._typing import Array

#: beyond all rows a threshold is moved by at most this share of it
FAR = 2.0**-8


def split_gaps(splits: Splits, leaf_ids: Array, X: Any) -> tuple[Array, Array]:
    """The largest value left of each split, and the smallest value right of it.

    Parameters
    ----------
    splits : Splits
        The splits of one tree.
    leaf_ids : ndarray of shape (n_rows,), int
        The node of the leaf that each row reaches.
    X : ndarray or CSC matrix of shape (n_rows, n_columns)
        The rows as the tree compares them. Missing values are not counted.

    Returns
    -------
    low, high : ndarray of shape (n_nodes,)
        -inf and inf at leaves, and where no row is on that side.
    """
    n_nodes = len(splits.left)
    levels = levels_of(splits.left, splits.right)
    n_rows = np.bincount(leaf_ids, minlength=n_nodes)
    n_rows = sum_up(np.where(splits.left < 0, n_rows, 0), levels)
    # rows in such an order that those of each node follow each other
    start = np.zeros(n_nodes, dtype=np.intp)
    for nodes, left, right in levels:
        start[left] = start[nodes]
        start[right] = start[nodes] + n_rows[left]
    rows = np.argsort(start[leaf_ids], kind="stable")
    low, high = np.full(n_nodes, -np.inf), np.full(n_nodes, np.inf)
    for nodes, left, right in levels:
        feature = splits.feature[nodes]
        low[nodes] = _extremes(np.fmax, X, rows, start[left], n_rows[left], feature)
        high[nodes] = _extremes(np.fmin, X, rows, start[right], n_rows[right], feature)
    return low, high


def _extremes(
    ufunc: np.ufunc, X: Any, rows: Array, start: Array, n_rows: Array, feature: Array
) -> Array:
    """The extreme value of a column in each of several parts of the rows."""
    empty = -np.inf if ufunc is np.fmax else np.inf
    found = np.full(len(start), empty)
    some = np.flatnonzero(n_rows)
    if not len(some):
        return found
    count = n_rows[some]
    ends = np.cumsum(count)
    place = np.arange(ends[-1]) + np.repeat(start[some] - (ends - count), count)
    values = _values_at(X, rows[place], np.repeat(feature[some], count))
    extreme = ufunc.reduceat(values, ends - count)
    found[some] = np.where(np.isnan(extreme), empty, extreme)
    return found


def _values_at(X: Any, rows: Array, columns: Array) -> Array:
    """One value for each pair of a row and a column, as float64."""
    if sparse.issparse(X):
        return np.asarray(X[rows, columns], dtype=float).ravel()
    return X[rows, columns].astype(float)


class Column(NamedTuple):
    """The values of the rows in a column, and their weights.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        Distinct values, ascending.
    below : ndarray of shape (n_values + 1,)
        Weight of the rows below each cut.
    """

    values: Array
    below: Array

    @classmethod
    def of(cls, column: Array, weight: Array) -> "Column":
        """The column of rows with weights; missing values are not counted."""
        known = ~np.isnan(column)
        values, place = np.unique(column[known].astype(float), return_inverse=True)
        below = np.bincount(place.ravel(), weight[known], minlength=len(values))
        return cls(values, np.append(0.0, np.cumsum(below)))

    def cut(self, threshold: Array) -> Array:
        """The cut at which each threshold separates the values."""
        return np.searchsorted(self.values, threshold, side="right")


def few_thresholds(
    column: Column, threshold: Array, low: Array, high: Array, n_shared: int | None
) -> Array:
    """Short thresholds for the splits of a column, at most `n_shared` of them.

    Without a limit on their number each threshold remains between the same two values
    of the column, so that no row changes sides. Otherwise neighbouring cuts share a
    threshold: k-means on the share of rows below them. A split is moved past few rows
    that reach it if this share changes by little compared with its gap.

    Parameters
    ----------
    column : Column
    threshold : ndarray of shape (n_splits,)
    low, high : ndarray of shape (n_splits,)
        The values next to each split among the rows that reach it.
    n_shared : int or None
        A power of two, or None for no limit.

    Returns
    -------
    ndarray of shape (n_splits,)
    """
    below, n_values = column.below, len(column.values)
    cuts, which = np.unique(column.cut(threshold), return_inverse=True)
    which = which.ravel()
    # the cuts to which each split may be moved without a change of sides
    first = np.where(np.isinf(low), 0, column.cut(low))
    last = np.where(np.isinf(high), n_values, column.cut(high) - 1)
    gap = below[np.minimum(last + 1, n_values)] - below[np.maximum(first - 1, 0)]
    strength = below[-1] / np.maximum(gap, np.finfo(float).tiny)
    group = which
    if n_shared is not None and len(cuts) > n_shared:
        weight = np.bincount(which, strength)
        n_bits = n_shared.bit_length() - 1
        book = codebook(below[cuts], weight, n_bits, uniform=False, has_zero=False)
        shared = np.searchsorted((book[1:] + book[:-1]) / 2, below[cuts])
        group = np.unique(shared, return_inverse=True)[1].ravel()[which]
    n_groups = int(group.max()) + 1
    total = np.bincount(group, strength, n_groups)
    mean = np.bincount(group, threshold * strength, n_groups) / total
    least, most = np.zeros(n_groups, int), np.full(n_groups, n_values)
    np.maximum.at(least, group, first)
    np.minimum.at(most, group, last)
    cut = column.cut(mean)
    cut = np.where(least <= most, np.clip(cut, least, np.maximum(least, most)), cut)
    padded = np.concatenate([[-np.inf], column.values, [np.inf]])
    return _short_near(mean, padded[cut], padded[cut + 1])[group]


def _short_near(mean: Array, low: Array, high: Array) -> Array:
    """A short number in [low, high) that is nearer to the mean than to both ends."""
    # beyond all rows there is no other value that bounds a move
    reach = FAR * np.abs(mean) + np.finfo(np.float32).tiny
    low = np.where(np.isinf(low), np.minimum(mean, high) - reach, low)
    high = np.where(np.isinf(high), np.maximum(mean, low) + reach, high)
    quarter = high / 4 - low / 4
    mean = np.clip(mean, low + quarter, high - quarter)
    near_low, near_high = low / 2 + mean / 2, mean / 2 + high / 2
    fits = (low <= near_low) & (near_low < near_high) & (near_high <= high)
    return shortest_between(
        np.where(fits, near_low, low), np.where(fits, near_high, high)
    )
