"""Second derivatives equal finite differences, and Newton steps reach a minimum.

If the targets are the predictions, the Gauss-Newton matrix is the whole Hessian.
"""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sklprune._networks.curvature import (
    MAX_EXACT_OUTPUTS,
    GaussNewton,
    diagonal,
    sensitivities,
)
from sklprune._networks.layer import Layer
from sklprune._networks.newton import newton_steps
from sklprune._networks.problem import Problem

SIZES = (4, 5, 3, 2)
RNG = np.random.RandomState(0)


def at_its_predictions(last, hidden="tanh", n_outputs=2, l2=0.0):
    rng = np.random.RandomState(0)
    sizes = (*SIZES[:-1], n_outputs)
    layers = [
        Layer(0.5 * rng.normal(size=shape), rng.normal(size=shape[1]))
        for shape in zip(sizes, sizes[1:])
    ]
    rows, weight = rng.normal(size=(20, 4)), rng.rand(20)
    problem = Problem(rows, rows, weight / weight.mean(), hidden, last, l2)
    targets = problem.predicted(problem.forward(layers)[-1])
    return problem._replace(targets=targets), layers


def flat(layers):
    return np.concatenate([np.ravel(a) for layer in layers for a in layer])


def hessian(problem, layers, step=1e-5):
    """By central differences of the gradient, one column for each number."""
    columns = []
    for layer in layers:
        for array in layer:
            for index in np.ndindex(array.shape):
                array[index] += step
                above = flat(problem.gradients(layers))
                array[index] -= 2 * step
                below = flat(problem.gradients(layers))
                array[index] += step
                columns.append((above - below) / (2 * step))
    return np.array(columns)


@pytest.mark.parametrize("hidden", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("last", ["softmax", "logistic", "identity", "exp"])
def test_products_and_the_diagonal_are_those_of_the_hessian(hidden, last):
    problem, layers = at_its_predictions(last, hidden)
    expected = hessian(problem, layers)
    every = [np.ones(layer.coef.shape, bool) for layer in layers]
    change = [Layer(*(RNG.normal(size=a.shape) for a in layer)) for layer in layers]
    product = GaussNewton(problem, layers, every).times(change)
    np.testing.assert_allclose(
        flat(product), expected @ flat(change), rtol=1e-4, atol=1e-6
    )
    of_coefs = [Layer(d, np.zeros(d.shape[1])) for d in diagonal(problem, layers, RNG)]
    positions = flat([Layer(a, np.zeros(a.shape[1])) for a in every]) > 0
    np.testing.assert_allclose(
        flat(of_coefs)[positions], np.diag(expected)[positions], rtol=1e-4, atol=1e-6
    )


def test_masked_weights_have_no_derivatives():
    problem, layers = at_its_predictions("softmax", l2=0.1)
    masks = [RNG.rand(*layer.coef.shape) < 0.5 for layer in layers]
    matrix = GaussNewton(problem, layers, masks)
    for gradient, mask in zip(matrix.times(layers), masks):
        assert not gradient.coef[~mask].any()
        assert gradient.coef[mask].any()


def test_random_combinations_of_many_outputs_are_unbiased():
    n_outputs = MAX_EXACT_OUTPUTS + 4
    problem, layers = at_its_predictions("softmax", n_outputs=n_outputs)
    rng = np.random.RandomState(1)
    estimates = [sensitivities(problem, layers, rng)[-1] for _ in range(400)]
    p = problem.targets
    np.testing.assert_allclose(np.mean(estimates, axis=0), p * (1 - p), rtol=0.15)


def test_newton_steps_reach_the_minimum_of_a_logistic_regression(classes):
    X, y = classes
    model = LogisticRegression(C=0.1, tol=1e-10, max_iter=1000).fit(X, y)
    targets = (y[:, None] == model.classes_).astype(float)
    weight = np.ones(len(y))
    problem = Problem(X, targets, weight, "identity", "softmax", 10 / len(y))
    start = Layer(np.zeros(model.coef_.T.shape), np.zeros(len(model.classes_)))
    mask = np.ones(start.coef.shape, bool)
    options = {"n_steps": 20, "n_iterations": 200, "damping": 0.0, "rng": RNG}
    (layer,) = newton_steps(problem, [start], [mask], **options)
    np.testing.assert_allclose(layer.coef.T, model.coef_, atol=1e-4)


def test_newton_steps_change_no_removed_weight_and_never_raise_the_loss():
    problem, layers = at_its_predictions("softmax", "relu")
    masks = [RNG.rand(*layer.coef.shape) < 0.6 for layer in layers]
    pruned = [
        layer._replace(coef=layer.coef * mask) for layer, mask in zip(layers, masks)
    ]
    options = {"n_steps": 3, "n_iterations": 20, "damping": 1e-3, "rng": RNG}
    after = newton_steps(problem, pruned, masks, **options)
    assert problem.loss(after) < problem.loss(pruned)
    assert all(not layer.coef[~mask].any() for layer, mask in zip(after, masks))
