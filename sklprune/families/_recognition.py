"""Whether rows are those that a model was fitted on, from what the model has stored.

A model may have stored rows (`are_stored`), counts of rows (`log_chance`), or
coefficients that solve the equations of its fit (`equations_hold`). Each function
returns True only if other rows would hardly ever give the same result.
"""

from typing import Any

import numpy as np
from scipy import sparse, stats

from sklprune._frames import as_matrix
from sklprune._typing import Array, MatrixLike

#: probability below which a coincidence is ruled out
SIGNIFICANCE = 1e-6
#: at least this share of the expected number of stored rows must be found
MIN_FOUND = 0.5
#: pseudo-count for the probability that a new row equals a stored one: with as many
#: different rows the 95 % confidence bound of it is 3 / n ("rule of three")
N_PSEUDO = 3
#: at most this many equations are examined, spread evenly over the columns
MAX_EQUATIONS = 40
#: directions of the equations with a smaller share of the variance are not used, since
#: the tolerance of a solver is divided by it
MIN_VARIANCE = 1e-2
#: residuals whose share of the sum of squares is smaller are rounding errors
MIN_RESIDUAL = 1e-18


def are_stored(X: MatrixLike, stored: MatrixLike, n_fitted: int | None = None) -> bool:
    """Whether rows are among those that a model has stored, in any order.

    Parameters
    ----------
    X : array-like of shape (n_rows, n_features)
    stored : array-like of shape (n_stored, n_features)
        All rows of the fit, or some of them such as support vectors.
    n_fitted : int or None, default=None
        Number of rows of the fit; None for `n_stored`.

    Returns
    -------
    bool
        True if a share of X is stored that only rows of the fit would have. For rows
        that repeat in `stored`, copies are expected among new rows too (Good 1953).
    """
    if X.shape[0] == 0 or stored.shape[0] == 0 or X.shape[1] != stored.shape[1]:
        return False
    ours, theirs = row_keys(X, stored.dtype), row_keys(stored, stored.dtype)
    n_rows, n_stored = len(ours), len(theirs)
    n_found = int(np.isin(ours, theirs).sum())
    n_different = int((np.unique(theirs, return_counts=True)[1] == 1).sum())
    by_chance = (n_stored - n_different + N_PSEUDO) / (n_stored + N_PSEUDO)
    if stats.binom.sf(n_found - 1, n_rows, min(by_chance, 1.0)) > SIGNIFICANCE:
        return False
    expected = n_rows * n_stored / (n_stored if n_fitted is None else n_fitted)
    return n_found >= MIN_FOUND * expected


def stores_rows(estimator: Any, X: MatrixLike) -> bool:
    """Whether an array among the attributes of a model has most of the rows of X."""
    try:
        X = as_matrix(X)
    except (TypeError, ValueError):
        return False
    if X.ndim != 2 or not (sparse.issparse(X) or X.dtype.kind in "biuf"):
        return False
    return any(
        value.shape[0] >= MIN_FOUND * X.shape[0] and are_stored(X, value)
        for value in vars(estimator).values()
        if (isinstance(value, np.ndarray) or sparse.issparse(value))
        and value.ndim == 2
        and value.dtype.kind in "biuf"
    )


def row_keys(X: MatrixLike, dtype: np.dtype) -> Array:
    """A 64-bit hash of each row; equal for dense and sparse rows of equal values.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_rows, n_features)
        Numbers.
    dtype : dtype
        The values are rounded to it.
    """
    n_rows, n_features = X.shape
    of_column = _mixed(np.arange(1, n_features + 1, dtype=np.uint64))
    if sparse.issparse(X):
        X = sparse.csr_matrix(X)
        values = X.data.astype(dtype).astype(float)
        keys = _mixed(values.view(np.uint64) ^ of_column[X.indices])
        keys[values == 0] = 0
        # sums of unsigned integers wrap around, and so do their differences
        sums = np.append(np.zeros(1, np.uint64), np.cumsum(keys, dtype=np.uint64))
        return sums[X.indptr[1:]] - sums[X.indptr[:-1]]
    table = np.asarray(X)
    sums = np.zeros(n_rows, dtype=np.uint64)
    for column, key in enumerate(of_column):
        values = table[:, column].astype(dtype).astype(float)
        sums += np.where(values == 0, 0, _mixed(values.view(np.uint64) ^ key))
    return sums


def _mixed(bits: Array) -> Array:
    """Random-looking bits from others (the finaliser of splitmix64, Steele 2014)."""
    bits = bits * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def log_chance(found: Array, recorded: Array, n_found: int, n_recorded: int) -> float:
    """How likely new rows could contain, or be part of, the recorded ones of a tree.

    Parameters
    ----------
    found, recorded : ndarray of shape (n_leaves,), int
        Number of given rows and of training rows in each leaf.
    n_found, n_recorded : int
        Numbers of all rows.

    Returns
    -------
    float
        Logarithm of the probability that no leaf of new rows contradicts it. Their
        counts are assumed to follow Poisson distributions. It is infinite if a leaf of
        the given rows contradicts it.
    """
    expected = recorded * (n_found / n_recorded)
    if n_found >= n_recorded:
        if (found < recorded).any():
            return np.inf
        by_chance = stats.poisson.sf(recorded - 1, expected)
    else:
        if (found > recorded).any():
            return np.inf
        by_chance = stats.poisson.cdf(recorded, expected)
    return float(np.log(by_chance).sum())


def equations_hold(
    residuals: Array, X: Array | None, penalty: Array, weight: Array | None
) -> bool:
    """Whether the score equations of a linear model hold on rows.

    An unpenalised intercept makes the weighted residuals sum to zero on the rows of
    the fit. The sum over residuals times a column is the derivative of the penalty.
    On other rows the sums differ from that by about their standard errors.

    Parameters
    ----------
    residuals : ndarray of shape (n_rows, n_outputs)
    X : ndarray of shape (n_rows, n_columns) or None
        Columns whose penalty is known.
    penalty : ndarray of shape (1 + n_columns, n_outputs)
        Derivative of the penalty; the first row is that of the intercept.
    weight : ndarray of shape (n_rows,) or None
    """
    # linear algebra exists for no longer numbers than these
    residuals = np.asarray(residuals, dtype=np.float64)
    total = np.square(residuals).sum()
    if not np.isfinite(total) or total == 0:
        return False
    if weight is not None:
        residuals = residuals * weight[:, None]
    columns = np.ones((len(residuals), 1))
    if X is not None:
        columns = np.hstack([columns, np.asarray(X, dtype=np.float64)])
    n_outputs = residuals.shape[1]
    terms = (columns[:, :, None] * residuals[:, None, :]).reshape(len(columns), -1)
    gap = terms.sum(axis=0) - penalty[:, :n_outputs].ravel()
    scale = np.sqrt(np.square(terms).sum(axis=0))
    known = scale > 0
    terms, gap = terms[:, known] / scale[known], gap[known] / scale[known]
    variance, directions = np.linalg.eigh(terms.T @ terms)
    used = variance > MIN_VARIANCE * variance.max()
    squares = np.square(gap @ directions[:, used]) / variance[used]
    return bool(stats.chi2.cdf(squares.sum(), used.sum()) < SIGNIFICANCE)
