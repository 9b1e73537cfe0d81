"""Steps of a descent never raise the objective, whatever the loss and its penalty."""

import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

from sklprune._registry import family_of
from sklprune._tree_descent.block_descent import BlockDescent
from sklprune._tree_descent.containers import boosting_container, own_container
from sklprune._units import Task


def classes(n_classes, seed):
    return make_classification(
        400, n_informative=5, n_classes=n_classes, flip_y=0.1, random_state=seed
    )


def forest_as_boosting(seed):
    X, y = classes(2, seed)
    model = RandomForestClassifier(8, random_state=seed).fit(X, y)
    return model, X, y, boosting_container


def boosting_of_three_classes(seed):
    X, y = classes(3, seed)
    model = GradientBoostingClassifier(
        n_estimators=5, max_depth=None, max_leaf_nodes=40, random_state=seed
    )
    return model.fit(X, y), X, y, own_container


@pytest.mark.parametrize("problem", [forest_as_boosting, boosting_of_three_classes])
@pytest.mark.parametrize("rho", [0.01, 0.1])
def test_no_sweep_raises_the_objective(problem, rho):
    # with a weak penalty, Newton steps of rows that are predicted with certainty are
    # far too long
    model, X, y, container_of = problem(0)
    family = family_of(model)
    container = container_of(family, model, Task(X, y), family.targets(model, y))
    leaf_ids = family.leaf_ids(model, X)
    descent = BlockDescent(
        container.trees,
        [leaf_ids[tree.position] for tree in container.trees],
        container.loss,
        container.offset(X),
        rho,
    )
    descent.start_empty()
    leaf_penalty, constant = descent.first_penalty(), descent.objective().value
    changes = []
    while leaf_penalty > 0.3 * descent.noise():
        descent.add_trees(leaf_penalty)
        before = descent.objective().value + leaf_penalty * descent.n_leaves
        descent.sweep(leaf_penalty)
        after = descent.objective().value + leaf_penalty * descent.n_leaves
        changes.append((after - before) / constant)
        leaf_penalty /= 2
    assert len(changes) > 5
    assert max(changes) < 1e-9
    assert descent.objective().value < constant / 2
