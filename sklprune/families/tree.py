"""Single decision trees."""

import numpy as np

from sklprune.families._averaged_trees import AveragedFamily
from sklprune.families._trees import (
    cut,
    table,
    with_tree,
)


class TreeFamily(AveragedFamily):
    """`DecisionTree*` and `ExtraTree*`: a sum of one tree."""

    classes = ("BaseDecisionTree",)
    default_method = "cost_complexity"

    def sklearn_trees(self, estimator):
        return [estimator.tree_]

    def tree_arrays(self, estimator):
        return [table(estimator.tree_)]

    def leaf_ids(self, estimator, X):
        return estimator.apply(X)[None].astype(np.int32)

    def from_arrays(self, estimator, ensemble, trees=None):
        (tree,) = self.sklearn_trees(estimator) if trees is None else trees
        (subtree,) = self.at_least_one(ensemble)
        smaller = cut(tree, subtree, subtree.value + ensemble.baseline)
        return with_tree(self.strip(estimator), smaller)

    def with_subtrees(self, estimator, subtrees):
        (subtree,) = subtrees
        return with_tree(self.strip(estimator), cut(estimator.tree_, subtree))

    def counts(self, estimator):
        counts = super().counts(estimator)
        counts.pop("members")
        return counts
