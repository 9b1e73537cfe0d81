"""`drop_unread=True` in a pruning: the result, its report and its path."""

# ruff: noqa: F401, F811  fixtures are imported

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from test_drop_unread import (
    WIDTH,
    assert_same_predictions,
    few_columns,
    table,
    texts,
)

from sklprune import PrunedEstimator, prune
from sklprune.methods import CostComplexity, Magnitude


@pytest.mark.parametrize(
    "model, method",
    [
        (LogisticRegression(), "magnitude"),
        (make_pipeline(StandardScaler(), LogisticRegression()), "magnitude"),
        (MLPClassifier((4,), max_iter=20, random_state=0), Magnitude("weight")),
        (DecisionTreeClassifier(random_state=0), CostComplexity()),
    ],
)
def test_pruning_removes_unread_columns_on_request(table, model, method):
    X, y = table
    ratio = 0.43 if isinstance(method, CostComplexity) else 0.9
    settings = {"method": method, "pruning_ratio": ratio, "random_state": 0}
    plain = PrunedEstimator(model, **settings).fit(X, y)
    pruned = PrunedEstimator(model, drop_unread=True, **settings).fit(X, y)
    assert_same_predictions(plain, pruned, X)
    # the original tree did not read all columns either; these are not named
    assert set(plain.report_.unread_columns) <= set(pruned.report_.dropped_columns)
    assert "drop_unread=True removes them" in str(plain.report_)
    assert "Columns removed, since nothing read them: c" in str(pruned.report_)
    n_left = WIDTH - len(pruned.report_.dropped_columns)
    assert pruned.report_.pruned.features == n_left < WIDTH
    assert pruned.report_.unread_columns == []
    assert pruned.n_features_in_ == WIDTH
    assert list(pruned.feature_names_in_) == list(X.columns)
    kept = [name for name in X if name not in pruned.report_.dropped_columns]
    assert_same_predictions(plain, pruned, X, X[kept])
    assert pruned.report_.to_dict()["dropped_columns"] == (
        pruned.report_.dropped_columns
    )


def test_every_model_of_the_path_is_dropped(table):
    X, y = table
    grid = [0.5, 0.9]
    pruned = PrunedEstimator(
        LogisticRegression(),
        pruning_ratio=grid,
        drop_unread=True,
        store_path=True,
        cv=2,
    ).fit(X, y)
    for ratio in grid:
        assert pruned.path_.at(ratio)[-1].n_features_in_ == round((1 - ratio) * WIDTH)
    # the unpruned model is the stripped original
    assert isinstance(pruned.path_.at(0), LogisticRegression)


def test_a_frozen_text_model_shrinks_with_its_vocabulary(table, texts):
    y = table[1]
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, y)
    pruned = prune(model, texts, y, pruning_ratio=0.9, drop_unread=True, random_state=0)
    vocabulary = pruned.estimator_[0].vocabulary_
    assert len(vocabulary) < 0.2 * len(model[0].vocabulary_)
    assert pruned.estimator_[-1].n_features_in_ == len(vocabulary)
    assert set(pruned.report_.dropped_columns).isdisjoint(vocabulary)


def test_terms_that_cannot_be_dropped_are_not_named(table, texts):
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    pruned = PrunedEstimator(model, pruning_ratio=0.9).fit(texts, table[1])
    assert pruned.report_.unread_columns == []
    assert "no longer count" not in str(pruned.report_)
    pruned.set_params(drop_unread=True).fit(texts, table[1])
    assert "norm over all terms" in str(pruned.report_)


def test_the_support_of_pruned_columns_has_no_unread_ones(table):
    X, y = table
    pruned = PrunedEstimator(
        few_columns(),
        method="permutation",
        pruning_ratio=0.25,
        drop_unread=True,
        random_state=0,
    ).fit(X, y)
    kept = pruned.estimator_[0].transformers_[0][2]
    assert pruned.support_.sum() < 0.75 * WIDTH
    np.testing.assert_array_equal(np.flatnonzero(pruned.support_), kept)
    assert list(pruned.get_feature_names_out()) == list(X.columns[kept])
    np.testing.assert_array_equal(pruned.ranking_ == 1, pruned.support_)
    assert pruned.estimator_[-1].n_features_in_ == len(kept)


def test_dropped_columns_can_be_pruned_again(table):
    X, y = table
    once = prune(
        LogisticRegression().fit(X, y), X, y, pruning_ratio=0.5, drop_unread=True
    ).estimator_
    twice = prune(once, X, y, method="permutation", pruning_ratio=0.5, random_state=0)
    assert [name for name, _ in twice.estimator_.steps] == ["columns", "model"]
    assert twice.estimator_[-1].n_features_in_ == WIDTH // 4


def test_drop_unread_must_be_a_boolean(table):
    pruned = PrunedEstimator(LogisticRegression(), drop_unread="yes")
    with pytest.raises(ValueError, match="'drop_unread' parameter"):
        pruned.fit(*table)
