"""The rows of a linear model, from which it is fitted on any of these rows.

`LeastSquaresRows`, `RidgeRows` and `LikelihoodRows` have the same methods. `fit`
returns a fit from which columns can be removed, and `without` gives the other rows of a
split.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from sklprune._column_scale import column_scales
from sklprune._linear_fits.least_squares import LeastSquares
from sklprune._linear_fits.left_out_rows import LeftOutRows
from sklprune._linear_fits.likelihood import Derivatives, Likelihood
from sklprune._linear_fits.moments import Centred, Moments, moments_of
from sklprune._typing import Array


@dataclass(frozen=True)
class LeastSquaresRows:
    """Rows of a least-squares or ridge regression.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_rows, n_columns)
    y : ndarray of shape (n_rows, n_targets)
    weight : ndarray of shape (n_rows,) or None
    alpha : float
        L2 penalty on the sum of squares.
    fit_intercept : bool
    known : Moments or None
        The moments of the rows, where they follow from those of others. X, y and
        weight are then not used.
    """

    X: Any
    y: Array
    weight: Array | None
    alpha: float
    fit_intercept: bool
    known: Moments | None = None

    #: whether a fit of the model gives the solution up to rounding errors
    is_exact = True

    @cached_property
    def moments(self) -> Moments:
        """The moments of the rows."""
        if self.known is not None:
            return self.known
        is_shifted = self.fit_intercept and not sparse.issparse(self.X)
        shift = np.zeros(self.X.shape[1])
        if is_shifted:
            shift = self.X.mean(axis=0)
        target_shift = self.y.mean(axis=0) if self.fit_intercept else 0.0 * self.y[0]
        return moments_of(self.X, self.y, self.weight, shift, target_shift)

    @cached_property
    def centred(self) -> Centred:
        """Products of the columns without their means."""
        return self.moments.centred(self.fit_intercept)

    def prepare(self) -> None:
        """Compute what the splits share."""
        self.moments  # noqa: B018  cached

    def moments_of(self, rows: Array) -> Moments:
        """The moments of some of the rows, with the same shift."""
        whole = self.moments
        weight = None if self.weight is None else self.weight[rows]
        shifts = whole.shift, whole.target_shift
        return moments_of(self.X[rows], self.y[rows], weight, *shifts)

    def without(self, rows: Array) -> "LeastSquaresRows":
        """The same regression on all other rows."""
        return replace(self, known=self.moments.minus(self.moments_of(rows)))

    def scales(self) -> Array:
        """Standard deviation of each column, or root mean square without intercept."""
        return self.centred.scales()

    def fit(self) -> LeastSquares:
        """A fit on all columns."""
        return LeastSquares(self.centred, self.alpha)


@dataclass(frozen=True)
class RidgeRows:
    """Rows of a ridge regression whose penalty is chosen by leaving out single rows.

    Parameters
    ----------
    rows : LeastSquaresRows
        X is dense. Its `alpha` is not used.
    alphas : tuple of float
        The penalties, of which the best one is used.
    per_target : bool
        Whether each target has a penalty of its own.
    """

    rows: LeastSquaresRows
    alphas: tuple[float, ...]
    per_target: bool

    is_exact = True

    def prepare(self) -> None:
        """Compute what the splits share."""
        self.rows.prepare()

    def without(self, rows: Array) -> "RidgeRows":
        """The same regression on all other rows."""
        whole, other = self.rows, self.rows.without(rows)
        kept = np.ones(len(whole.y), bool)
        kept[rows] = False
        weight = None if whole.weight is None else whole.weight[kept]
        other = replace(other, X=whole.X[kept], y=whole.y[kept], weight=weight)
        return replace(self, rows=other)

    def scales(self) -> Array:
        """Standard deviation of each column, or root mean square without intercept."""
        return self.rows.scales()

    def fit(self) -> LeftOutRows:
        """A fit on all columns."""
        rows = self.rows
        settings = self.alphas, rows.fit_intercept, self.per_target
        return LeftOutRows(rows.X, rows.y, rows.weight, rows.centred, *settings)


@dataclass(frozen=True)
class LikelihoodRows:
    """Rows of a generalised linear model.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
    y : ndarray of shape (n_rows, n_outputs)
    weight : ndarray of shape (n_rows,) or None
    derivatives : Derivatives
    alpha : float
        L2 penalty, see `Likelihood`.
    per_weight : bool
        Whether `alpha` is to be multiplied by the sum of the weights.
    fit_intercept : bool
    start : tuple or None
        Coefficients and intercept near the solution, see `Likelihood`.
    """

    X: Array
    y: Array
    weight: Array | None
    derivatives: Derivatives
    alpha: float
    per_weight: bool
    fit_intercept: bool
    start: tuple[Array, Array] | None = None

    #: its solvers stop before the solution
    is_exact = False

    def prepare(self) -> None:
        """The splits share nothing."""

    def without(self, rows: Array) -> "LikelihoodRows":
        """The same model on all other rows."""
        kept = np.ones(len(self.y), bool)
        kept[rows] = False
        weight = None if self.weight is None else self.weight[kept]
        return replace(self, X=self.X[kept], y=self.y[kept], weight=weight)

    def scales(self) -> Array:
        """Standard deviation of each column, or root mean square without intercept."""
        return column_scales(self.X, self.weight, self.fit_intercept)

    def fit(self) -> Likelihood:
        """A fit on all columns."""
        alpha = self.alpha
        if self.per_weight:
            alpha *= len(self.y) if self.weight is None else self.weight.sum()
        settings = self.derivatives, alpha, self.fit_intercept, self.start
        return Likelihood(self.X, self.y, self.weight, *settings)


#: any kind of rows
LinearRows = LeastSquaresRows | RidgeRows | LikelihoodRows
