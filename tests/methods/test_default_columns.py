"""The default order of columns is another method, which suits the model."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import FeaturePruningSelector, PrunedEstimator
from sklprune._registry import family_of
from sklprune.methods import (
    Columns,
    Permutation,
    RecursiveElimination,
    recursive_elimination,
)


def resolved(model, n_features):
    core = family_of(model).core(model)
    return Columns().resolved(family_of(core), core, n_features)


@pytest.mark.parametrize(
    "model, n_features, step",
    [
        (LogisticRegression(), 100, 1),
        (make_pipeline(StandardScaler(), Ridge()), 1000, "geometric"),
        (Ridge(), 101, "geometric"),
        (SGDClassifier(), 100, 0.1),
    ],
)
def test_linear_models_lose_columns_by_coefficients(model, n_features, step):
    method = resolved(model, n_features)
    assert type(method) is RecursiveElimination
    assert method.importance == "auto" and method.step == step


@pytest.mark.parametrize(
    "model", [KNeighborsClassifier(), HistGradientBoostingClassifier()]
)
def test_other_models_lose_columns_by_permutation(model):
    method = resolved(model, 100)
    assert type(method) is Permutation
    assert method.criterion == "loss" and method.cv == 5 and method.floor == 0


def test_thousands_of_columns_are_ordered_by_few_fits():
    method = resolved(Ridge(), 5000)
    assert type(method) is RecursiveElimination and method.step == "halving"
    method = resolved(RandomForestClassifier(), 5000)
    assert type(method) is Permutation and method.screen == 100


@pytest.mark.parametrize("model", [LogisticRegression(), KNeighborsClassifier()])
def test_the_result_is_that_of_the_method_it_stands_for(binary, model):
    known = resolved(model, binary[0].shape[1])
    by_name, by_object = (
        FeaturePruningSelector(model, method=method, cv=3, random_state=0).fit(*binary)
        for method in ("columns", known)
    )
    np.testing.assert_array_equal(by_name.ranking_, by_object.ranking_)
    assert by_name.report_.summary == by_object.report_.summary
    assert type(known).__name__ in by_name.report_.summary


def test_the_number_of_columns_is_known_for_every_kind_of_X(binary):
    X, y = binary
    for table in (X, sparse.csr_matrix(X), X.tolist()):
        pruned = PrunedEstimator(LogisticRegression(), method="columns", cv=2)
        assert pruned.fit(table, y).support_.shape == (8,)


@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
@pytest.mark.parametrize("last", [LogisticRegression(), Ridge()])
def test_a_column_without_any_value_is_removed_first(binary, last):
    # the imputer makes no column of it
    X, y = binary
    empty = np.column_stack([X, np.full(len(X), np.nan)])
    model = make_pipeline(SimpleImputer(), StandardScaler(), last)
    selector = FeaturePruningSelector(model, method="columns", cv=2, random_state=0)
    selector.fit(empty, y)
    selector.set_params(n_features_to_select=2)
    kept = selector.fit(empty, y).get_feature_names_out()
    assert kept.tolist() == selector.fit(X, y).get_feature_names_out().tolist()


@pytest.fixture
def many_columns(monkeypatch):
    """Rows of which one split suffices to choose a size, and 50 columns of noise."""
    monkeypatch.setattr(recursive_elimination, "ROWS_OF_ONE_SPLIT", 600)
    rng = np.random.RandomState(0)
    X = rng.normal(size=(600, 60))
    return X, X[:, :10].sum(axis=1) > 0


def test_the_size_of_many_columns_is_chosen_on_one_split(many_columns):
    # without coefficients by Newton steps, as for thousands of columns
    model = SGDClassifier(loss="log_loss", random_state=0)
    settings = {"method": RecursiveElimination(step="halving")}
    first, second, folds, stored = (
        PrunedEstimator(model, **settings, **others).fit(*many_columns)
        for others in ({}, {}, {"cv": 2}, {"store_path": True})
    )
    assert [each.report_.score["n_splits"] for each in (first, folds)] == [1, 2]
    np.testing.assert_array_equal(first.ranking_, second.ranking_)
    assert first.path_.table["scores"].tolist() == second.path_.table["scores"].tolist()
    # it ends where the score is far below the best one
    sizes = first.path_.table["units"].tolist()
    assert sizes == [60, 30, 15, 8, 4, 2, 1][: len(sizes)] and 4 <= len(sizes) < 7
    scores = first.path_.table["score_mean"]
    assert scores[-1] < scores.max() - 0.05
    for each in (folds, stored):
        assert each.path_.table["units"].tolist() == [60, 30, 15, 8, 4, 2, 1]
    np.testing.assert_array_equal(first.support_, stored.support_)


def test_three_quarters_of_many_columns_are_removed_at_a_time():
    removed = recursive_elimination.numbers_of_removed("halving", 20_000)
    assert (20_000 - np.array(removed[:4])).tolist() == [5000, 2500, 1250, 625]
