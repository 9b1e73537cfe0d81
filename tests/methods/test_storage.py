"""Weights that are stored as sparse arrays predict like dense ones."""

import pickle

import joblib
import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import (
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    SGDRegressor,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import PrunedEstimator, Schedule, _cost, cost, dump, prune, strip
from sklprune.methods import Activation, Gradient, Magnitude, Quantize, SecondOrder

RNG = np.random.RandomState(0)
ROWS = RNG.normal(size=(80, 12)) * (RNG.rand(80, 12) < 0.6)
VALUES = ROWS @ RNG.normal(size=12)
CLASSES = np.digitize(VALUES, [-1, 1])
SEVERAL = np.column_stack([VALUES > 0, ROWS[:, 0] > 0]).astype(int)
NETWORK = {"hidden_layer_sizes": (9, 5), "max_iter": 8, "random_state": 0}
MODELS = {
    "classes": (LogisticRegression(), CLASSES),
    "two classes": (LogisticRegression(), CLASSES > 0),
    "labels": (RidgeClassifier(), SEVERAL),
    "values": (SGDRegressor(random_state=0), VALUES),
    "network": (MLPClassifier(**NETWORK), CLASSES),
    "network of two classes": (MLPClassifier(**NETWORK), CLASSES > 0),
    "network of labels": (MLPClassifier(**NETWORK), SEVERAL),
    "network of values": (MLPRegressor(**NETWORK), VALUES),
    "network of several values": (MLPRegressor(**NETWORK), ROWS[:, :2]),
}
OUTPUTS = ("predict", "predict_proba", "decision_function", "predict_log_proba")

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


@pytest.fixture(scope="module")
def fitted():
    return {name: clone(model).fit(ROWS, y) for name, (model, y) in MODELS.items()}


def weights_of(model):
    return getattr(model, "coefs_", None) or [model.coef_]


def both(model, y, **keywords):
    """The same pruned model with dense and with sparse weights."""
    keywords = {"pruning_ratio": 0.7, "refit": False} | keywords
    return [
        prune(model, ROWS, y, method=Magnitude(storage=storage), **keywords)
        for storage in ("dense", "sparse")
    ]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csc_array])
def test_all_predictions_are_the_same(fitted, name, form):
    dense, stored = (each.estimator_ for each in both(fitted[name], MODELS[name][1]))
    assert all(map(sparse.issparse, weights_of(stored)))
    assert not any(map(sparse.issparse, weights_of(dense)))
    for output in OUTPUTS:
        if hasattr(dense, output):
            expected = getattr(dense, output)(form(ROWS))
            result = getattr(stored, output)(form(ROWS))
            assert type(result) is type(expected)
            np.testing.assert_allclose(result, expected, atol=1e-6)


@pytest.mark.parametrize("name", ["two classes", "network", "values"])
@pytest.mark.filterwarnings("ignore:.*compact form")
def test_copies_and_files_predict_the_same(fitted, name, tmp_path):
    stored, file = both(fitted[name], MODELS[name][1])[1].estimator_, tmp_path / "file"
    clone(stored)
    dump(stored, file)
    for copied in (
        pickle.loads(pickle.dumps(stored)),
        strip(stored),
        joblib.load(file),
    ):
        expected = stored.predict(ROWS)
        np.testing.assert_allclose(copied.predict(ROWS), expected, rtol=1e-6)
        assert all(map(sparse.issparse, weights_of(copied)))


@pytest.mark.parametrize("name", ["classes", "network"])
def test_a_sparse_model_can_be_pruned_again(fitted, name):
    _, pruned = both(fitted[name], MODELS[name][1])
    stored, y = pruned.estimator_, MODELS[name][1]
    again = prune(stored, ROWS, y, method="magnitude", pruning_ratio=0.9).estimator_
    n_zero = [sum(each.nnz for each in weights_of(model)) for model in (again, stored)]
    assert n_zero[0] < n_zero[1]
    fewer = prune(stored, ROWS, y, method=Quantize(bits=2)).estimator_
    assert fewer.predict(ROWS).shape == (80,)


@pytest.mark.parametrize("name", ["two classes", "network"])
def test_unread_columns_are_removed(fitted, name):
    whole, smaller = (
        both(fitted[name], MODELS[name][1], pruning_ratio=0.95, drop_unread=drop)[1]
        for drop in (False, True)
    )
    np.testing.assert_allclose(
        smaller.predict(ROWS), whole.predict(ROWS), rtol=1e-6, atol=1e-6
    )
    core = smaller.estimator_[-1]
    assert core.n_features_in_ < 12
    assert sparse.issparse(weights_of(core)[0])


@pytest.mark.parametrize("name", ["classes", "network"])
@pytest.mark.parametrize("method", [Activation, Gradient, Magnitude, SecondOrder])
def test_all_methods_for_weights_can_store_them(fitted, name, method):
    y = MODELS[name][1]
    settings = {"pruning_ratio": 0.6, "random_state": 0}
    stored = prune(fitted[name], ROWS, y, method=method(storage="sparse"), **settings)
    dense = prune(fitted[name], ROWS, y, method=method(), **settings)
    assert all(map(sparse.issparse, weights_of(stored.estimator_)))
    np.testing.assert_allclose(
        stored.predict_proba(ROWS), dense.predict_proba(ROWS), rtol=1e-5, atol=1e-6
    )


def test_the_report_has_the_sizes_of_both_forms(monkeypatch):
    monkeypatch.setattr(_cost, "SECONDS", 0.01)
    X, y = load_iris(return_X_y=True)
    X = np.hstack([X, X**2, RNG.normal(size=(150, 200))])
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    dense, stored = (
        prune(model, X, y, method=Magnitude(storage=storage), pruning_ratio=0.95)
        for storage in ("dense", "sparse")
    )
    for pruned, other in ((dense, stored), (stored, dense)):
        costs = pruned.report_.storage
        assert set(costs) == {"dense", "sparse"}
        assert next(iter(costs.values())) == pruned.report_.pruned
        sizes = [each.memory_bytes for each in costs.values()]
        assert sizes[1] == pytest.approx(cost(other.estimator_).memory_bytes, abs=50)
        assert costs["sparse"].file_bytes < costs["dense"].file_bytes
        assert "storage=" in str(pruned.report_)
        assert pruned.report_.to_dict()["storage"]["dense"]["latency_per_row"] is None
    measured = stored.report_.measure(X)
    assert all(each.latency_one_row > 0 for each in measured.storage.values())
    assert "microseconds" in measured.notes[0]
    assert len(pickle.loads(pickle.dumps(measured)).storage) == 2
    neurons = prune(model, X, y, method="permutation", pruning_ratio=0.5)
    assert neurons.report_.storage == {}


@pytest.mark.parametrize("name", ["values", "network"])
def test_training_continues(fitted, name):
    y = MODELS[name][1]
    dense, stored = both(fitted[name], y)
    for _ in range(3):
        dense, stored = (each.partial_fit(ROWS, y) for each in (dense, stored))
    assert all(map(sparse.issparse, weights_of(stored.estimator_)))
    np.testing.assert_allclose(stored.predict(ROWS), dense.predict(ROWS), rtol=1e-5)


def test_weights_of_a_stream_are_stored():
    network = MLPClassifier((9,), random_state=0)
    method = Magnitude(storage="sparse")
    schedule = Schedule(begin=1, n_batches=3)
    pruned = PrunedEstimator(
        network, method=method, pruning_ratio=0.5, schedule=schedule
    )
    for _ in range(5):
        pruned.partial_fit(ROWS, CLASSES, classes=[0, 1, 2])
    coefs = pruned.estimator_.coefs_
    assert all(map(sparse.issparse, coefs))
    assert sum(coef.nnz for coef in coefs) <= 0.5 * (12 * 9 + 9 * 3) + 1


def test_models_that_cannot_predict_with_sparse_weights_are_refused():
    sparse_weights = PrunedEstimator(Ridge(), method=Magnitude(storage="sparse"))
    with pytest.raises(ValueError, match=r"Ridge, which cannot .*storage='dense'"):
        sparse_weights.fit(ROWS, VALUES)
    with pytest.raises(ValueError, match=r"SecondOrder\(storage='csr'\): storage must"):
        prune(
            Ridge().fit(ROWS, VALUES), ROWS, VALUES, method=SecondOrder(storage="csr")
        )
