"""Member selection against brute force over rows."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from sklprune import PrunedEstimator, prune
from sklprune._registry import family_of
from sklprune._units import Task
from sklprune.methods import MemberSelection
from sklprune.methods.member_selection import (
    MARGIN,
    elimination_steps,
    inclusion_steps,
    margins,
    residual_products,
)


def brute_force(residuals):
    """Remove, again and again, the member whose absence costs the least."""
    members, steps = list(range(residuals.shape[1])), np.zeros(residuals.shape[1])
    for step in range(1, residuals.shape[1]):
        errors = []
        for member in members:
            others = [m for m in members if m != member]
            mean = residuals[:, others].mean(axis=1)
            errors.append(np.square(mean).sum())
        best = min(range(len(members)), key=lambda i: (round(errors[i], 9), -i))
        steps[members.pop(best)] = step
    steps[members[0]] = residuals.shape[1]
    return steps


@pytest.mark.parametrize("seed", range(5))
def test_steps_equal_brute_force(seed):
    residuals = np.random.RandomState(seed).normal(size=(30, 7, 2))
    expected = brute_force(residuals)
    steps = elimination_steps(residual_products(residuals.copy()))
    np.testing.assert_array_equal(steps, expected)


def test_the_later_one_of_equal_members_is_removed():
    residuals = np.ones((10, 4, 1))
    steps = elimination_steps(residual_products(residuals))
    assert steps.tolist() == [4, 3, 2, 1]


def test_weights_count_as_repeated_rows():
    rng = np.random.RandomState(0)
    residuals, weight = rng.normal(size=(20, 4, 2)), rng.randint(0, 3, 20)
    weighted = residual_products(residuals.copy(), weight)
    repeated = residual_products(np.repeat(residuals, weight, axis=0))
    np.testing.assert_allclose(weighted, repeated, rtol=1e-10)


def test_seen_rows_do_not_count():
    rng = np.random.RandomState(0)
    residuals, seen = rng.normal(size=(50, 3, 1)), rng.rand(50, 3) < 0.5
    products = residual_products(residuals.copy(), seen=seen)
    for s in range(3):
        for t in range(3):
            both = ~seen[:, s] & ~seen[:, t]
            expected = (residuals[both, s] * residuals[both, t]).sum() / both.sum()
            np.testing.assert_allclose(products[s, t], expected, rtol=1e-6)


def test_members_without_a_common_row_get_the_mean_of_the_others():
    seen = np.array([[True, False], [False, True]])
    products = residual_products(np.array([[[1.0], [2.0]], [[3.0], [4.0]]]), seen=seen)
    assert products.tolist() == [[9.0, 6.5], [6.5, 4.0]]


# -- members that are added -----------------------------------------------------------


def brute_force_inclusion(residuals):
    """Add, again and again, the member with which the error is smallest."""
    n_members = residuals.shape[1]
    members, steps = [], np.zeros(n_members)
    for step in range(n_members, 0, -1):
        outside = [m for m in range(n_members) if m not in members]
        errors = [
            np.square(residuals[:, [*members, m]].mean(axis=1)).sum() for m in outside
        ]
        best = min(range(len(outside)), key=lambda i: (round(errors[i], 9), i))
        members.append(outside[best])
        steps[outside[best]] = step
    return steps


@pytest.mark.parametrize("seed", range(5))
def test_inclusion_equals_brute_force(seed):
    residuals = np.random.RandomState(seed).normal(size=(30, 7, 2))
    # equal members, and votes in whole numbers
    residuals[:, 5] = residuals[:, 2]
    votes = np.sign(residuals) - 0.25
    for each in (residuals, votes):
        steps = inclusion_steps(residual_products(each.copy()))
        np.testing.assert_array_equal(steps, brute_force_inclusion(each))


def test_the_first_one_of_equal_members_is_added():
    steps = inclusion_steps(residual_products(np.ones((10, 4, 1))))
    assert steps.tolist() == [4, 3, 2, 1]


def test_margins_equal_a_loop_over_rows_and_members():
    rng = np.random.RandomState(0)
    outputs = rng.dirichlet(np.ones(4), size=(20, 5))
    true = rng.randint(0, 4, 20)
    found = margins(outputs, np.eye(4)[true])
    for row in range(20):
        for member in range(5):
            others = np.delete(outputs[row, member], true[row])
            expected = outputs[row, member, true[row]] - others.max()
            assert found[row, member] == pytest.approx(expected, abs=1e-12)


def test_no_prediction_of_a_class_without_a_column_is_right():
    found = margins(np.array([[[1.0, 0.0], [0.5, 0.5]]]), np.zeros((1, 2)))
    assert found.tolist() == [[-1.0, -0.5]]


def test_right_where_others_are_wrong_comes_before_right_where_others_are():
    # two members are right on the first three rows, one on the last two
    right = np.array([[1, 1, 0], [1, 1, 0], [1, 1, 0], [0, 0, 1], [0, 0, 1]])
    shares = np.stack([right, 1 - right], axis=2).astype(float)
    targets = np.repeat([[1.0, 0.0]], 5, axis=0)
    short = margins(shares, targets)[:, :, None] - MARGIN
    assert inclusion_steps(residual_products(short)).tolist() == [3, 1, 2]


# -- whole forests ---------------------------------------------------------------------

X, Y = load_iris(return_X_y=True)


def scores_of(forest, order, weight=None):
    forest = forest.fit(X[::2], Y[::2])
    family = family_of(forest)
    rows = X[1::2], Y[1::2]
    task = Task(*rows, weight, unseen=np.arange(len(rows[0])))
    units = family.units(forest, "member", X)
    return MemberSelection(order=order).score(family, forest, units, task)


def test_margin_distance_is_that_of_the_forests_own_probabilities():
    forest = RandomForestClassifier(6, max_depth=2, random_state=0)
    steps = scores_of(forest, "margin_distance")
    shares = np.stack([tree.predict_proba(X[1::2]) for tree in forest.estimators_], 1)
    short = margins(shares, np.eye(3)[Y[1::2]])[:, :, None] - MARGIN
    # the probabilities are float32 in the one and float64 in the other
    np.testing.assert_array_equal(steps, brute_force_inclusion(short))


@pytest.mark.parametrize("order", ["reduced_error", "margin_distance"])
@pytest.mark.parametrize("name", ["balanced", "balanced_subsample", "dict"])
def test_weights_of_classes_are_weights_of_rows(order, name):
    of_class = {0: 1.0, 1: 5.0, 2: 0.5} if name == "dict" else name
    forest = RandomForestClassifier(
        8, max_depth=1, class_weight=of_class, random_state=0
    )
    # of equal shares of all classes the balanced weights are ones
    weight = np.array([1.0, 5.0, 0.5])[Y[1::2]] if name == "dict" else None
    steps = scores_of(forest, order)
    forest.class_weight = None
    family, units = family_of(forest), family_of(forest).units(forest, "member", X)
    rows = np.arange(75)
    task = Task(X[1::2], Y[1::2], weight, unseen=rows)
    plain = MemberSelection(order=order).score(family, forest, units, task)
    np.testing.assert_array_equal(steps, plain)


@pytest.mark.parametrize("order", ["reduced_error", "margin_distance"])
def test_the_order_is_taken_out_of_bag_where_the_forest_is_fitted_here(order):
    pruned = PrunedEstimator(
        RandomForestClassifier(10, random_state=0),
        method=MemberSelection(order=order),
        pruning_ratio=0.7,
    ).fit(X, Y)
    whole = RandomForestClassifier(10, random_state=0).fit(X, Y)
    removed = {unit["name"] for unit in pruned.report_.removed}
    kept = [i for i in range(10) if f"tree {i}" not in removed]
    expected = np.mean([whole.estimators_[i].predict_proba(X) for i in kept], axis=0)
    np.testing.assert_allclose(pruned.predict_proba(X), expected, atol=1e-12)


def test_another_order_is_an_error():
    forest = RandomForestClassifier(5, random_state=0).fit(X, Y)
    method = MemberSelection(order="drep")
    with pytest.raises(ValueError, match="order='drep'.*'margin_distance'"):
        prune(forest, X, Y, method=method, pruning_ratio=0.5)


def test_margins_are_of_classifiers_of_one_output():
    method = MemberSelection(order="margin_distance")
    rows, y = load_diabetes(return_X_y=True)
    regressor = RandomForestRegressor(5, random_state=0).fit(rows, y)
    with pytest.raises(ValueError, match="not a classifier.*'member_selection'"):
        prune(regressor, rows, y, method=method, pruning_ratio=0.5)
    rows, y = make_multilabel_classification(50, random_state=0)
    several = RandomForestClassifier(5, random_state=0).fit(rows, y)
    with pytest.raises(ValueError, match="several outputs"):
        prune(several, rows, y, method=method, pruning_ratio=0.5)
