"""The strength of the L2 penalty of a network is chosen on held-out rows."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklprune import prune
from sklprune._networks import penalty_choice
from sklprune._networks.layer import Layer
from sklprune._networks.penalty_choice import STRENGTHS, chosen_strength
from sklprune._networks.problem import Problem
from sklprune.refits import MaskedRefit


def problem_of(noise, n_rows=400, l2=0.0):
    """Least squares on a linear target, with noise of a given standard deviation."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_rows, 60))
    y = X[:, :1] + noise * rng.normal(size=(n_rows, 1))
    return Problem(X, y, np.ones(n_rows), "relu", "identity", l2)


def strength_for(problem):
    layers = [Layer(np.full((60, 1), 0.01), np.zeros(1))]
    masks = [np.ones((60, 1), dtype=bool)]
    return chosen_strength(layers, masks, problem, np.random.RandomState(0))


def test_the_penalty_is_stronger_if_there_is_more_noise():
    strengths = [strength_for(problem_of(noise)) for noise in (0.0, 1.0, 10.0)]
    assert strengths == sorted(strengths)
    assert strengths[0] < STRENGTHS[-1]  # without noise, the penalty of the model
    assert strengths[2] == pytest.approx(0.75 * STRENGTHS[0])


def test_the_penalty_is_never_weaker_than_that_of_the_model():
    assert strength_for(problem_of(0.0, l2=0.05)) >= 0.05
    # fewer rows than can be held out
    assert strength_for(problem_of(1.0, n_rows=4, l2=0.05)) == 0.05


def test_the_total_strength_is_that_of_the_rows_of_the_search(monkeypatch):
    problem = problem_of(10.0)
    first = strength_for(problem)
    monkeypatch.setattr(penalty_choice, "MAX_ROWS", 200)
    assert strength_for(problem) == pytest.approx(first / 2)


@pytest.fixture(scope="module")
def noisy():
    """Rows of two classes with noisy labels, and a network that is too large."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(1200, 10))
    y = (X[:, 0] + rng.normal(size=1200) > 0).astype(int)
    model = MLPClassifier((30,), max_iter=400, tol=0, random_state=0, solver="lbfgs")
    return model.fit(X[:400], y[:400]), X, y


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_a_chosen_penalty_prevents_overfitting(noisy):
    model, X, y = noisy
    params = {"method": "magnitude", "pruning_ratio": 0.5, "random_state": 0}
    losses = []
    for alpha in (None, "auto"):
        refit = MaskedRefit(alpha=alpha, solver="lbfgs")
        small = prune(model, X[:400], y[:400], refit=refit, **params)
        losses.append(log_loss(y[400:], small.predict_proba(X[400:])))
    assert losses[1] < 0.7 < losses[0]


def test_weights_of_the_rows_may_have_any_scale(noisy):
    model, X, y = noisy
    weight = np.random.RandomState(1).uniform(0.5, 2, 400)
    refit = MaskedRefit(alpha="auto", max_epochs=2)
    first, second = (
        prune(
            model,
            X[:400],
            y[:400],
            sample_weight=factor * weight,
            refit=refit,
            method="magnitude",
            pruning_ratio=0.8,
            random_state=0,
        ).estimator_
        for factor in (1, 4)
    )
    for a, b in zip(first.coefs_, second.coefs_):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_large_networks_are_trained_by_adam_with_the_chosen_penalty(monkeypatch):
    X, y = load_digits(return_X_y=True)
    X, y = X[:600] / 16, y[:600]
    model = MLPClassifier((20,), max_iter=60, random_state=0, tol=0).fit(X, y)
    params = {"method": "activation", "pruning_ratio": 0.7, "random_state": 0}
    refits = [MaskedRefit(alpha="auto"), MaskedRefit(alpha="auto", solver="adam")]
    networks = []
    for refit, limit in zip([*refits, refits[0]], (0, np.inf, np.inf)):
        monkeypatch.setattr("sklprune.families.mlp.MAX_PRODUCTS", limit)
        networks.append(prune(model, X, y, refit=refit, **params).estimator_)
    large, adam, small = (network.coefs_[0] for network in networks)
    np.testing.assert_array_equal(large, adam)
    assert not np.array_equal(large, small)
    assert min(network.score(X, y) for network in networks) > 0.9


def test_a_network_for_a_continuous_target_has_a_chosen_penalty():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 5))
    y = np.abs(X[:, 0]) + 0.1 * rng.normal(size=300)
    model = MLPRegressor(
        hidden_layer_sizes=(20,), max_iter=400, random_state=0, solver="lbfgs"
    ).fit(X[:200], y[:200])
    small = prune(
        model,
        X[:200],
        y[:200],
        pruning_ratio=0.7,
        refit=MaskedRefit(alpha="auto"),
        random_state=0,
    )
    assert small.score(X[200:], y[200:]) > 0.8


@pytest.mark.parametrize(
    "refit, message",
    [
        (MaskedRefit("l2", alpha="auto"), "alpha='auto'.*must be a number"),
        (MaskedRefit(alpha="strong"), "alpha='strong'.*None, 'auto' or a number"),
        (MaskedRefit("maxent", alpha=0.0, target_alpha="auto"), "target_alpha='auto'"),
    ],
)
def test_other_values_are_errors_that_name_the_parameter(refit, message, noisy):
    model, X, y = noisy
    with pytest.raises(ValueError, match=message):
        prune(model, X, y, method="magnitude", pruning_ratio=0.5, refit=refit)
