"""Random forests and extra trees: units are whole trees, or the leaves of all trees."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sklprune._estimators import without
from sklprune._progress import tracked
from sklprune._registry import register_family
from sklprune._sklearn_private import FOREST_SAMPLES_BY_WEIGHT
from sklprune._typing import Array, Estimator, MatrixLike
from sklprune.families._averaging_ensembles import MembersFamily
from sklprune.families._column_links import Mask, is_all, with_inputs
from sklprune.families._sklearn_tree import tree_on_columns
from sklprune.families._training_state import with_own_state

#: attributes that training writes and no prediction reads
TRAINING_STATE = (
    "oob_decision_function_",
    "oob_prediction_",
    "oob_score_",
    "_sample_weight",
)


class ForestFamily(MembersFamily):
    """`RandomForest*` and `ExtraTrees*`: averages of trees."""

    classes = ("ForestClassifier", "ForestRegressor")
    member = "tree"

    def capabilities(self, estimator: Estimator) -> frozenset[str]:
        lost = estimator.bootstrap and not self.has_out_of_bag_rows(estimator)
        return super().capabilities(estimator) - ({"fitted_on"} if lost else set())

    def has_out_of_bag_rows(self, estimator: Estimator) -> bool:
        # bootstrap samples are drawn again from the seeds of the trees, and in some
        # releases from the weights, which a stripped forest no longer has
        known = not FOREST_SAMPLES_BY_WEIGHT or hasattr(estimator, "_sample_weight")
        return estimator.bootstrap and known

    def draws_with_equal_weights(self, estimator: Estimator) -> bool:
        if not estimator.bootstrap or estimator.class_weight is not None:
            return False
        if FOREST_SAMPLES_BY_WEIGHT:
            # the weights decide how often a row is drawn
            return getattr(estimator, "_sample_weight", 1) is None
        n_drawn = getattr(estimator, "_n_samples_bootstrap", None)
        trees = self.sklearn_trees(estimator)
        return all(tree.weighted_n_node_samples[0] == n_drawn for tree in trees)

    # -- trees as arrays ---------------------------------------------------------------

    def sklearn_trees(self, estimator: Estimator) -> list[Any]:
        return [member.tree_ for member in estimator.estimators_]

    def bootstrap_rows(self, estimator: Estimator) -> Sequence[Any]:
        if not estimator.bootstrap:
            return super().bootstrap_rows(estimator)
        return [np.unique(rows) for rows in estimator.estimators_samples_]

    def checked_rows(self, estimator: Estimator, X: MatrixLike) -> MatrixLike:
        return estimator._validate_X_predict(X)

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        if inputs is None or is_all(inputs):
            return estimator
        model = with_inputs(self.strip(estimator), inputs)
        model.estimators_ = [tree_on_columns(e, inputs) for e in estimator.estimators_]
        return model

    # -- members -----------------------------------------------------------------------

    def member_outputs(self, estimator: Estimator, X: MatrixLike) -> Array:
        X = self.checked_rows(estimator, X)
        trees = tracked(estimator.estimators_, "trees")
        return np.stack([_outputs(tree, X) for tree in trees], axis=1)

    def strip(self, estimator: Estimator) -> Estimator:
        return with_own_state(without(estimator, TRAINING_STATE))


def _outputs(tree: Estimator, X: MatrixLike) -> Array:
    """Outputs of one tree: (n_rows, n_values), float32."""
    if not hasattr(tree, "predict_proba"):
        return tree.predict(X, check_input=False).reshape(X.shape[0], -1).astype("f4")
    proba = tree.predict_proba(X, check_input=False)
    if isinstance(proba, list):
        proba = np.hstack(proba)
    return proba.astype(np.float32)


register_family(ForestFamily())
