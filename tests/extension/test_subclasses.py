"""Subclasses of scikit-learn's models: which of them the family of the parent handles.

A subclass that overrides predictions, or has more fitted state, belongs to the generic
family: only columns can be removed from it, by new fits.
"""

import re

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.ensemble._forest import BaseForest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklprune import FeaturePruningSelector, PrunedEstimator, prune, strip
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


class Negating:
    def __getattribute__(self, name):
        value = super().__getattribute__(name)
        return -value if name == "coef_" else value


class Opposite(Negating, LinearRegression):
    pass


class Doubling(LinearRegression):
    @property
    def coef_(self):
        return 2 * self.half

    @coef_.setter
    def coef_(self, value):
        self.half = value


class WithIntervals(RandomForestClassifier):
    """Its own prediction method reads state for each tree."""

    def fit(self, X, y):
        super().fit(X, y)
        self.sizes = [tree.tree_.node_count for tree in self.estimators_]
        return self

    def predict_size(self, X):
        return self.apply(X) / self.sizes


class Mirroring(BaseForest):
    def _validate_X_predict(self, X):
        return super()._validate_X_predict(-np.asarray(X))


class MirroredBelow(RandomForestClassifier, Mirroring):
    """The mixin comes after the listed class, and before the parent of this class."""


class Squashing(MLPClassifier):
    def _forward_pass_fast(self, X, *args, **kwargs):
        return super()._forward_pass_fast(X / 2, *args, **kwargs)


class Resetting(RandomForestClassifier):
    """Assigns a parameter in fit, which is no fitted state."""

    def fit(self, X, y):
        self.n_jobs = None
        return super().fit(X, y)


class Unrelated:
    def predict(self, X):
        raise AssertionError("never called")


class BeforeUnrelated(RandomForestClassifier, Unrelated):
    """Nothing of the mixin is used."""


@pytest.mark.parametrize(
    ("cls", "change"),
    [
        (Opposite, r"overrides __getattribute__\(\)"),
        (Doubling, "computes coef_ by a method"),
        (WithIntervals, "has fitted state of its own, sizes"),
        (MirroredBelow, r"overrides _validate_X_predict\(\)"),
        (Squashing, r"overrides _forward_pass_fast\(\)"),
    ],
)
def test_other_ways_to_change_a_model(cls, change):
    assert re.search(change, why_not_its_family(cls()))
    assert family_of(cls()).granularities == ()


def test_a_mixin_that_is_not_used_changes_nothing():
    for model in (BeforeUnrelated(), Resetting()):
        assert family_of(model) is family_of(RandomForestClassifier())


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("method", ["auto", "permutation", "recast"])
def test_a_method_of_the_object_itself_is_refused(method, inside):
    model = Forest().fit(X, Y)
    model.predict = lambda X: np.zeros(len(X), dtype=int)
    whole = Pipeline([("scale", StandardScaler().fit(X)), ("model", model)])
    with pytest.raises(ValueError, match="Forest has predict as an attribute"):
        prune(whole if inside else model, X, Y, method=method)


class Smoothed(DecisionTreeClassifier):
    """Its predictions are not the values of its leaves."""

    def predict_proba(self, X, check_input=True):
        return 0.5 * super().predict_proba(X, check_input) + 0.2


class ForestOfSmoothed(Forest):
    def __init__(self, n_estimators=5, random_state=0):
        super().__init__(n_estimators, random_state)
        self.estimator = Smoothed()
        self.estimator_params = ("random_state",)


OF_SMOOTHED = [
    BaggingClassifier(Smoothed(max_depth=3), 5, random_state=0),
    ForestOfSmoothed(),
]


@pytest.mark.parametrize("model", OF_SMOOTHED)
def test_members_that_do_not_predict_the_values_of_their_leaves(model):
    fitted = clone(model).fit(X, Y)
    for method in ["backfitting", "recast", "cost_complexity"]:
        for given in (FrozenEstimator(fitted), model):
            with pytest.raises(ValueError, match="averages Smoothed: leaves of trees"):
                PrunedEstimator(given, method=method, pruning_ratio=0.5).fit(X, Y)
    with pytest.raises(ValueError, match="neither weights nor trees"):
        prune(fitted, X, Y, method="quantize", pruning_ratio=0.5)
    columns = prune(fitted, X, Y, pruning_ratio=0.5, random_state=0)
    assert columns.report_.granularity == "feature"
    members = prune(fitted, X, Y, method="member_selection", pruning_ratio=0.4)
    chosen = [tree.predict_proba(X) for tree in members.estimator_.estimators_]
    np.testing.assert_allclose(members.predict_proba(X), np.mean(chosen, axis=0))
    np.testing.assert_array_equal(
        strip(fitted).predict_proba(X), fitted.predict_proba(X)
    )
