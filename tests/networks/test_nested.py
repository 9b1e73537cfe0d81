"""Networks of several widths: the gradient is that of the sum of their objectives."""

import numpy as np
import pytest

from sklprune._networks.layer import Layer
from sklprune._networks.nested import first_units, in_order, nested_gradients
from sklprune._networks.problem import Problem

SIZES = [(5, 4), (3, 2), (1, 1)]


def a_problem(last):
    rng = np.random.RandomState(0)
    X, weight = rng.normal(size=(12, 3)), rng.uniform(0.5, 1.5, size=12)
    targets = np.eye(2)[rng.randint(2, size=12)]
    return Problem(X, targets, weight / weight.mean(), "tanh", last, l2=0.1)


def some_layers():
    rng = np.random.RandomState(1)
    shapes = [(3, 5), (5, 4), (4, 2)]
    return [Layer(rng.normal(size=s), rng.normal(size=s[1])) for s in shapes]


@pytest.mark.parametrize("last", ["softmax", "logistic", "identity"])
def test_the_gradient_is_that_of_the_sum_over_the_widths(last):
    problem, layers = a_problem(last), some_layers()

    def objective():
        return sum(problem.objective(first_units(layers, widths)) for widths in SIZES)

    for layer, gradient in zip(layers, nested_gradients(problem, layers, SIZES)):
        for values, expected in zip(layer, gradient):
            for place in np.ndindex(values.shape):
                value, step = values[place], 1e-5
                values[place] = value + step
                above = objective()
                values[place] = value - step
                below = objective()
                values[place] = value
                assert (above - below) / (2 * step) == pytest.approx(
                    expected[place], abs=1e-7
                )


def test_a_network_in_another_order_of_its_units_is_the_same():
    problem, layers = a_problem("softmax"), some_layers()
    other = in_order(layers, [np.array([4, 0, 2, 1, 3]), np.array([1, 3, 0, 2])])
    np.testing.assert_allclose(
        problem.forward(other)[-1], problem.forward(layers)[-1], rtol=1e-12
    )
    np.testing.assert_array_equal(other[0].coef[:, 0], layers[0].coef[:, 4])


def test_first_units_are_views():
    layers = some_layers()
    first_units(layers, (2, 1))[1].coef[...] = 7
    assert (layers[1].coef[:2, :1] == 7).all()
    assert (layers[1].coef[2:] != 7).all()
