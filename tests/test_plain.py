"""Plain copies, stripped copies, and the sizes that `cost` reports."""

import io
import pickle
from functools import partial

import joblib
import numpy as np
import pytest
from sklearn.ensemble import (
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklprune import FeaturePruningSelector, PrunedEstimator, cost, strip, to_plain


def has_sklprune(model):
    return b"sklprune" in pickle.dumps(model)


def test_a_model_without_objects_of_sklprune_is_copied(binary):
    model = LogisticRegression().fit(*binary)
    copy = to_plain(model)
    assert copy is not model and copy.coef_ is not model.coef_
    np.testing.assert_array_equal(copy.coef_, model.coef_)


def test_stacking_contains_fitted_and_unfitted_ones(binary):
    X, y = binary
    select = FeaturePruningSelector(LogisticRegression(), n_features_to_select=3)
    stack = StackingClassifier(
        [
            ("pruned", PrunedEstimator(LogisticRegression(), pruning_ratio=0.5)),
            ("chosen", make_pipeline(select, LogisticRegression())),
        ],
        cv=2,
    ).fit(X, y)
    copy = to_plain(stack)
    assert has_sklprune(stack) and not has_sklprune(copy)
    np.testing.assert_array_equal(copy.predict_proba(X), stack.predict_proba(X))
    unfitted = dict(copy.estimators)
    assert isinstance(unfitted["pruned"], LogisticRegression)
    assert unfitted["chosen"][0] == "passthrough"


def test_a_search_becomes_its_best_estimator(binary):
    X, y = binary
    pruned = PrunedEstimator(LogisticRegression())
    search = GridSearchCV(pruned, {"pruning_ratio": [0.2, 0.5]}, cv=2).fit(X, y)
    copy = to_plain(make_pipeline(StandardScaler(), search).fit(X, y))
    assert isinstance(copy[-1], LogisticRegression)
    other = GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2).fit(X, y)
    assert isinstance(to_plain(other), GridSearchCV)


def test_a_pruned_estimator_inside_a_pruned_estimator(binary):
    X, y = binary
    inner = PrunedEstimator(LogisticRegression(), pruning_ratio=0.25)
    outer = PrunedEstimator(inner, method="magnitude", pruning_ratio=0.5)
    with pytest.raises(ValueError, match="does not fit PrunedEstimator"):
        outer.fit(X, y)
    outer.set_params(method="permutation").fit(X, y)
    assert not has_sklprune(outer.estimator_)
    step = make_pipeline(inner.fit(X, y).estimator_)
    assert not has_sklprune(to_plain(step))


def test_functions_that_cannot_be_pickled_are_copied(binary):
    X, y = binary
    model = make_pipeline(
        FunctionTransformer(lambda rows: rows), PrunedEstimator(Ridge())
    ).fit(X, y)
    np.testing.assert_array_equal(to_plain(model).predict(X), model.predict(X))


def probabilities(rows, model):
    return model.predict_proba(rows)


def test_objects_are_replaced_at_any_depth(binary):
    X, y = binary
    pruned = PrunedEstimator(LogisticRegression(), pruning_ratio=0.5).fit(X, y)
    values = {
        "set": {pruned},
        "frozenset": frozenset([pruned]),
        "key": {pruned: 1},
        "partial": partial(probabilities, model=pruned),
        "method": pruned.predict_proba,
        "nested": [({"deep": partial(partial(probabilities), model={pruned})},)],
        "objects": np.array([pruned, None]),
    }
    model = LogisticRegression().fit(X, y)
    for name, value in values.items():
        model.held_ = value
        assert has_sklprune(model) and not has_sklprune(to_plain(model)), name


@pytest.mark.parametrize("bound", [False, True])
def test_steps_that_call_a_pruned_estimator(binary, bound):
    X, y = binary
    pruned = PrunedEstimator(LogisticRegression(), pruning_ratio=0.5).fit(X, y)
    call = pruned.predict_proba if bound else partial(probabilities, model=pruned)
    model = make_pipeline(FunctionTransformer(call), Ridge()).fit(X, y)
    copy = to_plain(model)
    assert not has_sklprune(copy)
    for loaded in (copy, pickle.loads(pickle.dumps(copy))):
        np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_strip_includes_the_steps_of_pipelines(classes):
    X, y = classes
    model = make_pipeline(StandardScaler(), MLPClassifier((5,), max_iter=5)).fit(X, y)
    stripped = strip(model)
    assert not hasattr(stripped[-1], "_optimizer")
    assert hasattr(model[-1], "_optimizer")
    np.testing.assert_array_equal(stripped.predict_proba(X), model.predict_proba(X))


def test_cost_of_an_mlp(classes):
    X, y = classes
    model = MLPClassifier((5,), max_iter=5).fit(X, y)
    model.coefs_[0][0] = 0
    size = cost(model)
    assert size.parameters == 8 * 5 + 5 + 5 * 3 + 3
    assert size.nonzero <= size.parameters - 5
    assert size.operations_per_row == 8 * 5 + 5 * 3
    assert np.isnan(size.nodes)


@pytest.mark.parametrize("compress", [0, 3])
def test_bytes_are_the_size_of_the_file(classes, compress):
    model = RandomForestClassifier(5, random_state=0).fit(*classes)
    file = io.BytesIO()
    joblib.dump(model, file, compress=compress)
    size = cost(model)
    expected = size.compressed_bytes if compress else size.file_bytes
    # the padding for alignment depends on the position of an array in the file
    assert abs(expected - file.tell()) <= 0.01 * file.tell()


def test_cost_of_a_forest(regression):
    X, y = regression
    model = RandomForestRegressor(5, random_state=0).fit(X, y)
    size = cost(model)
    trees = [tree.tree_ for tree in model.estimators_]
    assert size.members == 5
    assert size.nodes == sum(tree.node_count for tree in trees)
    assert size.features == 6
    # a node has a structure of 64 bytes and a value of 8 bytes
    assert size.memory_bytes >= 72 * size.nodes
