"""Growing trees on bins: the first split by brute force, and the leaf of each row."""

import numpy as np
import pytest

from sklprune._tree_descent.tree_growing import (
    ExactGrower,
    HistogramGrower,
    make_grower,
)
from sklprune._trees.decision_paths import DecisionPaths

RHO = 3.0


def problem(n_rows=200, missing=False):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_rows, 3)).astype(np.float32)
    if missing:
        X[rng.uniform(size=X.shape) < 0.2] = np.nan
    return X, rng.normal(size=n_rows), rng.uniform(0.5, 2, size=n_rows)


def binned(X, used=None, **params):
    used = np.ones(len(X), dtype=bool) if used is None else used
    params = {"max_leaf_nodes": 8, "min_samples_leaf": 5, "random_state": 0} | params
    return HistogramGrower(X, used, **params)


def test_the_first_split_is_the_best_of_all():
    X, neg_gradient, hessian = problem()
    tree, _ = binned(X, max_leaf_nodes=2, min_samples_leaf=1).grow(
        neg_gradient, hessian, RHO
    )

    def gain_of(rows):
        return neg_gradient[rows].sum() ** 2 / (hessian[rows].sum() + RHO)

    gains = [
        gain_of(X[:, column] <= value) + gain_of(X[:, column] > value)
        for column in range(3)
        for value in np.sort(X[:, column])[:-1]
    ]
    left = X[:, tree.feature[0]] <= tree.threshold[0]
    # the grower adds up in float32
    assert gain_of(left) + gain_of(~left) == pytest.approx(max(gains), rel=1e-5)


@pytest.mark.parametrize("missing", [False, True])
def test_rows_and_statistics_agree(missing):
    X, neg_gradient, hessian = problem(missing=missing)
    tree, ids = binned(X).grow(neg_gradient, hessian, RHO)
    leaf = tree.children_left < 0
    assert leaf.sum() == 8
    np.testing.assert_array_equal(ids, tree.apply(X))
    counts = np.bincount(ids, minlength=tree.node_count)
    # the grower counts by bins, the tree by thresholds
    np.testing.assert_array_equal(counts[leaf], tree.n_node_samples[leaf])
    assert counts[leaf].min() >= 5
    for node in np.flatnonzero(leaf):
        rows = ids == node
        step, weight = (neg_gradient / hessian)[rows], hessian[rows]
        mean = np.average(step, weights=weight)
        spread = np.average((step - mean) ** 2, weights=weight)
        assert tree.weighted_n_node_samples[node] == pytest.approx(weight.sum())
        assert tree.impurity[node] == pytest.approx(spread)


def test_rows_of_weight_zero_are_ignored():
    X, neg_gradient, hessian = problem()
    used = np.arange(len(X)) % 4 > 0
    neg_gradient, hessian = (
        np.where(used, neg_gradient, 0.0),
        np.where(used, hessian, 0.0),
    )
    with_them = binned(X, used).grow(neg_gradient, hessian, RHO)[0]
    without = binned(X[used]).grow(neg_gradient[used], hessian[used], RHO)[0]
    np.testing.assert_array_equal(with_them.threshold, without.threshold)
    np.testing.assert_array_equal(with_them.n_node_samples, without.n_node_samples)


def test_limits_do_not_depend_on_the_number_of_rows_of_weight_zero():
    """The grower splits no node whose weight is tiny against the mean weight."""
    X = np.arange(40, dtype=np.float32)[:, None]
    hessian = np.where(X[:, 0] < 20, 1.0, 1e-5)
    neg_gradient = hessian * np.where(X[:, 0] % 20 < 10, -1.0, 1.0)
    rest = np.zeros((4000, 1), dtype=np.float32)
    used = np.arange(4040) < 40
    few = binned(X).grow(neg_gradient, hessian, 0.0)[0]
    many = binned(np.vstack([X, rest]), used).grow(
        np.append(neg_gradient, rest), np.append(hessian, rest), 0.0
    )[0]
    np.testing.assert_array_equal(few.threshold, many.threshold)


def test_the_scale_of_weights_does_not_matter():
    X, neg_gradient, hessian = problem()
    tree, _ = binned(X).grow(neg_gradient, hessian, RHO)
    small, _ = binned(X).grow(
        2.0**-30 * neg_gradient, 2.0**-30 * hessian, 2.0**-30 * RHO
    )
    np.testing.assert_array_equal(tree.threshold, small.threshold)


def test_regression_and_sparse_rows_are_split_at_any_value():
    X, _, weight = problem()
    params = {"max_leaf_nodes": 8, "min_samples_leaf": 5, "random_state": 0}
    decision_paths = DecisionPaths([], X)
    for regression, known in ((True, decision_paths), (False, None)):
        made = make_grower(X, known, weight, regression=regression, **params)
        assert isinstance(made, ExactGrower)
    made = make_grower(X, decision_paths, weight, regression=False, **params)
    assert isinstance(made, HistogramGrower)


def test_a_column_without_a_value_is_never_split():
    X, neg_gradient, hessian = problem(missing=True)
    X[:, 1] = np.nan
    tree, ids = binned(X).grow(neg_gradient, hessian, RHO)
    assert set(tree.feature) == {-2, 0, 2}
    np.testing.assert_array_equal(ids, tree.apply(X))
