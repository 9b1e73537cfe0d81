"""Which class holds the leaves that backfitting keeps, and in how many bytes."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
)
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

from sklprune import cost, prune
from sklprune._trees.arrays import VALUE_BITS, Ensemble, Subtree
from sklprune.methods import Backfitting, Regrow

CANCER = train_test_split(*load_breast_cancer(return_X_y=True), random_state=0)


@pytest.mark.parametrize("n_values", [1, 3])
def test_single_values_are_packed(n_values):
    value = np.random.RandomState(0).normal(size=(301, n_values))
    split = np.arange(301) < 150
    nodes = np.arange(301) + 1000
    exact = Ensemble([Subtree(0, nodes, split, value)], np.zeros(n_values))
    [packed], _ = exact.packed()
    [unpacked], _ = exact.packed().unpacked()
    np.testing.assert_array_equal(packed.nodes, nodes)
    assert packed.nodes.nbytes == nodes.nbytes / 4
    if n_values == 1:
        assert packed.value.nbytes == value.nbytes / 2
        # the last bit, of a number of which the others but the first one are zero
        np.testing.assert_allclose(unpacked.value, value, rtol=2.0 ** (1 - VALUE_BITS))
        assert (np.abs(unpacked.value) <= np.abs(value)).all()
        mantissa, _ = np.frexp(unpacked.value)
        assert (mantissa * 2**VALUE_BITS % 1 == 0).all()
    else:
        np.testing.assert_array_equal(unpacked.value, value)
    assert unpacked.value.dtype == float


def test_values_beyond_single_precision_are_not_packed():
    value = np.full((1, 1), 1e40)
    exact = Ensemble([Subtree(0, np.zeros(1, int), np.zeros(1, bool), value)], 0)
    assert exact.packed().subtrees[0].value == 1e40


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ("gradient_boosting", GradientBoostingClassifier),
        ("hist_gradient_boosting", HistGradientBoostingClassifier),
    ],
)
def test_named_containers_hold_the_same(container, expected):
    X, X_test, y, _ = CANCER
    model = RandomForestClassifier(20, random_state=0).fit(X, y)
    small, auto = (
        prune(model, X, y, method=Backfitting(40, container=name), pruning_ratio=0.9)
        for name in (container, "auto")
    )
    assert isinstance(small.estimator_, expected)
    # the same splits and values, added up in the same order
    np.testing.assert_allclose(
        small.predict_proba(X_test), auto.predict_proba(X_test), rtol=1e-12
    )


@pytest.mark.parametrize("container", ["same", "auto"])
def test_probabilities_are_valid_for_any_row(container):
    X, X_test, y, y_test = CANCER
    model = RandomForestClassifier(30, random_state=0).fit(X, y)
    method = Backfitting(container=container)
    small = prune(model, X, y, method=method, pruning_ratio=0.9)
    rows = np.vstack([X_test, 3 * X_test, -X_test])
    predicted = small.predict_proba(rows)
    assert predicted.min() >= 0 and predicted.max() <= 1
    np.testing.assert_allclose(predicted.sum(axis=1), 1)
    loss = log_loss(y_test, small.predict_proba(X_test))
    assert loss < log_loss(y_test, model.predict_proba(X_test)) + 0.05
    assert roc_auc_score(y_test, small.predict_proba(X_test)[:, 1]) > 0.97


def test_several_classes_as_boosting():
    X, X_test, y, y_test = train_test_split(
        *load_digits(n_class=4, return_X_y=True), random_state=0
    )
    y, y_test = np.array(list("abcd"))[y], np.array(list("abcd"))[y_test]
    model = RandomForestClassifier(20, random_state=0).fit(X, y)
    small = prune(
        model, X, y, method=Backfitting(40, container="auto"), pruning_ratio=0.9
    ).estimator_
    assert isinstance(small, GradientBoostingClassifier)
    assert small.classes_.tolist() == list("abcd")
    assert small.score(X_test, y_test) > model.score(X_test, y_test) - 0.03
    assert log_loss(y_test, small.predict_proba(X_test)) < 0.3


@pytest.mark.parametrize("method", [Backfitting(container="auto"), Regrow()])
def test_files_of_several_classes_are_smaller_as_histogram_boosting(method):
    X, y = load_digits(n_class=4, return_X_y=True)
    model = RandomForestClassifier(10, random_state=0).fit(X, y)
    rho, known = {"rho": 40.0}, {"pruning_ratio": 0.9, "random_state": 0}
    auto = prune(model, X, y, method=clone(method).set_params(**rho), **known)
    rho["container"] = "hist_gradient_boosting"
    hist = prune(model, X, y, method=clone(method).set_params(**rho), **known)
    # gradient boosting can be converted to ONNX
    assert isinstance(auto.estimator_, GradientBoostingClassifier)
    np.testing.assert_allclose(auto.predict_proba(X), hist.predict_proba(X), atol=1e-9)
    bytes_of = [cost(each.estimator_).compressed_bytes for each in (hist, auto)]
    assert bytes_of[0] < 0.95 * bytes_of[1]


def test_missing_values_take_the_histogram_container():
    X, X_test, y, y_test = CANCER
    X = np.where(np.random.RandomState(0).uniform(size=X.shape) < 0.1, np.nan, X)
    model = RandomForestClassifier(20, random_state=0).fit(X, y)
    small = prune(model, X, y, method=Backfitting(container="auto"), pruning_ratio=0.9)
    assert isinstance(small.estimator_, HistGradientBoostingClassifier)
    assert small.score(X_test, y_test) > 0.9
    assert np.isfinite(small.predict_proba(X)).all()
