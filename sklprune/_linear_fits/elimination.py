"""Recursive elimination of the columns of a fit that can lose columns one by one."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from sklprune._typing import Array
from sklprune._units import Units

#: importances that differ by less than this many typical errors nearly tie
NEAR_TIE = 3.0


class ShrinkingFit(Protocol):
    """A fit that is updated when a column is removed: `LeastSquares` for example.

    Parameters
    ----------
    columns : ndarray of shape (n_remaining,), int
        The remaining columns, in any order.
    coef : ndarray of shape (n_remaining, n_outputs)
    intercept : ndarray of shape (n_outputs,)
    """

    @property
    def columns(self) -> Array: ...
    @property
    def coef(self) -> Array: ...
    @property
    def intercept(self) -> Array: ...
    def remove(self, columns: Sequence[int]) -> None: ...


class Removals(NamedTuple):
    """In which order units were removed.

    Parameters
    ----------
    order : ndarray of shape (n_units,), int
        The higher, the later a unit was removed.
    rounds : ndarray of shape (n_units,), int
        The round in which a unit was removed, from 1 on. Units that remain have the
        number of the next round.
    """

    order: Array
    rounds: Array

    def scores(self, keep: Array) -> Array:
        """The round of each removed unit; larger values for kept ones, in their order.

        `keep` is the mask of the kept units.
        """
        scores = self.rounds.astype(float)
        last = self.rounds[~keep].max(initial=0)
        rank = np.argsort(np.argsort(self.order[keep]))
        scores[keep] = last + 1 + rank
        return scores


class Elimination:
    """Removes the least important units of a fit, round after round.

    Parameters
    ----------
    fit : ShrinkingFit
        Fitted on the columns of all units, numbered as in `units.where.columns`.
    units : Units
    scale : ndarray of shape (n_columns,)
        Factors of the coefficients, by which their importances are computed.
    stations : sequence of int
        Numbers of removed units, ascending, at which the importances are computed
        again.
    first : ndarray of shape (n_units,) or None, default=None
        Importances in the first round; None where they are those of the fit.
    fitted : callable or None, default=None
        `fitted(keep)`: importances of the kept units by a fit of the model itself,
        which may stop before the solution. It is called where the importances of two
        units differ by no more than such a fit may err.

    Attributes
    ----------
    fit : ShrinkingFit
    removals : Removals
    """

    def __init__(
        self,
        fit: ShrinkingFit,
        units: Units,
        scale: Array,
        stations: Sequence[int],
        first: Array | None = None,
        fitted: Callable[[Array], Array] | None = None,
    ) -> None:
        self.fit, self._units, self._scale = fit, units, scale
        self._stations, self._first, self._fitted = stations, first, fitted
        #: typical error of the importances of a fit of the model itself
        self._error = 0.0
        self._unit = units.where.unit
        self._has_blocks = units.where.blocks is not None
        self._alive = np.ones(units.count, bool)
        self._round = 1
        self._rounds = np.zeros(units.count, int)
        self._order = np.zeros(units.count, int)
        self._n_removed = 0

    @property
    def removals(self) -> Removals:
        remaining = np.flatnonzero(self._alive)
        order, rounds = self._order.copy(), self._rounds.copy()
        rounds[remaining] = self._round
        if len(remaining) > 1:
            remaining = remaining[np.argsort(self._importances(), kind="stable")]
        order[remaining] = self._n_removed + np.arange(len(remaining))
        return Removals(order, rounds)

    def run(self, requested: Sequence[int]) -> Iterator[Array]:
        """Remove units until the last station, or the last requested number.

        Parameters
        ----------
        requested : sequence of int
            Numbers of removed units, ascending.

        Yields
        ------
        ndarray of shape (n_units,), bool
            The kept units at each requested number. The fit is then that on them.
        """
        if len(requested) and requested[0] == 0:
            yield self._alive.copy()
        ends = [*(k for k in self._stations if k > 0), self._units.count]
        last = bisect_left(ends, requested[-1]) if len(requested) else -1
        first = 0
        for end in ends[: last + 1]:
            start, first = first, bisect_right(requested, end)
            here = [k for k in requested[start:first] if k > 0]
            removed_before = self._n_removed
            yield from self._round_until(end, here)
            self._round += self._n_removed > removed_before

    def _round_until(self, end: int, requested: list[int]) -> Iterator[Array]:
        """Remove units in the order of their importances now, up to each number."""
        squares = self._importances()
        if self._fitted is not None:
            squares = self._decided(squares, end - self._n_removed)
        # for equal importances the order is that of RFE
        worst_first = np.argsort(squares)
        positions, before = np.flatnonzero(self._alive), self._n_removed
        units = self._remaining_units()
        n_gone = 0
        for number in dict.fromkeys([*requested, end]):
            if number < self._units.count:
                removed = _removed(units, worst_first, number - before)
                self._remove(positions[removed[n_gone:]])
                n_gone = len(removed)
            if number in requested:
                yield self._alive.copy()

    def _remove(self, units: Array) -> None:
        if len(units) == 0:
            return
        self._alive[units] = False
        self._rounds[units] = self._round
        self._order[units] = self._n_removed + np.arange(len(units))
        self._n_removed += len(units)
        columns = units
        if self._has_blocks:
            columns = np.flatnonzero(np.isin(self._unit, units))
        self.fit.remove(columns.tolist())

    def _importances(self) -> Array:
        """Squared importances of the remaining units."""
        if self._first is not None and self._n_removed == 0:
            return np.asarray(self._first**2)
        return self._of_fit()

    def _of_fit(self) -> Array:
        """Squared importances by the fit on the remaining columns."""
        columns = self.fit.columns
        squares = (self.fit.coef**2).sum(axis=1) * self._scale[columns] ** 2
        if not self._has_blocks:
            everywhere = np.empty(self._units.count)
            everywhere[columns] = squares
            return everywhere[self._alive]
        sums = np.bincount(self._unit[columns], squares, self._units.count)
        return np.asarray(sums[self._alive])

    def _decided(self, squares: Array, n: int) -> Array:
        """Importances that decide which n units are removed, squared.

        They are those of a fit of the model itself where others nearly tie.
        """
        found = np.sqrt(squares)
        if self._n_removed == 0:
            solution = np.sqrt(self._of_fit())
            self._error = float(np.sqrt(np.mean((found - solution) ** 2)))
            return squares
        if not 0 < n < len(found):
            return squares
        around = np.partition(found, (n - 1, n))[n - 1 : n + 1]
        if around[1] - around[0] > NEAR_TIE * self._error:
            return squares
        values = self._fitted(self._alive.copy())  # type: ignore[misc]
        self._error = float(np.sqrt(np.mean((found - values) ** 2)))
        return np.asarray(values**2)

    def _remaining_units(self) -> Units:
        if self._units.groups is None and self._units.fixed is None:
            return self._units
        return self._units.after(self._units, self._alive)


def _removed(units: Units, worst_first: Array, n: int) -> Array:
    """Positions of up to n units to be removed, in the order of their removal."""
    n = min(max(n, 0), len(worst_first) - 1)
    if units.groups is None and units.fixed is None or n == 0:
        return worst_first[:n]
    rank = np.empty(len(worst_first))
    rank[worst_first] = np.arange(len(worst_first))
    gone = np.flatnonzero(~units.best(rank, n / len(rank)))
    # a group is removed as a whole, at the rank of its best unit
    at = units.of_groups(rank)
    if units.superfluous is not None:
        at = np.where(units.superfluous, -1, at)  # removed before all others
    by_rank = np.argsort(at[gone], kind="stable")
    return np.asarray(gone[by_rank])
