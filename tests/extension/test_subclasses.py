"""Subclasses of scikit-learn's models: which of them the family of the parent handles.

A subclass that overrides predictions, or has more fitted state, belongs to the generic
family: only columns can be removed from it, by new fits.
"""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import FeaturePruningSelector, PrunedEstimator, prune
from sklprune._registry import family_of, why_not_its_family

X, Y = load_iris(return_X_y=True)


class Forest(RandomForestClassifier):
    """A forest with few parameters that counts its fits, in every copy."""

    fits = 0

    def __init__(self, n_estimators=5, random_state=0):
        super().__init__(n_estimators, random_state=random_state)

    def fit(self, X, y, sample_weight=None):
        Forest.fits += 1
        return super().fit(X, y, sample_weight)


class Sharpened(Forest):
    def predict_proba(self, X):
        squared = super().predict_proba(X) ** 2
        return squared / squared.sum(axis=1, keepdims=True)


class Thresholded(Forest):
    def predict(self, X):
        return np.where(self.predict_proba(X)[:, 0] > 0.3, 0, super().predict(X))


class Deciding(Forest):
    def decision_function(self, X):
        return self.predict_proba(X) - 0.5


class Calibrated(Forest):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.prior_ = np.bincount(y) / len(y)
        return self


class BelowSharpened(Sharpened):
    """Inherits an override from a class that is not in scikit-learn either."""


CHANGED = [
    (Sharpened, r"overrides predict_proba\(\)"),
    (Thresholded, r"overrides predict\(\)"),
    (Deciding, r"overrides decision_function\(\)"),
    (Calibrated, "has fitted state of its own, prior_"),
    (BelowSharpened, r"overrides predict_proba\(\)"),
]


def test_a_subclass_with_its_own_fit_and_parameters_belongs_to_the_family():
    assert family_of(Forest()) is family_of(RandomForestClassifier())
    assert why_not_its_family(Forest()) == ""
    pruned = PrunedEstimator(Forest(), method="member_selection", pruning_ratio=0.4)
    pruned.fit(X, Y)
    assert type(pruned.estimator_) is Forest
    assert len(pruned.estimator_.estimators_) == 3


@pytest.mark.parametrize(("cls", "change"), CHANGED)
def test_a_subclass_that_changes_predictions_or_state_is_generic(cls, change):
    assert family_of(cls()).granularities == ()
    assert family_of(cls()) is not family_of(Forest())


@pytest.mark.parametrize("method", ["backfitting", "member_selection", "regrow"])
@pytest.mark.parametrize(("cls", "change"), CHANGED)
def test_methods_of_the_parent_are_refused_before_any_fit(cls, change, method):
    Forest.fits = 0
    name = cls.__name__
    message = rf"'{method}' does not fit {name}.*{name} {change}.*'permutation'"
    with pytest.raises(ValueError, match=message):
        PrunedEstimator(cls(), method=method).fit(X, Y)
    with pytest.raises(ValueError, match=message):
        model = make_pipeline(StandardScaler(), cls())
        PrunedEstimator(model, method=method).fit(X, Y)
    assert Forest.fits == 0


@pytest.mark.parametrize(("cls", "change"), CHANGED)
def test_columns_of_such_a_subclass_are_removed_by_a_new_fit(cls, change):
    pruned = PrunedEstimator(cls(), pruning_ratio=0.5, random_state=0).fit(X, Y)
    assert pruned.report_.granularity == "feature"
    small = pruned.estimator_[-1]
    assert type(small) is cls
    assert small.n_features_in_ == 2
    kept = pruned.estimator_[:-1].transform(X)
    np.testing.assert_array_equal(pruned.predict(X), small.predict(kept))
    alone = cls(random_state=small.random_state).fit(kept, Y)
    np.testing.assert_array_equal(alone.predict_proba(kept), pruned.predict_proba(X))
    selector = FeaturePruningSelector(cls(), n_features_to_select=2, random_state=0)
    assert selector.fit(X, Y).support_.sum() == 2


@pytest.mark.parametrize(("cls", "change"), CHANGED)
def test_a_fitted_one_is_not_changed_and_keeps_its_predictions(cls, change):
    model = cls().fit(X, Y)
    expected = model.predict_proba(X)
    unpruned = prune(model, X, Y, method="permutation", pruning_ratio=0)
    np.testing.assert_array_equal(unpruned.predict_proba(X), expected)
    np.testing.assert_array_equal(model.predict_proba(X), expected)


class Shifted(Ridge):
    def predict(self, X):
        return super().predict(X) + 1


def test_a_linear_subclass_that_overrides_predict_has_no_weights_to_remove():
    with pytest.raises(ValueError, match=r"Shifted.*overrides predict\(\)"):
        PrunedEstimator(Shifted(), method="magnitude").fit(X, Y)
    pruned = PrunedEstimator(Shifted(), pruning_ratio=0.5, random_state=0).fit(X, Y)
    assert isinstance(pruned.estimator_[-1], Shifted)
