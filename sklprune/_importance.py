"""The function `permutation_importance`, which also accepts sparse X.

The columns are shuffled by the same functions as in the method `Permutation`.
"""

from typing import Any

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch

from sklprune._frames import column_names
from sklprune._permutation.orders import changes_of, shuffles
from sklprune._permutation.scores import Rows, permuted_scores
from sklprune._permutation.tables import columnwise
from sklprune._sklearn_private import num_features, num_samples
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike, RandomState

__all__ = ["permutation_importance"]


def permutation_importance(
    estimator: Estimator,
    X: MatrixLike,
    y: ArrayLike | None,
    *,
    scoring: Any = None,
    n_repeats: int = 5,
    n_jobs: int | None = None,
    random_state: RandomState = None,
    sample_weight: ArrayLike | None = None,
    max_samples: float = 1.0,
) -> Any:
    """Permutation importance of each column.

    Signature and values are those of
    :func:`sklearn.inspection.permutation_importance`. In addition, X may be sparse,
    and a polars frame is passed to the model as a polars frame.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator.
    X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
        Rows to compute the scores on. They are not modified.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), or None
        Targets.
    scoring : str, callable, list, tuple, dict or None, default=None
        One metric or several. A callable returns a number, or a dict of numbers by
        the name of the metric. None is the `score` method of the estimator.
    n_repeats : int, default=5
        How many times each column is shuffled.
    n_jobs : int or None, default=None
        Number of columns that are processed in parallel. None is 1.
    random_state : int, RandomState or None, default=None
        Seed of the shuffles.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights for the scores.
    max_samples : int or float, default=1.0
        Number or fraction of the rows that are used, drawn once. As in scikit-learn,
        the score before shuffling is computed on all rows.

    Returns
    -------
    Bunch or dict of Bunch
        `importances_mean` and `importances_std` of shape (n_features,), and
        `importances` of shape (n_features, n_repeats). With several metrics, a dict
        of such results by the name of the metric.

    Raises
    ------
    ValueError
        If `max_samples` is larger than the number of rows, or not positive.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklprune import permutation_importance
    >>> X, y = load_diabetes(return_X_y=True)
    >>> result = permutation_importance(Ridge().fit(X, y), X, y, random_state=0)
    >>> result.importances_mean.argmax()
    np.int64(2)
    """
    scorer = check_scoring(estimator, scoring)
    metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
    X = columnwise(X)
    chosen, orders = shuffles(num_samples(X), n_repeats, max_samples, random_state)
    rows = Rows(X, y, scorer, metadata, column_names(X))
    baseline = None
    if chosen is not None:
        baseline = rows.scores(estimator)
        rows = rows.take(chosen)
    changes = changes_of(range(num_features(X)), orders)
    unchanged, changed = permuted_scores(estimator, rows, changes, n_jobs)
    baseline = unchanged if baseline is None else baseline
    found = {
        name: _bunch(value, np.array([scores[name] for scores in changed]))
        for name, value in baseline.items()
    }
    return found.get(None, found)


def _bunch(baseline: Array, changed: Array) -> Bunch:
    importances = baseline - changed
    return Bunch(
        importances_mean=importances.mean(axis=1),
        importances_std=importances.std(axis=1),
        importances=importances,
    )
