"""Stations: models on the path at which the units are ordered anew."""

from dataclasses import dataclass, replace

import numpy as np

from sklprune._registry import family_of
from sklprune._units import Candidate


@dataclass(frozen=True)
class Round:
    """A model on the path, the order of its units, and its place in the whole.

    Parameters
    ----------
    method : Method
    whole, lens : OpenedModel
        The unpruned model, and the one at this station.
    stayed : ndarray of int
        Positions of the units at this station among all units.
    rounds : ndarray of shape (n_units,)
        The round in which each unit left; of those still there the round to come.
    paths : tuple
        What `method.path` gave at the stations so far; the last one is of this one.
    """

    method: object
    whole: object
    lens: object
    stayed: np.ndarray
    rounds: np.ndarray
    paths: tuple = ()

    @classmethod
    def first(cls, method, whole, path):
        """The station at the unpruned model, whose order is known."""
        count = whole.units.count
        return cls(method, whole, whole, np.arange(count), np.ones(count), (path,))

    def ordered(self):
        """The same station, its units put in order by the method."""
        path = self.method.path(*self._knows())
        return replace(self, paths=(*self.paths, path))

    @property
    def is_the_end(self):
        """Whether the path of the method ends here."""
        return not self.method.goes_on(list(self.paths))

    def lies_before(self, station, ratio):
        """Whether a station is on the way from here to a ratio."""
        n_removed = self.whole.units.n_removed
        return n_removed(station) < n_removed(ratio) and not self.is_the_end

    def candidate(self, ratio):
        """The candidate at a ratio of all units, as one of the model at this station.

        Beyond the end of the path nothing more leaves.
        """
        n_gone = self.whole.units.count - len(self.stayed)
        if n_gone:
            more = 0 if self.is_the_end else self.whole.units.n_removed(ratio) - n_gone
            ratio = max(more, 0) / len(self.stayed)
        return self.method.candidate(self.paths[-1], *self._knows(), ratio)

    def keep_of_all(self, candidate):
        """Those of all units that stay in a candidate of this station: a mask."""
        keep = np.zeros(self.whole.units.count, dtype=bool)
        keep[self.stayed[candidate.keep]] = True
        return keep

    def said_of_all(self, candidate, ratio):
        """A candidate of this station in terms of all units; it cannot be built.

        Where the order is made anew, a score is the round in which a unit left; units
        that stay come after, as the last order has them.
        """
        lens, stay = self.whole, self.stayed[candidate.keep]
        keep, scores = self.keep_of_all(candidate), candidate.scores
        if len(self.method.stations(lens.units)):
            worst_first = np.lexsort((-stay, scores[candidate.keep]))
            scores = self.rounds.copy()
            scores[stay[worst_first]] += np.arange(1, len(stay) + 1)
        return Candidate(ratio, keep, scores, lens.family, lens.model, lens.units)

    def after(self, candidate, model):
        """The station at a candidate of this one, built as a model."""
        family, task = family_of(model), self.lens.task
        if not self.method.needs_unseen:
            # the frozen model had not seen these rows, but this one was fitted on them
            task = replace(task, unseen=None)
        units = family.units(model, self.method.granularity, task.X)
        units = units.after(self.lens.units, candidate.keep)
        lens = replace(self.lens, family=family, model=model, units=units, task=task)
        stayed, rounds = self.stayed[candidate.keep], self.rounds.copy()
        rounds[stayed] += 1
        return replace(self, lens=lens, stayed=stayed, rounds=rounds).ordered()

    @property
    def seen_rows(self):
        """The rows that the model at the next station is fitted on."""
        task = self.lens.task
        if task.unseen is None or not self.method.needs_unseen:
            return task
        return task.take(np.setdiff1d(np.arange(task.n_samples), task.unseen))

    def _knows(self):
        lens = self.lens
        return lens.family, lens.model, lens.units, lens.task
