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
from sklearn.metrics import brier_score_loss, get_scorer, r2_score
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklprune import PrunedEstimator, prune
from sklprune._evaluation.out_of_bag import extrapolation_factor, halves_of, out_of_bag
from sklprune._registry import family_of
from sklprune._units import Task
from sklprune.methods import CostComplexity, Regrow
from sklprune.rules import Agreement, OneStandardError, Rule, Tolerance

X, Y = make_classification(400, 8, n_informative=5, flip_y=0.1, random_state=0)
#: the last quarter scores
CV = [(np.arange(300), np.arange(300, 400))]
KNOWN = "fitted on these very rows"
FOREST = RandomForestClassifier(60, oob_score=True, random_state=0)


def regrown(model, X=X, y=Y, **options):
    asked = {"method": "regrow", "cv": CV, "rule": Tolerance(0.05), "random_state": 0}
    return prune(model, X, y, **asked | options)


def extrapolated(said, y):
    """Minus the mean squared error of all trees, from what each one says of rows that
    it has not seen: (n_trees, n_rows), elsewhere NaN.

    The mean of n trees errs by a share 1/n of their variance more than that of any
    number. Also what that takes away from the error of those at hand.
    """
    n_trees = np.isfinite(said).sum(axis=0)
    error = np.mean((np.nanmean(said, axis=0) - y) ** 2)
    lacking = np.nanvar(said, axis=0, ddof=1) * (1 / n_trees - 1 / len(said))
    return -error + lacking.mean(), lacking.mean()


#: two random halvings find the variance of a row with an error, which over a hundred
#: rows comes to a tenth of what is carried on
NOISE = 0.3


def said_by_member(forest, X, rows):
    """What members say of rows that they have not seen, elsewhere NaN."""
    samples, members = forest.estimators_samples_, forest.estimators_
    columns = getattr(forest, "estimators_features_", [slice(None)] * len(members))
    said = np.full((len(members), len(rows)), np.nan)
    for i, (tree, seen, which) in enumerate(zip(members, samples, columns)):
        unseen = ~np.isin(rows, seen)
        says = tree.predict_proba if hasattr(tree, "classes_") else tree.predict
        # of two classes what is said of the second one
        told = says(X[rows[unseen]][:, which])
        said[i, unseen] = told[:, 1] if told.ndim > 1 else told
    return said


def test_the_score_of_the_forest_is_carried_on_from_out_of_bag_trees():
    forest = clone(FOREST).fit(X, Y)
    pruned = regrown(forest, scoring="neg_brier_score")
    score = pruned.report_.score
    said = said_by_member(forest, X, np.arange(300, 400))
    expected, gain = extrapolated(said, Y[300:])
    assert score["original"] == pytest.approx(expected, abs=NOISE * gain)
    small = pruned.estimator_.predict_proba(X[300:])[:, 1]
    assert score["pruned"] == pytest.approx(-brier_score_loss(Y[300:], small))
    assert "its score is out-of-bag, extrapolated" in str(pruned.report_)
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
    rows = model[:-1].transform(X) if hasattr(model, "steps") else X
    said = said_by_member(inner, rows, np.arange(300, 400))
    pruned = regrown(model, scoring="neg_brier_score", rule=lambda table: 0)
    expected, gain = extrapolated(said, Y[300:])
    assert pruned.report_.score["original"] == pytest.approx(expected, abs=NOISE * gain)
    assert pruned.report_.score["difference"] == 0


def scored(forest, X, y, scoring):
    """The score of a forest on its own rows as out-of-bag trees have it, and as it is
    carried on."""
    everywhere, scorer = np.arange(len(y)), get_scorer(scoring)
    task = Task(X, y, random_state=0)
    speaks = out_of_bag(family_of(forest), forest, task, everywhere)

    def score(model):
        return scorer(model, everywhere, y)

    carried = speaks.extrapolated(score, lambda model: (score(model), [score(model)]))
    # of one part alone that part is the score
    assert carried[1] == pytest.approx(carried[0])
    return score(speaks.predictions), carried[0]


@pytest.mark.parametrize(
    "scoring", ["roc_auc", "neg_brier_score", "accuracy", "neg_log_loss"]
)
@pytest.mark.parametrize("n_trees", [15, 60])
def test_it_is_near_what_all_trees_score_on_other_rows(scoring, n_trees):
    X, y = make_classification(
        9000, 8, n_informative=5, n_redundant=0, flip_y=0.1, random_state=0
    )
    forest = RandomForestClassifier(n_trees, random_state=0).fit(X[:3000], y[:3000])
    alone, carried = scored(forest, X[:3000], y[:3000], scoring)
    by_all = get_scorer(scoring)(forest, X[3000:], y[3000:])
    assert alone < carried
    # on two samples of rows the score itself differs by about a point
    assert abs(carried - by_all) < max(abs(alone - by_all) / 2, 0.01)


@pytest.mark.parametrize(
    "scoring", ["roc_auc", "neg_brier_score", "accuracy", "neg_log_loss"]
)
def test_no_score_is_better_than_that_of_what_is_right(scoring):
    best = {"roc_auc": 1, "accuracy": 1}.get(scoring, 0)
    for seed in range(8):
        X, y = make_classification(
            300,
            6,
            n_informative=4,
            n_redundant=0,
            class_sep=2.5,
            flip_y=0.0,
            random_state=seed,
        )
        forest = RandomForestClassifier(15, random_state=0).fit(X, y)
        alone, carried = scored(forest, X, y, scoring)
        # of what is right log loss is zero but for rounding
        assert alone <= carried <= best + 1e-12


def test_values_are_no_better_than_right():
    X = np.arange(200.0)[:, None]
    forest = RandomForestRegressor(20, random_state=0).fit(X, X[:, 0])
    alone, carried = scored(forest, X, X[:, 0], "r2")
    assert alone <= carried <= 1


@pytest.mark.parametrize("n_more", [0.0, 0.5, 1.0, 1.45])
def test_what_further_doublings_bring(n_more):
    # of the law 1 / n each doubling brings half of the one before
    rest = extrapolation_factor(1 / 4, 1 / 2, n_more)
    assert rest / 4 == pytest.approx((1 - 2**-n_more) / 4)
    # one that falls faster brings less; no other one brings more
    assert extrapolation_factor(0.1, 1.0, n_more) <= rest
    for last, before in ((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (0.0, 0.0)):
        assert extrapolation_factor(last, before, n_more) == rest


def test_halves_are_disjoint_and_as_large_as_each_other():
    unseen = np.random.RandomState(0).random_sample((50, 20)) < 0.4
    unseen[0], unseen[0, 3] = False, True
    first, second = halves_of(unseen, np.random.RandomState(1))
    assert (first | second == unseen).all()
    assert not (first & second)[1:].any()
    sizes = first.sum(axis=1), second.sum(axis=1)
    assert (np.abs(sizes[0] - sizes[1]) <= 1).all()
    assert (first[0] == unseen[0]).all() and (second[0] == unseen[0]).all()


def test_standard_errors_come_from_what_is_carried_on():
    forest = clone(FOREST).fit(X, Y)
    frames = [
        regrown(forest, rule=rule, scoring="neg_brier_score").path_.frame()
        for rule in (OneStandardError(), lambda table: 0)
    ]
    # parts are carried on as their mean is: pseudo-values are linear in scores
    for frame in frames:
        first = frame.iloc[0]
        assert first["difference_mean"] == 0 and first["difference_se"] == 0
    said = said_by_member(forest, X, np.arange(300, 400))
    alone = (np.nanmean(said, axis=0) - Y[300:]) ** 2
    n_trees = np.isfinite(said).sum(axis=0)
    lacking = np.nanvar(said, axis=0, ddof=1) * (1 / n_trees - 1 / len(said))
    # over ten blocks the jackknife of a mean is near the error over rows
    error = np.std(alone - lacking) / 10
    assert frames[0].iloc[0]["score_se"] == pytest.approx(error, rel=0.4)
    table = regrown(forest, rule=lambda table: 0).path_.table
    assert table["scores"][0].mean() == pytest.approx(table["score_mean"][0], abs=0.02)


def test_values():
    X, y = make_friedman1(400, noise=1.0, random_state=0)
    forest = RandomForestRegressor(60, random_state=0).fit(X, y)
    few_trees = {"method": Regrow(max_trees=10), "rule": Tolerance(0.3)}
    pruned = regrown(forest, X, y, scoring="neg_mean_squared_error", **few_trees)
    said = said_by_member(forest, X, np.arange(300, 400))
    expected, gain = extrapolated(said, y[300:])
    assert pruned.report_.score["original"] == pytest.approx(expected, abs=NOISE * gain)
    pruned = regrown(forest, X, y, **few_trees)
    assert pruned.report_.score["original"] > r2_score(
        y[300:], np.nanmean(said, axis=0)
    )
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
def test_where_trees_know_the_rows_models_fitted_anew_speak(model, method):
    model = clone(model).fit(X, Y)
    pruned = regrown(model, method=method)
    score = pruned.report_.score
    assert "original_out_of_bag" not in score and score["original_fitted_anew"]
    anew = clone(model).fit(X[:300], Y[:300])
    assert score["original"] == anew.score(X[300:], Y[300:])
    assert "fitted anew without the rows" in str(pruned.report_)


@pytest.mark.parametrize("method", ["backfitting", "member_selection"])
def test_what_ships_comes_from_the_model_that_was_given(method):
    model = RandomForestClassifier(20, random_state=0).fit(X, Y)
    pruned = regrown(model, method=method, store_path=True)
    ratio = pruned.pruning_ratio_
    assert ratio > 0.3
    # fitted on the same rows with the same seed it is the same forest
    own = PrunedEstimator(clone(model), method=method, pruning_ratio=ratio)
    own.set_params(random_state=0).fit(X, Y)
    np.testing.assert_array_equal(own.predict_proba(X), pruned.predict_proba(X))
    np.testing.assert_array_equal(
        pruned.path_.at(0).predict_proba(X), model.predict_proba(X)
    )
    scored = PrunedEstimator(clone(model), method=method, cv=CV, rule=Tolerance(0.05))
    scored.set_params(random_state=0).fit(X, Y)
    assert scored.report_.score["original"] == pruned.report_.score["original"]
    assert scored.pruning_ratio_ == ratio


def test_with_few_rows_to_grow_on_the_forest_would_teach_what_it_knows():
    forest = clone(FOREST).fit(X, Y)
    # nor is a forest of a hundred rows like one of four hundred
    cv = [(np.arange(100), np.arange(100, 400))]
    with pytest.warns(UserWarning, match=KNOWN):
        pruned = regrown(forest, cv=cv)
    assert not {"original_out_of_bag", "original_fitted_anew"} & set(
        pruned.report_.score
    )
    pruned = regrown(forest, cv=cv, method=Regrow(teacher="labels"))
    assert pruned.report_.score["original_out_of_bag"]


def test_trees_that_have_seen_others_of_a_group_do_not_speak_for_it():
    forest = clone(FOREST).fit(X, Y)
    pruned = regrown(forest, cv=3, groups=np.arange(400) // 8)
    assert pruned.report_.score["original_fitted_anew"]


class Bare(RandomForestClassifier):
    """A forest of few parameters."""

    def __init__(self, n_estimators=20, random_state=None):
        super().__init__(n_estimators, random_state=random_state)


def test_a_forest_of_few_parameters_is_fitted_anew():
    model = Bare(random_state=0).fit(X, Y)
    pruned = regrown(model, method="cost_complexity")
    assert pruned.report_.score["original_fitted_anew"]


@pytest.mark.parametrize(
    "change",
    [
        {"max_depth": 2},
        {"min_samples_leaf": 30},
        # there are fewer rows without those that choose, or the value is no more known
        {"max_samples": 350},
        {"max_features": "as it was"},
    ],
)
def test_other_parameters_than_those_of_the_fit_make_no_such_forest(change):
    model = RandomForestClassifier(20, bootstrap=False, random_state=0).fit(X, Y)
    model.set_params(**change)
    if "max_samples" in change:
        model.set_params(bootstrap=True).fit(X, Y)
        if _a_sample_may_be_larger():
            return
    with pytest.warns(UserWarning, match=KNOWN):
        pruned = regrown(model, method="cost_complexity")
    assert "original_fitted_anew" not in pruned.report_.score


def _a_sample_may_be_larger():
    """Whether a release takes samples of more rows than there are."""
    try:
        RandomForestClassifier(1, max_samples=350).fit(X[:300], Y[:300])
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "model",
    [
        ExtraTreesClassifier(30, max_depth=8, random_state=0),
        DecisionTreeClassifier(random_state=0),
    ],
)
def test_trees_that_were_pruned_cannot_be_fitted_anew(model):
    model = clone(model).fit(X, Y)
    small = prune(model, X, Y, pruning_ratio=0.6, random_state=0).estimator_
    with pytest.warns(UserWarning, match=KNOWN):
        pruned = regrown(small, method="backfitting")
    assert "original_fitted_anew" not in pruned.report_.score


def test_rows_without_a_class_make_no_such_forest():
    order = np.argsort(Y, kind="stable")
    forest = clone(FOREST).fit(X[order], Y[order])
    with pytest.warns(UserWarning, match=KNOWN):
        regrown(forest, X[order], Y[order], method="backfitting", cv=KFold(2))


def test_rows_of_no_weight_do_not_make_trees_larger():
    weight = np.where(np.arange(400) % 2, 1.0, 0.0)
    model = ExtraTreesClassifier(20, random_state=0).fit(X, Y, sample_weight=weight)
    # without a warning, which is an error here
    pruned = regrown(model, method="cost_complexity", sample_weight=weight)
    assert pruned.report_.score["original_fitted_anew"]


def test_an_order_by_unseen_rows_is_by_those_out_of_bag():
    forest = RandomForestClassifier(15, random_state=0).fit(X, Y)
    method = CostComplexity(criterion="roc_auc")
    pruned = regrown(forest, method=method, rule=Tolerance(0.02))
    assert pruned.report_.score["original_fitted_anew"]
    ratio = pruned.pruning_ratio_
    assert 0 < ratio < 1
    unpruned = PrunedEstimator(clone(forest), method=method, random_state=0)
    unpruned.set_params(pruning_ratio=ratio).fit(X, Y)
    np.testing.assert_array_equal(pruned.predict_proba(X), unpruned.predict_proba(X))


def test_rows_of_no_weight_are_recognised():
    weight = np.where(np.arange(400) % 5, 1.0, 0.0)
    forest = clone(FOREST).fit(X, Y, sample_weight=weight)
    pruned = regrown(forest, sample_weight=weight)
    assert pruned.report_.score["original_out_of_bag"]


def test_other_targets_than_those_of_the_trees():
    X, y = make_friedman1(400, noise=1.0, random_state=0)
    inner = RandomForestRegressor(30, random_state=0)
    model = TransformedTargetRegressor(inner, func=np.log, inverse_func=np.exp)
    y = np.abs(y) + 1
    pruned = regrown(model.fit(X, y), X, y, method=Regrow(max_trees=3))
    assert pruned.report_.score["original_fitted_anew"]
    anew = clone(model).fit(X[:300], y[:300])
    expected = anew.score(X[300:], y[300:])
    assert pruned.report_.score["original"] == pytest.approx(expected)


def test_rows_that_were_not_seen_are_scored_by_all_trees():
    forest = clone(FOREST).fit(X[:200], Y[:200])
    cv = [(np.arange(100), np.arange(100, 200))]
    pruned = regrown(forest, X[200:], Y[200:], cv=cv)
    expected = forest.score(X[300:], Y[300:])
    assert pruned.report_.score["original"] == pytest.approx(expected)
    assert "original_out_of_bag" not in pruned.report_.score


def test_several_splits_and_jobs_say_the_same():
    forest = clone(FOREST).fit(X, Y)
    brier = {"cv": 3, "scoring": "neg_brier_score"}
    one = regrown(forest, **brier)
    two = regrown(forest, n_jobs=2, **brier)
    assert one.pruning_ratio_ == two.pruning_ratio_
    expected, gain = extrapolated(said_by_member(forest, X, np.arange(400)), Y)
    # three folds of nearly equal size
    assert one.report_.score["original"] == pytest.approx(expected, abs=NOISE * gain)


def test_a_score_of_ones_own_may_ask_for_anything():
    forest = clone(FOREST).fit(X, Y)

    def first_half(model, X, y):
        return model.score(X[: len(X) // 2], y[: len(y) // 2])

    pruned = regrown(forest, scoring=first_half)
    assert pruned.report_.score["original_fitted_anew"]
