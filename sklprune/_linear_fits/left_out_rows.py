"""`LeftOutRows`: ridge regression whose penalty is chosen by leaving out single rows.

The error of a row by the fit without it is its residual divided by one minus its
leverage. If a column is removed, the leverages fall by the squares of one vector, and
the residuals change by a multiple of it. The best penalty is therefore known for every
set of columns, without a fit.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sklprune._linear_fits.least_squares import IllConditioned, LeastSquares
from sklprune._linear_fits.moments import Centred
from sklprune._typing import Array


class LeftOutRows:
    """A ridge regression on columns that are removed one after the other.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
    y : ndarray of shape (n_rows, n_targets)
    weight : ndarray of shape (n_rows,) or None
    centred : Centred
        Products of the columns.
    alphas : sequence of float
        The penalties, of which the best one is used.
    fit_intercept : bool
    per_target : bool
        Whether each target has a penalty of its own.

    Attributes
    ----------
    columns : ndarray of int
        The remaining columns.

    Raises
    ------
    IllConditioned
        Here or in `remove`, if the coefficients would be imprecise.
    """

    def __init__(
        self,
        X: Array,
        y: Array,
        weight: Array | None,
        centred: Centred,
        alphas: Sequence[float],
        fit_intercept: bool,
        per_target: bool,
    ) -> None:
        self._fits = [LeastSquares(centred, alpha) for alpha in alphas]
        self._per_target = per_target
        root = np.ones(len(y)) if weight is None else np.sqrt(weight)
        # the part of the leverage of a row that is due to the intercept
        own = root**2 / (root**2).sum() if fit_intercept else np.zeros(len(y))
        self._rows = (X - centred.mean) * root[:, None]
        targets = (y - centred.target_mean) * root[:, None]
        self._leverages = np.empty((len(alphas), len(y)))
        self._residuals = np.empty((len(alphas), *targets.shape))
        for i, fit in enumerate(self._fits):
            self._leverages[i] = own + fit.leverages(self._rows)
            self._residuals[i] = targets - self._rows[:, fit.columns] @ fit.coef

    @property
    def columns(self) -> Array:
        return self._fits[0].columns

    @property
    def coef(self) -> Array:
        """Coefficients of `columns` at the best penalty, (n_remaining, n_targets)."""
        return self._of_best([fit.coef for fit in self._fits])

    @property
    def intercept(self) -> Array:
        """Intercepts of the fit on the remaining columns, (n_targets,)."""
        return self._of_best([fit.intercept for fit in self._fits])

    def remove(self, columns: Sequence[int]) -> None:
        """Remove columns, and update the fits on the others."""
        for column in columns:
            # one product of matrices for all penalties
            found: list[Any] = [fit.direction(column) for fit in self._fits]
            if found[0] is not None:
                vectors, steps = (np.array(each) for each in zip(*found))
                along = vectors @ self._rows.T
                self._leverages -= along**2
                self._residuals += along[:, :, None] * steps[:, None, :]
            for fit in self._fits:
                fit.remove([column])

    def _of_best(self, values: list[Array]) -> Array:
        """The values at the best penalty of each target, which is the last axis."""
        rest = 1 - self._leverages[:, :, None]
        if not (rest > 0).all():
            raise IllConditioned
        errors = ((self._residuals / rest) ** 2).mean(axis=1)
        if not self._per_target:
            errors = np.repeat(errors.mean(axis=1)[:, None], errors.shape[1], axis=1)
        best = errors.argmin(axis=0)
        return np.asarray(np.array(values)[best, ..., np.arange(len(best))].T)
