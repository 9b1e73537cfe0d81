"""Linear models: all shapes of coef_, dense and sparse."""

import numpy as np
import pytest
from scipy import sparse
from sklearn import linear_model, svm
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.utils import all_estimators

from sklprune import prune
from sklprune._registry import family_of
from sklprune.families.linear import LinearFamily
from sklprune.methods import Magnitude

MODELS = [
    linear_model.LogisticRegression(max_iter=300),
    linear_model.RidgeClassifier(),
    linear_model.SGDClassifier(random_state=0),
    linear_model.Perceptron(),
    svm.LinearSVC(),
    linear_model.LinearRegression(),
    linear_model.Lasso(),
    linear_model.BayesianRidge(),
    linear_model.HuberRegressor(max_iter=1000),
    linear_model.PoissonRegressor(),
    linear_model.QuantileRegressor(),
    linear_model.SGDRegressor(random_state=0),
    svm.LinearSVR(),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_weights_of_every_kind_of_linear_model(model, binary, classes):
    classifier = hasattr(model, "decision_function")
    X, y = classes if classifier else (binary[0], np.abs(binary[0][:, 0]))
    model = model.fit(X, y)
    pruned = prune(model, X, y, method="magnitude", pruning_ratio=0.5)
    coef = pruned.estimator_.coef_
    assert coef.shape == model.coef_.shape and coef.dtype == model.coef_.dtype
    assert np.count_nonzero(coef) <= coef.size / 2
    assert np.shape(pruned.estimator_.intercept_) == np.shape(model.intercept_)
    assert pruned.predict(X).shape == y.shape


@pytest.mark.filterwarnings("ignore::FutureWarning")  # deprecated classes
def test_all_linear_models_of_scikit_learn_have_this_family():
    wrapper, detector = {"RANSACRegressor"}, {"SGDOneClassSVM"}
    kernel = {"SVC", "SVR", "NuSVC", "NuSVR", "OneClassSVM"}
    ours = set()
    for name, cls in all_estimators():
        if isinstance(family_of(object.__new__(cls)), LinearFamily):
            ours.add(name)
    theirs = {
        name
        for name, cls in all_estimators()
        if cls.__module__.startswith(("sklearn.linear_model", "sklearn.svm._classes"))
    }
    assert ours == theirs - wrapper - detector - kernel


def test_discriminant_analysis_has_the_generic_family(binary):
    # its transform reads other arrays than coef_
    family = family_of(LinearDiscriminantAnalysis())
    assert not isinstance(family, LinearFamily)


def test_sparse_coefficients_remain_sparse(binary):
    X, y = binary
    model = linear_model.LogisticRegression().fit(X, y).sparsify()
    pruned = prune(model, X, y, method="magnitude", pruning_ratio=0.5).estimator_
    assert sparse.issparse(pruned.coef_) and pruned.coef_.nnz == 4


def test_positive_models_are_not_reconstructed(regression):
    X, y = regression
    model = linear_model.LinearRegression(positive=True).fit(X, y)
    pruned = prune(model, X, method="magnitude", pruning_ratio=0.5).estimator_
    kept = pruned.coef_ != 0
    np.testing.assert_array_equal(pruned.coef_[kept], model.coef_[kept])


def test_rescaling_a_column_of_an_unpenalised_fit_changes_nothing(regression):
    X, y = regression
    X = X / X.std(axis=0)
    scale = np.array([1e-2, 1, 1e2, 7, 1, 1e-1])
    model = linear_model.LinearRegression()
    kept, predictions = [], []
    for factor in (np.ones(6), scale):
        fitted = model.fit(X * factor, y)
        pruned = prune(fitted, X * factor, y, method=Magnitude(), pruning_ratio=0.5)
        kept.append(pruned.estimator_.coef_ != 0)
        predictions.append(pruned.predict(X * factor))
    np.testing.assert_array_equal(*kept)
    # the normal equations lose half of the digits
    np.testing.assert_allclose(*predictions, rtol=1e-6)


def test_reconstruction_works_for_unscaled_columns(regression):
    X, y = regression
    model = linear_model.LinearRegression().fit(X, y)
    pruned = prune(model, X, y, method=Magnitude(), pruning_ratio=0.5)
    assert set(np.flatnonzero(pruned.estimator_.coef_)) == {0, 1, 2}
    assert pruned.score(X, y) > model.score(X, y) - 0.01
