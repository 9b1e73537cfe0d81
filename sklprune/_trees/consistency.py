"""The round trip: a rebuilt model says, on some rows, what its trees add up to."""

import numpy as np

from sklprune._trees.arrays import leaf_positions_above, levels_of

#: rows that a rebuilt model is asked about
N_ROWS = 256
#: roundings of a value on its way into a model and out of it again, with room
ROUNDINGS = 8


def probe_rows(n_samples):
    """Positions of some rows, evenly spaced over all of them."""
    return np.linspace(0, n_samples - 1, min(n_samples, N_ROWS)).astype(int)


def probe_of(task):
    """X at the rows of a task that a rebuilt model is asked about."""
    return task.take(probe_rows(task.n_samples)).X


def check_consistency(model, said, ensemble, ends, offset):
    """Refuse a rebuilt model that does not say what it was built to say.

    Both sides are sums of the same numbers in another order, each multiplied and
    divided a few times: they may differ by as many roundings of the largest sum as
    there are trees, and by nothing else.

    Parameters
    ----------
    model : estimator
    said : ndarray of shape (n_rows, n_values)
        What it predicts, before any link function.
    ensemble : Ensemble
        What it was built from.
    ends : callable
        `ends(subtree)`, where each row ends in it: positions in its `nodes`.
    offset : ndarray of shape (n_rows, n_values)
        What is said without any tree.

    Raises
    ------
    RuntimeError
    """
    total = offset + ensemble.baseline
    largest = np.abs(total).max()
    for subtree in ensemble.subtrees:
        value = subtree.value
        said_by_tree = value[ends(subtree)]
        which = slice(None) if subtree.output is None else [subtree.output]
        total[:, which] += said_by_tree
        largest += np.abs(value).max()
    apart = np.abs(said - total).max()
    n_roundings = ROUNDINGS * (len(ensemble.subtrees) + 1)
    # what is not a number is not near either
    if not apart <= n_roundings * np.finfo(float).eps * largest:
        raise RuntimeError(
            f"{type(model).__name__} was rebuilt from its trees and does not say what "
            f"they add up to: on {len(said)} rows its predictions are off by up to "
            f"{apart:.3g}, where sums go up to {largest:.3g}. This is a fault of "
            "sklprune, or of a scikit-learn that it does not know yet; no model is "
            "given back."
        )


def leaves_above(subtree, tree, leaves):
    """Where rows end in the upper part of a tree.

    Parameters
    ----------
    subtree : Subtree
    tree : TreeArrays
        The whole one.
    leaves : ndarray of shape (n_rows,)
        The leaves of the whole one that the rows fall into.

    Returns
    -------
    ndarray of shape (n_rows,)
        Positions in the `nodes` of the subtree.
    """
    levels = levels_of(tree.left, tree.right)
    place = leaf_positions_above(subtree.nodes, subtree.split, levels, len(tree.left))
    return place[leaves]
