"""Rules choose from literal tables; ties are included."""

from dataclasses import fields
from inspect import signature

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from sklprune import Cost, PrunedEstimator
from sklprune._registry import named
from sklprune.rules import (
    Agreement,
    Best,
    Budget,
    OneStandardError,
    Rule,
    Tolerance,
    standard_error,
)


def table(scores, zero_is_requested=True, **on_demand):
    scores = np.array(scores, dtype=float)
    scores = scores[:, None] if scores.ndim == 1 else scores
    asked = np.full(len(scores), True)
    asked[0] = zero_is_requested
    on_demand = {name: np.array(column) for name, column in on_demand.items()}
    always = {"scores": scores, "score_mean": scores.mean(axis=1), "asked": asked}
    return always | on_demand


@pytest.mark.parametrize(
    "scores, zero_is_requested, position",
    [
        ([0.9, 0.8, 0.7], True, 0),
        ([0.9, 0.8, 0.7], False, 1),
        ([0.9, 0.9, 0.7], True, 1),  # ties go to the smaller model
        ([-2.0, -1.0, -1.0], True, 2),
    ],
)
def test_best(scores, zero_is_requested, position):
    assert Best().choose(table(scores, zero_is_requested)) == position


def test_one_standard_error_is_paired_and_against_the_best():
    # candidate 2 is always 0.01 below the best. Its paired error is zero, so it is
    # excluded, although it is well within one unpaired standard error
    scores = [[0.5, 0.7, 0.9], [0.6, 0.8, 1.0], [0.59, 0.79, 0.99]]
    assert OneStandardError().choose(table(scores)) == 1
    # here its difference varies: mean -0.01, standard error 0.02
    scores[2] = [0.59 - 0.035, 0.79 + 0.035, 0.99]
    assert OneStandardError().choose(table(scores)) == 2


def test_one_standard_error_with_one_split_is_the_best():
    assert OneStandardError().choose(table([0.8, 0.9, 0.899])) == 1


def test_one_standard_error_ignores_the_unpruned_model_if_0_is_not_requested():
    scores = [[0.9, 0.9], [0.5, 0.51], [0.5, 0.5]]
    assert OneStandardError().choose(table(scores, zero_is_requested=False)) == 2


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
    assert rule.choose(table(scores, zero_is_requested=False)) == position


@pytest.mark.parametrize(
    "margin, spread, position",
    [
        (0, 0.02, 2),  # without a margin, the mean loss counts
        (1, 0.01, 2),  # 0.01 + 0.01: the bound itself counts
        (1, 0.011, 1),
        (2, 0.005, 2),
        (2, 0.006, 1),
        (1, np.nan, 1),
    ],
)
def test_a_margin_of_standard_errors_counts_as_a_loss(margin, spread, position):
    # the second candidate loses 0.01 +- spread, paired over splits
    splits = np.array([0.5, 0.7, 0.9, 0.9])
    apart = np.array([-1, -1, 1, 1]) * spread * np.sqrt(3)
    scores = np.array([splits, splits - 0.01, splits - 0.01 + apart])
    if np.isnan(spread):  # one score has no standard error
        scores = np.array([[0.9], [0.88], [0.8]])
    columns = table(scores, zero_is_requested=False)
    assert Tolerance(0.02, margin=margin).choose(columns) == position


@pytest.mark.parametrize(
    ("spread", "position"),
    [
        (0.0, 3),  # a gain without noise counts
        (0.01, 3),  # so does nearly all of one of four standard errors
        (0.02, 2),  # a quarter of one of two standard errors does not
        (0.05, 1),  # nothing counts of one of less than one
    ],
)
def test_a_gain_within_its_noise_does_not_count(spread, position):
    # the gain is 0.04, and its standard error is the spread
    mean = np.array([0.90, 0.94, 0.92, 0.895])
    noise = spread * np.sqrt(3) * np.array([-1.0, 0.0, 1.0])
    scores = mean[:, None] + noise * np.array([0, 1, 1, 1])[:, None]
    columns = {"score_mean": mean, "scores": scores}
    assert Tolerance(0.01).choose(columns) == 3
    assert Tolerance(0.01, shrink_gain=True).choose(columns) == position


def test_without_a_gain_or_splits_the_drop_is_that_from_the_unpruned_model():
    rule = Tolerance(0.02, shrink_gain=True)
    worse = np.array([[0.95, 0.97], [0.93, 0.97], [0.90, 0.91]])
    one_split = np.array([[0.95], [0.97], [0.94]])
    for scores, position in ((worse, 1), (one_split, 2)):
        table = {"score_mean": scores.mean(axis=1), "scores": scores}
        assert rule.choose(table) == Tolerance(0.02).choose(table) == position


@pytest.mark.parametrize(
    "params",
    [{"max_drop": -1}, {"margin": -1}, {"margin": "1"}, {"shrink_gain": "yes"}],
)
def test_tolerance_refuses_negative_numbers_and_strings(params):
    [(name, value)] = params.items()
    with pytest.raises(ValueError, match=rf"{name}={value!r}\): {name} must be"):
        Tolerance(**params).choose(table([0.9, 0.8]))


@pytest.mark.parametrize("max_drop, relative", [(1, False), (0.5, False), (2, True)])
def test_a_percentage_as_tolerance_gives_a_warning(max_drop, relative):
    rule = Tolerance(max_drop, relative=relative)
    with pytest.warns(UserWarning, match=r"accepts nearly every model.*max_drop=0.01"):
        assert rule.choose(table([0.9, 0.8, 0.5])) == 2


@pytest.mark.parametrize(
    "max_drop, scores", [(0.2, [0.9, 0.8]), (1, [-3.5, -4]), (5, [120.0, 118.0])]
)
def test_a_tolerance_in_units_of_other_scores_gives_no_warning(max_drop, scores):
    assert Tolerance(max_drop).choose(table(scores)) == 1


# -- Budget ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limits, zero_is_requested, position",
    [
        ({"nodes": 1000}, True, 1),  # everything fits: the best score
        ({"nodes": 50}, True, 3),  # the bound itself fits; ties go to the smaller one
        ({"nodes": 50, "file_bytes": 250}, True, 3),
        ({"nodes": 20}, True, 4),
        ({"file_bytes": 900}, False, 1),  # the ratio 0 is not requested
        ({"nodes": 10.5}, True, 4),
    ],
)
def test_budget_is_the_best_score_that_fits(limits, zero_is_requested, position):
    scores = [0.9, 0.95, 0.8, 0.8, 0.7]
    columns = {"nodes": [100, 60, 50, 30, 10], "file_bytes": [900, 700, 300, 250, 90]}
    rule = Budget(**limits)
    assert set(rule.needs) == set(limits)
    needed = {name: columns[name] for name in limits}
    assert rule.choose(table(scores, zero_is_requested, **needed)) == position


def test_budget_does_not_need_sizes_that_fall_along_the_path():
    columns = {"file_bytes": [500, 90, 300, 80]}
    assert Budget(file_bytes=100).choose(table([4, 3, 3.5, 2], **columns)) == 1


def test_the_error_of_a_budget_that_nothing_meets_names_the_smallest():
    sizes = {"nodes": [9, 100, 70], "file_bytes": [1, 2000, 2500]}
    message = (
        r"Budget\(file_bytes=1000, nodes=50\): no model on the path is small enough; "
        r"the smallest has file_bytes=2000, nodes=70. Allow more, or pass"
    )
    with pytest.raises(ValueError, match=message):
        # the unpruned model would fit, but the ratio 0 is not requested
        Budget(nodes=50, file_bytes=1000).choose(table([3, 2, 1], False, **sizes))


def test_budget_cannot_be_given_by_name():
    with pytest.raises(ValueError, match=r"rule='budget' .* rule=Budget\(file_bytes="):
        named("rule", "budget")
    with pytest.raises(ValueError, match="The known names are: (?!.*'budget')"):
        named("rule", "worst")
    with pytest.raises(ValueError, match="rule='budget' cannot be given by name"):
        PrunedEstimator(LogisticRegression(), rule="budget").fit([[1], [2]], [0, 1])


def test_budget_of_an_unknown_size_is_an_error():
    with pytest.raises(ValueError, match="nodes is not known for this kind of model"):
        Budget(nodes=50).choose(table([3, 2], nodes=[np.nan, np.nan]))


@pytest.mark.parametrize(
    "rule, message",
    [
        (Budget(), r"Budget\(\) has no limit"),
        (Budget(file_bytes=-1), r"file_bytes=-1\): file_bytes must be a positive"),
        (Budget(nodes=0), "nodes=0"),
        (Budget(nodes=np.nan), "nodes=nan"),
        (Budget(nodes="few"), "nodes='few'"),
        (Budget(nodes=True), "nodes=True"),
        (Agreement(0), r"share=0\): share must be a number in \(0, 1\]"),
        (Agreement(1.001), "share=1.001"),
        (Agreement("most"), "share='most'"),
        (Agreement(True), "share=True"),
    ],
)
def test_parameters_that_are_not_allowed(rule, message, binary):
    with pytest.raises(ValueError, match=message):
        rule.choose(table([0.9, 0.8], nodes=[2, 1], agreement=[1, 1]))
    with pytest.raises(ValueError, match=message):
        PrunedEstimator(LogisticRegression(), rule=rule).fit(*binary)


def test_budget_takes_every_field_of_cost():
    # the cost of columns follows from prices, and not from a model
    others = {"size", "prices", "feature_cost"}
    limits = set(signature(Budget).parameters) - others
    assert limits == {field.name for field in fields(Cost)}
    with pytest.raises(TypeError, match="'bytes'"):
        Budget(bytes=3)
    with pytest.raises(TypeError, match="positional"):
        Budget(3)


def test_limits_are_parameters():
    pruned = PrunedEstimator(LogisticRegression(), rule=Budget(nodes=3))
    pruned.set_params(rule__file_bytes=1000, rule__nodes=None)
    assert clone(pruned).rule.needs == ("file_bytes",)


# -- Agreement ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "share, agreement, position",
    [
        (0.99, [1.0, 1.0, 0.99, 0.98], 2),  # the bound itself counts
        (1.0, [1.0, 1.0, 0.999], 1),
        (0.99, [1.0, 0.9, 0.8], 0),  # none meets it
        (0.99, [1.0, 0.9, 0.995, 0.5], 2),  # the path need not be monotone
    ],
)
def test_agreement_chooses_the_smallest_that_agrees(share, agreement, position):
    columns = table([np.nan] * len(agreement), False, agreement=agreement)
    assert Agreement(share).choose(columns) == position


@pytest.mark.parametrize(
    "fidelity, position",
    [
        ([0.8, 0.79, 0.78, 0.7], 2),
        ([0.8, 0.78, 0.77, 0.7], 1),
        ([0.8, 0.7, 0.7, 0.7], 0),  # none meets it
        ([0.8, 0.8, 0.8, 0.8], 2),  # the scores limit it
    ],
)
def test_a_faithful_tolerance_holds_for_score_and_fidelity(fidelity, position):
    columns = table([0.9, 0.89, 0.885, 0.8], fidelity=fidelity)
    assert Tolerance(0.02, faithful=True).choose(columns) == position


@pytest.mark.parametrize(
    ("share", "position"), [(0, 3), (0.25, 2), (0.5, 1), (1, 0), (True, 0), (False, 3)]
)
def test_a_share_of_fidelity_limits_the_mean_of_both_losses(share, position):
    # losses by labels: 0, 0, 0.01, 0.02; by the unpruned model: 0, 0.04, 0.04, 0.08
    columns = {
        "score_mean": np.array([0.9, 0.9, 0.89, 0.88]),
        "fidelity": np.array([0.8, 0.76, 0.76, 0.72]),
    }
    assert Tolerance(0.02, faithful=share).choose(columns) == position


def test_a_share_of_fidelity_counts_its_part_of_the_standard_error():
    scores = np.array([[0.9, 0.9], [0.91, 0.87]])
    columns = {
        "scores": scores,
        "score_mean": scores.mean(axis=1),
        "fidelity": np.array([0.8, 0.79]),
    }
    # both lose 0.01; half of the standard error of 0.02 counts
    for max_drop, position in ((0.019, 0), (0.021, 1)):
        rule = Tolerance(max_drop, faithful=0.5, margin=1)
        assert rule.choose(columns) == position


@pytest.mark.parametrize("faithful", [-0.1, 1.5, np.nan, "half", None])
def test_faithful_is_a_share(faithful):
    with pytest.raises(ValueError, match=r"faithful=.*share between 0 and 1"):
        Tolerance(faithful=faithful).check()


def test_standard_error_against_the_formula():
    values = np.array([[1.0, 2.0, 4.0]])
    expected = np.std(values, ddof=1) / np.sqrt(3)
    np.testing.assert_allclose(standard_error(values), [expected])
    assert np.isnan(standard_error(values[:, :1])).all()


# -- in a search ----------------------------------------------------------------------


@pytest.fixture
def search_results(binary):
    X, y = binary
    pruned = PrunedEstimator(LogisticRegression(), cv=2)
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


@pytest.mark.parametrize(
    "rule, lacks", [(Budget(nodes=3), "nodes"), (Agreement(), "agreement")]
)
def test_a_rule_whose_columns_a_search_lacks_is_refused(search_results, rule, lacks):
    with pytest.raises(
        ValueError, match=f"needs {lacks} of each .* cv_results_ .*lack"
    ):
        search_results(rule)


def test_a_search_without_numeric_ratios_is_refused(search_results):
    with pytest.raises(ValueError, match="0 must be among the searched ratios"):
        search_results(Tolerance(), {"pruning_ratio": [0.25, 0.5]})
    with pytest.raises(ValueError, match="one pruning_ratio; .*'param_estimator__C'"):
        search_results(Best(), {"estimator__C": [0.1, 1.0]})
    with pytest.raises(ValueError, match="needs numbers"):
        search_results(Best(), {"pruning_ratio": ["auto", 0.5]})


def test_a_missing_column_is_an_error_that_names_the_others(binary):
    model = PrunedEstimator(
        LogisticRegression(), cv=2, rule=lambda table: int(table["file_bytes"].argmin())
    )
    with pytest.raises(ValueError, match="no column 'file_bytes'. It has ratio, units"):
        model.fit(*binary)

    class Misspelt(Rule):
        needs = ("bytes",)

    with pytest.raises(ValueError, match="needs bytes, which no table has"):
        PrunedEstimator(LogisticRegression(), rule=Misspelt()).fit(*binary)


def test_the_report_names_the_rule_and_how_far_the_best_candidate_missed(binary):
    X, y = binary
    settings = {"pruning_ratio": [0.5], "cv": 2, "random_state": 0}
    model = PrunedEstimator(LogisticRegression(), rule=Tolerance(0.4), **settings)
    text = str(model.fit(X, y).report_)
    assert "Chosen by Tolerance(max_drop=0.4)." in text and "weights" in text
    noise = np.random.RandomState(0).permutation(y)
    kept = PrunedEstimator(
        LogisticRegression(), rule=lambda table: 0, scoring="neg_log_loss", **settings
    ).fit(X, noise)
    difference = kept.path_.table["difference_mean"][1]
    assert f"a score that differs by {difference:+.4f}" in kept.report_.summary


def test_a_rule_in_a_search_gets_the_same_error_for_a_missing_column(binary):
    class Fewest(Rule):
        def choose(self, table):
            return int(np.argmin(table["units"]))

    model = PrunedEstimator(LogisticRegression())
    search = GridSearchCV(model, {"pruning_ratio": [0, 0.5]}, cv=2, refit=Fewest())
    with pytest.raises(ValueError, match="no column 'units'. It has ratio, score_mean"):
        search.fit(*binary)
