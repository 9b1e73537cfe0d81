"""Frozen models: pruned as a whole, and refused as a part of another model."""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import FeaturePruningSelector, PrunedEstimator, cost, prune, strip


def twice(model):
    return FrozenEstimator(FrozenEstimator(model))


def test_a_model_that_is_frozen_twice_is_pruned_like_the_model(binary):
    X, y = binary
    model = LogisticRegression().fit(X, y)
    once = prune(model, X, y, pruning_ratio=0.5).estimator_
    for pruned in (
        PrunedEstimator(twice(model), pruning_ratio=0.5).fit(X, y),
        prune(twice(model), X, y, pruning_ratio=0.5),
    ):
        assert type(pruned.estimator_) is LogisticRegression
        np.testing.assert_array_equal(pruned.estimator_.coef_, once.coef_)
    selector = FeaturePruningSelector(twice(model), n_features_to_select=3)
    assert selector.fit(X, y).support_.sum() == 3


def test_a_frozen_model_is_measured_and_stripped_like_the_model_inside(binary):
    X, y = binary
    model = MLPClassifier((5,), max_iter=5).fit(X, y)
    assert cost(twice(model)).parameters == cost(model).parameters == 8 * 5 + 5 + 5 + 1
    stripped = strip(twice(model))
    assert not hasattr(stripped.estimator.estimator, "_optimizer")
    assert hasattr(model, "_optimizer")
    np.testing.assert_array_equal(stripped.predict(X), model.predict(X))


@pytest.mark.parametrize("method", ["auto", "permutation"])
def test_a_frozen_last_step_is_refused(binary, method):
    X, y = binary
    frozen = FrozenEstimator(Ridge().fit(X, y))
    for model in (
        make_pipeline(StandardScaler(), frozen),
        TransformedTargetRegressor(frozen),
    ):
        with pytest.raises(ValueError, match="is inside another.*fit the outer model"):
            PrunedEstimator(model, method=method).fit(X, y)


def test_a_frozen_first_step_is_kept_unless_columns_are_removed(binary):
    X, y = binary
    model = make_pipeline(
        FrozenEstimator(StandardScaler().fit(X)), LogisticRegression()
    )
    pruned = PrunedEstimator(model, pruning_ratio=0.5).fit(X, y)
    assert np.count_nonzero(pruned.estimator_[-1].coef_) == 4
    with pytest.raises(ValueError, match="fewer columns. Use the model without"):
        PrunedEstimator(model, method="permutation", pruning_ratio=0.5).fit(X, y)
