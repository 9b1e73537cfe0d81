"""Columns of linear models and networks are removed without a fit of the model."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    SGDClassifier,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklprune import PrunedEstimator, prune
from sklprune.methods import Method

MODELS = [
    Ridge(),
    LogisticRegression(),
    SGDClassifier(random_state=0),
    MLPClassifier((7, 5), max_iter=30, random_state=0),
]


class Spread(Method):
    """Removes columns of small standard deviation, without labels."""

    granularity = "feature"

    def score(self, family, estimator, units, task):
        X = task.X
        return np.asarray(X.toarray() if sparse.issparse(X) else X).std(axis=0)


@pytest.fixture
def rows():
    """Columns of mean 3, with standard deviations that rise from first to last."""
    rng = np.random.RandomState(0)
    X = rng.normal(3, np.arange(1, 7) / 3, size=(150, 6))
    return X, (X @ [1, -1, 2, 0, 1, -1] > 9).astype(int)


def pruned(model, X, y=None, **params):
    params = {"method": Spread(), "pruning_ratio": 0.5, "refit": False} | params
    return prune(model, X, y, **params).estimator_


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix])
def test_a_removed_column_equals_one_at_its_mean(model, container, rows):
    X, y = rows
    model = model.fit(container(X), y)
    small = pruned(model, container(X))
    assert small[-1].n_features_in_ == 3
    at_mean = X.copy()
    at_mean[:, :3] = X[:, :3].mean(axis=0)
    name = "predict" if isinstance(model, Ridge) else "decision_function"
    name = "predict_proba" if isinstance(model, MLPClassifier) else name
    expected = getattr(model, name)(container(at_mean))
    # the means are summed up in another order
    np.testing.assert_allclose(getattr(small, name)(container(X)), expected, rtol=1e-8)


def test_means_are_weighted_and_count_as_zero_without_an_intercept(rows):
    X, y = rows
    weight = np.random.RandomState(0).rand(len(y))
    plain, no_intercept = Ridge(), Ridge(fit_intercept=False)
    small = PrunedEstimator(plain, method=Spread(), pruning_ratio=0.5, refit=False).fit(
        X, y, sample_weight=weight
    )
    plain.fit(X, y, sample_weight=weight)
    shift = np.average(X[:, :3], axis=0, weights=weight) @ plain.coef_[:3]
    assert small.estimator_[-1].intercept_ == pytest.approx(plain.intercept_ + shift)
    small = pruned(no_intercept.fit(X, y), X)
    np.testing.assert_allclose(small.predict(X), X[:, 3:] @ no_intercept.coef_[3:])


def test_the_result_has_the_names_of_the_kept_columns(rows):
    X, y = rows
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model = LogisticRegression().fit(frame, y)
    small = pruned(model, frame)
    assert small[-1].feature_names_in_.tolist() == ["d", "e", "f"]
    np.testing.assert_array_equal(
        small.predict(frame), small.predict(frame[["d", "e", "f"]])
    )
    assert model.feature_names_in_.tolist() == list("abcdef")


def test_reconstruction_of_columns_is_least_squares_on_the_kept_ones(rows):
    X, y = rows
    X = X @ np.random.RandomState(1).normal(size=(6, 6))
    model = Ridge().fit(X, y)
    small = pruned(model, X, refit="reconstruction")
    kept = small[0].transform(X)
    closest = LinearRegression().fit(kept, model.predict(X)).predict(kept)
    # reconstruction has a small penalty, and the columns are correlated
    np.testing.assert_allclose(small.predict(X), closest, atol=1e-2)


def test_reconstruction_of_columns_of_a_network(rows):
    X, _ = rows
    X = X @ np.random.RandomState(1).normal(size=(6, 6))
    model = MLPRegressor(
        hidden_layer_sizes=(12, 8), solver="lbfgs", random_state=0
    ).fit(X, np.sin(X[:, 0] / 4) + X[:, 1] / 9)
    predictions = model.predict(X)

    def error(refit):
        return np.square(pruned(model, X, refit=refit).predict(X) - predictions).mean()

    assert error("reconstruction") < 0.8 * error(False)


def test_a_network_can_be_fitted_again_after_columns_were_removed(rows):
    X, y = rows
    model = MLPClassifier((7,), max_iter=5, warm_start=True, random_state=0).fit(X, y)
    small = pruned(model, X)[-1]
    assert small.fit(X[:, 3:], y).coefs_[0].shape == (3, 7)
    assert model.coefs_[0].shape == (6, 7)
