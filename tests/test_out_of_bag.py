"""A forest on the rows that it was fitted on: out-of-bag trees speak for it."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_classification, make_friedman1
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.metrics import log_loss, r2_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import prune
from sklprune.methods import Regrow
from sklprune.rules import Agreement, OneStandardError, Rule, Tolerance

X, Y = make_classification(400, 8, n_informative=5, flip_y=0.1, random_state=0)
#: the last quarter scores
CV = [(np.arange(300), np.arange(300, 400))]
KNOWN = "fitted on these very rows"
FOREST = RandomForestClassifier(60, oob_score=True, random_state=0)


def regrown(model, X=X, y=Y, **options):
    asked = {"method": "regrow", "cv": CV, "rule": Tolerance(0.05), "random_state": 0}
    return prune(model, X, y, **asked | options)


def test_the_score_of_the_forest_is_its_out_of_bag_score():
    forest = clone(FOREST).fit(X, Y)
    said = forest.oob_decision_function_[300:, 1]
    pruned = regrown(forest, scoring="roc_auc")
    score = pruned.report_.score
    assert score["original"] == pytest.approx(roc_auc_score(Y[300:], said))
    small = pruned.estimator_.predict_proba(X[300:])[:, 1]
    assert score["pruned"] == pytest.approx(roc_auc_score(Y[300:], small))
    assert "trees say that have not seen it" in str(pruned.report_)
    assert pruned.pruning_ratio_ > 0.9


@pytest.mark.parametrize(
    "model",
    [
        FOREST,
        BaggingClassifier(n_estimators=60, max_features=0.8, random_state=0),
        make_pipeline(StandardScaler(), FOREST),
    ],
)
def test_kept_whole_it_still_scores_out_of_bag(model):
    model = clone(model).fit(X, Y)
    inner = model[-1] if hasattr(model, "steps") else model
    samples, members = inner.estimators_samples_, inner.estimators_
    columns = getattr(inner, "estimators_features_", [slice(None)] * len(members))
    rows = model[:-1].transform(X) if hasattr(model, "steps") else X
    said = np.full((len(members), 100, 2), np.nan)
    for i, (tree, seen, which) in enumerate(zip(members, samples, columns)):
        unseen = np.setdiff1d(np.arange(300, 400), seen)
        said[i, unseen - 300] = tree.predict_proba(rows[unseen][:, which])
    pruned = regrown(model, scoring="neg_log_loss", rule=lambda table: 0)
    # trees round thresholds and rows to float32
    expected = -log_loss(Y[300:], np.nanmean(said, axis=0))
    assert pruned.report_.score["original"] == pytest.approx(expected, rel=1e-6)
    assert pruned.report_.score["difference"] == 0


def test_standard_errors_come_from_the_same_answers():
    forest = clone(FOREST).fit(X, Y)
    said = forest.oob_decision_function_[300:].argmax(axis=1)
    pruned = regrown(forest, rule=OneStandardError())
    frame = pruned.path_.frame().query("ratio > 0 and chosen")
    small = pruned.estimator_.predict(X[300:])
    right = [each == Y[300:] for each in (said, small)]
    chosen = frame.iloc[0]
    difference = (right[1].astype(float) - right[0]).mean()
    assert chosen["difference_mean"] == pytest.approx(difference)
    # of a mean the jackknife over ten blocks is near the error over rows
    error = np.std(right[1].astype(float) - right[0]) / 10
    assert chosen["difference_se"] == pytest.approx(error, rel=0.6)


def test_values():
    X, y = make_friedman1(400, noise=1.0, random_state=0)
    forest = RandomForestRegressor(60, oob_score=True, random_state=0).fit(X, y)
    pruned = regrown(forest, X, y)
    expected = r2_score(y[300:], forest.oob_prediction_[300:])
    assert pruned.report_.score["original"] == pytest.approx(expected)
    assert pruned.pruning_ratio_ > 0.5


def test_counts_of_rows_are_out_of_bag_too():
    forest = clone(FOREST).fit(X, Y)
    said = forest.oob_decision_function_[300:].argmax(axis=1)
    score = regrown(forest).report_.score
    for label in (0, 1):
        of_class = Y[300:] == label
        expected = (said[of_class] == label).mean()
        assert score["recall"][label]["original"] == pytest.approx(expected)


def test_to_agree_is_to_say_what_the_forest_itself_says():
    forest = clone(FOREST).fit(X, Y)
    pruned = regrown(forest, rule=Agreement(0.6))
    agreed = pruned.predict(X[300:]) == forest.predict(X[300:])
    assert pruned.report_.score["agreement"] == pytest.approx(agreed.mean())


class AgreesAndScores(Rule):
    needs = ("agreement",)

    def choose(self, table):
        return 1


def test_where_agreement_is_asked_too_counts_stay_out_of_bag():
    forest = clone(FOREST).fit(X, Y)
    score = regrown(forest, rule=AgreesAndScores(), pruning_ratio=[0.5]).report_.score
    said = forest.oob_decision_function_[300:].argmax(axis=1)
    for label in (0, 1):
        of_class = Y[300:] == label
        expected = (said[of_class] == label).mean()
        assert score["recall"][label]["original"] == pytest.approx(expected)


@pytest.mark.parametrize("scoring", ["neg_log_loss", "neg_brier_score"])
@pytest.mark.parametrize("n_trees", [13, 50, 200])
def test_probabilities_are_no_larger_than_one(scoring, n_trees):
    X, y = make_classification(400, 6, n_informative=4, flip_y=0.05, random_state=0)
    model = RandomForestClassifier(n_trees, random_state=0).fit(X, y)
    score = regrown(model, X, y, scoring=scoring).report_.score
    assert score["original_out_of_bag"] and -np.inf < score["original"] < 0


def test_a_few_rows_that_all_trees_have_seen_are_told_by_all():
    model = RandomForestClassifier(13, random_state=0).fit(X, Y)
    bags = model.estimators_samples_
    seen_by_all = set.intersection(*map(set, bags))
    assert 0 < len(seen_by_all) <= 4
    assert "original_out_of_bag" in regrown(model).report_.score


@pytest.mark.parametrize(
    ("model", "method"),
    [
        # trees that stay have seen the rows
        (FOREST, "backfitting"),
        (FOREST, "member_selection"),
        # all trees have seen all rows
        (ExtraTreesClassifier(30, random_state=0), "regrow"),
        # what the forest says it has from those rows
        (FOREST, Regrow(teacher="model")),
        # many rows have no tree that has not seen them
        (RandomForestClassifier(5, random_state=0), "regrow"),
    ],
)
def test_where_trees_know_the_rows_a_warning_says_so(model, method):
    model = clone(model).fit(X, Y)
    with pytest.warns(UserWarning, match=KNOWN):
        pruned = regrown(model, method=method)
    assert "original_out_of_bag" not in pruned.report_.score


def test_with_few_rows_to_grow_on_the_forest_is_the_teacher():
    forest = clone(FOREST).fit(X, Y)
    cv = [(np.arange(100), np.arange(100, 400))]
    with pytest.warns(UserWarning, match=KNOWN):
        pruned = regrown(forest, cv=cv)
    assert "original_out_of_bag" not in pruned.report_.score
    pruned = regrown(forest, cv=cv, method=Regrow(teacher="labels"))
    assert pruned.report_.score["original_out_of_bag"]


def test_trees_that_have_seen_others_of_a_group_do_not_speak_for_it():
    forest = clone(FOREST).fit(X, Y)
    with pytest.warns(UserWarning, match=KNOWN):
        regrown(forest, cv=3, groups=np.arange(400) // 8)


def test_rows_of_no_weight_are_recognised():
    weight = np.where(np.arange(400) % 5, 1.0, 0.0)
    forest = clone(FOREST).fit(X, Y, sample_weight=weight)
    pruned = regrown(forest, sample_weight=weight)
    assert pruned.report_.score["original_out_of_bag"]


def test_other_targets_than_those_of_the_trees():
    X, y = make_friedman1(400, noise=1.0, random_state=0)
    inner = RandomForestRegressor(30, random_state=0)
    model = TransformedTargetRegressor(inner, func=np.log, inverse_func=np.exp)
    model.fit(X, np.abs(y) + 1)
    with pytest.warns(UserWarning, match=KNOWN):
        regrown(model, X, np.abs(y) + 1)


def test_rows_that_were_not_seen_are_scored_by_all_trees():
    forest = clone(FOREST).fit(X[:200], Y[:200])
    cv = [(np.arange(100), np.arange(100, 200))]
    pruned = regrown(forest, X[200:], Y[200:], cv=cv)
    expected = forest.score(X[300:], Y[300:])
    assert pruned.report_.score["original"] == pytest.approx(expected)
    assert "original_out_of_bag" not in pruned.report_.score


def test_several_splits_and_jobs_say_the_same():
    forest = clone(FOREST).fit(X, Y)
    one = regrown(forest, cv=3)
    two = regrown(forest, cv=3, n_jobs=2)
    assert one.pruning_ratio_ == two.pruning_ratio_
    expected = forest.oob_decision_function_.argmax(axis=1) == Y
    # three folds of nearly equal size
    assert one.report_.score["original"] == pytest.approx(expected.mean(), abs=1e-3)


def test_a_score_of_ones_own_may_ask_for_anything():
    forest = clone(FOREST).fit(X, Y)

    def first_half(model, X, y):
        return model.score(X[: len(X) // 2], y[: len(y) // 2])

    with pytest.warns(UserWarning, match=KNOWN):
        regrown(forest, scoring=first_half)
