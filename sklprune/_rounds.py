"""`Round`: one step of a path on which the remaining units are ordered again.

A method such as recursive elimination removes some units, refits the model, and orders
the remaining units again. A `Round` is one such model, with the positions of its units
among the units of the unpruned model.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklprune._registry import family_of
from sklprune._typing import Array
from sklprune._units import Candidate


def stations_of(method, refit, units):
    """Ratios at which units are ordered again: those of a method, or of its refit.

    Parameters
    ----------
    method : Method
    refit : Refit or None
        It has stations if it trains the model while more and more is removed.
    units : Units
    """
    own = list(method.stations(units))
    if own or refit is None or not hasattr(refit, "stations"):
        return own
    return list(refit.stations(units))


@dataclass(frozen=True)
class Round:
    """A model on the path, the order of its units, and their positions in the whole.

    Parameters
    ----------
    method : Method
    whole, opened : OpenedModel
        The unpruned model, and the model of this round.
    positions : ndarray of int
        Positions of the units of this round among all units.
    rounds : ndarray of shape (n_units,)
        The round in which each unit was removed; for remaining units the next round.
    paths : tuple
        What `method.path` returned in each round so far.
    reorders : bool
        Whether further rounds may follow the first one.
    """

    method: Any
    whole: Any
    opened: Any
    positions: Array
    rounds: Array
    paths: tuple = ()
    reorders: bool = True

    @classmethod
    def first(cls, method, whole, path, reorders):
        """The round of the unpruned model, whose order is known."""
        count = whole.units.count
        positions, rounds = np.arange(count), np.ones(count)
        return cls(method, whole, whole, positions, rounds, (path,), reorders)

    def ordered(self):
        """The same round after the method has ordered its units."""
        path = self.method.path(*self._arguments())
        return replace(self, paths=(*self.paths, path))

    def to_next(self, ratio):
        """The candidate at which the next round begins.

        Removed units that have a value, such as weights, remain as zeros, so that all
        units keep their positions.
        """
        found = self.candidate(ratio)
        if found.family.zero_units(found.dense, found.units) is None:
            return found
        return replace(found, units=replace(found.units, in_place=True))

    @property
    def is_last(self):
        """Whether the path of the method ends here."""
        return self._is_complete or not self.method.goes_on(list(self.paths))

    @property
    def _is_complete(self):
        return self.method.is_complete(self.paths[-1])

    def precedes(self, station, ratio):
        """Whether the next round begins before a ratio is reached."""
        n_removed = self.whole.units.n_removed
        return n_removed(station) < n_removed(ratio) and not self.is_last

    def candidate(self, ratio):
        """The candidate at a ratio of all units, in terms of the model of this round.

        Beyond the end of the path, no more units are removed.
        """
        n_removed = self.whole.units.count - len(self.positions)
        if n_removed:
            wanted = self.whole.units.n_removed(ratio)
            more = 0 if self.is_last else wanted - n_removed
            ratio = max(more, 0) / len(self.positions)
        return self.method.candidate(self.paths[-1], *self._arguments(), ratio)

    def mask_of_all(self, candidate):
        """The mask of a candidate of this round over all units."""
        keep = np.zeros(self.whole.units.count, dtype=bool)
        keep[self.positions[candidate.keep]] = True
        return keep

    def candidate_of_all(self, candidate, ratio):
        """A candidate of this round in terms of all units; it cannot be built.

        Where units are ordered again, the score of a unit is the round in which it was
        removed. Kept units follow, in the order of the last round.
        """
        opened, kept = self.whole, self.positions[candidate.keep]
        keep, scores = self.mask_of_all(candidate), candidate.scores
        if not self._is_complete and self.reorders:
            worst_first = np.lexsort((-kept, scores[candidate.keep]))
            scores = self.rounds.copy()
            scores[kept[worst_first]] += np.arange(1, len(kept) + 1)
        of_all = *opened.with_columns, opened.units
        return Candidate(ratio, keep, scores, *of_all, table=candidate.table)

    def after(self, candidate, model):
        """The round that begins at a candidate of this one, built as a model."""
        family, task = family_of(model), self.opened.task
        if not self.method.needs_unseen:
            # the frozen model was not fitted on these rows, but this model was
            task = replace(task, unseen=None)
        units = family.units(model, self.method.granularity, task.X)
        units = units.after(self.opened.units, candidate.keep)
        opened = replace(
            self.opened, family=family, model=model, units=units, task=task
        )
        positions, rounds = self.positions[candidate.keep], self.rounds.copy()
        rounds[positions] += 1
        if candidate.units.in_place:
            positions = self.positions
            units = replace(units, removed=~candidate.keep)
            opened = replace(opened, units=units)
        return replace(
            self, opened=opened, positions=positions, rounds=rounds
        ).ordered()

    @property
    def seen_rows(self):
        """The rows that the model of the next round is fitted on."""
        task = self.opened.task
        if task.unseen is None or not self.method.needs_unseen:
            return task
        return task.take(np.setdiff1d(np.arange(task.n_samples), task.unseen))

    def _arguments(self):
        opened, task = self.opened, self.opened.task
        if not self.method.fits_models:
            task = task.with_comparable_weights(scored=self.method.needs_scorer)
        return opened.family, opened.model, opened.units, task
