"""Member selection against brute force over rows."""

import numpy as np
import pytest

from sklprune.methods.member_selection import elimination_steps, residual_products


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


def test_of_equal_members_the_later_one_leaves():
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


def test_members_that_share_no_row_get_the_mean_of_the_others():
    seen = np.array([[True, False], [False, True]])
    products = residual_products(np.array([[[1.0], [2.0]], [[3.0], [4.0]]]), seen=seen)
    assert products.tolist() == [[9.0, 6.5], [6.5, 4.0]]
