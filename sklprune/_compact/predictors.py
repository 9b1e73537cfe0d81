"""Trees of histogram boosting (`TreePredictor`) as expressions over shared columns.

The gains of splits and the values of inner nodes are not stored. No prediction reads
them, and scikit-learn shows them nowhere.
"""

import copyreg
from typing import Any

import numpy as np

from sklprune._compact.columns import floats, integers, sorted_floats
from sklprune._compact.expressions import Expression, zeros
from sklprune._compact.structure import (
    Shape,
    depths,
    of_all_nodes,
    preorder_of,
    shape_of,
    sums,
)
from sklprune._compact.trees import threshold_column
from sklprune._typing import Array

#: the fields of a node, of which the last two are not stored
FIELDS = (
    "value",
    "count",
    "feature_idx",
    "num_threshold",
    "missing_go_to_left",
    "left",
    "right",
    "depth",
    "is_leaf",
    "bin_threshold",
    "is_categorical",
    "bitset_idx",
    "gain",
)
#: histogram boosting has at most so many bins for each column
N_BINS = 256
#: fields with whole numbers that only splits have
OF_SPLITS = ("missing_go_to_left", "is_categorical", "bitset_idx")


def coded_predictors(predictors: list[Any]) -> dict[int, tuple[Any, ...]]:
    """What a pickle writes for each tree: arguments of a reduction, by identity."""
    predictors = [each for each in predictors if _is_known(each.nodes)]
    if not predictors:
        return {}
    counts = np.array([len(each.nodes) for each in predictors])
    nodes = np.concatenate([each.nodes for each in predictors])
    records = _records(nodes, counts)
    all_nodes = Expression(np.split, records, np.cumsum(counts)[:-1].tolist())
    known: dict[Any, Any] = {}
    coded: dict[int, tuple[Any, ...]] = {}
    for i, predictor in enumerate(predictors):
        state = {name: _shared(value, known) for name, value in vars(predictor).items()}
        state["nodes"] = all_nodes[i]
        coded[id(predictor)] = (copyreg.__newobj__, (type(predictor),), state)  # type: ignore[attr-defined]
    return coded


def _shared(value: Any, known: dict[Any, Any]) -> Any:
    """One array for all equal arrays without rows; other values are unchanged."""
    if isinstance(value, np.ndarray) and value.size == 0:
        return known.setdefault((value.dtype.str, value.shape), value)
    return value


def _is_known(nodes: Array) -> bool:
    """Whether nodes have the known fields, and are in preorder."""
    if set(nodes.dtype.names) != set(FIELDS) or not len(nodes):
        return False
    order = preorder_of(nodes["left"], nodes["right"], np.array([len(nodes)]))
    return np.array_equal(order, np.arange(len(nodes)))


def _records(nodes: Array, counts: Array) -> Expression:
    """The records of all nodes of all trees."""
    leaf, n_nodes = nodes["is_leaf"] != 0, len(nodes)
    split = ~leaf
    shape = shape_of(leaf, counts)
    feature = integers(nodes["feature_idx"][split]).expression
    threshold, bins = _thresholds_and_bins(nodes[split], feature)
    below = shape.splits + 1
    right = shape.end[below]
    items = {
        "is_leaf": shape.leaf,
        "left": of_all_nodes(shape, n_nodes, 0, below - shape.start[shape.splits]),
        "right": of_all_nodes(shape, n_nodes, 0, right - shape.start[shape.splits]),
        "feature_idx": of_all_nodes(shape, n_nodes, 0, feature),
        "num_threshold": _of_nodes(shape, n_nodes, 0.0, threshold),
        "value": _of_nodes(
            shape, n_nodes, floats(nodes["value"][leaf]).expression, 0.0
        ),
        "count": _or_stored(_row_counts(nodes, leaf, shape), nodes["count"]),
        "depth": _or_stored(depths(shape, n_nodes), nodes["depth"]),
        "bin_threshold": of_all_nodes(shape, n_nodes, 0, bins),
    }
    for name in OF_SPLITS:
        of_splits = integers(nodes[name][split]).expression
        items[name] = _or_stored(
            of_all_nodes(shape, n_nodes, 0, of_splits), nodes[name]
        )
    return zeros(n_nodes, nodes.dtype, items.items())


def _of_nodes(shape: Shape, n_nodes: int, leaves: Any, splits: Any) -> Expression:
    items = [(shape.leaves, leaves), (shape.splits, splits)]
    return zeros(n_nodes, "f8", items)


def _or_stored(derived: Expression, values: Array) -> Expression:
    """Whole numbers that are derived if this gives the same, else stored."""
    if np.array_equal(derived.value(), values):
        return derived
    return integers(values).expression


def _row_counts(nodes: Array, leaf: Array, shape: Shape) -> Expression:
    of_leaves = integers(nodes["count"][leaf]).expression
    return of_all_nodes(shape, len(nodes), of_leaves, sums(shape, of_leaves))


def _thresholds_and_bins(splits: Array, feature: Any) -> tuple[Any, Any]:
    """The threshold of each split, and its bin.

    A bin of a column usually has one threshold. The thresholds are then a table over
    the pairs of a column and a bin that occur, in ascending order.
    """
    threshold = splits["num_threshold"]
    columns, bins = splits["feature_idx"], splits["bin_threshold"].astype(np.int64)
    bins_back = integers(bins).expression
    pairs, first, place = np.unique(
        columns * N_BINS + bins, return_index=True, return_inverse=True
    )
    table = threshold[first]
    if len(splits) and np.array_equal(table[place], threshold):
        pairs_back = feature * N_BINS + bins_back
        place_back = Expression(np.unique, pairs_back, False, True)[1]
        return sorted_floats(table).expression[place_back], bins_back
    return threshold_column(threshold, columns, feature).expression, bins_back
