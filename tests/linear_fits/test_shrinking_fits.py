"""Fits that lose columns, compared with fits of scikit-learn on the same columns."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import (
    GammaRegressor,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
)

from sklprune._linear_fits.least_squares import BLOCK, IllConditioned
from sklprune._linear_fits.moments import moments_of
from sklprune._registry import family_of
from sklprune._units import Task

RNG = np.random.RandomState(0)
N_ROWS, N_COLUMNS = 200, 2 * BLOCK + 7
MIXED = RNG.normal(size=(N_COLUMNS, N_COLUMNS)) / 5 + np.eye(N_COLUMNS)
X = RNG.normal(size=(N_ROWS, N_COLUMNS)) @ MIXED + np.linspace(-1, 1, N_COLUMNS)
X *= np.geomspace(0.01, 100, N_COLUMNS)
Y = np.column_stack(
    [X @ RNG.normal(size=N_COLUMNS) / 100 + RNG.normal(size=N_ROWS) for _ in range(2)]
)
WEIGHT = RNG.uniform(0.1, 3, N_ROWS)
CLASSES = np.array(["ant", "bee"])[(Y[:, 0] > Y[:, 0].mean()).astype(int)]
THREE = np.array(["ant", "bee", "cat"])[np.digitize(Y[:, 1], [-0.5, 0.5])]
POSITIVE = np.exp((Y[:, 0] - Y[:, 0].mean()) / np.ptp(Y[:, 0]))
TIGHT = {"tol": 1e-10, "max_iter": 10_000}
EXACT = [
    (LinearRegression(), Y[:, 0]),
    (LinearRegression(fit_intercept=False), Y),
    (Ridge(3.0), Y),
    (RidgeClassifier(0.5), CLASSES),
    (RidgeCV(np.geomspace(0.01, 1000, 6)), Y),
    (RidgeCV([5.0, 0.1, 50.0], fit_intercept=False), Y[:, 0]),
    (RidgeCV(np.geomspace(0.01, 1000, 6), alpha_per_target=True), Y),
    (RidgeClassifierCV(), CLASSES),
]
ITERATIVE = [
    (LogisticRegression(**TIGHT), CLASSES),
    (LogisticRegression(C=0.01, fit_intercept=False, **TIGHT), CLASSES),
    (LogisticRegression(**TIGHT), THREE),
    (LogisticRegression(C=0.01, fit_intercept=False, **TIGHT), THREE),
    (PoissonRegressor(alpha=0.1, solver="newton-cholesky", **TIGHT), POSITIVE),
    (GammaRegressor(alpha=0.1, solver="newton-cholesky", **TIGHT), POSITIVE),
]


def rows_of(model, X, y, weight=None):
    task = Task(X, y, sample_weight=weight)
    return family_of(model).linear_rows(model, task, np.arange(X.shape[1]))


def assert_fitted(fit, model, X, y, weight, rtol):
    columns = fit.columns
    model.fit(X[:, columns], y, sample_weight=weight)
    expected = np.atleast_2d(model.coef_).T
    size = X[:, columns].std(axis=0)[:, None]
    largest = np.abs(expected * size).max()
    np.testing.assert_allclose(fit.coef * size, expected * size, atol=rtol * largest)
    np.testing.assert_allclose(
        np.broadcast_to(fit.intercept, expected.shape[1]),
        np.broadcast_to(model.intercept_, expected.shape[1]),
        rtol=rtol,
        atol=rtol * max(largest, np.abs(model.intercept_).max()),
    )


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("model, y", EXACT)
def test_least_squares_without_columns(model, y, weight):
    fit = rows_of(model, X, y, weight).fit()
    # the eigenvalues that older releases use for many penalties are less precise
    rtol = 1e-5 if hasattr(model, "alphas") else 1e-7
    assert_fitted(fit, model, X, y, weight, rtol)
    # up to one column, and past several refinements of the inverse
    order = RNG.permutation(N_COLUMNS)[:-1]
    for i, column in enumerate(order):
        fit.remove([column])
        assert column not in fit.columns and len(fit.columns) == N_COLUMNS - 1 - i
        if i % 9 == 0 or len(fit.columns) == 1:
            assert_fitted(fit, model, X, y, weight, rtol)


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("model, y", ITERATIVE)
def test_likelihoods_without_columns(model, y, weight):
    some = X[:, :12] / X[:, :12].std(axis=0)
    fit = rows_of(model, some, y, weight).fit()
    assert_fitted(fit, model, some, y, weight, 1e-4)
    for columns in ([3], [7, 0, 11], [5], [1, 2, 4, 6, 8, 9]):
        fit.remove(columns)
        assert_fitted(fit, model, some, y, weight, 1e-4)
    assert fit.columns.tolist() == [10]


def test_sparse_rows_give_the_fit_of_dense_rows():
    some = np.where(np.abs(X) < np.abs(X).mean(axis=0), 0, X)[:, :12]
    for model, y in [*EXACT[1:], *ITERATIVE[:4]]:
        dense = rows_of(model, some, y, WEIGHT).fit()
        fit = rows_of(model, sparse.csr_array(some), y, WEIGHT).fit()
        for each in (dense, fit):
            each.remove([2, 5])
        np.testing.assert_allclose(fit.coef, dense.coef, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(fit.intercept, dense.intercept, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_moments_of_other_rows_by_subtraction(weight):
    out = np.arange(0, N_ROWS, 5)
    kept = np.setdiff1d(np.arange(N_ROWS), out)
    for model, y in (EXACT[0], *EXACT[2:5], ITERATIVE[0], ITERATIVE[2]):
        of_kept = None if weight is None else weight[kept]
        fit = rows_of(model, X[:, :9], y, weight).without(out).fit()
        expected = rows_of(model, X[kept][:, :9], y[kept], of_kept).fit()
        np.testing.assert_allclose(fit.coef, expected.coef, rtol=1e-5, atol=1e-9)


def test_moments_are_precise_for_large_means():
    shifted = RNG.normal(size=(3000, 4)) + 1e6
    y = shifted[:, :1]
    shift, target_shift = shifted.mean(axis=0), y.mean(axis=0)
    centred = moments_of(shifted, y, None, shift, target_shift).centred(True)
    exact = shifted - shifted.mean(axis=0)
    np.testing.assert_allclose(centred.products, exact.T @ exact, rtol=1e-8, atol=1e-5)
    np.testing.assert_allclose(centred.scales(), exact.std(axis=0), rtol=1e-9)


def test_constant_columns_have_the_coefficient_zero():
    constant = np.column_stack([np.full(N_ROWS, 3.0), X[:, :3], np.zeros(N_ROWS)])
    for model, y in [*EXACT, *ITERATIVE]:
        if not model.fit_intercept:
            continue
        fit = rows_of(model, constant, y).fit()
        values = dict(zip(fit.columns.tolist(), np.abs(fit.coef).max(axis=1)))
        assert values[0] < 1e-12 and values[4] < 1e-12 and values[1] > 1e-9
        fit.remove([4, 1])
        assert_fitted(fit, model, constant, y, None, 1e-4)


@pytest.mark.parametrize("n_rows", [20, 200])
def test_the_penalty_is_chosen_again_for_each_set_of_columns(n_rows):
    """With fewer rows than columns too."""
    table, y = X[:n_rows, :30] / X[:, :30].std(axis=0), Y[:n_rows, 0]
    model = RidgeCV(np.geomspace(1e-2, 1e4, 13))
    fit, chosen = rows_of(model, table, y).fit(), set()
    for column in range(29):
        fit.remove([column])
        assert_fitted(fit, model, table, y, None, 1e-6)
        chosen.add(model.alpha_)
    assert len(chosen) > 1


@pytest.mark.parametrize("case", ["copies", "few rows"])
def test_columns_without_a_unique_fit_are_refused(case):
    table, y = X[:, :6].copy(), Y[:, 0]
    if case == "copies":
        table[:, 4] = table[:, 1] * 2
    else:
        table, y = table[:5], y[:5]
    with pytest.raises(IllConditioned):
        rows_of(LinearRegression(), table, y).fit()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_model_itself_refuses_values_that_are_not_finite(value):
    table, y = X[:, :6].copy(), Y[:, 0]
    table[3, 3] = value
    assert rows_of(LinearRegression(), table, y) is None


def test_separable_classes_without_a_penalty_are_refused():
    table = np.linspace(-1, 1, 40)[:, None]
    model = LogisticRegression(C=np.inf)
    with pytest.raises(IllConditioned):
        rows_of(model, table, table[:, 0] > 0).fit()


def test_models_that_are_not_known():
    class Other(Ridge):
        def fit(self, X, y):
            return super().fit(X, np.log(y))

    for model in (
        Other(),
        Ridge(positive=True),
        Ridge([1.0, 2.0]),
        LogisticRegression(l1_ratio=0.5, solver="saga"),
        LogisticRegression(solver="liblinear"),
        RidgeCV(cv=3),
        RidgeCV(scoring="r2"),
    ):
        offered = family_of(model).capabilities(model)
        if isinstance(model, LogisticRegression) and model.solver == "saga":
            # older releases ignore l1_ratio without a penalty that has one
            continue
        assert "shrinking_fits" not in offered
    text = np.array([["a", "b"]] * 4, dtype=object)
    assert rows_of(Ridge(), text, np.arange(4.0)) is None
    assert rows_of(RidgeCV([]), X, Y) is None
    assert rows_of(LogisticRegression(), X[:6, :2], np.zeros((6, 2))) is None
    # the inverse for all classes would be too large
    assert rows_of(LogisticRegression(), X, np.arange(N_ROWS) % 100) is None
