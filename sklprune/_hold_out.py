"""One split of the rows: a part of them held out."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import (
    GroupShuffleSplit,
    ShuffleSplit,
    StratifiedShuffleSplit,
)


def hold_out(estimator, task, fraction):
    """Split the rows once: (first rows, held-out rows), stratified where it can be."""
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
