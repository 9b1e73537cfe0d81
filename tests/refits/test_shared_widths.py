"""Shared widths: all sizes are parts of one trained network."""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklprune import PrunedEstimator, prune
from sklprune.methods import Gradient, Magnitude
from sklprune.refits import SharedWidths

RATIOS = [0.25, 0.5, 0.75]
X, Y = make_classification(
    240, 8, n_informative=6, n_redundant=0, n_classes=3, random_state=0
)
SHORT = SharedWidths(max_epochs=5)


@pytest.fixture(scope="module")
def network():
    model = MLPClassifier((12, 8), max_iter=200, random_state=0, tol=1e-3)
    return model.fit(X, Y)


def path_of(model, X, y=None, refit=SHORT, ratios=RATIOS, **settings):
    rows = np.arange(len(X))
    given = {"method": Magnitude("neuron"), "seen": False, "random_state": 0}
    # one split, whose candidates are returned: nothing else is fitted
    settings = given | {"cv": [(rows, rows)], "rule": "best"} | settings
    return prune(
        model, X, y, refit=refit, pruning_ratio=ratios, store_path=True, **settings
    ).path_


def is_part(narrow, wide):
    """Whether the weights of one network are the first ones of another."""
    pairs = zip(
        narrow.coefs_ + narrow.intercepts_,
        wide.coefs_ + wide.intercepts_,
    )
    return all(
        np.array_equal(small, large[tuple(map(slice, small.shape))])
        for small, large in pairs
    )


@pytest.mark.parametrize(
    "method", [Magnitude("neuron"), Gradient("neuron"), "neuron_elimination"]
)
def test_each_size_is_the_first_part_of_the_larger_one(network, method):
    path = path_of(network, X, Y, method=method)
    models = [path.at(ratio) for ratio in RATIOS]
    assert [sum(m.hidden_layer_sizes) for m in models] == [15, 10, 5]
    assert is_part(models[1], models[0])
    assert is_part(models[2], models[1])
    assert path.at(0).hidden_layer_sizes == (12, 8)


def test_a_size_does_not_depend_on_the_other_ratios(network):
    expected = path_of(network, X, Y).at(0.5)
    for ratios in ([0.5], [0.1, 0.5, 0.9]):
        found = path_of(network, X, Y, ratios=ratios).at(0.5)
        assert is_part(found, expected)
        assert is_part(expected, found)


def test_the_order_of_the_units_is_that_of_the_method(network):
    pruned = prune(
        network,
        X,
        Y,
        method=Magnitude("neuron"),
        refit=SharedWidths(max_epochs=1, learning_rate=1e-12),
        pruning_ratio=0.5,
        seen=True,
    )
    removed = prune(
        network,
        X,
        Y,
        method=Magnitude("neuron"),
        refit=False,
        pruning_ratio=0.5,
        seen=True,
    )
    ours, theirs = pruned.estimator_.coefs_[0], removed.estimator_.coefs_[0]
    # the same units, in another order
    nearest = np.abs(ours[:, :, None] - theirs[:, None]).max(axis=0).argmin(axis=1)
    assert sorted(nearest) == list(range(theirs.shape[1]))
    np.testing.assert_allclose(ours, theirs[:, nearest], rtol=1e-6)


@pytest.mark.parametrize("labels", [True, False])
def test_narrow_networks_are_better_than_without_the_training(network, labels):
    y, target = (Y, Y) if labels else (None, network.predict(X))
    # without labels, a size is given
    ratios = RATIOS if labels else 0.75
    trained = path_of(network, X, y, SharedWidths(max_epochs=60), ratios)
    untrained = path_of(network, X, y, False, ratios)
    for ratio in (0.5, 0.75) if labels else (0.75,):
        better = trained.at(ratio).score(X, target)
        assert better > untrained.at(ratio).score(X, target) + 0.05


def test_only_given_widths_are_trained(network):
    some = path_of(network, X, Y, SharedWidths([0.5], max_epochs=5))
    others = path_of(network, X, Y, SharedWidths([0.5, 0.25], max_epochs=5))
    assert not is_part(some.at(0.75), others.at(0.75))


def test_regressors():
    y = np.column_stack([X[:, 0] * X[:, 1], X[:, 2]])
    model = MLPRegressor(
        hidden_layer_sizes=(16,), max_iter=300, random_state=0, tol=1e-3
    ).fit(X, y)
    path = path_of(model, X, y, SharedWidths(max_epochs=60))
    assert is_part(path.at(0.75), path.at(0.5))
    untrained = path_of(model, X, y, refit=False)
    assert path.at(0.5).score(X, y) > untrained.at(0.5).score(X, y) + 0.1


def test_several_labels_for_a_row():
    X, y = make_multilabel_classification(150, 6, n_classes=3, random_state=0)
    model = MLPClassifier((10,), max_iter=40, random_state=0, tol=1e-2).fit(X, y)
    path = path_of(model, X, y)
    assert is_part(path.at(0.75), path.at(0.5))
    assert path.at(0.5).predict(X).shape == y.shape


def test_the_last_candidate_of_a_choice_is_part_of_the_path():
    model = MLPClassifier((8,), max_iter=30, random_state=0, tol=1e-2)
    pruned = PrunedEstimator(
        model, method=Magnitude("neuron"), refit=SHORT, store_path=True, cv=2
    )
    pruned.set_params(pruning_ratio=[0.25, 0.75], rule="best", random_state=0).fit(X, Y)
    assert is_part(pruned.path_.at(0.75), pruned.path_.at(0.25))


@pytest.mark.parametrize(
    "params, words",
    [
        ({"widths": [0.5, 1.5]}, "widths must be None or a sequence"),
        ({"widths": []}, "widths must be None or a sequence"),
        ({"widths": 0.5}, "widths must be None or a sequence"),
        ({"max_epochs": 0}, "max_epochs must be None or a positive whole number"),
        ({"learning_rate": -1.0}, "learning_rate must be a positive number"),
    ],
)
def test_bad_parameters(network, params, words):
    with pytest.raises(ValueError, match=words):
        path_of(network, X, Y, SharedWidths(**params))


def test_other_units_are_refused(network):
    with pytest.raises(ValueError, match="only the removal of neurons"):
        path_of(network, X, Y, method=Magnitude("weight"))
    with pytest.raises(ValueError, match="only the removal of neurons"):
        path_of(Ridge().fit(X, Y), X, Y, method=Magnitude("weight"))
