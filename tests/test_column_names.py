"""Names of columns of any type, in `always_keep` and `feature_groups`."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from sklprune import FeaturePruningSelector, PrunedEstimator
from sklprune._feature_groups import feature_limits

NAMES = {
    "tuples": pd.MultiIndex.from_product([["p", "q"], ["a", "b", "c", "d"]]),
    "floats": pd.Index(np.arange(8) / 10),
    "timestamps": pd.date_range("2024", periods=8),
    "dates": pd.Index([date(2024, 1, day) for day in range(1, 9)], dtype=object),
    "integers": pd.Index([7, 6, 5, 4, 3, 2, 1, 0]),
    "mixed": pd.Index(["a", 1, 2.5, ("t", 1), None, True, date(2024, 1, 1), b"x"]),
    "missing": pd.Index([np.nan, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.5]),
    "intervals": pd.interval_range(0, 8),
}


def positions(names, columns):
    names = np.asarray(names, dtype=object)
    limits = feature_limits(names, np.arange(len(names)), None, columns, None)
    return np.flatnonzero(limits["fixed"]).tolist()


@pytest.mark.parametrize("kind", NAMES)
def test_each_name_is_found(kind):
    names = NAMES[kind]
    for i, name in enumerate(names):
        assert positions(names, [name]) == [i]
    assert positions(names, list(names[2:4])) == [2, 3]
    assert positions(names, names[2:4]) == [2, 3]


@pytest.mark.parametrize("kind", sorted(set(NAMES) - {"mixed"}))
@pytest.mark.parametrize(
    "method", ["permutation", "recursive_elimination", "elastic_net_path"]
)
def test_columns_are_kept_and_grouped_by_names_of_any_type(binary, kind, method):
    X, y = pd.DataFrame(binary[0], columns=NAMES[kind]), binary[1]
    plain = pd.DataFrame(binary[0], columns=list("abcdefgh"))
    options = {"method": method, "n_features_to_select": 4, "random_state": 0}
    expected, selector = (
        FeaturePruningSelector(
            LogisticRegression(),
            always_keep=[frame.columns[7]],
            feature_groups={"one": [frame.columns[1], frame.columns[3]]},
            **options,
        ).fit(frame, y)
        for frame in (plain, X)
    )
    np.testing.assert_array_equal(selector.support_, expected.support_)
    assert selector.support_[7] and selector.support_[1] == selector.support_[3]
    np.testing.assert_array_equal(selector.transform(X), expected.transform(plain))


def test_a_model_on_columns_of_a_multiindex_predicts(binary):
    X, y = pd.DataFrame(binary[0], columns=NAMES["tuples"]), binary[1]
    pruned = PrunedEstimator(
        LogisticRegression(), method="permutation", pruning_ratio=0.5, random_state=0
    ).fit(X, y)
    assert pruned.score(X, y) > 0.8
    assert len(pruned.report_.removed) == 4
    assert "('" in pruned.report_.removed[0]["name"]


def test_an_integer_is_a_name_before_it_is_a_position():
    assert positions([3, 1, 2, 0], [3]) == [0]
    assert positions([10, 20, 30], [20, 0, -1]) == [0, 1, 2]
    assert positions(["a", "b", "c"], [0, -1]) == [0, 2]
    assert positions(["a", "b", "c"], np.array([1, 2])) == [1, 2]


def test_true_is_not_one():
    assert positions(["a", True, 5], [True]) == [1]
    assert positions([True, False, "c"], [1]) == [1]
    for name in (True, 1.0):
        with pytest.raises(ValueError, match="X has no column"):
            positions(["a", "b"], [name])


def test_a_datetime_of_any_library_is_the_name():
    names = pd.date_range("2024", periods=3)
    for column in (names[1], datetime(2024, 1, 2), np.datetime64("2024-01-02")):
        assert positions(names, [column]) == [1]
    assert positions(names, names.to_numpy()[1:]) == [1, 2]


@pytest.mark.parametrize(
    "names, column, nearest",
    [
        (["age", "income", "sex"], "Age", "'age'"),
        (["age", "income", "sex"], "incom", "'income'"),
        (NAMES["tuples"], ("p", "e"), r"\('p', '[abcd]'\)"),
        (pd.date_range("2024", periods=3), "2024-01-02", r"Timestamp\('2024-01-02"),
    ],
)
def test_an_unknown_name_suggests_the_nearest_one(names, column, nearest):
    match = f"always_keep: X has no column .*Did you mean {nearest}.*columns are named"
    with pytest.raises(ValueError, match=match):
        positions(names, [column])


@pytest.mark.parametrize("column", ["zzzz", 17, ["zzzz"], {"zzzz"}, None])
def test_nothing_is_suggested_where_no_name_is_close(column):
    with pytest.raises(ValueError, match=r"X has no column \[.*\]\. Its 2 columns"):
        positions(["age", "income"], [column])


def test_one_name_instead_of_a_list_is_refused():
    with pytest.raises(ValueError, match="is not allowed, where a list of names"):
        positions(NAMES["tuples"], ("p", "a"))
    assert positions(["a", "b", ("a", "b")], ("a", "b")) == [0, 1]


def test_names_that_occur_twice_are_named(binary):
    names = [("p", i % 7) for i in range(8)]
    X = pd.DataFrame(binary[0], columns=pd.MultiIndex.from_tuples(names))
    with pytest.raises(ValueError, match=r"(must differ|unique).*\n*.*\('p', 0\)"):
        FeaturePruningSelector(LogisticRegression()).fit(X, binary[1])
