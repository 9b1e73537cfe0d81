"""Numbers of few bits in the nodes of pruned trees: they are near, and sums hold."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from sklprune import prune
from sklprune._tree_descent.losses import (
    bits_of_leaves,
    least_probability,
    short_distribution,
)
from sklprune._trees.arrays import Subtree
from sklprune.families._sklearn_tree import pruned_tree


@pytest.mark.parametrize("n_classes", [2, 3, 10, 300])
def test_short_distributions_are_exact_and_near(n_classes):
    points = np.random.RandomState(0).dirichlet(np.full(n_classes, 0.1), size=200)
    points[:, 0] = 0.0
    points[1:] /= points[1:].sum(axis=1, keepdims=True)
    points[0] = 1e-9
    points[0, :2] = 0.0, 1 - 1e-9 * (n_classes - 2)
    short = short_distribution(points, 10, least_probability(10, n_classes))
    assert (short.sum(axis=1) == 1).all()
    np.testing.assert_array_equal(short == 0, points == 0)
    np.testing.assert_allclose(short, points, atol=2.0**-10)
    np.testing.assert_array_equal(short * 2.0**32 % 1, 0)


def test_rounding_errors_do_not_decide_between_equal_classes():
    points = np.array([[0.42, 0.29, 0.29], [0.2, 0.4, 0.4]])
    expected = short_distribution(points, 6, least_probability(6, 3))
    noise = 1e-7 * np.random.RandomState(0).normal(size=(20, *points.shape))
    for each in points + noise:
        short = short_distribution(each, 6, least_probability(6, 3))
        np.testing.assert_array_equal(short, expected)


def test_fewer_trees_store_probabilities_of_more_bits():
    for n_classes in (3, 10, 100):
        n_bits = [bits_of_leaves(n_classes, n_trees) for n_trees in (1, 4, 30, 100)]
        assert n_bits == sorted(n_bits, reverse=True)
        assert n_bits[0] >= 10
        assert 2.0 ** -n_bits[-1] < 1 / n_classes


@pytest.mark.parametrize("n_classes", [2, 4])
def test_leaves_of_a_forest_store_short_distributions(n_classes):
    X, y = (each[:300] for each in load_digits(n_class=n_classes, return_X_y=True))
    model = RandomForestClassifier(12, random_state=0).fit(X, y)
    small = prune(model, X, y, method="backfitting", pruning_ratio=0.8).estimator_
    for tree in small.estimators_:
        value = tree.tree_.value
        np.testing.assert_array_equal(value.sum(axis=-1), 1.0)
        np.testing.assert_array_equal(value * 2.0**16 % 1, 0)
    # the log loss of any row is finite
    leaves = [tree.tree_.children_left < 0 for tree in small.estimators_]
    values = [tree.tree_.value[leaf] for tree, leaf in zip(small.estimators_, leaves)]
    assert max(value.min() for value in values) > 0


@pytest.mark.parametrize("n_classes", [3, 10, 100])
def test_one_of_many_trees_holds_the_least_probability_of_all(n_classes):
    for n_trees in (1, 4, 25, 100, 1000):
        n_bits = bits_of_leaves(n_classes, n_trees)
        least = least_probability(n_bits, n_classes, n_trees)
        assert least >= least_probability(n_bits, n_classes)
        certain = np.eye(n_classes) * (1 - 1e-6) + 1e-6 / n_classes
        short = short_distribution(certain, n_bits, least)
        np.testing.assert_array_equal(short.sum(axis=1), 1.0)
        assert short.min() == least
        assert (short.diagonal() >= 1 - 2.0**-n_bits).all()
    np.testing.assert_array_equal(
        short_distribution(certain, n_bits, 0.0), np.eye(n_classes)
    )


def test_statistics_of_a_pruned_forest_count_each_training_row_once():
    X, y = (each[:200] for each in load_digits(return_X_y=True))
    model = RandomForestClassifier(5, max_depth=6, random_state=0)
    weight = np.random.RandomState(0).choice([1.0, 3.0], len(y))
    for sample_weight in (None, weight):
        model.fit(X, y, sample_weight=sample_weight)
        small = prune(model, X, y, method="backfitting", pruning_ratio=0.3)
        same = [
            (tree.tree_.weighted_n_node_samples == tree.tree_.n_node_samples).all()
            for tree in small.estimator_.estimators_
        ]
        assert all(same) == (sample_weight is None)


def test_short_impurities_keep_the_importances():
    X, y = load_digits(return_X_y=True)
    model = DecisionTreeClassifier(random_state=0).fit(X, y)
    tree = model.tree_
    nodes = np.arange(tree.node_count)
    whole = Subtree(0, nodes, tree.children_left >= 0)
    short = pruned_tree(tree, whole, short_statistics=True)
    largest = tree.impurity.max()
    assert np.abs(short.impurity - tree.impurity).max() <= largest / 60
    np.testing.assert_array_equal(short.impurity * 2.0**7 % 1, 0)
    importances = short.compute_feature_importances()
    np.testing.assert_allclose(importances, model.feature_importances_, atol=1e-2)
    assert importances.min() >= 0


def test_nodes_of_pruned_histogram_boosting_have_no_numbers_that_nothing_reads():
    X, y = load_diabetes(return_X_y=True)
    model = HistGradientBoostingRegressor(max_iter=8, random_state=0).fit(X, y)
    for method in ("backfitting", "cost_complexity"):
        small = prune(model, X, y, method=method, pruning_ratio=0.7, random_state=0)
        for (predictor,) in small.estimator_._predictors:
            nodes = predictor.nodes
            split = nodes["is_leaf"] == 0
            depth = np.zeros(len(nodes), dtype=int)
            for node in np.flatnonzero(split):
                for side in ("left", "right"):
                    depth[nodes[side][node]] = depth[node] + 1
            assert predictor.get_max_depth() == depth.max()
            assert not nodes["depth"][1:].any()
            assert not nodes["value"][split].any()
