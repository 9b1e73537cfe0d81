"""Activation pruning: the scores are sizes of contributions, and random order."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neural_network import MLPClassifier

from sklprune import PrunedEstimator, prune
from sklprune._registry import family_of
from sklprune._units import Task
from sklprune.methods import Activation, RandomOrder


def scores_of(method, model, X):
    family = family_of(model)
    units = family.units(model, method.granularity, X)
    return method.score(family, model, units, Task(X))


def test_scores_are_weights_times_the_norms_of_their_inputs(classes):
    X, y = classes
    model = MLPClassifier((6, 5), max_iter=30, random_state=0).fit(X, y)
    hidden = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0)
    last = np.maximum(hidden @ model.coefs_[1] + model.intercepts_[1], 0)
    sizes = [np.sqrt((a**2).mean(axis=0)) for a in (X, hidden, last)]
    expected = [np.abs(c) * s[:, None] for c, s in zip(model.coefs_, sizes)]
    scores = scores_of(Activation(per="global"), model, X)
    np.testing.assert_allclose(scores, np.concatenate([e.ravel() for e in expected]))
    scores = scores_of(Activation("neuron", per="global"), model, X)
    norms = [np.sqrt((e**2).sum(axis=1)) for e in expected[1:]]
    np.testing.assert_allclose(scores, np.concatenate(norms))


def test_each_output_loses_the_same_number_of_weights(classes):
    X, y = classes
    y = np.column_stack([y == "ant", 100 * X[:, 0], 0.01 * X[:, 1]])
    model = LinearRegression().fit(X, y)
    small = prune(model, X, method="activation", pruning_ratio=0.5, refit=False)
    counts = np.count_nonzero(small.estimator_.coef_, axis=1)
    assert (counts == X.shape[1] // 2).all()


def test_sparse_rows_give_the_same(binary):
    X, y = binary
    X = np.where(np.abs(X) < 0.5, 0, X)
    model = Ridge().fit(X, y)
    dense, other = (scores_of(Activation(), model, r) for r in (X, sparse.csr_array(X)))
    np.testing.assert_array_equal(dense, other)


@pytest.mark.parametrize(
    "method, message",
    [
        (Activation(per="row"), "per='row'.*'output'"),
        (Activation("leaf"), "leaves to remove"),
    ],
)
def test_a_wrong_parameter_is_an_error_that_names_it(method, message, binary):
    X, y = binary
    with pytest.raises(ValueError, match=message):
        prune(Ridge().fit(X, y), X, y, method=method, pruning_ratio=0.5)


@pytest.mark.parametrize("granularity", ["weight", "feature"])
def test_a_random_order_depends_on_the_seed_only(binary, granularity):
    X, y = binary
    kept = []
    for seed in (0, 0, 1, 2, 3):
        params = {"method": RandomOrder(granularity), "random_state": seed}
        pruned = PrunedEstimator(Ridge(), pruning_ratio=0.5, **params).fit(X, y)
        kept.append(str([unit["name"] for unit in pruned.report_.removed]))
    assert kept[0] == kept[1]
    assert len(set(kept)) > 1
