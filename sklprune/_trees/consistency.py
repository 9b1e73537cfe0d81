"""The check of a rebuilt model: its predictions equal the sum of its trees."""

from collections.abc import Callable
from typing import Any

import numpy as np

from sklprune._trees.arrays import (
    Ensemble,
    Subtree,
    TreeArrays,
    leaf_positions_above,
    levels_of,
)
from sklprune._typing import Array, Estimator, MatrixLike

#: rows that a rebuilt model predicts for the check
N_ROWS = 256
#: tolerated roundings of a value that is stored in a model and read again
ROUNDINGS = 8


def probe_rows(n_samples: int) -> Array:
    """Positions of at most `N_ROWS` rows, evenly spaced over all rows."""
    return np.linspace(0, n_samples - 1, min(n_samples, N_ROWS)).astype(int)


def probe_of(task: Any) -> MatrixLike:
    """The rows of X of a task that are used for the check."""
    return task.take(probe_rows(task.n_samples)).X


def check_consistency(
    model: Estimator,
    predicted: Array,
    ensemble: Ensemble,
    ends: Callable[[Subtree], Array],
    offset: Array,
) -> None:
    """Raise an error if a rebuilt model does not predict the sum of its trees.

    Both sides add up the same numbers in another order, each multiplied and divided a
    few times. The tolerance is therefore a number of roundings of the largest sum,
    proportional to the number of trees.

    Parameters
    ----------
    model : estimator
    predicted : ndarray of shape (n_rows, n_values)
        Raw prediction of the model.
    ensemble : Ensemble
        The trees that the model was rebuilt from.
    ends : callable
        `ends(subtree)`, the leaf of each row: positions in `subtree.nodes`.
    offset : ndarray of shape (n_rows, n_values)
        Raw prediction of the model without trees.

    Raises
    ------
    RuntimeError
        If a prediction differs by more than the tolerance, or is not finite.
    """
    total = offset + ensemble.baseline
    largest = np.abs(total).max()
    for subtree in ensemble.subtrees:
        value = subtree.value
        columns = slice(None) if subtree.output is None else [subtree.output]
        total[:, columns] += value[ends(subtree)]
        largest += np.abs(value).max()
    difference = np.abs(predicted - total).max()
    n_roundings = ROUNDINGS * (len(ensemble.subtrees) + 1)
    # this form of the comparison also refuses NaN
    if not difference <= n_roundings * np.finfo(float).eps * largest:
        raise RuntimeError(
            f"{type(model).__name__} was rebuilt from its trees and does not predict "
            f"their sum: on {len(predicted)} rows its predictions are off by up to "
            f"{difference:.3g}, where sums go up to {largest:.3g}. This is a fault of "
            "sklprune, or of a scikit-learn that it does not support yet; no model is "
            "returned."
        )


def leaves_above(subtree: Subtree, tree: TreeArrays, leaves: Array) -> Array:
    """The leaf of a pruned tree for each row, from its leaf in the unpruned tree.

    Parameters
    ----------
    subtree : Subtree
        The pruned tree; only nodes at the bottom were removed.
    tree : TreeArrays
        The unpruned tree.
    leaves : ndarray of shape (n_rows,)
        The leaf of each row in the unpruned tree, by node number.

    Returns
    -------
    ndarray of shape (n_rows,)
        Positions in the `nodes` of the subtree.
    """
    levels = levels_of(tree.left, tree.right)
    place = leaf_positions_above(subtree.nodes, subtree.split, levels, len(tree.left))
    return place[leaves]
