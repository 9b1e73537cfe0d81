"""MLPs: hidden neurons are removed from all arrays, and training can continue."""

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from sklprune._registry import family_of


@pytest.fixture
def model(classes):
    X, y = classes
    return MLPClassifier((9, 7), max_iter=40, random_state=0).fit(X, y)


def keep_half(units):
    keep = np.ones(units.count, dtype=bool)
    keep[::2] = False
    return keep


def test_a_removed_neuron_equals_one_without_outgoing_weights(model, classes):
    X, _ = classes
    family = family_of(model)
    units = family.units(model, "neuron", X)
    keep = keep_half(units)
    removed = family.remove(model, units, keep)
    assert removed.hidden_layer_sizes == (4, 4)
    model.coefs_[1][~keep[:9]] = 0
    model.coefs_[2][~keep[9:]] = 0
    # the sums run over fewer terms
    np.testing.assert_allclose(
        removed.predict_proba(X), model.predict_proba(X), rtol=1e-9
    )


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_neurons_without_weights_are_removed_and_predictions_are_kept(
    classes, activation
):
    X, y = classes
    model = MLPClassifier((6, 5), activation=activation, max_iter=20, random_state=0)
    model.fit(X, y)
    family = family_of(model)
    units = family.units(model, "weight", X)
    layers = [np.ones(shape, dtype=bool) for shape in units.where]
    layers[0][:, 2] = False  # no incoming weights: a constant
    layers[1][4, :] = False  # no outgoing weights
    layers[2][1, :] = False
    keep = np.concatenate([layer.ravel() for layer in layers])
    removed = family.remove(model, units, keep)
    assert removed.hidden_layer_sizes == (4, 4)
    for coef, mask in zip(model.coefs_, layers):
        coef[~mask] = 0
    np.testing.assert_allclose(
        removed.predict_proba(X), model.predict_proba(X), rtol=1e-9
    )


def test_one_neuron_is_kept_in_a_layer_without_weights(model, classes):
    X, _ = classes
    family = family_of(model)
    units = family.units(model, "weight", X)
    removed = family.remove(model, units, np.zeros(units.count, dtype=bool))
    assert removed.hidden_layer_sizes == (1, 1)
    assert len(np.unique(removed.predict(X))) == 1


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_warm_start_does_not_restore_removed_neurons(binary, early_stopping):
    X, y = binary
    model = MLPClassifier(
        (9,),
        early_stopping=early_stopping,
        warm_start=True,
        max_iter=15,
        random_state=0,
    ).fit(X, y)
    family = family_of(model)
    units = family.units(model, "neuron", X)
    small = family.remove(model, units, keep_half(units))
    small.fit(X, y)
    assert small.coefs_[0].shape[1] == 4
    assert model.coefs_[0].shape[1] == 9


def test_strip_keeps_predictions_and_removes_the_optimiser(model, classes):
    X, _ = classes
    stripped = family_of(model).strip(model)
    np.testing.assert_array_equal(stripped.predict_proba(X), model.predict_proba(X))
    assert not hasattr(stripped, "_optimizer")
    assert hasattr(model, "_optimizer")
