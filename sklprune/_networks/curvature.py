"""Second derivatives of the loss of a network, without a single loop over rows.

The Gauss-Newton matrix equals the Fisher information of the predicted distribution for
the losses of `_networks.problem`. It needs no targets.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sklprune._networks.layer import Layer
from sklprune._networks.problem import DERIVATIVES, VARIANCES, Problem
from sklprune._typing import Array

#: with more outputs, random combinations of them estimate the sensitivities
MAX_EXACT_OUTPUTS = 16


def roots(problem: Problem, outputs: Array, rng: np.random.RandomState) -> list[Array]:
    """Vectors whose outer products sum to the Fisher information of the outputs.

    Parameters
    ----------
    problem : Problem
    outputs : ndarray of shape (n_rows, n_outputs)
        Before their activation.
    rng : RandomState
        Draws signs if there are more outputs than `MAX_EXACT_OUTPUTS`. The sum is then
        an unbiased estimate.

    Returns
    -------
    list of ndarray of shape (n_rows, n_outputs)
    """
    predicted = problem.predicted(outputs)
    n_outputs = outputs.shape[1]
    if problem.last == "softmax":
        # the sum of p_k (e_k - p)(e_k - p)' over the classes k
        root = np.sqrt(predicted)
    else:
        root = np.sqrt(VARIANCES[problem.last](predicted))
    if n_outputs <= MAX_EXACT_OUTPUTS:
        signs = np.eye(n_outputs, dtype=outputs.dtype)
        scale = 1.0
    else:
        signs = rng.choice([-1.0, 1.0], (MAX_EXACT_OUTPUTS, n_outputs))
        signs = signs.astype(outputs.dtype)
        scale = MAX_EXACT_OUTPUTS**-0.5
    found = []
    for sign in signs:
        vector = root * sign
        if problem.last == "softmax":
            vector = vector - predicted * vector.sum(axis=1, keepdims=True)
        found.append(vector * scale)
    return found


def sensitivities(
    problem: Problem, layers: Sequence[Layer], rng: np.random.RandomState
) -> list[Array]:
    """Second derivative of the loss of each row in the output of each unit.

    Parameters
    ----------
    problem : Problem
        Its targets are not used.
    layers : list of Layer
    rng : RandomState
        See `roots`.

    Returns
    -------
    list of ndarray of shape (n_rows, n_outputs)
        One for each layer: the expected squared error that reaches each unit.
    """
    *inputs, outputs = problem.forward(layers)
    found: list[Any] = [0.0] * len(layers)
    for root in roots(problem, outputs, rng):
        for i, error in problem.errors(layers, inputs, root):
            found[i] = found[i] + np.square(error)
    return found


def diagonal(
    problem: Problem, layers: Sequence[Layer], rng: np.random.RandomState
) -> list[Array]:
    """The diagonal of the Gauss-Newton matrix of the mean loss, without its penalty.

    Returns
    -------
    list of ndarray of shape (n_inputs, n_outputs)
        One for each layer; intercepts are not included.
    """
    *inputs, _ = problem.forward(layers)
    weight = problem.weight[:, None] / problem.weight.sum()
    return [
        np.asarray(squared(values).T @ (weight * sensitivity))
        for values, sensitivity in zip(inputs, sensitivities(problem, layers, rng))
    ]


def squared(values: Any) -> Any:
    """Squares of the entries of an array, or of a sparse matrix."""
    return values.multiply(values) if hasattr(values, "multiply") else values**2


class GaussNewton:
    """The Gauss-Newton matrix of the mean loss at given layers, as an operator.

    Parameters
    ----------
    problem : Problem
    layers : list of Layer
    masks : list of ndarray of bool
        The weights that may change; rows and columns of others are zero.
    """

    def __init__(
        self, problem: Problem, layers: Sequence[Layer], masks: Sequence[Array]
    ) -> None:
        self.problem, self.layers, self.masks = problem, layers, masks
        *self.inputs, self.outputs = problem.forward(layers)
        self.predicted = problem.predicted(self.outputs)
        self.weight = problem.weight[:, None] / problem.weight.sum()

    def gradient(self) -> list[Layer]:
        """The gradient of the mean loss, with its penalty."""
        delta = (self.predicted - self.problem.targets) * self.weight
        return self._masked(delta, self.problem.from_prior(self.layers))

    def times(self, change: Sequence[Layer]) -> list[Layer]:
        """The product with a change of the layers."""
        outputs = self._directional(change)
        if self.problem.last == "softmax":
            mean = (self.predicted * outputs).sum(axis=1, keepdims=True)
            outputs = self.predicted * (outputs - mean)
        else:
            outputs = VARIANCES[self.problem.last](self.predicted) * outputs
        return self._masked(outputs * self.weight, [layer.coef for layer in change])

    def _directional(self, change: Sequence[Layer]) -> Any:
        """The derivative of the outputs in the direction of a change."""
        moved: Any = None
        for i, (layer, step) in enumerate(zip(self.layers, change)):
            outputs = step.forward(self.inputs[i])
            if i > 0:
                outputs = outputs + moved @ layer.coef
            if i < len(self.layers) - 1:
                after = self.inputs[i + 1]
                moved = DERIVATIVES[self.problem.hidden](after) * outputs
        return outputs

    def _masked(self, delta: Array, penalised: Sequence[Array]) -> list[Layer]:
        """Gradients of the masked weights, plus those of the penalty."""
        gradients = self.problem.gradients_of(self.layers, self.inputs, delta)
        l2 = self.problem.l2
        return [
            Layer(
                mask * (gradient.coef + l2 * coef),
                None if layer.intercept is None else gradient.intercept,
            )
            for gradient, layer, coef, mask in zip(
                gradients, self.layers, penalised, self.masks
            )
        ]
