"""Neuron elimination against least squares by brute force."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklprune import prune
from sklprune._registry import family_of
from sklprune._units import Task
from sklprune.methods import Magnitude, NeuronElimination
from sklprune.methods.neuron_elimination import covariance, relative_errors


@pytest.fixture
def layer():
    """Activations of seven dependent units, and what is made of them."""
    rng = np.random.RandomState(0)
    activations = np.maximum(rng.normal(size=(60, 7)) @ rng.normal(size=(7, 7)), 0)
    return activations, rng.normal(size=(7, 3))


def brute_force(activations, outgoing):
    """Relative errors by a least squares fit for every set that is tried."""
    goal = activations @ outgoing
    left, errors = list(range(len(outgoing))), np.empty(len(outgoing))
    while left:
        tried = {}
        for unit in left:
            rest = [other for other in left if other != unit]
            tried[unit] = np.square(goal - goal.mean(axis=0)).sum()
            if rest:
                fit = LinearRegression().fit(activations[:, rest], goal)
                tried[unit] = np.square(goal - fit.predict(activations[:, rest])).sum()
        out = min(tried, key=tried.get)
        errors[out] = tried[out] / np.square(goal - goal.mean(axis=0)).sum()
        left.remove(out)
    return errors


def test_errors_are_those_of_least_squares(layer):
    activations, outgoing = layer
    errors = relative_errors(covariance(activations), outgoing, alpha=1e-12)
    # the first errors are small differences of sums of squares
    np.testing.assert_allclose(errors, brute_force(*layer), rtol=1e-6, atol=1e-10)
    assert errors.max() == pytest.approx(1.0)


def test_one_of_two_like_units_leaves_for_free_and_so_does_a_constant_one(layer):
    activations, outgoing = layer
    activations = np.column_stack([activations, activations[:, 2], np.full(60, 5.0)])
    outgoing = np.vstack([outgoing, outgoing[:2]])
    errors = relative_errors(covariance(activations), outgoing, alpha=1e-6)
    assert errors[8] == 0
    # the pull towards the weights leaves a trace
    assert np.sort(errors[[2, 7]])[0] < 1e-5 < 1e-3 < np.sort(errors[:8])[1]


def test_of_equal_units_the_later_one_leaves_first():
    errors = relative_errors(np.eye(4), np.ones((4, 1)), alpha=0.0)
    np.testing.assert_allclose(errors, [1.0, 0.75, 0.5, 0.25])


def test_silent_layers_are_all_ties():
    assert not relative_errors(np.zeros((3, 3)), np.ones((3, 2)), 1e-4).any()
    assert not relative_errors(np.eye(3), np.zeros((3, 2)), 1e-4).any()


def test_weights_count_as_repeated_rows(layer):
    activations, _ = layer
    weight = np.random.RandomState(1).randint(0, 4, len(activations))
    np.testing.assert_allclose(
        covariance(activations, weight),
        covariance(np.repeat(activations, weight, axis=0)),
        atol=1e-12,  # sums in another order
    )


def test_the_error_is_what_reconstruction_leaves():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 4))
    model = MLPRegressor(
        hidden_layer_sizes=(10,), solver="lbfgs", max_iter=500, random_state=0
    ).fit(X, np.sin(X[:, 0]) + X[:, 1] * X[:, 2])
    family = family_of(model)
    units = family.units(model, "neuron", X)
    errors = NeuronElimination(1e-9).score(family, model, units, Task(X))
    small = prune(model, X, method=NeuronElimination(1e-9), pruning_ratio=0.6)
    said = model.predict(X)
    left = np.square(said - small.predict(X)).mean() / said.var()
    # reconstruction pulls a little towards the weights as they were
    assert left == pytest.approx(np.sort(errors)[5], rel=0.05)


def test_it_is_the_default_and_better_than_magnitude_without_labels():
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    model = MLPClassifier((64, 32), max_iter=60, random_state=0).fit(X, y)

    def score(method):
        small = prune(model, X, method=method, pruning_ratio=0.7)
        return small.score(X_test, y_test)

    assert score("auto") == score(NeuronElimination())
    assert score("auto") > score(Magnitude("neuron")) + 0.03


def test_a_model_without_hidden_units(regression):
    X, y = regression
    with pytest.raises(ValueError, match="Ridge, which has no neurons to remove"):
        prune(Ridge().fit(X, y), X, y, method="neuron_elimination")
