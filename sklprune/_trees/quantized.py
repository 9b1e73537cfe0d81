"""Trees with short thresholds and few leaf values."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from sklprune._codebook import codebook, nearest, shorter
from sklprune._trees.arrays import levels_of, sum_up
from sklprune._trees.cuts import Column, few_thresholds, split_gaps
from sklprune._trees.permuted_columns import Splits
from sklprune._typing import Array

#: numbers of more bits are short floats, without a codebook
CODEBOOK_BITS = 8
#: thresholds of more bits are not shared, so that no row changes sides
SHARED_BITS = 7


class Numbers(NamedTuple):
    """The numbers of one tree, as scikit-learn stores them.

    Parameters
    ----------
    splits : Splits
        Its columns are those of the rows as the trees compare them.
    threshold : ndarray of shape (n_nodes,)
    value : ndarray of shape (n_nodes, n_values)
    weight : ndarray of shape (n_nodes,)
        Weight of the training rows that reach each node.
    """

    splits: Splits
    threshold: Array
    value: Array
    weight: Array

    @property
    def leaf(self) -> Array:
        """The mask of the leaves, (n_nodes,)."""
        return self.splits.left < 0

    @property
    def at_threshold(self) -> Array:
        """The mask of the splits by a finite threshold, (n_nodes,)."""
        mask = ~self.leaf & np.isfinite(self.threshold)
        if self.splits.category is not None:
            mask &= self.splits.category < 0
        return mask


def with_short_thresholds(
    trees: Sequence[Numbers], leaf_ids: Array, X: Any, weight: Array, n_bits: int
) -> list[Numbers]:
    """Trees with short thresholds.

    Parameters
    ----------
    trees : list of Numbers
    leaf_ids : ndarray of shape (n_trees, n_rows), int
        The node of the leaf that each row reaches.
    X : ndarray or CSR matrix of shape (n_rows, n_columns)
        The rows as the trees compare them.
    weight : ndarray of shape (n_rows,)
    n_bits : int
        With fewer than 8 bits, the splits by a column share at most `2 ** n_bits`
        thresholds. Otherwise no row changes sides.
    """
    n_shared = 2**n_bits if n_bits <= SHARED_BITS else None
    masks = [tree.at_threshold for tree in trees]
    gaps = [split_gaps(tree.splits, ids, X) for tree, ids in zip(trees, leaf_ids)]

    def joined(arrays: Sequence[Array]) -> Array:
        return np.concatenate([each[mask] for each, mask in zip(arrays, masks)])

    feature = joined([tree.splits.feature for tree in trees])
    threshold = joined([tree.threshold for tree in trees]).astype(float)
    low, high = joined([gap[0] for gap in gaps]), joined([gap[1] for gap in gaps])
    short = threshold.copy()
    by_column = np.argsort(feature, kind="stable")
    columns, starts = np.unique(feature[by_column], return_index=True)
    if sparse.issparse(X):
        X = X.tocsc()
    for j, at in zip(columns, np.split(by_column, starts[1:])):
        values = X[:, [j]].toarray().ravel() if sparse.issparse(X) else X[:, j]
        column = Column.of(values, weight)
        short[at] = few_thresholds(column, threshold[at], low[at], high[at], n_shared)
    changed = []
    ends = np.cumsum([mask.sum() for mask in masks])[:-1]
    for tree, mask, own in zip(trees, masks, np.split(short, ends)):
        new = tree.threshold.astype(float)
        new[mask] = own
        changed.append(tree._replace(threshold=new))
    return changed


def with_few_values(
    trees: Sequence[Numbers], n_bits: int, distributions: int, uniform: bool
) -> list[Numbers]:
    """Trees whose leaves have few distinct values, of least squared error.

    The value of a split becomes the mean of the leaves below it.

    Parameters
    ----------
    trees : list of Numbers
    n_bits : int
        At most `2 ** n_bits` values. With 16 bits or more they are short floats.
    distributions : int
        Number of distributions side by side in the values of a node; 0 if they are
        numbers. Each distribution continues to add up to one.
    uniform : bool
        Whether the values have equal distances.
    """
    leaves = [tree.leaf for tree in trees]
    old = np.concatenate([tree.value[leaf] for tree, leaf in zip(trees, leaves)])
    weight = np.concatenate([tree.weight[leaf] for tree, leaf in zip(trees, leaves)])
    if distributions:
        blocks = np.split(old, distributions, axis=1)
        blocks = [_few_distributions(each, weight, n_bits, uniform) for each in blocks]
        value = np.hstack(blocks)
    else:
        columns = [_few_numbers(each, weight, n_bits, uniform) for each in old.T]
        value = np.column_stack(columns)
    if np.array_equal(value, old):
        # the values of splits remain exact as well
        return list(trees)
    parts = np.split(value, np.cumsum([leaf.sum() for leaf in leaves])[:-1])
    return [
        tree._replace(value=_with_leaves(tree, part))
        for tree, part in zip(trees, parts)
    ]


def _few_numbers(values: Array, weight: Array, n_bits: int, uniform: bool) -> Array:
    """The nearest values of a codebook, or short floats."""
    if n_bits > CODEBOOK_BITS:
        return shorter(values, n_bits)
    book = shorter(codebook(values, weight, n_bits, uniform, False), 32)
    return nearest(values, np.unique(book))


def _few_distributions(
    proba: Array, weight: Array, n_bits: int, uniform: bool
) -> Array:
    """Distributions of few different probabilities that add up to one exactly."""
    if n_bits > CODEBOOK_BITS or len(np.unique(proba)) <= 2**n_bits:
        return proba
    used = proba.any(axis=0)
    if used.sum() == 2:
        # multiples of a power of two, so that their complements are short too
        second = np.flatnonzero(used)[1]
        book = codebook(proba[:, second], weight, n_bits, uniform, False)
        book = np.unique(np.round(book * 2.0**12) / 2.0**12)
        few = np.zeros_like(proba)
        few[:, second] = nearest(proba[:, second], book)
        few[:, np.flatnonzero(used)[0]] = 1 - few[:, second]
        return few
    # the largest remainders are rounded up
    parts = proba * 2.0 ** (n_bits - 1)
    whole = np.floor(parts)
    n_up = np.round(parts.sum(axis=1) - whole.sum(axis=1))
    rank = np.argsort(np.argsort(whole - parts, axis=1, kind="stable"), axis=1)
    return (whole + (rank < n_up[:, None])) / 2.0 ** (n_bits - 1)


def _with_leaves(tree: Numbers, leaves: Array) -> Array:
    """Values of all nodes from those of the leaves."""
    leaf = tree.leaf
    value = tree.value.astype(float)
    value[leaf] = leaves
    value[~leaf] = means_below(tree, value)[~leaf]
    return value


def means_below(tree: Numbers, value: Array) -> Array:
    """The weighted means over the leaves below each node.

    Parameters
    ----------
    tree : Numbers
    value : ndarray of shape (n_nodes, n_values)
        The entries of leaves are used.
    """
    leaf, levels = tree.leaf, levels_of(tree.splits.left, tree.splits.right)
    total = sum_up(np.where(leaf[:, None], value * tree.weight[:, None], 0.0), levels)
    weight = sum_up(np.where(leaf, tree.weight, 0.0), levels)[:, None]
    return np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)


def same_numbers(old: Numbers, new: Numbers) -> bool:
    """Whether a tree has the same thresholds and values as another one."""
    return np.array_equal(old.threshold, new.threshold) and np.array_equal(
        old.value, new.value
    )
