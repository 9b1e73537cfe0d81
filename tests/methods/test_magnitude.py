"""Magnitude pruning: scores of small networks that were computed by hand."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from sklprune import FeaturePruningSelector, PrunedEstimator, prune
from sklprune._column_scale import column_scales
from sklprune._registry import family_of
from sklprune._units import Candidate, Task
from sklprune.methods import Magnitude, Permutation
from sklprune.methods.magnitude import threshold_of


@pytest.fixture
def network():
    X = np.array([[0.0, 0.0], [2.0, 20.0]])  # standard deviations 1 and 10
    model = MLPRegressor(hidden_layer_sizes=(2,), max_iter=1).fit(X, [0, 1])
    model.coefs_ = [np.array([[3.0, -4.0], [0.0, 1.0]]), np.array([[2.0], [-5.0]])]
    model.intercepts_ = [np.array([4.0, 0.0]), np.array([0.0])]
    return model, X


def scores(network, method):
    model, X = network
    family = family_of(model)
    units = family.units(model, method.granularity, X)
    return method.score(family, model, units, Task(X)).tolist()


def test_weights(network):
    assert scores(network, Magnitude(standardize=False)) == [3, 4, 0, 1, 2, 5]
    # the standard deviations are 1 and 10, and the first layer keeps its norm
    shrink = np.sqrt(26 / 125)
    expected = [3 * shrink, 4 * shrink, 0, 10 * shrink, 2, 5]
    np.testing.assert_allclose(scores(network, Magnitude()), expected, rtol=1e-14)


def test_weights_per_layer_are_ranks(network):
    expected = [0.5, 0.75, 0.25, 1.0, 0.5, 1.0]
    assert scores(network, Magnitude(per="layer")) == expected


def test_neurons_are_products_of_norms_relative_to_their_layer(network):
    products = np.array([5 * 2, np.sqrt(17) * 5])
    expected = products / np.sqrt((products**2).mean())
    np.testing.assert_allclose(
        scores(network, Magnitude("neuron", standardize=False)), expected, rtol=1e-14
    )


def test_an_unknown_value_of_per_is_an_error(network):
    with pytest.raises(ValueError, match="per='unit'"):
        scores(network, Magnitude(per="unit"))


def test_column_scales_dense_sparse_weighted():
    rng = np.random.RandomState(0)
    X, weight = rng.rand(30, 4) * (rng.rand(30, 4) < 0.4), rng.randint(0, 3, 30)
    repeated = np.repeat(X, weight, axis=0).std(axis=0)
    np.testing.assert_allclose(column_scales(X, weight), repeated, rtol=1e-10)
    np.testing.assert_allclose(
        column_scales(sparse.csr_matrix(X), weight.astype(float)), repeated, rtol=1e-10
    )


def test_standardised_weights_do_not_depend_on_units_of_measurement():
    X, y = load_breast_cancer(return_X_y=True)
    train, test, y_train, y_test = train_test_split(X, y, random_state=0)
    scaler = StandardScaler().fit(train)
    model = LogisticRegression(max_iter=1000).fit(scaler.transform(train), y_train)
    # the same model on the raw columns
    model.intercept_ = model.intercept_ - model.coef_ @ (scaler.mean_ / scaler.scale_)
    model.coef_ = model.coef_ / scaler.scale_

    def auc(standardize):
        method = Magnitude(standardize=standardize)
        pruned = prune(model, train, y_train, method=method, pruning_ratio=25 / 30)
        return roc_auc_score(y_test, pruned.decision_function(test))

    assert auc(True) > auc(False) + 0.02


def test_columns_of_large_scale_do_not_empty_the_layers_behind_the_first(classes):
    X, y = classes
    model = MLPClassifier((12, 8), max_iter=50, random_state=0).fit(X, y)
    family = family_of(model)
    units = family.units(model, "weight", X)
    scores = Magnitude().score(family, model, units, Task(X))
    # the sums are taken over other numbers
    np.testing.assert_allclose(
        Magnitude().score(family, model, units, Task(X * 1000)), scores, rtol=1e-9
    )
    masks = family.masks(units, units.best(scores, 0.8))
    assert all(mask.any() for mask in masks)


@pytest.mark.parametrize(
    "threshold", ["mean", "median", "1.25*mean", "0.5 * median", 3]
)
def test_a_threshold_keeps_what_select_from_model_keeps(regression, threshold):
    X, y = regression
    model = Ridge().fit(X, y)
    selected = SelectFromModel(model, threshold=threshold, prefit=True).get_support()
    method = Magnitude(threshold=threshold, standardize=False)
    pruned = prune(model, X, y, method=method)
    np.testing.assert_array_equal(pruned.estimator_.coef_ != 0, selected)
    assert pruned.pruning_ratio_ == (~selected).mean()
    assert pruned.report_.score["rows"] == "fitted"


def test_a_threshold_keeps_at_least_one_unit_in_each_layer(binary):
    model = MLPClassifier((6, 5), max_iter=20, random_state=0)
    method = Magnitude("neuron", threshold=1e6)
    pruned = PrunedEstimator(model, method=method, store_path=True, random_state=0)
    pruned.fit(*binary)
    assert pruned.estimator_.hidden_layer_sizes == (1, 1)
    assert pruned.pruning_ratio_ == 9 / 11
    assert pruned.path_.at(9 / 11) is pruned.estimator_
    assert pruned.path_.at(0).hidden_layer_sizes == (6, 5)


def test_a_threshold_below_everything_removes_nothing(regression):
    X, y = regression
    model = Ridge().fit(X, y)
    pruned = prune(model, X, method=Magnitude(threshold=0.0), store_path=True)
    np.testing.assert_array_equal(pruned.predict(X), model.predict(X))
    assert "Magnitude(threshold=0.0) found nothing" in pruned.report_.summary
    assert pruned.pruning_ratio_ == 0


@pytest.mark.parametrize("ratio", [0.5, 0.0, [0.2, 0.4]])
def test_a_threshold_together_with_a_ratio_is_an_error(regression, ratio):
    X, y = regression
    method = Magnitude(threshold="mean")
    with pytest.raises(ValueError, match="pruning_ratio=.* but method=Magnitude\\("):
        PrunedEstimator(Ridge(), method=method, pruning_ratio=ratio).fit(X, y)


@pytest.mark.parametrize("threshold", ["max", "2*", "two*mean", True, [1.0]])
def test_invalid_thresholds(threshold):
    with pytest.raises(ValueError, match="threshold must be None, a number"):
        threshold_of(np.ones(3), threshold)


class Positive(Permutation):
    """Removes columns whose shuffling costs nothing, and so determines the size."""

    decides = True

    def candidate(self, path, family, estimator, units, task, ratio):
        keep = units.at_least(path, 1e-3)
        return Candidate(float((~keep).mean()), keep, path, family, estimator, units)


def test_the_selector_takes_a_method_that_determines_the_size(regression):
    X, y = regression
    selector = FeaturePruningSelector(Ridge(), method=Positive(), random_state=0)
    assert selector.fit(X, y).support_.tolist() == [True] * 3 + [False] * 3
    assert selector.pruning_ratio_ == 0.5
    selector.set_params(n_features_to_select=2)
    with pytest.raises(ValueError, match="determines the size itself"):
        selector.fit(X, y)


# -- scopes and excluded layers --------------------------------------------------------


def test_layer_adaptive_scores_are_shares_of_larger_squares(classes):
    X, y = classes
    model = MLPClassifier((6, 5), max_iter=30, random_state=0).fit(X, y)
    method = Magnitude(per="layer_adaptive", standardize=False)
    family = family_of(model)
    units = family.units(model, "weight", X)
    scores = method.score(family, model, units, Task(X))
    first = np.abs(model.coefs_[0]).ravel()
    for i in (0, 7, 20):
        larger = first[first >= first[i]]
        np.testing.assert_allclose(scores[i], first[i] ** 2 / (larger**2).sum())
    ends = np.cumsum([coef.size for coef in model.coefs_])
    assert [part.max() for part in np.split(scores, ends[:-1])] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("exclude, kept", [((-1,), [2]), ((1, 2), [1, 2])])
def test_excluded_layers_lose_nothing(classes, exclude, kept):
    X, y = classes
    model = MLPClassifier((6, 5), max_iter=30, random_state=0).fit(X, y)
    method = Magnitude(exclude=exclude)
    small = prune(model, X, method=method, pruning_ratio=0.3, refit=False).estimator_
    n_weights = sum(coef.size for coef in model.coefs_)
    zeros = [int((coef == 0).sum()) for coef in small.coefs_]
    assert sum(zeros) == int(0.3 * n_weights)
    assert all(zeros[layer] == 0 for layer in kept)
    units = Magnitude("neuron", exclude=[0])
    small = prune(model, X, method=units, pruning_ratio=0.3, refit=False).estimator_
    assert small.hidden_layer_sizes == (6, 2)


@pytest.mark.parametrize("exclude", [(3,), (-4,), ("last",), (True,)])
def test_an_unknown_layer_is_an_error(classes, exclude):
    X, y = classes
    model = MLPClassifier((6, 5), max_iter=10, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="exclude=.*one of 3 layers, from -3 to 2"):
        prune(model, X, method=Magnitude(exclude=exclude), pruning_ratio=0.3)
