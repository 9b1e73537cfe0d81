"""Second-order Gaussian knockoffs: random columns that replace the given ones.

A knockoff of a column has the same mean and variance, the same covariances with the
other columns, and a small covariance with its own column. It is drawn without the
targets.
"""

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from sklearn.covariance import ledoit_wolf

from sklprune._typing import Array

#: from this number of columns on the differences are equal for all columns
MAX_COORDINATES = 1000
#: sweeps over all columns, which stop when no difference changes by more than this
MAX_SWEEPS, TOLERANCE = 50, 1e-4
#: smallest eigenvalue that a covariance keeps, relative to its largest possible value
MARGIN = 1e-3


def knockoffs_of(X: Array, weight: Array, rng: np.random.Generator) -> Array:
    """Knockoffs of standardized columns, of the same shape.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
        With mean 0 and variance 1.
    weight : ndarray of shape (n_rows,)
        With mean 1.
    rng : Generator
    """
    covariance = ledoit_wolf(X * np.sqrt(weight)[:, None], assume_centered=True)[0]
    scale = np.sqrt(np.maximum(np.diagonal(covariance), 1e-12))
    correlation = covariance / np.multiply.outer(scale, scale)
    difference = differences(correlation) * scale**2
    factor = cho_factor(covariance)
    solved = cho_solve(factor, np.diag(difference))
    mean = X - X @ solved
    spread = 2 * np.diag(difference) - difference[:, None] * solved
    return np.asarray(mean + rng.normal(size=X.shape) @ _root(spread).T)


def differences(correlation: Array) -> Array:
    """By how much the covariance with the own column is smaller than its variance.

    With up to `MAX_COORDINATES` columns, these differences minimise the trace of the
    inverse covariance of all columns and knockoffs, one after the other. The columns
    can then be told apart best from their knockoffs. With more columns they are equal.

    Parameters
    ----------
    correlation : ndarray of shape (n_columns, n_columns)
        Positive definite.

    Returns
    -------
    ndarray of shape (n_columns,)

    References
    ----------
    Spector and Janson, Powerful knockoffs via minimizing reconstructability, Annals of
    Statistics 50, 2022.
    """
    smallest = np.linalg.eigvalsh(correlation)[0]
    equal = np.full(len(correlation), min(1.0, 2 * max(smallest, 0.0)) * (1 - MARGIN))
    if len(correlation) > MAX_COORDINATES or smallest <= 0:
        return equal
    found = equal / 2
    inverse = np.linalg.inv(2 * correlation - np.diag(found))
    for sweep in range(MAX_SWEEPS):
        largest = 0.0
        for j in range(len(found)):
            row = inverse[j]
            at, root = row[j], np.sqrt(row @ row)
            step = (1 - root * found[j]) / (at + root)
            step = float(np.clip(step, MARGIN * found[j] - found[j], 1 - found[j]))
            inverse = inverse + step / (1 - step * at) * np.multiply.outer(row, row)
            found[j] += step
            largest = max(largest, abs(step))
        if largest < TOLERANCE:
            break
        if sweep % 5 == 4:
            # rounding errors of many outer products add up
            inverse = np.linalg.inv(2 * correlation - np.diag(found))
    return np.asarray(found * (1 - MARGIN))


def _root(matrix: Array) -> Array:
    """A square root R of a symmetric matrix, R @ R.T, without negative eigenvalues."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
