"""Trees grown on bins: the best split by brute force, and the way of every row."""

import numpy as np
import pytest

from sklprune._tree_descent.tree_growing import BinnedSplits, SortedSplits, splits_of
from sklprune._trees.decision_paths import DecisionPaths

RHO = 3.0


def problem(n_rows=200, missing=False):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_rows, 3)).astype(np.float32)
    if missing:
        X[rng.uniform(size=X.shape) < 0.2] = np.nan
    return X, rng.normal(size=n_rows), rng.uniform(0.5, 2, size=n_rows)


def binned(X, seen=None, **params):
    seen = np.ones(len(X), dtype=bool) if seen is None else seen
    asked = {"max_leaf_nodes": 8, "min_samples_leaf": 5, "random_state": 0} | params
    return BinnedSplits(X, seen, **asked)


def test_the_first_split_is_the_best_of_all():
    X, pull, curvature = problem()
    tree, _ = binned(X, max_leaf_nodes=2, min_samples_leaf=1).grow(pull, curvature, RHO)

    def worth(rows):
        return pull[rows].sum() ** 2 / (curvature[rows].sum() + RHO)

    gains = [
        worth(X[:, column] <= value) + worth(X[:, column] > value)
        for column in range(3)
        for value in np.sort(X[:, column])[:-1]
    ]
    left = X[:, tree.feature[0]] <= tree.threshold[0]
    # the grower adds up in float32
    assert worth(left) + worth(~left) == pytest.approx(max(gains), rel=1e-5)


@pytest.mark.parametrize("missing", [False, True])
def test_rows_and_statistics_agree(missing):
    X, pull, curvature = problem(missing=missing)
    tree, ids = binned(X).grow(pull, curvature, RHO)
    leaf = tree.children_left < 0
    assert leaf.sum() == 8
    np.testing.assert_array_equal(ids, tree.apply(X))
    counts = np.bincount(ids, minlength=tree.node_count)
    # the grower counts by bins, the tree by thresholds
    np.testing.assert_array_equal(counts[leaf], tree.n_node_samples[leaf])
    assert counts[leaf].min() >= 5
    for node in np.flatnonzero(leaf):
        rows = ids == node
        step, weight = (pull / curvature)[rows], curvature[rows]
        mean = np.average(step, weights=weight)
        spread = np.average((step - mean) ** 2, weights=weight)
        assert tree.weighted_n_node_samples[node] == pytest.approx(weight.sum())
        assert tree.impurity[node] == pytest.approx(spread)


def test_rows_of_no_weight_are_not_seen():
    X, pull, curvature = problem()
    seen = np.arange(len(X)) % 4 > 0
    pull, curvature = np.where(seen, pull, 0.0), np.where(seen, curvature, 0.0)
    with_them = binned(X, seen).grow(pull, curvature, RHO)[0]
    without = binned(X[seen]).grow(pull[seen], curvature[seen], RHO)[0]
    np.testing.assert_array_equal(with_them.threshold, without.threshold)
    np.testing.assert_array_equal(with_them.n_node_samples, without.n_node_samples)


def test_the_scale_of_weights_does_not_matter():
    X, pull, curvature = problem()
    tree, _ = binned(X).grow(pull, curvature, RHO)
    small, _ = binned(X).grow(2.0**-30 * pull, 2.0**-30 * curvature, 2.0**-30 * RHO)
    np.testing.assert_array_equal(tree.threshold, small.threshold)


def test_values_and_sparse_rows_are_split_anywhere():
    X, _, weight = problem()
    asked = {"max_leaf_nodes": 8, "min_samples_leaf": 5, "random_state": 0}
    routes = DecisionPaths([], X)
    for of_values, known in ((True, routes), (False, None)):
        made = splits_of(X, known, weight, of_values=of_values, **asked)
        assert isinstance(made, SortedSplits)
    made = splits_of(X, routes, weight, of_values=False, **asked)
    assert isinstance(made, BinnedSplits)


def test_a_column_without_a_value_has_no_say():
    X, pull, curvature = problem(missing=True)
    X[:, 1] = np.nan
    tree, ids = binned(X).grow(pull, curvature, RHO)
    assert set(tree.feature) == {-2, 0, 2}
    np.testing.assert_array_equal(ids, tree.apply(X))
