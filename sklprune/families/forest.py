"""Random forests and extra trees: whole trees as members, leaves of all trees."""

import numpy as np

from sklprune._sklearn_private import samples_can_be_drawn
from sklprune.families._base import without
from sklprune.families._members import MembersFamily
from sklprune.families._trees import cut, table, with_tree

#: written by training, read by nothing that predicts
LEFT_OVERS = (
    "oob_decision_function_",
    "oob_prediction_",
    "oob_score_",
    "_sample_weight",
)


class ForestFamily(MembersFamily):
    """Forests that average the outputs of their trees."""

    classes = ("ForestClassifier", "ForestRegressor")
    member = "tree"

    def capabilities(self, estimator):
        lost = estimator.bootstrap and not self.bags_known(estimator)
        return super().capabilities(estimator) - ({"fitted_on"} if lost else set())

    def bags_known(self, estimator):
        return samples_can_be_drawn(estimator)

    # -- trees as arrays -------------------------------------------------------------

    def trees(self, estimator):
        return [member.tree_ for member in estimator.estimators_]

    def tables(self, estimator):
        trees = self.trees(estimator)
        return [table(tree, i, 1 / len(trees)) for i, tree in enumerate(trees)]

    def bags(self, estimator):
        if not estimator.bootstrap:
            return super().bags(estimator)
        return [np.unique(rows) for rows in estimator.estimators_samples_]

    def leaves(self, estimator, X):
        X = estimator._validate_X_predict(X)
        ids = np.empty((len(estimator.estimators_), X.shape[0]), dtype=np.int32)
        for row, tree in zip(ids, self.trees(estimator)):
            row[:] = tree.apply(X)
        return ids

    def from_tables(self, estimator, ensemble, trees=None):
        trees = self.trees(estimator) if trees is None else trees
        subtrees = self.loud(self.standing(ensemble), ensemble.baseline)
        smaller = [cut(trees[each.tree], each, each.value) for each in subtrees]
        return self._with_trees(estimator, subtrees, smaller)

    def with_subtrees(self, estimator, subtrees):
        trees = self.trees(estimator)
        smaller = [cut(trees[each.tree], each) for each in subtrees]
        return self._with_trees(estimator, subtrees, smaller)

    def _with_trees(self, estimator, subtrees, trees):
        """A copy of the estimator with other trees in place of some of its own."""
        positions = [subtree.tree for subtree in subtrees]
        members = [
            with_tree(estimator.estimators_[i], tree)
            for i, tree in zip(positions, trees)
        ]
        return self.holding(estimator, members, positions)

    # -- members ---------------------------------------------------------------------

    def member_outputs(self, estimator, X):
        X = estimator._validate_X_predict(X)
        return np.stack([_flat(tree, X) for tree in estimator.estimators_], axis=1)

    def strip(self, estimator):
        return without(estimator, LEFT_OVERS)


def _flat(tree, X):
    """Outputs of one tree as (n_rows, n_outputs), float32."""
    if not hasattr(tree, "predict_proba"):
        return tree.predict(X, check_input=False).reshape(X.shape[0], -1).astype("f4")
    probabilities = tree.predict_proba(X, check_input=False)
    if isinstance(probabilities, list):
        probabilities = np.hstack(probabilities)
    return probabilities.astype(np.float32)
