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


def frame_kind(X):
    """ "pandas" or "polars" for a data frame, else None."""
    library = type(X).__module__.split(".")[0]
    return library if library in ("pandas", "polars") else None
