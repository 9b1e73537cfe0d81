"""Reads and rebuilds `Tree`, the compiled object in which scikit-learn stores a tree.

`tree_arrays_of` reads a `Tree` into plain arrays. `pruned_tree`, `renumber_columns` and
`tree_of_nodes` make new ones. A `Tree` cannot be changed in place. Its pickled state is
therefore edited and loaded into a new object. `tree_counts` and `node_counts` measure
trees.
"""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from sklprune._trees.arrays import Subtree, TreeArrays, levels_of
from sklprune._typing import Array, Estimator
from sklprune.families._column_links import with_inputs

#: impurities are rounded to this share of the largest one of a tree. On two tables
#: importances of columns changed by less than 0.6 % of the largest one, and files were
#: a thirtieth smaller than with a share of 2**-12
IMPURITY_UNIT = 2.0**-7
#: a subtree that consists of the root of the first tree
ROOT_ONLY = Subtree(0, np.zeros(1, dtype=int), np.zeros(1, dtype=bool))


def tree_arrays_of(
    tree: Any, position: int = 0, scale: float = 1.0, output: int | None = None
) -> TreeArrays:
    """Read a `Tree` into arrays; its values are multiplied by `scale`."""
    return TreeArrays(
        tree.children_left,
        tree.children_right,
        tree.value.reshape(tree.node_count, -1) * scale,
        tree.weighted_n_node_samples,
        output,
        position,
    )


def pruned_tree(
    tree: Any,
    subtree: Subtree,
    value: Array | None = None,
    n_classes: int | None = None,
    *,
    short_statistics: bool = False,
    equal_weights: bool = False,
) -> Any:
    """A `Tree` that holds a subtree of another `Tree`.

    Parameters
    ----------
    tree : Tree of scikit-learn
    subtree : Subtree
        The nodes to keep. Their training statistics replace those of the tree, where
        the subtree has some.
    value : ndarray of shape (n_kept, n_values), or None
        Values of the nodes as scikit-learn stores them; None keeps those of the tree.
    n_classes : int or None
        Number of values of a node for each output, where it changes.
    short_statistics : bool, default=False
        Whether training statistics are rounded. No prediction reads them, and random
        bits do not compress.
    equal_weights : bool, default=False
        Whether each training row gets the weight one in the statistics, however often
        a bootstrap sample contains it.

    Returns
    -------
    Tree of scikit-learn
    """
    state = tree.__getstate__()
    nodes = take_nodes(state["nodes"], subtree.nodes)
    nodes["left_child"], nodes["right_child"] = subtree.children()
    if subtree.statistics is not None:
        n_rows, weight, impurity = subtree.statistics
        nodes["n_node_samples"], nodes["impurity"] = n_rows, impurity
        nodes["weighted_n_node_samples"] = weight
    elif equal_weights:
        nodes["weighted_n_node_samples"] = nodes["n_node_samples"]
    if short_statistics:
        weight = nodes["weighted_n_node_samples"]
        nodes["weighted_n_node_samples"] = weight.astype(np.float32)
        nodes["impurity"] = _short_impurity(nodes)
    nodes["feature"][~subtree.split] = -2
    nodes["threshold"][~subtree.split] = -2
    value = state["values"][subtree.nodes] if value is None else value
    return tree_of_nodes(tree, nodes, value, n_classes=n_classes)


def _short_impurity(nodes: Array) -> Array:
    """Impurities of few bits, which are multiples of one unit.

    A split has at least the mean impurity of its children, so that no importance of a
    column is negative.

    Parameters
    ----------
    nodes : ndarray of shape (n_nodes,)
        Records of the nodes.
    """
    impurity, weight = nodes["impurity"], nodes["weighted_n_node_samples"]
    unit = np.ldexp(IMPURITY_UNIT, np.frexp(impurity.max())[1])
    short = np.rint(impurity / unit)
    levels = levels_of(nodes["left_child"], nodes["right_child"])
    for split, left, right in reversed(levels):
        total = weight[left] * short[left] + weight[right] * short[right]
        both = weight[left] + weight[right]
        mean = np.divide(total, both, out=np.zeros_like(total), where=both > 0)
        short[split] = np.maximum(short[split], np.ceil(mean))
    return short * unit


def tree_of_nodes(
    like: Any,
    nodes: Array,
    value: Array,
    *,
    n_features: int | None = None,
    n_classes: int | None = None,
) -> Any:
    """A `Tree` of given nodes.

    The fields of a node are taken from the state of `like`, so that a release of
    scikit-learn may add some.

    Parameters
    ----------
    like : Tree of scikit-learn
        Its columns, classes and outputs are taken over, unless they are given.
    nodes : ndarray of shape (n_nodes,)
        Records with the fields of the nodes of `like`.
    value : ndarray of shape (n_nodes, n_values)
        Values of the nodes as scikit-learn stores them.
    n_features, n_classes : int or None
        Number of columns of X, and of values of a node for each output, where they
        change.

    Returns
    -------
    Tree of scikit-learn
        It has memory for just these nodes.
    """
    make, (width, classes, n_outputs), state = like.__reduce__()
    if n_classes is not None:
        classes, n_outputs = np.full(1, n_classes, dtype=classes.dtype), 1
    shape = (len(nodes), n_outputs, max(classes))
    tree = make(n_features or width, classes, n_outputs)
    tree.__setstate__(
        state
        | {
            "max_depth": len(levels_of(nodes["left_child"], nodes["right_child"])),
            "node_count": len(nodes),
            "nodes": nodes,
            "values": np.ascontiguousarray(value, dtype=float).reshape(shape),
        }
    )
    return tree


def renumber_columns(tree: Any, numbers: Array, n_features: int) -> Any:
    """A `Tree` whose splits refer to columns by other numbers.

    Parameters
    ----------
    tree : Tree of scikit-learn
    numbers : ndarray of shape (n_features of the tree,), int
        The new number of each column.
    n_features : int
        Number of columns of the new tree.

    Returns
    -------
    Tree of scikit-learn
    """
    state = tree.__getstate__()
    nodes = take_nodes(state["nodes"], np.arange(tree.node_count))
    split = nodes["feature"] >= 0
    nodes["feature"][split] = numbers[nodes["feature"][split]]
    return tree_of_nodes(tree, nodes, state["values"], n_features=n_features)


def tree_on_columns(estimator: Estimator, inputs: Array) -> Estimator:
    """A copy of a fitted tree estimator for some columns, among them all of its splits.

    `inputs` is a mask of shape (n_features,).
    """
    model = with_inputs(estimator, inputs)
    numbers = np.cumsum(inputs) - 1
    model.tree_ = renumber_columns(estimator.tree_, numbers, int(inputs.sum()))
    return model


def take_nodes(nodes: Array, positions: Array) -> Array:
    """Records of some nodes, with zeros in the bytes between their fields.

    A plain `nodes[positions]` does not initialise those bytes. They would differ from
    run to run, and no file could compress them.
    """
    taken = np.zeros(len(positions), dtype=nodes.dtype)
    for field in nodes.dtype.names:
        taken[field] = nodes[field][positions]
    return taken


def with_tree(estimator: Estimator, tree: Any) -> Estimator:
    """A shallow copy of a fitted tree estimator that holds another `Tree`."""
    model = copy.copy(estimator)
    model.tree_ = tree
    return model


def tree_counts(trees: Sequence[Any]) -> dict[str, float]:
    """Counts of a list of `Tree`, with the keys of `Family.counts`."""
    return node_counts(
        [tree.children_left < 0 for tree in trees],
        [tree.weighted_n_node_samples for tree in trees],
        per_leaf=int(np.prod(trees[0].value.shape[1:])),
    )


def node_counts(
    leaf: Sequence[Array], weight: Sequence[Array], per_leaf: int
) -> dict[str, float]:
    """Counts of trees, with the keys of `Family.counts`.

    Parameters
    ----------
    leaf : list of ndarray of shape (n_nodes,), bool
        The leaves of each tree.
    weight : list of ndarray of shape (n_nodes,)
        The weight of the training rows that reach each node.
    per_leaf : int
        Number of values of a leaf.
    """
    nodes = sum(map(len, leaf))
    leaves = sum(int(mask.sum()) for mask in leaf)
    return {
        "nodes": nodes,
        # a feature and a threshold for each split, values for each leaf
        "parameters": 2 * (nodes - leaves) + per_leaf * leaves,
        # comparisons on the path of a training row, on average
        "operations_per_row": sum(
            float(rows[~mask].sum() / rows[0]) for mask, rows in zip(leaf, weight)
        ),
    }
