"""Which candidates a rule may choose, if columns are hardly better than noise."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from sklprune import FeaturePruningSelector, PrunedEstimator
from sklprune._evaluation.noise import without_noise
from sklprune._evaluation.stability import packed
from sklprune.methods import Permutation
from sklprune.rules import Best, Tolerance

METHOD = Permutation(1, criterion="loss", margin=1.5, cv=3)


def allowed(scores, n_noise, floor=0.0):
    """The mask for candidates of 8, 6, 4 and 2 columns; the last ones are noise."""
    scores = np.array(scores, dtype=float)
    n_splits = scores.shape[1]
    importances = np.tile(np.append(np.ones(8 - n_noise), np.zeros(n_noise)), 1)
    kept = [
        [packed(np.arange(8) < n_kept) for _ in range(n_splits)]
        for n_kept in (8, 6, 4, 2)
    ]
    table = {"scores": scores, "score_mean": scores.mean(axis=1)}
    return without_noise(table, kept, np.tile(importances, (n_splits, 1)), floor)


SPREAD = np.array([0.0, 0.02, -0.02])


def test_candidates_without_noise_are_allowed():
    scores = [0.9 + SPREAD, 0.91 + SPREAD[::-1], 0.9 + SPREAD, 0.8 + SPREAD]
    np.testing.assert_array_equal(allowed(scores, 4), [False, False, True, False])
    np.testing.assert_array_equal(allowed(scores, 0), [True, True, True, True])
    np.testing.assert_array_equal(allowed(scores, 2), [False, True, True, True])


def test_the_best_without_noise_is_allowed_if_none_is_near_the_best_of_all():
    scores = [0.9 + SPREAD, 0.95 + SPREAD, 0.92 + 2 * SPREAD, 0.91 + 2 * SPREAD]
    np.testing.assert_array_equal(allowed(scores, 4), [False, False, True, False])


def test_a_candidate_that_is_clearly_better_is_allowed():
    small = np.array([0.0, 0.0005, -0.0005])
    scores = [0.9 + SPREAD, 0.95 + small, 0.9 + 0 * small, 0.8 + small]
    np.testing.assert_array_equal(allowed(scores, 4), [False, True, True, False])


def test_the_floor_costs_at_most_some_standard_errors_of_the_unpruned_score():
    # candidates of 8 and 6 columns, with four and two of noise, and two without noise;
    # two and a half standard errors of the first one are 0.029
    worse = [0.85 - SPREAD, 0.8 + SPREAD]
    scores = [0.95 + SPREAD, 0.94 - SPREAD, *worse]
    np.testing.assert_array_equal(allowed(scores, 4), [False, True, False, False])
    scores = [0.95 + SPREAD, 0.87 - SPREAD, *worse]
    np.testing.assert_array_equal(allowed(scores, 4), [True, False, False, False])
    # of several without noise, those that are near enough
    scores = [0.95 + SPREAD, 0.9 + SPREAD, 0.915 + SPREAD, 0.93 - SPREAD]
    np.testing.assert_array_equal(allowed(scores, 4), [False, False, False, True])


def test_the_floor_costs_no_more_if_its_cost_varies_between_the_splits():
    unstable = 0.7 + 15 * SPREAD
    scores = [0.9 + SPREAD, 0.88 - SPREAD, unstable, unstable - 0.1]
    np.testing.assert_array_equal(allowed(scores, 4), [False, True, False, False])


def test_small_candidates_near_the_best_of_all_are_allowed():
    scores = [0.91 + SPREAD, 0.9 + SPREAD, 0.905 + SPREAD[::-1], 0.9 + SPREAD[::-1]]
    np.testing.assert_array_equal(allowed(scores, 4), [False, False, True, True])


def test_of_columns_that_are_all_noise_the_fewest_are_allowed():
    scores = [0.5 + SPREAD, 0.5 - SPREAD, 0.5 + SPREAD, 0.5 - SPREAD]
    np.testing.assert_array_equal(allowed(scores, 8), [False, False, False, True])


def test_a_single_score_cannot_be_clearly_better():
    np.testing.assert_array_equal(
        allowed([[0.9], [0.8], [0.7], [0.6]], 4), [False, False, True, False]
    )
    np.testing.assert_array_equal(allowed([[np.nan]] * 4, 4), [True] * 4)


@pytest.fixture
def noisy():
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(200, 12)), columns=list("abcdefghijkl"))
    y = (X["a"] + X["b"] + 0.3 * rng.normal(size=200) > 0).astype(int)
    return X, y


def fitted(X, y, **settings):
    settings = {"method": METHOD, "cv": 3, "random_state": 0, **settings}
    return FeaturePruningSelector(GaussianNB(), **settings).fit(X, y)


@pytest.mark.parametrize("rule", ["one_se", Best()])
def test_the_rules_do_not_choose_noise(noisy, rule):
    selector = fitted(*noisy, rule=rule)
    assert set(selector.get_feature_names_out()) <= {"a", "b"}
    asked = selector.path_.table["asked"]
    assert not asked[0]
    sentence = f"{(~asked).sum()} of {len(asked)} sizes were not considered, since they"
    assert sentence in str(selector.report_)


def test_what_the_user_requests_is_never_refused(noisy):
    for ratios in (0.25, [0.25], [0.25, 0.5]):
        selector = fitted(*noisy, pruning_ratio=ratios)
        assert selector.support_.sum() > 2
    selector = fitted(*noisy, rule=Tolerance(0.1))
    assert selector.path_.table["asked"].all()
    assert "were not considered" not in str(selector.report_)


def test_columns_that_are_always_kept_are_not_noise(noisy):
    selector = fitted(*noisy, always_keep=["k", "l"])
    assert {"k", "l"} <= set(selector.get_feature_names_out())
    assert selector.support_.sum() <= 5


def test_methods_without_a_floor_have_all_candidates(noisy):
    X, y = noisy
    for method in (Permutation(1), "recursive_elimination"):
        pruned = PrunedEstimator(LogisticRegression(), method=method, cv=2)
        assert pruned.fit(X, y).path_.table["asked"].all()
