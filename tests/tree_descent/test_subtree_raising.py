"""Subtree raising: against brute force, and the statistics of the kept nodes."""

import itertools

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, make_friedman1
from sklearn.ensemble import (
    GradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeRegressor

from sklprune import prune
from sklprune._registry import family_of
from sklprune._tree_descent.subtree_raising import RaiseSearch, raise_children
from sklprune._trees.arrays import Subtree
from sklprune._trees.decision_paths import DecisionPaths
from sklprune._trees.traversal import traversal_of
from sklprune._units import Task
from sklprune.methods import Backfitting

CANCER = load_breast_cancer(return_X_y=True)
FRIEDMAN = make_friedman1(600, random_state=0)
RHO = 3.0


def noise(n_rows=80):
    rng = np.random.RandomState(0)
    return rng.normal(size=(n_rows, 3)).astype(np.float32), rng.normal(size=n_rows)


def objective(descent, y, leaf_penalty):
    kept = descent.state.kept.values()
    leaves = [value[reached & ~split] for split, value, reached in kept]
    return (
        ((y - descent.state.raw_prediction[:, 0]) ** 2).sum()
        + descent.proposer.l2 * sum((value**2).sum() for value in leaves)
        + leaf_penalty * sum(map(len, leaves))
    )


# -- decision paths -------------------------------------------------------------------


@pytest.mark.parametrize("missing", [False, True])
def test_rows_go_where_scikit_learn_sends_them(missing):
    X, y = noise(300)
    if missing:
        X[np.random.RandomState(1).uniform(size=X.shape) < 0.2] = np.nan
    model = DecisionTreeRegressor(max_leaf_nodes=25, random_state=0).fit(X, y)
    tree = model.tree_
    traversal = traversal_of(tree.children_left, tree.children_right)
    ends = DecisionPaths([tree], X).ends(Subtree(0, traversal.nodes, traversal.inner))
    np.testing.assert_array_equal(traversal.nodes[ends], model.apply(X))


# -- one step -------------------------------------------------------------------------


def best_below(tree, node, rows, gain_of, X):
    """Gain of the best pruning below a node, with the rows that reach it."""
    alone = gain_of(rows)
    if tree.children_left[node] < 0:
        return alone
    goes_left = X[rows, tree.feature[node]] <= tree.threshold[node]
    return max(
        alone,
        best_below(tree, tree.children_left[node], rows[goes_left], gain_of, X)
        + best_below(tree, tree.children_right[node], rows[~goes_left], gain_of, X),
    )


def rows_of(model, X):
    """The rows that reach each node."""
    path = model.decision_path(X).toarray()
    return [np.flatnonzero(column) for column in path.T]


@pytest.mark.parametrize("leaf_penalty", [0.5, 1.0, 2.0])
def test_the_best_raise_is_the_best_of_all(descent_over, leaf_penalty):
    X, y = noise()
    model = DecisionTreeRegressor(max_leaf_nodes=12, random_state=0).fit(X, y)
    tree, rows = model.tree_, rows_of(model, X)
    descent = descent_over(model, X, y, RHO, raising=True)
    descent.start_empty()
    # a negative penalty keeps the whole tree
    descent.accept(0, descent.proposer.propose(0, -10.0))
    residual = y - descent.state.baseline[0]

    def gain_of(rows):
        return residual[rows].sum() ** 2 / (len(rows) + RHO) - leaf_penalty

    gains = {}
    for node in np.flatnonzero(tree.children_left >= 0):
        best = best_below(tree, node, rows[node], gain_of, X)
        for child in (tree.children_left[node], tree.children_right[node]):
            raised = best_below(tree, child, rows[node], gain_of, X)
            if tree.children_left[child] >= 0:
                gains[node, child] = raised - best
    expected = max(gains, key=gains.get)
    found = RaiseSearch(descent, 0, leaf_penalty).best_raise(set())
    if found is not None:
        found = tuple(descent.state.traversals[0].nodes[list(found)])
    assert found == (expected if gains[expected] > 0 else None)


def test_the_objective_falls_with_every_raise(descent_over):
    X, y = FRIEDMAN
    forest = RandomForestRegressor(20, max_depth=7, random_state=0).fit(X, y)
    descent = descent_over(forest, X, y, 20.0, raising=True)
    descent.start_empty()
    leaf_penalty = 0.5 * descent.noise()
    descent.add_trees(leaf_penalty)
    descent.sweep(leaf_penalty)
    before = objective(descent, y, leaf_penalty)
    raise_children(descent, leaf_penalty)
    raised = objective(descent, y, leaf_penalty)
    assert descent.state.originals and raised < before
    descent.undo_raises(leaf_penalty)
    # exact steps of one block each: only rounding may raise it
    assert objective(descent, y, leaf_penalty) <= raised * (1 + 1e-12)


def test_a_raise_without_a_gain_is_undone(descent_over):
    X, y = noise()
    model = DecisionTreeRegressor(max_leaf_nodes=12, random_state=0).fit(X, y)
    descent = descent_over(model, X, y, RHO, raising=True)
    descent.start_empty()
    descent.accept(0, descent.proposer.propose(0, 0.1))
    before, leaves = descent.state.raw_prediction.copy(), descent.state.leaves[0].copy()
    traversal = descent.state.traversals[0]
    child = 1 if traversal.inner[1] else traversal.end[1]
    descent.raise_child(0, 0, child, 0.1)
    assert descent.state.originals and (descent.state.leaves[0] != leaves).any()
    descent.undo_raises(0.1)
    assert not descent.state.originals
    np.testing.assert_array_equal(descent.state.leaves[0], leaves)
    # sums in another order
    np.testing.assert_allclose(descent.state.raw_prediction, before, atol=1e-12)


# -- results --------------------------------------------------------------------------

MODELS = {
    "values": (RandomForestRegressor(20, max_depth=8, random_state=0), FRIEDMAN),
    "classes": (RandomForestClassifier(20, random_state=0), CANCER),
    "boosting": (GradientBoostingClassifier(n_estimators=30, random_state=0), CANCER),
}
CASES = [
    ("boosting", "same"),
    *itertools.product(
        ("values", "classes"), ("same", "auto", "hist_gradient_boosting")
    ),
]


def trees_of(model):
    members = getattr(model, "estimators_", [model])
    return [member.tree_ for member in np.ravel(members)]


@pytest.mark.parametrize("name, container", CASES)
def test_statistics_are_those_of_the_rows(name, container):
    model, (X, y) = MODELS[name]
    method = Backfitting(rho=40.0, container=container)
    family = family_of(model.fit(X, y))
    task, units = Task(X, y), family.units(model, "leaf", X)
    path = method.path(family, model, units, task)
    path.nearest(units, 0.01)  # the path grows on request
    # where children are raised in at least one tree
    k = next(
        k
        for k, ensemble in enumerate(path.models)
        if any(each.statistics is not None for each in ensemble.subtrees)
        and path.n_kept[k] not in path.n_kept[k + 1 :]
    )
    ratio = 1 - path.n_kept[k] / units.count
    candidate = method.candidate(path, family, model, units, task, ratio)
    small = candidate.build()
    if container == "hist_gradient_boosting":
        for (tree,) in small._predictors:
            nodes = tree.nodes[tree.nodes["is_leaf"] == 0]
            below = [tree.nodes["count"][nodes[side]] for side in ("left", "right")]
            np.testing.assert_array_equal(nodes["count"], sum(below))
        return
    subtrees = sorted(path.models[k].subtrees, key=lambda each: each.output or 0)
    targets = np.eye(2)[y] if name != "values" else y[:, None]
    n_raised = 0
    for subtree, tree in zip(subtrees, trees_of(small)):
        left, inner = tree.children_left, tree.children_left >= 0
        both = left[inner], tree.children_right[inner]
        for name_of in ("n_node_samples", "weighted_n_node_samples"):
            number = getattr(tree, name_of)
            np.testing.assert_allclose(number[inner], sum(number[s] for s in both))
        if subtree.statistics is None:
            continue
        n_raised += 1
        # impurities have few bits
        unit = tree.impurity.max() / 40
        path_of = tree.decision_path(X.astype(np.float32)).toarray().astype(bool)
        for node, rows in enumerate(path_of.T):
            assert tree.n_node_samples[node] == rows.sum()
            impurity = targets[rows].var(axis=0).sum() if rows.any() else 0.0
            assert tree.impurity[node] == pytest.approx(impurity, abs=unit)
    assert n_raised
    assert small.feature_importances_.sum() == pytest.approx(1.0)
    assert (small.feature_importances_ >= 0).all()


def test_raising_gives_fewer_leaves_and_a_smaller_error(descent_over):
    X, y = make_friedman1(1200, random_state=1)
    fit, rest = slice(0, 800), slice(800, None)
    forest = RandomForestRegressor(40, random_state=0).fit(X[fit], y[fit])
    family, errors = family_of(forest), []
    for raising in (False, True):
        descent = descent_over(forest, X[fit], y[fit], 20.0, raising=raising)
        descent.start_empty()
        leaf_penalty = 0.5 * descent.noise()
        for _ in range(4):
            descent.add_trees(leaf_penalty)
            descent.sweep(leaf_penalty)
            raise_children(descent, leaf_penalty)
            descent.sweep(leaf_penalty)
        values = predicted(family, forest, descent.ensemble(), X[rest])
        errors.append((descent.n_leaves, np.mean((y[rest] - values) ** 2)))
    (many, large), (few, small) = errors
    assert few < many and small < large


def predicted(family, forest, ensemble, X):
    return family.from_arrays(forest, ensemble).predict(X)


def test_sparse_rows_are_pruned_from_below():
    X, y = CANCER
    X = sparse.csr_matrix(np.where(np.median(X, axis=0) < X, X, 0))
    forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    small = prune(forest, X, y, method="backfitting", pruning_ratio=0.95)
    assert small.score(X, y) > 0.9
