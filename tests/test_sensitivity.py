"""Importances of columns by the changes of a model's responses."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from sklprune._permutation.sensitivity import sensitivities
from sklprune._units import Task


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 5)) * [1, 2, 3, 4, 5]
    return X, X @ [3.0, 0.0, 1.0, -0.5, 0.1]


def each(n_columns):
    return [np.array([i]) for i in range(n_columns)]


def test_a_linear_model_gives_coefficients_times_standard_deviations(rows):
    X, y = rows
    model = LinearRegression().fit(X, y)
    found = sensitivities(model, Task(X), each(5), 0)
    scale = np.abs(model.coef_) * X.std(axis=0)
    np.testing.assert_allclose(found, np.sqrt(2) * scale, rtol=0.25, atol=1e-9)


@pytest.mark.parametrize(
    "container", [pd.DataFrame, sparse.csr_array, sparse.csc_matrix]
)
def test_all_kinds_of_tables_give_the_same(rows, container):
    X, y = rows
    model = LogisticRegression().fit(X, y > 0)
    blocks = [np.array([0, 2]), np.array([1]), np.array([], dtype=int)]
    expected = sensitivities(model, Task(X), blocks, 0)
    assert expected[2] == 0
    if container is pd.DataFrame:
        model = LogisticRegression().fit(container(X), y > 0)
    found = sensitivities(model, Task(container(X)), blocks, 0)
    np.testing.assert_allclose(found, expected)


def test_few_tables_at_a_time_give_the_same(rows, monkeypatch):
    X, y = rows
    model = KNeighborsClassifier().fit(X, y > 0)
    expected = sensitivities(model, Task(X), each(5), 0)
    monkeypatch.setattr("sklprune._permutation.sensitivity.MAX_ENTRIES", 2 * X.size)
    np.testing.assert_array_equal(sensitivities(model, Task(X), each(5), 0), expected)


def test_weights_of_rows(rows):
    X, y = rows
    model = LinearRegression().fit(X, y)
    task = Task(X, sample_weight=np.ones(150))
    expected = sensitivities(model, Task(X), each(5), 0)
    np.testing.assert_allclose(sensitivities(model, task, each(5), 0), expected)
