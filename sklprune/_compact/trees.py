"""Trees of scikit-learn (`Tree`) as expressions over columns of all trees together.

The features, the thresholds and the numbers of rows are stored for the splits or for
the leaves. All of them are restored to the last bit, and so are the values of leaves.
The value and the impurity of a split follow from the leaves below it. They are equal to
the original ones up to rounding, or to the last bit with `exact`. No prediction reads
them.
"""

import operator
from typing import Any

import numpy as np

from sklprune._compact.columns import (
    Column,
    bits,
    direct,
    floats,
    integers,
    smallest,
    sorted_floats,
)
from sklprune._compact.expressions import Expression, zeros
from sklprune._compact.structure import (
    Shape,
    of_all_nodes,
    preorder_of,
    shape_of,
    sums,
)
from sklprune._typing import Array

#: what `Tree` stores as feature and threshold of a leaf
UNDEFINED = -2
#: the fields of a node that are derived or coded in their own way
FIELDS = (
    "left_child",
    "right_child",
    "feature",
    "threshold",
    "impurity",
    "n_node_samples",
    "weighted_n_node_samples",
    "missing_go_to_left",
)
#: smaller shares of a class have this logarithm, which is multiplied by zero
LEAST = 1e-300
#: a value that is derived may differ by this share of the largest one
ROUNDING = 1e-9


def coded_trees(trees: list[Any], exact: bool) -> dict[int, tuple[Any, ...]]:
    """What a pickle writes for each tree: arguments of a reduction, by identity."""
    groups: dict[Any, list[Any]] = {}
    for tree in trees:
        state = tree.__getstate__()
        if set(state["nodes"].dtype.names) >= set(FIELDS) and tree.node_count:
            groups.setdefault(state["values"].shape[1:], []).append(tree)
    coded: dict[int, tuple[Any, ...]] = {}
    for group in groups.values():
        coded |= _coded_group(group, exact)
    return coded


def _coded_group(trees: list[Any], exact: bool) -> dict[int, tuple[Any, ...]]:
    """Trees whose nodes have values of one shape."""
    states = [tree.__getstate__() for tree in trees]
    counts = np.array([len(state["nodes"]) for state in states])
    nodes = np.concatenate([state["nodes"] for state in states])
    values = np.concatenate([state["values"] for state in states])
    coder = TreeCoder(nodes, values, counts, exact)
    ends = np.cumsum(counts)[:-1].tolist()
    all_nodes = Expression(np.split, coder.node_records(), ends)
    all_values = Expression(np.split, coder.node_values(), ends)
    known: dict[Any, Any] = {}
    coded = {}
    for i, (tree, state) in enumerate(zip(trees, states)):
        make, (width, n_classes, n_outputs), _ = tree.__reduce__()
        # equal arrays of trees become one array
        n_classes = known.setdefault(n_classes.tobytes(), n_classes)
        parts = {"nodes": all_nodes[i], "values": all_values[i]}
        coded[id(tree)] = (make, (width, n_classes, n_outputs), state | parts)
    return coded


class TreeCoder:
    """The columns of trees as expressions.

    Parameters
    ----------
    nodes : ndarray of shape (n_nodes,)
        Records of all nodes of all trees.
    values : ndarray of shape (n_nodes, n_outputs, n_classes)
    counts : ndarray of shape (n_trees,), int
        Number of nodes of each tree.
    exact : bool
        Whether values and impurities of splits are restored to the last bit.
    """

    def __init__(self, nodes: Array, values: Array, counts: Array, exact: bool) -> None:
        self.n_nodes, self.counts, self.exact = len(nodes), counts, exact
        order = preorder_of(nodes["left_child"], nodes["right_child"], counts)
        self.start = np.repeat(np.cumsum(counts) - counts, counts)
        self.renumbered = not np.array_equal(order, np.arange(self.n_nodes))
        self.order = order
        self.nodes, self.values = nodes[order], values[order]
        self.leaf = self.nodes["left_child"] < 0
        self.shape: Shape = shape_of(self.leaf, counts)
        self.number = self._numbers()
        self.n_rows = self._n_rows()
        self.weight = self._weight()
        self.value, self.class_counts = self._value()

    # -- what trees are made of --------------------------------------------------------

    def node_records(self) -> Expression:
        """The records of all nodes."""
        shape, nodes = self.shape, self.nodes
        below = shape.splits + 1
        left, right = self.number[below], self.number[shape.end[below]]
        split = ~self.leaf
        feature = integers(nodes["feature"][split]).expression
        threshold = threshold_column(
            nodes["threshold"][split], nodes["feature"][split], feature
        )
        missing = self._missing_go_to_left()
        # a leaf may have it from a split that was not made
        at_leaf = bits(nodes["missing_go_to_left"][self.leaf] != 0).expression
        items = {
            "left_child": of_all_nodes(shape, self.n_nodes, -1, left),
            "right_child": of_all_nodes(shape, self.n_nodes, -1, right),
            "feature": of_all_nodes(shape, self.n_nodes, UNDEFINED, feature),
            "threshold": self._of_nodes(UNDEFINED, threshold.expression),
            "impurity": self._impurity(),
            "n_node_samples": self.n_rows,
            "weighted_n_node_samples": self.weight,
            "missing_go_to_left": of_all_nodes(shape, self.n_nodes, at_leaf, missing),
        }
        for name in set(nodes.dtype.names) - set(FIELDS):
            items[name] = floats(nodes[name]).expression
        return self._in_their_order(zeros(self.n_nodes, nodes.dtype, items.items()))

    def _missing_go_to_left(self) -> Expression:
        """Where missing values go at each split; to the larger child by default."""
        goes_left = self.nodes["missing_go_to_left"][~self.leaf] != 0
        below = self.shape.splits + 1
        n_rows = self.n_rows
        larger = Expression(
            np.greater, n_rows[below], n_rows[self.shape.end[below]]
        ).astype("u1")
        differs = bits(larger.value() != goes_left)
        flipped = Column(larger ^ differs.expression, differs.n_bytes)
        return smallest([flipped, bits(goes_left)]).expression

    def node_values(self) -> Expression:
        """The values of all nodes: (n_nodes, n_outputs, n_classes)."""
        return self._in_their_order(self.value.reshape(*self.values.shape))

    def _in_their_order(self, rows: Expression) -> Expression:
        """Rows in the order of the original nodes."""
        if not self.renumbered:
            return rows
        return rows[Expression(np.argsort, self.number + self.shape.start)]

    def _of_nodes(
        self, leaves: Any, splits: Any, width: tuple[int, ...] = ()
    ) -> Expression:
        """Floating-point numbers of all nodes: (n_nodes, *width)."""
        items = [(self.shape.leaves, leaves), (self.shape.splits, splits)]
        return zeros((self.n_nodes, *width), "f8", items)

    def _numbers(self) -> Expression:
        """The number of each node in its tree."""
        if not self.renumbered:
            return Expression(np.arange, self.n_nodes) - self.shape.start
        return integers(self.order - self.start).expression

    # -- rows and weights --------------------------------------------------------------

    def _n_rows(self) -> Expression:
        """The number of training rows of each node."""
        n_rows = self.nodes["n_node_samples"]
        of_leaves = integers(n_rows[self.leaf]).expression
        derived = of_all_nodes(
            self.shape, self.n_nodes, of_leaves, sums(self.shape, of_leaves)
        )
        if np.array_equal(derived.value(), n_rows):
            return derived
        return integers(n_rows).expression

    def _weight(self) -> Expression:
        """The weight of the training rows of each node."""
        weight = self.nodes["weighted_n_node_samples"]
        if np.array_equal(weight, np.round(weight)) and np.abs(weight).max() < 2**53:
            more = (weight - self.nodes["n_node_samples"]).astype(np.int64)
            column = integers(more[self.leaf]).expression
            derived = of_all_nodes(
                self.shape, self.n_nodes, column, sums(self.shape, column)
            )
            if np.array_equal(derived.value(), more):
                return (self.n_rows + derived).astype("f8")
        of_leaves = floats(weight[self.leaf]).expression
        derived = self._of_nodes(of_leaves, self._float_sums(of_leaves))
        return smallest([corrected(derived, weight), floats(weight)]).expression

    def _float_sums(self, of_leaves: Any) -> Expression:
        """For each split, the sum over the leaves below it."""
        pairs = Expression(np.column_stack, (self.shape.first, self.shape.last))
        one_row = of_leaves[:1] * 0
        padded = Expression(np.concatenate, (of_leaves, one_row))
        reduce = operator.methodcaller("reduceat", padded, pairs.reshape(-1))
        return Expression(reduce, np.add)[::2]

    def _means(self, of_leaves: Any) -> Expression:
        """For each split, the mean over the rows below it, from rows of leaves."""
        weight = self.weight[self.shape.leaves].reshape(-1, 1)
        total = self._float_sums(of_leaves * weight)
        return total / self.weight[self.shape.splits].reshape(-1, 1)

    # -- values and impurities ---------------------------------------------------------

    def _value(self) -> tuple[Expression, Expression | None]:
        """The values of all nodes, (n_nodes, n_values), and their counts of classes."""
        flat = self.values.reshape(self.n_nodes, -1)
        counts = self._counts_of_classes()
        if counts is not None:
            value = counts / self.weight.reshape(-1, 1)
            if np.array_equal(value.value(), flat):
                return value, counts
        n_values = flat.shape[1]
        leaves = floats(flat[self.leaf].T.ravel()).expression
        leaves = leaves.reshape(n_values, -1).method("transpose")
        splits = self._derived_or_stored(
            self._means(leaves).method("transpose").reshape(-1),
            flat[~self.leaf].T.ravel(),
        )
        splits = splits.reshape(n_values, -1).method("transpose")
        return self._of_nodes(leaves, splits, (n_values,)), None

    def _counts_of_classes(self) -> Expression | None:
        """Weights of the classes, (n_nodes, n_classes), if they are whole numbers."""
        if self.values.shape[1] > 1 or self.values.shape[2] == 1:
            return None
        weight = self.nodes["weighted_n_node_samples"]
        counts = np.round(self.values[:, 0] * weight[:, None])
        counts = counts[self.leaf]
        if not np.array_equal(counts.sum(axis=1), weight[self.leaf]):
            return None
        largest = counts.argmax(axis=1)
        impure = np.flatnonzero(counts.max(axis=1) < weight[self.leaf])
        n_classes = counts.shape[1]
        mixed = integers(counts[impure].T.ravel()).expression
        mixed = mixed.reshape(n_classes, -1).method("transpose")
        in_leaves = self.weight[self.shape.leaves].astype("i8")
        which = Expression(np.flatnonzero, bits(_mask(impure, len(counts))).expression)
        place = Expression(np.arange, len(counts))
        items = [((place, integers(largest).expression), in_leaves), (which, mixed)]
        leaves = zeros((len(counts), n_classes), "i8", items)
        total = Expression(np.cumsum, leaves, 0)
        total = Expression(np.concatenate, (leaves[:1] * 0, total))
        splits = total[self.shape.last] - total[self.shape.first]
        rows = [(self.shape.leaves, leaves), (self.shape.splits, splits)]
        return zeros((self.n_nodes, n_classes), "i8", rows)

    def _impurity(self) -> Expression:
        """The impurity of each node."""
        impurity = self.nodes["impurity"]
        n_outputs, n_classes = self.values.shape[1:]
        if n_classes > 1:
            candidates = [self._gini(n_outputs), self._entropy(n_outputs)]
        else:
            candidates = [self._variance(self._impurity_of_leaves(), n_outputs)]
        for derived in candidates:
            if self._is_close(derived, impurity):
                return (
                    corrected(derived, impurity).expression if self.exact else derived
                )
        return floats(impurity).expression

    def _impurity_of_leaves(self) -> Expression:
        """The impurity of each leaf of a regression tree."""
        impurity = self.nodes["impurity"]
        # of a single row it is the rounding error of the variance
        weight = self.weight[self.shape.leaves]
        value = self.value[self.shape.leaves, 0]
        derived = weight * value * value / weight - value * value
        error = np.abs(derived.value() - impurity[self.leaf])
        if not self.exact and (error <= ROUNDING * impurity.max()).all():
            return derived
        stored = floats(impurity[self.leaf])
        return smallest([corrected(derived, impurity[self.leaf]), stored]).expression

    def _gini(self, n_outputs: int) -> Expression:
        if self.class_counts is None:
            return 1.0 - (self.value * self.value).method("sum", 1) / n_outputs
        squares = (self.class_counts * self.class_counts).method("sum", 1)
        return 1.0 - squares / (self.weight * self.weight)

    def _entropy(self, n_outputs: int) -> Expression:
        log = Expression(np.log2, Expression(np.maximum, self.value, LEAST))
        return 0.0 - (self.value * log).method("sum", 1) / n_outputs

    def _variance(self, leaves: Any, n_outputs: int) -> Expression:
        """The variance of all nodes from that within the leaves and of their values."""
        squares = (self.value * self.value).method("sum", 1) / n_outputs
        in_leaves = (leaves + squares[self.shape.leaves]).reshape(-1, 1)
        splits = self._means(in_leaves).reshape(-1) - squares[self.shape.splits]
        return self._of_nodes(leaves, Expression(np.maximum, splits, 0.0))

    def _derived_or_stored(self, derived: Expression, values: Array) -> Expression:
        """Numbers that are derived if they are close enough, else stored."""
        if not self.exact and self._is_close(derived, values):
            return derived
        return smallest([corrected(derived, values), floats(values)]).expression

    def _corrected_if_exact(self, derived: Expression, values: Array) -> Expression:
        return corrected(derived, values).expression if self.exact else derived

    def _is_close(self, derived: Expression, values: Array) -> bool:
        if not len(values):
            return True
        with np.errstate(all="ignore"):
            error = np.abs(derived.value() - values).max()
        return bool(error <= ROUNDING * np.abs(values).max())


def corrected(derived: Expression, values: Array) -> Column:
    """Floats that are nearly known, by their distances in units of the last place."""
    with np.errstate(all="ignore"):
        near = np.ascontiguousarray(derived.value(), dtype=np.float64)
    distance = values.view(np.int64) - near.view(np.int64)
    column = integers(distance)
    back = derived.astype("f8").method("view", "i8") + column.expression
    return Column(back.method("view", "f8"), column.n_bytes)


def threshold_column(threshold: Array, feature: Array, feature_back: Any) -> Column:
    """Thresholds of splits, for which the columns of the splits are known.

    Parameters
    ----------
    threshold, feature : ndarray of shape (n_splits,)
    feature_back : Expression
        Gives `feature` at loading.
    """
    if not len(threshold):
        return direct(threshold)
    order = np.argsort(feature, kind="stable")
    order_back = Expression(np.argsort, feature_back, -1, "stable")
    place_back = Expression(np.argsort, order_back)
    grouped = direct(threshold[order])
    candidates = [Column(grouped.expression[place_back], grouped.n_bytes)]
    # a table of the distinct thresholds of each column, and positions in it
    n_columns = int(feature.max()) + 1
    tables = [np.unique(threshold[feature == j]) for j in range(n_columns)]
    sizes = np.array([len(table) for table in tables])
    position = np.empty(len(threshold), dtype=np.int64)
    for j in np.flatnonzero(sizes):
        of_column = feature == j
        position[of_column] = np.searchsorted(tables[j], threshold[of_column])
    table, size = sorted_floats(np.concatenate(tables)), integers(sizes)
    offset_back = Expression(np.cumsum, size.expression) - size.expression
    for which, back in ((position, None), (position[order], place_back)):
        column = integers(which)
        place = column.expression if back is None else column.expression[back]
        found = table.expression[place + offset_back[feature_back]]
        n_bytes = table.n_bytes + size.n_bytes + column.n_bytes
        candidates.append(Column(found, n_bytes))
    return smallest(candidates)


def _mask(positions: Array, n: int) -> Array:
    mask = np.zeros(n, dtype=bool)
    mask[positions] = True
    return mask
