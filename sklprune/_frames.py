"""Access to columns, column names and kind of X, whether array, matrix or frame."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from sklprune._sklearn_private import num_features
from sklprune._typing import Array, MatrixLike

#: entries of a sparse X of which an array is made, at most: 80 MB
MAX_DENSE = 10_000_000


def column_names(X: MatrixLike) -> Array:
    """Column names of X, or x0, x1, ... if it has none, as in scikit-learn."""
    columns = getattr(X, "columns", None)
    if columns is not None:
        return np.asarray(columns, dtype=object)
    return np.array([f"x{i}" for i in range(num_features(X))], dtype=object)


def check_names_differ(names: Array) -> None:
    """Raise an error that lists the names that several columns have."""
    if len(set(names.tolist())) < len(names):
        twice = sorted(str(n) for n, k in Counter(names.tolist()).items() if k > 1)
        raise ValueError(f"Names of columns must differ; X has twice {twice}.")


def as_matrix(X: MatrixLike) -> Any:
    """X as an array of numbers, or unchanged if it is a sparse matrix.

    A data frame with columns of different or nullable dtypes becomes an array of float.
    """
    if sparse.issparse(X):
        return X
    X = np.asarray(X)
    return X.astype(float) if X.dtype == object else X


def may_be_dense(X: Any) -> bool:
    """Whether an array may be made of a sparse X."""
    return X.shape[0] * X.shape[1] <= MAX_DENSE


def columns_of(X: MatrixLike) -> list[Array]:
    """The columns of an array or a data frame, as a list of arrays."""
    if frame_kind(X) is None:
        return list(np.asarray(X).T)
    return [X[name].to_numpy() for name in X.columns]


def from_columns(X: MatrixLike, rows: Sequence[Array]) -> MatrixLike:
    """A table like X, with different rows selected in each column.

    Parameters
    ----------
    X : array-like or data frame of shape (n_rows, n_columns)
    rows : list of n_columns ndarrays of int, all of the same length
        For each column the positions of the selected rows.

    Returns
    -------
    array or data frame of shape (n_selected, n_columns)
    """
    if frame_kind(X) is None:
        return np.stack([c[taken] for c, taken in zip(np.asarray(X).T, rows)], axis=1)
    columns: Any = (X[name] for name in X.columns)
    if frame_kind(X) == "pandas":
        columns = (column.array.take(taken) for column, taken in zip(columns, rows))
    else:
        columns = (column[taken] for column, taken in zip(columns, rows))
    return type(X)(dict(zip(X.columns, columns)))


def frame_kind(X: MatrixLike) -> str | None:
    """The library of a data frame, "pandas" or "polars", or None for other types."""
    library = type(X).__module__.split(".")[0]
    return library if library in ("pandas", "polars") else None
