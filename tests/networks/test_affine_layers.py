"""Hidden layers that are an affine map on the rows are removed without a loss."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import PrunedEstimator, cost, prune
from sklprune._networks.affine_layers import without_affine_layers
from sklprune._networks.layer import Layer
from sklprune._networks.problem import ACTIVATIONS
from sklprune.refits import MaskedRefit


def network(widths, seed=0):
    """Layers with random weights, and rows."""
    rng = np.random.RandomState(seed)
    layers = [
        Layer(rng.normal(size=(a, b)), rng.normal(size=b))
        for a, b in zip(widths, widths[1:])
    ]
    return layers, rng.normal(size=(50, widths[0]))


def outputs_of(layers, X, activation):
    for layer in layers[:-1]:
        X = ACTIVATIONS[activation](layer.forward(X))
    return layers[-1].forward(X)


def without(layers, X, activation):
    return without_affine_layers(layers, X, activation, ACTIVATIONS[activation])


def test_one_of_several_layers_of_the_identity_is_kept():
    layers, X = network([5, 8, 7, 9, 2])
    fewer = without(layers, X, "identity")
    assert len(fewer) == 2
    np.testing.assert_allclose(
        outputs_of(fewer, X, "identity"),
        outputs_of(layers, X, "identity"),
        rtol=1e-7,
        atol=1e-7,
    )
    assert without(fewer, X, "identity") == fewer


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_layer_of_positive_and_dead_units_is_removed(position):
    layers, X = network([4, 6, 6, 6, 2])
    here, after = layers[position : position + 2]
    here.intercept[:] += 1000
    after.intercept[:] -= 1000 * after.coef[1:].sum(axis=0)
    here.intercept[0] = -1e6  # a dead unit
    fewer = without(layers, X, "relu")
    assert len(fewer) == 3
    np.testing.assert_allclose(
        outputs_of(fewer, X, "relu"), outputs_of(layers, X, "relu"), rtol=1e-7
    )


@pytest.mark.parametrize("activation", ["logistic", "relu", "tanh"])
def test_a_constant_layer_is_removed_and_another_is_kept(activation):
    layers, X = network([4, 6, 3, 2])
    assert without(layers, X, activation) == layers
    layers[1] = layers[1]._replace(coef=np.zeros((6, 3)))
    # what the constant layer reads has no effect either
    fewer = without(layers, X, activation)
    assert len(fewer) == 2
    np.testing.assert_allclose(
        outputs_of(fewer, X, activation), outputs_of(layers, X, activation), rtol=1e-9
    )


def test_a_layer_that_is_positive_by_chance_is_kept():
    layers, X = network([4, 6, 3, 2])
    outputs = ACTIVATIONS["relu"](layers[0].forward(X)) @ layers[1].coef
    layers[1] = layers[1]._replace(intercept=0.01 - outputs.min(axis=0))
    assert without(layers, X, "relu") == layers


def test_a_layer_is_kept_if_its_removal_adds_parameters():
    layers, X = network([30, 2, 30, 30])
    fewer = without(layers, X, "identity")
    assert [layer.coef.shape for layer in fewer] == [(30, 2), (2, 30)]
    np.testing.assert_array_equal(fewer[0].coef, layers[0].coef)


def rows(n_rows=200):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_rows, 5))
    return X, X[:, 0] - 2 * X[:, 1] + 0.1 * rng.normal(size=n_rows)


@pytest.mark.parametrize("refit", [False, True, MaskedRefit(schedule="linear")])
def test_neuron_elimination_removes_a_layer_that_is_affine(refit):
    X, y = rows()
    model = MLPRegressor(
        hidden_layer_sizes=(10, 8), activation="identity", max_iter=20, random_state=0
    )
    with pytest.warns(UserWarning, match="Maximum iterations"):
        model.fit(X, y)
    params = {"refit": refit, "pruning_ratio": 0.2, "random_state": 0}
    params["store_path"] = True
    small = prune(model, X, y, method="neuron_elimination", **params)
    assert len(small.estimator_.hidden_layer_sizes) == 1
    assert small.estimator_.n_layers_ == 3
    assert small.pruning_ratio_ == pytest.approx(3 / 18)
    assert cost(small.estimator_).parameters < cost(model).parameters / 2
    assert small.predict(X).shape == y.shape
    clone(small.estimator_).set_params(max_iter=200).fit(X, y)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_dead_layer_inside_of_a_pipeline_is_removed():
    X, y = rows()
    pipeline = make_pipeline(
        StandardScaler(), MLPClassifier((6, 5, 4), max_iter=30, random_state=0)
    ).fit(X, y > 0)
    model = pipeline[-1]
    model.intercepts_[1] = np.full(5, -100.0)
    model.coefs_[1] = np.zeros((6, 5))
    expected = pipeline.predict_proba(X)
    small = prune(
        pipeline, X, method="neuron_elimination", pruning_ratio=0.2, refit=False
    )
    assert len(small.estimator_[-1].hidden_layer_sizes) < 3
    np.testing.assert_allclose(small.predict_proba(X), expected, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_the_network_of_a_chosen_ratio_has_no_affine_layer():
    X, y = rows()
    model = MLPRegressor(
        hidden_layer_sizes=(8, 8), activation="identity", max_iter=50, random_state=0
    )
    pruned = PrunedEstimator(
        make_pipeline(StandardScaler(), model), cv=2, random_state=0
    ).fit(X, y)
    assert pruned.pruning_ratio_ > 0
    assert len(pruned.estimator_[-1].hidden_layer_sizes) == 1
    assert pruned.score(X, y) > 0.9
