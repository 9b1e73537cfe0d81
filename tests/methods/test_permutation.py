"""Permutation importance: the values of scikit-learn, for every kind of X."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import check_scoring

from sklprune import prune
from sklprune._permutation.orders import Change, shuffles
from sklprune._permutation.tables import reordered
from sklprune._registry import family_of
from sklprune._units import Task
from sklprune.methods import Permutation


def importances(model, X, y, method, random_state, **rows):
    task = Task(X, y, scorer=check_scoring(model), random_state=random_state, **rows)
    family = family_of(model)
    return method.score(family, model, family.units(model, "feature", X), task)


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
def test_values_are_those_of_scikit_learn(binary, seed, container):
    X, y = container(binary[0]), binary[1]
    model = LogisticRegression().fit(X, y)
    expected = permutation_importance(model, X, y, n_repeats=4, random_state=seed)
    ours = importances(model, X, y, Permutation(4), seed)
    # scikit-learn takes a mean of differences, sklprune a difference of means
    np.testing.assert_allclose(ours, expected.importances_mean, atol=1e-15)


def test_sample_weights_reach_the_scores(regression):
    X, y = regression
    weight = np.random.RandomState(0).rand(len(y))
    model = Ridge().fit(X, y)
    expected = permutation_importance(
        model, X, y, sample_weight=weight, random_state=0
    ).importances_mean
    ours = importances(model, X, y, Permutation(), 0, sample_weight=weight)
    np.testing.assert_allclose(ours, expected, atol=1e-14)


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_array])
def test_sparse_rows_give_the_values_of_dense_rows(binary, kind):
    X, y = np.where(np.abs(binary[0]) < 0.5, 0, binary[0]), binary[1]
    model = LogisticRegression().fit(X, y)
    dense = importances(model, X, y, Permutation(), 0)
    np.testing.assert_allclose(
        importances(model, kind(X), y, Permutation(), 0), dense, atol=1e-15
    )


def test_every_kind_of_table_is_reordered_in_the_same_way(polars):
    X = np.arange(12.0).reshape(4, 3)
    order = np.array([2, 0, 3, 1])
    expected = X.copy()
    expected[:, 1] = X[order, 1]
    for table in (X, pd.DataFrame(X), polars.DataFrame(X), sparse.csc_array(X)):
        (result,) = reordered(table, Change(np.array([1]), order[None]))
        result = result.toarray() if sparse.issparse(result) else np.asarray(result)
        np.testing.assert_array_equal(result, expected)


def test_an_unused_column_has_importance_zero_on_a_sample_too(binary):
    X, y = np.column_stack([binary[0], np.zeros(len(binary[1]))]), binary[1]
    model = LogisticRegression().fit(X, y)
    values = importances(model, X, y, Permutation(max_samples=0.3), 0)
    assert values[-1] == 0.0


@pytest.mark.parametrize(
    "max_samples", [0, 0.0, 1.5, 11, -1, "all", None, np.nan, np.inf]
)
def test_max_samples_out_of_range_is_an_error(max_samples):
    with pytest.raises(ValueError, match="max_samples"):
        shuffles(10, 2, max_samples, 0)


def test_n_repeats_out_of_range_is_an_error(binary):
    X, y = binary
    with pytest.raises(ValueError, match="n_repeats=0"):
        importances(LogisticRegression().fit(X, y), X, y, Permutation(0), 0)


@pytest.mark.parametrize("options", [{}, {"max_samples": 0.5}])
def test_rows_of_weight_zero_do_not_change_the_importances(binary, options):
    X, y = binary
    weight = np.random.RandomState(1).randint(0, 3, len(y)).astype(float)
    some = weight > 0
    # in rows of weight zero, a shuffle would find values that occur nowhere else
    X = np.where(some[:, None], X, 100.0)
    model = LogisticRegression().fit(X[some], y[some])
    method = Permutation(**options)
    full = importances(model, X, y, method, 0, sample_weight=weight)
    part = importances(model, X[some], y[some], method, 0, sample_weight=weight[some])
    np.testing.assert_array_equal(full, part)
    assert np.abs(full).max() < 1


def test_rows_of_weight_zero_do_not_change_the_kept_columns(binary):
    X, y = binary
    weight = np.arange(len(y)) % 2
    some = weight > 0
    model = LogisticRegression().fit(X[some], y[some])
    X = np.where(some[:, None], X, 100.0)
    options = {"method": "permutation", "pruning_ratio": 0.5, "random_state": 0}
    full = prune(model, X, y, sample_weight=weight, **options)
    part = prune(model, X[some], y[some], sample_weight=weight[some], **options)
    assert full.report_.removed == part.report_.removed


def test_weights_that_are_all_zero_on_the_new_rows_are_an_error(binary):
    X, y = binary
    model = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="sample_weight: all rows on which"):
        importances(model, X, y, Permutation(), 0, sample_weight=np.zeros(len(y)))
