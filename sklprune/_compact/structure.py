"""The shape of binary trees: one bit for each node, in preorder.

A node is followed by its left subtree, then by its right subtree. Whether each node is
a leaf then determines all children, depths and subtrees. The functions work on arrays
of all trees together, and on expressions for such arrays.
"""

from typing import Any, NamedTuple

import numpy as np

from sklprune._compact.columns import bits, integers
from sklprune._compact.expressions import Expression, zeros
from sklprune._trees.arrays import levels_of, preorder
from sklprune._typing import Array


class Shape(NamedTuple):
    """The shape of trees, as expressions for arrays over all nodes of all trees.

    Parameters
    ----------
    leaf : Expression
        1 for a leaf and 0 for a split, int64.
    end : Expression
        The position behind the last node of the subtree of each node.
    start : Expression
        The position of the root of the tree of each node.
    leaves, splits : Expression
        Positions of all leaves, and of all splits.
    first, last : Expression
        For each split, the numbers of its first leaf and behind its last leaf.
    """

    leaf: Any
    end: Any
    start: Any
    leaves: Any
    splits: Any
    first: Any
    last: Any


def shape_of(leaf: Array, counts: Array) -> Shape:
    """The shape of trees.

    Parameters
    ----------
    leaf : ndarray of shape (n_nodes,), bool
        The leaves of all trees, each tree in preorder.
    counts : ndarray of shape (n_trees,), int
        Number of nodes of each tree.
    """
    n_nodes = len(leaf)
    is_leaf = bits(leaf).expression.astype("i8")
    place = Expression(np.arange, n_nodes)
    # a subtree ends where the number of splits less leaves is first below its start
    step = 1 - is_leaf * 2
    level = Expression(np.cumsum, step)
    codes = Expression(np.sort, (level + n_nodes) * n_nodes + place)
    wanted = (level - step + (n_nodes - 1)) * n_nodes + place
    end = codes[Expression(np.searchsorted, codes, wanted)] % n_nodes + 1
    sizes = integers(counts).expression
    starts = Expression(np.cumsum, sizes) - sizes
    leaves = Expression(np.flatnonzero, is_leaf)
    splits = Expression(np.flatnonzero, 1 - is_leaf)
    n_before = Expression(np.append, 0, Expression(np.cumsum, is_leaf))
    return Shape(
        is_leaf,
        end,
        Expression(np.repeat, starts, sizes),
        leaves,
        splits,
        n_before[splits],
        n_before[end[splits]],
    )


def depths(shape: Shape, n_nodes: int) -> Expression:
    """The number of splits above each node."""
    place = Expression(np.arange, n_nodes)
    n_splits_before = Expression(np.cumsum, 1 - shape.leaf) - (1 - shape.leaf)
    ends = Expression(np.sort, shape.end[shape.splits])
    n_closed = Expression(np.searchsorted, ends, place, "right")
    return n_splits_before - n_closed


def of_all_nodes(shape: Shape, n_nodes: int, leaves: Any, splits: Any) -> Expression:
    """Whole numbers of all nodes, from those of the leaves and those of the splits."""
    items = [(shape.leaves, leaves), (shape.splits, splits)]
    return zeros(n_nodes, "i8", items)


def sums(shape: Shape, of_leaves: Any) -> Expression:
    """For each split, the sum of whole numbers over the leaves below it."""
    total = Expression(np.append, 0, Expression(np.cumsum, of_leaves))
    return total[shape.last] - total[shape.first]


def preorder_of(left: Array, right: Array, counts: Array) -> Array:
    """The node at each place of a preorder, as positions in the arrays of all trees.

    Parameters
    ----------
    left, right : ndarray of shape (n_nodes,), int
        Children by their numbers in the tree, negative or zero at leaves.
    counts : ndarray of shape (n_trees,), int
        Number of nodes of each tree.
    """
    order, start = np.empty(len(left), dtype=np.int64), 0
    for n_nodes in counts:
        part = slice(start, start + n_nodes)
        below = left[part].astype(np.int64)
        split = below > 0
        levels = levels_of(np.where(split, below, -1), right[part])
        order[part] = start + preorder(split, levels)
        start += n_nodes
    return order
