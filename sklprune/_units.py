"""The nouns that everything else is said in: `Units`, `Task` and `Candidate`."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sklprune._registry import family_of
from sklprune._routing import requested, routing_enabled
from sklprune._sklearn_private import (
    num_samples,
    safe_indexing,
    scorer_takes_weights,
)


def plural(granularity):
    """What several units are called."""
    return "leaves" if granularity == "leaf" else f"{granularity}s"


class Columns(NamedTuple):
    """Where units of granularity "feature" are.

    Parameters
    ----------
    positions : ndarray of shape (n_units,), int
        Positions in X.
    names : ndarray of shape (n_units,), object
    """

    positions: np.ndarray
    names: np.ndarray


@dataclass(frozen=True)
class Units:
    """What can be removed from a model at one granularity.

    Parameters
    ----------
    granularity : {"feature", "weight", "neuron", "member"}
        What one unit is.
    count : int
        How many there are.
    where : object
        The family's own map from units to places in the model.
    strata : ndarray of shape (count,) or None
        A label for each unit; of every label at least one unit stays (of neurons
        one in each hidden layer). None stands for one stratum.
    fixed : ndarray of shape (count,), bool, or None
        Units that must stay.
    """

    granularity: str
    count: int
    where: object = None
    strata: np.ndarray | None = None
    fixed: np.ndarray | None = None

    def n_removed(self, ratio):
        """How many units leave at a ratio, were all of them free to go."""
        return int(np.floor(ratio * self.count + 1e-9))

    def best(self, scores, ratio):
        """Keep the units of the highest scores: the mask of those that stay.

        Exactly `n_removed(ratio)` units leave, or as many as are free to. Of equal
        scores the unit that comes first stays.
        """
        worst_first = np.lexsort((-np.arange(self.count), scores))
        free = worst_first[~self._must_stay(scores)[worst_first]]
        keep = np.ones(self.count, dtype=bool)
        keep[free[: self.n_removed(ratio)]] = False
        return keep

    def at_least(self, scores, threshold):
        """Keep the units of a score no lower than a threshold, and those that must."""
        return (scores >= threshold) | self._must_stay(scores)

    def _must_stay(self, scores):
        stay = np.zeros(self.count, bool) if self.fixed is None else self.fixed.copy()
        strata = np.zeros(self.count, int) if self.strata is None else self.strata
        best_first = np.lexsort((np.arange(self.count), -scores))
        labels, first = np.unique(strata[best_first], return_index=True)
        # a stratum that a fixed unit represents needs no other to stay
        open_labels = ~np.isin(labels, strata[stay])
        stay[best_first[first[open_labels]]] = True
        return stay


@dataclass(frozen=True)
class Task:
    """The rows at hand and what is asked of them.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        All pruning rows.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), or None
    sample_weight : ndarray of shape (n_samples,) or None
    groups : ndarray of shape (n_samples,) or None
    unseen : ndarray of int, or None
        Positions of the rows that the model was not fitted on; None where it was
        fitted on all of them.
    scorer : callable
        `scorer(estimator, X, y)`; higher is better.
    random_state : int or None
    n_jobs : int or None
    """

    X: object
    y: object = None
    sample_weight: np.ndarray | None = None
    groups: np.ndarray | None = None
    unseen: np.ndarray | None = None
    scorer: object = None
    random_state: int | None = None
    n_jobs: int | None = None

    @property
    def n_samples(self):
        return num_samples(self.X)

    @property
    def rows(self):
        """All that holds one entry for each row: X, y, weights, groups."""
        return (self.X, self.y, self.sample_weight, self.groups)

    def take(self, rows):
        """The same task on some of the rows, all of them pruning rows."""
        optional = {
            name: None if value is None else safe_indexing(value, rows)
            for name, value in self._per_row().items()
        }
        return replace(self, X=safe_indexing(self.X, rows), unseen=None, **optional)

    def asked(self, *, scorer, random_state, n_jobs):
        """The same rows with what is asked of them."""
        return replace(self, scorer=scorer, random_state=random_state, n_jobs=n_jobs)

    def to_order(self):
        """The rows to order units on: the unseen ones where there are any."""
        return self if self.unseen is None else self.take(self.unseen)

    def seen_as(self, X):
        """The same rows in another form: as the last step of a pipeline sees them."""
        return replace(self, X=X)

    def _per_row(self):
        return {
            "y": self.y,
            "sample_weight": self.sample_weight,
            "groups": self.groups,
        }


@dataclass(frozen=True)
class Candidate:
    """A recipe for one smaller model; it holds no rows.

    Parameters
    ----------
    ratio : float
        The ratio that was asked, or reached where the method decides.
    keep : ndarray of shape (n_units,), bool
        True for each unit that stays.
    scores : ndarray of shape (n_units,)
        Importance of each unit, larger is more important.
    family, dense, units : Family, estimator, Units
        The model that is pruned, and who knows how.
    refitted : estimator or None
        The smaller model, after a refit or with its values kept; None before it
        was made.
    """

    ratio: float
    keep: np.ndarray
    scores: np.ndarray
    family: object
    dense: object
    units: Units
    refitted: object = None

    def refit(self, refit, task):
        """The same candidate with its values fitted anew; None leaves them."""
        which = (self.dense, self.units, self.keep, task)
        if refit is None:
            return replace(self, refitted=self.family.remove(*which))
        return replace(self, refitted=refit.apply(self.family, *which))

    def build(self):
        """The plain smaller estimator, without training left-overs."""
        model = self.refitted
        if model is None:
            model = self.family.remove(self.dense, self.units, self.keep)
        return family_of(model).strip(model)


def raw_score(model, task):
    """Score a model on all rows of a task; weighted where the scorer takes weights."""
    metadata = _metadata_of_score(model, task)
    return float(task.scorer(model, task.X, task.y, **metadata))


def _metadata_of_score(model, task):
    weights, groups = task.sample_weight, task.groups
    if routing_enabled():
        return requested(task.scorer, "score", sample_weight=weights, groups=groups)
    if weights is None or not scorer_takes_weights(task.scorer, model):
        return {}
    return {"sample_weight": weights}


def score(model, task):
    """Score a model on all rows of a task; what is not finite is an error."""
    value = raw_score(model, task)
    if not np.isfinite(value):
        raise ValueError(
            f"The score of {type(model).__name__} is {value}; it must be a finite "
            "number. Does every held-out part have what scoring needs, all classes "
            "say?"
        )
    return value
