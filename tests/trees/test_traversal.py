"""Preorder traversals: against the definition, and against the rows."""

import numpy as np
import pytest
from sklearn.tree import DecisionTreeRegressor

from sklprune._trees.arrays import (
    children_of,
    levels_of,
    preorder,
    pruned_to,
    reachable,
)
from sklprune._trees.traversal import first_leaves, traversal_of, traversal_through

SIZES = [2, 12, None]


def grown(max_leaf_nodes):
    """A tree, grown best first if it has a limit, and rows outside of its fit."""
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(80, 3)).astype(np.float32), rng.normal(size=80)
    tree = DecisionTreeRegressor(max_leaf_nodes=max_leaf_nodes, random_state=0)
    return tree.fit(X[:40], y[:40]).tree_, X[40:]


def preorder_by_hand(left, right, split, node=0):
    """The nodes below one, by the definition."""
    if not split[node]:
        return [node]
    sides = (preorder_by_hand(left, right, split, side[node]) for side in (left, right))
    return [node, *(each for side in sides for each in side)]


@pytest.mark.parametrize("max_leaf_nodes", SIZES)
def test_preorder_and_splits_determine_the_children(max_leaf_nodes):
    tree, _ = grown(max_leaf_nodes)
    left, right = tree.children_left, tree.children_right
    kept = np.random.RandomState(0).uniform(size=tree.n_leaves) < 0.6
    nodes, split = pruned_to(left, right, kept)
    whole = left >= 0
    everything = preorder(whole, levels_of(left, right))
    assert everything.tolist() == preorder_by_hand(left, right, whole)
    for some, flags in ((nodes, split), (everything, whole[everything])):
        on_the_left, on_the_right = children_of(flags)
        if some is everything:
            expected = left[some[flags]], right[some[flags]]
            np.testing.assert_array_equal(some[on_the_left[flags]], expected[0])
            np.testing.assert_array_equal(some[on_the_right[flags]], expected[1])
        assert (on_the_left[~flags] == -1).all() and (on_the_right[~flags] == -1).all()
        # each node but the root is the child of one
        children = np.concatenate([on_the_left[flags], on_the_right[flags]])
        assert sorted(children) == list(range(1, len(some)))


@pytest.mark.parametrize("max_leaf_nodes", SIZES)
def test_a_traversal_has_the_links_of_its_tree(max_leaf_nodes):
    tree, _ = grown(max_leaf_nodes)
    traversal = traversal_of(tree.children_left, tree.children_right)
    left, right = traversal.children()
    nodes, inner = traversal.nodes, traversal.inner
    for own, child in ((tree.children_left, left), (tree.children_right, right)):
        np.testing.assert_array_equal(nodes[child[inner]], own[nodes[inner]])
        assert (child[~inner] == -1).all() and (own[nodes[~inner]] == -1).all()
    places = traversal.places()
    np.testing.assert_array_equal(nodes[places], np.arange(tree.node_count))


@pytest.mark.parametrize("max_leaf_nodes", SIZES)
def test_sums_are_those_of_the_rows_that_reach_a_node(max_leaf_nodes):
    tree, X = grown(max_leaf_nodes)
    traversal = traversal_of(tree.children_left, tree.children_right)
    number = np.random.RandomState(1).normal(size=len(X))
    leaves = traversal.places()[tree.apply(X)]
    sums = traversal.sums(leaves, np.ones((len(X), 1)), number[:, None])
    reaches = tree.decision_path(X).toarray()[:, traversal.nodes].astype(bool)
    np.testing.assert_array_equal(sums[:, 0], reaches.sum(axis=0))
    # sums in another order
    np.testing.assert_allclose(sums[:, 1], number @ reaches, atol=1e-12)


@pytest.mark.parametrize("max_leaf_nodes", SIZES)
def test_reached_nodes_are_those_found_level_by_level(max_leaf_nodes):
    tree, _ = grown(max_leaf_nodes)
    traversal = traversal_of(tree.children_left, tree.children_right)
    levels = levels_of(*traversal.children())
    for seed in range(20):
        some = np.random.RandomState(seed).uniform(size=len(traversal.end)) < 0.7
        split = traversal.inner & some
        np.testing.assert_array_equal(
            traversal.reached(split), reachable(split, levels)
        )


def test_the_nodes_that_remain_without_a_parent():
    tree, _ = grown(12)
    traversal = traversal_of(tree.children_left, tree.children_right)
    left, right = traversal.children()
    for node in np.flatnonzero(traversal.inner):
        for child, other in ((left[node], right[node]), (right[node], left[node])):
            keep = traversal.without_parent(node, child)
            removed = {node, *range(other, traversal.end[other])}
            assert set(np.flatnonzero(~keep)) == removed
            smaller = traversal_through(traversal.nodes[keep], traversal.inner[keep])
            # the kept nodes are below the same nodes as before
            sizes = smaller.end - np.arange(len(smaller.end))
            inside = [
                keep[place : traversal.end[place]].sum() for place in range(len(keep))
            ]
            np.testing.assert_array_equal(sizes, np.array(inside)[keep])


@pytest.mark.parametrize("max_leaf_nodes", SIZES)
def test_the_first_leaf_is_found_by_going_left(max_leaf_nodes):
    tree, _ = grown(max_leaf_nodes)
    left = tree.children_left
    leaves = list(np.flatnonzero(left < 0))
    for node, first in enumerate(first_leaves(left, tree.children_right)):
        while left[node] >= 0:
            node = left[node]
        assert first == leaves.index(node)


@pytest.mark.parametrize("max_leaf_nodes", SIZES)
def test_few_splits_are_pruned_like_many(max_leaf_nodes):
    tree, _ = grown(max_leaf_nodes)
    traversal = traversal_of(tree.children_left, tree.children_right)
    without = traversal._replace(levels=traversal.levels._replace(upwards=None))
    gain = np.random.RandomState(2).normal(size=tree.node_count)
    split, best = traversal.best_splits(gain)
    expected_split, expected = without.best_splits(gain)
    np.testing.assert_array_equal(split, expected_split)
    assert best == expected
