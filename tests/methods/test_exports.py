"""Boosting models that replace a forest can be explained and exported as it can."""

import warnings
from functools import cache

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils import shuffle

from sklprune import prune
from sklprune.families._empty_boosting import make_empty_boosting
from sklprune.methods import Backfitting, Recast, Regrow

METHODS = {
    "recast": (Recast(), "auto"),
    "regrow": (Regrow(rho=40, max_trees=50), 0.6),
    "backfitting": (Backfitting(40, container="auto"), 0.6),
}
FORESTS = {
    "two classes": (RandomForestClassifier, load_breast_cancer),
    "three classes": (ExtraTreesClassifier, load_iris),
    "values": (RandomForestRegressor, load_diabetes),
}


pytestmark = pytest.mark.filterwarnings("ignore:pruning_ratio=.*was reached")


def fitted(kind):
    """A small forest, and its rows as exporters take them."""
    make, load = FORESTS[kind]
    X, y = shuffle(*load(return_X_y=True), n_samples=150, random_state=0)
    X = X[:, :6].astype(np.float32)
    return make(5, max_depth=4, random_state=0).fit(X, y), X, y


@cache
def replaced(kind, method):
    """A boosting model in place of a forest, and the rows."""
    forest, X, y = fitted(kind)
    method, ratio = METHODS[method]
    pruned = prune(forest, X, y, method=method, pruning_ratio=ratio, random_state=0)
    return pruned.estimator_, X


@pytest.mark.parametrize("n_classes", [2, 3, 7, 26])
def test_an_empty_model_starts_at_exactly_zero(n_classes):
    y = np.repeat(np.arange(n_classes), 3)
    model = RandomForestClassifier(2, random_state=0).fit(np.eye(len(y)), y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # also none of the number of classes
        empty = make_empty_boosting(model, np.eye(len(y)))
    assert isinstance(empty, GradientBoostingClassifier)
    raw = empty._raw_predict_init(np.zeros((1, len(y))))
    assert raw.shape[1] == (1 if n_classes == 2 else n_classes)
    assert not raw.any()


@pytest.mark.parametrize("method", METHODS)
def test_the_initial_model_is_one_that_exporters_read(method):
    for kind, initial in (("two classes", DummyClassifier), ("values", DummyRegressor)):
        model, _ = replaced(kind, method)
        assert model.init is None
        assert isinstance(model.init_, initial)
    # of more classes they ask the model
    model, X = replaced("three classes", method)
    assert model.init is None
    assert not model._raw_predict_init(X[:2]).any()


@pytest.mark.parametrize("method", METHODS)
def test_a_forest_that_knows_missing_values_needs_a_class_that_does(method):
    # the rows that are pruned on need not have any
    forest, X, y = fitted("two classes")
    holed = X.copy()
    holed[::9, 0] = holed[::5, 3] = np.nan
    forest.fit(holed, y)
    method, ratio = METHODS[method]
    model = prune(forest, X, y, method=method, pruning_ratio=ratio).estimator_
    assert isinstance(model, HistGradientBoostingClassifier)
    assert np.mean(model.predict(holed) == forest.predict(holed)) > 0.9


@pytest.mark.parametrize("make", [RandomForestRegressor, DecisionTreeRegressor])
def test_a_forest_without_missing_values_becomes_gradient_boosting(make):
    X, y = load_diabetes(return_X_y=True)
    weight = np.random.RandomState(0).randint(0, 3, len(y))
    for rows in (X, sparse.csr_matrix(X)):
        forest = make(random_state=0, max_depth=6).fit(rows, y, sample_weight=weight)
        model = prune(forest, rows, y, method="recast").estimator_
        assert isinstance(model, GradientBoostingRegressor)


@pytest.mark.parametrize("container", ["gradient_boosting", "hist_gradient_boosting"])
@pytest.mark.parametrize("kind", FORESTS)
def test_shap_explains_the_predictions(kind, container):
    shap = pytest.importorskip("shap")
    if (kind, container) == ("three classes", "gradient_boosting"):
        pytest.skip("SHAP explains gradient boosting of two classes at most")
    forest, X, y = fitted(kind)
    model = prune(forest, X, y, method=Recast(container)).estimator_
    _check_explained(shap, model, X[:20])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["two classes", "values"])
def test_shap_explains_the_result_of_each_method(kind, method):
    shap = pytest.importorskip("shap")
    model, X = replaced(kind, method)
    _check_explained(shap, model, X[:20])


def _check_explained(shap, model, X):
    explainer = shap.TreeExplainer(model)
    raw = getattr(model, "decision_function", model.predict)(X)
    total = explainer.shap_values(X).sum(axis=1)
    total = total + np.ravel(explainer.expected_value)
    np.testing.assert_allclose(total.reshape(raw.shape), raw, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", FORESTS)
def test_onnx_predicts_the_same(kind, method):
    to_onnx = pytest.importorskip("skl2onnx").to_onnx
    runtime = pytest.importorskip("onnxruntime")
    model, X = replaced(kind, method)
    assert not isinstance(model, HistGradientBoostingRegressor)
    classifier = hasattr(model, "classes_")
    options = {id(model): {"zipmap": False}} if classifier else None
    graph = to_onnx(model, X[:1], options=options).SerializeToString()
    found = runtime.InferenceSession(graph).run(None, {"X": X})
    if not classifier:
        np.testing.assert_allclose(found[0].ravel(), model.predict(X), rtol=1e-5)
        return
    np.testing.assert_array_equal(found[0], model.predict(X))
    np.testing.assert_allclose(found[1], model.predict_proba(X), atol=1e-5)
