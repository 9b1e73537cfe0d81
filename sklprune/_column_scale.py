"""Mean, variance and scale of the columns of X, dense or sparse, with missing values.

Methods multiply weights by these scales, so that their order does not depend on the
units in which the columns are measured.
"""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.sparsefuncs import mean_variance_axis

from sklprune._typing import Array, ArrayLike, MatrixLike


def column_moments(
    X: MatrixLike, sample_weight: ArrayLike | None = None
) -> tuple[Array, Array]:
    """Weighted mean and variance of the non-missing values of each column.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
        NaN marks a missing value.
    sample_weight : ndarray of shape (n_samples,), default=None

    Returns
    -------
    mean, variance : ndarray of shape (n_features,)
        Zero for a column without values.
    """
    if sparse.issparse(X):
        X = X if X.dtype.kind == "f" else X.astype(float)
        return mean_variance_axis(X, axis=0, weights=sample_weight)
    X = np.asarray(X, dtype=float)
    weight = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight)
    present = ~np.isnan(X)
    total = weight @ present
    total[total == 0] = 1.0
    mean = weight @ np.where(present, X, 0.0) / total
    return mean, weight @ np.where(present, X - mean, 0.0) ** 2 / total


def column_scales(
    X: MatrixLike, sample_weight: ArrayLike | None = None, centred: bool = True
) -> Array:
    """Standard deviation of each column, or its root mean square, (n_features,)."""
    mean, variance = column_moments(X, sample_weight)
    return np.sqrt(variance if centred else variance + mean**2)


def column_norms(values: Any) -> Array:
    """Norm of the values of each column: (n_features,).

    Parameters
    ----------
    values : array or sparse matrix of shape (n_features,) or (n_outputs, n_features)
        For example `coef_` of a linear model.
    """
    values = values.toarray() if sparse.issparse(values) else np.asarray(values)
    return np.sqrt((np.atleast_2d(values).astype(float) ** 2).sum(axis=0))
