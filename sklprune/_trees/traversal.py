"""Preorder traversals of trees: sums, best prunings and raised children as slices.

In preorder a node comes first, then its left subtree, then its right subtree. All
nodes below a node are therefore one slice. Sums over a subtree are differences of
running sums, and a pruning needs no loop over the levels.
"""

from typing import Any, NamedTuple

import numpy as np

from sklprune._trees.arrays import (
    children_of,
    ends_of,
    levels_of,
    preorder,
    row_sums,
)
from sklprune._typing import Array

#: in trees of up to so many splits, a loop over them is faster than over levels
FEW_SPLITS = 100


class Levels(NamedTuple):
    """The levels of a tree, arranged so that siblings need no search.

    The nodes are ordered by level. The left children of the splits of a level come
    first, and then the right children, in the order of the splits. The children of all
    splits of a level are therefore two slices.

    Parameters
    ----------
    order : ndarray of shape (n_nodes,), int
        Places of all nodes in this order, the root first.
    splits : ndarray of shape (n_splits,), int
        Places of the splits, in the order of their levels.
    positions : ndarray of shape (n_splits,), int
        The position of each split in `order`.
    counts : list of int
        Number of splits of each level.
    upwards : list of (int, int), or None
        The place of each split and of its right child, from the last place to the
        first one. None in trees of many splits.
    """

    order: Array
    splits: Array
    positions: Array
    counts: list[int]
    upwards: list[tuple[int, int]] | None = None


class Traversal(NamedTuple):
    """A tree in preorder. The left child of the node at place p is at place p + 1.

    Parameters
    ----------
    nodes : ndarray of shape (n_nodes,), int
        Number of the node at each place.
    end : ndarray of shape (n_nodes,), int
        The place after the subtree of each node; at a leaf the next place.
    levels : Levels
    """

    nodes: Array
    end: Array
    levels: Levels

    @property
    def inner(self) -> Array:
        """Whether each node is split, (n_nodes,), bool."""
        return self.end > np.arange(1, len(self.end) + 1)

    def children(self) -> tuple[Array, Array]:
        """Places of the left and the right child of each node, -1 at leaves."""
        return children_of(self.inner, self.end)

    def places(self) -> Array:
        """The place of each node, in the order of the node numbers."""
        place = np.empty(len(self.nodes), dtype=np.int32)
        place[self.nodes] = np.arange(len(self.nodes))
        return place

    def sums(self, leaves: Array, *values: Array) -> Array:
        """Sums over the rows that reach each node.

        Parameters
        ----------
        leaves : ndarray of shape (n_rows,), int
            The place of the leaf of each row.
        *values : ndarray of shape (n_rows, n_columns)

        Returns
        -------
        ndarray of shape (n_nodes, n_columns)
            The columns of all values side by side.
        """
        sums = [row_sums(leaves, each, len(self.end)) for each in values]
        return self.subtree_sums(sums[0] if len(sums) == 1 else np.hstack(sums))

    def subtree_sums(self, values: Array) -> Array:
        """Sums over the subtree of each node: (n_nodes, n_columns).

        Parameters
        ----------
        values : ndarray of shape (n_nodes, n_columns)
        """
        running = np.zeros((len(self.end) + 1, values.shape[1]))
        np.cumsum(values, axis=0, out=running[1:])
        sums = running.take(self.end, axis=0)
        sums -= running[:-1]
        return sums

    def best_splits(self, gain: Array) -> tuple[Array, Any]:
        """The pruning whose leaves have the largest sum of gains.

        Parameters
        ----------
        gain : ndarray of shape (n_nodes,) or (n_nodes, n_copies)
            Gain of each node as a leaf. Each column belongs to one copy of the tree.

        Returns
        -------
        split : ndarray of the same shape, bool
            Whether the children of a node gain more than the node as a leaf.
        best : float or ndarray of shape (n_copies,)
            Gain of the best pruning of the whole tree.
        """
        order, splits, positions, counts, upwards = self.levels
        if upwards is not None and gain.ndim == 1:
            return _best_splits_of_few(gain, upwards)
        best, alone = gain.take(order, axis=0), gain.take(splits, axis=0)
        gains_more = np.empty(alone.shape, dtype=bool)
        below, after = len(order), len(splits)
        for n_splits in reversed(counts):
            level = slice(after - n_splits, after)
            both = best[below - 2 * n_splits : below - n_splits]
            both = both + best[below - n_splits : below]
            np.greater(both, alone[level], out=gains_more[level])
            best[positions[level]] = np.maximum(both, alone[level])
            below, after = below - 2 * n_splits, after - n_splits
        split = np.zeros(gain.shape, dtype=bool)
        split[splits] = gains_more
        return split, best[0]

    def reached(self, split: Array) -> Array:
        """Whether each node is reached from the root along splits, (n_nodes,), bool."""
        new_leaves = np.flatnonzero(self.inner & ~split)
        n_removed = np.bincount(new_leaves + 1, minlength=len(split) + 1)
        n_removed -= np.bincount(self.end[new_leaves], minlength=len(split) + 1)
        return np.cumsum(n_removed[:-1]) == 0

    def without_parent(self, parent: int, child: int) -> Array:
        """The nodes that are kept if a child takes the position of its parent.

        Parameters
        ----------
        parent, child : int
            Their places.

        Returns
        -------
        ndarray of shape (n_nodes,), bool
        """
        kept = np.ones(len(self.end), dtype=bool)
        kept[parent : self.end[parent]] = False
        kept[child : self.end[child]] = True
        return kept


def _best_splits_of_few(
    gain: Array, upwards: list[tuple[int, int]]
) -> tuple[Array, float]:
    """`Traversal.best_splits` of one copy of a tree with few splits."""
    best, split = gain.tolist(), np.zeros(len(gain), dtype=bool)
    for place, right in upwards:
        both = best[place + 1] + best[right]
        if both > best[place]:
            best[place], split[place] = both, True
    return split, best[0]


def traversal_of(left: Array, right: Array) -> Traversal:
    """The traversal of a tree.

    Parameters
    ----------
    left, right : ndarray of shape (n_nodes,), int
        Children of each node, -1 at leaves.
    """
    inner = left >= 0
    nodes = preorder(inner, levels_of(left, right))
    return traversal_through(nodes, inner[nodes])


def traversal_through(nodes: Array, inner: Array) -> Traversal:
    """The traversal of a tree whose nodes are given in preorder.

    Parameters
    ----------
    nodes : ndarray of shape (n_nodes,), int
        Numbers of the nodes, in preorder.
    inner : ndarray of shape (n_nodes,), bool
        Whether each of them is split.
    """
    end = ends_of(inner)
    levels = levels_of(*children_of(inner, end))
    return Traversal(nodes.astype(np.int32), end, _arranged(levels))


def _arranged(levels: list[tuple[Array, Array, Array]]) -> Levels:
    """The levels of a tree by place, as `levels_of` returns them, arranged."""
    root = np.zeros(1, dtype=np.intp)
    children = [side for _, left, right in levels for side in (left, right)]
    order = np.concatenate([root, *children])
    splits = np.concatenate([root[:0], *(places for places, _, _ in levels)])
    position = np.empty(len(order), dtype=np.int32)
    position[order] = np.arange(len(order))
    counts = [len(places) for places, _, _ in levels]
    upwards = None
    if len(splits) <= FEW_SPLITS:
        # the right children are in the same order as the splits
        right = np.concatenate([root[:0], *(right for _, _, right in levels)])
        upwards = sorted(zip(splits.tolist(), right.tolist()), reverse=True)
    order, splits = order.astype(np.int32), splits.astype(np.int32)
    return Levels(order, splits, position[splits], counts, upwards)


def first_leaves(left: Array, right: Array) -> Array:
    """The first leaf at or below each node, as its rank among the leaves by number.

    Parameters
    ----------
    left, right : ndarray of shape (n_nodes,), int
        Children of each node, -1 at leaves.

    Returns
    -------
    ndarray of shape (n_nodes,), int32
    """
    traversal = traversal_of(left, right)
    rank = np.cumsum(left < 0, dtype=np.int32) - 1
    leaves = np.flatnonzero(~traversal.inner)
    next_leaf = leaves[np.searchsorted(leaves, np.arange(len(left)))]
    first = np.empty_like(rank)
    first[traversal.nodes] = rank[traversal.nodes[next_leaf]]
    return first
