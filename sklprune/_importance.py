"""`permutation_importance`: scikit-learn's function, for sparse rows too."""

from functools import partial

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch

from sklprune._sklearn_private import num_features, num_samples, safe_indexing
from sklprune.methods.permutation import columnwise, shuffled_scores, shuffles

__all__ = ["permutation_importance"]


def permutation_importance(
    estimator,
    X,
    y,
    *,
    scoring=None,
    n_repeats=5,
    n_jobs=None,
    random_state=None,
    sample_weight=None,
    max_samples=1.0,
):
    """Permutation importance of columns, with the numbers of scikit-learn.

    Signature, numbers and result are those of
    `sklearn.inspection.permutation_importance`; sparse X is taken too, and a polars
    frame stays one.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), or None
    scoring : str, callable, list, tuple, dict or None, default=None
        Several metrics give a dict of results. None is the `score` of the estimator.
    n_repeats : int, default=5
        How often each column is shuffled.
    n_jobs : int or None, default=None
        Columns run in parallel.
    random_state : int, RandomState or None, default=None
    sample_weight : array-like of shape (n_samples,), default=None
        Weights for the scores.
    max_samples : int or float, default=1.0
        How many rows are used, drawn once. As in scikit-learn the score that the
        others are compared with is taken on all rows.

    Returns
    -------
    Bunch or dict of Bunch
        `importances_mean` and `importances_std` of shape (n_features,), and
        `importances` of shape (n_features, n_repeats).

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
    several = isinstance(scoring, (list, tuple, set, dict))
    scorer = check_scoring(estimator, scoring)
    weights = {} if sample_weight is None else {"sample_weight": sample_weight}
    X = columnwise(X)
    whole = scorer(estimator, X, y, **weights)
    chosen, orders = shuffles(num_samples(X), n_repeats, max_samples, random_state)
    if chosen is not None:
        X, y = safe_indexing(X, chosen), None if y is None else safe_indexing(y, chosen)
        weights = {name: safe_indexing(w, chosen) for name, w in weights.items()}
    measure = partial(_score_table, scorer, estimator, y, weights)
    shuffled = shuffled_scores(measure, X, range(num_features(X)), orders, n_jobs)
    if several:
        return {
            name: _bunch(whole[name], [[s[name] for s in row] for row in shuffled])
            for name in whole
        }
    return _bunch(whole, shuffled)


def _score_table(scorer, estimator, y, weights, table):
    return scorer(estimator, table, y, **weights)


def _bunch(whole, shuffled):
    importances = whole - np.array(shuffled)
    return Bunch(
        importances_mean=importances.mean(axis=1),
        importances_std=importances.std(axis=1),
        importances=importances,
    )
