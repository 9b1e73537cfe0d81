"""`Budget(feature_cost=..., prices=...)`: the kept columns cost at most a sum."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import FeaturePruningSelector, PrunedEstimator
from sklprune.methods import Permutation
from sklprune.rules import Best, Budget

NAMES = list("abcdefgh")
PRICES = dict(zip(NAMES, [8, 7, 6, 5, 4, 3, 2, 1]))


@pytest.fixture
def frame(binary):
    X, y = binary
    return pd.DataFrame(X, columns=NAMES), y


def fitted(X, y, rule, model=None, method="recursive_elimination", **settings):
    model = LogisticRegression() if model is None else model
    settings = {"cv": 3, "random_state": 0, **settings}
    return FeaturePruningSelector(model, method=method, rule=rule, **settings).fit(X, y)


@pytest.mark.parametrize("limit", [8, 15, 25, 100])
def test_the_best_affordable_columns_are_kept(frame, limit):
    """Elimination has every number of columns, so that the table can be checked."""
    X, y = frame
    selector = fitted(X, y, Budget(feature_cost=limit, prices=PRICES))
    spent = sum(PRICES[name] for name in selector.get_feature_names_out())
    assert spent <= limit
    table = selector.path_.table
    fits = table["feature_cost"] <= limit
    assert table["feature_cost"][0] == sum(PRICES.values())
    best = table["score_mean"][fits & table["asked"]].max()
    assert table["score_mean"][selector.path_.chosen] == best


def test_costs_are_those_of_the_kept_columns_of_each_split(frame):
    """Masks of the table are compared with a path that stores its models."""
    X, y = frame
    ratios = [0.25, 0.5, 0.75]
    rule = Budget(feature_cost=1000, prices=PRICES)
    splits = [(np.arange(0, 100), np.arange(100, len(y)))]
    pruned = PrunedEstimator(
        KNeighborsClassifier(),
        method=Permutation(2),
        pruning_ratio=ratios,
        rule=rule,
        cv=splits,
        random_state=0,
    ).fit(X, y)
    for ratio, cost in zip([0.0, *ratios], pruned.path_.table["feature_cost"]):
        part = PrunedEstimator(
            KNeighborsClassifier(),
            method=Permutation(2),
            pruning_ratio=ratio,
            random_state=0,
        ).fit(X.iloc[splits[0][0]], y[splits[0][0]])
        assert cost == sum(PRICES[name] for name in part.get_feature_names_out())


def test_prices_by_position_and_of_a_pipeline(frame):
    X, y = frame
    by_position = dict(enumerate(PRICES.values()))
    model = make_pipeline(StandardScaler(), LogisticRegression())
    by_name = fitted(X, y, Budget(feature_cost=9, prices=PRICES), model)
    on_array = fitted(
        X.to_numpy(), y, Budget(feature_cost=9, prices=by_position), model
    )
    np.testing.assert_array_equal(by_name.support_, on_array.support_)
    assert by_name.support_.any() and not by_name.support_.all()


def test_the_order_by_other_limits_does_not_change(frame):
    X, y = frame
    free = dict.fromkeys(NAMES, 0)
    priced = fitted(X, y, Budget(features=4, feature_cost=1, prices=free))
    plain = fitted(X, y, Budget(features=4))
    np.testing.assert_array_equal(priced.support_, plain.support_)


def test_several_methods_share_one_budget(frame):
    X, y = frame
    rule = Budget(feature_cost=12, prices=PRICES)
    pruned = PrunedEstimator(
        LogisticRegression(),
        method=["recursive_elimination", Permutation(1)],
        rule=rule,
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert sum(PRICES[name] for name in pruned.get_feature_names_out()) <= 12
    assert np.isfinite(pruned.path_.table["feature_cost"]).all()


def test_a_rule_of_the_user_reads_the_costs(frame):
    X, y = frame

    class PerPrice(Best):
        needs = ("feature_cost",)
        prices = PRICES

        def choose(self, table):
            return int(np.argmax(table["score_mean"] / table["feature_cost"]))

    selector = fitted(X, y, PerPrice())
    assert selector.support_.sum() < len(NAMES)


@pytest.mark.parametrize(
    "prices, words",
    [
        (PRICES | {"aa": 1}, "no column .'aa'.. Did you mean 'a'?"),
        (PRICES | {"a": -1}, r"\{'a': -1\}.*must be a finite number that is not neg"),
        (PRICES | {"a": np.nan}, "must be a finite number"),
        (PRICES | {"a": "1"}, "must be a finite number"),
        (PRICES | {"a": True}, "must be a finite number"),
        ({"a": 1, "b": 2}, "no price for the columns 'c', 'd', 'e', 'f', 'g' and 1"),
        ({}, "as a dict from names"),
        ([1, 2], "as a dict from names"),
        (None, "must be given together"),
    ],
)
def test_bad_prices_are_refused(frame, prices, words):
    X, y = frame
    with pytest.raises(ValueError, match=words):
        fitted(X, y, Budget(feature_cost=5, prices=prices))


def test_prices_without_a_limit_and_other_units_are_refused(frame):
    X, y = frame
    with pytest.raises(ValueError, match="must be given together"):
        fitted(X, y, Budget(features=3, prices=PRICES))
    model = PrunedEstimator(
        LogisticRegression(), rule=Budget(feature_cost=5, prices=PRICES)
    )
    with pytest.raises(ValueError, match="Use a method for columns"):
        model.fit(X, y)


def test_a_budget_that_no_column_meets_states_the_smallest_cost(frame):
    X, y = frame
    prices = dict.fromkeys(NAMES, 3)
    with pytest.raises(ValueError, match="the smallest has feature_cost=3"):
        fitted(X, y, Budget(feature_cost=2, prices=prices))
