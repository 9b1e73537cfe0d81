"""`PrunedEstimator`: each kind of estimator with each kind of ratio, and its uses."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingRegressor,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklprune import PrunedEstimator, prune
from sklprune.methods import Magnitude
from sklprune.rules import Best, Tolerance

# -- kinds of estimator and ratio ------------------------------------------------------


def test_an_unfitted_model_at_one_ratio_is_fitted_once(binary, counting):
    pruned = PrunedEstimator(counting, pruning_ratio=0.5).fit(*binary)
    assert type(counting).fits == 1
    assert pruned.report_.score["rows"] == "fitted"
    assert "no rows were held out" in str(pruned.report_)
    frame = pruned.path_.frame()
    assert frame["ratio"].tolist() == [0, 0.5]
    assert frame["units"].iloc[1] < frame["units"].iloc[0]
    assert frame["chosen"].tolist() == [False, True]
    assert frame["score_mean"].isna().all()
    assert not hasattr(counting, "estimators_")


def test_an_unfitted_model_with_auto_is_fitted_once_per_fold(binary, counting):
    pruned = PrunedEstimator(counting, cv=3).fit(*binary)
    assert type(counting).fits == 3 + 1
    assert pruned.report_.score["rows"] == "chose the model"
    assert pruned.report_.score["n_splits"] == 3


def test_the_reached_ratio_is_the_fraction_of_removed_units(regression):
    pruned = PrunedEstimator(Ridge(), pruning_ratio=0.4).fit(*regression)
    # two of 6 weights are removed
    assert pruned.pruning_ratio_ == 2 / 6


def test_a_grid_of_one_ratio_needs_no_choice(binary, counting):
    pruned = PrunedEstimator(
        counting, method="member_selection", pruning_ratio=[0.5], cv=3
    ).fit(*binary)
    assert pruned.report_.score["rows"] == "held out"
    assert pruned.pruning_ratio_ == 0.5


def test_scores_are_those_of_pruning_each_fold_by_hand(binary):
    X, y = binary
    folds = list(KFold(3, shuffle=True, random_state=0).split(X))
    pruned = PrunedEstimator(
        LogisticRegression(), pruning_ratio=[0.25, 0.5], cv=folds
    ).fit(X, y)
    for i, (first, second) in enumerate(folds):
        for row, ratio in enumerate([0, 0.25, 0.5]):
            alone = PrunedEstimator(LogisticRegression(), pruning_ratio=ratio)
            score = alone.fit(X[first], y[first]).score(X[second], y[second])
            assert pruned.path_.table["scores"][row, i] == score


def test_rows_are_held_out_for_an_order_that_needs_unseen_rows(binary):
    X, y = binary
    forest = ExtraTreesRegressor(10, random_state=0)
    pruned = PrunedEstimator(
        forest, method="member_selection", pruning_ratio=0.5, random_state=0
    ).fit(X, y)
    # the kept trees were fitted on four fifths of the rows
    tree = pruned.estimator_.estimators_[0].tree_
    assert tree.n_node_samples[0] == 160


def test_a_frozen_model_at_one_ratio_is_never_fitted(binary, counting):
    X, y = binary
    model = counting.fit(X[:100], y[:100])
    pruned = prune(
        model, X[100:], y[100:], method="member_selection", pruning_ratio=0.5
    )
    assert type(counting).fits == 1
    kept = pruned.estimator_.estimators_
    assert all(any(tree is known for known in model.estimators_) for tree in kept)


def test_a_frozen_model_on_one_split_becomes_the_scored_candidate(binary):
    X, y = binary
    model = LogisticRegression().fit(X[:100], y[:100])
    first, second = np.arange(100, 150), np.arange(150, 200)
    pruned = prune(model, X, y, cv=[(first, second)], rule="best")
    chosen = pruned.path_.chosen
    assert (
        pruned.score(X[second], y[second]) == pruned.path_.table["score_mean"][chosen]
    )
    # it is pruned on the first part alone
    ratio = pruned.path_.table["ratio"][chosen]
    alone = prune(model, X[first], y[first], pruning_ratio=ratio)
    np.testing.assert_array_equal(pruned.estimator_.coef_, alone.estimator_.coef_)


def test_the_default_split_of_a_frozen_model_holds_out_a_quarter(binary):
    X, y = np.tile(binary[0], (40, 1)), np.tile(binary[1], 40)
    pruned = prune(LogisticRegression().fit(X, y), X, y, random_state=0)
    assert pruned.report_.score["n_splits"] == 1
    assert pruned.report_.score["n_rows_candidates"] == 6000
    # ten blocks of the quarter that is held out
    assert pruned.path_.table["scores"].shape == (11, 10)
    # the pseudo-values of a mean over equal blocks have this mean
    np.testing.assert_allclose(
        pruned.path_.table["scores"].mean(axis=1), pruned.path_.table["score_mean"]
    )


def test_few_rows_of_a_frozen_model_are_split_into_folds(binary):
    X, y = binary
    model = LogisticRegression().fit(X, y)
    pruned = prune(model, X, y, random_state=0)
    assert pruned.path_.table["scores"].shape == (11, 5)
    unfitted = PrunedEstimator(LogisticRegression(), random_state=0).fit(X, y)
    assert pruned.pruning_ratio_ == unfitted.pruning_ratio_


def test_blocks_keep_groups_whole_and_never_lose_a_class(binary):
    X, y = binary
    model = LogisticRegression().fit(X, y)
    few = prune(Ridge().fit(X, y), X, y, groups=np.arange(200) % 4, random_state=0)
    assert few.path_.table["scores"].shape == (11, 1)  # one group is held out
    split = [(np.arange(100), np.arange(100, 200))]
    by_class = prune(model, X, y, groups=y, cv=split, scoring="roc_auc")
    assert np.isnan(by_class.path_.table["difference_se"]).all()
    tiny = prune(Ridge().fit(X, y), X[:8], y[:8], random_state=0)
    assert np.isfinite(tiny.path_.table["score_mean"]).all()


def test_columns_of_a_frozen_model_are_refitted_with_the_seed(binary):
    X, y = binary
    model = RandomForestClassifier(5).fit(X, y)
    first, second = (
        prune(model, X, y, method="permutation", pruning_ratio=0.5, random_state=0)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


def test_a_frozen_model_on_several_splits_is_pruned_on_all_rows(binary):
    X, y = binary
    model = LogisticRegression().fit(X[:100], y[:100])
    pruned = prune(model, X, y, cv=3, pruning_ratio=[0.5])
    alone = prune(model, X, y, pruning_ratio=0.5)
    np.testing.assert_array_equal(pruned.estimator_.coef_, alone.estimator_.coef_)
    assert pruned.path_.table["scores"].shape == (2, 3)


def test_the_original_is_kept_if_no_ratio_meets_the_tolerance(binary):
    X, y = binary
    pruned = PrunedEstimator(
        LogisticRegression(), pruning_ratio=[0.9], rule=Tolerance(0.0), cv=3
    )
    pruned.set_params(scoring="neg_log_loss").fit(X, y)
    assert pruned.pruning_ratio_ == 0
    assert "Tolerance(max_drop=0.0) kept the unpruned model over the ratios 0.9" in (
        pruned.report_.summary
    )
    assert pruned.report_.score["rows"] == "chose the model"
    np.testing.assert_array_equal(
        pruned.estimator_.coef_, LogisticRegression().fit(X, y).coef_
    )


def test_the_report_states_that_the_chosen_ratio_removes_no_unit():
    X, y = load_iris(return_X_y=True)
    pruned = PrunedEstimator(
        DecisionTreeClassifier(random_state=0),
        method="permutation",
        pruning_ratio=[0.1, 0.2, 0.75],
        rule=lambda table: 2,
        cv=2,
    ).fit(X, y)
    assert pruned.pruning_ratio_ == 0
    assert "no whole unit is removed at the ratio 0.2;" in pruned.report_.summary


def test_the_report_compares_only_candidates_that_are_smaller():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 4))
    y = (X[:, 0] > 0) ^ (X[:, 1] > 0) ^ (X[:, 2] > 0) ^ (X[:, 3] > 0)
    # 0.1 and 0.2 remove none of four columns
    pruned = PrunedEstimator(
        DecisionTreeClassifier(random_state=0),
        method="permutation",
        rule=lambda table: int(np.flatnonzero(table["units"] == 4)[-1]),
        cv=2,
        random_state=0,
    ).fit(X, y)
    table = pruned.path_.frame()
    best = table.loc[table["units"] < 4, "difference_mean"].max()
    assert "kept the unpruned model" in pruned.report_.summary
    assert f"a score that differs by {best:+.4f}" in pruned.report_.summary


def test_the_report_states_that_no_candidate_is_smaller_in_bytes():
    # columns of a small model are selected by a step that has more bytes
    X, y = load_iris(return_X_y=True)
    pruned = PrunedEstimator(
        DecisionTreeClassifier(max_depth=2, random_state=0),
        method=["permutation", "recursive_elimination"],
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert "none of them is smaller in file_bytes" in pruned.report_.summary


def test_the_report_abbreviates_a_long_grid(binary):
    X, y = binary
    forest = RandomForestClassifier(3, max_depth=3, random_state=0)
    pruned = PrunedEstimator(forest, rule=lambda table: 0, cv=2).fit(X, y)
    assert "kept the unpruned model over 61 ratios from 0.5 to 0.99" in (
        pruned.report_.summary
    )


# -- path and report -------------------------------------------------------------------


def test_at_returns_the_models_of_the_grid(binary):
    pruned = PrunedEstimator(
        LogisticRegression(), pruning_ratio=[0.25, 0.5], store_path=True, cv=2
    ).fit(*binary)
    assert np.count_nonzero(pruned.path_.at(0.5).coef_) == 4
    assert np.count_nonzero(pruned.path_.at(0).coef_) == 8
    with pytest.raises(ValueError, match="requested ratios are: 0, 0.25, 0.5"):
        pruned.path_.at(0.3)


def test_at_without_a_stored_path_names_the_parameter(binary):
    pruned = PrunedEstimator(LogisticRegression(), pruning_ratio=0.5).fit(*binary)
    with pytest.raises(ValueError, match="store_path=True"):
        pruned.path_.at(0.5)


def test_report_lists_removed_units_and_costs(binary):
    X, y = binary
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    pruned = PrunedEstimator(
        RandomForestClassifier(10, random_state=0),
        method="permutation",
        pruning_ratio=0.5,
        random_state=0,
    ).fit(frame, y)
    report = pruned.report_.to_dict()
    assert report["summary"].startswith(
        "RandomForestClassifier: 4 of 8 features removed by Permutation"
    )
    assert {unit["name"] for unit in report["removed"]} < set("abcdefgh")
    assert report["original"]["features"] == 8
    assert report["pruned"]["features"] == 4
    assert report["pruned"]["file_bytes"] > 0


def test_only_a_report_and_the_html_of_the_estimator_measure_models(binary):
    pruned = PrunedEstimator(LogisticRegression(), pruning_ratio=0.5).fit(*binary)
    assert "PrunedEstimator" in repr(pruned)
    assert repr(pruned.report_) in str(pruned.report_)
    shown = PrunedEstimator(LogisticRegression(), pruning_ratio=0.5).fit(*binary)
    assert repr(shown) and not shown.report_._weighed
    assert "file, bytes" in shown._repr_html_()
    assert shown.report_._weighed


# -- uses ------------------------------------------------------------------------------


def test_a_grid_search_over_the_ratio_and_nested_parameters(binary):
    X, y = binary
    known = {"method": Magnitude(), "rule": Tolerance(), "cv": 2}
    pruned = PrunedEstimator(LogisticRegression(), **known)
    grid = {
        "pruning_ratio": [0.25, "auto"],
        "estimator__C": [0.1, 1.0],
        "method__per": ["global", "layer"],
        "rule__max_drop": [0.0, 0.1],
    }
    search = GridSearchCV(pruned, grid, cv=2).fit(X, y)
    assert search.best_score_ > 0.8
    assert len(search.cv_results_["params"]) == 16


def test_columns_of_a_frame_keep_their_dtype(binary):
    X, y = binary
    frame = pd.DataFrame(X, columns=[f"c{i}" for i in range(8)])
    frame["colour"] = pd.Categorical(np.where(X[:, 0] > 0, "red", "blue"))
    model = HistGradientBoostingClassifier(
        max_iter=5, categorical_features="from_dtype"
    )
    pruned = PrunedEstimator(
        model, method="permutation", pruning_ratio=0.6, random_state=0
    ).fit(frame, y)
    kept = pruned.estimator_[-1].feature_names_in_
    assert "colour" in kept
    # a frame needs only the kept columns
    np.testing.assert_array_equal(
        pruned.estimator_.predict(frame[kept]), pruned.predict(frame)
    )


def test_polars_frames_give_the_results_of_arrays(binary, polars):
    X, y = binary
    frame = polars.DataFrame(X, schema=[f"c{i}" for i in range(8)])
    pruned = PrunedEstimator(
        HistGradientBoostingClassifier(max_iter=5), pruning_ratio=0.5, random_state=0
    ).fit(frame, y)
    array = PrunedEstimator(
        HistGradientBoostingClassifier(max_iter=5), pruning_ratio=0.5, random_state=0
    ).fit(X, y)
    np.testing.assert_array_equal(pruned.predict(frame), array.predict(X))


def test_targets_of_polars_and_frames_with_missing_values(binary, polars):
    X, y = binary
    series = polars.Series(y.astype(float))
    ridge = PrunedEstimator(Ridge(), pruning_ratio=0.5).fit(X, series)
    expected = PrunedEstimator(Ridge(), pruning_ratio=0.5).fit(X, y.astype(float))
    np.testing.assert_array_equal(ridge.predict(X), expected.predict(X))
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    frame["a"] = pd.array([1, None] * 100, dtype="Int64")
    boosting = HistGradientBoostingClassifier(max_iter=5)
    pruned = PrunedEstimator(
        boosting, method="permutation", pruning_ratio=0.5, random_state=0
    )
    assert pruned.fit(frame, y).pruning_ratio_ == 0.5


@pytest.mark.parametrize("method", ["magnitude", "permutation"])
def test_sparse_rows_give_the_results_of_dense_rows(binary, method):
    X, y = np.where(np.abs(binary[0]) < 0.5, 0, binary[0]), binary[1]
    pruned = PrunedEstimator(
        LogisticRegression(), method=method, pruning_ratio=0.5, random_state=0
    )
    dense = clone(pruned).fit(X, y).predict_proba(X)
    from_sparse = pruned.fit(sparse.csr_matrix(X), y).predict_proba(
        sparse.csr_matrix(X)
    )
    # the solver sums in another order
    np.testing.assert_allclose(from_sparse, dense, atol=1e-4)


def test_text_in_a_pipeline_is_passed_on():
    texts = ["red apple", "green apple", "red car", "blue car"] * 6
    y = np.tile([0, 0, 1, 1], 6)
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    pruned = PrunedEstimator(model, pruning_ratio=0.4).fit(texts, y)
    assert pruned.predict(["apple", "car"]).tolist() == [0, 1]
    assert not hasattr(pruned, "n_features_in_")


def test_groups_are_not_separated_by_splits(binary):
    X, y = binary
    groups = np.arange(200) // 20
    by_groups = PrunedEstimator(LogisticRegression()).fit(X, y, groups=groups)
    folds = list(GroupKFold(5).split(X, y, groups))
    tables = []
    for cv in (GroupKFold(5), folds):
        pruned = PrunedEstimator(LogisticRegression(), cv=cv)
        tables.append(pruned.fit(X, y, groups=groups).path_.table["scores"])
    np.testing.assert_array_equal(*tables)
    assert by_groups.path_.table["scores"].shape == (11, 5)


def test_a_sample_weight_of_zero_is_equivalent_to_a_missing_row(binary):
    X, y = binary
    weight = (np.arange(200) < 150).astype(float)
    model = make_pipeline(StandardScaler(), Ridge())
    weighted = PrunedEstimator(Ridge(), pruning_ratio=0.5)
    weighted.fit(X, y, sample_weight=weight)
    fewer = PrunedEstimator(Ridge(), pruning_ratio=0.5).fit(X[:150], y[:150])
    np.testing.assert_allclose(weighted.predict(X), fewer.predict(X), rtol=1e-8)
    in_pipeline = PrunedEstimator(model, pruning_ratio=0.5)
    assert in_pipeline.fit(X, y, sample_weight=weight).predict(X).shape == (200,)


def test_a_given_ratio_needs_no_score(classes):
    X, y = classes
    several = np.column_stack([y, np.where(y == "ant", "x", "y")])
    pruned = PrunedEstimator(RandomForestClassifier(10), pruning_ratio=0.5)
    pruned.fit(X, several)
    assert pruned.predict(X).shape == several.shape
    assert pruned.report_.score["rows"] is None


def test_weights_reach_a_fit_that_passes_them_on(regression):
    X, y = regression
    model = StackingRegressor([("a", Ridge()), ("b", Ridge(alpha=10))], cv=2)
    pruned = PrunedEstimator(model, pruning_ratio=0.5, random_state=0)
    assert pruned.fit(X, y, sample_weight=np.ones(len(y))).pruning_ratio_ == 0.5


def test_unsupervised_models_are_pruned_on_columns(binary):
    X, _ = binary
    pruned = PrunedEstimator(
        KMeans(3, n_init=1), pruning_ratio=0.5, random_state=0
    ).fit(X)
    assert pruned.estimator_[-1].cluster_centers_.shape == (3, 4)


def test_one_row_prunes_a_frozen_model(binary):
    X, y = binary
    model = LogisticRegression().fit(X, y)
    pruned = prune(model, X[:1], y[:1], pruning_ratio=0.5, refit=False)
    assert np.count_nonzero(pruned.estimator_.coef_) == 4


def test_it_is_of_the_type_of_its_model():
    assert is_classifier(PrunedEstimator(LogisticRegression()))
    assert is_regressor(PrunedEstimator(FrozenEstimator(Ridge())))
    assert hasattr(PrunedEstimator(LogisticRegression()), "predict_proba")
    assert not hasattr(PrunedEstimator(Ridge()), "predict_proba")
    assert hasattr(PrunedEstimator(StandardScaler()), "transform")


def test_random_state_seeds_an_unseeded_model(classes):
    X, y = classes
    forest = RandomForestClassifier(8)
    first, second = (
        PrunedEstimator(forest, pruning_ratio=0.5, random_state=3).fit(X, y)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    assert forest.random_state is None


def test_string_labels_are_predicted(classes):
    X, y = classes
    tree = DecisionTreeClassifier(random_state=0)
    pruned = PrunedEstimator(tree, rule=Best(), cv=2)
    assert set(pruned.fit(X, y).predict(X)) == set(y)
    assert pruned.classes_.tolist() == ["ant", "bee", "cat"]
