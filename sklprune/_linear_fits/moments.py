"""`Moments`: sums of products of columns and targets, which least squares needs.

The moments of some rows follow from those of all rows by subtraction. The rows of a
split therefore cost no products of their own.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from sklprune._typing import Array

#: variance of a constant column, relative to its mean square
CONSTANT = 1e-20


@dataclass(frozen=True)
class Moments:
    """Weighted sums over rows, of columns and targets shifted by fixed numbers.

    Parameters
    ----------
    weight : float
        Sum of the weights.
    sums : ndarray of shape (n_columns,)
        Sums of the shifted columns.
    target_sums : ndarray of shape (n_targets,)
    products : ndarray of shape (n_columns, n_columns)
        Sums of products of two columns.
    target_products : ndarray of shape (n_columns, n_targets)
    shift : ndarray of shape (n_columns,)
    target_shift : ndarray of shape (n_targets,)
    """

    weight: float
    sums: Array
    target_sums: Array
    products: Array
    target_products: Array
    shift: Array
    target_shift: Array

    def minus(self, other: "Moments") -> "Moments":
        """The moments of the rows that are not among those of `other`."""
        names = ("weight", "sums", "target_sums", "products", "target_products")
        return replace(
            self, **{name: getattr(self, name) - getattr(other, name) for name in names}
        )

    def centred(self, fit_intercept: bool) -> "Centred":
        """Products of the columns after the removal of their means.

        Without an intercept, the columns and targets are not shifted at all.
        """
        if not fit_intercept:
            zeros = np.zeros_like(self.shift), np.zeros_like(self.target_shift)
            return Centred(self.products, self.target_products, *zeros, self.weight)
        mean, target_mean = self.sums / self.weight, self.target_sums / self.weight
        products = self.products - np.multiply.outer(self.sums, mean)
        target_products = self.target_products - np.outer(self.sums, target_mean)
        mean, target_mean = mean + self.shift, target_mean + self.target_shift
        return Centred(products, target_products, mean, target_mean, self.weight)


@dataclass(frozen=True)
class Centred:
    """Products of centred columns, and the means.

    Parameters
    ----------
    products : ndarray of shape (n_columns, n_columns)
    target_products : ndarray of shape (n_columns, n_targets)
    mean : ndarray of shape (n_columns,)
    target_mean : ndarray of shape (n_targets,)
    weight : float
        Sum of the weights.
    """

    products: Array
    target_products: Array
    mean: Array
    target_mean: Array
    weight: float

    @property
    def varies(self) -> Array:
        """Whether each column varies, as a mask of shape (n_columns,)."""
        variance = np.diagonal(self.products) / self.weight
        return variance > CONSTANT * (self.mean**2 + variance)

    def scales(self) -> Array:
        """Standard deviation of each column, or its root mean square if not centred."""
        return np.sqrt(np.maximum(np.diagonal(self.products), 0) / self.weight)


def moments_of(
    X: Any, y: Array, weight: Array | None, shift: Array, target_shift: Array
) -> Moments:
    """The moments of rows.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_rows, n_columns)
        A sparse X is not shifted: its `shift` must be zero.
    y : ndarray of shape (n_rows, n_targets)
    weight : ndarray of shape (n_rows,) or None
    shift, target_shift : ndarray
        Numbers near the means, for precision.
    """
    y = y - target_shift
    if sparse.issparse(X):
        weighted = X if weight is None else X.multiply(weight[:, None]).tocsr()
        products = np.asarray((X.T @ weighted).todense())
        sums = np.asarray(weighted.sum(axis=0), dtype=float).ravel()
        target_products = np.asarray(weighted.T @ y)
    else:
        X = X - shift if shift.any() else X
        if weight is not None:
            X = X * np.sqrt(weight)[:, None]
        products = X.T @ X
        root = np.ones(len(X)) if weight is None else np.sqrt(weight)
        sums = root @ X
        target_products = X.T @ (y * root[:, None])
    target_sums = y.sum(axis=0) if weight is None else weight @ y
    total = float(len(y) if weight is None else weight.sum())
    return Moments(
        total, sums, target_sums, products, target_products, shift, target_shift
    )
