"""`Moments`: sums of products of columns and targets, which least squares needs.

The moments of some rows follow from those of all rows by subtraction. The rows of a
split therefore cost no products of their own.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from sklprune._typing import Array

#: the fields of `Moments` that are sums over rows
SUMS = (
    "weight",
    "sums",
    "target_sums",
    "products",
    "target_products",
    "target_squares",
)
#: rows whose products are computed together
BLOCK = 1024
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
    target_squares : ndarray of shape (n_targets,)
    shift : ndarray of shape (n_columns,)
    target_shift : ndarray of shape (n_targets,)
    """

    weight: float
    sums: Array
    target_sums: Array
    products: Array
    target_products: Array
    target_squares: Array
    shift: Array
    target_shift: Array

    def minus(self, other: "Moments") -> "Moments":
        """The moments of the rows that are not among those of `other`."""
        return replace(
            self, **{name: getattr(self, name) - getattr(other, name) for name in SUMS}
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
        products, sums, target_products = _dense_products(X, y, weight, shift)
    ones = np.ones(len(y)) if weight is None else weight
    return Moments(
        float(ones.sum()),
        sums,
        ones @ y,
        products,
        target_products,
        ones @ y**2,
        shift,
        target_shift,
    )


def _dense_products(
    X: Array, y: Array, weight: Array | None, shift: Array
) -> tuple[Array, Array, Array]:
    """Products, sums and products with targets of dense rows.

    The rows are shifted block by block, which avoids a copy of all of them.
    """
    n_rows, n_columns = X.shape
    products, sums = np.zeros((n_columns, n_columns)), np.zeros(n_columns)
    target_products = np.zeros((n_columns, y.shape[1]))
    buffer = np.empty((min(BLOCK, n_rows), n_columns))
    for start in range(0, n_rows, BLOCK):
        rows = slice(start, start + BLOCK)
        block = buffer[: min(BLOCK, n_rows - start)]
        np.subtract(X[rows], shift, out=block)
        root = np.ones(len(block))
        if weight is not None:
            root = np.sqrt(weight[rows])
            block *= root[:, None]
        products += block.T @ block
        sums += root @ block
        target_products += block.T @ (y[rows] * root[:, None])
    return products, sums, target_products
