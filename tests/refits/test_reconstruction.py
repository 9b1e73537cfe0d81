"""Reconstruction, compared with least squares on dense and sparse inputs."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_regression
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklprune import prune
from sklprune.families._layered import Layer
from sklprune.methods import Magnitude
from sklprune.refits import Reconstruction, reconstruction
from sklprune.refits.reconstruction import reconstruct


@pytest.fixture
def problem():
    rng = np.random.RandomState(0)
    inputs = rng.normal(size=(80, 5)) @ rng.normal(size=(5, 5)) + 3
    layer = Layer(rng.normal(size=(5, 3)), rng.normal(size=3))
    mask = rng.rand(5, 3) > 0.4
    return layer, mask, inputs, layer.forward(inputs)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix, sparse.csr_array])
def test_without_penalty_it_is_least_squares_on_the_support(problem, container):
    layer, mask, inputs, outputs = problem
    new = reconstruct(layer, mask, container(inputs), outputs, alpha=1e-12)
    assert not new.coef[~mask].any()
    for j in range(3):
        fit = LinearRegression().fit(inputs[:, mask[:, j]], outputs[:, j])
        # the tolerances allow for the penalty of 1e-12 and the normal equations
        np.testing.assert_allclose(new.coef[mask[:, j], j], fit.coef_, rtol=1e-6)
        np.testing.assert_allclose(new.intercept[j], fit.intercept_, rtol=1e-5)


def test_many_inputs_are_solved_without_a_gram_matrix(problem, monkeypatch):
    layer, mask, inputs, outputs = problem
    direct = reconstruct(layer, mask, inputs, outputs, alpha=1e-3)
    monkeypatch.setattr(reconstruction, "MAX_GRAM", 2)
    iterated = reconstruct(layer, mask, sparse.csr_matrix(inputs), outputs, alpha=1e-3)
    # lsqr stops at a relative residual of 1e-6
    np.testing.assert_allclose(iterated.coef, direct.coef, atol=1e-4)


def test_sample_weights_are_equivalent_to_repeated_rows(problem):
    layer, mask, inputs, outputs = problem
    weight = np.random.RandomState(1).randint(0, 4, len(inputs))
    weighted = reconstruct(layer, mask, inputs, outputs, 1e-3, weight)
    repeated = [np.repeat(a, weight, axis=0) for a in (inputs, outputs)]
    again = reconstruct(layer, mask, *repeated, 1e-3)
    np.testing.assert_allclose(weighted.coef, again.coef, rtol=1e-8)


def test_nothing_removed_changes_nothing(problem):
    layer, _, inputs, outputs = problem
    everything = np.ones((5, 3), dtype=bool)
    new = reconstruct(layer, everything, inputs, outputs, alpha=1e-4)
    np.testing.assert_allclose(new.coef, layer.coef, rtol=1e-10)


def test_without_an_intercept_none_appears():
    X, y = make_regression(60, 5, random_state=0)
    model = Ridge(fit_intercept=False).fit(X, y)
    small = prune(model, X, y, method="magnitude", pruning_ratio=0.4).estimator_
    assert small.intercept_ == 0.0
    assert np.count_nonzero(small.coef_) == 3


def test_it_is_better_than_keeping_the_weights_unchanged():
    X, y = make_regression(300, 8, n_informative=8, effective_rank=4, random_state=0)
    model = MLPRegressor(
        hidden_layer_sizes=(24,), solver="lbfgs", alpha=1e-3, random_state=0
    ).fit(X, y)

    def error(refit):
        method = Magnitude("neuron")
        small = prune(model, X, method=method, pruning_ratio=0.5, refit=refit)
        return np.square(small.predict(X) - model.predict(X)).mean()

    assert error(Reconstruction()) < 0.5 * error(False)


@pytest.mark.parametrize("constant", [1e4, 3e5, 1e6, 1.7e9])
@pytest.mark.parametrize("spread", [0.0, 10.0])
def test_large_columns_with_little_or_no_variance(binary, constant, spread):
    X, y = binary
    rng = np.random.RandomState(0)
    X = np.column_stack([X, constant + spread * rng.normal(size=len(y))])
    model = MLPClassifier((8,), max_iter=1, random_state=0).fit(X, y)
    small = prune(model, X, pruning_ratio=0.5).estimator_
    assert all(np.isfinite(coef).all() for coef in small.coefs_)


def test_a_column_of_ones_takes_the_place_of_the_intercept(regression):
    X, y = regression
    X = np.column_stack([np.ones(len(y)), X])
    model = LinearRegression(fit_intercept=False).fit(X, y + 1000)
    small = prune(model, X, y + 1000, pruning_ratio=3 / 7).estimator_
    assert small.coef_[0] != 0
    assert small.score(X, y + 1000) > 0.9
