"""Reduced error: in which order the members of an average may leave.

References
----------
Perrone and Cooper, When networks disagree: ensemble methods for hybrid neural networks,
1993 (the error of an average follows from the products of residuals).
"""

import numpy as np

#: numbers that are compared at once, of all trees; 8 MB with their copies
AT_ONCE = 2**19


def residual_products(residuals, sample_weight=None, seen=None):
    """Mean products of the residuals of each two members, (n_members, n_members).

    Parameters
    ----------
    residuals : ndarray of shape (n_rows, n_members, n_outputs), written to
        What each member says less what it ought to say.
    sample_weight : ndarray of shape (n_rows,) or None
    seen : ndarray of shape (n_rows, n_members), bool, or None
        Rows that do not count for a member. Two members that share no row get the
        mean product of the others.
    """
    n_rows, n_members, n_outputs = residuals.shape
    weight = np.ones(n_rows) if sample_weight is None else np.asarray(sample_weight)
    counts = np.full((n_members, n_members), weight.sum())
    if seen is not None:
        residuals[seen] = 0
        unseen = (~seen).astype(np.float32)
        counts = (unseen.T * weight) @ unseen
    residuals *= np.sqrt(weight).astype(residuals.dtype)[:, None, None]
    products = np.zeros((n_members, n_members))
    for output in range(n_outputs):
        of_output = residuals[:, :, output]
        products += of_output.T @ of_output
    known = counts > 0
    mean = np.divide(products, counts, out=np.zeros_like(products), where=known)
    mean[~known] = mean[known].mean() if known.any() else 0.0
    return mean


def elimination_steps(products):
    """The step at which each member leaves, 1 to n_members; the last one stays longest.

    The squared error of the average over a set S is the sum of `products` over
    S x S, divided by the square of its size. Of equal members the later one leaves.
    """
    n_members = len(products)
    steps = np.zeros(n_members)
    inside = np.ones(n_members, dtype=bool)
    row_sums = products.sum(axis=1)
    own = np.diag(products)
    for step in range(1, n_members + 1):
        # what leaves the double sum when a member goes; the larger, the better
        relief = np.where(inside, 2 * row_sums - own, -np.inf)
        out = n_members - 1 - int(np.argmax(relief[::-1]))
        steps[out] = step
        inside[out] = False
        row_sums -= products[out]
    return steps


def trees_to_keep(trees, leaves, loudness, targets, sample_weight=None):
    """Trees of an averaging ensemble, the one that is needed most first.

    Parameters
    ----------
    trees : list of Tree
    leaves : ndarray of shape (n_trees, n_rows), int
        The leaf of each row.
    loudness : float
        How much louder a tree is that speaks alone.
    targets : ndarray of shape (n_rows, n_values)
    sample_weight : ndarray of shape (n_rows,) or None

    Returns
    -------
    ndarray of shape (n_trees,), int
    """
    n_rows, n_values = targets.shape
    products = np.zeros((len(trees), len(trees)))
    weight = np.ones(n_rows) if sample_weight is None else np.asarray(sample_weight)
    step = max(1, AT_ONCE // (len(trees) * n_values))
    for start in range(0, n_rows, step):
        rows = slice(start, start + step)
        residuals = [
            loudness * tree.value.take(ids[rows], axis=0) - targets[rows]
            for tree, ids in zip(trees, leaves)
        ]
        of_rows = residual_products(np.stack(residuals, axis=1), weight[rows])
        products += weight[rows].sum() * of_rows
    return np.argsort(-elimination_steps(products), kind="stable")
