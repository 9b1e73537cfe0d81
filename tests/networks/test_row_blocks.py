"""Blocks of rows give the results of all rows at once."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier

from sklprune import prune
from sklprune._networks import row_blocks
from sklprune._networks.elimination import covariance
from sklprune.methods import neuron_elimination
from sklprune.refits import Reconstruction, reconstruction

R = np.random.RandomState(0)
X = R.normal(size=(400, 8))
X[:, 3] = 2 * X[:, 2] + 1  # collinear
X[:, 4] = 5  # constant
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
WEIGHT = R.randint(0, 3, len(Y))


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of so few rows that a small table has several of them."""
    for module in (row_blocks, reconstruction, neuron_elimination):
        monkeypatch.setattr(module, "BLOCK", 150)


def test_slices_cover_all_rows_once(small_blocks):
    for n_rows, width in ((400, 7), (1, 500), (151, 1)):
        rows = np.arange(n_rows)
        parts = [rows[each] for each in row_blocks.row_blocks(n_rows, width)]
        np.testing.assert_array_equal(np.concatenate(parts), rows)
        assert max(map(len, parts)) <= max(1, 150 // width)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["no weights", "weights"])
def test_the_covariance_is_that_of_all_rows(weight):
    # a large mean, whose squares would cancel
    values = (X[:, :3] + 1e6).astype(float)
    parts = np.split(values, [0, 7, 150])[1:]
    weights = np.ones(len(X)) if weight is None else weight
    found = row_blocks.covariance_of_blocks(parts, np.split(weights, [0, 7, 150])[1:])
    np.testing.assert_allclose(found, covariance(values, weight), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["no weights", "weights"])
@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier((9, 7), max_iter=30, random_state=0),
        MLPClassifier((9,), solver="lbfgs", max_iter=30, random_state=0),
        LogisticRegression(),
        LinearRegression(fit_intercept=False),
    ],
    ids=["two layers", "one layer", "linear", "no intercept"],
)
def test_reconstruction_is_that_of_all_rows(model, weight, request):
    model.fit(X, Y)

    def values():
        small = prune(
            model,
            X,
            method="magnitude",
            refit=Reconstruction(),
            pruning_ratio=0.5,
            sample_weight=weight,
        ).estimator_
        coefs = getattr(small, "coefs_", None) or [small.coef_]
        intercepts = getattr(small, "intercepts_", None) or [small.intercept_]
        return np.concatenate([np.ravel(each) for each in [*coefs, *intercepts]])

    expected = values()
    request.getfixturevalue("small_blocks")
    np.testing.assert_allclose(values(), expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("container", [np.asarray, sparse.csc_matrix])
def test_hidden_units_have_the_scores_of_all_rows(container, request):
    rows = container(X)
    model = MLPClassifier((9, 7), max_iter=30, random_state=0).fit(rows, Y)

    def scores():
        pruned = prune(
            model, rows, method="neuron_elimination", pruning_ratio=0.4, refit=False
        )
        return [unit["importance"] for unit in pruned.report_.removed]

    expected = scores()
    request.getfixturevalue("small_blocks")
    np.testing.assert_allclose(scores(), expected, rtol=1e-6, atol=1e-9)
