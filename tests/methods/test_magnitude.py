"""Magnitude: literal networks."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

from sklprune import prune
from sklprune._registry import family_of
from sklprune._units import Task
from sklprune.methods import Magnitude
from sklprune.methods._scale import column_scales


@pytest.fixture
def network():
    X = np.array([[0.0, 0.0], [2.0, 20.0]])  # standard deviations 1 and 10
    model = MLPRegressor(hidden_layer_sizes=(2,), max_iter=1).fit(X, [0, 1])
    model.coefs_ = [np.array([[3.0, -4.0], [0.0, 1.0]]), np.array([[2.0], [-5.0]])]
    model.intercepts_ = [np.array([4.0, 0.0]), np.array([0.0])]
    return model, X


def scores(network, method):
    model, X = network
    family = family_of(model)
    units = family.units(model, method.granularity, X)
    return method.score(family, model, units, Task(X)).tolist()


def test_weights(network):
    assert scores(network, Magnitude(standardize=False)) == [3, 4, 0, 1, 2, 5]
    assert scores(network, Magnitude()) == [3, 4, 0, 10, 2, 5]


def test_weights_per_layer_are_ranks(network):
    expected = [0.5, 0.75, 0.25, 1.0, 0.5, 1.0]
    assert scores(network, Magnitude(per="layer")) == expected


def test_neurons_are_products_of_norms_relative_to_their_layer(network):
    products = np.array([5 * 2, np.sqrt(17) * 5])
    expected = products / np.sqrt((products**2).mean())
    np.testing.assert_allclose(
        scores(network, Magnitude("neuron", standardize=False)), expected, rtol=1e-14
    )


def test_an_unknown_way_to_compare_is_an_error(network):
    with pytest.raises(ValueError, match="per='unit'"):
        scores(network, Magnitude(per="unit"))


def test_column_scales_dense_sparse_weighted():
    rng = np.random.RandomState(0)
    X, weight = rng.rand(30, 4) * (rng.rand(30, 4) < 0.4), rng.randint(0, 3, 30)
    repeated = np.repeat(X, weight, axis=0).std(axis=0)
    np.testing.assert_allclose(column_scales(X, weight), repeated, rtol=1e-10)
    np.testing.assert_allclose(
        column_scales(sparse.csr_matrix(X), weight.astype(float)), repeated, rtol=1e-10
    )


def test_standardised_weights_do_not_depend_on_units_of_measurement():
    X, y = load_breast_cancer(return_X_y=True)
    train, test, y_train, y_test = train_test_split(X, y, random_state=0)
    scaler = StandardScaler().fit(train)
    model = LogisticRegression(max_iter=1000).fit(scaler.transform(train), y_train)
    # the same model on the raw columns
    model.intercept_ = model.intercept_ - model.coef_ @ (scaler.mean_ / scaler.scale_)
    model.coef_ = model.coef_ / scaler.scale_

    def auc(standardize):
        method = Magnitude(standardize=standardize)
        pruned = prune(model, train, y_train, method=method, pruning_ratio=25 / 30)
        return roc_auc_score(y_test, pruned.decision_function(test))

    assert auc(True) > auc(False) + 0.02
