"""Folds of the pruning rows, on which settings of a descent are chosen."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

from sklprune._tree_descent.distillation import TrainingRows
from sklprune._typing import Array

#: with fewer rows there are three folds. From this number on, one fold with a fifth of
#: the rows is precise enough. Each class beyond two has targets of its own, and counts
#: as as many rows. Five folds of few rows gave no better strength than three
ONE_FOLD_FROM = 3000


class Fold(NamedTuple):
    """Rows to fit on and rows to measure on.

    Parameters
    ----------
    rows : TrainingRows
        The same rows as without folds, with the weight zero for held-out rows.
    held_out : ndarray of shape (n_rows,)
        Weights of the held-out rows, zero for others.
    """

    rows: TrainingRows
    held_out: Array

    def given_first(self) -> Any:
        """The given rows to fit on, as a task."""
        is_first = self.rows.task.sample_weight > 0
        task = self.rows.given.take(np.flatnonzero(is_first[self.rows.position]))
        if task.sample_weight is not None and np.ptp(task.sample_weight) == 0:
            # forests draw other bootstrap samples if weights are passed
            task = replace(task, sample_weight=None)
        return task


def inner_folds(rows: TrainingRows, classes: bool) -> list[Fold]:
    """One fold of training rows, or three where rows are few.

    Equal rows are in the same fold, and so are the rows of a group. All folds contain
    all classes in the rows to fit on.

    Parameters
    ----------
    rows : TrainingRows
    classes : bool
        Whether targets are probabilities of classes.
    """
    task, n_rows = rows.task, rows.task.n_samples
    weight = task.sample_weight
    weight = np.ones(n_rows) if weight is None else weight
    used = np.flatnonzero(weight > 0)
    labels = _labels(rows.targets) if classes else np.zeros(n_rows, dtype=int)
    n_targets = len(used) * max(1, labels.max())
    n_folds = 3 if n_targets < ONE_FOLD_FROM else 5
    counts = np.bincount(labels[used])
    # the few rows of a rare class are never held out
    used = used[counts[labels[used]] >= 2 * n_folds]
    if len(used) < 4 * n_folds:
        return []
    splitter: Any = KFold(n_folds, shuffle=True, random_state=seed_of(task))
    groups = None
    if task.groups is not None:
        groups = np.asarray(task.groups)[used]
        if len(np.unique(groups)) < n_folds:
            return []
        splitter = GroupKFold(n_folds)
    elif classes:
        splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed_of(task))
    folds = []
    for _, second in splitter.split(used, labels[used], groups):
        held_out = np.zeros(n_rows)
        held_out[used[second]] = weight[used[second]]
        first = np.where(held_out > 0, 0.0, weight)
        if len(np.unique(labels[first > 0])) == len(np.unique(labels[weight > 0])):
            fold_task = replace(task, sample_weight=first)
            folds.append(Fold(replace(rows, task=fold_task), held_out))
    return folds[:1] if n_targets >= ONE_FOLD_FROM else folds


def seed_of(task: Any) -> int:
    """The seed of a task; a fixed one if it has none, so that a pruning repeats."""
    return 0 if task.random_state is None else task.random_state


def _labels(targets: Array) -> Array:
    """Class codes of targets, which may be codes or probabilities."""
    if targets.ndim > 1 and targets.shape[1] > 1:
        return targets.argmax(axis=1)
    targets = np.ravel(targets)
    whole = np.equal(targets, np.round(targets)).all()
    return np.unique(targets if whole else targets > 0.5, return_inverse=True)[1]
