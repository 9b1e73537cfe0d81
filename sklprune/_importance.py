"""The function `permutation_importance`, a replacement for that of scikit-learn.

The scores are computed by the same functions as in the method `Permutation`.
"""

from typing import Any

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch

from sklprune._feature_groups import feature_limits
from sklprune._frames import column_names
from sklprune._parameters import check_takes
from sklprune._permutation.conditional import conditional_changes
from sklprune._permutation.orders import changes_of, shuffles
from sklprune._permutation.scores import Rows, permuted_scores
from sklprune._permutation.tables import columnwise
from sklprune._sklearn_private import num_samples
from sklprune._typing import (
    Array,
    ArrayLike,
    Estimator,
    FeatureGroups,
    MatrixLike,
    RandomState,
)

__all__ = ["permutation_importance"]

BASELINES = ("all_rows", "same_rows")


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
    feature_groups: FeatureGroups = None,
    conditional: bool = False,
    baseline: str = "all_rows",
) -> Any:
    """Permutation importance of each column.

    The first parameters and the values are those of
    :func:`sklearn.inspection.permutation_importance`. For linear models, networks of
    layers, trees and their ensembles, only what a permuted column changes is computed.
    A pipeline whose steps transform each column apart transforms the rows once.

    In addition, X may be sparse, a polars frame is passed to the model as a polars
    frame, and columns may be permuted in groups, or within bins of other columns.

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
        Number or fraction of the rows that are used, drawn once.
    feature_groups : list or dict of lists of columns, or "correlated", default=None
        Columns that are permuted together, by name or position. They have the same
        importance. Other columns are permuted alone.
    conditional : bool, default=False
        Whether each column is permuted only among rows in which the columns that
        correlate with it are similar. An important column then does not make those
        that merely correlate with it important.
    baseline : {"all_rows", "same_rows"}, default="all_rows"
        The rows of the score before a permutation if `max_samples` selects some.
        "all_rows" gives the numbers of scikit-learn, which compare different rows.
        "same_rows" compares the scores on the sampled rows, so that a column that the
        model does not read has importance zero.

    Returns
    -------
    Bunch or dict of Bunch
        `importances_mean` and `importances_std` of shape (n_features,), and
        `importances` of shape (n_features, n_repeats). With several metrics, a dict
        of such results by the name of the metric.

    Raises
    ------
    ValueError
        If `max_samples` is larger than the number of rows, or not positive; if
        `feature_groups` overlap or name unknown columns; if a score is not a finite
        number, with the name of the permuted column.

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
    if baseline not in BASELINES:
        raise ValueError(f"baseline={baseline!r} must be one of {list(BASELINES)}.")
    scorer = check_scoring(estimator, scoring)
    if callable(scoring):
        check_takes("scoring", scoring, "estimator", "X", "y")
    metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
    X = columnwise(X)
    rows = Rows(X, y, scorer, metadata, column_names(X))
    groups, label = _groups(rows.names, feature_groups, X)
    chosen, orders = shuffles(num_samples(X), n_repeats, max_samples, random_state)
    before = None
    if chosen is not None:
        before = rows.scores(estimator) if baseline == "all_rows" else None
        rows = rows.take(chosen)
    changes = (
        conditional_changes(rows.X, groups, orders)
        if conditional
        else changes_of(groups, orders)
    )
    unchanged, changed = permuted_scores(estimator, rows, changes, n_jobs)
    before = unchanged if before is None else before
    found = {
        name: _bunch(value, changed[name][label]) for name, value in before.items()
    }
    return found.get(None, found)


def _groups(
    names: Array, feature_groups: FeatureGroups, X: MatrixLike
) -> tuple[list[Array], Array]:
    """The columns of each group, and the number of the group of each column."""
    limits = feature_limits(names, np.arange(len(names)), feature_groups, None, None, X)
    _, label = np.unique(
        limits.get("groups", np.arange(len(names))), return_inverse=True
    )
    by_group = np.argsort(label, kind="stable")
    ends = np.searchsorted(label[by_group], np.arange(1, label.max(initial=0) + 1))
    return np.split(by_group, ends), label


def _bunch(baseline: Array, changed: Array) -> Bunch:
    importances = baseline - changed
    return Bunch(
        importances_mean=importances.mean(axis=1),
        importances_std=importances.std(axis=1),
        importances=importances,
    )
