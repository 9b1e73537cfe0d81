"""Random forests and extra trees: whole trees as members, leaves of all trees."""

import numpy as np

from sklprune._sklearn_private import samples_can_be_drawn
from sklprune._units import Units
from sklprune.families._averaged_trees import AveragedFamily, one_hot
from sklprune.families._base import without
from sklprune.families._trees import (
    cut,
    table,
    with_tree,
)

#: written by training, read by nothing that predicts
LEFT_OVERS = (
    "oob_decision_function_",
    "oob_prediction_",
    "oob_score_",
    "_sample_weight",
)


class ForestFamily(AveragedFamily):
    """Forests that average the outputs of their trees."""

    classes = ("ForestClassifier", "ForestRegressor")
    granularities = ("leaf", "member")
    default_method = "backfitting"

    def own_units(self, estimator, granularity):
        if granularity == "leaf":
            return super().own_units(estimator, granularity)
        return Units("member", len(estimator.estimators_))

    def own_names(self, units):
        if units.granularity == "leaf":
            return super().own_names(units)
        return np.array([f"tree {i}" for i in range(units.count)])

    def own_remove(self, estimator, units, keep):
        if units.granularity == "leaf":
            return super().own_remove(estimator, units, keep)
        members = [estimator.estimators_[i] for i in np.flatnonzero(keep)]
        return self._holding(estimator, members)

    def _holding(self, estimator, members):
        model = self.strip(estimator)
        model.estimators_ = members
        model.n_estimators = len(members)
        return model

    def capabilities(self, estimator):
        own = {"member_outputs", "member_targets"}
        known = samples_can_be_drawn(estimator)
        own |= {"out_of_bag"} if known else set()
        own |= {"recast"} if _boosting_holds(estimator) else set()
        lost = {"fitted_on"} if estimator.bootstrap and not known else set()
        return (super().capabilities(estimator) | own) - lost

    # -- trees as arrays -------------------------------------------------------------

    def trees(self, estimator):
        return [member.tree_ for member in estimator.estimators_]

    def tables(self, estimator):
        trees = self.trees(estimator)
        return [table(tree, i, 1 / len(trees)) for i, tree in enumerate(trees)]

    def n_fitted(self, estimator):
        # a bootstrap sample holds two thirds of the rows
        return estimator._n_samples

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
        subtrees = self.standing(ensemble)
        # an average of n trees is the sum of what they say, each n times as loud
        n_trees = len(subtrees)
        return self._holding(
            estimator,
            [
                with_tree(
                    estimator.estimators_[subtree.tree],
                    cut(
                        trees[subtree.tree],
                        subtree,
                        n_trees * subtree.value + ensemble.baseline,
                    ),
                )
                for subtree in subtrees
            ],
        )

    def with_subtrees(self, estimator, subtrees):
        members = [estimator.estimators_[subtree.tree] for subtree in subtrees]
        smaller = [
            with_tree(member, cut(member.tree_, subtree))
            for member, subtree in zip(members, subtrees)
        ]
        return self._holding(estimator, smaller)

    # -- members ---------------------------------------------------------------------

    def member_outputs(self, estimator, X):
        """What each tree says: (n_rows, n_members, n_outputs), float32.

        Probabilities of all classes of a classifier, values of a regressor. Of
        several outputs all are laid side by side.
        """
        X = estimator._validate_X_predict(X)
        return np.stack([_flat(tree, X) for tree in estimator.estimators_], axis=1)

    def member_targets(self, estimator, y):
        """What each tree ought to say: (n_rows, n_outputs), float32."""
        return one_hot(estimator, y, padded=False).astype(np.float32)

    def out_of_bag(self, estimator):
        """Which rows of its training data each tree has not seen, bool.

        Only for a forest that was fitted on bootstrap samples; rows are in the
        order in which they were given to `fit`. (n_rows, n_members)
        """
        samples = estimator.estimators_samples_
        unseen = np.ones((estimator._n_samples, len(samples)), dtype=bool)
        for member, rows in enumerate(samples):
            unseen[rows, member] = False
        return unseen

    def strip(self, estimator):
        return without(estimator, LEFT_OVERS)


def _boosting_holds(estimator):
    """Whether boosting can hold a forest: one output, of two classes or more."""
    classes = getattr(estimator, "classes_", (0, 1))
    return getattr(estimator, "n_outputs_", 1) == 1 and len(classes) > 1


def _flat(tree, X):
    """Outputs of one tree as (n_rows, n_outputs), float32."""
    if not hasattr(tree, "predict_proba"):
        return tree.predict(X, check_input=False).reshape(X.shape[0], -1).astype("f4")
    probabilities = tree.predict_proba(X, check_input=False)
    if isinstance(probabilities, list):
        probabilities = np.hstack(probabilities)
    return probabilities.astype(np.float32)
