"""Neuron elimination, compared with brute-force least squares."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklprune import prune
from sklprune._networks.elimination import covariance, relative_errors
from sklprune._registry import family_of
from sklprune._units import Task
from sklprune.methods import Magnitude, NeuronElimination


@pytest.fixture
def layer():
    """Activations of seven dependent units, and their outgoing weights."""
    rng = np.random.RandomState(0)
    activations = np.maximum(rng.normal(size=(60, 7)) @ rng.normal(size=(7, 7)), 0)
    return activations, rng.normal(size=(7, 3))


def brute_force(activations, outgoing):
    """Relative errors by one least-squares fit for every set of units."""
    target = activations @ outgoing
    variation = np.square(target - target.mean(axis=0)).sum()
    remaining, relative = list(range(len(outgoing))), np.empty(len(outgoing))
    while remaining:
        errors = {}
        for unit in remaining:
            rest = [other for other in remaining if other != unit]
            errors[unit] = variation
            if rest:
                fit = LinearRegression().fit(activations[:, rest], target)
                predictions = fit.predict(activations[:, rest])
                errors[unit] = np.square(target - predictions).sum()
        eliminated = min(errors, key=errors.get)
        relative[eliminated] = errors[eliminated] / variation
        remaining.remove(eliminated)
    return relative


def test_errors_are_those_of_least_squares(layer):
    activations, outgoing = layer
    errors = relative_errors(covariance(activations), outgoing, alpha=1e-12)
    # the first errors are small differences of sums of squares
    np.testing.assert_allclose(errors, brute_force(*layer), rtol=1e-6, atol=1e-10)
    assert errors.max() == pytest.approx(1.0)


def test_a_duplicate_unit_and_a_constant_unit_are_eliminated_without_error(layer):
    activations, outgoing = layer
    activations = np.column_stack([activations, activations[:, 2], np.full(60, 5.0)])
    outgoing = np.vstack([outgoing, outgoing[:2]])
    errors = relative_errors(covariance(activations), outgoing, alpha=1e-6)
    assert errors[8] == 0
    # the penalty on changes of the weights causes a small error
    assert np.sort(errors[[2, 7]])[0] < 1e-5 < 1e-3 < np.sort(errors[:8])[1]


@pytest.mark.parametrize("size", [1e2, 1e6, 1e11])
def test_large_opposite_weights_of_equal_units_cancel(layer, size):
    activations, outgoing = layer
    activations = np.column_stack([activations, activations[:, 2]])
    outgoing = np.vstack([outgoing, np.zeros((1, 3))])
    small = relative_errors(covariance(activations), outgoing, alpha=1e-4)
    outgoing[2] += size
    outgoing[7] -= size
    large = relative_errors(covariance(activations), outgoing, alpha=1e-4)
    np.testing.assert_allclose(large, small, rtol=1e-3)
    assert np.sort(large)[0] < 1e-3


def test_the_last_of_equal_units_is_eliminated_first():
    errors = relative_errors(np.eye(4), np.ones((4, 1)), alpha=0.0)
    np.testing.assert_allclose(errors, [1.0, 0.75, 0.5, 0.25])


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("method", ["neuron_elimination", Magnitude("neuron")])
def test_constant_and_dead_units_are_added_to_the_next_intercept(method, refit):
    X = np.random.RandomState(0).normal(size=(60, 4))
    model = MLPRegressor(hidden_layer_sizes=(6, 5), max_iter=5, random_state=3)
    model.fit(X, X[:, 0])
    # a unit without inputs, a dead one, and one in the second layer
    model.coefs_[0][:, 1], model.intercepts_[0][1] = 0, 0.3
    model.coefs_[0][:, 3] *= 1e-3
    model.intercepts_[0][3] = -5
    model.coefs_[1][:, 2], model.intercepts_[1][2] = 0, 0.7
    # Magnitude: the norms of their weights are zero, or the smallest
    model.coefs_[1][3] *= 1e-3
    small = prune(model, X, method=method, pruning_ratio=3 / 11, refit=refit)
    assert sum(small.estimator_.hidden_layer_sizes) == 8
    np.testing.assert_allclose(small.predict(X), model.predict(X), atol=1e-9)


def test_all_units_of_a_constant_layer_are_ties():
    assert not relative_errors(np.zeros((3, 3)), np.ones((3, 2)), 1e-4).any()
    assert not relative_errors(np.eye(3), np.zeros((3, 2)), 1e-4).any()


def test_sample_weights_are_equivalent_to_repeated_rows(layer):
    activations, _ = layer
    weight = np.random.RandomState(1).randint(0, 4, len(activations))
    np.testing.assert_allclose(
        covariance(activations, weight),
        covariance(np.repeat(activations, weight, axis=0)),
        atol=1e-12,  # the sums are taken in another order
    )


def test_the_score_is_the_error_after_reconstruction():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 4))
    model = MLPRegressor(
        hidden_layer_sizes=(10,), solver="lbfgs", max_iter=500, random_state=0
    ).fit(X, np.sin(X[:, 0]) + X[:, 1] * X[:, 2])
    family = family_of(model)
    units = family.units(model, "neuron", X)
    errors = NeuronElimination(1e-9).score(family, model, units, Task(X))
    small = prune(model, X, method=NeuronElimination(1e-9), pruning_ratio=0.6)
    predictions = model.predict(X)
    error = np.square(predictions - small.predict(X)).mean() / predictions.var()
    # reconstruction has a small penalty on changes of the weights
    assert error == pytest.approx(np.sort(errors)[5], rel=0.05)


def test_it_is_the_default_and_beats_magnitude_without_labels():
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    model = MLPClassifier((64, 32), max_iter=60, random_state=0).fit(X, y)

    def score(method):
        small = prune(model, X, method=method, pruning_ratio=0.7)
        return small.score(X_test, y_test)

    assert score("auto") == score(NeuronElimination())
    assert score("auto") > score(Magnitude("neuron")) + 0.03


def test_a_model_without_hidden_units_is_refused(regression):
    X, y = regression
    with pytest.raises(ValueError, match="Ridge, which has no neurons to remove"):
        prune(Ridge().fit(X, y), X, y, method="neuron_elimination")
