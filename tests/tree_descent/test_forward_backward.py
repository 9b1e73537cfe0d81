"""The way up and back: nothing is lost by turning, and what is met gets better."""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_friedman1
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import log_loss

from sklprune._registry import family_of
from sklprune._tree_descent.block_descent import Descent
from sklprune._tree_descent.containers import boosting_form, own_form
from sklprune._tree_descent.forward_backward import Trail
from sklprune._tree_descent.subtree_raising import raise_children
from sklprune._units import Task

RHO = 20.0


def values():
    X, y = make_friedman1(400, noise=1.0, random_state=0)
    return RandomForestRegressor(20, random_state=0).fit(X, y), X, y, own_form


def scores():
    X, y = make_classification(600, n_informative=6, flip_y=0.1, random_state=0)
    return RandomForestClassifier(20, random_state=0).fit(X, y), X, y, boosting_form


def descent_over(model, X, y, form_of):
    family, task = family_of(model), Task(X, y)
    form = form_of(family, model, task, family.targets(model, y))
    leaves = family.leaf_ids(model, X)
    leaves = [leaves[tree.position] for tree in form.trees]
    routes, goal = family.decision_paths(model, X), form.goal(n_shares=None)
    return Descent(form.trees, leaves, goal, form.offset(X), RHO, routes)


def trail_over(problem, turns_up_to):
    descent = descent_over(*problem())
    descent.start_empty()

    def chosen_anew(price):
        descent.sweep(price)
        descent.restore(price)
        raise_children(descent, price)
        descent.sweep(price)

    def up(price):
        descent.enter(price)
        chosen_anew(price)
        return True

    trail = Trail(descent, up, chosen_anew, turns_up_to)
    return trail, trail.walk(descent.first_price(), 0.1, 500)


def said_by(model):
    return [(each.tree, each.nodes.tolist(), each.value) for each in model.subtrees]


@pytest.mark.parametrize("problem", [values, scores])
def test_the_way_up_is_the_same_with_turns(problem):
    straight, turning = trail_over(problem, 0)[0], trail_over(problem, 500)[0]
    assert len(turning.met) > len(straight.met)
    left = iter(turning.met)
    for model, objective in straight.met:
        # later models of the way up come later in the other one too
        same = next(each for each, lost in left if lost == objective)
        for ours, theirs in zip(said_by(model), said_by(same), strict=True):
            assert ours[:2] == theirs[:2]
            np.testing.assert_array_equal(ours[2], theirs[2])


@pytest.mark.parametrize("problem", [values, scores])
def test_larger_models_say_more_and_turns_lose_nothing(problem):
    straight, turning = trail_over(problem, 0)[0], trail_over(problem, 500)
    lost = {id(model): left for model, left in turning[0].met}
    sizes = [model.n_leaves for model in turning[1]]
    left = [lost[id(model)] for model in turning[1]]
    assert np.all(np.diff(sizes) > 0) and np.all(np.diff(left) < 0)
    for model, objective in straight.met:
        as_small = [each for n, each in zip(sizes, left) if n <= model.n_leaves]
        assert min(as_small) <= objective


def test_somewhere_the_way_back_is_the_better_one():
    straight, turning = trail_over(values, 0)[1], trail_over(values, 500)[1]
    on_the_way_up = {model.n_leaves for model in straight}
    assert {model.n_leaves for model in turning} - on_the_way_up


def penalty(descent):
    return descent.rho * sum(
        (value[reached & ~split] ** 2).sum()
        for split, value, reached in descent.standing.values()
    )


def squares(y, total):
    return ((y - total) ** 2).sum()


def twice_the_log_loss(y, total):
    return 2 * log_loss(y, 1 / (1 + np.exp(-total)), normalize=False)


@pytest.mark.parametrize(
    ("problem", "lost"), [(values, squares), (scores, twice_the_log_loss)]
)
def test_the_objective_is_what_is_lost_and_what_pulls_leaves(problem, lost):
    model, X, y, form_of = problem()
    descent = descent_over(model, X, y, form_of)
    descent.start_empty()
    descent.enter(descent.first_price() / 50)
    assert descent.n_leaves > 5
    expected = lost(y, descent.sum[:, 0]) + penalty(descent)
    assert descent.objective() == pytest.approx(expected)
