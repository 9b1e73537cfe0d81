"""Random forests and extra trees: whole trees as members, leaves of all trees."""

import numpy as np

from sklprune._estimators import without
from sklprune._sklearn_private import samples_can_be_drawn
from sklprune.families._averaging_ensembles import MembersFamily

#: written by training, read by nothing that predicts
TRAINING_STATE = (
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
        lost = estimator.bootstrap and not self.bootstrap_rows_known(estimator)
        return super().capabilities(estimator) - ({"fitted_on"} if lost else set())

    def bootstrap_rows_known(self, estimator):
        return samples_can_be_drawn(estimator)

    def class_weight(self, estimator):
        of_class = super().class_weight(estimator)
        if isinstance(of_class, str) and of_class == "balanced_subsample":
            # what is balanced in each bootstrap sample is balanced over all rows here
            return "balanced"
        return of_class

    # -- trees as arrays -------------------------------------------------------------

    def sklearn_trees(self, estimator):
        return [member.tree_ for member in estimator.estimators_]

    def bootstrap_rows(self, estimator):
        if not estimator.bootstrap:
            return super().bootstrap_rows(estimator)
        return [np.unique(rows) for rows in estimator.estimators_samples_]

    def rows_of_trees(self, estimator, X):
        return estimator._validate_X_predict(X)

    # -- members ---------------------------------------------------------------------

    def member_outputs(self, estimator, X):
        X = self.rows_of_trees(estimator, X)
        return np.stack([_flat(tree, X) for tree in estimator.estimators_], axis=1)

    def strip(self, estimator):
        return without(estimator, TRAINING_STATE)


def _flat(tree, X):
    """Outputs of one tree as (n_rows, n_outputs), float32."""
    if not hasattr(tree, "predict_proba"):
        return tree.predict(X, check_input=False).reshape(X.shape[0], -1).astype("f4")
    probabilities = tree.predict_proba(X, check_input=False)
    if isinstance(probabilities, list):
        probabilities = np.hstack(probabilities)
    return probabilities.astype(np.float32)
