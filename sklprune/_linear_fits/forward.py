"""Forward selection for least squares and ridge regression, from sums of products.

For a set of selected columns, a *fold* holds what its rows say about each other column
after the selected ones are taken out of it. If a column is added, its coefficient and
the squared errors on the held-out rows then follow from a few numbers. All candidates
of a step are therefore scored without a fit.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from sklprune._linear_fits.moments import Moments
from sklprune._typing import Array

#: scores that differ by less, relatively, are equal
TIE = 1e-12
#: a column whose remaining part is a smaller share of it is collinear
COLLINEAR = 1e-10


class Fold:
    """One split: a fit on the selected columns, and its errors on the held-out rows.

    Parameters
    ----------
    seen, held_out : Moments
        Of the rows of the fit, and of the rows of the score, with the same shift.
    alpha : float
        L2 penalty on the sum of squares.
    fit_intercept : bool

    Attributes
    ----------
    errors : ndarray of shape (n_targets,)
        Sums of squared errors on the held-out rows.
    spread : ndarray of shape (n_targets,)
        The same for the mean of these rows.
    weight : float
        Sum of their weights.
    """

    def __init__(
        self, seen: Moments, held_out: Moments, alpha: float, fit_intercept: bool
    ) -> None:
        centred = seen.centred(fit_intercept)
        n = len(centred.products)
        self._full = np.diagonal(centred.products).copy()
        #: products of what remains of the columns, and with the residuals
        self._products = centred.products + alpha * np.eye(n)
        self._residual = centred.target_products.copy()
        # the same for the held-out rows, from the means of the other rows
        mean = np.zeros(n) if not fit_intercept else centred.mean - held_out.shift
        target_mean = np.zeros(len(held_out.target_sums))
        if fit_intercept:
            target_mean = centred.target_mean - held_out.target_shift
        self._outer = _about(
            held_out.products, held_out.sums, held_out.sums, mean, mean, held_out.weight
        )
        self._outer_residual = _about(
            held_out.target_products,
            held_out.sums,
            held_out.target_sums,
            mean,
            target_mean,
            held_out.weight,
        )
        squares, sums = held_out.target_squares, held_out.target_sums
        self.weight = held_out.weight
        self.spread = squares - sums**2 / self.weight
        self.errors = squares - 2 * target_mean * sums + self.weight * target_mean**2

    def errors_with(self, columns: Array) -> Array:
        """Squared errors if one further column is added: (n_columns, n_targets)."""
        step = self._steps(columns)
        outer = np.diagonal(self._outer)[columns][:, None]
        gain = 2 * step * self._outer_residual[columns] - step**2 * outer
        return np.asarray(self.errors - gain)

    def errors_with_all(self, columns: Array) -> Array:
        """Squared errors if several columns are added together: (n_targets,)."""
        usable = columns[~self._is_collinear(columns)]
        both = np.ix_(usable, usable)
        step = np.linalg.lstsq(self._products[both], self._residual[usable])[0]
        gain = 2 * (step * self._outer_residual[usable]).sum(axis=0)
        gain -= (step * (self._outer[both] @ step)).sum(axis=0)
        return np.asarray(self.errors - gain)

    def add(self, column: int) -> None:
        """Add a column to the selected ones."""
        row = self._products[column].copy()
        step = self._steps(np.array([column]))[0]
        self.errors = self.errors_with(np.array([column]))[0]
        if self._is_collinear(np.array([column]))[0]:
            return
        share = row / row[column]
        outer, at = self._outer[column].copy(), self._outer[column, column]
        residual = self._outer_residual[column].copy()
        self._products -= np.multiply.outer(row, share)
        self._residual -= np.multiply.outer(row, step)
        self._outer_residual -= np.multiply.outer(share, residual)
        self._outer_residual -= np.multiply.outer(outer - share * at, step)
        cross = np.multiply.outer(share, outer)
        self._outer -= cross + cross.T
        self._outer += at * np.multiply.outer(share, share)

    def _is_collinear(self, columns: Array) -> Array:
        remains = np.diagonal(self._products)[columns]
        return np.asarray(remains <= COLLINEAR * self._full[columns])

    def _steps(self, columns: Array) -> Array:
        """The coefficient of each column if it is added: (n_columns, n_targets)."""
        collinear = self._is_collinear(columns)
        divisor = np.where(collinear, 1.0, np.diagonal(self._products)[columns])
        step = self._residual[columns] / divisor[:, None]
        return np.where(collinear[:, None], 0.0, step)


def _about(
    products: Array,
    sums: Array,
    other_sums: Array,
    mean: Array,
    other_mean: Array,
    weight: float,
) -> Array:
    """Sums of products of deviations from given means."""
    centred = products - np.outer(sums, other_mean) - np.outer(mean, other_sums)
    return np.asarray(centred + weight * np.outer(mean, other_mean))


def forward_selection(
    folds: Sequence[Fold],
    groups: Sequence[Array],
    first: Sequence[int],
    others: Sequence[int],
    score: Callable[[Fold, Array], Array],
    n_steps: int,
) -> Iterator[tuple[int, Array]]:
    """Add the group of columns that gives the best mean score, again and again.

    Parameters
    ----------
    folds : list of Fold
        They are changed.
    groups : list of ndarray of int
        Columns that are added together.
    first : list of int
        Groups that are added before the others, in this order.
    others : list of int
        Groups that can be added after them.
    score : callable
        `score(fold, errors)`: scores for sums of squared errors of shape
        (..., n_targets).
    n_steps : int
        How many groups are added, without the first ones.

    Yields
    ------
    group : int
    scores : ndarray of shape (n_groups,)
        The score that each of the others would give; NaN for selected ones.
    """
    scores = np.full(len(groups), np.nan)
    remaining = np.array(others, int)
    for group in first:
        _add(folds, groups[group])
        yield group, scores
    single = all(len(group) == 1 for group in groups)
    columns = np.array([group[0] for group in groups]) if single else None
    for _ in range(min(n_steps, len(remaining))):
        scores = np.full(len(groups), np.nan)
        if columns is not None:
            errors = [fold.errors_with(columns[remaining]) for fold in folds]
        else:
            errors = [
                np.array([fold.errors_with_all(groups[i]) for i in remaining])
                for fold in folds
            ]
        of_folds = [score(fold, each) for fold, each in zip(folds, errors)]
        scores[remaining] = np.mean(of_folds, axis=0)
        # of equal scores the first one counts, whatever the rounding errors are
        highest = scores[remaining].max()
        tied = scores[remaining] >= highest - TIE * max(1.0, abs(highest))
        best = int(remaining[np.argmax(tied)])
        _add(folds, groups[best])
        remaining = remaining[remaining != best]
        yield best, scores


def _add(folds: Sequence[Fold], columns: Array) -> None:
    for fold in folds:
        for column in columns.tolist():
            fold.add(column)
