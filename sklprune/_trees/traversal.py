"""Trees in the order of a walk, in which all that is below a node comes right after it.

Sums over all below a node are then differences of running sums, and what a pruning
leaves is found without a step from level to level.
"""

from typing import NamedTuple

import numpy as np

from sklprune._trees.arrays import children_of, ends_of, levels_of, preorder, sums_at


class Traversal(NamedTuple):
    """A tree as a walk meets its nodes: first one, then all below it on the left, then
    all on the right. The left child of a node at place p is at p + 1.

    Parameters
    ----------
    nodes : ndarray of shape (n_nodes,), int
        The number of each node in the tree.
    end : ndarray of shape (n_nodes,), int
        The place after all that is below each node; the next one at a leaf.
    levels : list of (ndarray, ndarray)
        The places of the splits of each level and of their right children, from the
        root down.
    """

    nodes: np.ndarray
    end: np.ndarray
    levels: list

    @property
    def inner(self):
        """Places that are split, (n_nodes,), bool."""
        return self.end > np.arange(1, len(self.end) + 1)

    def children(self):
        """The places of the children of each node, -1 at leaves."""
        return children_of(self.inner, self.end)

    def ranks(self):
        """The place of each node of the tree, by its number."""
        place = np.empty(len(self.nodes), dtype=np.int32)
        place[self.nodes] = np.arange(len(self.nodes))
        return place

    def sums(self, at, columns):
        """Sums over the rows that come by at each node.

        Parameters
        ----------
        at : ndarray of shape (n_rows,), int
            The place of the leaf of each row.
        columns : list of ndarray of shape (n_rows,)

        Returns
        -------
        ndarray of shape (n_nodes, n_columns)
        """
        return self.sums_of(sums_at(at, columns, len(self.end)).T)

    def sums_of(self, columns):
        """Sums over all below each node and itself: (n_nodes, n_columns).

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

    def best_splits(self, gain):
        """The pruning whose leaves bring most.

        Parameters
        ----------
        gain : ndarray of shape (n_nodes,) or (n_nodes, n_copies)
            What each node brings as a leaf, of several copies of the tree each its own.

        Returns
        -------
        split : ndarray of the same shape, bool
            Where more comes from the children than from the node.
        best : float or ndarray of shape (n_copies,)
            What the whole tree brings.
        """
        best, split = gain.copy(), np.zeros(gain.shape, dtype=bool)
        for places, right in reversed(self.levels):
            both, alone = best[places + 1] + best[right], best[places]
            split[places] = both > alone
            best[places] = np.maximum(both, alone)
        return split, best[0]

    def reached(self, split):
        """The places that are reached from the root along splits, (n_nodes,), bool."""
        cut = np.flatnonzero(self.inner & ~split)
        n_gone = np.bincount(cut + 1, minlength=len(split) + 1)
        n_gone -= np.bincount(self.end[cut], minlength=len(split) + 1)
        return np.cumsum(n_gone[:-1]) == 0

    def without(self, parent, child):
        """The places that are left where a child stands for its parent.

        Parameters
        ----------
        parent, child : int
            Their places.

        Returns
        -------
        ndarray of shape (n_nodes,), bool
        """
        left = np.ones(len(self.end), dtype=bool)
        left[parent : self.end[parent]] = False
        left[child : self.end[child]] = True
        return left


def traversal_of(left, right):
    """The walk through a tree.

    Parameters
    ----------
    left, right : ndarray of shape (n_nodes,), int
        Children of each node, -1 at leaves.
    """
    inner = left >= 0
    nodes = preorder(inner, levels_of(left, right))
    return traversal_through(nodes, inner[nodes])


def traversal_through(nodes, inner):
    """The walk that meets some nodes.

    Parameters
    ----------
    nodes : ndarray of shape (n_nodes,), int
        Their numbers, in this order.
    inner : ndarray of shape (n_nodes,), bool
        Those that are split.
    """
    walk = Traversal(nodes.astype(np.int32), ends_of(inner), [])
    levels = levels_of(*walk.children())
    return walk._replace(levels=[(places, right) for places, _, right in levels])


def first_leaves(left, right):
    """The first leaf at or below each node, as its rank among the leaves by number.

    Parameters
    ----------
    left, right : ndarray of shape (n_nodes,), int
        Children of each node, -1 at leaves.

    Returns
    -------
    ndarray of shape (n_nodes,), int32
    """
    walk, rank = traversal_of(left, right), np.cumsum(left < 0, dtype=np.int32) - 1
    leaves = np.flatnonzero(~walk.inner)
    next_leaf = leaves[np.searchsorted(leaves, np.arange(len(left)))]
    first = np.empty_like(rank)
    first[walk.nodes] = rank[walk.nodes[next_leaf]]
    return first
