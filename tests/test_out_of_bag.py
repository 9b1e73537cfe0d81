"""The score of a forest on the rows that it was fitted on: by out-of-bag trees."""

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
from sklprune.methods import Backfitting, CostComplexity, Regrow
from sklprune.rules import Agreement, OneStandardError, Rule, Tolerance

X, Y = make_classification(400, 8, n_informative=5, flip_y=0.1, random_state=0)
#: the last quarter is held out
CV = [(np.arange(300), np.arange(300, 400))]
FITTED = "fitted on these very rows"
FOREST = RandomForestClassifier(60, oob_score=True, random_state=0)
SMALL_FOREST = RandomForestClassifier(20, random_state=0)


@pytest.fixture(scope="module")
def forest():
    """The forest, fitted on all rows; no test may change it."""
    return clone(FOREST).fit(X, Y)


#: to choose rho takes most of the time, and changes nothing here
FEW_TREES = {"rho": 40, "max_trees": 10}


def regrown(model, X=X, y=Y, **options):
    settings = {"method": Regrow(**FEW_TREES), "cv": CV, "rule": Tolerance(0.05)}
    return prune(model, X, y, **settings | {"random_state": 0} | options)


def extrapolated(predictions, y):
    """Minus the mean squared error of all trees, from out-of-bag predictions.

    They have shape (n_trees, n_rows), NaN for rows that a tree was fitted on.
    The squared error of the mean of n trees exceeds the limit by 1/n of their variance.
    The second result is the part of the error that further trees would remove.
    """
    n_trees = np.isfinite(predictions).sum(axis=0)
    error = np.mean((np.nanmean(predictions, axis=0) - y) ** 2)
    variance = np.nanvar(predictions, axis=0, ddof=1)
    gain = variance * (1 / n_trees - 1 / len(predictions))
    return -error + gain.mean(), gain.mean()


#: two random halvings estimate the variance of a row with an error; over a hundred
#: rows, it is a tenth of the extrapolated part
NOISE = 0.3


def out_of_bag_predictions(forest, X, rows):
    """Predictions of each member, NaN for rows that it was fitted on."""
    samples, members = forest.estimators_samples_, forest.estimators_
    columns = getattr(forest, "estimators_features_", [slice(None)] * len(members))
    predictions = np.full((len(members), len(rows)), np.nan)
    for i, (tree, sample, which) in enumerate(zip(members, samples, columns)):
        unseen = ~np.isin(rows, sample)
        predict = tree.predict_proba if hasattr(tree, "classes_") else tree.predict
        # with two classes, the probability of the second one
        found = predict(X[rows[unseen]][:, which])
        predictions[i, unseen] = found[:, 1] if found.ndim > 1 else found
    return predictions


def test_the_score_of_a_forest_is_extrapolated_from_out_of_bag_trees(forest):
    pruned = regrown(forest, scoring="neg_brier_score")
    score = pruned.report_.score
    predictions = out_of_bag_predictions(forest, X, np.arange(300, 400))
    expected, gain = extrapolated(predictions, Y[300:])
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
def test_a_forest_that_is_not_pruned_is_scored_out_of_bag_too(model):
    model = clone(model).fit(X, Y)
    inner = model[-1] if hasattr(model, "steps") else model
    rows = model[:-1].transform(X) if hasattr(model, "steps") else X
    predictions = out_of_bag_predictions(inner, rows, np.arange(300, 400))
    pruned = regrown(model, scoring="neg_brier_score", rule=lambda table: 0)
    expected, gain = extrapolated(predictions, Y[300:])
    assert pruned.report_.score["original"] == pytest.approx(expected, abs=NOISE * gain)
    assert pruned.report_.score["difference"] == 0


def scored(forest, X, y, scoring):
    """The score of a forest on its own rows by out-of-bag trees, and extrapolated."""
    everywhere, scorer = np.arange(len(y)), get_scorer(scoring)
    task = Task(X, y, random_state=0)
    reference = out_of_bag(family_of(forest), forest, task, everywhere)

    def score(model):
        return scorer(model, everywhere, y)

    estimate = reference.extrapolated(
        score, lambda model: (score(model), [score(model)])
    )
    # the extrapolated score of a single part is the score of all rows
    assert estimate[1] == pytest.approx(estimate[0])
    return score(reference.predictions), estimate[0]


@pytest.mark.parametrize(
    "scoring", ["roc_auc", "neg_brier_score", "accuracy", "neg_log_loss"]
)
@pytest.mark.parametrize("n_trees", [15, 60])
def test_the_extrapolated_score_is_near_that_of_all_trees_elsewhere(scoring, n_trees):
    X, y = make_classification(
        9000, 8, n_informative=5, n_redundant=0, flip_y=0.1, random_state=0
    )
    forest = RandomForestClassifier(n_trees, random_state=0).fit(X[:3000], y[:3000])
    alone, estimate = scored(forest, X[:3000], y[:3000], scoring)
    by_all = get_scorer(scoring)(forest, X[3000:], y[3000:])
    assert alone < estimate
    # between two samples of rows, the score itself differs by about a point
    assert abs(estimate - by_all) < max(abs(alone - by_all) / 2, 0.01)


@pytest.mark.parametrize(
    "scoring", ["roc_auc", "neg_brier_score", "accuracy", "neg_log_loss"]
)
def test_no_score_is_better_than_that_of_the_targets(scoring):
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
        alone, estimate = scored(forest, X, y, scoring)
        # the log loss of the targets is zero except for rounding
        assert alone <= estimate <= best + 1e-12


def test_no_score_of_a_regressor_is_better_than_that_of_the_targets():
    X = np.arange(200.0)[:, None]
    forest = RandomForestRegressor(20, random_state=0).fit(X, X[:, 0])
    alone, estimate = scored(forest, X, X[:, 0], "r2")
    assert alone <= estimate <= 1


@pytest.mark.parametrize("n_more", [0.0, 0.5, 1.0, 1.45])
def test_the_gain_of_further_doublings(n_more):
    # under the law 1 / n, each doubling gains half of the one before
    rest = extrapolation_factor(1 / 4, 1 / 2, n_more)
    assert rest / 4 == pytest.approx((1 - 2**-n_more) / 4)
    # a gain that falls faster yields less; no other one yields more
    assert extrapolation_factor(0.1, 1.0, n_more) <= rest
    for last, before in ((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (0.0, 0.0)):
        assert extrapolation_factor(last, before, n_more) == rest


def test_halves_are_disjoint_and_of_equal_size():
    unseen = np.random.RandomState(0).random_sample((50, 20)) < 0.4
    unseen[0], unseen[0, 3] = False, True
    first, second = halves_of(unseen, np.random.RandomState(1))
    assert (first | second == unseen).all()
    assert not (first & second)[1:].any()
    sizes = first.sum(axis=1), second.sum(axis=1)
    assert (np.abs(sizes[0] - sizes[1]) <= 1).all()
    assert (first[0] == unseen[0]).all() and (second[0] == unseen[0]).all()


def test_standard_errors_are_those_of_the_extrapolated_score(forest):
    frames = [
        regrown(forest, rule=rule, scoring="neg_brier_score").path_.frame()
        for rule in (OneStandardError(), lambda table: 0)
    ]
    # parts are extrapolated like their mean: pseudo-values are linear in scores
    for frame in frames:
        first = frame.iloc[0]
        assert first["difference_mean"] == 0 and first["difference_se"] == 0
    predictions = out_of_bag_predictions(forest, X, np.arange(300, 400))
    alone = (np.nanmean(predictions, axis=0) - Y[300:]) ** 2
    n_trees = np.isfinite(predictions).sum(axis=0)
    gain = np.nanvar(predictions, axis=0, ddof=1) * (1 / n_trees - 1 / len(predictions))
    # over ten blocks, the jackknife of a mean is near the error over rows
    error = np.std(alone - gain) / 10
    assert frames[0].iloc[0]["score_se"] == pytest.approx(error, rel=0.4)
    table = regrown(forest, rule=lambda table: 0).path_.table
    assert table["scores"][0].mean() == pytest.approx(table["score_mean"][0], abs=0.02)


def test_the_score_of_a_regressor_is_extrapolated():
    X, y = make_friedman1(400, noise=1.0, random_state=0)
    forest = RandomForestRegressor(60, random_state=0).fit(X, y)
    few_trees = {"method": Regrow(**FEW_TREES), "rule": Tolerance(0.3)}
    pruned = regrown(forest, X, y, scoring="neg_mean_squared_error", **few_trees)
    predictions = out_of_bag_predictions(forest, X, np.arange(300, 400))
    expected, gain = extrapolated(predictions, y[300:])
    assert pruned.report_.score["original"] == pytest.approx(expected, abs=NOISE * gain)
    pruned = regrown(forest, X, y, **few_trees)
    assert pruned.report_.score["original"] > r2_score(
        y[300:], np.nanmean(predictions, axis=0)
    )
    assert pruned.pruning_ratio_ > 0.5


def test_recalls_are_out_of_bag_too(forest):
    predicted = forest.oob_decision_function_[300:].argmax(axis=1)
    score = regrown(forest).report_.score
    for label in (0, 1):
        of_class = Y[300:] == label
        expected = (predicted[of_class] == label).mean()
        assert score["recall"][label]["original"] == pytest.approx(expected)


def test_agreement_compares_with_the_predictions_of_the_forest_itself(forest):
    pruned = regrown(forest, rule=Agreement(0.6))
    agreed = pruned.predict(X[300:]) == forest.predict(X[300:])
    assert pruned.report_.score["agreement"] == pytest.approx(agreed.mean())


class AgreesAndScores(Rule):
    needs = ("agreement",)

    def choose(self, table):
        return 1


def test_recalls_are_out_of_bag_where_agreement_is_needed_too(forest):
    score = regrown(forest, rule=AgreesAndScores(), pruning_ratio=[0.5]).report_.score
    predicted = forest.oob_decision_function_[300:].argmax(axis=1)
    for label in (0, 1):
        of_class = Y[300:] == label
        expected = (predicted[of_class] == label).mean()
        assert score["recall"][label]["original"] == pytest.approx(expected)


@pytest.mark.parametrize("scoring", ["neg_log_loss", "neg_brier_score"])
@pytest.mark.parametrize("n_trees", [13, 50, 200])
def test_scores_of_probabilities_remain_finite_and_below_zero(scoring, n_trees):
    X, y = make_classification(400, 6, n_informative=4, flip_y=0.05, random_state=0)
    model = RandomForestClassifier(n_trees, random_state=0).fit(X, y)
    score = regrown(model, X, y, scoring=scoring).report_.score
    assert score["original_out_of_bag"] and -np.inf < score["original"] < 0


def test_a_few_rows_without_out_of_bag_trees_are_predicted_by_all_trees():
    model = RandomForestClassifier(13, random_state=0).fit(X, Y)
    bags = model.estimators_samples_
    in_all_bags = set.intersection(*map(set, bags))
    assert 0 < len(in_all_bags) <= 4
    assert "original_out_of_bag" in regrown(model).report_.score


@pytest.mark.parametrize(
    ("model", "method"),
    [
        # the kept trees were fitted on the rows
        (SMALL_FOREST, Backfitting(40)),
        (SMALL_FOREST, "member_selection"),
        # all trees were fitted on all rows
        (ExtraTreesClassifier(20, random_state=0), Regrow(**FEW_TREES)),
        # the predictions of the forest, the targets here, depend on those rows
        (SMALL_FOREST, Regrow(**FEW_TREES, teacher="model")),
        # many rows are in the samples of all trees
        (RandomForestClassifier(5, random_state=0), Regrow(**FEW_TREES)),
    ],
)
def test_similar_models_are_fitted_where_candidates_depend_on_the_rows(model, method):
    model = clone(model).fit(X, Y)
    pruned = regrown(model, method=method)
    score = pruned.report_.score
    assert "original_out_of_bag" not in score and score["original_fitted_anew"]
    similar = clone(model).fit(X[:300], Y[:300])
    assert score["original"] == similar.score(X[300:], Y[300:])
    assert "similar models, fitted without the rows" in str(pruned.report_)


@pytest.mark.parametrize("method", [Backfitting(40), "member_selection"])
def test_the_result_is_pruned_from_the_model_that_is_given(method):
    model = RandomForestClassifier(12, random_state=0).fit(X, Y)
    pruned = regrown(model, method=method, store_path=True)
    ratio = pruned.pruning_ratio_
    assert ratio > 0.3
    # fitted on the same rows with the same seed, it is the same forest
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


def test_with_few_rows_the_forest_is_distilled_and_not_scored_out_of_bag(forest):
    # nor is a forest of a hundred rows similar to one of four hundred
    cv = [(np.arange(100), np.arange(100, 400))]
    with pytest.warns(UserWarning, match=FITTED):
        pruned = regrown(forest, cv=cv)
    assert not {"original_out_of_bag", "original_fitted_anew"} & set(
        pruned.report_.score
    )
    pruned = regrown(forest, cv=cv, method=Regrow(rho=40, teacher="labels"))
    assert pruned.report_.score["original_out_of_bag"]


def test_trees_fitted_on_other_rows_of_a_group_are_not_out_of_bag(forest):
    pruned = regrown(forest, cv=3, groups=np.arange(400) // 8)
    assert pruned.report_.score["original_fitted_anew"]


class Bare(RandomForestClassifier):
    """A forest of few parameters."""

    def __init__(self, n_estimators=20, random_state=None):
        super().__init__(n_estimators, random_state=random_state)


def test_a_subclass_with_few_parameters_is_fitted_again():
    model = Bare(random_state=0).fit(X, Y)
    pruned = regrown(model, method="cost_complexity")
    assert pruned.report_.score["original_fitted_anew"]


@pytest.mark.parametrize(
    "change",
    [
        {"max_depth": 2},
        {"min_samples_leaf": 30},
        # fewer rows are left for the fit, or the value of the fit is no longer known
        {"max_samples": 350},
        {"max_features": "as it was"},
    ],
)
def test_no_similar_forest_is_fitted_with_other_parameters_than_before(change):
    model = RandomForestClassifier(20, bootstrap=False, random_state=0).fit(X, Y)
    model.set_params(**change)
    if "max_samples" in change:
        model.set_params(bootstrap=True).fit(X, Y)
        if _samples_may_be_larger():
            return
    with pytest.warns(UserWarning, match=FITTED):
        pruned = regrown(model, method="cost_complexity")
    assert "original_fitted_anew" not in pruned.report_.score


def _samples_may_be_larger():
    """Whether this scikit-learn accepts samples of more rows than X has."""
    try:
        RandomForestClassifier(1, max_samples=350).fit(X[:300], Y[:300])
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "model",
    [
        ExtraTreesClassifier(15, max_depth=8, random_state=0),
        DecisionTreeClassifier(random_state=0),
    ],
)
def test_no_similar_forest_is_fitted_for_pruned_trees(model):
    model = clone(model).fit(X, Y)
    small = prune(model, X, Y, pruning_ratio=0.6, random_state=0).estimator_
    with pytest.warns(UserWarning, match=FITTED):
        pruned = regrown(small, method=Backfitting(40))
    assert "original_fitted_anew" not in pruned.report_.score


def test_no_similar_forest_is_fitted_without_rows_of_a_class():
    order = np.argsort(Y, kind="stable")
    forest = clone(SMALL_FOREST).fit(X[order], Y[order])
    with pytest.warns(UserWarning, match=FITTED):
        regrown(forest, X[order], Y[order], method=Backfitting(40), cv=KFold(2))


def test_rows_without_weight_do_not_count_as_fitted():
    weight = np.where(np.arange(400) % 2, 1.0, 0.0)
    model = ExtraTreesClassifier(20, random_state=0).fit(X, Y, sample_weight=weight)
    # a warning would be an error here
    pruned = regrown(model, method="cost_complexity", sample_weight=weight)
    assert pruned.report_.score["original_fitted_anew"]


def test_units_are_ordered_on_out_of_bag_rows():
    forest = RandomForestClassifier(8, max_depth=6, random_state=0).fit(X, Y)
    method = CostComplexity(criterion="roc_auc")
    pruned = regrown(forest, method=method, rule=Tolerance(0.02))
    assert pruned.report_.score["original_fitted_anew"]
    ratio = pruned.pruning_ratio_
    assert 0 < ratio < 1
    unpruned = PrunedEstimator(clone(forest), method=method, random_state=0)
    unpruned.set_params(pruning_ratio=ratio).fit(X, Y)
    np.testing.assert_array_equal(pruned.predict_proba(X), unpruned.predict_proba(X))


def test_rows_without_weight_are_recognised():
    weight = np.where(np.arange(400) % 5, 1.0, 0.0)
    forest = clone(FOREST).fit(X, Y, sample_weight=weight)
    pruned = regrown(forest, sample_weight=weight)
    assert pruned.report_.score["original_out_of_bag"]


def test_transformed_targets_are_scored_by_similar_models():
    X, y = make_friedman1(400, noise=1.0, random_state=0)
    inner = RandomForestRegressor(30, random_state=0)
    model = TransformedTargetRegressor(inner, func=np.log, inverse_func=np.exp)
    y = np.abs(y) + 1
    pruned = regrown(model.fit(X, y), X, y, method=Regrow(rho=40, max_trees=3))
    assert pruned.report_.score["original_fitted_anew"]
    similar = clone(model).fit(X[:300], y[:300])
    expected = similar.score(X[300:], y[300:])
    assert pruned.report_.score["original"] == pytest.approx(expected)


def test_rows_that_the_forest_was_not_fitted_on_are_scored_by_all_trees():
    forest = clone(FOREST).fit(X[:200], Y[:200])
    cv = [(np.arange(100), np.arange(100, 200))]
    pruned = regrown(forest, X[200:], Y[200:], cv=cv)
    expected = forest.score(X[300:], Y[300:])
    assert pruned.report_.score["original"] == pytest.approx(expected)
    assert "original_out_of_bag" not in pruned.report_.score


def test_several_splits_and_jobs_give_equal_results(forest):
    brier = {"cv": 3, "scoring": "neg_brier_score"}
    one = regrown(forest, **brier)
    two = regrown(forest, n_jobs=2, **brier)
    assert one.pruning_ratio_ == two.pruning_ratio_
    expected, gain = extrapolated(out_of_bag_predictions(forest, X, np.arange(400)), Y)
    # three folds of nearly equal size
    assert one.report_.score["original"] == pytest.approx(expected, abs=NOISE * gain)


def test_an_arbitrary_scorer_receives_similar_models(forest):

    def first_half(model, X, y):
        return model.score(X[: len(X) // 2], y[: len(y) // 2])

    pruned = regrown(forest, scoring=first_half)
    assert pruned.report_.score["original_fitted_anew"]
