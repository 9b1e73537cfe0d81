"""Conditional importances: a column is permuted among rows with equal other columns."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from sklprune import permutation_importance
from sklprune._permutation.conditional import conditional_changes
from sklprune._permutation.orders import shuffles


def test_conditional_importance_of_a_column_that_only_correlates_is_small():
    rng = np.random.RandomState(0)
    n = 2000
    cause, noise = rng.randn(n), rng.randn(n)
    X = np.column_stack([cause, cause + 0.3 * rng.randn(n), noise])
    y = cause + 0.5 * noise
    # the model uses the second column in place of the first one
    model = LinearRegression().fit(X, y)
    model.coef_ = np.array([0.0, 1.0, 0.5])
    plain = permutation_importance(model, X, y, random_state=0).importances_mean
    within = permutation_importance(
        model, X, y, random_state=0, conditional=True
    ).importances_mean
    assert within[1] < 0.2 * plain[1]
    # no column correlates with the third one
    assert within[2] == pytest.approx(plain[2], rel=1e-12)


def test_conditional_orders_permute_rows_within_bins():
    rng = np.random.RandomState(0)
    X = rng.randn(500, 3)
    X[:, 1] += 3 * X[:, 0]
    _, orders = shuffles(500, 3, 1.0, 0)
    changes = conditional_changes(X, [np.array([0]), np.array([2])], orders)
    for order in changes[0].orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(500))
        moved = np.abs(X[order, 1] - X[:, 1])
        assert 0 < np.median(moved) < 0.3 * X[:, 1].std()
    assert not np.array_equal(changes[0].orders[0], changes[0].orders[1])
    np.testing.assert_array_equal(changes[1].orders, orders)
