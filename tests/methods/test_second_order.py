"""Second order: deletions and updates equal brute force where they are exact."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_digits, make_regression
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from sklprune import PrunedEstimator, prune
from sklprune.methods import Magnitude, SecondOrder


@pytest.fixture(scope="module")
def correlated():
    """Rows with strongly correlated columns, and values."""
    X, y = make_regression(120, 8, n_informative=8, noise=20.0, random_state=0)
    X = X @ np.random.RandomState(0).normal(size=(8, 8)) + 3.0
    return X, y


def pruned(model, X, ratio, method="second_order", **params):
    params = {"refit": False, "random_state": 0} | params
    return prune(model, X, method=method, pruning_ratio=ratio, **params).estimator_


def fitted_without(model, X, y, removed):
    """A fit without some columns, as coefficients of all columns."""
    kept = np.setdiff1d(np.arange(X.shape[1]), removed)
    again = type(model)(**model.get_params()).fit(X[:, kept], y)
    coef = np.zeros(X.shape[1])
    coef[kept] = again.coef_
    return coef, again.intercept_, again


# -- exact for least squares -----------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        LinearRegression(),
        LinearRegression(fit_intercept=False),
        Ridge(3.0),
        Ridge(0.5, fit_intercept=False),
    ],
    ids=repr,
)
def test_a_deletion_is_the_best_one_and_its_update_is_the_fit_without_it(
    model, correlated
):
    X, y = correlated
    model.fit(X, y)
    small = pruned(model, X, 1 / 8)
    (removed,) = np.flatnonzero(small.coef_ == 0)

    def penalised_error(column):
        coef, intercept, _ = fitted_without(model, X, y, [column])
        error = np.sum((y - X @ coef - intercept) ** 2)
        return error + getattr(model, "alpha", 0.0) * np.sum(coef**2)

    assert removed == np.argmin([penalised_error(column) for column in range(8)])
    coef, intercept, _ = fitted_without(model, X, y, [removed])
    np.testing.assert_allclose(small.coef_, coef, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(small.intercept_, intercept, rtol=1e-8, atol=1e-8)


def test_several_deletions_are_greedy_and_their_update_is_the_fit(correlated):
    X, y = correlated
    model = LinearRegression().fit(X, y)
    removed = []
    for _ in range(5):
        free = np.setdiff1d(np.arange(8), removed)
        errors = [
            -fitted_without(model, X, y, [*removed, column])[2].score(
                np.delete(X, [*removed, column], axis=1), y
            )
            for column in free
        ]
        removed.append(free[np.argmin(errors)])
    small = pruned(model, X, 5 / 8)
    assert set(np.flatnonzero(small.coef_ == 0)) == set(removed)
    coef, _, _ = fitted_without(model, X, y, removed)
    np.testing.assert_allclose(small.coef_, coef, rtol=1e-8)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_update_of_logistic_regression_is_the_penalised_fit(correlated, n_classes):
    X, y = correlated
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes))
    # labels of some rows are wrong, so that the weights are not large
    y[::7] = np.roll(y, 3)[::7]
    model = LogisticRegression(C=0.5, tol=1e-10, max_iter=5000).fit(X, y)
    without_labels = pruned(model, X, 0.5)
    settings = {"method": "second_order", "pruning_ratio": 0.5, "random_state": 0}
    labelled = prune(model, X, y, seen=False, **settings).estimator_
    np.testing.assert_allclose(
        without_labels.coef_, labelled.coef_, rtol=1e-3, atol=1e-3
    )
    assert np.count_nonzero(labelled.coef_) == labelled.coef_.size / 2


def test_weights_of_rows_count(correlated):
    X, y = correlated
    weight = np.random.RandomState(0).randint(0, 4, len(y))
    model = LinearRegression().fit(X, y, sample_weight=weight)
    weighted = prune(
        model, X, sample_weight=weight, method="second_order", pruning_ratio=0.5,
        refit=False,
    ).estimator_  # fmt: skip
    repeated = pruned(model, np.repeat(X, weight, axis=0), 0.5)
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-8)


def test_sparse_rows_give_the_same(correlated):
    X, y = correlated
    X = np.where(np.abs(X - 3) < 2, 0.0, X)
    model = Ridge(2.0).fit(X, y)
    dense, other = (pruned(model, rows, 0.5) for rows in (X, sparse.csr_array(X)))
    np.testing.assert_allclose(dense.coef_, other.coef_, rtol=1e-6)


def test_wide_sparse_rows_are_never_made_dense():
    rng = np.random.RandomState(0)
    X = sparse.random_array((60, 100_000), density=1e-3, format="csr", rng=rng)
    model = SGDClassifier(random_state=0).fit(X, rng.randint(0, 2, 60))
    small = pruned(model, X, 0.9)
    assert np.count_nonzero(small.coef_) <= 10_000


def test_singular_curvature_is_damped_with_a_warning(correlated):
    X, y = correlated
    X = np.column_stack([X, X[:, 0], X[:, 1] - X[:, 2]])
    model = LinearRegression().fit(X, y)
    with pytest.warns(UserWarning, match="singular.*damping"):
        small = pruned(model, X, 0.2)
    # two of ten columns are redundant
    np.testing.assert_allclose(small.predict(X), model.predict(X), rtol=1e-4)


# -- other models ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        LogisticRegression(solver="liblinear"),
        SGDClassifier(loss="log_loss", random_state=0),
        SGDClassifier(average=True, random_state=0),
        LinearSVC(),
        RidgeClassifier(),
    ],
    ids=repr,
)
def test_classifiers_keep_more_than_by_magnitude_without_a_refit(model):
    X, y = load_digits(return_X_y=True)
    y = y % 2 if "liblinear" in repr(model) else y
    X = X[:600] / 16
    model.fit(X, y[:600])
    own, other = (
        pruned(model, X, 0.7, method).score(X, y[:600])
        for method in (SecondOrder(), Magnitude())
    )
    assert own > other - 0.01
    assert own > model.score(X, y[:600]) - 0.06


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_networks_keep_more_than_by_magnitude_and_reconstruction(activation):
    X, y = load_digits(return_X_y=True)
    model = MLPClassifier((24, 16), activation=activation, max_iter=60, random_state=0)
    model.fit(X / 16, y)
    own = pruned(model, X / 16, 0.9)
    other = pruned(model, X / 16, 0.9, "magnitude", refit="reconstruction")
    assert own.score(X / 16, y) > other.score(X / 16, y)
    n_weights = sum(coef.size for coef in model.coefs_)
    assert sum(np.count_nonzero(c) for c in own.coefs_) <= n_weights * 0.1 + 1
    assert own.coefs_[0].dtype == model.coefs_[0].dtype


def test_multi_output_and_multilabel_networks(correlated):
    X, y = correlated
    both = np.column_stack([y, X[:, 0]])
    model = MLPRegressor(
        hidden_layer_sizes=(20,), solver="lbfgs", max_iter=300, random_state=0
    )
    model.fit(X, both)
    assert pruned(model, X, 0.5).predict(X).shape == both.shape
    labels = (both > both.mean(axis=0)).astype(int)
    model = MLPClassifier((12,), max_iter=200, random_state=0).fit(X, labels)
    assert pruned(model, X, 0.3).score(X, labels) > model.score(X, labels) - 0.2


def test_only_optimal_brain_surgeon_removes_the_right_weights_of_copied_inputs():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 4))
    X = np.column_stack([X, X[:, :2] + 1e-3 * rng.normal(size=(200, 2))])
    y = X @ [2.0, 2.0, 0.5, 0.3, 2.0, 2.0]
    model = Ridge(1e-3).fit(X, y)
    small = pruned(model, X, 2 / 6)
    # one of each pair is redundant, although its weight is among the largest
    assert small.score(X, y) > 0.9999
    assert pruned(model, X, 2 / 6, SecondOrder("diagonal")).score(X, y) < 0.999


def test_the_refit_continues_from_the_update():
    X, y = load_digits(return_X_y=True)
    model = MLPClassifier((24,), max_iter=60, random_state=0).fit(X / 16, y)
    alone = pruned(model, X / 16, 0.9)
    without_labels = pruned(model, X / 16, 0.9, refit=True)
    for coef, other in zip(alone.coefs_, without_labels.coefs_):
        np.testing.assert_array_equal(coef, other)
    options = {"method": "second_order", "pruning_ratio": 0.9, "random_state": 0}
    refitted = prune(model, X / 16, y, **options)
    assert refitted.score(X / 16, y) > alone.score(X / 16, y)


# -- bad input -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method, message",
    [
        (SecondOrder("full"), "curvature='full'.*'block' or 'diagonal'"),
        (SecondOrder(damping=-1.0), "damping=-1.0.*not negative"),
        (SecondOrder(damping="none"), "damping='none'"),
        (SecondOrder(max_rows=0), "max_rows=0.*above 1"),
    ],
)
def test_a_wrong_parameter_is_an_error_that_names_it(method, message, correlated):
    X, y = correlated
    with pytest.raises(ValueError, match=message):
        pruned(LinearRegression().fit(X, y), X, 0.5, method)


def test_a_model_without_weights_is_an_error_that_names_methods(binary):
    X, y = binary
    with pytest.raises(ValueError, match="no weights to remove.*Methods that work"):
        PrunedEstimator(DecisionTreeClassifier(), method="second_order").fit(X, y)


def test_weights_that_are_not_finite_are_an_error(correlated):
    X, y = correlated
    model = LogisticRegression().fit(X, y > 0)
    model.coef_ = model.coef_ * np.inf
    with pytest.raises(ValueError, match="not finite"):
        pruned(model, X, 0.5)
