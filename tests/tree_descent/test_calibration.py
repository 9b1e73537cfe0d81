"""The calibration of held-out scores equals a logistic regression on them."""

import numpy as np
import pytest
from sklearn._loss.loss import HalfBinomialLoss
from sklearn.linear_model import LogisticRegression

from sklprune._tree_descent.calibration import calibrate
from sklprune._tree_descent.losses import Loss, SquaredLoss


def problem(scale, n_rows=3000, seed=0):
    """Scores, and classes whose log odds are `scale` times the scores plus 0.5."""
    random = np.random.RandomState(seed)
    score = random.normal(size=n_rows)
    probability = 1 / (1 + np.exp(-(0.5 + scale * score)))
    return score, (random.uniform(size=n_rows) < probability).astype(float)


def calibrated(score, y, weight=None):
    loss = Loss(HalfBinomialLoss(), y)
    weight = np.ones(len(y)) if weight is None else weight
    rows = np.flatnonzero(weight)
    return calibrate(loss, score[:, None], rows, weight[rows])


@pytest.mark.parametrize("scale", [0.1, 1.0, 4.0, -0.7])
def test_shift_and_scale_are_those_of_logistic_regression(scale):
    score, y = problem(scale)
    found = calibrated(score, y)
    expected = LogisticRegression(C=1e6).fit(score[:, None], y)
    # the prior of five rows among 3000
    assert found.shift == pytest.approx(expected.intercept_[0], abs=0.02)
    assert found.scale == pytest.approx(expected.coef_[0, 0], rel=0.03, abs=0.02)


def test_the_loss_depends_on_the_scale_of_the_scores_by_the_prior_only():
    score, y = problem(1.5)
    losses = [calibrated(factor * score, y).loss for factor in (0.3, 1.0, 3.0)]
    np.testing.assert_allclose(losses, losses[1], rtol=1e-4)


def test_weights_of_rows_count():
    score, y = problem(1.0, 400)
    weight = np.random.RandomState(1).randint(0, 3, 400)
    rows = np.repeat(np.arange(400), weight)
    repeated = calibrated(score[rows], y[rows])
    assert calibrated(score, y, weight.astype(float)).loss == pytest.approx(
        repeated.loss, rel=1e-3
    )
    one = calibrated(score, y, weight * 1.0)
    scaled = calibrated(score, y, weight * 1e6)
    np.testing.assert_allclose(
        np.divide(scaled, [1e6, 1, 1]), np.asarray(one), rtol=1e-6
    )


def test_scores_that_separate_the_classes_have_a_finite_scale():
    score = np.linspace(-1, 1, 50)
    found = calibrated(score, (score > 0).astype(float))
    assert np.isfinite(found.scale) and found.scale > 1


def test_equal_scores_have_the_shift_of_the_mean():
    y = np.array([0.0, 0, 0, 1] * 10)
    found = calibrated(np.zeros(40), y)
    assert found.shift == pytest.approx(np.log(1 / 3), abs=1e-3)


def test_values_are_not_calibrated():
    y = np.arange(5.0)[:, None]
    found = calibrate(SquaredLoss(y), y + 2, np.array([1, 3]), np.array([1.0, 2.0]))
    assert found == (3 * 2.0**2 / 2, 0.0, 1.0)
