"""Preorder traversals of trees: sums, best prunings and raised children as slices.

In preorder a node comes first, then its left subtree, then its right subtree. All
nodes below a node are therefore one slice. Sums over a subtree are differences of
running sums, and a pruning needs no loop over the levels.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sklprune._trees.arrays import children_of, ends_of, levels_of, preorder, sums_at
from sklprune._typing import Array


class Traversal(NamedTuple):
    """A tree in preorder. The left child of the node at place p is at place p + 1.

    Parameters
    ----------
    nodes : ndarray of shape (n_nodes,), int
        Number of the node at each place.
    end : ndarray of shape (n_nodes,), int
        The place after the subtree of each node; at a leaf the next place.
    levels : list of (ndarray, ndarray)
        The places of the splits of each level and of their right children, from the
        root down.
    """

    nodes: Array
    end: Array
    levels: list[tuple[Array, Array]]

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

    def sums(self, leaves: Array, columns: Sequence[Array] | Array) -> Array:
        """Sums over the rows that reach each node.

        Parameters
        ----------
        leaves : ndarray of shape (n_rows,), int
            The place of the leaf of each row.
        columns : list of ndarray of shape (n_rows,)

        Returns
        -------
        ndarray of shape (n_nodes, n_columns)
        """
        return self.subtree_sums(sums_at(leaves, columns, len(self.end)).T)

    def subtree_sums(self, columns: Sequence[Array] | Array) -> Array:
        """Sums over the subtree of each node: (n_nodes, n_columns).

        Parameters
        ----------
        columns : list of ndarray of shape (n_nodes,)
        """
        sums = np.empty((len(self.end), len(columns)))
        running = np.zeros(len(self.end) + 1)
        for k, column in enumerate(columns):
            np.cumsum(column, out=running[1:])
            sums[:, k] = running[self.end] - running[:-1]
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
        best, split = gain.copy(), np.zeros(gain.shape, dtype=bool)
        for places, right in reversed(self.levels):
            both, alone = best[places + 1] + best[right], best[places]
            split[places] = both > alone
            best[places] = np.maximum(both, alone)
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
    traversal = Traversal(nodes.astype(np.int32), ends_of(inner), [])
    levels = levels_of(*traversal.children())
    return traversal._replace(levels=[(places, right) for places, _, right in levels])


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
