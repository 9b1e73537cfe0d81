"""The random orders of rows in which columns are permuted, as drawn by scikit-learn."""

import numbers
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.random import sample_without_replacement

from sklprune._typing import Array, RandomState


class Change(NamedTuple):
    """Columns that are permuted together.

    Parameters
    ----------
    columns : ndarray of int
        Their positions.
    orders : ndarray of shape (n_repeats, n_rows), int
        In repeat r the columns contain the values of the rows `orders[r]`.
    """

    columns: Array
    orders: Array


def changes_of(groups: Iterable[Array], orders: Array) -> list[Change]:
    """The changes that permute each group of columns in the same orders.

    Parameters
    ----------
    groups : iterable of ndarray of int
    orders : ndarray of shape (n_repeats, n_rows), int
    """
    return [Change(group, orders) for group in groups]


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
