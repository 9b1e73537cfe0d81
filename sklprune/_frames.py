"""What kind of table X is, and what its columns are called."""

import numpy as np
from scipy import sparse

from sklprune._sklearn_private import num_features


def column_names(X):
    """Names of the columns of X: its own, or x0, x1, ... as in scikit-learn."""
    columns = getattr(X, "columns", None)
    if columns is not None:
        return np.asarray(columns, dtype=object)
    return np.array([f"x{i}" for i in range(num_features(X))], dtype=object)


def as_matrix(X):
    """Rows whose columns can be taken by position: an array or a sparse matrix."""
    return X if sparse.issparse(X) else np.asarray(X)


def columns_of(X):
    """The columns of an array or a frame, a list of arrays."""
    if frame_kind(X) is None:
        return list(np.asarray(X).T)
    return [X[name].to_numpy() for name in X.columns]


def from_columns(X, rows):
    """An array or a frame like X, each column of which holds rows of its own.

    Parameters
    ----------
    rows : list of ndarray of int
        For each column the rows of X that it holds.
    """
    if frame_kind(X) is None:
        return np.stack([c[taken] for c, taken in zip(np.asarray(X).T, rows)], axis=1)
    take = (X[name] for name in X.columns)
    if frame_kind(X) == "pandas":
        take = (column.array.take(taken) for column, taken in zip(take, rows))
    else:
        take = (column[taken] for column, taken in zip(take, rows))
    return type(X)(dict(zip(X.columns, take)))


def frame_kind(X):
    """ "pandas" or "polars" for a data frame, else None."""
    library = type(X).__module__.split(".")[0]
    return library if library in ("pandas", "polars") else None
