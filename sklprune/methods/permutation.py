"""Permutation importance: remove the columns whose shuffling lowers the score least."""

import numbers
from typing import Any

import numpy as np

from sklprune._frames import column_names
from sklprune._permutation.conditional import conditional_changes
from sklprune._permutation.orders import changes_of, shuffles
from sklprune._permutation.scores import Rows, permuted_scores
from sklprune._permutation.tables import columnwise
from sklprune._registry import register
from sklprune._typing import Array, Estimator
from sklprune._units import Task, Units, score_metadata
from sklprune.methods._base import Method


class Permutation(Method):
    """Remove the columns whose permutation lowers the score of the model least.

    The score of a column is the mean decrease of the model's score when the values
    of the column are shuffled. The decrease is measured on rows that the model was
    not fitted on. These are a fifth of the pruning rows, or all rows if the model is
    frozen.
    X may be an array, a sparse matrix or a data frame. The columns of one group are
    shuffled together.

    Parameters
    ----------
    n_repeats : int, default=5
        How many times each column is shuffled.
    max_samples : int or float, default=1.0
        How many rows are used, as a number or as a fraction.
    conditional : bool, default=False
        Whether a column is shuffled only among rows in which the columns that correlate
        with it are similar. A column that merely correlates with an important one then
        has no importance of its own.

    Notes
    -----
    With the same seed the values are those of
    :func:`sklearn.inspection.permutation_importance`, with two differences. With
    `max_samples`, the score before shuffling is computed on the sampled rows too. Rows
    of weight zero are removed before, so that their values are not shuffled into other
    rows.

    References
    ----------
    Breiman, Random forests, Machine Learning 45, 2001.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklprune import PrunedEstimator
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> pruned = PrunedEstimator(Ridge(), method="permutation", pruning_ratio=0.6,
    ...                          random_state=0).fit(X, y)
    >>> pruned.estimator_[-1].n_features_in_
    4
    """

    granularity = "feature"
    uses = ("fast_permutation",)
    needs_unseen = True
    needs_labels = True
    needs_scorer = True
    takes_blocks = True
    reason = "the score hardly falls when it is shuffled"

    def __init__(
        self,
        n_repeats: int = 5,
        *,
        max_samples: float = 1.0,
        conditional: bool = False,
    ) -> None:
        self.n_repeats = n_repeats
        self.max_samples = max_samples
        self.conditional = conditional

    def score(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Array:
        """Mean decrease of the score for each column, (n_units,)."""
        if not isinstance(self.n_repeats, numbers.Integral) or self.n_repeats < 1:
            raise ValueError(
                f"Permutation(n_repeats={self.n_repeats!r}): n_repeats must be a "
                "positive whole number."
            )
        rows = _weighted(task.to_order())
        chosen, orders = shuffles(
            rows.n_samples, self.n_repeats, self.max_samples, task.random_state
        )
        if chosen is not None:
            rows = rows.take(chosen)
        X, label = columnwise(rows.X), _labels(units)
        groups = _groups(units, label)
        changes = (
            conditional_changes(X, groups, orders)
            if self.conditional
            else changes_of(groups, orders)
        )
        metadata = score_metadata(estimator, rows)
        rows = Rows(X, rows.y, rows.scorer, metadata, column_names(X))
        unchanged, changed = permuted_scores(estimator, rows, changes, task.n_jobs)
        return (unchanged[None] - changed[None].mean(axis=1))[label]


def _weighted(rows: Task) -> Task:
    """The rows without those of weight zero, whose values would be shuffled too."""
    if rows.sample_weight is None:
        return rows
    positive = np.flatnonzero(rows.sample_weight)
    if len(positive) == rows.n_samples:
        return rows
    if len(positive) == 0:
        raise ValueError(
            "sample_weight: all rows on which the columns are ordered have weight "
            "zero. The method 'permutation' needs new rows with positive weights."
        )
    return rows.take(positive)


def _labels(units: Units) -> Array:
    """The number of each unit's group, (n_units,)."""
    if units.groups is None:
        return np.arange(units.count)
    return np.unique(units.groups, return_inverse=True)[1]


def _groups(units: Units, label: Array) -> list[Array]:
    """The columns of each group; a unit may consist of several columns."""
    of_column = label[units.where.unit]
    by_group = np.argsort(of_column, kind="stable")
    ends = np.searchsorted(of_column[by_group], np.arange(1, label.max() + 1))
    return np.split(units.where.columns[by_group], ends)


register("method", Permutation)
