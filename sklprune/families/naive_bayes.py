"""Naive Bayes models of counts, which predict by a weight of each column."""

from typing import Any

import numpy as np

from sklprune._column_scale import column_norms, column_scales
from sklprune._frames import as_matrix
from sklprune._registry import register_family
from sklprune._typing import Array, Estimator
from sklprune._units import Task
from sklprune.families._base import Family

#: the logarithm of the least probability; that of zero (`alpha=0`) is not finite
LEAST = np.log(np.finfo(float).tiny)


class NaiveBayesFamily(Family):
    """`MultinomialNB`, `ComplementNB` and `BernoulliNB`.

    The log-probability of a class is linear in the columns. The weights of a column
    that are equal for all classes change no prediction.
    """

    classes = ("BernoulliNB", "ComplementNB", "MultinomialNB")
    # a subclass of another package may predict in another way
    exact = True
    has_coefficients = True

    def column_importances(self, estimator: Estimator, task: Task) -> Array | None:
        """Norms of the differences between classes, times the standard deviations."""
        # those of `ComplementNB` are positive
        weights = np.clip(estimator.feature_log_prob_, LEAST, -LEAST)
        X = task.X
        if hasattr(estimator, "binarize"):
            # the log-odds of a column that is present
            weights = weights - _log_of_absent(weights)
            if estimator.binarize is not None:
                X = as_matrix(X) > estimator.binarize
        if len(weights) > 1:
            weights = weights - weights.mean(axis=0)
        return column_norms(weights) * column_scales(X, task.sample_weight)


def _log_of_absent(log_of_present: Any) -> Any:
    absent = -np.expm1(log_of_present)
    return np.log(np.maximum(absent, np.finfo(float).tiny))


register_family(NaiveBayesFamily())
