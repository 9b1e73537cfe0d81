"""Losses of blocks of rows: what a permutation changes, and how certain that is.

A column is ordered by these losses where the score is too coarse. The accuracy of a
few hundred rows hardly changes when a weak column is permuted, but the log loss does.
A column without information has an expected change of zero on rows that the model was
not fitted on. The spread of its change over blocks of rows is therefore a noise floor.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.metrics import (
    make_scorer,
    mean_squared_error,
    r2_score,
    root_mean_squared_error,
)

from sklprune._permutation.metrics import OF_CLASSES
from sklprune._registry import family_of
from sklprune._sklearn_private import is_passthrough, scorer_parts
from sklprune._typing import Array, ArrayLike, Estimator, Scorer

#: number of blocks of rows, from whose changes the standard error is computed
N_BLOCKS = 20
#: smallest probability of a class in the log loss, so that no single row dominates
SMALLEST = 1e-3
#: metrics of values that the squared error stands for
OF_SQUARES = (r2_score, mean_squared_error, root_mean_squared_error)


class BlockLosses(NamedTuple):
    """Negative losses of blocks of rows, as a metric for `make_scorer`.

    Parameters
    ----------
    losses : callable
        `losses(y, response, sample_weight=None)`.
    response : str
        The prediction method that gives the responses.
    """

    losses: Callable[..., Array]
    response: str

    def __call__(
        self, y: ArrayLike, response: Array, sample_weight: Array | None = None
    ) -> Array:
        return self.losses(y, response, sample_weight=sample_weight)

    def of_repeats(
        self, responses: Any, y: ArrayLike, metadata: dict[str, Any]
    ) -> Array | None:
        """The losses of all repeats, without the checks of a scorer for each of them.

        Returns
        -------
        ndarray of shape (n_repeats, n_blocks), or None for a list of responses
        """
        found = responses.response(self.response)
        if isinstance(found, list):
            return None
        if self.response == "predict_proba" and found.shape[-1] == 2:
            found = found[..., 1]  # as a scorer passes it
        return np.array([self.losses(y, each, **metadata) for each in found])

    @property
    def scorer(self) -> Scorer:
        """A scorer by this metric."""
        return make_scorer(self, response_method=self.response)


def loss_scorer(estimator: Estimator, y: ArrayLike, scorer: Scorer) -> Scorer | None:
    """A scorer that returns the negative losses of blocks of rows.

    It is the log loss of a classifier with probabilities, the error rate of other
    classifiers, and the squared error of a regressor, in units of the variance.

    Parameters
    ----------
    estimator : estimator
        The fitted model.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs)
        The targets of the rows that are scored.
    scorer : callable
        The scorer of the pruning.

    Returns
    -------
    callable or None
        None where this scorer measures something else than such a loss.
    """
    values = np.asarray(y)
    several = values.ndim > 1 and values.shape[1] > 1
    # the score of a pipeline is that of its last step
    core = family_of(estimator).core(estimator)
    metric = scorer_parts(scorer, core)[0]
    if is_classifier(estimator):
        classes = getattr(estimator, "classes_", None)
        if not isinstance(classes, np.ndarray) or classes.ndim != 1 or several:
            return None
        # some classifiers of scikit-learn have an accuracy of their own
        own = is_passthrough(scorer) and type(core).__module__.startswith("sklearn.")
        if not (own or metric in OF_CLASSES):
            return None
        if hasattr(estimator, "predict_proba"):
            losses = partial(_log_losses, classes=classes)
            return BlockLosses(losses, "predict_proba").scorer
        return BlockLosses(_errors, "predict").scorer
    if not is_regressor(estimator) or metric not in OF_SQUARES:
        return None
    is_number = values.dtype.kind in "biuf"
    return BlockLosses(_squared_errors, "predict").scorer if is_number else None


def _log_losses(
    y: Array, probability: Array, classes: Array, sample_weight: Array | None = None
) -> Array:
    """The negative log losses of blocks; of two classes, the second's probability."""
    if probability.ndim == 1:
        probability = np.column_stack([1 - probability, probability])
    y = np.ravel(y)
    codes = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
    of_class = probability[np.arange(len(codes)), codes]
    of_class = np.where(classes[codes] == y, of_class, 0.0)
    return _of_blocks(np.log(np.maximum(of_class, SMALLEST)), sample_weight)


def _errors(y: Array, labels: Array, sample_weight: Array | None = None) -> Array:
    wrong = np.ravel(y) != np.ravel(labels)
    return _of_blocks(-wrong.astype(float), sample_weight)


def _squared_errors(
    y: Array, predicted: Array, sample_weight: Array | None = None
) -> Array:
    values = np.asarray(y, dtype=float).reshape(len(predicted), -1)
    squares = (values - np.asarray(predicted).reshape(values.shape)) ** 2
    mean = np.average(values, axis=0, weights=sample_weight)
    variance = np.average((values - mean) ** 2, axis=0, weights=sample_weight)
    squares /= np.where(variance > 0, variance, 1.0)
    return _of_blocks(-squares.mean(axis=1), sample_weight)


def _of_blocks(of_rows: Array, weight: Array | None) -> Array:
    """Sums over every n-th row, in the unit of the mean over all rows."""
    n_rows = len(of_rows)
    n_blocks = min(N_BLOCKS, n_rows)
    if weight is not None:
        of_rows = of_rows * (weight * (n_rows / np.sum(weight)))
    block = np.arange(n_rows) % n_blocks
    # some models predict numbers of the dtype of X, which may be longer
    of_rows = of_rows.astype(np.float64)
    return np.bincount(block, of_rows, n_blocks) * (n_blocks / n_rows)


def less_noise(changes: Array, margin: Any) -> Array:
    """Mean changes of losses less standard errors of noise, (n_changes,).

    All means are reduced by the same value, so that they keep their order. The standard
    error of an important column is large where it matters for few rows only. It is not
    that of a column without information, to which the column is compared.

    Parameters
    ----------
    changes : ndarray of shape (n_changes, n_blocks)
    margin : float
        The number of standard errors. They are the root mean square of those of all
        changes whose mean is less than so many of its own standard errors.
    """
    mean, n_blocks = changes.mean(axis=1), changes.shape[1]
    if n_blocks < 2 or margin == 0:
        return np.asarray(mean)
    error = changes.std(axis=1, ddof=1) / np.sqrt(n_blocks)
    of_noise = error[mean < margin * error]
    noise = np.sqrt(np.mean(of_noise**2)) if len(of_noise) else 0.0
    return np.asarray(mean - margin * noise)
