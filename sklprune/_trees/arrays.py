"""Trees as arrays: the data structures that families and methods exchange.

A family converts a fitted model into a list of `TreeArrays`. A method returns an
`Ensemble` of `Subtree`: the pruned trees with their new leaf values. Two orders of the
nodes of a tree occur. A *number* is the position of a node in the arrays of the tree.
A *place* is its position in a preorder traversal: a node first, then its left subtree,
then its right subtree.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from scipy import sparse

from sklprune._typing import Array

#: for each level of a tree its inner nodes, their left and their right children
Levels: TypeAlias = list[tuple[Array, Array, Array]]

#: significant bits of stored leaf values; rows never determine them more finely
VALUE_BITS = 12


class TreeArrays(NamedTuple):
    """One tree of a model whose raw prediction is the sum of its trees.

    The number of a child is greater than that of its parent.

    Parameters
    ----------
    left, right : ndarray of shape (n_nodes,), int
        Children of each node, -1 at leaves.
    value : ndarray of shape (n_nodes, n_values)
        What each node, as a leaf, adds to the raw prediction of a row.
    weight : ndarray of shape (n_nodes,)
        Weight of the training rows that reach each node.
    output : int or None, default=None
        The output of the model that the tree contributes to; None for all outputs.
    position : int, default=0
        Position of the tree in the model.
    """

    left: Array
    right: Array
    value: Array
    weight: Array
    output: int | None = None
    position: int = 0

    @property
    def n_leaves(self) -> int:
        return int((self.left < 0).sum())

    def averaged(self) -> "TreeArrays":
        """The same tree, where the value of an inner node is the mean of its leaves.

        Boosting scales the values of leaves by the learning rate or by a line search.
        The values of its inner nodes are on another scale.
        """
        leaf, weight = self.left < 0, self.weight[:, None]
        total = sum_up(self.value * weight, levels_of(self.left, self.right))
        mean = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
        return self._replace(value=np.where(leaf[:, None], self.value, mean))


class Statistics(NamedTuple):
    """Training statistics of nodes, each of shape (n_nodes,).

    Parameters
    ----------
    n_rows : ndarray of int
        Number of training rows.
    weight : ndarray of float32
        Sum of their weights.
    impurity : ndarray of float32
        Variance of the targets, summed over their columns. The sum over the indicators
        of the classes is the Gini impurity.
    """

    n_rows: Array
    weight: Array
    impurity: Array

    def of(self, nodes: Array) -> "Statistics":
        """The statistics of some of the nodes, given by positions or a mask."""
        return Statistics(*(each[nodes] for each in self))


class Subtree(NamedTuple):
    """A pruned tree: the kept nodes in preorder.

    Parameters
    ----------
    tree : int
        Position of the tree in its ensemble.
    nodes : ndarray of shape (n_kept,), int
        Numbers of the kept nodes, in the order of `preorder`.
    split : ndarray of shape (n_kept,), bool
        Whether a kept node is split; the others are the leaves of the pruned tree.
    value : ndarray of shape (n_kept, n_values), or None, default=None
        Raw prediction of each node; None for the values of the unpruned tree.
    output : int or None, default=None
        As in `TreeArrays`.
    statistics : Statistics or None, default=None
        New training statistics of the kept nodes. They are given where a node was
        removed above another one, so that other rows reach the nodes below it.
    """

    tree: int
    nodes: Array
    split: Array
    value: Any = None
    output: int | None = None
    statistics: Statistics | None = None

    @property
    def n_leaves(self) -> int:
        return len(self.nodes) - int(self.split.sum())

    def children(self) -> tuple[Array, Array]:
        """Places of the left and the right child of each node, -1 at leaves."""
        return children_of(self.split)

    def packed(self) -> "Subtree":
        """The same subtree in fewer bytes; single values keep `VALUE_BITS` bits.

        Several values of a node may have to add up to one. They are not rounded.
        """
        nodes = self.nodes.astype(np.min_scalar_type(self.nodes.max()))
        value, most = self.value, np.abs(self.value).max()
        if value.shape[1] == 1 and most < np.finfo(np.float32).max:
            value = truncated(value, VALUE_BITS).astype(np.float32)
        return self._replace(nodes=nodes, value=value)


class Ensemble(NamedTuple):
    """A pruned ensemble: its raw prediction is a constant plus the sum of subtrees.

    Parameters
    ----------
    subtrees : list of Subtree
        The kept trees; all others are removed.
    baseline : ndarray of shape (n_outputs,)
        Constant that is added to the sum and to the offset of the model.
    """

    subtrees: list[Subtree]
    baseline: Array

    @property
    def n_leaves(self) -> int:
        return sum(subtree.n_leaves for subtree in self.subtrees)

    def packed(self) -> "Ensemble":
        """The same ensemble in fewer bytes, since a path keeps many of them.

        Compression finds no pattern in the bits that are removed. Without them, files
        of gradient boosting are a tenth smaller. Files of histogram boosting are a
        quarter smaller.
        """
        return self._replace(subtrees=[each.packed() for each in self.subtrees])

    def unpacked(self) -> "Ensemble":
        """The same ensemble in double precision, which models require."""
        subtrees = [
            subtree._replace(value=subtree.value.astype(float))
            for subtree in self.subtrees
        ]
        return self._replace(subtrees=subtrees)


def truncated(values: Array, n_bits: int) -> Array:
    """Round values towards zero to `n_bits` significant bits.

    Rounding towards zero keeps a value within any limit that it was within before.
    """
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.trunc(np.ldexp(mantissa, n_bits)), exponent - n_bits)


def both_classes(ensemble: Ensemble) -> Ensemble:
    """Expand the probability of the second class to a column for each class."""
    subtrees = [
        subtree._replace(value=np.hstack([-subtree.value, subtree.value]))
        for subtree in ensemble.subtrees
    ]
    baseline = np.hstack([1 - ensemble.baseline, ensemble.baseline])
    return Ensemble(subtrees, baseline)


def levels_of(left: Array, right: Array) -> Levels:
    """The inner nodes of each level with their children, from the root down.

    Returns
    -------
    list of (nodes, left children, right children)
        One entry for each level, each of three arrays of int.
    """
    levels: Levels = []
    nodes = np.zeros(1, dtype=np.intp)
    while True:
        nodes = nodes[left[nodes] >= 0]
        if len(nodes) == 0:
            return levels
        levels.append((nodes, left[nodes], right[nodes]))
        nodes = np.concatenate(levels[-1][1:])


def sums_at(nodes: Array, columns: Sequence[Array] | Array, n_nodes: int) -> Array:
    """Sums over the rows at each node.

    Parameters
    ----------
    nodes : ndarray of shape (n_rows,), int
        The node of each row.
    columns : list of ndarray of shape (n_rows,)
    n_nodes : int

    Returns
    -------
    ndarray of shape (n_nodes, n_columns)
    """
    nodes = nodes.astype(np.intp, copy=False)  # bincount would convert it each time
    sums = [np.bincount(nodes, column, minlength=n_nodes) for column in columns]
    return np.stack(sums, axis=1)


def row_sums(nodes: Array, values: Array, n_nodes: int) -> Array:
    """Sums over the rows at each node, of several values of each row.

    A product with the sparse indicators of the nodes reads each row once. With seven
    values it takes a third of the time of one count for each column, with the same
    result to the last bit.

    Parameters
    ----------
    nodes : ndarray of shape (n_rows,), int
        The node of each row.
    values : ndarray of shape (n_rows, n_columns)
    n_nodes : int

    Returns
    -------
    ndarray of shape (n_nodes, n_columns)
    """
    n_rows, n_columns = values.shape
    if n_columns < 3:
        return sums_at(nodes, values.T, n_nodes)
    each = np.arange(n_rows + 1, dtype=np.int32)
    indicators = sparse.csc_matrix(
        (np.ones(n_rows), nodes, each), shape=(n_nodes, n_rows)
    )
    return indicators @ values


def sum_up(values: Array, levels: Levels) -> Array:
    """Add the values of the leaves up to the root, in place.

    Parameters
    ----------
    values : ndarray of shape (n_nodes, ...)
        Sums at the leaves. The entries of inner nodes are overwritten.
    levels : list
        The levels of the tree, see `levels_of`.

    Returns
    -------
    ndarray of shape (n_nodes, ...)
        `values`.
    """
    for nodes, left, right in reversed(levels):
        values[nodes] = values[left] + values[right]
    return values


def reachable(split: Array, levels: Levels) -> Array:
    """Whether each node is reached from the root along splits, (n_nodes,), bool."""
    reached = np.zeros(len(split), dtype=bool)
    reached[0] = True
    for nodes, left, right in levels:
        reached[left] = reached[right] = reached[nodes] & split[nodes]
    return reached


def preorder(split: Array, levels: Levels) -> Array:
    """The nodes that are reached from the root along splits, in preorder.

    A node comes first, then its left subtree, then its right subtree. This order and
    the splits determine the children of every node.

    Parameters
    ----------
    split : ndarray of shape (n_nodes,), bool
        Whether each node is split.
    levels : list
        The levels of the tree, see `levels_of`.

    Returns
    -------
    ndarray of shape (n_kept,), int
        Numbers of nodes.
    """
    size = np.ones(len(split), dtype=np.intp)
    for nodes, left, right in reversed(levels):
        size[nodes] += np.where(split[nodes], size[left] + size[right], 0)
    place = np.zeros(len(split), dtype=np.intp)
    for nodes, left, right in levels:
        place[left] = place[nodes] + 1
        place[right] = place[left] + size[left]
    reached = np.flatnonzero(reachable(split, levels))
    nodes = np.empty(len(reached), dtype=np.intp)
    nodes[place[reached]] = reached
    return nodes


def ends_of(split: Array) -> Array:
    """The place after the last node of each subtree, in the order of `preorder`.

    A subtree has one leaf more than it has splits. It ends where a running count of
    splits minus leaves falls below its value in front of the subtree for the first
    time.

    Returns
    -------
    ndarray of shape (n_kept,), int32
    """
    own, step = np.arange(len(split)), np.where(split, 1, -1)
    height = np.cumsum(step)
    key = height * (len(split) + 1) + own
    order = np.argsort(key)
    wanted = (height - step - 1) * (len(split) + 1) + own
    return (order[np.searchsorted(key[order], wanted)] + 1).astype(np.int32)


def children_of(split: Array, end: Array | None = None) -> tuple[Array, Array]:
    """The places of the children of nodes in preorder.

    The left child comes next after its parent. The right child comes after the left
    subtree.

    Parameters
    ----------
    split : ndarray of shape (n_kept,), bool
    end : ndarray of shape (n_kept,), int, or None, default=None
        The result of `ends_of`, if it is already known.

    Returns
    -------
    left, right : ndarray of shape (n_kept,), int
        -1 at leaves.
    """
    next_one, end = np.arange(1, len(split) + 1), ends_of(split) if end is None else end
    right = end[np.minimum(next_one, len(split) - 1)]
    return np.where(split, next_one, -1), np.where(split, right, -1)


def leaf_positions_above(
    nodes: Array,
    split: Array,
    levels: Levels,
    n_nodes: int,
) -> Array:
    """The leaf of a pruned tree that is at or above each node of the unpruned tree.

    Parameters
    ----------
    nodes : ndarray of shape (n_kept,), int
        Numbers of the kept nodes.
    split : ndarray of shape (n_kept,), bool
        Whether a kept node is split.
    levels : list
        The levels of the unpruned tree, see `levels_of`.
    n_nodes : int
        Number of its nodes.

    Returns
    -------
    ndarray of shape (n_nodes,), int
        Positions in `nodes`; -1 at nodes that are still split.
    """
    place = np.full(n_nodes, -1)
    place[nodes] = np.where(split, -1, np.arange(len(nodes)))
    for above, left, right in levels:
        here = place[above] >= 0
        place[left[here]] = place[right[here]] = place[above[here]]
    return place


def pruned_to(left: Array, right: Array, keep: Array) -> tuple[Array, Array]:
    """Prune a tree to some of its leaves.

    A split is kept if at least two kept leaves are below it.

    Parameters
    ----------
    left, right : ndarray of shape (n_nodes,)
        Children of each node, -1 at leaves.
    keep : ndarray of shape (n_leaves,), bool
        Whether each leaf is kept, in the order of the node numbers.

    Returns
    -------
    nodes, split : ndarray
        As in `Subtree`.
    """
    levels = levels_of(left, right)
    kept = np.zeros(len(left), dtype=np.intp)
    kept[left < 0] = keep
    split = sum_up(kept, levels) > 1
    nodes = preorder(split, levels)
    return nodes, split[nodes]
