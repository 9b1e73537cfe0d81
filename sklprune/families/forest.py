"""Random forests and extra trees: whole trees as members."""

import numpy as np

from sklprune._units import Units
from sklprune.families._base import Family, without

#: written by training, read by nothing that predicts
LEFT_OVERS = (
    "oob_decision_function_",
    "oob_prediction_",
    "oob_score_",
    "_sample_weight",
)


class ForestFamily(Family):
    """Forests that average the outputs of their trees."""

    classes = ("ForestClassifier", "ForestRegressor")
    granularities = ("member",)
    default_method = "member_selection"

    def own_units(self, estimator, granularity):
        return Units("member", len(estimator.estimators_))

    def own_names(self, units):
        return np.array([f"tree {i}" for i in range(units.count)])

    def own_remove(self, estimator, units, keep):
        model = self.strip(estimator)
        model.estimators_ = [estimator.estimators_[i] for i in np.flatnonzero(keep)]
        model.n_estimators = len(model.estimators_)
        return model

    def capabilities(self, estimator):
        own = {"member_outputs", "member_targets"}
        return frozenset(own | ({"out_of_bag"} if estimator.bootstrap else set()))

    def member_outputs(self, estimator, X):
        """What each tree says: (n_rows, n_members, n_outputs), float32.

        Probabilities of all classes of a classifier, values of a regressor. Of
        several outputs all are laid side by side.
        """
        X = estimator._validate_X_predict(X)
        return np.stack([_flat(tree, X) for tree in estimator.estimators_], axis=1)

    def member_targets(self, estimator, y):
        """What each tree ought to say: (n_rows, n_outputs), float32."""
        y = np.asarray(y).reshape(len(y), -1)
        if not hasattr(estimator, "classes_"):
            return y.astype(np.float32)
        classes = estimator.classes_ if y.shape[1] > 1 else [estimator.classes_]
        hot = [column[:, None] == known for column, known in zip(y.T, classes)]
        return np.hstack(hot).astype(np.float32)

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

    def counts(self, estimator):
        trees = [tree.tree_ for tree in estimator.estimators_]
        nodes = sum(tree.node_count for tree in trees)
        leaves = sum(tree.n_leaves for tree in trees)
        per_leaf = int(np.prod(trees[0].value.shape[1:]))
        return super().counts(estimator) | {
            "members": len(trees),
            "nodes": nodes,
            # a feature and a threshold for each split, values for each leaf
            "parameters": 2 * (nodes - leaves) + per_leaf * leaves,
            "operations_per_row": sum(_mean_depth(tree) for tree in trees),
        }

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


def _mean_depth(tree):
    """Comparisons that a training row meets on its way down, on average."""
    inner = tree.children_left >= 0
    return float(tree.weighted_n_node_samples[inner].sum()) / float(
        tree.weighted_n_node_samples[0]
    )
