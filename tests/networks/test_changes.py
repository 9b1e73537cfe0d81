"""Changes of hidden layers: what they preserve, and what least squares gives."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklprune._networks.changes import (
    ADDED,
    Network,
    Rows,
    least_squares,
    widened,
    with_identity_layer,
    without_layer,
    without_units,
)
from sklprune._registry import family_of
from sklprune._units import Task

RNG = np.random.RandomState(0)
X = RNG.normal(size=(80, 5))
SEVERAL = np.column_stack([X[:, 0] * X[:, 1], np.abs(X[:, 2])])
LABELS = np.digitize(X[:, 0] + X[:, 1] ** 2, [0.5, 1.5])
MULTILABEL = (SEVERAL > 0.3).astype(int)

MODELS = {
    "values": (MLPRegressor, SEVERAL),
    "classes": (MLPClassifier, LABELS),
    "two classes": (MLPClassifier, LABELS > 0),
    "labels": (MLPClassifier, MULTILABEL),
}
ACTIVATIONS = ["identity", "logistic", "relu", "tanh"]


def fitted(kind="values", activation="relu"):
    cls, y = MODELS[kind]
    model = cls(hidden_layer_sizes=(7, 6), activation=activation, random_state=0)
    return model.set_params(max_iter=3).fit(X, y)


def network_and_rows(model):
    family = family_of(model)
    rows = Rows(X, None, lambda outputs: family.activate(model, outputs))
    return family, Network.of(family.layers(model)), rows


def outputs_of(model):
    name = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    return getattr(model, name)(X)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("n_units", [1, 4])
def test_added_units_do_not_change_a_prediction(kind, activation, n_units):
    model = fitted(kind, activation)
    family, network, _ = network_and_rows(model)
    for layer in (0, 1):
        larger = widened(network, layer, n_units, activation, np.random.RandomState(0))
        changed = family.with_network(model, larger.layers)
        assert changed.hidden_layer_sizes[layer] == (7, 6)[layer] + n_units
        # equal up to the order of sums
        np.testing.assert_allclose(
            outputs_of(changed), outputs_of(model), rtol=0, atol=1e-13
        )


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_an_added_unit_has_a_gradient_and_is_trained():
    model = fitted()
    family, network, _ = network_and_rows(model)
    larger = widened(network, 0, 2, "relu", np.random.RandomState(0))
    assert not larger.layers[1].coef[-2:].any()
    assert larger.masks[1][-2:].all()
    assert (larger.units[0][-2:] == ADDED).all()
    layers = family.trained_layers(
        model,
        larger.layers,
        larger.masks,
        Task(X, SEVERAL, random_state=0),
        max_epochs=3,
        learning_rate=0.01,
    )
    # units of the next layer may be dead
    assert layers[1].coef[-2:].any(axis=1).all()


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("activation", ["identity", "relu"])
@pytest.mark.parametrize("layer", [0, 1])
def test_a_layer_that_is_the_identity_changes_no_prediction(kind, activation, layer):
    model = fitted(kind, activation)
    family, network, _ = network_and_rows(model)
    deeper = with_identity_layer(network, layer, activation)
    changed = family.with_network(model, deeper.layers)
    assert changed.n_layers_ == 5
    assert changed.hidden_layer_sizes == ((7, 7, 6), (7, 6, 6))[layer]
    np.testing.assert_allclose(
        outputs_of(changed), outputs_of(model), rtol=0, atol=1e-14
    )


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("activation", ["logistic", "tanh"])
def test_other_activations_have_no_identity(activation):
    _, network, _ = network_and_rows(fitted(activation=activation))
    with pytest.raises(ValueError, match=f"activation='{activation}'"):
        with_identity_layer(network, 0, activation)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_an_identity_layer_is_removed_without_loss():
    model = fitted()
    family, network, rows = network_and_rows(model)
    again = without_layer(with_identity_layer(network, 0, "relu"), 1, rows)
    assert again.widths == [7, 6]
    changed = family.with_network(model, again.layers)
    # the penalty on the weights is small, but not zero
    np.testing.assert_allclose(outputs_of(changed), outputs_of(model), atol=5e-3)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_linear_layers_are_removed_without_loss():
    model = fitted(activation="identity")
    family, network, rows = network_and_rows(model)
    changed = family.with_network(model, without_layer(network, 0, rows).layers)
    assert changed.hidden_layer_sizes == (6,)
    np.testing.assert_allclose(outputs_of(changed), outputs_of(model), atol=5e-3)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_duplicate_unit_and_a_dead_unit_are_removed_without_loss():
    model = fitted()
    family, network, rows = network_and_rows(model)
    first = network.layers[0]
    coef, intercept = first.coef.copy(), first.intercept.copy()
    coef[:, 3], intercept[3] = coef[:, 1], intercept[1]
    coef[:, 5], intercept[5] = 0, 2.0
    model = family.with_network(
        model, [first._replace(coef=coef, intercept=intercept), *network.layers[1:]]
    )
    family, network, rows = network_and_rows(model)
    smaller = without_units(network, 0, 2, rows)
    assert 5 not in smaller.units[0]
    assert len({1, 3} & set(smaller.units[0])) == 1
    changed = family.with_network(model, smaller.layers)
    np.testing.assert_allclose(outputs_of(changed), outputs_of(model), atol=1e-3)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_removed_weights_remain_removed():
    model = fitted()
    family, network, rows = network_and_rows(model)
    layers = [layer._replace(coef=layer.coef.copy()) for layer in network.layers]
    layers[0].coef[2] = 0
    layers[1].coef[::2, ::3] = 0
    sparse = Network.of(layers)
    for changed in (
        without_units(sparse, 0, 2, rows),
        widened(sparse, 0, 3, "relu", np.random.RandomState(0)),
        without_layer(sparse, 0, rows),
    ):
        # no unit reads the third column
        assert not changed.layers[0].coef[2].any()
        assert not changed.masks[0][2].any()
    smaller = without_units(sparse, 0, 2, rows)
    kept = sparse.masks[1][np.isin(np.arange(7), smaller.units[0])]
    assert ((smaller.layers[1].coef != 0) == kept).all()


@pytest.mark.parametrize("weighted", [False, True])
def test_least_squares_are_those_of_scikit_learn(weighted):
    weight = RNG.randint(1, 4, len(X)).astype(float) if weighted else None
    coef, intercept = least_squares(X, SEVERAL, np.zeros((5, 2)), weight, alpha=1e-10)
    model = LinearRegression().fit(X, SEVERAL, weight)
    np.testing.assert_allclose(coef, model.coef_.T, atol=1e-7)
    np.testing.assert_allclose(intercept, model.intercept_, atol=1e-7)


def test_a_constant_input_has_no_weight():
    rows = np.column_stack([X, np.full(len(X), 3.0)])
    coef, intercept = least_squares(rows, SEVERAL, np.zeros((6, 2)))
    assert not coef[-1].any()
    np.testing.assert_allclose(
        (rows @ coef + intercept).mean(axis=0), SEVERAL.mean(axis=0)
    )
