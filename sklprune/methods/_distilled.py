"""Base of the methods that fit a small tree ensemble to labels or to predictions.

`DistilledMethod` contains what these methods share. It has the parameter `teacher`,
chooses the training rows, and takes the model at a ratio from the path. A subclass
implements `fit_path`.
"""

import numbers
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sklprune._tree_descent.containers import Container, LastBuilt
from sklprune._tree_descent.distillation import TrainingRows, training_rows
from sklprune._tree_descent.grown_path import GrownPath
from sklprune._trees.arrays import Ensemble
from sklprune._trees.consistency import probe_of, probe_rows
from sklprune._typing import Array, Estimator
from sklprune._units import Candidate, Task, Units
from sklprune.methods._base import Method

TEACHERS = ("auto", "labels", "model")
#: ratios of removed leaves: from a half on, four sizes for each factor of two
LEAF_GRID = tuple(float(1 - 2 ** (-k / 4)) for k in range(4, 65))


def check_rho(method: Any) -> None:
    """Raise an error if the `rho` of a method is not allowed."""
    rho: Any = method.rho
    if isinstance(rho, str) and rho == "auto":
        return
    if not isinstance(rho, numbers.Real) or not 0 < float(rho) < np.inf:
        raise ValueError(
            f"{type(method).__name__}(rho={rho!r}): rho must be a number above zero, "
            "or 'auto'."
        )


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

    def nearest(self, units: Units, ratio: float) -> tuple[Ensemble, Array] | None:
        """The model nearest in size to a ratio, and the importance of each unit.

        None if there is no model.
        """
        if len(self.n_kept) == 0:
            return None
        return self.models[units.nearest_in_size(self.n_kept, ratio)], self.scores


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
        rows: TrainingRows,
        probe: Array,
    ) -> DistilledPath | GrownPath:
        """Fit ensembles of all sizes to targets.

        Parameters
        ----------
        family, estimator, units : Family, estimator, Units
        rows : TrainingRows
        probe : ndarray of int
            Positions of the training rows that a rebuilt model is checked on.
        """
        raise NotImplementedError

    def path(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> DistilledPath | GrownPath:
        self.check_parameters()
        rows = training_rows(family, estimator, task, self.teacher)
        probe = rows.position[probe_rows(task.n_samples)]
        return self.fit_path(family, estimator, units, rows, probe)

    def candidate(
        self,
        path: DistilledPath | GrownPath,
        family: Any,
        estimator: Estimator,
        units: Units,
        task: Task,
        ratio: float | None,
    ) -> Candidate:
        """The model of the path whose size is nearest to that at the ratio.

        At the ratio 0, and if the path has no model, this is the whole model.
        """
        ratio = 0.0 if ratio is None else ratio
        found = None if ratio == 0 else path.nearest(units, ratio)
        if found is None:
            everything, scores = np.ones(units.count, dtype=bool), np.zeros(units.count)
            return Candidate(ratio, everything, scores, family, estimator, units)
        model, scores = found

        def build() -> Estimator:
            X, container = probe_of(task), path.container
            trees = container.sklearn_trees
            decision_paths = family.decision_paths(estimator, X, trees)
            leaf_ids = path.leaf_ids
            if leaf_ids is None:
                leaf_ids = family.leaf_ids(estimator, X)
            return container.build(model, leaf_ids, X, decision_paths)

        keep, built = path.kept_units(model), path.last.model_of(model, build)
        return Candidate(ratio, keep, scores, family, estimator, units, built)
