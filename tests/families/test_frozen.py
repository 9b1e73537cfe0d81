"""Frozen models: pruned as a whole, and refused as a part of another model."""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import FeaturePruningSelector, PrunedEstimator, cost, prune, strip
from sklprune._evaluation.splits import splits_of
from sklprune._plan import make_plans
from sklprune._units import Task


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


@pytest.mark.parametrize("n_rows", [200, 9_000])
@pytest.mark.parametrize("n_groups", [None, 6])
def test_the_default_splits_hold_out_no_class_as_a_whole(binary, n_rows, n_groups):
    X, y = np.resize(binary[0], (n_rows, 8)), np.resize(binary[1], n_rows)
    rows, groups = np.arange(n_rows), None
    if n_groups is not None:
        groups = rows % n_groups
    y = np.where(rows == 0 if groups is None else groups == 3, 2, y)
    model = FrozenEstimator(RidgeClassifier().fit(X, y))
    (plan,) = make_plans(model, method="magnitude", refit=True, labels=True)
    for seed in range(5):
        splits = splits_of(plan, Task(X, y, groups=groups, random_state=seed), None)
        if n_groups is None or n_rows == 200:
            assert all(len(np.unique(y[first])) == 3 for first, _ in splits)
        for first, second in splits:
            assert len(np.intersect1d(first, second)) == 0
            if groups is not None:
                assert len(np.intersect1d(groups[first], groups[second])) == 0


def test_a_frozen_classifier_with_one_row_of_a_class(binary):
    X, y = binary
    y[0] = 2
    model = RidgeClassifier().fit(X, y)
    small = prune(model, X, y, pruning_ratio=[0.5, 0.7], random_state=0)
    assert small.classes_.tolist() == [0, 1, 2]
