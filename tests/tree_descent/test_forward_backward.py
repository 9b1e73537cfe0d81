"""The forward-backward path: backward phases change no forward step, and improve."""

from functools import cache

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_friedman1
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import log_loss

from sklprune._registry import family_of
from sklprune._tree_descent.block_descent import BlockDescent, Objective
from sklprune._tree_descent.containers import boosting_container, own_container
from sklprune._tree_descent.forward_backward import ForwardBackwardPath
from sklprune._tree_descent.subtree_raising import raise_children
from sklprune._units import Task

RHO = 20.0


def values():
    X, y = make_friedman1(400, noise=1.0, random_state=0)
    return RandomForestRegressor(20, random_state=0).fit(X, y), X, y, own_container


def scores():
    X, y = make_classification(600, n_informative=6, flip_y=0.1, random_state=0)
    return (
        RandomForestClassifier(20, random_state=0).fit(X, y),
        X,
        y,
        boosting_container,
    )


def descent_in_container(model, X, y, container_of):
    family, task = family_of(model), Task(X, y)
    container = container_of(family, model, task, family.targets(model, y))
    leaf_ids = family.leaf_ids(model, X)
    return BlockDescent(
        container.trees,
        [leaf_ids[tree.position] for tree in container.trees],
        container.loss,
        container.offset(X),
        RHO,
        family.decision_paths(model, X),
    )


@cache
def path_over(problem, backward_up_to):
    """A path and its models, which no test may change."""
    descent = descent_in_container(*problem())
    descent.start_empty()

    def choose_again(leaf_penalty):
        descent.sweep(leaf_penalty)
        descent.undo_raises(leaf_penalty)
        raise_children(descent, leaf_penalty)
        descent.sweep(leaf_penalty)

    def forward(leaf_penalty):
        descent.add_trees(leaf_penalty)
        choose_again(leaf_penalty)
        return True

    path = ForwardBackwardPath(descent, forward, choose_again, backward_up_to)
    return path, path.run(descent.first_penalty(), 0.1, 500)


def trees_of(model):
    return [(each.tree, each.nodes.tolist(), each.value) for each in model.subtrees]


@pytest.mark.parametrize("problem", [values, scores])
def test_forward_steps_are_the_same_with_backward_phases(problem):
    forward, both = path_over(problem, 0)[0], path_over(problem, 500)[0]
    assert len(both.visited) > len(forward.visited)
    rest = iter(both.visited)
    for model, objective in forward.visited:
        # the order of the forward steps is the same
        same = next(each for each, other in rest if other == objective)
        for ours, theirs in zip(trees_of(model), trees_of(same), strict=True):
            assert ours[:2] == theirs[:2]
            np.testing.assert_array_equal(ours[2], theirs[2])


@pytest.mark.parametrize("problem", [values, scores])
def test_larger_models_are_better_and_none_is_lost(problem):
    forward, (both, models) = path_over(problem, 0)[0], path_over(problem, 500)
    objective_of = {id(model): objective for model, objective in both.visited}
    sizes = [model.n_leaves for model in models]
    objectives = [objective_of[id(model)].value for model in models]
    assert np.all(np.diff(sizes) > 0) and np.all(np.diff(objectives) < 0)
    for model, objective in forward.visited:
        as_small = [each for n, each in zip(sizes, objectives) if n <= model.n_leaves]
        assert min(as_small) <= objective.value


def test_backward_phases_find_better_models_of_some_sizes():
    forward, both = path_over(values, 0)[1], path_over(values, 500)[1]
    forward_sizes = {model.n_leaves for model in forward}
    assert {model.n_leaves for model in both} - forward_sizes


def l2_penalty(descent):
    return descent.proposer.l2 * sum(
        (value[reached & ~split] ** 2).sum()
        for split, value, reached in descent.state.kept.values()
    )


def squares(y, raw_prediction):
    return ((y - raw_prediction) ** 2).sum()


def twice_the_log_loss(y, raw_prediction):
    return 2 * log_loss(y, 1 / (1 + np.exp(-raw_prediction)), normalize=False)


@pytest.mark.parametrize(
    ("problem", "doubled"), [(values, squares), (scores, twice_the_log_loss)]
)
def test_the_objective_is_twice_the_loss_and_the_l2_penalty(problem, doubled):
    model, X, y, container_of = problem()
    descent = descent_in_container(model, X, y, container_of)
    descent.start_empty()
    descent.add_trees(descent.first_penalty() / 50)
    assert descent.n_leaves > 5
    expected = doubled(y, descent.state.raw_prediction[:, 0]) + l2_penalty(descent)
    assert descent.objective().value == pytest.approx(expected)


def test_models_are_compared_with_the_l2_penalty_of_the_larger_one():
    """A single tree with a weak penalty may have the lowest objective of all."""

    class Model:
        def __init__(self, n_leaves):
            self.n_leaves = n_leaves

    path = ForwardBackwardPath(None, None, None, 0)
    tree = Model(8), Objective(loss=60.0, squares=4.0, l2=1.0)
    larger = Model(40), Objective(loss=50.0, squares=2.0, l2=10.0)
    worse = Model(41), Objective(loss=51.0, squares=2.0, l2=10.0)
    path.visited = [worse, larger, tree]
    assert tree[1].value < larger[1].value < tree[1].at(larger[1].l2)
    assert path._pareto_front() == [tree[0], larger[0]]
