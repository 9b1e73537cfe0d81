"""The spread of columns: what makes them comparable whatever their unit."""

import numpy as np
from scipy import sparse
from sklearn.utils.sparsefuncs import mean_variance_axis


def column_moments(X, sample_weight=None):
    """Mean and variance of each column over the values that are there.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_rows, n_features)
        NaN stands for a value that is missing.
    sample_weight : ndarray of shape (n_rows,) or None

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
    there = ~np.isnan(X)
    total = weight @ there
    total[total == 0] = 1.0
    mean = weight @ np.where(there, X, 0.0) / total
    return mean, weight @ np.where(there, X - mean, 0.0) ** 2 / total


def column_scales(X, sample_weight=None, centred=True):
    """Standard deviation of each column, or root mean square, (n_features,)."""
    mean, variance = column_moments(X, sample_weight)
    return np.sqrt(variance if centred else variance + mean**2)
