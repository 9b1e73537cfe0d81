"""Attributes of `PrunedEstimator` that describe kept columns, and the first line."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import FeaturePruningSelector, PrunedEstimator, prune
from sklprune.methods import Backfitting, Regrow

RATIO = {"pruning_ratio": 0.5, "random_state": 0}


@pytest.mark.parametrize("method", ["permutation", "recursive_elimination"])
def test_columns_have_the_attributes_of_the_selector(regression, method):
    X, y = regression
    X = pd.DataFrame(X, columns=list("abcdef"))
    selector = FeaturePruningSelector(Ridge(), method=method, **RATIO).fit(X, y)
    pruned = PrunedEstimator(Ridge(), method=method, **RATIO).fit(X, y)
    for name in ("support_", "ranking_", "importances_"):
        np.testing.assert_array_equal(getattr(pruned, name), getattr(selector, name))
    np.testing.assert_array_equal(
        pruned.get_feature_names_out(), selector.get_feature_names_out()
    )
    renamed = pruned.get_feature_names_out(list("uvwxyz"))
    np.testing.assert_array_equal(renamed, np.array(list("uvwxyz"))[pruned.support_])


def test_they_are_there_where_nothing_is_removed(regression):
    X, y = regression
    pruned = PrunedEstimator(Ridge(), method="permutation", pruning_ratio=0).fit(X, y)
    assert pruned.support_.all() and (pruned.ranking_ == 1).all()
    assert pruned.get_feature_names_out().tolist() == [f"x{i}" for i in range(6)]


def test_other_units_have_none_of_them_even_after_columns(regression):
    X, y = regression
    pruned = PrunedEstimator(Ridge(), method="permutation", **RATIO).fit(X, y)
    pruned.set_params(method="magnitude").fit(X, y)
    for name in ("support_", "ranking_", "importances_", "get_feature_names_out"):
        assert not hasattr(pruned, name)


# -- the first line of the report -----------------------------------------------------


@pytest.fixture(scope="module")
def forest():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 5))
    y = X[:, 0] + X[:, 1] > 0
    return RandomForestClassifier(8, random_state=0).fit(X, y), X, y


def test_a_replaced_model_is_named_with_its_class(forest):
    model, X, y = forest
    small = prune(model, X, y, method=Regrow(rho=40), pruning_ratio=0.9)
    n_leaves = sum(tree.get_n_leaves() for tree in small.estimator_.estimators_.ravel())
    whole = sum(tree.get_n_leaves() for tree in model.estimators_)
    assert small.report_.summary == (
        f"RandomForestClassifier: replaced by Regrow, {n_leaves} leaves instead of "
        f"{whole}; the result is a GradientBoostingClassifier."
    )


def test_another_class_is_named(forest):
    model, X, y = forest
    method = Backfitting(container="auto")
    small = prune(model, X, y, method=method, pruning_ratio=0.9)
    assert small.report_.summary.endswith(
        "removed by Backfitting; the result is a GradientBoostingClassifier."
    )


def test_the_same_class_inside_a_pipeline_is_not_another_one(binary):
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(*binary)
    for method in ("magnitude", "permutation"):
        small = prune(model, *binary, method=method, pruning_ratio=0.5)
        assert small.report_.summary.endswith("no other unit was removed.")


def test_there_is_a_reason_for_keeping_everything_only_where_everything_is_kept(binary):
    model = LogisticRegression().fit(*binary)
    kept = prune(model, *binary, pruning_ratio=0).report_
    assert kept.score["kept_because"] == "no removal was requested"
    assert (
        prune(model, *binary, pruning_ratio=0.5).report_.score["kept_because"] is None
    )


def test_the_path_prints_its_ratios_and_the_chosen_one(binary):
    pruned = PrunedEstimator(LogisticRegression(), pruning_ratio=[0.2, 0.5], cv=2)
    chosen = pruned.fit(*binary).pruning_ratio_
    assert repr(pruned.path_) == (
        "PruningPath: 3 ratios from 0 to 0.5, 3 different models, chosen "
        f"{pruned.path_.table['ratio'][pruned.path_.chosen]:g}"
    )
    assert chosen <= 0.5
    pruned.set_params(pruning_ratio=0.5).fit(*binary)
    assert "the unpruned model and the result at 0.5, no scores" in repr(pruned.path_)


def test_an_unknown_name_suggests_the_nearest_one(binary):
    with pytest.raises(ValueError, match="Did you mean 'magnitude'"):
        PrunedEstimator(LogisticRegression(), method="magnitud").fit(*binary)
