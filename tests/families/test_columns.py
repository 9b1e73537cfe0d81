"""Columns of any model: parameters that refer to columns are adapted."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklprune import FeaturePruningSelector, PrunedEstimator, prune
from sklprune._registry import family_of
from sklprune.families._column_values import (
    follow_list,
    follow_sets,
    follow_values,
)

KEPT = np.array([0, 2, 3])
NAMES = np.array(list("abcde"), dtype=object)


@pytest.mark.parametrize(
    "value, expected",
    [
        ([True, True, False, True, False], [True, False, True]),
        ([2, 4], [1]),
        ([-2], [2]),  # the last but one, "d"
        (["a", "e", "d"], ["a", "d"]),
        ([1, 4], None),
        ([False, True, False, False, True], None),
    ],
)
def test_lists_of_columns_are_adapted(value, expected):
    followed = follow_list(value, KEPT, NAMES)
    assert (None if followed is None else list(followed)) == expected


def test_values_of_columns_are_adapted():
    assert follow_values([1, 0, -1, 0, 1], KEPT, NAMES) == [1, -1, 0]
    assert follow_values({"a": 1, "b": -1}, KEPT, NAMES) == {"a": 1}


def test_sets_of_columns_are_adapted():
    assert follow_sets([{0, 1, 3}, {2}, {4}], KEPT, NAMES) == [{0, 2}, {1}]


@pytest.fixture
def table(binary):
    X, y = binary
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    frame["colour"] = np.where(X[:, 0] + X[:, 5] > 0, "red", "blue")
    return frame, y


def test_constraints_of_boosting_are_adapted(binary):
    X, y = binary
    model = HistGradientBoostingClassifier(
        max_iter=5,
        monotonic_cst=[1, -1, 1, 0, 0, 0, 0, 0],
        interaction_cst=[{0, 1}, set(range(2, 8))],
    )
    pruned = PrunedEstimator(
        model, method="permutation", pruning_ratio=0.5, random_state=0
    ).fit(X, y)
    params = pruned.estimator_[-1].get_params()
    ((_, _, kept),) = pruned.estimator_[0].transformers
    expected = [(1, -1, 1, 0, 0, 0, 0, 0)[i] for i in kept]
    assert list(params["monotonic_cst"]) == expected
    assert sorted(i for group in params["interaction_cst"] for i in group) == [
        *range(4)
    ]


@pytest.mark.parametrize(
    "numbers, colours",
    [
        (list("abcdefgh"), ["colour"]),
        (slice(0, 8), [8]),
        (slice("a", "h"), [-1]),
        ([True] * 8 + [False], make_column_selector(dtype_exclude="number")),
    ],
)
def test_a_column_transformer_as_first_step_is_adapted(table, numbers, colours):
    frame, y = table
    first = ColumnTransformer(
        [
            ("numbers", StandardScaler(), numbers),
            ("colours", OneHotEncoder(handle_unknown="ignore"), colours),
        ]
    )
    model = make_pipeline(first, LogisticRegression())
    pruned = PrunedEstimator(
        model, method="permutation", pruning_ratio=0.6, random_state=0
    ).fit(frame, y)
    inner = pruned.estimator_[-1]
    assert len(inner.feature_names_in_) == 4
    kept = list(inner.feature_names_in_)
    np.testing.assert_array_equal(pruned.predict(frame[kept]), pruned.predict(frame))
    assert pruned.score(frame, y) > 0.8


def test_a_second_pruning_does_not_nest_pipelines(binary):
    X, y = binary
    once = PrunedEstimator(
        RandomForestClassifier(10, random_state=0),
        method="permutation",
        pruning_ratio=0.5,
        random_state=0,
    ).fit(X, y)
    twice = prune(
        once.estimator_, X, y, method="permutation", pruning_ratio=0.5, random_state=0
    )
    assert isinstance(twice.estimator_, Pipeline)
    assert isinstance(twice.estimator_[-1], RandomForestClassifier)
    ((_, _, first),) = once.estimator_[0].transformers
    ((_, _, second),) = twice.estimator_[0].transformers
    assert len(second) == 2 and set(second) < set(first)
    trees = prune(
        twice.estimator_, X, y, method="member_selection", pruning_ratio=0.5
    ).estimator_
    assert len(trees[-1].estimators_) == 5
    assert trees.predict(X).shape == y.shape


def test_a_selector_reads_the_columns_of_a_pruned_model(binary):
    X, y = binary
    once = PrunedEstimator(
        LogisticRegression(), method="permutation", pruning_ratio=0.5, random_state=0
    ).fit(X, y)
    kept = family_of(once.estimator_).columns(once.estimator_, X)
    selector = FeaturePruningSelector(once.estimator_, pruning_ratio=0.0).fit(X, y)
    # the pipeline is fitted again, and reads the same columns
    assert set(np.flatnonzero(selector.support_)) == set(kept)
