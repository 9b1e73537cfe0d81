"""Rules on literal tables, ties included."""

import numpy as np
import pytest

from sklprune.rules import Best, OneStandardError, Tolerance, standard_error


def table(scores, asked_nothing=True):
    scores = np.array(scores, dtype=float)
    scores = scores[:, None] if scores.ndim == 1 else scores
    asked = np.full(len(scores), True)
    asked[0] = asked_nothing
    return {"scores": scores, "score_mean": scores.mean(axis=1), "asked": asked}


@pytest.mark.parametrize(
    "scores, asked_nothing, position",
    [
        ([0.9, 0.8, 0.7], True, 0),
        ([0.9, 0.8, 0.7], False, 1),
        ([0.9, 0.9, 0.7], True, 1),  # ties go to the smaller model
        ([-2.0, -1.0, -1.0], True, 2),
    ],
)
def test_best(scores, asked_nothing, position):
    assert Best().choose(table(scores, asked_nothing)) == position


def test_one_standard_error_is_paired_and_against_the_best():
    # candidate 2 is always 0.01 below the best: a paired error of zero rules it out,
    # although it lies far within one unpaired standard error
    scores = [[0.5, 0.7, 0.9], [0.6, 0.8, 1.0], [0.59, 0.79, 0.99]]
    assert OneStandardError().choose(table(scores)) == 1
    # here its difference varies: mean -0.01, standard error 0.02
    scores[2] = [0.59 - 0.035, 0.79 + 0.035, 0.99]
    assert OneStandardError().choose(table(scores)) == 2


def test_one_standard_error_of_one_split_is_the_best():
    assert OneStandardError().choose(table([0.8, 0.9, 0.899])) == 1


def test_one_standard_error_ignores_an_unpruned_model_that_was_not_asked():
    scores = [[0.9, 0.9], [0.5, 0.51], [0.5, 0.5]]
    assert OneStandardError().choose(table(scores, asked_nothing=False)) == 2


@pytest.mark.parametrize(
    "rule, scores, position",
    [
        (Tolerance(0.01), [0.9, 0.895, 0.89, 0.88], 2),  # the bound itself counts
        (Tolerance(0.0), [0.9, 0.9, 0.89], 1),
        (Tolerance(0.01), [0.9, 0.5, 0.4], 0),  # none meets it
        (Tolerance(0.02, relative=True), [-10, -10.19, -10.2, -10.3], 2),
        (Tolerance(0.01), [0.9, 0.5, 0.9], 2),  # the path need not be monotone
    ],
)
def test_tolerance_is_against_the_unpruned_model(rule, scores, position):
    assert rule.choose(table(scores, asked_nothing=False)) == position


def test_tolerance_refuses_a_negative_drop():
    with pytest.raises(ValueError, match="max_drop=-1"):
        Tolerance(-1).choose(table([0.9, 0.8]))


def test_standard_error_against_the_formula():
    values = np.array([[1.0, 2.0, 4.0]])
    expected = np.std(values, ddof=1) / np.sqrt(3)
    np.testing.assert_allclose(standard_error(values), [expected])
    assert np.isnan(standard_error(values[:, :1])).all()
