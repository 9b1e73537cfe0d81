"""Weights that are not finite are errors, and sparse coefficients are pruned."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from sklprune import prune

OF_WEIGHTS = ["activation", "gradient", "magnitude", "second_order"]


@pytest.fixture(scope="module")
def rows():
    return load_iris(return_X_y=True)


@pytest.mark.parametrize("array", ["coefs_", "intercepts_"])
@pytest.mark.parametrize("method", [*OF_WEIGHTS, "neuron_elimination"])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_weights_that_are_not_finite_are_an_error_sentence(method, array, rows):
    X, y = rows
    model = MLPClassifier((5,), max_iter=5, random_state=0).fit(X, y)
    getattr(model, array)[0].ravel()[0] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        prune(model, X, y, method=method, pruning_ratio=0.5)


@pytest.mark.parametrize("method", OF_WEIGHTS)
def test_sparse_coefficients_are_pruned_as_dense_ones(method, rows):
    X, y = rows
    dense = LogisticRegression(max_iter=500).fit(X, y)
    stored = LogisticRegression(max_iter=500).fit(X, y).sparsify()
    first, second = (
        prune(model, X, y, method=method, pruning_ratio=0.5, refit=False).estimator_
        for model in (dense, stored)
    )
    assert sparse.issparse(second.coef_)
    np.testing.assert_allclose(first.coef_, second.coef_.toarray())
