"""Training rows and targets of a descent: labels, or the model's own predictions.

With the predictions of the model as targets, the small model is distilled from it.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklprune._tree_descent.distinct_rows import distinct_rows
from sklprune._tree_descent.synthetic_rows import with_synthetic_rows
from sklprune._typing import Array, Estimator, MatrixLike

#: with fewer rows than this share of the rows that a model was fitted on, distillation
#: is better than labels. Halves of its own rows, as cv=2 gives them, are not few
FEW = 1 / 3


@dataclass(frozen=True)
class TrainingRows:
    """The rows that a descent is fitted on.

    Parameters
    ----------
    task : Task
        Distinct rows. With labels, the weights are the products of the weights of rows
        and of their classes. With distillation, class weights are part of the targets
        already.
    targets : ndarray
        In the form of `family.targets`.
    position : ndarray of shape (n_given,), int
        For each given row the position of the equal row in the task.
    distilled : bool
        Whether the targets are predictions of the model.
    given : Task
        The given rows.
    """

    task: Any
    targets: Array
    position: Array
    distilled: bool
    given: Any


def training_rows(
    family: Any, estimator: Estimator, task: Any, teacher: str
) -> TrainingRows:
    """The rows that a descent is fitted on, and their targets.

    For distillation, synthetic rows are added until there are as many rows as the
    model was fitted on.

    Parameters
    ----------
    family, estimator : Family, estimator
    task : Task
    teacher : {"auto", "labels", "model"}

    Returns
    -------
    TrainingRows
    """
    given, n_fitted = task, family.n_fitted(estimator)
    if task.y is None and teacher == "auto":
        teacher = "model"
    if not distils_from_model(teacher, task.n_samples, n_fitted):
        task = replace(task, sample_weight=family.row_weights(estimator, task))
        targets = family.targets(estimator, task.y)
        return TrainingRows(*distinct_rows(task, targets), False, given)
    weight, among = task.sample_weight, None
    if weight is not None:
        # a row of weight zero is handled as if it were removed
        among = np.flatnonzero(weight > 0)
        n_fitted += task.n_samples - len(among)
    X, like = with_synthetic_rows(task.X, n_fitted, task.random_state, among)
    weight = None if weight is None else weight[like]
    task = replace(task, X=X, y=None, sample_weight=weight, groups=None, unseen=None)
    # synthetic rows are as many as the model was fitted on, equal ones included
    targets = _predicted_targets(family, estimator, X)
    return TrainingRows(task, targets, np.arange(given.n_samples), True, given)


def blended_rows(
    family: Any, estimator: Estimator, task: Any, share: float
) -> TrainingRows:
    """The given rows, with means of labels and predictions of the model as targets.

    The loss is a mean of the loss against labels, with the weights of their classes,
    and of that against predictions.

    Parameters
    ----------
    family, estimator : Family, estimator
        A classifier that averages probabilities.
    task : Task
    share : float
        The weight of the predictions in the mean.
    """
    given, weight = task, task.sample_weight
    weight = np.ones(task.n_samples) if weight is None else weight
    of_labels = family.row_weights(estimator, task)
    of_labels = (1 - share) * (np.ones_like(weight) if of_labels is None else of_labels)
    of_predictions, total = share * weight, of_labels + share * weight
    labels = family.targets(estimator, task.y)
    predictions = _predicted_targets(family, estimator, task.X)
    # a row of weight zero has no mean
    ratio = np.divide(of_predictions, total, out=np.zeros_like(total), where=total > 0)
    targets = labels + ratio[:, None] * (predictions - labels)
    task = replace(task, sample_weight=total)
    return TrainingRows(*distinct_rows(task, targets), True, given)


def distils_from_model(teacher: str, n_rows: int, n_fitted: int) -> bool:
    """Whether to distil from the model rather than to use labels.

    Parameters
    ----------
    teacher : {"auto", "labels", "model"}
    n_rows : int
        Labelled rows.
    n_fitted : int
        Rows that the model was fitted on.
    """
    return teacher == "model" or (teacher == "auto" and n_rows < FEW * n_fitted)


def _predicted_targets(family: Any, estimator: Estimator, X: MatrixLike) -> Array:
    """The predictions of a model in the form of `family.targets`."""
    raw_prediction = family.raw_prediction(estimator, X)
    if family.output_kind(estimator) != "scores":
        return raw_prediction
    sklearn_loss = family.loss(estimator)
    if sklearn_loss.is_multiclass:
        # the loss takes one class for each row
        return raw_prediction.argmax(axis=1).astype(float)
    return sklearn_loss.link.inverse(raw_prediction[:, 0])
