"""Models around models: searches, transformed targets, pipelines."""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import PrunedEstimator, prune


def test_a_fitted_search_is_pruned_as_its_best_estimator(binary):
    X, y = binary
    search = GridSearchCV(LogisticRegression(), {"C": [0.01, 1]}, cv=2).fit(X, y)
    pruned = prune(search, X, y, pruning_ratio=0.5)
    alone = prune(search.best_estimator_, X, y, pruning_ratio=0.5)
    assert type(pruned.estimator_) is LogisticRegression
    np.testing.assert_array_equal(pruned.estimator_.coef_, alone.estimator_.coef_)


@pytest.mark.parametrize("method", ["auto", "permutation"])
def test_a_search_is_fitted_then_pruned(binary, method):
    X, y = binary
    model = make_pipeline(StandardScaler(), LogisticRegression())
    search = GridSearchCV(model, {"logisticregression__C": [0.01, 1]}, cv=2)
    pruned = PrunedEstimator(search, method=method, pruning_ratio=0.5)
    pruned.fit(X, y, sample_weight=np.ones(len(y)))
    assert "GridSearchCV" not in repr(pruned.estimator_)
    assert pruned.pruning_ratio_ == 0.5


def test_a_search_without_a_best_estimator(binary):
    X, y = binary
    search = GridSearchCV(LogisticRegression(), {"C": [1]}, refit=False, cv=2)
    with pytest.raises(ValueError, match="refit=False.* keeps no best estimator"):
        PrunedEstimator(search, pruning_ratio=0.5).fit(X, y)


def test_the_regressor_of_a_transformed_target_is_pruned(regression):
    X, y = regression
    model = TransformedTargetRegressor(
        RandomForestRegressor(12, random_state=0), transformer=StandardScaler()
    )
    pruned = PrunedEstimator(model, pruning_ratio=0.5).fit(X, y)
    assert len(pruned.estimator_.regressor_.estimators_) == 6
    assert pruned.score(X, y) > 0.8
    assert pruned.report_.pruned.members == 6


def test_a_transformed_target_without_a_regressor(regression):
    X, y = regression
    model = TransformedTargetRegressor().fit(X, y)
    pruned = prune(model, X, y, pruning_ratio=0.5)
    assert np.count_nonzero(pruned.estimator_.regressor_.coef_) == 3
    assert np.count_nonzero(model.regressor_.coef_) == 6


def test_pipelines_in_pipelines(regression):
    X, y = regression
    inner = make_pipeline(StandardScaler(), Ridge())
    pruned = PrunedEstimator(make_pipeline(StandardScaler(), inner), pruning_ratio=0.5)
    pruned.fit(X, y, sample_weight=np.ones(len(y)))
    assert np.count_nonzero(pruned.estimator_[-1][-1].coef_) == 3
    plain = make_pipeline(Ridge())
    assert PrunedEstimator(plain, pruning_ratio=0.5).fit(X, y).pruning_ratio_ == 0.5


def test_columns_of_a_pipeline_are_the_raw_ones(regression):
    X, y = regression
    model = make_pipeline(StandardScaler(), Ridge())
    pruned = PrunedEstimator(model, method="permutation", pruning_ratio=0.5)
    pruned.fit(X, y)
    assert pruned.estimator_[-1][0].n_features_in_ == 3
