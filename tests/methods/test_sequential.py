"""Sequential selection, compared with SequentialFeatureSelector of scikit-learn."""

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_classification, make_regression
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, ShuffleSplit
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklprune import FeaturePruningSelector
from sklprune._registry import family_of
from sklprune._units import Task
from sklprune.families.linear import LinearFamily
from sklprune.methods import Sequential


@pytest.fixture
def numbers():
    X, y = make_regression(100, 9, n_informative=5, noise=30.0, random_state=0)
    rng = np.random.RandomState(0)
    X = (X + 3) @ rng.normal(size=(9, 9)) * np.geomspace(0.1, 10, 9)
    return X, np.column_stack([y, rng.normal(size=100) * 50 + y])


def support(model, X, y, k, weight=None, **parameters):
    parameters = {"method": "sequential", "random_state": 0} | parameters
    selector = FeaturePruningSelector(model, n_features_to_select=k, **parameters)
    return selector.fit(X, y, sample_weight=weight).support_


@pytest.mark.parametrize(
    "model, k",
    [
        (Ridge(10.0), 1),
        (Ridge(10.0), 4),
        (LinearRegression(), 4),
        (LinearRegression(fit_intercept=False), 4),
        (KNeighborsRegressor(), 2),
        (make_pipeline(StandardScaler(), Ridge(1.0)), 2),
    ],
)
def test_the_columns_of_scikit_learn(numbers, model, k):
    X, Y = numbers
    for y in (Y[:, 0], Y):
        expected = SequentialFeatureSelector(model, n_features_to_select=k).fit(X, y)
        np.testing.assert_array_equal(support(model, X, y, k), expected.get_support())


@pytest.mark.parametrize(
    "scoring", ["neg_mean_squared_error", "neg_root_mean_squared_error", "max_error"]
)
@pytest.mark.parametrize("cv", [3, ShuffleSplit(4, test_size=0.3, random_state=0)])
def test_other_metrics_and_splits(numbers, scoring, cv):
    X, y = numbers[0], numbers[1][:, 0]
    scoring = "neg_max_error" if scoring == "max_error" else scoring
    expected = SequentialFeatureSelector(
        Ridge(), n_features_to_select=4, scoring=scoring, cv=cv
    ).fit(X, y)
    ours = support(Ridge(), X, y, 4, method=Sequential(cv=cv), scoring=scoring)
    np.testing.assert_array_equal(ours, expected.get_support())


def test_a_classifier():
    X, y = make_classification(120, 6, n_informative=3, random_state=0)
    expected = SequentialFeatureSelector(LogisticRegression(), n_features_to_select=2)
    ours = support(LogisticRegression(), X, y, 2, method=Sequential(2))
    np.testing.assert_array_equal(ours, expected.fit(X, y).get_support())


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "limits",
    [{}, {"feature_groups": [[0, 3], [5, 6, 8]], "always_keep": [7]}],
)
def test_sums_of_products_give_the_order_of_fits(
    numbers, monkeypatch, limits, weighted
):
    X, y = numbers[0], numbers[1][:, 0]
    weight = np.random.RandomState(0).uniform(0.2, 3, 100) if weighted else None
    constant = np.column_stack([X[:, :8], np.full(100, 2.0)])
    coarse = np.digitize(X / X.std(axis=0), [-1, 0, 1])
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    for model, table in (
        (Ridge(2.0), X),
        (LinearRegression(), constant),
        (make_pipeline(encoder, Ridge(2.0)), coarse),
    ):
        if weighted and not isinstance(model, (Ridge, LinearRegression)):
            continue
        ours = FeaturePruningSelector(
            model, method=Sequential(cv=3), pruning_ratio=0.5, **limits
        ).fit(table, y, sample_weight=weight)
        with monkeypatch.context() as context:
            context.setattr(LinearFamily, "capabilities", lambda *args: frozenset())
            other = FeaturePruningSelector(
                model, method=Sequential(cv=3), pruning_ratio=0.5, **limits
            ).fit(table, y, sample_weight=weight)
        np.testing.assert_array_equal(ours.support_, other.support_)
        if table is not constant:
            np.testing.assert_array_equal(ours.importances_, other.importances_)


def test_columns_are_ranked_in_the_order_of_their_addition(numbers):
    X, y = numbers[0], numbers[1][:, 0]
    selector = FeaturePruningSelector(
        Ridge(), method="sequential", n_features_to_select=1
    ).fit(X, y)
    assert sorted(selector.ranking_.tolist()) == list(range(1, 10))
    for k in (2, 5):
        expected = SequentialFeatureSelector(Ridge(), n_features_to_select=k).fit(X, y)
        np.testing.assert_array_equal(selector.ranking_ <= k, expected.get_support())


def test_after_max_columns_the_scores_of_the_last_step_decide(numbers):
    X, y = numbers[0], numbers[1][:, 0]
    model = Ridge().fit(X, y)
    family = family_of(model)
    task = Task(X, y, scorer=lambda model, X, y: model.score(X, y))
    units = family.units(model, "feature", X)
    by_fits = Sequential(2).score(family, model, units, task)
    whole = Sequential().score(family, model, units, task)
    assert (np.argsort(-by_fits)[:2] == np.argsort(-whole)[:2]).all()
    assert len(set(by_fits)) == 9 and by_fits.min() == 1
    # the third column is the best one of the last step, and not of the next
    selector = FeaturePruningSelector(Ridge(), method=Sequential(2)).fit(X, y)
    assert selector.path_.frame()["units"].tolist() == [9, 2, 1]


def test_groups_of_rows_are_not_split(numbers):
    X, y = numbers[0], numbers[1][:, 0]
    groups = np.repeat(np.arange(20), 5)
    expected = SequentialFeatureSelector(
        Ridge(), n_features_to_select=3, cv=list(GroupKFold(5).split(X, y, groups))
    ).fit(X, y)
    selector = FeaturePruningSelector(
        Ridge(), method="sequential", n_features_to_select=3
    ).fit(X, y, groups=groups)
    np.testing.assert_array_equal(selector.support_, expected.get_support())


@pytest.mark.parametrize("max_columns", [0, 1.5, "all"])
def test_invalid_parameters_are_errors(numbers, max_columns):
    with pytest.raises(ValueError, match="Sequential\\(max_columns="):
        support(Ridge(), numbers[0], numbers[1], 2, method=Sequential(max_columns))


@pytest.mark.parametrize("model", [LogisticRegression(), LinearRegression()])
def test_a_column_that_the_pipeline_drops_is_added_last(model):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 4))
    y = X[:, 1] + X[:, 3] / 2 + rng.normal(size=60) / 2
    scaler = ColumnTransformer([("scaled", StandardScaler(), [1, 2, 3])])
    pipe = make_pipeline(scaler, model)
    target = y > 0 if isinstance(model, LogisticRegression) else y
    selector = FeaturePruningSelector(
        pipe, method="sequential", n_features_to_select=1, random_state=0
    ).fit(X, target)
    assert selector.ranking_[1] == 1
    assert selector.ranking_.argmax() == 0
