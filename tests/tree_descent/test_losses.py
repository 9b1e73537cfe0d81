"""Losses of the descent: derivatives, scales and projections."""

import itertools

import numpy as np

from sklprune._tree_descent.losses import (
    OneVsRestLoss,
    SquaredLoss,
    nearest_distribution,
)


def test_the_nearest_distribution_is_the_one_of_brute_force():
    points = np.random.RandomState(0).normal(size=(20, 3))
    grid = np.array(
        [
            (i / 60, j / 60, (60 - i - j) / 60)
            for i, j in itertools.product(range(61), repeat=2)
            if i + j <= 60
        ]
    )
    found = nearest_distribution(points)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert (found >= 0).all()
    distance = ((points[:, None] - grid) ** 2).sum(axis=2).min(axis=1)
    # the grid can only be further away
    assert (((points - found) ** 2).sum(axis=1) <= distance + 1e-12).all()
    # two classes have a formula: a third one far below gets the probability zero
    third = np.full((20, 1), -50.0)
    of_three = nearest_distribution(np.hstack([points[:, :2], third]))
    of_two = nearest_distribution(points[:, :2])
    np.testing.assert_allclose(of_two, of_three[:, :2], atol=1e-12)


def test_derivatives_of_separable_outputs_are_computed_alone():
    rng = np.random.RandomState(0)
    y, raw_prediction, weight = rng.rand(20, 3), rng.rand(20, 3), rng.rand(20)
    for loss in (SquaredLoss(y, weight), OneVsRestLoss(y, weight)):
        neg_gradient, hessian = loss.derivatives(raw_prediction)
        for output in range(3):
            alone, hessian_alone = loss.derivatives_of([output], raw_prediction)
            np.testing.assert_array_equal(alone, neg_gradient[:, [output]])
            np.testing.assert_array_equal(hessian_alone, hessian)


def test_the_scale_of_scores_is_the_best_one():
    rng = np.random.RandomState(0)
    y = np.eye(3)[rng.randint(3, size=200)]
    raw_prediction = 0.2 * y + 0.1 * rng.normal(size=y.shape)
    scale = OneVsRestLoss(y).scale(raw_prediction)

    def loss(factor):
        exp = np.exp(factor * raw_prediction)
        return -np.log((exp / exp.sum(axis=1, keepdims=True))[y > 0]).mean()

    assert loss(scale) <= min(loss(scale * 0.98), loss(scale * 1.02))
