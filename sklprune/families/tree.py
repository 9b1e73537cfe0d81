"""Single decision trees."""

import numpy as np
from sklearn.base import is_classifier

from sklprune.families._base import without
from sklprune.families._trees import (
    ONLY_THE_ROOT,
    TreesFamily,
    cut,
    one_hot,
    table,
    tree_counts,
    with_tree,
)


class TreeFamily(TreesFamily):
    """`DecisionTree*` and `ExtraTree*`: a sum of one tree."""

    classes = ("BaseDecisionTree",)
    default_method = "cost_complexity"

    def trees(self, estimator):
        return [estimator.tree_]

    def tables(self, estimator):
        return [table(estimator.tree_)]

    def leaves(self, estimator, X):
        return estimator.apply(X)[None].astype(np.int32)

    def offset(self, estimator, X):
        return np.zeros((X.shape[0], estimator.tree_.value[0].size))

    def says(self, estimator):
        return "distributions" if is_classifier(estimator) else "values"

    def n_distributions(self, estimator):
        return estimator.n_outputs_

    def targets(self, estimator, y):
        return one_hot(estimator, y)

    def from_tables(self, estimator, ensemble, trees=None):
        (tree,) = self.trees(estimator) if trees is None else trees
        (subtree,) = ensemble.subtrees or [
            ONLY_THE_ROOT._replace(value=np.zeros((1, len(ensemble.baseline))))
        ]
        smaller = cut(tree, subtree, subtree.value + ensemble.baseline)
        return with_tree(self.strip(estimator), smaller)

    def with_subtrees(self, estimator, subtrees):
        (subtree,) = subtrees
        return with_tree(self.strip(estimator), cut(estimator.tree_, subtree))

    def counts(self, estimator):
        return super().counts(estimator) | tree_counts([estimator.tree_])

    def strip(self, estimator):
        return without(estimator, ())
