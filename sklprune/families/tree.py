"""Single decision trees: the leaves are the units."""

from typing import Any

import numpy as np

from sklprune._registry import register_family
from sklprune._trees.arrays import Ensemble, Subtree, TreeArrays
from sklprune._typing import Array, Estimator, MatrixLike
from sklprune.families._averaged_trees import AveragedFamily
from sklprune.families._column_links import Mask, is_all
from sklprune.families._sklearn_tree import (
    pruned_tree,
    tree_arrays_of,
    tree_on_columns,
    with_tree,
)


class TreeFamily(AveragedFamily):
    """`DecisionTree*` and `ExtraTree*`: an average over one tree."""

    classes = ("BaseDecisionTree",)
    default_method = "cost_complexity"

    def sklearn_trees(self, estimator: Estimator) -> list[Any]:
        return [estimator.tree_]

    def tree_arrays(self, estimator: Estimator) -> list[TreeArrays]:
        return [tree_arrays_of(estimator.tree_)]

    def leaf_ids(self, estimator: Estimator, X: MatrixLike) -> Array:
        return estimator.apply(X)[None].astype(np.int32)

    def from_arrays(
        self,
        estimator: Estimator,
        ensemble: Ensemble,
        trees: list[Any] | None = None,
    ) -> Estimator:
        (tree,) = self.sklearn_trees(estimator) if trees is None else trees
        (subtree,) = self.at_least_one(ensemble)
        value = self.stored_values(estimator, subtree.value + ensemble.baseline)
        smaller = pruned_tree(tree, subtree, value, short_statistics=True)
        return with_tree(self.strip(estimator), smaller)

    def with_trees(self, estimator: Estimator, trees: list[Any]) -> Estimator:
        return with_tree(self.strip(estimator), trees[0])

    def with_subtrees(self, estimator: Estimator, subtrees: list[Subtree]) -> Estimator:
        (subtree,) = subtrees
        smaller = pruned_tree(estimator.tree_, subtree)
        return with_tree(self.strip(estimator), smaller)

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        if inputs is None or is_all(inputs):
            return estimator
        return tree_on_columns(self.strip(estimator), inputs)

    def counts(self, estimator: Estimator) -> dict[str, float]:
        counts = super().counts(estimator)
        counts.pop("members")
        return counts


register_family(TreeFamily())
