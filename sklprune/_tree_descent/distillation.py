"""Who tells a descent what rows are: their labels, or the model itself."""

from dataclasses import replace

import numpy as np

from sklprune._tree_descent.block_descent import LEAF_GRID
from sklprune._tree_descent.synthetic_rows import with_synthetic_rows
from sklprune.methods._base import Method

TEACHERS = ("auto", "labels", "model")
#: with fewer rows than this share of those that a model was fitted on, the model knows
#: better than their labels; halves of its own rows, as cv=2 gives them, are not few
FEW = 1 / 3


class DistilledMethod(Method):
    """Base of the methods that give leaves new values: somebody says what rows are.

    They have a parameter `teacher`, as `rows_and_targets` takes it.
    """

    granularity = "leaf"

    @property
    def needs_labels(self):
        return self.teacher == "labels"

    def grid(self, task):
        return LEAF_GRID

    def _check_teacher(self):
        """Refuse a `teacher` that nobody knows."""
        if self.teacher not in TEACHERS:
            raise ValueError(
                f"{type(self).__name__}(teacher={self.teacher!r}): teacher must be "
                "'auto', 'labels' or 'model'."
            )


def rows_and_targets(family, estimator, task, teacher):
    """The rows to learn from, and what is to be said of them.

    Where the model is the teacher, rows are made up until there are as many as it was
    fitted on.

    Parameters
    ----------
    family, estimator : Family, estimator
    task : Task
    teacher : {"auto", "labels", "model"}

    Returns
    -------
    task : Task
        Its first rows are those that came in. With labels, weights are those of rows
        and of their classes in one; what a model says has those of classes in it.
    targets : ndarray
        As `family.targets` gives them.
    """
    n_fitted = family.n_fitted(estimator)
    if task.y is None and teacher == "auto":
        teacher = "model"
    if not distils_from_model(teacher, task.n_samples, n_fitted):
        weight = family.row_weights(estimator, task)
        targets = family.targets(estimator, task.y)
        return replace(task, sample_weight=weight), targets
    weight, among = task.sample_weight, None
    if weight is not None:
        # a row of no weight is as if it were not there
        among = np.flatnonzero(weight > 0)
        n_fitted += task.n_samples - len(among)
    X, like = with_synthetic_rows(task.X, n_fitted, task.random_state, among)
    weight = None if weight is None else weight[like]
    task = replace(task, X=X, y=None, sample_weight=weight, groups=None, unseen=None)
    return task, _said(family, estimator, X)


def distils_from_model(teacher, n_rows, n_fitted):
    """Whether of so many labelled rows the model says what they are.

    Parameters
    ----------
    teacher : {"auto", "labels", "model"}
    n_rows : int
    n_fitted : int
        Rows that the model was fitted on.
    """
    return teacher == "model" or (teacher == "auto" and n_rows < FEW * n_fitted)


def _said(family, estimator, X):
    """What a model says of rows, as it ought to be told: `targets` of its own."""
    total = family.raw_prediction(estimator, X)
    if family.output_kind(estimator) != "scores":
        return total
    loss = family.loss(estimator)
    if loss.is_multiclass:
        # the loss takes one class a row
        return total.argmax(axis=1).astype(float)
    return loss.link.inverse(total[:, 0])
