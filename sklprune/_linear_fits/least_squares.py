"""`LeastSquares`: least squares or ridge regression, from which columns are removed.

The inverse of the matrix of products changes by one outer product if a column is
removed. With G the inverse, b the coefficients and k the column, the fit without it
has the coefficients `b - G[:, k] * b[k] / G[k, k]`.
"""

from collections.abc import Sequence

import numpy as np
from scipy.linalg import lapack

from sklprune._linear_fits.moments import Centred
from sklprune._typing import Array

#: outer products that are applied together, by one product of matrices
BLOCK = 32
#: a larger condition number needs other algorithms than the inverse
MAX_CONDITION = 1e10
#: largest change of the coefficients in a refinement, relative to their norm
MAX_CORRECTION = 1e-6


class IllConditioned(ArithmeticError):
    """The columns are too collinear for a fit from products of columns."""


class LeastSquares:
    """A fit of least squares on columns that are removed one after the other.

    Parameters
    ----------
    centred : Centred
        Products of the columns.
    alpha : float
        L2 penalty, on the sum of squares; 0 is least squares without penalty.

    Attributes
    ----------
    columns : ndarray of int
        The remaining columns.

    Raises
    ------
    IllConditioned
        Here or in `remove`, if the coefficients would be imprecise.
    """

    def __init__(self, centred: Centred, alpha: float) -> None:
        self._centred, self._alpha = centred, float(alpha)
        finite = np.isfinite(centred.products).all()
        if not finite or not np.isfinite(centred.target_products).all():
            raise IllConditioned
        varies = centred.varies
        self._scale = np.where(varies, np.sqrt(np.diagonal(centred.products)), 1.0)
        self._target = centred.target_products / self._scale[:, None]
        self._ids = np.flatnonzero(varies)
        self._constant = np.flatnonzero(~varies)
        # the two inner arrays contain a removed column until they are compacted
        self._alive = np.ones(len(self._ids), bool)
        self._columns: Array | None = None
        self._raw_coef: Array | None = None
        self._invert()

    # -- the fit ------------------------------------------------------------------

    @property
    def columns(self) -> Array:
        if self._columns is None:
            self._columns = self._ids[self._alive]
            if len(self._constant):
                self._columns = np.concatenate([self._columns, self._constant])
        return self._columns

    @property
    def coef(self) -> Array:
        """Coefficients of `columns`, (n_remaining, n_targets)."""
        if self._raw_coef is None:
            coef = self._coef[self._alive]
            if len(self._constant):
                zeros = np.zeros((len(self._constant), coef.shape[1]))
                coef = np.concatenate([coef, zeros])
            self._raw_coef = coef / self._scale[self.columns, None]
        return self._raw_coef

    @property
    def intercept(self) -> Array:
        """Intercepts of the fit on the remaining columns, (n_targets,)."""
        means: Array = self._centred.mean[self.columns]
        return np.asarray(self._centred.target_mean - means @ self.coef)

    def remove(self, columns: Sequence[int]) -> None:
        """Remove columns, and update the coefficients of the others."""
        for column in columns:
            self._remove(column)
        self._columns = self._raw_coef = None

    def leverages(self, rows: Array) -> Array:
        """The weight of each row in its own prediction, (n_rows,).

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_columns)
            Centred, and multiplied by the roots of their weights. No column was removed
            before.
        """
        rows = rows[:, self._ids] / self._scale[self._ids]
        return np.asarray(np.einsum("ij,ij->i", rows @ self._inverse, rows))

    def direction(self, column: int) -> tuple[Array, Array] | None:
        """How the removal of a column changes the fit; None for a constant column.

        Returns
        -------
        vector : ndarray of shape (n_columns,)
            The leverage of a row falls by the square of its product with this vector.
        step : ndarray of shape (n_targets,)
            The coefficients fall by `vector` times this step.
        """
        if not self._is_varying(column):
            return None
        i = int(np.searchsorted(self._ids, column))
        row = self._row_of_inverse(i)
        vector = np.zeros(len(self._scale))
        vector[self._ids] = row / self._scale[self._ids]
        return vector, self._coef[i] / row[i]

    def _row_of_inverse(self, i: int) -> Array:
        """A row of the inverse, divided by the root of its diagonal entry."""
        pending = self._pending[:, : self._n_pending]
        row = self._inverse[i] - pending @ pending[i]
        if not row[i] > 0:
            raise IllConditioned
        return np.asarray(row / np.sqrt(row[i]))

    def _remove(self, column: int) -> None:
        if not self._is_varying(column):
            self._constant = self._constant[self._constant != column]
            return
        i, n = int(np.searchsorted(self._ids, column)), self._n_pending
        row = self._row_of_inverse(i)
        self._coef -= np.multiply.outer(row, self._coef[i] / row[i])
        self._coef[i] = 0.0
        self._alive[i] = False
        self._pending[:, n] = row
        self._n_pending += 1
        if self._n_pending == BLOCK:
            self._compact()

    def _is_varying(self, column: int) -> bool:
        i = int(np.searchsorted(self._ids, column))
        return i < len(self._ids) and self._ids[i] == column

    # -- precision ----------------------------------------------------------------

    def _invert(self) -> None:
        """Compute the inverse and the coefficients of the remaining columns anew."""
        self._matrix = self._scaled_products()
        self._inverted = self._ids
        norm = lapack.dlange("1", self._matrix)
        factor, failed = lapack.dpotrf(self._matrix, lower=1)
        if failed:
            raise IllConditioned
        reciprocal, failed = lapack.dpocon(factor, norm, uplo="L")
        if failed or not reciprocal * MAX_CONDITION > 1:
            raise IllConditioned
        inverse, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
        lower = np.tril(inverse)
        self._inverse = lower + lower.T
        self._inverse.flat[:: len(lower) + 1] /= 2
        self._coef = self._inverse @ self._target[self._ids]
        self._coef += self._inverse @ self._residual()
        self._clear()

    def _scaled_products(self) -> Array:
        ids = self._ids
        scale = self._scale[ids]
        matrix = self._centred.products
        if len(ids) < len(self._scale):
            matrix = matrix[np.ix_(ids, ids)]
        matrix = matrix / np.multiply.outer(scale, scale)
        matrix.flat[:: len(ids) + 1] = 1.0 + self._alpha / scale**2
        return np.asarray(matrix)

    def _residual(self) -> Array:
        """What the normal equations of the remaining columns lack."""
        position = np.searchsorted(self._inverted, self._ids)
        coef = np.zeros((len(self._inverted), self._coef.shape[1]))
        coef[position] = self._coef
        return np.asarray(self._target[self._ids] - (self._matrix @ coef)[position])

    def _clear(self) -> None:
        self._pending = np.zeros((len(self._ids), BLOCK))
        self._n_pending = 0

    def _compact(self) -> None:
        """Apply the pending outer products, and refine the coefficients."""
        alive = np.flatnonzero(self._alive)
        self._ids = self._ids[alive]
        self._coef = self._coef[alive]
        self._alive = np.ones(len(alive), bool)
        if len(alive) <= len(self._inverted) // 2:
            # rounding errors of many outer products add up
            self._invert()
            return
        pending = self._pending[alive]
        self._inverse = self._inverse[np.ix_(alive, alive)]
        self._inverse -= pending @ pending.T
        correction = self._inverse @ self._residual()
        self._coef += correction
        size = np.abs(self._coef).max(initial=0)
        if np.abs(correction).max(initial=0) > MAX_CORRECTION * size:
            self._invert()
            return
        self._clear()
