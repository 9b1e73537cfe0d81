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
    frame. Columns of one group are shuffled together.

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
        rows = rows.with_X(columnwise(rows.X))
        measure = partial(_score_table, estimator, rows)
        label, groups = _groups(units)
        shuffled = shuffled_scores(measure, rows.X, groups, orders, task.n_jobs)
        return (score(estimator, rows) - np.array(shuffled).mean(axis=1))[label]


def _groups(units):
    """The group of each unit by number, and the columns of each group."""
    positions = units.where.positions
    if units.groups is None:
        return np.arange(units.count), positions
    _, label = np.unique(units.groups, return_inverse=True)
    return label, [positions[label == i] for i in range(label.max() + 1)]


def _score_table(estimator, rows, table):
    return score(estimator, rows.with_X(table))


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


def shuffled_scores(measure, X, groups, orders, n_jobs):
    """What `measure(table)` gives with each group of columns in each of the orders.

    Parameters
    ----------
    measure : callable
    X : array, sparse matrix or data frame
    groups : iterable of int, or of ndarray of int
        Columns that are shuffled together; one column stands for itself.
    orders : ndarray of shape (n_repeats, n_rows)
    n_jobs : int or None

    Returns
    -------
    list of list
        One list for each group, of one value for each order. Groups run in parallel.
    """
    return Parallel(n_jobs=n_jobs)(
        delayed(_along)(measure, X, group, orders) for group in groups
    )


def _along(measure, X, group, orders):
    return [measure(table) for table in reordered(X, group, orders)]


def reordered(X, group, orders):
    """Yield X with the values of a group of columns in each of the orders.

    X itself is not written to. Of an array or a pandas frame one copy serves all
    orders: use what is yielded before asking for the next.
    """
    columns = np.atleast_1d(group).tolist()
    if sparse.issparse(X):
        for order in orders:
            yield _sparse_reordered(X, columns, order)
    elif hasattr(X, "with_columns"):  # polars
        values = [X.to_series(column) for column in columns]
        for order in orders:
            yield X.with_columns([value.gather(order) for value in values])
    elif hasattr(X, "isetitem"):  # pandas
        copy = X.copy()
        values = [X.iloc[:, column].array for column in columns]
        for order in orders:
            for column, value in zip(columns, values):
                copy.isetitem(column, value.take(order))
            yield copy
    else:
        copy = X.copy()
        for order in orders:
            for column in columns:
                copy[:, column] = X[order, column]
            yield copy


def _sparse_reordered(X, columns, order):
    """The same for a CSC matrix without stored zeros; given back as CSR."""
    copy = X.copy()
    for column in columns:
        stored = slice(X.indptr[column], X.indptr[column + 1])
        values = np.zeros(X.shape[0], dtype=X.dtype)
        values[X.indices[stored]] = X.data[stored]
        values = values[order]
        copy.indices[stored] = np.flatnonzero(values)
        copy.data[stored] = values[copy.indices[stored]]
    return copy.tocsr()


register("method", Permutation)
