"""Several methods as alternatives: one table, one rule, and a model from scratch."""

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklprune import FeaturePruningSelector, PrunedEstimator, cost, prune
from sklprune._evaluation.alternatives import UNPRUNED, whole_table
from sklprune._rule import DEFAULT_SIZE
from sklprune.methods import Backfitting, Magnitude, MemberSelection
from sklprune.rules import Agreement, Best, Budget, OneStandardError, Tolerance

METHODS = ["cost_complexity", "member_selection", "recast"]


@pytest.fixture
def forest(binary):
    return RandomForestClassifier(8, max_depth=4, random_state=0).fit(*binary)


@pytest.fixture(scope="module")
def compared(binary_rows):
    """No test may change it."""
    return PrunedEstimator(
        RandomForestClassifier(8, max_depth=4, random_state=0),
        method=METHODS,
        rule=Tolerance(0.02),
        cv=3,
        store_path=True,
        random_state=0,
    ).fit(*binary_rows)


# -- one table ------------------------------------------------------------------------


def test_the_rows_of_all_methods_are_in_one_table(compared):
    frame = compared.path_.frame()
    assert set(frame["method"]) == {UNPRUNED, *METHODS}
    assert frame["method"].iloc[0] == UNPRUNED
    assert frame["file_bytes"].iloc[1:].is_monotonic_decreasing
    assert frame["chosen"].sum() == 1
    assert "of 3 methods" in repr(compared.path_)


def test_a_method_that_determines_the_size_is_one_row(compared):
    assert (compared.path_.table["method"] == "recast").sum() == 1


@pytest.mark.parametrize("method", METHODS[:2])
def test_the_rows_of_a_method_are_those_without_the_others(compared, binary, method):
    alone = clone(compared).set_params(method=method).fit(*binary).path_.table
    table = compared.path_.table
    rows = table["method"] == method
    order = np.argsort(table["ratio"][rows], kind="stable")
    for name in ("ratio", "units", "scores", "file_bytes"):
        np.testing.assert_array_equal(table[name][rows][order], alone[name][1:])


def test_joined_rows_are_sorted_and_known_by_method_and_position():
    tables = {
        0: {"ratio": np.array([0, 0.5]), "units": np.array([4.0, 2]), "n": [9, 5]},
        2: {"ratio": np.array([0, 0.9]), "units": np.array([7.0, 1]), "n": [9, 6]},
    }
    table, method, row = whole_table({0: "a", 2: "b"}, tables, "n")
    assert table["method"].tolist() == [UNPRUNED, "b", "a"]
    assert method.tolist() == [-1, 2, 0] and row.tolist() == [0, 1, 1]
    assert table["n"].tolist() == [9, 6, 5]
    # the unpruned model has other units for each method
    assert np.isnan(table["units"][0])


# -- the choice -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "size", [None, "compressed_bytes", "nodes", "operations_per_row"]
)
def test_the_smallest_candidate_within_the_tolerance_is_chosen(binary, size):
    pruned = PrunedEstimator(
        RandomForestClassifier(8, max_depth=4, random_state=0),
        method=METHODS,
        rule=Tolerance(0.02, size=size),
        cv=2,
        random_state=0,
    ).fit(*binary)
    table = pruned.path_.table
    within = table["score_mean"] >= table["score_mean"][0] - 0.02
    smallest = table[size or DEFAULT_SIZE][within].min()
    assert table[size or DEFAULT_SIZE][pruned.path_.chosen] == smallest
    assert cost(pruned.estimator_).nodes == pruned.report_.pruned.nodes


def test_one_method_is_compared_by_the_given_size_too(binary):
    tree = DecisionTreeClassifier(max_leaf_nodes=12, random_state=0)
    by_ratio = PrunedEstimator(tree, rule=Tolerance(0.05), random_state=0).fit(*binary)
    rule = Tolerance(0.05, size="nodes")
    by_nodes = PrunedEstimator(tree, rule=rule, random_state=0).fit(*binary)
    assert by_nodes.path_.table["nodes"][by_nodes.path_.chosen] == pytest.approx(
        cost(by_ratio.estimator_).nodes, rel=0.5
    )


@pytest.mark.parametrize(
    "rule",
    [Best(), OneStandardError(), Tolerance(0.1), Agreement(0.9), Budget(nodes=40)],
)
def test_every_rule_chooses_among_methods(binary, rule):
    pruned = PrunedEstimator(
        RandomForestClassifier(8, max_depth=4, random_state=0),
        method=["cost_complexity", "member_selection"],
        rule=rule,
        cv=2,
        random_state=0,
    ).fit(*binary)
    methods = {each["method"] for each in pruned.report_.methods}
    assert methods == {"cost_complexity", "member_selection"}
    assert pruned.predict(binary[0]).shape == binary[1].shape


def test_the_unpruned_model_is_kept_if_no_method_meets_the_tolerance(binary):
    pruned = PrunedEstimator(
        LogisticRegression(),
        method=["magnitude", "permutation"],
        pruning_ratio=[0.5, 0.8],
        rule=Agreement(1.0),
        cv=3,
        random_state=0,
    ).fit(*binary)
    assert pruned.pruning_ratio_ == 0
    assert not any(each["accepted"] for each in pruned.report_.methods)
    assert "not accepted by the rule" in str(pruned.report_)


def test_methods_that_determine_the_size_keep_the_unpruned_model_too(binary):
    methods = [Magnitude(threshold=1e9), Magnitude(threshold=1e8)]
    pruned = PrunedEstimator(
        LogisticRegression(), method=methods, rule=Agreement(1.0), cv=3
    ).fit(*binary)
    assert pruned.pruning_ratio_ == 0
    np.testing.assert_array_equal(
        pruned.estimator_.coef_, LogisticRegression().fit(*binary).coef_
    )


def test_a_single_ratio_is_tried_with_every_method(binary):
    pruned = PrunedEstimator(
        RandomForestClassifier(8, random_state=0),
        method=["cost_complexity", "member_selection"],
        pruning_ratio=0.5,
        rule=Best(),
        cv=3,
    ).fit(*binary)
    assert pruned.path_.table["ratio"].tolist() == [0, 0.5, 0.5]
    assert pruned.pruning_ratio_ > 0


def test_variants_of_a_method_have_their_code_as_names(binary):
    pruned = PrunedEstimator(
        RandomForestClassifier(8, max_depth=4, random_state=0),
        method=[Backfitting(rho=5), Backfitting(rho=50), "member_selection"],
        rule=Tolerance(0.05),
        cv=2,
    ).fit(*binary)
    names = [each["method"] for each in pruned.report_.methods]
    assert names == ["Backfitting(rho=5)", "Backfitting(rho=50)", "member_selection"]


# -- models, rows ---------------------------------------------------------------------


def test_stored_models_are_found_by_method_and_ratio(compared, binary):
    for method in METHODS[:2]:
        alone = clone(compared).set_params(method=method).fit(*binary)
        here, there = compared.path_.at(0.5, method=method), alone.path_.at(0.5)
        np.testing.assert_array_equal(
            here.predict_proba(binary[0]), there.predict_proba(binary[0])
        )
    assert compared.path_.at(0).n_estimators == 8
    with pytest.raises(ValueError, match="'cost_complexity', 'member_selection'"):
        compared.path_.at(0.5)
    with pytest.raises(ValueError, match="method='regrow' was not compared"):
        compared.path_.at(0.5, method="regrow")


def test_a_single_method_is_not_known_by_name(binary):
    pruned = PrunedEstimator(LogisticRegression(), store_path=True).fit(*binary)
    with pytest.raises(ValueError, match="method='magnitude' was not compared"):
        pruned.path_.at(0.5, method="magnitude")


def test_a_fitted_model_is_compared_without_being_changed(forest, binary):
    before = joblib.hash(forest)
    pruned = prune(forest, *binary, method=METHODS, rule=Tolerance(0.02))
    assert joblib.hash(forest) == before
    assert set(pruned.path_.table["method"]) == {UNPRUNED, *METHODS}


def test_with_one_given_split_the_scored_candidate_is_returned(forest, binary):
    X, y = binary
    split = (np.arange(len(y) // 2), np.arange(len(y) // 2, len(y)))
    methods, rule = ["cost_complexity", "member_selection"], Tolerance(0.05)
    kept = {"method": methods, "rule": rule, "cv": [split], "seen": False}
    pruned = prune(forest, X, y, **kept)
    score = pruned.estimator_.score(X[split[1]], y[split[1]])
    assert score == pruned.report_.score["pruned"]


def test_the_result_does_not_depend_on_the_number_of_processes(compared, binary):
    parallel = clone(compared).set_params(n_jobs=2).fit(*binary)
    np.testing.assert_array_equal(
        parallel.path_.table["scores"], compared.path_.table["scores"]
    )
    np.testing.assert_array_equal(
        parallel.predict_proba(binary[0]), compared.predict_proba(binary[0])
    )


def test_columns_are_selected_by_the_best_of_several_orders(binary):
    selector = FeaturePruningSelector(
        LogisticRegression(),
        method=["elastic_net_path", "recursive_elimination"],
        cv=3,
        random_state=0,
    ).fit(*binary)
    names = {each["method"] for each in selector.report_.methods}
    assert names == {"elastic_net_path", "recursive_elimination"}
    assert selector.support_.sum() == selector.estimator_[-1].n_features_in_


# -- "smallest" -----------------------------------------------------------------------


def test_smallest_compares_all_methods_that_suit_the_model(binary):
    X, y = binary
    forest = RandomForestClassifier(5, max_depth=3, random_state=0)
    pruned = PrunedEstimator(
        forest, method="smallest", pruning_ratio=[0.5], cv=2, random_state=0
    ).fit(X[:80], y[:80])
    names = {each["method"] for each in pruned.report_.methods}
    assert {
        "backfitting",
        "Backfitting(container='auto')",
        "cost_complexity",
        "member_selection",
        "recast",
        "regrow",
    } <= names
    # columns are removed only if that is requested
    assert "permutation" not in names


# neighbours have no importances of columns
@pytest.mark.filterwarnings("ignore:method=RecursiveElimination:RuntimeWarning")
def test_smallest_removes_columns_where_nothing_else_can_be_removed(binary):
    pruned = PrunedEstimator(
        KNeighborsClassifier(), method="smallest", cv=2, random_state=0
    ).fit(*binary)
    names = {each["method"] for each in pruned.report_.methods}
    assert {"permutation", "elastic_net_path"} <= names
    selector = FeaturePruningSelector(Ridge(), method="smallest", cv=2, random_state=0)
    selector.fit(*load_diabetes(return_X_y=True))
    assert "recursive_elimination" in {m["method"] for m in selector.report_.methods}


def test_a_method_that_fails_is_omitted_from_smallest_with_a_warning(binary):
    X, y = binary
    X = X.copy()
    X[::7, 0] = np.nan
    forest = RandomForestClassifier(5, max_depth=3, random_state=0)
    methods = [Backfitting(container="gradient_boosting"), "member_selection"]
    pruned = PrunedEstimator(forest, method=methods, cv=2)
    with pytest.raises(ValueError, match="missing values"):
        pruned.fit(X, y)


def test_optional_methods_that_fail_are_named(binary, monkeypatch):
    X, y = binary

    def fail(self, *_):
        raise ValueError("no margin here")

    monkeypatch.setattr(MemberSelection, "score", fail)
    monkeypatch.setattr(MemberSelection, "path", fail)
    forest = RandomForestClassifier(5, max_depth=3, random_state=0)
    pruned = PrunedEstimator(
        forest, method="smallest", pruning_ratio=[0.5], cv=2, random_state=0
    )
    with pytest.warns(FitFailedWarning, match="MemberSelection.*no margin here"):
        pruned.fit(X[:80], y[:80])
    names = {each["method"] for each in pruned.report_.methods}
    assert "member_selection" not in names and "regrow" in names


# -- trained from scratch -------------------------------------------------------------


@pytest.mark.parametrize(
    "model, described",
    [
        (RandomForestClassifier(8, random_state=0), "HistGradientBoostingClassifier("),
        (
            make_pipeline(StandardScaler(), MLPClassifier((16,), max_iter=20)),
            "MLPClassifier(hidden_layer_sizes=(",
        ),
        (LogisticRegression(), "LogisticRegression on the "),
        (KNeighborsClassifier(), "KNeighborsClassifier on the "),
    ],
)
@pytest.mark.usefixtures("few_small_models")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_small_model_from_scratch_is_shown(binary, model, described):
    pruned = PrunedEstimator(
        model, rule=Tolerance(0.05), cv=2, baseline=True, random_state=0
    ).fit(*binary)
    baseline = pruned.report_.baseline
    assert baseline["description"].startswith(described)
    assert baseline["file_bytes"] > 0
    assert pruned.report_.to_dict()["baseline"]["score"] == baseline["score"]
    assert f"trained from scratch is {described}" in str(pruned.report_)


@pytest.mark.usefixtures("few_small_models")
def test_a_model_with_several_outputs_has_smaller_models_of_its_class(binary):
    X, y = binary
    forest = RandomForestRegressor(6, max_depth=4, random_state=0)
    targets = np.column_stack([X[:, 0] + X[:, 1], X[:, 2]])
    pruned = PrunedEstimator(
        forest, method="member_selection", cv=2, baseline=True, rule=Tolerance(0.1)
    ).fit(X, targets)
    assert "max_leaf_nodes" in pruned.report_.baseline["description"]


def test_the_model_from_scratch_is_chosen_by_the_same_rule(binary):
    pruned = PrunedEstimator(
        KNeighborsClassifier(), rule=Tolerance(1e-9), cv=3, baseline=True
    ).fit(*binary)
    baseline = pruned.report_.baseline
    assert baseline["accepted"] == (baseline["difference"] >= -1e-9)


def test_without_a_baseline_none_is_trained(compared):
    assert compared.report_.baseline is None
    assert compared.report_.to_dict()["baseline"] is None


# -- bad input ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method, message",
    [
        ([], "method=\\[\\] is empty"),
        (["regrow", "magnitud"], "Did you mean 'magnitude'"),
        (["magnitude"], "does not fit RandomForestClassifier"),
        ([Backfitting], "Backfitting is a class"),
    ],
)
def test_lists_that_are_not_allowed(binary, method, message):
    with pytest.raises(ValueError, match=message):
        PrunedEstimator(RandomForestClassifier(5), method=method).fit(*binary)


@pytest.mark.parametrize(
    "size, hint", [("file_byte", "Did you mean 'file_bytes'"), (3, "fields are")]
)
def test_sizes_that_are_not_fields_of_cost(binary, size, hint):
    rule = Tolerance(0.01, size=size)
    with pytest.raises(ValueError, match=f"is not a field of Cost.*{hint}"):
        PrunedEstimator(LogisticRegression(), rule=rule).fit(*binary)


def test_a_size_that_a_model_does_not_have(binary):
    rule = OneStandardError(size="nodes")
    with pytest.raises(ValueError, match="size='nodes' is not known for this kind"):
        PrunedEstimator(LogisticRegression(), rule=rule, cv=2).fit(*binary)


def test_a_size_cannot_be_used_in_a_search():
    results = {
        "param_pruning_ratio": np.array([0.0, 0.5]),
        "mean_test_score": np.array([0.9, 0.9]),
        "split0_test_score": np.array([0.9, 0.9]),
    }
    with pytest.raises(ValueError, match="needs file_bytes of each candidate"):
        OneStandardError(size="file_bytes")(results)


def test_a_baseline_needs_rows_that_are_held_out(binary):
    pruned = PrunedEstimator(LogisticRegression(), pruning_ratio=0.5, baseline=True)
    with pytest.raises(ValueError, match="baseline=True compares scores"):
        pruned.fit(*binary)
