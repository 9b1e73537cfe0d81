"""The capability "tree_numbers" of the families whose models are trees."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sklprune._trees.arrays import truncated
from sklprune._trees.quantized import Numbers, means_below
from sklprune._typing import Array, Estimator
from sklprune.families._sklearn_tree import take_nodes, tree_of_nodes

#: significant bits of an impurity that does not follow from the values
IMPURITY_BITS = 6
#: an impurity of a leaf below this share of the largest one is a rounding error
ROUNDING = 1e-12


class TreeNumbers:
    """The capability for families of trees.

    A family whose trees are no `Tree` objects of scikit-learn overrides the first two
    methods. The others write `with_trees`.
    """

    def tree_numbers(self, estimator: Estimator) -> list[Numbers]:
        """The numbers of each tree, as scikit-learn stores them."""
        family: Any = self
        return [
            Numbers(
                splits,
                tree.threshold,
                tree.value.reshape(tree.node_count, -1),
                tree.weighted_n_node_samples,
            )
            for splits, tree in zip(
                family.splits(estimator), family.sklearn_trees(estimator)
            )
        ]

    def with_numbers(
        self, estimator: Estimator, numbers: Sequence[Numbers]
    ) -> Estimator:
        """A stripped copy with other thresholds and values.

        Impurities are computed from the values where they follow from them. No
        prediction reads them.
        """
        family: Any = self
        criterion = self.criterion(estimator)
        trees = [
            _tree_with(tree, each, criterion, family.n_outputs(estimator))
            for tree, each in zip(family.sklearn_trees(estimator), numbers)
        ]
        return self.with_trees(estimator, trees)

    def criterion(self, estimator: Estimator) -> str:
        """The measure of the impurities of nodes; "" if it is not one of the values."""
        family: Any = self
        if family.output_kind(estimator) == "scores":
            return ""
        known = getattr(estimator, "criterion", None)
        if known is None:
            known = getattr(estimator.estimators_[0], "criterion", "")
        return str(known)

    def with_trees(self, estimator: Estimator, trees: list[Any]) -> Estimator:
        """A stripped copy that holds other trees of the same shapes."""
        raise NotImplementedError


def _tree_with(tree: Any, numbers: Numbers, criterion: str, n_outputs: int) -> Any:
    """A `Tree` with other thresholds and values."""
    state = tree.__getstate__()
    nodes = take_nodes(state["nodes"], np.arange(tree.node_count))
    nodes["threshold"] = numbers.threshold
    old = state["values"].reshape(numbers.value.shape)
    if not np.array_equal(old, numbers.value):
        nodes["impurity"] = _impurity(nodes["impurity"], numbers, criterion, n_outputs)
    return tree_of_nodes(tree, nodes, numbers.value)


def _impurity(
    impurity: Array, numbers: Numbers, criterion: str, n_outputs: int
) -> Array:
    """Impurities of nodes for other values; those of few bits where they are kept."""
    value = numbers.value
    squares = (value**2).sum(axis=1) / n_outputs
    if criterion == "gini":
        return 1.0 - squares
    if criterion in ("entropy", "log_loss"):
        log = np.log2(np.where(value > 0, value, 1.0))
        return 0.0 - (value * log).sum(axis=1) / n_outputs
    short = truncated(impurity, IMPURITY_BITS)
    if criterion not in ("squared_error", "friedman_mse"):
        return short
    # the variance of all rows follows from that of the leaves and their values
    leaves = np.where(impurity > ROUNDING * impurity.max(), short, 0.0)
    means = means_below(numbers, (leaves + squares)[:, None])[:, 0]
    return np.where(numbers.leaf, leaves, np.maximum(means - squares, 0.0))
