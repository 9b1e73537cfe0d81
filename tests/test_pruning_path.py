"""`PruningPath`: the table of a path, with a row for each different model."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from sklprune import PrunedEstimator
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
