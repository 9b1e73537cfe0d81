"""Permutation importance: what the score loses when a column is shuffled."""

import numbers
from functools import partial

import numpy as np
from scipy import sparse
from sklearn.utils import check_array, check_random_state
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.random import sample_without_replacement

from sklprune._registry import register
from sklprune._units import score
from sklprune.methods._base import Method


class Permutation(Method):
    """Order columns by the fall of the score when their values are shuffled.

    Rows that the model was not fitted on are used: a fifth of the pruning rows, or
    all rows given with a frozen model. X may be an array, a sparse matrix or a data
    frame.

    Parameters
    ----------
    n_repeats : int, default=5
        How often each column is shuffled.
    max_samples : int or float, default=1.0
        How many rows are used, as a number or as a fraction.

    Notes
    -----
    The numbers are those of `sklearn.inspection.permutation_importance` for the same
    seed; with `max_samples` the score that the others are compared with is taken on
    the same rows as they are.

    References
    ----------
    Breiman, Random forests, Machine Learning 45, 2001.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklprune import PrunedEstimator
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> pruned = PrunedEstimator(Ridge(), method="permutation", pruning_ratio=0.6,
    ...                          random_state=0).fit(X, y)
    >>> pruned.estimator_[-1].n_features_in_
    4
    """

    granularity = "feature"
    needs_unseen = True
    needs_labels = True
    needs_scorer = True
    reason = "the score hardly falls when it is shuffled"

    def __init__(self, n_repeats=5, *, max_samples=1.0):
        self.n_repeats = n_repeats
        self.max_samples = max_samples

    def score(self, family, estimator, units, task):
        if not isinstance(self.n_repeats, numbers.Integral) or self.n_repeats < 1:
            raise ValueError(
                f"Permutation(n_repeats={self.n_repeats!r}): n_repeats must be a "
                "positive whole number."
            )
        rows = task.to_order()
        chosen, orders = shuffles(
            rows.n_samples, self.n_repeats, self.max_samples, task.random_state
        )
        if chosen is not None:
            rows = rows.take(chosen)
        rows = rows.seen_as(columnwise(rows.X))
        measure = partial(_score_table, estimator, rows)
        shuffled = shuffled_scores(
            measure, rows.X, units.where.positions, orders, task.n_jobs
        )
        return score(estimator, rows) - np.array(shuffled).mean(axis=1)


def _score_table(estimator, rows, table):
    return score(estimator, rows.seen_as(table))


def shuffles(n_rows, n_repeats, max_samples, random_state):
    """The rows that are used, or None for all, and the order of each repeat.

    Drawn as scikit-learn draws them: one seed serves all columns, and each repeat
    shuffles what the one before it left, so that repeat r puts `X[orders[r], j]` into
    column j.

    Returns
    -------
    chosen : ndarray of int, or None
    orders : ndarray of shape (n_repeats, n_chosen)
    """
    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max + 1)
    rng = np.random.RandomState(seed)
    n_chosen = max_samples
    if not isinstance(max_samples, numbers.Integral):
        n_chosen = int(max_samples * n_rows)
    if not 1 <= n_chosen <= n_rows:
        raise ValueError(
            f"Permutation(max_samples={max_samples!r}): max_samples must be a fraction "
            f"in (0, 1], or a number of rows from 1 to {n_rows}."
        )
    chosen = None
    if n_chosen < n_rows:
        chosen = sample_without_replacement(n_rows, n_chosen, random_state=rng)
    step = np.arange(n_chosen)
    order = step.copy()
    orders = []
    for _ in range(n_repeats):
        rng.shuffle(step)
        order = order[step]
        orders.append(order)
    return chosen, np.array(orders)


def columnwise(X):
    """X in a form whose columns can be replaced."""
    if sparse.issparse(X):
        X = X.tocsc(copy=True)
        X.eliminate_zeros()
        return X
    if hasattr(X, "columns"):
        return X
    return check_array(X, ensure_all_finite="allow-nan", dtype=None)


def shuffled_scores(measure, X, columns, orders, n_jobs):
    """What `measure(table)` gives with each column in each of the orders.

    Returns
    -------
    list of list
        One list for each column, of one value for each order. Columns run in parallel.
    """
    return Parallel(n_jobs=n_jobs)(
        delayed(_along)(measure, X, column, orders) for column in columns
    )


def _along(measure, X, column, orders):
    return [measure(table) for table in reordered(X, column, orders)]


def reordered(X, column, orders):
    """Yield X with the values of one column in each of the orders.

    X itself is not written to. Of an array or a pandas frame one copy serves all
    orders: use what is yielded before asking for the next.
    """
    if sparse.issparse(X):
        for order in orders:
            yield _sparse_reordered(X, column, order)
    elif hasattr(X, "with_columns"):  # polars
        values = X.to_series(column)
        for order in orders:
            yield X.with_columns(values.gather(order))
    elif hasattr(X, "isetitem"):  # pandas
        copy, values = X.copy(), X.iloc[:, column].array
        for order in orders:
            copy.isetitem(column, values.take(order))
            yield copy
    else:
        copy, values = X.copy(), X[:, column]
        for order in orders:
            copy[:, column] = values[order]
            yield copy


def _sparse_reordered(X, column, order):
    """The same for a CSC matrix without stored zeros; given back as CSR."""
    stored = slice(X.indptr[column], X.indptr[column + 1])
    values = np.zeros(X.shape[0], dtype=X.dtype)
    values[X.indices[stored]] = X.data[stored]
    values = values[order]
    copy = X.copy()
    copy.indices[stored] = np.flatnonzero(values)
    copy.data[stored] = values[copy.indices[stored]]
    return copy.tocsr()


register("method", Permutation)
