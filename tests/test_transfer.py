"""`transfer`: hidden layers of a fitted network for another task."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import PrunedEstimator, prune, transfer
from sklprune.methods import Magnitude

X, Y = load_digits(return_X_y=True)
X = X / 16
FIRST, SECOND = Y < 5, Y >= 5
QUICK = {"max_epochs": 10, "random_state": 0}

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


@pytest.fixture(scope="module")
def source():
    model = MLPClassifier((30, 10), max_iter=40, random_state=0)
    return model.fit(X[FIRST], Y[FIRST])


def test_the_new_classes_are_learned_from_few_rows(source):
    rows, y = X[SECOND], Y[SECOND]
    other = transfer(source, rows[:80], y[:80], random_state=0)
    assert other.classes_.tolist() == [5, 6, 7, 8, 9]
    assert other.hidden_layer_sizes == (30, 10)
    assert other.score(rows[80:], y[80:]) > 0.8
    assert "_optimizer" not in vars(other)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(other)).predict(rows), other.predict(rows)
    )


def test_frozen_layers_are_those_of_the_model(source):
    before = pickle.dumps(source)
    other = transfer(source, X[SECOND], Y[SECOND], freeze=True, **QUICK)
    for ours, theirs in zip(other.coefs_[:-1], source.coefs_[:-1]):
        np.testing.assert_array_equal(ours, theirs)
    free = transfer(source, X[SECOND], Y[SECOND], **QUICK)
    assert not np.array_equal(free.coefs_[0], source.coefs_[0])
    assert pickle.dumps(source) == before


def test_values_and_several_outputs_are_other_tasks(source):
    values = np.column_stack([X[:, :32].sum(axis=1), X[:, 32:].sum(axis=1)]) / 10
    for y in (values[:, 0], values):
        other = transfer(source, X, y, estimator=MLPRegressor(alpha=1e-3), **QUICK)
        assert type(other) is MLPRegressor
        assert other.alpha == 1e-3
        assert other.max_iter == 200
        assert other.hidden_layer_sizes == (30, 10)
        assert other.predict(X).shape == y.shape
        same = transfer(source, X, y, **QUICK)
        assert type(same) is MLPRegressor
        assert (same.alpha, same.max_iter) == (source.alpha, source.max_iter)
        assert other.score(X, y) > 0.5
    labels = (values > values.mean(axis=0)).astype(int)
    other = transfer(source, X, labels, **QUICK)
    assert other.predict(X).shape == labels.shape


def test_a_network_of_values_becomes_a_classifier():
    values = X.sum(axis=1) / 10
    source = MLPRegressor(
        hidden_layer_sizes=(20,), activation="tanh", solver="lbfgs", max_iter=50
    ).set_params(random_state=0)
    source.fit(X, values)
    estimator = MLPClassifier(activation="relu")
    other = transfer(source, X, Y, estimator=estimator, **QUICK)
    assert other.activation == "tanh"
    assert estimator.activation == "relu"
    assert other.classes_.tolist() == list(range(10))


@pytest.mark.parametrize("method", ["neuron_elimination", Magnitude("weight")])
def test_removed_remains_removed(source, method):
    pruned = prune(source, X[FIRST], Y[FIRST], method=method, pruning_ratio=0.6)
    small = pruned.estimator_
    other = transfer(pruned, X[SECOND], Y[SECOND], **QUICK)
    assert other.hidden_layer_sizes == small.hidden_layer_sizes
    for ours, theirs in zip(other.coefs_[:-1], small.coefs_[:-1]):
        assert not ours[theirs == 0].any()


def test_the_steps_of_a_pipeline_are_kept(source):
    model = make_pipeline(StandardScaler(), MLPClassifier((20,), random_state=0))
    pruned = PrunedEstimator(model, pruning_ratio=0.5).fit(X[FIRST], Y[FIRST])
    other = transfer(pruned, X[SECOND], Y[SECOND], **QUICK)
    np.testing.assert_array_equal(other[0].mean_, pruned.estimator_[0].mean_)
    assert other.classes_.tolist() == [5, 6, 7, 8, 9]
    values = transfer(
        pruned, X, X.sum(axis=1), estimator=MLPRegressor(random_state=0), **QUICK
    )
    assert values.predict(X).shape == (len(X),)


def test_it_is_seeded(source):
    one, two, three = (
        transfer(source, X[SECOND], Y[SECOND], max_epochs=2, random_state=seed)
        for seed in (1, 1, np.random.RandomState(2))
    )
    np.testing.assert_array_equal(one.coefs_[-1], two.coefs_[-1])
    assert not np.array_equal(one.coefs_[-1], three.coefs_[-1])


def test_other_models_are_refused(source):
    model = LogisticRegression().fit(X[FIRST], Y[FIRST])
    with pytest.raises(ValueError, match="fitted=LogisticRegression has no hidden"):
        transfer(model, X, Y)
    with pytest.raises(ValueError, match="estimator=LogisticRegression has no hidden"):
        transfer(source, X, Y, estimator=LogisticRegression())
    with pytest.raises(ValueError, match="not fitted"):
        transfer(MLPClassifier(), X, Y)
    with pytest.raises(ValueError, match="63 features"):
        transfer(source, X[:, 1:], Y)
