"""Tables in which columns are permuted: arrays, sparse matrices and data frames."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import check_array

from sklprune._permutation.orders import Change
from sklprune._typing import Array, MatrixLike


def columnwise(X: MatrixLike) -> MatrixLike:
    """X in a format whose columns can be replaced one by one."""
    if sparse.issparse(X):
        X = X.tocsc(copy=True)
        X.eliminate_zeros()
        return X
    if hasattr(X, "columns"):
        return X
    return check_array(X, ensure_all_finite="allow-nan", dtype=None)


def reordered(X: MatrixLike, change: Change) -> Iterator[MatrixLike]:
    """Yield X with the changed columns in each of the row orders.

    X itself is not modified. For an array or a pandas frame, one copy is reused for
    all orders: a yielded table is only valid until the next one is requested.
    """
    columns = change.columns.tolist()
    if sparse.issparse(X):
        for order in change.orders:
            yield _sparse_reordered(X, columns, order)
    elif hasattr(X, "with_columns"):  # polars
        values = [X.to_series(column) for column in columns]
        for order in change.orders:
            yield X.with_columns([value.gather(order) for value in values])
    elif hasattr(X, "isetitem"):  # pandas
        copy = X.copy()
        values = [X.iloc[:, column].array for column in columns]
        for order in change.orders:
            for column, value in zip(columns, values):
                copy.isetitem(column, value.take(order))
            yield copy
    else:
        copy = X.copy()
        for order in change.orders:
            for column in columns:
                copy[:, column] = X[order, column]
            yield copy


def _sparse_reordered(X: Any, columns: list[int], order: Array) -> Any:
    """The same for a CSC matrix without stored zeros; the result is in CSR format."""
    copy = X.copy()
    for column in columns:
        stored = slice(X.indptr[column], X.indptr[column + 1])
        values = np.zeros(X.shape[0], dtype=X.dtype)
        values[X.indices[stored]] = X.data[stored]
        values = values[order]
        copy.indices[stored] = np.flatnonzero(values)
        copy.data[stored] = values[copy.indices[stored]]
    return copy.tocsr()


class Stack:
    """Copies of an array or a frame, one below the other, whose columns are permuted.

    A model predicts all repeats in one call. `changed` writes into the same copies
    again and again, so that X is copied once for all columns.

    Parameters
    ----------
    X : ndarray or data frame
    n_copies : int
    """

    def __init__(self, X: MatrixLike, n_copies: int) -> None:
        self.X, self.n_copies = X, n_copies
        rows = self._own_rows()
        is_pandas = hasattr(X, "iloc")
        self.table = X.iloc[rows].reset_index(drop=True) if is_pandas else X[rows]

    def changed(self, change: Change) -> MatrixLike:
        """One copy for each order of a change, until `restore` is called."""
        n_changed = change.orders.size
        rows = self._own_rows()
        rows[:n_changed] = change.orders.ravel()
        self._write(change, rows)
        if n_changed == len(rows):
            return self.table
        is_pandas = hasattr(self.table, "iloc")
        return self.table.iloc[:n_changed] if is_pandas else self.table[:n_changed]

    def restore(self, change: Change) -> None:
        """Undo a change."""
        self._write(change, self._own_rows())

    def _own_rows(self) -> Array:
        return np.tile(np.arange(self.X.shape[0]), self.n_copies)

    def _write(self, change: Change, rows: Array) -> None:
        for column in change.columns.tolist():
            if hasattr(self.X, "with_columns"):  # polars
                values = self.X.to_series(column).gather(rows)
                self.table = self.table.with_columns(values)
            elif hasattr(self.X, "isetitem"):  # pandas
                values = self.X.iloc[:, column].array.take(rows)
                self.table.isetitem(column, values)
            else:
                self.table[:, column] = self.X[rows, column]
