"""Folds of the pruning rows, on which methods for columns fit and score models."""

import numbers
import warnings
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from sklprune._splitters import splitter_of
from sklprune._typing import CV, Array, Estimator
from sklprune._units import Task

Fold = tuple[Array, Array]


def folds_of(estimator: Estimator, task: Task, cv: CV, owner: str = "") -> list[Fold]:
    """The splits of the rows by `cv`, as (first rows, second rows).

    Parameters
    ----------
    estimator : estimator
        A classifier gets stratified folds.
    task : Task
        Its groups are kept whole if `cv` is a number of folds.
    cv : int, splitter or iterable
    owner : str
        The method whose parameter `cv` is, for the error.
    """
    classifier = is_classifier(estimator)
    splitter = splitter_of(cv, task.y, classifier, owner, task.groups)
    splits = list(splitter.split(task.X, task.y, task.groups))
    if not splits:
        raise ValueError(f"{owner}(cv={cv!r}): cv must be at least one split.")
    return [(np.asarray(first), np.asarray(second)) for first, second in splits]


def possible_folds(
    estimator: Estimator, task: Task, cv: CV, owner: str = ""
) -> list[Fold]:
    """The same, with fewer folds if there are too few rows, and [] if one remains.

    Each part has a row of positive weight. Rows of weight zero are not in second parts.
    """
    weight = np.ones(task.n_samples)
    if task.sample_weight is not None:
        weight = np.asarray(task.sample_weight)
    if isinstance(cv, numbers.Integral):
        splitter_of(cv, None, False, owner)  # an error for fewer than two
        cv = min(int(cv), _most_folds(estimator, task))
        if cv < 2:
            return []
    with warnings.catch_warnings():
        # classes with fewer rows than folds are missing from some second parts
        warnings.simplefilter("ignore", UserWarning)
        folds = folds_of(estimator, task, cv, owner)
    weighted = [(first, second[weight[second] > 0]) for first, second in folds]
    enough = [len(second) and weight[first].any() for first, second in weighted]
    return [fold for fold, is_enough in zip(weighted, enough) if is_enough]


def _most_folds(estimator: Estimator, task: Task) -> int:
    """The largest number of folds that rows, groups and classes allow."""
    most = task.n_samples // 2
    if task.groups is not None:
        most = min(most, len(np.unique(task.groups)))
    y: Any = None if task.y is None else np.asarray(task.y)
    if is_classifier(estimator) and y is not None and y.size == len(y):
        most = min(most, int(np.unique(y, return_counts=True)[1].max()))
    return most
