"""Cost complexity against scikit-learn, which fits every tree again for each alpha."""

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklprune import prune

SETS = {
    "gini": (DecisionTreeClassifier(random_state=0), load_breast_cancer),
    "entropy": (
        DecisionTreeClassifier(criterion="entropy", random_state=0),
        load_breast_cancer,
    ),
    "squared error": (
        DecisionTreeRegressor(max_leaf_nodes=60, random_state=0),
        load_diabetes,
    ),
}


@pytest.mark.parametrize("name", SETS)
def test_every_tree_of_scikit_learns_path_is_on_ours(name):
    tree, load = SETS[name]
    X, y = load(return_X_y=True)
    fitted = tree.fit(X, y)
    n_leaves = fitted.get_n_leaves()
    alphas = fitted.cost_complexity_pruning_path(X, y).ccp_alphas
    for alpha in alphas[1::3]:
        again = type(tree)(**tree.get_params() | {"ccp_alpha": alpha}).fit(X, y)
        ratio = 1 - again.get_n_leaves() / n_leaves
        ours = prune(fitted, X, y, method="cost_complexity", pruning_ratio=ratio)
        assert ours.estimator_.get_n_leaves() == again.get_n_leaves()
        np.testing.assert_array_equal(ours.predict(X), again.predict(X))


def test_statistics_of_nodes_are_kept_and_memory_is_released():
    X, y = load_breast_cancer(return_X_y=True)
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    small = prune(tree, X, y, method="cost_complexity", pruning_ratio=0.6).estimator_
    assert small.tree_.node_count == 2 * small.get_n_leaves() - 1
    assert small.tree_.n_node_samples[0] == len(X)
    assert small.get_depth() == small.tree_.max_depth <= tree.get_depth()
    assert small.feature_importances_.sum() == pytest.approx(1)
    # the arrays of scikit-learn are views of the memory that it allocates
    assert small.tree_.value.base is not tree.tree_.value.base
    assert small.tree_.__getstate__()["nodes"].shape == (small.tree_.node_count,)


def test_the_trees_of_an_ensemble_are_compared_with_each_other():
    X, y = load_breast_cancer(return_X_y=True)
    forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    before = [tree.get_n_leaves() for tree in forest.estimators_]
    small = prune(forest, X, y, method="cost_complexity", pruning_ratio=0.5)
    after = [tree.get_n_leaves() for tree in small.estimator_.estimators_]
    # the next collapse would remove more than one leaf, and too many
    half = sum(before) // 2
    assert half - 2 <= sum(before) - sum(after) <= half
    assert len(set(np.divide(after, before).round(2))) > 1


def test_only_roots_remain_at_the_end():
    X, y = load_diabetes(return_X_y=True)
    boosting = GradientBoostingRegressor(n_estimators=5, max_depth=2).fit(X, y)
    with pytest.warns(UserWarning, match="predicts the same for all rows"):
        small = prune(boosting, X, y, method="cost_complexity", pruning_ratio=0.99)
    leaves = [tree.get_n_leaves() for tree in small.estimator_.estimators_.ravel()]
    assert leaves == [1] * 5
    assert np.ptp(small.predict(X)) < 1e-8 * np.abs(y).max()


@pytest.mark.parametrize(
    "boosting",
    [
        GradientBoostingClassifier(n_estimators=1),
        GradientBoostingRegressor(n_estimators=1, max_depth=5),
        HistGradientBoostingClassifier(max_iter=1),
        HistGradientBoostingRegressor(max_iter=1),
        HistGradientBoostingRegressor(loss="absolute_error", max_iter=1),
    ],
    ids=lambda model: f"{type(model).__name__}, {model.loss}",
)
def test_a_collapsed_node_of_boosting_predicts_the_mean_of_its_leaves(boosting):
    load = load_breast_cancer if is_classifier(boosting) else load_diabetes
    X, y = load(return_X_y=True)
    model = boosting.fit(X, y)
    name = "decision_function" if is_classifier(boosting) else "predict"
    small = prune(model, X, y, method="cost_complexity", pruning_ratio=0.6)
    before, after = getattr(model, name)(X), getattr(small, name)(X)
    assert len(np.unique(after)) < len(np.unique(before))
    for value in np.unique(after):
        # the same sums in another order
        assert before[after == value].mean() == pytest.approx(value, rel=1e-9)
