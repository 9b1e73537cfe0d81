"""Common metrics, computed for all repeats of a permutation at once.

A call of a metric of scikit-learn checks its input, which takes longer than a
prediction of a linear model. Here the checks are made once, on the targets. The sums
are those of scikit-learn in the same order, so that the numbers are the same bits.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from sklearn import metrics

from sklprune._sklearn_private import EQUAL_SCORES_IN_ORDER, log_of_probability
from sklprune._typing import Array


@dataclass(frozen=True)
class Targets:
    """The targets that the responses of all repeats are compared with.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        Floats, or positions in the classes of the model, -1 for other labels.
    weight : ndarray of shape (n_rows,) or None
    n_classes : int
        Number of classes of the model; 0 for values.
    complete : bool
        Whether the labels with a positive weight are those of the model, all of them.
    """

    values: Array
    weight: Array | None
    n_classes: int
    complete: bool

    @cached_property
    def spread(self) -> float:
        """The weighted sum of squared distances of the values from their mean."""
        squares = np.square(self.values - np.average(self.values, weights=self.weight))
        if self.weight is not None:
            squares = self.weight * squares
        return squares.sum()

    @cached_property
    def is_second(self) -> Array:
        """Whether each value is the second of two classes."""
        return self.values == 1

    def mean(self, of_rows: Array) -> Array:
        """The weighted mean over the rows: (n_repeats,)."""
        if self.weight is None:
            return of_rows.mean(axis=1)
        weighted = np.multiply(of_rows, self.weight, dtype=float).sum(axis=1)
        return weighted / self.weight.sum(dtype=float)


def accuracy(responses: Any, targets: Targets) -> Array:
    """The share of equal labels, also where y has labels that the model lacks."""
    codes, values = responses.codes(), targets.values
    if codes.dtype == bool and targets.complete:
        values = targets.is_second  # compared without a conversion
    equal = codes == values
    if targets.weight is None:
        # the mean of booleans: a whole number divided by the number of rows
        hits = np.array([np.count_nonzero(row) for row in equal])
        return hits / equal.shape[1]
    return targets.mean(equal)


def _balanced_accuracy(responses: Any, targets: Targets) -> Array:
    n = targets.n_classes
    scores = []
    for codes in responses.codes():
        pairs = targets.values * n + codes
        table = np.bincount(pairs, targets.weight, n * n).reshape(n, n)
        scores.append(np.mean(np.diag(table) / table.sum(axis=1)))
    return np.array(scores)


def _one_is_second(responses: Any, targets: Targets) -> bool:
    """Whether the second of two classes is the label 1, the default of `pos_label`."""
    return targets.n_classes == 2 and responses.model.classes_[1] == 1


def _f1_of_second(responses: Any, targets: Targets) -> Array | None:
    if not _one_is_second(responses, targets):
        return None
    return _f1_scores(responses, targets)[0][:, 1]


def _f1_macro(responses: Any, targets: Targets) -> Array:
    return np.asarray(_f1_scores(responses, targets)[0].mean(axis=1))


def _f1_weighted(responses: Any, targets: Targets) -> Array:
    scores, sizes = _f1_scores(responses, targets)
    return np.asarray(np.average(scores, axis=1, weights=sizes))


def _f1_scores(responses: Any, targets: Targets) -> tuple[Array, Array]:
    """The F1 scores of the classes: (n_repeats, n_classes); the weights of classes."""
    n, weight, values = targets.n_classes, targets.weight, targets.values
    sizes = np.bincount(values, weight, n)
    scores = []
    for codes in responses.codes():
        hit = codes == values
        hits = np.bincount(values[hit], None if weight is None else weight[hit], n)
        scores.append(2 * hits / (sizes + np.bincount(codes, weight, n)))
    return np.array(scores), sizes


def _log_loss(responses: Any, targets: Targets) -> Array:
    probability = responses.response("predict_proba")
    if targets.n_classes == 2:
        # a scorer passes the probability of the second class alone
        second = probability[..., 1]
        of_class = np.where(targets.values == 1, second, 1 - second)
    else:
        flat = probability.reshape(-1, targets.n_classes)
        positions = np.tile(targets.values, len(probability))
        of_class = flat[np.arange(len(flat)), positions]
        of_class = of_class.reshape(len(probability), -1)
    eps = np.finfo(of_class.dtype).eps
    return targets.mean(-log_of_probability(np.clip(of_class, eps, 1 - eps)))


def _scores_of_second(responses: Any) -> Array:
    """How much each row belongs to the second class, as scikit-learn ranks rows."""
    if hasattr(responses.model, "decision_function"):
        return responses.response("decision_function")
    return responses.response("predict_proba")[..., 1]


def _roc_auc(responses: Any, targets: Targets) -> Array | None:
    if targets.n_classes != 2:
        return None
    return np.array([_area(row, targets) for row in _scores_of_second(responses)])


def _average_precision(responses: Any, targets: Targets) -> Array | None:
    if not _one_is_second(responses, targets):
        return None
    return np.array([_precision(row, targets) for row in _scores_of_second(responses)])


def _precision(scores: Array, targets: Targets) -> float:
    """The mean precision at each threshold, weighted with the increase in recall.

    The sum is from the lowest threshold on, as in scikit-learn.
    """
    true, false = _counts(scores, targets)
    found = true + false
    precision = np.divide(true, found, out=np.zeros_like(true), where=found > 0)
    recall = np.append((true / true[-1])[::-1], 0.0)
    return max(0.0, -float(np.sum(np.diff(recall) * precision[::-1])))


def _area(scores: Array, targets: Targets) -> float:
    """The area under the ROC curve, by the trapezoids that scikit-learn adds up."""
    true, false = _counts(scores, targets)
    if len(true) > 2:
        corner = np.diff(false, 2).astype(bool) | np.diff(true, 2).astype(bool)
        kept = np.flatnonzero(np.concatenate([[True], corner, [True]]))
        false, true = false[kept], true[kept]
    x = np.append(0.0, false) / false[-1]
    y = np.append(0.0, true) / true[-1]
    return float((np.diff(x) * (y[1:] + y[:-1]) / 2.0).sum())


def _counts(scores: Array, targets: Targets) -> tuple[Array, Array]:
    """The weights of the second and of the first class above each threshold."""
    if targets.weight is not None:
        used = targets.weight != 0
        scores = scores[used]
        targets = replace(
            targets, values=targets.values[used], weight=targets.weight[used]
        )
    # the order of equal scores matters only to the rounding of sums of weights
    in_order = EQUAL_SCORES_IN_ORDER
    if targets.weight is None:
        order = np.argsort(scores)[::-1]
    else:
        order = np.argsort(-scores if in_order else scores, kind="mergesort")
        order = order if in_order else order[::-1]
    scores, positive = scores[order], targets.values[order]
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    if targets.weight is None:
        true = np.cumsum(positive, dtype=float)[last]
        false = 1 + last - true
    else:
        weight = targets.weight[order]
        true = np.cumsum(positive * weight, dtype=float)[last]
        false = np.cumsum((1 - positive) * weight, dtype=float)[last]
    return true, false


def _squared_errors(responses: Any, targets: Targets) -> Array:
    """The weighted sum of squared errors: (n_repeats,)."""
    if targets.weight is None and responses.moved is not None:
        return responses.moved.squared_errors(targets.values)
    errors = np.square(targets.values - responses.values())
    if targets.weight is not None:
        errors = targets.weight * errors
    return errors.sum(axis=1)


def _r2(responses: Any, targets: Targets) -> Array:
    error, total = _squared_errors(responses, targets), targets.spread
    if total == 0:
        return np.where(error == 0, 1.0, 0.0)
    return 1 - error / total


def _mean_squared_error(responses: Any, targets: Targets) -> Array:
    return targets.mean(np.square(targets.values - responses.values()))


def _root_mean_squared_error(responses: Any, targets: Targets) -> Array:
    return np.sqrt(_mean_squared_error(responses, targets))


def _mean_absolute_error(responses: Any, targets: Targets) -> Array:
    return targets.mean(np.abs(responses.values() - targets.values))


def _max_error(responses: Any, targets: Targets) -> Array:
    return np.abs(targets.values - responses.values()).max(axis=1)


Metric = Callable[[Any, Targets], Array | None]

#: metrics of labels or probabilities by the function of scikit-learn, or by the
#: function and its parameters
OF_CLASSES: dict[Any, Metric] = {
    metrics.average_precision_score: _average_precision,
    (metrics.f1_score, (("average", "binary"),)): _f1_of_second,
    (metrics.f1_score, (("average", "macro"),)): _f1_macro,
    (metrics.f1_score, (("average", "weighted"),)): _f1_weighted,
    metrics.accuracy_score: accuracy,
    metrics.balanced_accuracy_score: _balanced_accuracy,
    metrics.log_loss: _log_loss,
    metrics.roc_auc_score: _roc_auc,
}
#: metrics of values
OF_VALUES: dict[Any, Metric] = {
    metrics.max_error: _max_error,
    metrics.mean_absolute_error: _mean_absolute_error,
    metrics.mean_squared_error: _mean_squared_error,
    metrics.r2_score: _r2,
    metrics.root_mean_squared_error: _root_mean_squared_error,
}
