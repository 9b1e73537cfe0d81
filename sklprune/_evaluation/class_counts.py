"""Classes of some rows, and how many rows of each are predicted correctly."""

from typing import NamedTuple

import numpy as np
from sklearn.base import is_classifier


class ClassCounts(NamedTuple):
    """Rows of each class by whether two models predict them correctly.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The labels in y, ascending.
    counts : ndarray of shape (n_classes, 2, 2), int
        Numbers of rows. The second axis is 1 where the unpruned model is right, else
        0. The third axis is the same for the pruned model.
    """

    classes: np.ndarray
    counts: np.ndarray

    def to_dict(self):
        """The numbers that a report shows."""
        rows = self.counts.sum(axis=(1, 2))
        original = self.counts[:, 1, :].sum(axis=1)
        pruned = self.counts[:, :, 1].sum(axis=1)
        return {
            "right_to_wrong": int(self.counts[:, 1, 0].sum()),
            "wrong_to_right": int(self.counts[:, 0, 1].sum()),
            "recall": [
                {"class": label, "rows": n, "original": before / n, "pruned": after / n}
                for label, n, before, after in zip(
                    *(each.tolist() for each in (self.classes, rows, original, pruned))
                )
                if n
            ],
        }


def classes_of(estimator, y):
    """The labels by which rows are counted; None unless a classifier has one output."""
    if y is None or not is_classifier(estimator) or np.size(y) > len(y):
        return None
    return np.unique(np.asarray(y))


def counts_of(classes, y, labels, others):
    """The counts of `ClassCounts` from the predictions of both models.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Ascending; contains each label in y.
    y : array-like of shape (n_rows,)
        The true labels.
    labels, others : array-like of shape (n_rows,)
        Predictions of the unpruned and of the pruned model.

    Returns
    -------
    ndarray of shape (n_classes, 2, 2), int
    """
    y = np.ravel(y)
    code = np.searchsorted(classes, y)
    before = np.ravel(labels) == y
    after = np.ravel(others) == y
    cells = np.bincount(4 * code + 2 * before + after, minlength=4 * len(classes))
    return cells.reshape(-1, 2, 2)


def lacks_classes(estimator, y, of_all):
    """Whether a classifier cannot be fitted to some labels like to all of them."""
    if not is_classifier(estimator):
        return False
    return len(np.unique(np.asarray(y))) < len(np.unique(np.asarray(of_all)))
