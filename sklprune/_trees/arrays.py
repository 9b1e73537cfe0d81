"""Trees as arrays: the form in which families hand out trees and methods prune them."""

from typing import NamedTuple

import numpy as np

#: what a leaf says is known to so many bits: rows never tell it that finely
VALUE_BITS = 12


class TreeArrays(NamedTuple):
    """One tree of a model that adds up what its trees say.

    Children come after their parents.

    Parameters
    ----------
    left, right : ndarray of shape (n_nodes,), int
        Children of each node, -1 at leaves.
    value : ndarray of shape (n_nodes, n_values)
        What a row gets that ends at a node, on the scale of the sum over all trees.
    weight : ndarray of shape (n_nodes,)
        Weight of the training rows that came by.
    output : int or None
        The output of the model that the tree speaks to; None for all of them.
    position : int
        Which tree of the model it is.
    """

    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    weight: np.ndarray
    output: int | None = None
    position: int = 0

    @property
    def n_leaves(self):
        return int((self.left < 0).sum())

    def averaged(self):
        """The same tree, its inner nodes saying the mean of the leaves below them.

        In boosting the values of leaves are set apart, scaled by the learning rate or
        by a line search, and inner nodes hold numbers of another scale.
        """
        leaf, weight = self.left < 0, self.weight[:, None]
        total = sum_up(self.value * weight, levels_of(self.left, self.right))
        mean = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
        return self._replace(value=np.where(leaf[:, None], self.value, mean))


class Statistics(NamedTuple):
    """What training would have measured in nodes, each (n_nodes,), single precision.

    Parameters
    ----------
    count : ndarray of int
        Rows.
    weight : ndarray
        Their weight.
    impurity : ndarray
        The variance of the targets, of several, as of classes, the sum: of classes
        that is Gini's.
    """

    count: np.ndarray
    weight: np.ndarray
    impurity: np.ndarray

    def of(self, nodes):
        """Those of some nodes."""
        return Statistics(*(each[nodes] for each in self))


class Subtree(NamedTuple):
    """What stays of one tree: some of its nodes, linked as a walk meets them.

    Parameters
    ----------
    tree : int
        Position of the tree in its ensemble.
    nodes : ndarray of shape (n_kept,), int
        The nodes that stay, in the order of `preorder`.
    split : ndarray of shape (n_kept,), bool
        Those of them that are split; the others are the leaves now.
    value : ndarray of shape (n_kept, n_values), or None
        What each of them says, on the scale of the sum; None for what it says now.
    output : int or None
        As in `TreeArrays`.
    statistics : Statistics or None
        Of the nodes, where other rows come by than in the tree: nodes above them are
        gone.
    """

    tree: int
    nodes: np.ndarray
    split: np.ndarray
    value: np.ndarray | None = None
    output: int | None = None
    statistics: Statistics | None = None

    @property
    def n_leaves(self):
        return len(self.nodes) - int(self.split.sum())

    def children(self):
        """The left and the right child of each node: positions in `nodes`, -1 at
        leaves."""
        return children_of(self.split)

    def packed(self):
        """The same in fewer bytes, single values to `VALUE_BITS` bits.

        Where a node says several they may have to add up to one, and stay.
        """
        nodes = self.nodes.astype(np.min_scalar_type(self.nodes.max()))
        value, most = self.value, np.abs(self.value).max()
        if value.shape[1] == 1 and most < np.finfo(np.float32).max:
            value = truncated(value, VALUE_BITS).astype(np.float32)
        return self._replace(nodes=nodes, value=value)


class Ensemble(NamedTuple):
    """A pruned ensemble: the sum of its subtrees, and a constant.

    Parameters
    ----------
    subtrees : list of Subtree
        Trees that are not among them are gone.
    baseline : ndarray of shape (n_outputs,)
        Added to the sum, and to what the model says without any tree.
    """

    subtrees: list
    baseline: np.ndarray

    @property
    def n_leaves(self):
        return sum(subtree.n_leaves for subtree in self.subtrees)

    def packed(self):
        """The same in fewer bytes, of which a path keeps many.

        The bits that are gone are those in which no compression finds anything: files
        of gradient boosting are a tenth smaller without them, those of histograms a
        quarter.
        """
        return self._replace(subtrees=[each.packed() for each in self.subtrees])

    def unpacked(self):
        """The same in double precision, as models take it."""
        subtrees = [
            subtree._replace(value=subtree.value.astype(float))
            for subtree in self.subtrees
        ]
        return self._replace(subtrees=subtrees)


def truncated(values, n_bits):
    """Numbers of so many significant bits, none further from zero than it was: what
    may not be beyond a limit stays within it."""
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.trunc(np.ldexp(mantissa, n_bits)), exponent - n_bits)


def both_classes(ensemble):
    """What an ensemble says of both classes that says how likely the second one is."""
    subtrees = [
        subtree._replace(value=np.hstack([-subtree.value, subtree.value]))
        for subtree in ensemble.subtrees
    ]
    baseline = np.hstack([1 - ensemble.baseline, ensemble.baseline])
    return Ensemble(subtrees, baseline)


def levels_of(left, right):
    """The inner nodes of each level with their children, from the root down.

    Returns
    -------
    list of (ndarray, ndarray, ndarray)
    """
    levels, nodes = [], np.zeros(1, dtype=np.intp)
    while True:
        nodes = nodes[left[nodes] >= 0]
        if len(nodes) == 0:
            return levels
        levels.append((nodes, left[nodes], right[nodes]))
        nodes = np.concatenate(levels[-1][1:])


def sums_at(nodes, columns, n_nodes):
    """Sums over the rows that are at each node.

    Parameters
    ----------
    nodes : ndarray of shape (n_rows,), int
        Where each row is.
    columns : list of ndarray of shape (n_rows,)
    n_nodes : int

    Returns
    -------
    ndarray of shape (n_nodes, n_columns)
    """
    nodes = nodes.astype(np.intp, copy=False)  # which each count would do again
    sums = [np.bincount(nodes, column, minlength=n_nodes) for column in columns]
    return np.stack(sums, axis=1)


def sum_up(values, levels):
    """Add what is known of the leaves up to the root, in place.

    Parameters
    ----------
    values : ndarray of shape (n_nodes, ...)
        Sums at the leaves; what inner nodes hold is overwritten.
    """
    for nodes, left, right in reversed(levels):
        values[nodes] = values[left] + values[right]
    return values


def reachable(split, levels):
    """The nodes that are reached from the root along splits, (n_nodes,), bool."""
    reached = np.zeros(len(split), dtype=bool)
    reached[0] = True
    for nodes, left, right in levels:
        reached[left] = reached[right] = reached[nodes] & split[nodes]
    return reached


def preorder(split, levels):
    """The nodes that are reached from the root along splits, as a walk meets them.

    First a node, then all below it on the left, then all on the right: together with
    the splits the order tells which node is whose child.

    Returns
    -------
    ndarray of shape (n_kept,), int
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


def ends_of(split):
    """The place after all that is below each node, in the order of `preorder`.

    Below a node and in itself there is one leaf more than there are splits.

    Returns
    -------
    ndarray of shape (n_kept,), int
    """
    own, step = np.arange(len(split)), np.where(split, 1, -1)
    height = np.cumsum(step)
    key = height * (len(split) + 1) + own
    order = np.argsort(key)
    wanted = (height - step - 1) * (len(split) + 1) + own
    return (order[np.searchsorted(key[order], wanted)] + 1).astype(np.int32)


def children_of(split, end=None):
    """The places of the children of nodes that are in the order of `preorder`.

    A left child comes next, a right one after all that are below the left one.

    Parameters
    ----------
    split : ndarray of shape (n_kept,), bool
    end : ndarray of shape (n_kept,), int, or None
        As `ends_of` gives it, where that is known.

    Returns
    -------
    left, right : ndarray of shape (n_kept,), int
        -1 at leaves.
    """
    next_one, end = np.arange(1, len(split) + 1), ends_of(split) if end is None else end
    right = end[np.minimum(next_one, len(split) - 1)]
    return np.where(split, next_one, -1), np.where(split, right, -1)


def leaf_positions_above(nodes, split, levels, n_nodes):
    """The place of the leaf that stands at or above each node of a tree.

    Parameters
    ----------
    nodes : ndarray of shape (n_kept,), int
        The nodes that stay.
    split : ndarray of shape (n_kept,), bool
    levels : list
        Of the tree, as `levels_of` gives them.
    n_nodes : int
        Of the tree.

    Returns
    -------
    ndarray of shape (n_nodes,), int
        Positions in `nodes`; -1 where nodes are split.
    """
    place = np.full(n_nodes, -1)
    place[nodes] = np.where(split, -1, np.arange(len(nodes)))
    for above, left, right in levels:
        here = place[above] >= 0
        place[left[here]] = place[right[here]] = place[above[here]]
    return place


def pruned_to(left, right, keep):
    """Which splits stay where some leaves do: those above two of them or more.

    Parameters
    ----------
    left, right : ndarray of shape (n_nodes,)
    keep : ndarray of shape (n_leaves,), bool
        By leaf, in the order of the nodes.

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
