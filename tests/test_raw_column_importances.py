"""Which raw columns of a pipeline are removed: importances, scores and limits."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.inspection import permutation_importance
from sklearn.metrics import accuracy_score
from test_raw_columns import APART, mixed_rows

from sklprune import FeaturePruningSelector, PrunedEstimator, prune


@pytest.fixture(scope="module")
def table():
    return mixed_rows()


def test_permutation_shuffles_the_columns_of_one_raw_column_together(table):
    X, y = table
    model = clone(APART["scaled and one-hot"]).fit(X, y)
    blocks = PrunedEstimator(model, pruning_ratio=0.5, method="permutation")
    importances = prune(
        model, X, y, method="permutation", pruning_ratio=0.5, random_state=0
    ).importances_
    expected = permutation_importance(model, X, y, random_state=0).importances_mean
    np.testing.assert_allclose(importances, expected, atol=1e-12)
    assert blocks.fit(X, y).support_.sum() == 4


def test_a_score_that_reads_columns_of_x_receives_them(table):
    X, y = table

    def on_weekdays(model, rows, target):
        days = (rows["day"] < 6).to_numpy()
        return accuracy_score(np.asarray(target)[days], model.predict(rows[days]))

    pruned = PrunedEstimator(
        APART["scaled and one-hot"],
        method="permutation",
        scoring=on_weekdays,
        pruning_ratio=[0.3, 0.5],
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert pruned.support_.sum() < 8


def test_groups_and_columns_to_keep(table):
    X, y = table
    selector = FeaturePruningSelector(
        APART["scaled and one-hot"],
        method="permutation",
        n_features_to_select=3,
        feature_groups=[["a", "u"]],
        always_keep=["u"],
        random_state=0,
    ).fit(X, y)
    kept = list(selector.get_feature_names_out())
    assert {"a", "u"} <= set(kept) and len(kept) == 3


def test_columns_that_no_step_reads_are_removed_first(table):
    X, y = table
    pruned = PrunedEstimator(
        APART["scaled and one-hot"],
        method="permutation",
        pruning_ratio=2 / 8,
        random_state=0,
    ).fit(X, y)
    # "text" and "day" are dropped by the column transformer
    assert not pruned.support_[X.columns.isin(["text", "day"])].any()
    assert (pruned.importances_[X.columns.isin(["text", "day"])] == 0).all()
