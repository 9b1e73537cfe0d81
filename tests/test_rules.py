"""Rules on literal tables, ties included."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from sklprune import PrunedEstimator
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


# -- in a search ----------------------------------------------------------------------


@pytest.fixture
def search_results(binary):
    X, y = binary
    pruned = PrunedEstimator(LogisticRegression())
    grid = {"pruning_ratio": [0.0, 0.5, 0.75, 0.875], "estimator__C": [1e-3, 1.0]}

    def search(rule, grid=grid):
        return GridSearchCV(pruned, grid, refit=rule, cv=4).fit(X, y)

    return search


@pytest.mark.parametrize("rule", [Best(), OneStandardError(), Tolerance(0.05)])
def test_a_search_refits_by_a_rule(search_results, rule):
    search = search_results(rule)
    results = search.cv_results_
    ratios = np.array(results["param_pruning_ratio"], dtype=float)
    means = results["mean_test_score"]
    per_split = np.column_stack([results[f"split{i}_test_score"] for i in range(4)])
    best = means.argmax()
    bound = {
        "Best": means[best],
        "Tolerance": means[ratios == 0].max() - 0.05,
        "OneStandardError": means[best]
        - standard_error(per_split - per_split[best])[search.best_index_],
    }[type(rule).__name__]
    assert means[search.best_index_] >= bound - 1e-12
    larger = ratios > ratios[search.best_index_]
    if not isinstance(rule, OneStandardError):
        assert (means[larger] < bound).all()
    assert search.best_estimator_.pruning_ratio_ == ratios[search.best_index_]


def test_what_a_search_must_offer(search_results):
    with pytest.raises(ValueError, match="0 must be among the searched ratios"):
        search_results(Tolerance(), {"pruning_ratio": [0.25, 0.5]})
    with pytest.raises(ValueError, match="one pruning_ratio; .*'param_estimator__C'"):
        search_results(Best(), {"estimator__C": [0.1, 1.0]})
    with pytest.raises(ValueError, match="needs numbers"):
        search_results(Best(), {"pruning_ratio": ["auto", 0.5]})
