"""Row orders that permute a column only among rows with similar correlated columns.

A permutation of a column breaks its relation to all other columns, and the model then
predicts rows that never occur. Within bins of the correlated columns that relation is
largely kept, so that a column is important only for what the others do not tell.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from scipy.stats import rankdata

from sklprune._frames import columns_of, frame_kind
from sklprune._permutation.orders import Change
from sklprune._typing import Array, MatrixLike

#: smallest Spearman correlation of a column that bins are formed from
MIN_CORRELATION = 0.3
#: largest number of such columns, the most correlated ones
MAX_CORRELATED = 10
#: rows of a bin at least, and bins at most
MIN_ROWS, MAX_BINS = 10, 20
#: largest number of values of a sparse matrix that is made dense: 200 MB
MAX_DENSE = 25_000_000


def conditional_changes(
    X: MatrixLike, groups: Sequence[Array], orders: Array
) -> list[Change]:
    """Changes that permute each group of columns within bins of correlated columns.

    The bins are quantiles of a linear prediction of the column from the columns that
    correlate with it, in ranks. A group of columns takes the bins of the one that
    correlates most. Without any correlated column the orders are the given ones.

    Parameters
    ----------
    X : array, CSC matrix or data frame of shape (n_rows, n_features)
    groups : sequence of ndarray of int
        Columns that are permuted together.
    orders : ndarray of shape (n_repeats, n_rows), int
        Permutations of all rows.

    Raises
    ------
    ValueError
        If X is sparse, and too large to be made dense.
    """
    ranks = standard_ranks(X, "conditional=True")
    # a random key for each row and repeat
    keys = np.argsort(orders, axis=1)
    changes = []
    for group in groups:
        bins = _bins(ranks, np.atleast_1d(group))
        own = orders if bins is None else np.array([_within(bins, key) for key in keys])
        changes.append(Change(np.atleast_1d(group), own))
    return changes


def _within(bins: Array, keys: Array) -> Array:
    """An order that permutes rows within bins, at random by their keys."""
    order = np.empty(len(bins), dtype=np.intp)
    order[np.argsort(bins, kind="stable")] = np.lexsort((keys, bins))
    return order


def _bins(ranks: Array, group: Array) -> Array | None:
    """The bin of each row, or None where no other column correlates with a group."""
    n_rows = len(ranks)
    correlation = ranks.T @ ranks[:, group] / n_rows
    strength = np.abs(correlation)
    strength[group] = 0
    column = int(strength.max(axis=0, initial=0).argmax()) if len(group) else 0
    if not len(group) or strength[:, column].max(initial=0) < MIN_CORRELATION:
        return None
    strength = strength[:, column]
    strongest = np.argsort(-strength, kind="stable")[:MAX_CORRELATED]
    others = ranks[:, strongest[strength[strongest] >= MIN_CORRELATION]]
    coef = np.linalg.lstsq(others, ranks[:, group[column]], rcond=1e-6)[0]
    predicted = rankdata(others @ coef, method="min") - 1
    n_bins = int(np.clip(n_rows // MIN_ROWS, 1, MAX_BINS))
    return (predicted * n_bins // n_rows).astype(int)


def standard_ranks(X: MatrixLike, parameter: str) -> Array:
    """Ranks of the values of each column, with mean 0 and variance 1, or constant 0.

    `parameter` is what needs them, for the error if a sparse X is too large.
    """
    if sparse.issparse(X):
        if np.prod(X.shape) > MAX_DENSE:
            raise ValueError(
                f"{parameter}: X is sparse, and its {X.shape[0]} x {X.shape[1]} "
                f"values are too many to be ranked. Allowed are {MAX_DENSE} values."
            )
        X = X.toarray()
    if frame_kind(X) is None and np.asarray(X).dtype.kind in "biuf":
        values = np.asarray(X, dtype=float)
    else:
        values = np.column_stack([_as_numbers(column) for column in columns_of(X)])
    ranks = np.empty(values.shape)
    for j, column in enumerate(values.T):
        known = ~np.isnan(column)
        ranks[known, j] = rankdata(column[known])
        # a missing value has a middle rank
        ranks[~known, j] = (known.sum() + 1) / 2
    ranks -= ranks.mean(axis=0)
    spread = ranks.std(axis=0)
    return np.divide(ranks, spread, out=np.zeros_like(ranks), where=spread > 0)


def _as_numbers(column: Any) -> Array:
    """A column as floats; categories become numbers in the order of their names."""
    column = np.asarray(column)
    try:
        return column.astype(float)
    except (TypeError, ValueError):
        return np.unique(column.astype(str), return_inverse=True)[1].astype(float)
