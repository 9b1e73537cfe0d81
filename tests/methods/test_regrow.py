"""Regrow: the result is small and plain, and nearly as good as the forest."""

import numpy as np
import pytest
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_iris,
    make_classification,
)
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.inspection import partial_dependence
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from sklprune import PrunedEstimator, prune
from sklprune.methods import Regrow

CANCER = train_test_split(*load_breast_cancer(return_X_y=True), random_state=0)
DIABETES = train_test_split(*load_diabetes(return_X_y=True), random_state=0)


def leaves_of(boosting):
    return sum(tree.get_n_leaves() for tree in boosting.estimators_.ravel())


@pytest.mark.slow
def test_a_small_boosting_model_is_as_good_as_a_large_forest():
    lost = []
    for seed in range(4):
        X, X_test, y, y_test = train_test_split(
            *load_breast_cancer(return_X_y=True), random_state=seed
        )
        forest = RandomForestClassifier(100, random_state=0).fit(X, y)
        small = prune(forest, X, y, method="regrow", pruning_ratio=0.98, random_state=0)
        model = small.estimator_
        assert isinstance(model, GradientBoostingClassifier)
        n_leaves = sum(tree.get_n_leaves() for tree in forest.estimators_)
        assert leaves_of(model) < 0.05 * n_leaves
        # the base rate alone has 0.66
        assert log_loss(y_test, model.predict_proba(X_test)) < 0.25
        lost.append(forest.score(X_test, y_test) - model.score(X_test, y_test))
    # of 143 test rows three; one split alone gives or takes as many
    assert np.mean(lost) < 0.021


@pytest.mark.parametrize("seed", [0, 1])
def test_rare_classes_do_not_end_the_path(seed):
    # with a weak penalty, many steps of new trees are too long and are shortened
    X, y = make_classification(
        500, 10, n_informative=4, weights=[0.95], flip_y=0.02, random_state=seed
    )
    forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    method = Regrow(rho=1.0, max_trees=40)
    small = prune(forest, X, y, method=method, pruning_ratio=0.6, random_state=0)
    assert small.pruning_ratio_ < 0.7


def test_ever_smaller_models_are_on_the_path():
    X, X_test, y, y_test = DIABETES
    forest = RandomForestRegressor(30, random_state=0).fit(X, y)
    ratios, few = [0.95, 0.99, 0.995], np.arange(len(y_test)) < 40
    pruned = prune(
        forest,
        np.vstack([X, X_test[few]]),
        np.hstack([y, y_test[few]]),
        method=Regrow(max_trees=50),
        cv=[(np.arange(len(y)), len(y) + np.arange(40))],
        pruning_ratio=ratios,
        store_path=True,
    )
    models = [pruned.path_.at(ratio) for ratio in ratios]
    assert all(isinstance(model, GradientBoostingRegressor) for model in models)
    sizes = [leaves_of(model) for model in models]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > sizes[-1]
    rest = X_test[~few], y_test[~few]
    assert models[0].score(*rest) > forest.score(*rest) - 0.05


def test_several_classes():
    X, y = load_iris(return_X_y=True)
    names = np.array(["ant", "bee", "cat"])[y]
    forest = RandomForestClassifier(50, random_state=0).fit(X, names)
    small = prune(forest, X, names, method="regrow", pruning_ratio=0.9).estimator_
    assert small.classes_.tolist() == ["ant", "bee", "cat"]
    assert small.estimators_.shape[1] == 3
    # training rows: five rows of iris are among those of another class
    assert small.score(X, names) > 0.95


def test_missing_values():
    X, X_test, y, y_test = DIABETES
    X = np.where(np.random.RandomState(0).uniform(size=X.shape) < 0.1, np.nan, X)
    forest = RandomForestRegressor(30, random_state=0).fit(X, y)
    method = Regrow(rho=40, max_trees=40)
    settings = {"method": method, "pruning_ratio": 0.99, "random_state": 0}
    small = prune(forest, X, y, **settings).estimator_
    assert isinstance(small, HistGradientBoostingRegressor)
    assert small.score(X_test, y_test) > forest.score(X_test, y_test) - 0.1
    assert np.isfinite(small.predict(X)).all()


def test_the_class_of_the_result_can_be_named():
    X, X_test, y, _ = CANCER
    forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    small, auto = (
        prune(
            forest,
            X,
            y,
            method=Regrow(rho=40, container=name),
            pruning_ratio=0.97,
            random_state=0,
        )
        for name in ("hist_gradient_boosting", "auto")
    )
    assert isinstance(small.estimator_, HistGradientBoostingClassifier)
    assert isinstance(auto.estimator_, GradientBoostingClassifier)
    # the same splits and values, added up in the same order
    np.testing.assert_allclose(
        small.predict_proba(X_test), auto.predict_proba(X_test), rtol=1e-12
    )


# init="zero" is a constant, although scikit-learn does not treat it as one
@pytest.mark.filterwarnings("ignore:Using recursion method with a non-constant init")
def test_statistics_of_nodes_remain_consistent():
    X, _, y, _ = DIABETES
    forest = RandomForestRegressor(20, random_state=0).fit(X, y)
    small = prune(forest, X, y, method=Regrow(rho=40, max_trees=60), pruning_ratio=0.98)
    small = small.estimator_
    for member in small.estimators_.ravel():
        tree = member.tree_
        weight = tree.weighted_n_node_samples
        split = tree.children_left >= 0
        below = weight[tree.children_left[split]] + weight[tree.children_right[split]]
        # statistics are rounded to float32
        np.testing.assert_allclose(below, weight[split], rtol=3e-7)
        assert (weight == weight.astype(np.float32)).all()
    assert small.feature_importances_.sum() == pytest.approx(1)
    column = 2
    recursion = partial_dependence(small, X, [column], method="recursion")
    brute = partial_dependence(small, X, [column], method="brute")
    # one uses the weights of nodes in training, the other predicts these rows
    recursion, brute = recursion["average"][0], brute["average"][0]
    assert np.corrcoef(recursion, brute)[0, 1] > 0.95


def test_a_weight_of_zero_is_a_row_removed():
    X, _, y, _ = DIABETES
    forest = RandomForestRegressor(10, random_state=0).fit(X, y)
    weight = np.ones(len(y))
    weight[::4] = 0
    some = weight > 0
    # rows of weight zero still count for min_samples_leaf
    method = Regrow(4, rho=40, min_samples_leaf=1)
    kept = {"method": method, "pruning_ratio": 0.97, "random_state": 0}
    weighted = prune(forest, X, y, sample_weight=weight, **kept)
    fewer = prune(forest, X[some], y[some], **kept)
    np.testing.assert_allclose(
        weighted.predict(X[some]), fewer.predict(X[some]), rtol=0.05
    )


def test_min_samples_leaf_is_a_hundredth_of_the_rows():
    X, y = make_classification(1600, 6, n_informative=4, random_state=0)
    forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    for n_rows, least in ((400, 5), (1600, 16)):
        # with rho="auto", fewer rows are also used to choose it
        own = {"teacher": "labels", "max_trees": 10, "rho": 40.0}
        settings = {"pruning_ratio": 0.97, "random_state": 0}
        rows = X[:n_rows], y[:n_rows]
        auto = prune(forest, *rows, method=Regrow(**own), **settings)
        method = Regrow(**own, min_samples_leaf=least)
        named = prune(forest, *rows, method=method, **settings)
        np.testing.assert_array_equal(
            auto.decision_function(X), named.decision_function(X)
        )


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (Regrow(1), "max_leaf_nodes=1.*2 or more"),
        (Regrow(min_samples_leaf=0.5), "min_samples_leaf=0.5.*whole number"),
        (
            Regrow(min_samples_leaf="few"),
            "min_samples_leaf='few'.*1 or more, or 'auto'",
        ),
        (Regrow(max_trees=0), "max_trees=0"),
        (Regrow(container="same"), "container='same'.*must be 'auto', 'grad"),
        (Regrow(rho=-1), "rho=-1.*above zero, or 'auto'"),
    ],
)
def test_bad_parameters(method, message):
    X, _, y, _ = CANCER
    with pytest.raises(ValueError, match=message):
        PrunedEstimator(RandomForestClassifier(3), method=method).fit(X, y)


def test_only_forests_are_regrown():
    X, _, y, _ = CANCER
    model = GradientBoostingClassifier(n_estimators=3)
    with pytest.raises(
        ValueError, match="does not offer empty_boosting.*'backfitting'"
    ):
        PrunedEstimator(model, method="regrow").fit(X, y)


def test_large_models_of_few_rows_follow_the_forest():
    # one that is fitted to labels alone would not share errors of the forest by chance
    X, y = make_classification(1150, 6, flip_y=0.3, random_state=0)
    forest = RandomForestClassifier(20, random_state=0).fit(X[:150], y[:150])
    expected = forest.predict_proba(X[150:])[:, 1]
    distance = {}
    for teacher in ("auto", "labels"):
        method = Regrow(rho=40.0, max_trees=30, teacher=teacher)
        small = prune(forest, X[:150], y[:150], method=method, pruning_ratio=0.82)
        predicted = small.estimator_.predict_proba(X[150:])[:, 1]
        distance[teacher] = np.mean((predicted - expected) ** 2)
    # 0.65 to 0.9 with five seeds of X
    assert distance["auto"] < 0.95 * distance["labels"]


def test_labels_alone_count_where_the_forest_knows_more_rows():
    # the held-out rows could be among them
    X, y = make_classification(200, 6, flip_y=0.3, random_state=0)
    forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    models = []
    for teacher in ("auto", "labels"):
        method = Regrow(rho=10.0, max_trees=20, teacher=teacher)
        small = prune(forest, X[:150], y[:150], method=method, pruning_ratio=0.8)
        models.append(small.estimator_.predict_proba(X))
    np.testing.assert_array_equal(*models)
