"""Models that are fitted already inside others: refused before any fit, for columns."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import FeaturePruningSelector, PrunedEstimator, prune


class Counting(LogisticRegression):
    fits = 0

    def fit(self, X, y, sample_weight=None):
        type(self).fits += 1
        return super().fit(X, y, sample_weight)


def models(X, y):
    frozen = FrozenEstimator(LogisticRegression().fit(X, y))
    scaler = FrozenEstimator(StandardScaler().fit(X))
    voting = VotingClassifier([("a", frozen), ("b", Counting())])
    return {
        "voting": voting,
        "stacking": StackingClassifier([("a", frozen)], Counting(), cv=2),
        "frozen last of stacking": StackingClassifier([("a", Counting())], frozen),
        "calibration": CalibratedClassifierCV(frozen),
        "bagging": BaggingClassifier(frozen, 2),
        "bagging on fewer columns": BaggingClassifier(frozen, 2, max_features=0.9),
        "one against rest": OneVsRestClassifier(frozen),
        "voting inside voting": VotingClassifier([("c", voting)]),
        "pipeline inside voting": VotingClassifier(
            [("a", make_pipeline(StandardScaler(), frozen))]
        ),
        "voting inside a pipeline": make_pipeline(StandardScaler(), voting),
        "voting inside a search": GridSearchCV(voting, {"voting": ["hard"]}, cv=2),
        "later step": make_pipeline(StandardScaler(), scaler, Counting()),
        "union": make_pipeline(FeatureUnion([("a", scaler)]), Counting()),
        "column transformer": make_pipeline(
            ColumnTransformer([("a", scaler, slice(0, 8))]), Counting()
        ),
        "selection": make_pipeline(SelectFromModel(frozen), Counting()),
        "selection by a fitted model": make_pipeline(
            SelectFromModel(LogisticRegression().fit(X, y), prefit=True), Counting()
        ),
        "stacking of fitted models": StackingClassifier(
            [("a", LogisticRegression().fit(X, y))], Counting(), cv="prefit"
        ),
    }


NAMES = list(models(np.arange(16.0).reshape(2, 8), np.array([0, 1])))


@pytest.mark.parametrize("name", NAMES)
def test_a_fitted_model_inside_is_refused_before_any_fit(binary, name):
    X, y = binary
    model = models(X, y)[name]
    Counting.fits = 0
    for pruned in (
        PrunedEstimator(model, method="permutation", pruning_ratio=0.5),
        PrunedEstimator(model, method="recursive_elimination"),
        FeaturePruningSelector(model, n_features_to_select=3),
    ):
        with pytest.raises(ValueError, match="fewer columns.*(without Froz|be fitted)"):
            pruned.fit(X, y)
    assert Counting.fits == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_fitted_whole_with_a_fitted_model_inside_is_refused(binary, name):
    X, y = binary
    model = models(X, y)[name].fit(X, y)
    Counting.fits = 0
    with pytest.raises(ValueError, match="fewer columns.*(without Froz|be fitted)"):
        prune(model, X, y, method="permutation", pruning_ratio=0.5)
    assert Counting.fits == 0


def test_other_units_than_columns_can_be_removed(binary):
    X, y = binary
    model = BaggingClassifier(FrozenEstimator(LogisticRegression().fit(X, y)), 4)
    pruned = PrunedEstimator(model, method="member_selection", pruning_ratio=0.5)
    assert len(pruned.fit(X, y).estimator_.estimators_) == 2


def test_nothing_is_refused_if_no_column_is_removed(binary):
    X, y = binary
    model = models(X, y)["voting"]
    pruned = PrunedEstimator(model, method="permutation", pruning_ratio=0.0)
    assert isinstance(pruned.fit(X, y).estimator_, VotingClassifier)
