"""Gradients of networks equal finite differences; losses equal scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from sklprune._networks.layer import Layer
from sklprune._networks.problem import Problem

SIZES = (4, 5, 3, 2)


@pytest.fixture
def network():
    rng = np.random.RandomState(0)
    layers = [
        Layer(0.5 * rng.normal(size=shape), rng.normal(size=shape[1]))
        for shape in zip(SIZES, SIZES[1:])
    ]
    rows, weight = rng.normal(size=(20, 4)), rng.rand(20)
    codes = rng.randint(0, 2, 20)
    return layers, rows, np.eye(2)[codes], weight / weight.mean()


@pytest.mark.parametrize("hidden", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("last", ["softmax", "logistic", "identity", "exp"])
def test_gradients_are_those_of_the_loss(network, hidden, last):
    layers, rows, targets, weight = network
    problem = Problem(rows, targets, weight, hidden, last)
    step = 1e-6
    for layer, gradient in zip(layers, problem.gradients(layers)):
        for array, expected in zip(layer, gradient):
            for index in np.ndindex(array.shape):
                array[index] += step
                above = problem.loss(layers)
                array[index] -= 2 * step
                below = problem.loss(layers)
                array[index] += step
                # the error of central differences is of the order of step**2
                numeric = (above - below) / (2 * step)
                np.testing.assert_allclose(
                    numeric, expected[index], rtol=1e-4, atol=1e-7
                )


def test_losses_are_those_of_scikit_learn(network):
    layers, rows, targets, weight = network
    problem = Problem(rows, targets, weight, "identity", "softmax")
    outputs = rows
    for layer in layers:
        outputs = layer.forward(outputs)
    probability = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    expected = log_loss(targets.argmax(axis=1), probability, sample_weight=weight)
    np.testing.assert_allclose(problem.loss(layers), expected, rtol=1e-10)
    squared = problem._replace(last="identity").loss(layers)
    errors = ((outputs - targets) ** 2).sum(axis=1)
    np.testing.assert_allclose(squared, 0.5 * np.average(errors, weights=weight))
