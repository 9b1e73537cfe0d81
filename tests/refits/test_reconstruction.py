"""Reconstruction, compared with least squares on dense and sparse inputs."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_regression
from sklearn.linear_model import Lars, LinearRegression, Ridge
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


def relative_error(layer, inputs, outputs, weight=None):
    """Mean squared error of each output, as a fraction of its variance."""
    error = np.average((layer.forward(inputs) - outputs) ** 2, axis=0, weights=weight)
    mean = np.average(outputs, axis=0, weights=weight)
    return error / np.average((outputs - mean) ** 2, axis=0, weights=weight)


def least_squares(inputs, outputs, kept):
    """The same for least squares on some inputs."""
    basis = np.column_stack([np.ones(len(inputs)), inputs[:, kept]])
    # columns of very different sizes must all count
    basis = basis / np.linalg.norm(basis, axis=0)
    found = basis @ np.linalg.lstsq(basis, outputs, rcond=1e-10)[0]
    return ((found - outputs) ** 2).mean(axis=0) / outputs.var(axis=0)


@pytest.mark.parametrize("alpha", [0.0, 1e-4])
@pytest.mark.parametrize("size", [1e3, 1e7, 1e12, 1e200])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix])
def test_large_opposite_weights_of_collinear_inputs(size, alpha, container):
    # each set of indicators adds up to one: a constant can move between the sets
    rng = np.random.RandomState(0)
    inputs = np.hstack(
        [np.eye(9)[rng.randint(9, size=300)], np.eye(6)[rng.randint(6, size=300)]]
    )
    coef = rng.normal(size=(15, 2))
    outputs = inputs @ coef
    layer = Layer(coef + size * np.repeat([1, -1], [9, 6])[:, None], np.zeros(2))
    kept = np.arange(15) % 4 != 0
    new = reconstruct(layer, kept[:, None], container(inputs), outputs, alpha)
    best = least_squares(inputs, outputs, kept)
    assert (relative_error(new, inputs, outputs) <= best + 2e-4).all()
    assert np.abs(new.coef).max() < 1e3 * np.abs(coef).max() + size * (size < 1e5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix])
def test_columns_of_very_different_sizes(dtype, container):
    rng = np.random.RandomState(0)
    scale = np.logspace(-8, 8, 9)
    inputs = (rng.normal(size=(200, 9)) @ rng.normal(size=(9, 9))) * scale
    layer = Layer((rng.normal(size=(9, 2)) / scale[:, None]).astype(dtype), np.ones(2))
    inputs = inputs.astype(dtype)
    outputs = layer.forward(inputs)
    kept = np.arange(9) % 3 != 0
    new = reconstruct(layer, kept[:, None], container(inputs), outputs, 1e-4)
    assert new.coef.dtype == dtype
    best = least_squares(inputs.astype(float), outputs, kept)
    assert (relative_error(new, inputs, outputs) <= best + 1e-3).all()


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_it_is_never_worse_than_a_constant(seed, intercept):
    rng = np.random.RandomState(seed)
    inputs = rng.normal(size=(30, 12)) * 10.0 ** rng.randint(-6, 7, 12)
    inputs[:, 6:] = inputs[:, :6] * (1 + 1e-9 * rng.normal(size=(30, 6)))
    outputs, weight = rng.normal(size=(30, 3)), rng.randint(0, 4, 30)
    coef = rng.normal(size=(12, 3)) * 10.0 ** rng.randint(-10, 15, (12, 3))
    layer = Layer(coef, np.ones(3) if intercept else None)
    new = reconstruct(layer, rng.rand(12, 3) > 0.4, inputs, outputs, 1e-4, weight)
    if not intercept:
        outputs = np.vstack([outputs, -outputs])  # errors in relation to zero
        inputs, weight = np.vstack([inputs, -inputs]), np.tile(weight, 2)
    assert (relative_error(new, inputs, outputs, weight) <= 1 + 1e-9).all()


def test_lars_with_collinear_indicators_remains_least_squares():
    rng = np.random.RandomState(0)
    kinds = rng.randint(30, size=400), rng.randint(20, size=400)
    X = np.c_[np.eye(30)[kinds[0]], np.eye(20)[kinds[1]], rng.normal(size=(400, 5))]
    y = rng.normal(size=30)[kinds[0]] + 2 * X[:, -1] + 0.1 * rng.normal(size=400)
    X, y = X[:300], y[:300]
    model = Lars().fit(X, y)
    predicted = model.predict(X)
    for ratio in (0.2, 0.5):
        small = prune(model, X, y, pruning_ratio=ratio, refit="reconstruction")
        error = predicted - small.predict(X)
        kept = small.estimator_.coef_ != 0
        best = least_squares(X, predicted[:, None], kept)
        assert np.mean(error**2) / predicted.var() <= best + 1e-4
