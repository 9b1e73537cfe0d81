"""Permutation importance: remove the columns whose shuffling lowers the score least.

The shuffling of arrays, sparse matrices and data frames is also used by the function
:func:`sklprune.permutation_importance`.
"""

import numbers
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import check_array, check_random_state
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.random import sample_without_replacement

from sklprune._progress import tracked
from sklprune._registry import register
from sklprune._typing import Array, Estimator, MatrixLike, RandomState
from sklprune._units import Task, Units, score
from sklprune.methods._base import Method


class Permutation(Method):
    """Remove the columns whose permutation lowers the score of the model least.

    The score of a column is the mean decrease of the model's score when the values
    of the column are shuffled. The decrease is measured on rows that the model was
    not fitted on. These are a fifth of the pruning rows, or all rows if the model is
    frozen.
    X may be an array, a sparse matrix or a data frame. The columns of one group are
    shuffled together.

    Parameters
    ----------
    n_repeats : int, default=5
        How many times each column is shuffled.
    max_samples : int or float, default=1.0
        How many rows are used, as a number or as a fraction.

    Notes
    -----
    With the same seed the values are those of
    :func:`sklearn.inspection.permutation_importance`, with two differences. With
    `max_samples`, the score before shuffling is computed on the sampled rows too. Rows
    of weight zero are removed before, so that their values are not shuffled into other
    rows.

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
    takes_blocks = True
    reason = "the score hardly falls when it is shuffled"

    def __init__(self, n_repeats: int = 5, *, max_samples: float = 1.0) -> None:
        self.n_repeats = n_repeats
        self.max_samples = max_samples

    def score(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Array:
        """Mean decrease of the score for each column, (n_units,)."""
        if not isinstance(self.n_repeats, numbers.Integral) or self.n_repeats < 1:
            raise ValueError(
                f"Permutation(n_repeats={self.n_repeats!r}): n_repeats must be a "
                "positive whole number."
            )
        rows = _weighted(task.to_order())
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


def _weighted(rows: Task) -> Task:
    """The rows without those of weight zero, whose values would be shuffled too."""
    if rows.sample_weight is None:
        return rows
    positive = np.flatnonzero(rows.sample_weight)
    if len(positive) == rows.n_samples:
        return rows
    if len(positive) == 0:
        raise ValueError(
            "sample_weight: all rows on which the columns are ordered have weight "
            "zero. The method 'permutation' needs new rows with positive weights."
        )
    return rows.take(positive)


def _groups(units: Units) -> tuple[Array, Iterable[Any]]:
    """The number of each unit's group, and the columns of each group."""
    where, label = units.where, np.arange(units.count)
    if units.groups is not None:
        _, label = np.unique(units.groups, return_inverse=True)
    of_column = label[where.unit]
    by_group = np.argsort(of_column, kind="stable")
    ends = np.searchsorted(of_column[by_group], np.arange(1, label.max() + 1))
    return label, np.split(where.columns[by_group], ends)


def _score_table(estimator: Estimator, rows: Task, table: MatrixLike) -> float:
    return score(estimator, rows.with_X(table))


def shuffles(
    n_rows: int, n_repeats: int, max_samples: float, random_state: RandomState
) -> tuple[Array | None, Array]:
    """The sampled rows, or None for all, and the row order of each repeat.

    The random numbers are drawn as in scikit-learn. One seed serves all columns, and
    each repeat shuffles the result of the one before it. Repeat r therefore writes
    `X[orders[r], j]` into column j.

    Returns
    -------
    chosen : ndarray of int, or None
    orders : ndarray of shape (n_repeats, n_chosen)

    Raises
    ------
    ValueError
        If `max_samples` is out of range.
    """
    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max + 1)
    rng = np.random.RandomState(seed)
    n_chosen = _n_chosen(max_samples, n_rows)
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


def _n_chosen(max_samples: Any, n_rows: int) -> int:
    """The number of sampled rows."""
    if isinstance(max_samples, numbers.Integral):
        n_chosen = int(max_samples)
    elif isinstance(max_samples, numbers.Real) and np.isfinite(float(max_samples)):
        n_chosen = int(float(max_samples) * n_rows)
    else:
        n_chosen = 0
    if not 1 <= n_chosen <= n_rows:
        # the first words are those of scikit-learn
        limit = "be <= n_samples" if n_chosen > n_rows else "select at least one row"
        raise ValueError(
            f"max_samples must {limit}, but max_samples={max_samples!r} and n_samples="
            f"{n_rows}. Allowed are a fraction in (0, 1], and a number of rows from 1 "
            f"to {n_rows}."
        )
    return n_chosen


def columnwise(X: MatrixLike) -> MatrixLike:
    """X in a format whose columns can be replaced one by one."""
    if sparse.issparse(X):
        X = X.tocsc(copy=True)
        X.eliminate_zeros()
        return X
    if hasattr(X, "columns"):
        return X
    return check_array(X, ensure_all_finite="allow-nan", dtype=None)


def shuffled_scores(
    measure: Callable[[MatrixLike], Any],
    X: MatrixLike,
    groups: Iterable[Any],
    orders: Array,
    n_jobs: int | None,
) -> list[list[Any]]:
    """The values of `measure(table)` for each group of columns and each row order.

    Parameters
    ----------
    measure : callable
        Its argument is X with the columns of one group shuffled.
    X : array, sparse matrix or data frame
        As returned by `columnwise`.
    groups : iterable of int, or of ndarray of int
        Columns that are shuffled together. An int is a group of one column.
    orders : ndarray of shape (n_repeats, n_rows)
    n_jobs : int or None

    Returns
    -------
    list of list
        For each group a list with one value for each order. Groups run in parallel.
    """
    return Parallel(n_jobs=n_jobs)(
        delayed(_measured)(measure, X, group, orders)
        for group in tracked(groups, "columns")
    )


def _measured(
    measure: Callable[[MatrixLike], Any], X: MatrixLike, group: Any, orders: Array
) -> list[Any]:
    return [measure(table) for table in reordered(X, group, orders)]


def reordered(X: MatrixLike, group: Any, orders: Array) -> Iterator[MatrixLike]:
    """Yield X with the values of a group of columns in each of the row orders.

    X itself is not modified. For an array or a pandas frame, one copy is reused for
    all orders: a yielded table is only valid until the next one is requested.
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


def _sparse_reordered(X: Any, columns: list[int], order: Array) -> Any:
    """The same for a CSC matrix without stored zeros; the result is in CSR format."""
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
