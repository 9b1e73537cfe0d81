"""Splits of the rows into a part to prune on and a part to score on.

`splits_of` turns the parameter `cv` into a list of splits, and `hold_out` makes one
seeded, stratified split.
"""

import warnings
from dataclasses import replace

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.model_selection import (
    GroupShuffleSplit,
    ShuffleSplit,
    StratifiedShuffleSplit,
)

from sklprune._evaluation.class_counts import lacks_classes
from sklprune._frames import may_be_dense
from sklprune._metadata import requested, routing_enabled
from sklprune._splitters import splitter_of
from sklprune._tree_descent.distinct_rows import row_codes

#: folds for `cv=None`
DEFAULT_FOLDS = 5
#: share of the rows on which the size of a frozen model is chosen, for `cv=None`
FROZEN_FRACTION = 0.25
#: with fewer rows held out, one split says little: several folds are used
MIN_HELD_OUT = 2_000
#: rows of a fold: R squared needs two
MIN_ROWS_OF_FOLD = 2
#: share of the pruning rows that are held out for methods that order on unseen rows
UNSEEN_FRACTION = 0.2


def splits_of(plan, task, cv):
    """The splits defined by `cv`, as a list of (first rows, second rows).

    An int, a splitter or an iterable, as everywhere in scikit-learn. None is 5 folds.
    For a frozen model None is one split with a quarter of the rows held out, or 5
    folds where this quarter would be small. Some methods need one split only. The
    default splits keep groups whole.

    Rows of weight zero are never scored. If the splits are made here, these rows are
    in all first parts, and do not change how the other rows are split.
    """
    if cv is None or isinstance(cv, (int, np.integer)):
        return _split_weighted(
            task, lambda rows: _with_classes(plan, rows, _all_splits(plan, rows, cv))
        )
    splits, weight = _all_splits(plan, task, cv), task.sample_weight
    _check_classes(plan, task, splits)
    if weight is None:
        return splits
    weighted = [(first, second[weight[second] > 0]) for first, second in splits]
    return weighted if all(len(second) for _, second in weighted) else splits


def _split_weighted(task, split):
    """The splits of the rows of positive weight; the others are in all first parts."""
    weight = task.sample_weight
    weighted = np.arange(task.n_samples) if weight is None else np.flatnonzero(weight)
    if len(weighted) == task.n_samples or len(weighted) < 2:
        return split(task)
    others = np.flatnonzero(weight == 0)
    return [
        (np.sort(np.append(weighted[first], others)), weighted[second])
        for first, second in split(task.take(weighted))
    ]


def _with_classes(plan, task, splits):
    """The splits, with every class in the first parts if a fitted model needs it.

    A refit of a fitted classifier needs rows of all of its classes. Rows of a class
    that would be held out together are not held out. With groups, which are kept whole,
    such a split is omitted if others remain.
    """
    labels = plan.frozen and is_classifier(plan.estimator) and task.y is not None
    y = np.asarray(task.y).ravel()
    if not labels or len(y) != task.n_samples:
        return splits
    if plan.refit is None or not plan.refit.needs_labels:
        return splits
    absent = [np.isin(y, np.setdiff1d(y, y[first])) for first, _ in splits]
    if task.groups is not None:
        whole = [split for split, rows in zip(splits, absent) if not rows.any()]
        return whole or splits
    complete = [
        (np.sort(np.append(first, np.flatnonzero(rows))), second[~rows[second]])
        for (first, second), rows in zip(splits, absent)
    ]
    return [split for split in complete if len(split[1])] or splits


def _check_classes(plan, task, splits):
    """Raise an error for a given split without rows of a class that a refit needs."""
    trains = plan.refit is not None and "masked_refit" in plan.refit.needs
    if not trains or not plan.refit.needs_labels or task.y is None:
        return
    if not plan.frozen or not is_classifier(plan.estimator):
        return
    y = np.asarray(task.y)
    if y.size > len(y):
        return
    for number, (first, _) in enumerate(splits):
        absent = np.setdiff1d(y, y.ravel()[first]).tolist()
        if absent:
            raise ValueError(
                f"cv: the rows to prune on in split {number} have no row of the "
                f"classes {absent}, and a refit of the fitted model needs all classes. "
                "Give stratified splits, or refit='reconstruction', which needs no "
                "labels."
            )


def _all_splits(plan, task, cv):
    """The splits of all rows, see `splits_of`."""
    if cv is None and plan.method.takes_one_split(task):
        # without a seed the split is always the same, as the default folds are
        seed = 0 if task.random_state is None else task.random_state
        return [
            hold_out(plan.estimator, replace(task, random_state=seed), FROZEN_FRACTION)
        ]
    if cv is None and plan.frozen:
        if FROZEN_FRACTION * task.n_samples >= MIN_HELD_OUT:
            return [hold_out(plan.estimator, task, FROZEN_FRACTION)]
        return _folds_of_few(plan.estimator, task)
    n_splits = DEFAULT_FOLDS if cv is None else cv
    classifier = is_classifier(plan.estimator)
    if isinstance(n_splits, (int, np.integer)) and n_splits > task.n_samples:
        raise ValueError(
            f"cv={cv!r} requires {n_splits} folds, but X has n_samples="
            f"{task.n_samples} rows. Give more rows, or a smaller cv."
        )
    splitter = splitter_of(n_splits, task.y, classifier, groups=task.groups)
    metadata = {"groups": task.groups}
    if routing_enabled():
        weights = {"sample_weight": task.sample_weight}
        metadata = requested(splitter, "split", **metadata, **weights)
    splits = [
        (_positions(first, task.n_samples), _positions(second, task.n_samples))
        for first, second in splitter.split(task.X, task.y, **metadata)
    ]
    sizes = [(len(first), len(second)) for first, second in splits]
    if not np.all(sizes) or not splits:
        raise ValueError(
            f"cv gives splits of {sizes} rows. There must be at least one, and in each "
            "of them rows to prune on and rows to score on."
        )
    return splits


def _folds_of_few(estimator, task):
    """The folds of an unfitted model; a single split with very few rows or groups.

    A model whose rows are known is thus pruned as far as an unfitted one.
    """
    n_splits, groups = DEFAULT_FOLDS, task.groups
    what = task.n_samples if groups is None else len(np.unique(groups))
    y = None if task.y is None else np.asarray(task.y)
    stratify = is_classifier(estimator) and y is not None and y.size == len(y)
    stratify = stratify and np.unique(y, return_counts=True)[1].max() >= n_splits
    splitter = splitter_of(n_splits, y, stratify, groups=groups)
    if what < n_splits or task.n_samples < MIN_ROWS_OF_FOLD * n_splits:
        return [hold_out(estimator, task, FROZEN_FRACTION)]
    with warnings.catch_warnings():
        # classes with fewer rows than folds are missing from some held-out parts
        warnings.simplefilter("ignore", UserWarning)
        return list(splitter.split(task.X, y, groups))


def _positions(rows, n_rows):
    """Rows given as positions, a mask or a slice, as an array of int."""
    if isinstance(rows, slice):
        return np.arange(n_rows)[rows]
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows.astype(int)


def hold_out(estimator, task, fraction):
    """Split the rows once: (first rows, held-out rows), stratified where possible.

    Rows of weight zero are not held out, and equal rows are not separated. Without
    groups, a row of weight two is therefore held out where two equal rows are.
    """
    (split,) = _split_weighted(
        task, lambda rows: [_hold_out_distinct(estimator, rows, fraction)]
    )
    return split


def _hold_out_distinct(estimator, task, fraction):
    """`_hold_out` of distinct rows, if there are equal rows or different weights."""
    weight = np.ones(1) if task.sample_weight is None else task.sample_weight
    if task.groups is not None or not hasattr(task.X, "shape"):
        return _hold_out(estimator, task, fraction)
    # in the order of their codes, which the order of the rows does not change
    _, row, label = np.unique(_codes(task.X), return_index=True, return_inverse=True)
    differ = len(row) == task.n_samples and (weight == weight[0]).all()
    if differ or len(row) < 2:
        return _hold_out(estimator, task, fraction)
    _, held_out = _hold_out(estimator, task.take(row), fraction)
    is_out = np.isin(label, held_out)
    too_few = is_out.sum() < 2 <= np.ceil(fraction * task.n_samples)
    if too_few or _lacks_class(estimator, task.y, ~is_out):
        # many scores require two rows, and a fit all classes
        return _hold_out(estimator, task, fraction)
    return np.flatnonzero(~is_out), np.flatnonzero(is_out)


def _lacks_class(estimator, y, rows):
    """Whether some rows have fewer classes than all of them."""
    if y is None or np.size(y) > len(y):
        return False
    y = np.ravel(y)
    return lacks_classes(estimator, y[rows], y)


def _codes(X):
    """A number for each row, equal for equal rows; the same for a small sparse X."""
    small = sparse.issparse(X) and may_be_dense(X)
    return row_codes(X.toarray() if small else X)


def _hold_out(estimator, task, fraction):
    X, y, seed = task.X, task.y, task.random_state
    what, n = "n_samples", task.n_samples
    if task.groups is not None:
        what, n = "groups", len(np.unique(task.groups))
    if n < 2:
        raise ValueError(
            f"A part of the rows must be held out, but there is only {what}={n}. Give "
            "more, or the splits themselves by cv."
        )
    if task.groups is not None:
        splitter = GroupShuffleSplit(1, test_size=fraction, random_state=seed)
    elif y is not None and is_classifier(estimator) and _can_stratify(y, fraction):
        splitter = StratifiedShuffleSplit(1, test_size=fraction, random_state=seed)
    else:
        splitter = ShuffleSplit(1, test_size=fraction, random_state=seed)
    first, held_out = next(splitter.split(X, y, task.groups))
    return np.sort(first), np.sort(held_out)


def _can_stratify(y, fraction):
    y = np.asarray(y)
    if y.size > len(y):
        return False
    sizes = np.unique(y, return_counts=True)[1]
    return sizes.min() >= 2 and len(sizes) <= np.floor(fraction * len(y))
