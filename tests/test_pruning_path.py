"""`PruningPath`: the table of a path, with a row for each different model."""

import pickle

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from sklprune import PrunedEstimator, prune
from sklprune._pruning_path import PruningPath
from sklprune.rules import Best

TABLE = {
    "ratio": np.array([0.0, 0.1, 0.2, 0.3, 0.4]),
    "units": np.array([4.0, 4.0, 3.0, 3.0, 3.0]),
    "score_mean": np.array([0.9, 0.9, 0.8, 0.8, 0.7]),
    "scores": np.array([[0.9], [0.9], [0.8], [0.8], [0.7]]),
    "asked": np.ones(5, dtype=bool),
}


@pytest.mark.parametrize(
    "chosen, shown", [(0, [0, 0.2, 0.4]), (3, [0, 0.3, 0.4]), (1, [0.1, 0.2, 0.4])]
)
def test_a_frame_has_one_row_for_each_model(chosen, shown):
    path = PruningPath(TABLE, chosen)
    frame = path.frame()
    assert frame["ratio"].tolist() == shown
    assert frame.loc[frame["chosen"], "ratio"].tolist() == [TABLE["ratio"][chosen]]
    # the table that the rule received is complete
    assert len(path.table["ratio"]) == 5
    assert "5 ratios from 0 to 0.4, 3 different models" in repr(path)


def test_models_without_scores_differ_by_their_sizes():
    table = TABLE | dict.fromkeys(["score_mean"], np.full(5, np.nan))
    table["scores"] = np.full((5, 1), np.nan)
    assert PruningPath(table, 0).frame()["ratio"].tolist() == [0, 0.2]


def test_ratios_between_two_leaves_give_no_rows_of_their_own(binary):
    tree = DecisionTreeClassifier(max_leaf_nodes=4, random_state=0)
    grid = np.arange(0, 0.8, 0.05)
    pruned = PrunedEstimator(tree, pruning_ratio=grid, rule=Best(), cv=2).fit(*binary)
    frame = pruned.path_.frame()
    assert len(frame) <= 4 < len(grid)
    assert frame["units"].is_monotonic_decreasing and frame["units"].is_unique
    assert frame["chosen"].sum() == 1


@pytest.mark.parametrize("store_path", [False, True])
def test_a_given_ratio_has_the_sizes_of_the_result(binary, store_path):
    pruned = PrunedEstimator(
        LogisticRegression(), pruning_ratio=0.5, store_path=store_path
    ).fit(*binary)
    frame = pruned.path_.frame()
    assert frame["nonzero"].tolist() == [9, 5]
    assert frame["parameters"].tolist() == [9, 9]
    assert frame["chosen"].tolist() == [False, True]
    assert frame["file_bytes"].notna().all() == store_path
    assert repr(pruned.path_).startswith("PruningPath: the unpruned model and")


def test_the_ratio_zero_is_the_only_row(binary):
    pruned = PrunedEstimator(LogisticRegression(), pruning_ratio=0).fit(*binary)
    assert pruned.path_.frame()["ratio"].tolist() == [0]


# -- the best model within limits -----------------------------------------------------


@pytest.fixture
def stored(binary):
    return PrunedEstimator(
        RandomForestClassifier(8, max_depth=4, random_state=0),
        method="member_selection",
        pruning_ratio=[0.25, 0.5, 0.75],
        cv=3,
        store_path=True,
        random_state=0,
    ).fit(*binary)


@pytest.mark.parametrize("members", [8, 6, 5, 2])
def test_the_best_stored_model_within_a_limit_is_returned(stored, members):
    table, model = stored.path_.table, stored.path_.within(members=members)
    fits = 8 * (1 - table["ratio"]) <= members
    best = table["score_mean"][fits].max()
    reached = 1 - model.n_estimators / 8
    assert table["score_mean"][table["ratio"] == reached] == best


def test_a_latency_is_measured_on_given_rows(stored, binary):
    assert stored.path_.within(binary[0], latency_one_row=10).n_estimators <= 8
    with pytest.raises(ValueError, match="pass X for a latency"):
        stored.path_.within(latency_one_row=10)


def test_the_largest_model_fits_best_where_there_are_no_scores(binary):
    forest = RandomForestClassifier(8, random_state=0)
    pruned = PrunedEstimator(
        forest, method="member_selection", pruning_ratio=0.5, store_path=True
    ).fit(*binary)
    assert pruned.path_.within(members=8).n_estimators == 8
    assert pruned.path_.within(members=7).n_estimators == 4


def test_limits_that_are_not_allowed_or_not_reached(stored, binary):
    with pytest.raises(ValueError, match="the smallest has members=2"):
        stored.path_.within(members=1)
    with pytest.raises(ValueError, match="has no limit"):
        stored.path_.within()
    with pytest.raises(TypeError, match="'trees' is not a field of Cost"):
        stored.path_.within(trees=3)
    with pytest.raises(TypeError, match="ratio='half' must be a number"):
        stored.path_.at("half")
    without = PrunedEstimator(LogisticRegression(), cv=2).fit(*binary)
    with pytest.raises(ValueError, match="store_path=True"):
        without.path_.within(nonzero=3)


@pytest.mark.parametrize(
    "model, method",
    [
        (RandomForestClassifier(10, random_state=0), "member_selection"),
        (RandomForestClassifier(10, max_depth=4, random_state=0), "backfitting"),
        pytest.param(
            HistGradientBoostingClassifier(max_iter=10),
            "backfitting",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_pickle_of_many_sizes_is_small_and_exact(binary, model, method):
    X, y = binary
    ratios = np.linspace(0.1, 0.9, 20).tolist()
    pruned = prune(
        model.fit(X, y),
        X,
        y,
        method=method,
        pruning_ratio=ratios,
        store_path=True,
        seen=False,
        random_state=0,
    )
    written = pickle.dumps(pruned.path_)
    assert len(written) <= 1.5 * len(pickle.dumps(pruned.path_.at(0)))
    read = pickle.loads(written)
    for ratio in [0, *ratios]:
        before, after = pruned.path_.at(ratio), read.at(ratio)
        assert type(before) is type(after)
        assert np.array_equal(before.predict_proba(X), after.predict_proba(X))


def test_a_path_is_pickled_by_a_pickler_with_other_rules():
    class Local(RandomForestClassifier):
        pass

    # the standard pickler cannot write an object of a local class
    models = {"": {0.0: Local(), 0.5: Local()}}
    path = PruningPath({"ratio": np.array([0.0, 0.5])}, models=models)
    assert path.__getstate__()["_models"] is models
