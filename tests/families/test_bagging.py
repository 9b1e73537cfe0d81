"""Bagging: leaves of bagged trees are removed, or whole members of any kind."""

import pickle

import numpy as np
import pytest
from sklearn.ensemble import BaggingClassifier, BaggingRegressor, IsolationForest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeRegressor,
)
from sklearn.utils.class_weight import compute_sample_weight

from sklprune import PrunedEstimator, cost, prune, strip, to_plain
from sklprune._registry import family_of
from sklprune.methods import Backfitting, Regrow

#: each member is fitted on some columns, drawn with replacement, numbered from zero
PATCHES = {"max_features": 0.5, "bootstrap_features": True, "random_state": 0}


def leaves_of(bagging):
    return sum(tree.get_n_leaves() for tree in bagging.estimators_)


@pytest.mark.parametrize(
    "options",
    [
        {"random_state": 0},
        PATCHES,
        {"bootstrap": False, "max_samples": 0.5, "random_state": 0},
    ],
)
@pytest.mark.parametrize("method", ["backfitting", "cost_complexity"])
def test_leaves_are_removed_and_the_class_is_kept(classes, options, method):
    X, y = classes
    model = BaggingClassifier(DecisionTreeClassifier(), 12, **options)
    model.fit(X[:160], y[:160])
    before = pickle.dumps(model)
    pruned = prune(
        model, X[160:], y[160:], method=method, pruning_ratio=0.7, random_state=0
    )
    small = pruned.estimator_
    assert type(small) is BaggingClassifier
    assert leaves_of(small) < leaves_of(model)
    assert pruned.pruning_ratio_ == pytest.approx(0.7, abs=0.1)
    np.testing.assert_allclose(small.predict_proba(X).sum(axis=1), 1)
    assert pickle.dumps(model) == before


def test_the_default_method_is_that_of_forests(classes):
    X, y = classes
    pruned = PrunedEstimator(BaggingClassifier(random_state=0), pruning_ratio=0.7)
    assert "Backfitting" in pruned.fit(X, y).report_.summary


def test_members_receive_only_the_columns_that_they_read(classes):
    X, y = classes
    X = np.column_stack([X, np.random.RandomState(0).normal(size=(len(X), 50))])
    model = BaggingClassifier(random_state=0).fit(X, y)
    small = prune(model, X, y, pruning_ratio=0.9, random_state=0).estimator_
    for member, columns in zip(small.estimators_, small.estimators_features_):
        read = member.tree_.feature[member.tree_.feature >= 0]
        np.testing.assert_array_equal(np.unique(read), np.arange(len(columns)))
        assert member.n_features_in_ == member.tree_.n_features == len(columns)
    assert cost(small).file_bytes < 0.5 * cost(model).file_bytes


def test_trees_refer_to_all_columns_and_all_classes(classes):
    X, y = classes
    model = BaggingClassifier(n_estimators=6, **PATCHES).fit(X, y)
    # a member that was fitted without rows of the second class
    rows = y != "bee"
    member = DecisionTreeClassifier(max_depth=3, random_state=0)
    codes = np.searchsorted(model.classes_, y)
    columns = model.estimators_features_[0]
    model.estimators_[0] = member.fit(X[rows][:, columns], codes[rows])
    family = family_of(model)
    trees, leaves = family.tree_arrays(model), family.leaf_ids(model, X)
    total = sum(tree.value[ids] for tree, ids in zip(trees, leaves))
    np.testing.assert_allclose(total, model.predict_proba(X), rtol=1e-12)
    small = prune(model, X, y, method="cost_complexity", pruning_ratio=0.3).estimator_
    assert small.predict_proba(X).shape == (len(X), 3)
    with np.errstate(divide="ignore"):
        logarithm = np.log(small.predict_proba(X))
        np.testing.assert_allclose(small.predict_log_proba(X), logarithm, rtol=1e-9)


@pytest.mark.parametrize("inner", [DecisionTreeRegressor(), ExtraTreeRegressor()])
def test_leaves_of_regressors_with_several_outputs_are_removed(regression, inner):
    X, y = regression
    y = np.column_stack([y, X[:, 1]])
    model = BaggingRegressor(inner, 12, random_state=0).fit(X[:150], y[:150])
    small = prune(model, X[150:], y[150:], pruning_ratio=0.8, random_state=0)
    assert leaves_of(small.estimator_) <= 0.3 * leaves_of(model)
    assert small.estimator_.predict(X).shape == y.shape


def test_gradient_boosting_holds_bagged_trees(binary):
    X, y = binary
    model = BaggingClassifier(n_estimators=40, **PATCHES).fit(X, y)
    fast = prune(model, X, y, method="recast").estimator_
    np.testing.assert_array_equal(fast.predict(X), model.predict(X))
    for method in (Backfitting(40, container="auto"), Regrow(rho=40)):
        small = prune(model, X, y, method=method, pruning_ratio=0.95, random_state=0)
        assert type(small.estimator_).__name__ == "GradientBoostingClassifier"


def test_missing_values_are_predicted_after_pruning(classes):
    X, y = classes
    X = np.where(np.random.RandomState(0).uniform(size=X.shape) < 0.1, np.nan, X)
    model = BaggingClassifier(n_estimators=12, **PATCHES).fit(X, y)
    small = prune(model, X, y, pruning_ratio=0.6, random_state=0).estimator_
    assert 0 < leaves_of(small) < leaves_of(model)
    assert np.isfinite(small.predict_proba(X)).all()


@pytest.mark.parametrize("inner", [LogisticRegression(), LinearSVC()])
def test_whole_members_of_any_kind_are_removed(classes, inner):
    X, y = classes
    model = BaggingClassifier(inner, 10, max_features=0.6, random_state=0).fit(X, y)
    family = family_of(model)
    outputs = family.member_outputs(model, X)
    # outputs of members are float32
    np.testing.assert_allclose(outputs.mean(axis=1), model.predict_proba(X), atol=1e-6)
    pruned = PrunedEstimator(model, method="member_selection", pruning_ratio=0.5)
    small = pruned.fit(X, y).estimator_
    assert len(small.estimators_) == len(small.estimators_features_) == 5
    kept = np.mean(family.member_outputs(small, X), axis=1)
    np.testing.assert_allclose(kept, small.predict_proba(X), atol=1e-6)


def test_columns_are_removed_by_default_if_members_are_no_trees(regression):
    X, y = regression
    model = BaggingRegressor(Ridge(), 5, random_state=0)
    with pytest.raises(ValueError, match="averages Ridge: leaves of trees"):
        PrunedEstimator(model, method="backfitting", pruning_ratio=0.5).fit(X, y)
    pruned = PrunedEstimator(model, pruning_ratio=0.5, random_state=0).fit(X, y)
    assert "features removed" in pruned.report_.summary


def test_an_isolation_forest_has_no_leaves_as_units(binary):
    X, _ = binary
    assert "leaf" not in family_of(IsolationForest().fit(X)).granularities


@pytest.mark.parametrize("inner", [DecisionTreeClassifier(), LogisticRegression()])
def test_out_of_bag_agrees_with_scikit_learn(classes, inner):
    X, y = classes
    model = BaggingClassifier(inner, 30, oob_score=True, random_state=0).fit(X, y)
    family = family_of(model)
    assert "out_of_bag" in family.capabilities(model)
    unseen = family.out_of_bag(model)
    outputs = family.member_outputs(model, X) * unseen[:, :, None]
    mean = outputs.sum(axis=1) / unseen.sum(axis=1)[:, None]
    # outputs of members are float32
    np.testing.assert_allclose(mean, model.oob_decision_function_, atol=1e-6)


def test_kept_members_have_the_samples_of_their_fit(classes):
    X, y = classes
    model = BaggingClassifier(n_estimators=10, random_state=0).fit(X, y)
    family = family_of(model)
    keep = np.arange(10) % 2 == 0
    small = family.remove(model, family.units(model, "member", X), keep)
    for ours, theirs in zip(small.estimators_samples_, model.estimators_samples_[::2]):
        np.testing.assert_array_equal(ours, theirs)


def test_after_a_warm_start_the_samples_of_members_are_not_known(classes):
    X, y = classes
    model = BaggingClassifier(n_estimators=5, warm_start=True, random_state=0)
    model.fit(X, y).set_params(n_estimators=8).fit(X, y)
    family = family_of(model)
    assert not {"out_of_bag", "fitted_on"} & family.capabilities(model)
    small = prune(model, X, y, method="member_selection", pruning_ratio=0.5)
    assert len(small.estimator_.estimators_) == 4


def test_the_rows_of_the_fit_are_recognised(classes):
    X, y = classes
    model = BaggingClassifier(n_estimators=5, **PATCHES).fit(X[:160], y[:160])
    family = family_of(model)
    assert family.fitted_on(model, X[:160])
    assert not family.fitted_on(model, X[80:])
    pruned = prune(model, X[:160], y[:160], pruning_ratio=[0.5])
    assert pruned.report_.score["original_fitted_anew"]


def test_strip_shares_the_columns_of_members_and_removes_out_of_bag_state(classes):
    X, y = classes
    weight = np.ones(len(y))
    model = BaggingClassifier(n_estimators=30, oob_score=True, random_state=0)
    model.fit(X, y, sample_weight=weight)
    stripped = strip(model)
    np.testing.assert_array_equal(stripped.predict_proba(X), model.predict_proba(X))
    assert len({id(each) for each in stripped.estimators_features_}) == 1
    assert not hasattr(stripped, "oob_decision_function_")
    assert cost(stripped).file_bytes < cost(model).file_bytes


def test_rows_of_weight_zero_have_no_effect(binary):
    X, y = binary
    model = BaggingClassifier(n_estimators=8, random_state=0).fit(X[:100], y[:100])
    rows, weight = slice(100, None), np.ones(100)
    weight[::3] = 0
    method = Backfitting(teacher="labels")
    options = {"method": method, "pruning_ratio": 0.7, "random_state": 0}
    all_rows = prune(model, X[rows], y[rows], sample_weight=weight, **options)
    some = prune(model, X[rows][weight > 0], y[rows][weight > 0], **options)
    np.testing.assert_allclose(
        all_rows.estimator_.predict_proba(X),
        some.estimator_.predict_proba(X),
        rtol=1e-9,  # sums of the same rows in another order
    )


def test_leaf_values_of_monotonic_trees_are_not_changed(binary):
    X, y = binary
    tree = DecisionTreeClassifier(monotonic_cst=[1] + [0] * 7)
    pruned = PrunedEstimator(
        BaggingClassifier(tree, 5, random_state=0), pruning_ratio=0.5, random_state=0
    )
    assert "CostComplexity" in pruned.fit(X, y).report_.summary


def test_a_pruned_model_of_a_frame_keeps_its_column_names(classes):
    pd = pytest.importorskip("pandas")
    X, y = classes
    X = pd.DataFrame(X, columns=[f"c{i}" for i in range(X.shape[1])])
    pruned = PrunedEstimator(
        BaggingClassifier(n_estimators=8, **PATCHES), pruning_ratio=0.6, random_state=0
    ).fit(X, y)
    plain = to_plain(pruned)
    assert list(plain.feature_names_in_) == list(X.columns)
    np.testing.assert_array_equal(plain.predict(X), pruned.predict(X))


@pytest.mark.parametrize("method", ["backfitting", "cost_complexity"])
def test_bytes_between_the_fields_of_nodes_are_zero(classes, method):
    X, y = classes
    model = BaggingClassifier(n_estimators=10, max_features=0.5, random_state=0)
    small = prune(model.fit(X, y), X, y, method=method, pruning_ratio=0.7).estimator_
    for member in small.estimators_:
        nodes = member.tree_.__getstate__()["nodes"]
        raw = np.frombuffer(nodes.tobytes(), np.uint8).reshape(len(nodes), -1)
        known = np.zeros(nodes.dtype.itemsize, dtype=bool)
        for kind, start in nodes.dtype.fields.values():
            known[start : start + kind.itemsize] = True
        assert not raw[:, ~known].any()


class OfPipelines(BaggingClassifier):
    """Its members are pipelines, although `estimator` is a tree."""

    def _get_estimator(self):
        return make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=3))


def test_the_kind_of_members_is_that_of_the_fitted_ones(classes):
    X, y = classes
    model = OfPipelines(n_estimators=5, random_state=0).fit(X, y)
    assert cost(model).members == 5
    small = prune(model, X, y, method="member_selection", pruning_ratio=0.6)
    assert len(small.estimator_.estimators_) == 2


def test_leaves_are_not_removed_if_their_values_are_not_averaged(classes):
    X, y = classes
    codes = np.unique(y, return_inverse=True)[1]
    model = BaggingRegressor(DecisionTreeClassifier(), n_estimators=5, random_state=0)
    model.fit(X, codes)
    with pytest.raises(ValueError, match="averages DecisionTreeClassifier"):
        prune(model, X, codes, method="backfitting")
    assert prune(model, X, codes, pruning_ratio=0.5).pruning_ratio_ == 0.5


@pytest.mark.parametrize("weight", ["balanced", {0: 1, 1: 20, 2: 1}])
def test_class_weights_of_members_are_weights_of_rows(classes, weight):
    X, y = classes
    tree = DecisionTreeClassifier(class_weight=weight, max_depth=4)
    model = BaggingClassifier(tree, 10, random_state=0).fit(X, y)
    of_labels = (
        dict(zip(model.classes_, weight.values())) if weight != "balanced" else weight
    )
    same = BaggingClassifier(n_estimators=10, random_state=0).fit(X, y)
    same.estimators_ = model.estimators_
    settings = {"method": Backfitting(teacher="labels"), "pruning_ratio": 0.8}
    ours = prune(model, X, y, random_state=0, **settings).estimator_
    rows = compute_sample_weight(of_labels, y)
    theirs = prune(
        same, X, y, sample_weight=rows, random_state=0, **settings
    ).estimator_
    # leaves store probabilities of few bits, and rounding may decide about the last one
    ours, theirs = ours.predict_proba(X), theirs.predict_proba(X)
    np.testing.assert_allclose(ours, theirs, atol=2.0**-9)
