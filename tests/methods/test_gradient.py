"""Gradient pruning: scores equal sums of finite differences for single rows."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklprune import prune
from sklprune._registry import family_of
from sklprune._units import Task
from sklprune.methods import Gradient


def scores_of(method, model, X, y, **task):
    family = family_of(model)
    units = family.units(model, method.granularity, X)
    return method.score(family, model, units, Task(X, y, **task))


@pytest.fixture
def network(classes):
    X, y = classes
    X, y = X[:30], y[:30]
    model = MLPClassifier((5, 4), activation="tanh", max_iter=40, random_state=0)
    return model.fit(X, y), X, y


@pytest.mark.parametrize("power", [1, 2])
def test_scores_of_weights_are_those_of_finite_differences(network, power):
    model, X, y = network
    scores = scores_of(Gradient(power=power), model, X, y)
    targets, step, expected = y[:, None] == model.classes_, 1e-6, []
    for coef in model.coefs_:
        for index in np.ndindex(coef.shape):
            losses = []
            for sign in (1, -1):
                coef[index] += sign * step
                probability = model.predict_proba(X)
                losses.append(-np.log(probability[targets]))
                coef[index] -= sign * step
            gradient = (losses[0] - losses[1]) / (2 * step)
            expected.append(np.mean(np.abs(coef[index] * gradient) ** power))
    # the scores are computed in single precision
    np.testing.assert_allclose(scores, expected, rtol=1e-3, atol=1e-6)


def test_the_score_of_a_unit_is_its_output_times_its_gradient(network):
    model, X, y = network
    scores = scores_of(Gradient("neuron", power=1), model, X, y)
    targets = (y[:, None] == model.classes_).astype(float)
    hidden = np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    last = np.tanh(hidden @ model.coefs_[1] + model.intercepts_[1])
    error = (model.predict_proba(X) - targets) @ model.coefs_[2].T
    expected = np.abs(last * error).mean(axis=0)
    np.testing.assert_allclose(scores[5:], expected, rtol=1e-3)
    error = (error * (1 - last**2)) @ model.coefs_[1].T
    expected = np.abs(hidden * error).mean(axis=0)
    np.testing.assert_allclose(scores[:5], expected, rtol=1e-3)


def test_scores_of_linear_models_are_in_closed_form(binary):
    X, y = binary
    model = LogisticRegression().fit(X, y)
    error = model.predict_proba(X)[:, 1] - y
    expected = np.mean((model.coef_[0] * X * error[:, None]) ** 2, axis=0)
    np.testing.assert_allclose(scores_of(Gradient(), model, X, y), expected)
    weight = np.random.RandomState(0).rand(len(y))
    model = Ridge().fit(X, y)
    error = model.predict(X) - y
    expected = np.average(
        np.abs(model.coef_ * X * error[:, None]), axis=0, weights=weight
    )
    scores = scores_of(Gradient(power=1), model, X, y, sample_weight=weight)
    np.testing.assert_allclose(scores, expected)


def test_multi_output_and_multilabel_networks(binary):
    X, y = binary
    both = np.column_stack([y, X[:, 0]])
    model = MLPRegressor(hidden_layer_sizes=(8,), max_iter=30, random_state=0)
    model.fit(X, both)
    assert (scores_of(Gradient(), model, X, both) >= 0).all()
    labels = (both > 0).astype(int)
    model = MLPClassifier((8,), max_iter=30, random_state=0).fit(X, labels)
    assert (scores_of(Gradient("neuron"), model, X, labels) >= 0).all()


def test_a_digits_network_keeps_its_loss_better_than_in_random_order():
    X, y = load_digits(return_X_y=True)
    model = MLPClassifier((32,), max_iter=40, random_state=0).fit(X, y)
    losses = [
        log_loss(
            y,
            prune(
                model,
                X,
                y,
                method=method,
                pruning_ratio=0.7,
                refit=False,
                random_state=0,
            ).predict_proba(X),  # fmt: skip
        )
        for method in ("gradient", "random_order")
    ]
    assert losses[0] < losses[1]


@pytest.mark.parametrize(
    "method, message",
    [
        (Gradient(power=3), "power=3.*1 or 2"),
        (Gradient(per="row"), "per='row'.*'layer_adaptive'"),
        (Gradient("feature"), "granularity='feature'.*'weight' or 'neuron'"),
    ],
)
def test_a_wrong_parameter_is_an_error_that_names_it(method, message, binary):
    X, y = binary
    with pytest.raises(ValueError, match=message):
        prune(Ridge().fit(X, y), X, y, method=method, pruning_ratio=0.5)


def test_gradients_that_are_not_finite_are_an_error(network):
    model, X, y = network
    model.coefs_[1][0, 0] = np.nan
    with pytest.raises(ValueError, match="gradients of the loss are not finite"):
        scores_of(Gradient(), model, X, y)
