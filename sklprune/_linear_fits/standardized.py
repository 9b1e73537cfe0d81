"""Standardized copies of columns, for linear models of the targets."""

from typing import Any

import numpy as np
from scipy import sparse

from sklprune._column_scale import column_moments
from sklprune._sklearn_private import safe_indexing
from sklprune._typing import Array, MatrixLike


def standardized(X: Any, weight: Array) -> Any:
    """A copy with mean 0 and variance 1; a sparse X is scaled to variance 1 only.

    A missing value becomes the mean, and a constant column becomes zero.
    """
    mean, variance = column_moments(X, weight)
    # rounding errors give a constant column a small variance
    varies = variance > 1e-20 * mean**2
    scale = np.where(varies, np.sqrt(variance), np.inf)
    if not sparse.issparse(X):
        return np.where(np.isnan(X), 0.0, (X - mean) / scale)
    X = X.tocsc(copy=True)
    column = np.repeat(np.arange(X.shape[1]), np.diff(X.indptr))
    X.data = np.where(np.isnan(X.data), mean[column], X.data) / scale[column]
    # the solvers accept only indices of 32 bits
    X.indices, X.indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    return X


def numeric(X: MatrixLike, names: Array, method: str) -> Any:
    """X as floats, or an error that names a column that is not numeric.

    `method` is the name of the method for the error.
    """
    if sparse.issparse(X):
        return X.astype(float)
    if not hasattr(X, "columns") and np.asarray(X).dtype.kind in "biuf":
        return np.asarray(X, dtype=float)
    columns = [_floats(X, i, name, method) for i, name in enumerate(names)]
    return np.column_stack(columns)


def _floats(X: MatrixLike, i: int, name: Any, method: str) -> Array:
    column = safe_indexing(X, i, axis=1)
    try:
        is_frame = hasattr(X, "columns")
        return _floats_of_series(column) if is_frame else column.astype(float)
    except (TypeError, ValueError):
        raise ValueError(
            f"method={method!r} needs numeric columns, but column {name!r} is of dtype "
            f"{column.dtype}. Encode it as numbers, or use method='permutation'."
        ) from None


def _floats_of_series(column: Any) -> Array:
    """A numeric series as floats; strings are refused even if they contain numbers."""
    dtype = column.dtype
    if hasattr(dtype, "is_numeric"):  # polars
        if not dtype.is_numeric() and str(dtype) != "Boolean":
            raise TypeError
        return column.to_numpy().astype(float)
    if dtype.kind not in "biuf":
        raise TypeError
    return column.to_numpy(dtype=float, na_value=np.nan)


def indicators(y: Array) -> Array:
    """A column for each class of each output, 1.0 in the rows of that class."""
    outputs = y.reshape(len(y), -1).T
    return np.hstack([(o[:, None] == np.unique(o)).astype(float) for o in outputs])
