"""Training state is removed from models of the generic family."""

import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cross_decomposition import PLSRegression
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression, RANSACRegressor, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from sklprune import PrunedEstimator, cost, strip

NETWORK = MLPClassifier((5,), max_iter=3, random_state=0)
HOLDERS = [
    BaggingClassifier(NETWORK, n_estimators=2),
    CalibratedClassifierCV(NETWORK, cv=2),
    GridSearchCV(NETWORK, {"alpha": [0.1, 1]}, cv=2),
    OneVsRestClassifier(NETWORK),
    StackingClassifier([("a", NETWORK)], final_estimator=NETWORK, cv=2),
    VotingClassifier([("a", NETWORK), ("b", make_pipeline(NETWORK))], voting="soft"),
    make_pipeline(
        SelectFromModel(LogisticRegression()), VotingClassifier([("a", NETWORK)])
    ),
]


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("model", HOLDERS, ids=lambda model: type(model).__name__)
def test_models_inside_are_stripped(classes, model):
    X, y = classes
    model.fit(X, y)
    before = pickle.dumps(model)
    stripped = strip(model)
    np.testing.assert_array_equal(stripped.predict(X), model.predict(X))
    assert b"_optimizer" in before and b"_optimizer" not in pickle.dumps(stripped)
    assert len(pickle.dumps(stripped)) < len(before)
    assert pickle.dumps(model) == before


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_model_that_occurs_twice_remains_one_object(classes):
    model = VotingClassifier([("a", NETWORK)]).fit(*classes)
    stripped = strip(model)
    assert stripped.named_estimators_["a"] is stripped.estimators_[0]
    assert model.named_estimators_["a"] is model.estimators_[0]


@pytest.mark.parametrize(
    "model",
    [
        RANSACRegressor(random_state=0),
        PLSRegression(),
        BaggingRegressor(Ridge(), n_estimators=40, oob_score=True),
    ],
    ids=lambda model: type(model).__name__,
)
def test_no_array_with_an_entry_for_each_row_is_kept(regression, model):
    X, y = regression
    pruned = PrunedEstimator(model, pruning_ratio=0.5).fit(X, y)
    for fitted in (pruned.estimator_[-1], strip(model.fit(X, y))):
        kept = [
            name
            for name, value in vars(fitted).items()
            if isinstance(value, np.ndarray) and len(X) in value.shape
        ]
        assert kept == []
    np.testing.assert_array_equal(strip(model).predict(X), model.predict(X))


class OtherPackage(BaseEstimator):
    """A model of another package, whose predictions read training state."""

    def fit(self, X, y):
        self.model_ = MLPClassifier((5,), max_iter=3).fit(X, y)
        self.inlier_mask_ = y == y[0]
        return self

    def predict(self, X):
        return np.full(len(X), self.model_._optimizer.learning_rate)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_models_of_other_packages_are_not_stripped(classes):
    X, y = classes
    model = OtherPackage().fit(X, y)
    stripped = strip(model)
    np.testing.assert_array_equal(stripped.predict(X), model.predict(X))
    assert vars(stripped).keys() == vars(model).keys()


def test_the_cost_of_a_search_is_that_of_its_best_estimator(classes):
    X, y = classes
    search = GridSearchCV(LogisticRegression(), {"C": [1]}, cv=2).fit(X, y)
    assert cost(search).parameters == cost(search.best_estimator_).parameters
    search = GridSearchCV(LogisticRegression(), {"C": [1]}, cv=2, refit=False)
    assert np.isnan(cost(search.fit(X, y)).parameters)
