"""Masked refit: removed weights remain zero, and the training loss decreases."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    Lasso,
    LinearRegression,
    LogisticRegression,
    MultiTaskElasticNetCV,
    OrthogonalMatchingPursuit,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import LinearSVC

from sklprune import PrunedEstimator, prune
from sklprune.methods import Magnitude
from sklprune.refits import MaskedRefit, Reconstruction


@pytest.fixture(scope="module")
def digits():
    """Training rows, test rows, and an MLP that was fitted on the training rows."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    model = MLPClassifier((64, 32), max_iter=60, random_state=0).fit(X, y)
    return model, X, X_test, y, y_test


def pruned(model, X, y, refit=True, **params):
    params = {"pruning_ratio": 0.5, "random_state": 0} | params
    return prune(model, X, y, refit=refit, **params).estimator_


# -- networks --------------------------------------------------------------------------


def test_an_mlp_on_digits_without_70_percent_of_its_units_keeps_its_score(digits):
    model, X, X_test, y, y_test = digits
    method = Magnitude("neuron")
    small = pruned(model, X, y, method=method, pruning_ratio=0.7)
    assert sum(small.hidden_layer_sizes) == 29
    closed_form = pruned(
        model, X, y, Reconstruction(), method=method, pruning_ratio=0.7
    )
    dense = model.score(X_test, y_test)
    assert small.score(X_test, y_test) > dense - 0.03
    assert closed_form.score(X_test, y_test) < dense - 0.05


def test_removed_weights_remain_zero(digits):
    model, X, _, y, _ = digits
    method = Magnitude("weight", per="layer")
    for refit in (MaskedRefit(max_epochs=3), MaskedRefit(max_epochs=3, start="kept")):
        small = pruned(model, X, y, refit, method=method, pruning_ratio=0.8)
        kept = sum(np.count_nonzero(coef) for coef in small.coefs_)
        assert kept <= 0.2 * sum(coef.size for coef in model.coefs_) + 1
        # a second pruning, of units, revives none of them
        smaller = pruned(small, X, y, refit, method=Magnitude("neuron"))
        assert sum(np.count_nonzero(coef) for coef in smaller.coefs_) < kept


@pytest.mark.parametrize("learning_rate", [1e-3, 10.0])
def test_the_training_loss_is_never_above_its_start(digits, learning_rate):
    model, X, _, y, _ = digits
    method, refit = (
        Magnitude("neuron"),
        MaskedRefit(learning_rate=learning_rate, max_epochs=2, alpha=0.0),
    )
    start = pruned(model, X, y, Reconstruction(), method=method)
    end = pruned(model, X, y, refit, method=method)
    before, after = (log_loss(y, m.predict_proba(X)) for m in (start, end))
    # if no epoch is better, the result is the start
    assert after < before if learning_rate < 1 else after == before


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix])
def test_regression_with_any_precision_and_any_container(dtype, container):
    rng = np.random.RandomState(0)
    X = (rng.normal(size=(300, 6)) * (rng.rand(300, 6) < 0.5)).astype(dtype)
    y = np.column_stack([X[:, 0] * X[:, 1], X[:, 2]]).astype(dtype)
    model = MLPRegressor(hidden_layer_sizes=(20,), solver="lbfgs", random_state=0).fit(
        container(X), y
    )
    small = pruned(model, container(X), y)
    assert all(coef.dtype == model.coefs_[0].dtype for coef in small.coefs_)
    reconstructed = pruned(model, container(X), y, "reconstruction")
    assert small.score(X, y) > reconstructed.score(X, y)


def test_multilabel_classification(binary):
    X, _ = binary
    y = (X[:, :3] > 0).astype(int)
    model = MLPClassifier((16,), max_iter=100, random_state=0).fit(X, y)
    small = pruned(model, X, y)
    assert small.predict(X).shape == y.shape
    assert small.score(X, y) > pruned(model, X, y, "reconstruction").score(X, y)


def test_rows_of_weight_zero_have_no_effect(binary):
    X, y = binary
    model = MLPClassifier((12,), max_iter=100, random_state=0).fit(X, y)
    wrong = np.concatenate([y, 1 - y])
    weight = np.repeat([1.0, 0.0], len(y))
    small = PrunedEstimator(FrozenEstimator(model), pruning_ratio=0.5, random_state=0)
    small.fit(np.concatenate([X, X]), wrong, sample_weight=weight)
    assert small.score(X, y) > 0.85


# -- linear models ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        LinearRegression(),
        LinearRegression(positive=True),
        LinearRegression(fit_intercept=False),
        Lasso(),
        PoissonRegressor(),
    ],
    ids=str,
)
def test_a_common_support_gives_a_clone_on_the_kept_columns(regression, model):
    X, y = regression
    y = y - y.min() if isinstance(model, PoissonRegressor) else y
    model = model.fit(X, y)
    small = pruned(model, X, y)
    kept = small.coef_ != 0
    assert kept.sum() == 3
    alone = type(model)(**model.get_params()).fit(X[:, kept], y)
    np.testing.assert_array_equal(small.coef_[kept], alone.coef_)
    assert small.intercept_ == alone.intercept_
    assert (small.coef_ >= 0).all() or not getattr(model, "positive", False)


def test_outputs_of_different_supports_are_fitted_separately():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(100, 6))
    y = X @ rng.normal(size=(6, 3)) + rng.normal(size=(100, 3))
    small = pruned(Ridge(alpha=np.array([1.0, 10.0, 0.1])).fit(X, y), X, y)
    assert np.unique(small.coef_ != 0, axis=0).shape[0] > 1
    for output, alpha in enumerate([1.0, 10.0, 0.1]):
        kept = small.coef_[output] != 0
        alone = Ridge(alpha=alpha).fit(X[:, kept], y[:, output])
        # the solvers for one and for several targets round differently
        np.testing.assert_allclose(small.coef_[output, kept], alone.coef_, rtol=1e-9)
        np.testing.assert_allclose(small.intercept_[output], alone.intercept_)


@pytest.mark.parametrize(
    "model", [RidgeClassifier(), LinearSVC(), SGDClassifier(random_state=0)], ids=str
)
def test_classes_of_different_supports_are_fitted_against_the_rest(classes, model):
    X, y = classes
    weight = np.random.RandomState(0).rand(len(y))
    estimator = PrunedEstimator(model, pruning_ratio=0.5, random_state=0)
    small = estimator.fit(X, y, sample_weight=weight).estimator_
    assert np.unique(small.coef_ != 0, axis=0).shape[0] > 1
    for i, label in enumerate(small.classes_):
        kept = small.coef_[i] != 0
        alone = type(model)(**{**model.get_params(), "random_state": 0})
        alone.fit(X[:, kept], y == label, sample_weight=weight)
        np.testing.assert_allclose(
            small.coef_[i, kept], np.ravel(alone.coef_), rtol=1e-9
        )


@pytest.mark.parametrize("balanced", [None, "balanced"])
@pytest.mark.parametrize("C", [0.05, 10.0])
def test_multinomial_regression_is_stationary_on_its_support(classes, C, balanced):
    X, y = classes
    y = np.where(np.arange(len(y)) % 3, y, "ant")  # classes of unequal size
    model = LogisticRegression(C=C, class_weight=balanced, max_iter=1000).fit(X, y)
    small = pruned(model, X, y)
    kept = small.coef_ != 0
    assert np.unique(kept, axis=0).shape[0] > 1 and kept.sum() == 12
    weight = np.ones(len(y))
    if balanced:
        _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        weight = (len(y) / 3 / counts)[codes]
    residual = small.predict_proba(X) - (y[:, None] == small.classes_)
    gradient = C * (weight[:, None] * residual).T @ X + small.coef_
    # L-BFGS stops at gradients of 1e-5 of the mean loss
    assert np.abs(gradient[kept]).max() < 1e-4 * C * len(y)
    assert np.abs((weight[:, None] * residual).mean(axis=0)).max() < 1e-4


@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_multinomial_regression_with_an_absolute_penalty(classes, l1_ratio):
    X, y = classes
    model = LogisticRegression(
        C=0.5, solver="saga", tol=1e-8, max_iter=20000, random_state=0
    )
    kind = {} if _one_name_for_penalties() else {"penalty": "elasticnet"}
    model.set_params(l1_ratio=l1_ratio, **kind)
    model.fit(X, y)
    # only the smallest weight is removed, and it is nearly zero
    small = pruned(model, X, y, pruning_ratio=1 / 24)
    np.testing.assert_allclose(
        small.predict_proba(X), model.predict_proba(X), atol=5e-3
    )
    assert np.count_nonzero(small.coef_) <= np.count_nonzero(model.coef_)


def _one_name_for_penalties():
    return LogisticRegression().penalty == "deprecated"


def test_refitted_logistic_regression_beats_its_reconstruction():
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    model = LogisticRegression(max_iter=500).fit(X, y)
    scores = [
        pruned(model, X, y, refit, pruning_ratio=0.9).score(X_test, y_test)
        for refit in (True, "reconstruction")
    ]
    assert scores[0] > scores[1] + 0.03


def test_multi_task_models_are_fitted_separately_for_each_output():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(80, 5))
    y = X @ rng.normal(size=(5, 2))
    model = MultiTaskElasticNetCV().fit(X, y)
    small = pruned(model, X, y, pruning_ratio=0.3)
    assert np.unique(small.coef_ != 0, axis=0).shape[0] == 2
    assert small.score(X, y) > pruned(model, X, y, False, pruning_ratio=0.3).score(X, y)


def test_alpha_replaces_the_penalty_of_the_model(classes, regression):
    X, y = regression
    small = pruned(Ridge().fit(X, y), X, y, MaskedRefit(alpha=50.0))
    kept = small.coef_ != 0
    alone = Ridge(alpha=50.0).fit(X[:, kept], y)
    np.testing.assert_array_equal(small.coef_[kept], alone.coef_)
    X, y = classes
    norms = [
        np.square(pruned(LogisticRegression().fit(X, y), X, y, refit).coef_).sum()
        for refit in (MaskedRefit(alpha=100.0), MaskedRefit(alpha=1.0), MaskedRefit())
    ]
    # C of the model is 1, and so is 1 / C
    assert norms[0] < 0.5 * norms[1] and norms[1] == norms[2]


# -- where it applies ------------------------------------------------------------------


def test_refit_true_depends_on_whether_y_is_given(regression):
    X, y = regression
    model = LinearRegression().fit(X, y)
    with_labels, without = pruned(model, X, y + 5), pruned(model, X, None)
    np.testing.assert_array_equal(
        with_labels.coef_, pruned(model, X, y + 5, MaskedRefit()).coef_
    )
    np.testing.assert_array_equal(
        without.coef_, pruned(model, X, None, Reconstruction()).coef_
    )


def test_models_that_select_columns_themselves_are_reconstructed(regression):
    X, y = regression
    model = OrthogonalMatchingPursuit(n_nonzero_coefs=3).fit(X, y)
    assert np.count_nonzero(pruned(model, X, y, pruning_ratio=4 / 6).coef_) == 2
    with pytest.raises(ValueError, match="needs masked_refit of the model.*refit=True"):
        pruned(model, X, y, "masked_refit")


def test_a_class_without_rows_is_an_error(classes):
    X, y = classes
    model = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match=r"y has no rows of .*\['cat'\].*'recon"):
        pruned(model, X[y != "cat"], y[y != "cat"])


@pytest.mark.parametrize(
    "params",
    [
        {"max_epochs": 0},
        {"max_epochs": 1.5},
        {"learning_rate": 0},
        {"alpha": -1},
        {"start": "zero"},
    ],
)
def test_invalid_parameters_are_errors(regression, params):
    X, y = regression
    ((name, value),) = params.items()
    with pytest.raises(ValueError, match=f"MaskedRefit\\({name}={value!r}\\)"):
        pruned(Ridge().fit(X, y), X, y, MaskedRefit(**params))


def test_alpha_for_a_model_without_a_penalty_is_an_error(regression):
    X, y = regression
    with pytest.raises(ValueError, match="LinearRegression has no penalty"):
        pruned(LinearRegression().fit(X, y), X, y, MaskedRefit(alpha=1.0))


def test_it_is_refused_for_columns(binary):
    estimator = PrunedEstimator(Ridge(), method="permutation", refit=MaskedRefit())
    with pytest.raises(ValueError, match="MaskedRefit cannot follow .* features"):
        estimator.fit(*binary)
