"""Models of all sizes, which are grown only as far as they are needed.

Small models are grown from no tree, in ascending order. A given ratio needs the models
up to its own size. Growing the larger ones takes more than half of the time.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from sklprune._progress import part
from sklprune._tree_descent.containers import Container, LastBuilt
from sklprune._trees.arrays import Ensemble
from sklprune._typing import Array
from sklprune._units import Units

#: models are grown until one keeps so many times the requested number of units. Copies
#: of a tree may keep fewer units with more leaves
BEYOND = 1.25


class GrownPath:
    """Models of all sizes, and the model that holds each of them.

    The model at a ratio does not depend on the ratios that were requested before.

    Parameters
    ----------
    container : Container
    grown : iterator of Ensemble
        Models in ascending order of leaves.
    limit : float
        Number of leaves up to which the grown models count alone.
    whole : callable
        `whole()`, models with more than `limit` leaves, which are pruned from the whole
        ensemble.
    kept_units : callable
        `kept_units(model)`, whether each unit counts as kept: (n_units,), bool.
    n_units : int

    Attributes
    ----------
    models : list of Ensemble
        All models so far.
    n_kept : list of int
        Number of units that each of them keeps.
    """

    #: the trees are those of the pruned model
    leaf_ids = None

    def __init__(
        self,
        container: Container,
        grown: Iterator[Ensemble],
        limit: float,
        whole: Callable[[], list[Ensemble]],
        kept_units: Callable[[Ensemble], Array],
        n_units: int,
    ) -> None:
        self.container, self.kept_units, self.limit = container, kept_units, limit
        self.last = LastBuilt()
        self.models: list[Ensemble] = []
        self.n_kept: list[int] = []
        #: position of the first model that keeps each unit
        self._first = np.full(n_units, np.iinfo(np.int32).max, dtype=np.int32)
        self._is_alone: list[bool] = []
        self._grown: Iterator[Ensemble] | None = grown
        self._whole: Callable[[], list[Ensemble]] | None = whole

    def nearest(self, units: Units, ratio: float) -> tuple[Ensemble, Array] | None:
        """The model whose size is nearest to that at a ratio.

        Returns
        -------
        (Ensemble, ndarray of shape (n_units,)) or None
            The model and the importance of each unit: the reciprocal size of the first
            model that keeps it. It is zero if no model up to this one does. None if
            there is no model.
        """
        n_used = self._grow(units.count - units.n_removed(ratio))
        if not n_used:
            return None
        n_kept = np.array(self.n_kept[:n_used])
        largest_first = np.argsort(-n_kept, kind="stable")
        n_kept = n_kept[largest_first]
        i = largest_first[units.nearest_in_size(n_kept, ratio)]
        known, scores = self._first <= i, np.zeros(len(self._first))
        scores[known] = 1.0 / np.array(self.n_kept)[self._first[known]]
        return self.models[i], scores

    def __getstate__(self) -> dict[str, Any]:
        self._grow(np.inf)
        return vars(self)

    def _grow(self, n_kept: float) -> int:
        """Add the models of which one is nearest to so many kept units.

        Returns
        -------
        int
            How many models these are. They come first.
        """
        with part("leaf penalties") as penalties:
            for position in itertools.count():
                if position == len(self.models) and not self._add_next():
                    break
                enough = self.n_kept[position] >= BEYOND * n_kept
                if enough and self._is_alone[position]:
                    return position + 1
                penalties.advance()
        if self._whole is not None:
            whole, self._whole = self._whole, None
            for model in reversed(whole()):
                self._add(model, is_alone=False)
        return len(self.models)

    def _add_next(self) -> bool:
        """Add the next grown model, if there is one."""
        model = None if self._grown is None else next(self._grown, None)
        if model is None:
            self._grown = None  # frees the memory of the descent
            return False
        self._add(model, is_alone=model.n_leaves <= self.limit)
        return True

    def _add(self, model: Ensemble, is_alone: bool) -> None:
        keep = self.kept_units(model)
        self._first[keep] = np.minimum(self._first[keep], len(self.models))
        self.models.append(model)
        self.n_kept.append(int(keep.sum()))
        self._is_alone.append(is_alone)
