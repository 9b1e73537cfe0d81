"""Base of the methods that fit a small tree ensemble to labels or to predictions.

`DistilledMethod` contains what these methods share. It has the parameter `teacher`,
chooses the training rows, and takes the model at a ratio from the path. A subclass
implements `fit_path`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sklprune._tree_descent.containers import Container, LastBuilt
from sklprune._tree_descent.distillation import rows_and_targets
from sklprune._trees.arrays import Ensemble
from sklprune._trees.consistency import probe_of, probe_rows
from sklprune._typing import Array, Estimator
from sklprune._units import Candidate, Task, Units
from sklprune.methods._base import Method

TEACHERS = ("auto", "labels", "model")
#: ratios of removed leaves: from a half on, four sizes for each factor of two
LEAF_GRID = tuple(float(1 - 2 ** (-k / 4)) for k in range(4, 65))


@dataclass(frozen=True)
class DistilledPath:
    """Ensembles of all sizes, and the model that holds each of them.

    Parameters
    ----------
    container : Container
    models : list of Ensemble
        Largest first.
    n_kept : ndarray of shape (n_models,), int
        Number of units that count as kept, of each model.
    scores : ndarray of shape (n_units,)
        Importance of each unit.
    kept_units : callable
        `kept_units(model)`, whether each unit counts as kept: (n_units,), bool.
    leaf_ids : list of ndarray or None, default=None
        The leaf of each row of the probe in each tree, see `probe_of`. None where the
        trees are those of the pruned model.
    """

    container: Container
    models: list[Ensemble]
    n_kept: Array
    scores: Array
    kept_units: Callable[[Ensemble], Array]
    leaf_ids: list[Array] | None = None
    last: LastBuilt = field(default_factory=LastBuilt)


class DistilledMethod(Method):
    """Base of the methods that fit leaf values to labels or to predictions.

    Parameters
    ----------
    teacher : {"auto", "labels", "model"}, default="auto"
        Source of the training targets, see `Backfitting`.
    """

    granularity = "leaf"
    teacher: str

    @property
    def needs_labels(self) -> bool:  # type: ignore[override]
        """Whether the targets are always labels."""
        return self.teacher == "labels"

    def grid(self, task: Task) -> tuple[float, ...]:
        return LEAF_GRID

    def check_parameters(self) -> None:
        """Raise a ValueError if a parameter has a value that is not allowed."""
        if self.teacher not in TEACHERS:
            raise ValueError(
                f"{type(self).__name__}(teacher={self.teacher!r}): teacher must be "
                "'auto', 'labels' or 'model'."
            )

    def fit_path(
        self,
        family: Any,
        estimator: Estimator,
        units: Units,
        task: Task,
        targets: Array,
        probe: Array,
    ) -> DistilledPath:
        """Fit ensembles of all sizes to targets.

        Parameters
        ----------
        family, estimator, units : Family, estimator, Units
        task : Task
            The training rows, see `rows_and_targets`.
        targets : ndarray
            Their targets.
        probe : ndarray of int
            Positions of the rows that a rebuilt model is checked on.
        """
        raise NotImplementedError

    def path(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> DistilledPath:
        self.check_parameters()
        rows, targets = rows_and_targets(family, estimator, task, self.teacher)
        probe = probe_rows(task.n_samples)
        return self.fit_path(family, estimator, units, rows, targets, probe)

    def candidate(
        self,
        path: DistilledPath,
        family: Any,
        estimator: Estimator,
        units: Units,
        task: Task,
        ratio: float | None,
    ) -> Candidate:
        """The smallest model of the path that removes no more than the ratio.

        Without such a model this is the whole model.
        """
        ratio = 0.0 if ratio is None else ratio
        at_least = units.count - units.n_removed(ratio)
        fits = np.flatnonzero(path.n_kept >= at_least)
        if ratio == 0 or len(fits) == 0:
            everything = np.ones(units.count, dtype=bool)
            return Candidate(ratio, everything, path.scores, family, estimator, units)
        smallest = path.models[fits[-1]]

        def build() -> Estimator:
            X, container = probe_of(task), path.container
            trees = container.sklearn_trees
            decision_paths = family.decision_paths(estimator, X, trees)
            leaf_ids = path.leaf_ids
            if leaf_ids is None:
                leaf_ids = family.leaf_ids(estimator, X)
            return container.build(smallest, leaf_ids, X, decision_paths)

        keep, model = path.kept_units(smallest), path.last.model_of(smallest, build)
        return Candidate(ratio, keep, path.scores, family, estimator, units, model)
