"""Forward pass, loss and gradient of multi-layer perceptrons and softmax regression.

The functions act on layers, not on a fitted estimator. One forward and one backward
pass therefore handle every activation and every loss of scikit-learn's networks.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit, logsumexp, softmax

from sklprune._typing import Array
from sklprune.families._layered import Layer

ACTIVATIONS: dict[str, Any] = {
    "identity": lambda outputs: outputs,
    "logistic": expit,
    "relu": lambda outputs: np.maximum(outputs, 0),
    "tanh": np.tanh,
}

#: derivatives of the activations, as functions of the activated outputs
DERIVATIVES: dict[str, Any] = {
    "identity": np.ones_like,
    "logistic": lambda activated: activated * (1 - activated),
    "relu": lambda activated: activated > 0,
    "tanh": lambda activated: 1 - activated**2,
}

#: predictions by output activation; each loss below is canonical for its activation, so
#: that its gradient in the outputs is the prediction minus the target
PREDICTIONS: dict[str, Any] = {
    "exp": np.exp,
    "identity": lambda outputs: outputs,
    "logistic": expit,
    "softmax": lambda outputs: softmax(outputs, axis=1),
}
#: losses by output activation, summed over the outputs: (n_rows,)
LOSSES: dict[str, Any] = {
    "exp": lambda outputs, y: (np.exp(outputs) - y * outputs).sum(axis=1),
    "identity": lambda outputs, y: 0.5 * ((outputs - y) ** 2).sum(axis=1),
    "logistic": lambda outputs, y: (np.logaddexp(0, outputs) - y * outputs).sum(axis=1),
    "softmax": lambda outputs, y: logsumexp(outputs, axis=1) - (y * outputs).sum(1),
}


class Problem(NamedTuple):
    """A training problem: rows, targets, weights and activations.

    Parameters
    ----------
    rows : ndarray or sparse matrix of shape (n_rows, n_inputs)
    targets : ndarray of shape (n_rows, n_outputs)
    weight : ndarray of shape (n_rows,)
        With mean 1.
    hidden : str
        Activation of the hidden layers; not used without any.
    last : str
        Activation of the outputs, which also selects the loss.
    """

    rows: Any
    targets: Array
    weight: Array
    hidden: str
    last: str

    def take(self, rows: Array) -> "Problem":
        """The same problem on some of the rows."""
        return self._replace(
            rows=self.rows[rows], targets=self.targets[rows], weight=self.weight[rows]
        )

    def loss(self, layers: Sequence[Layer]) -> float:
        """The weighted mean of the loss."""
        *_, outputs = _forward(layers, self.rows, self.hidden)
        return float(self.weight @ LOSSES[self.last](outputs, self.targets)) / len(
            self.targets
        )

    def gradients(self, layers: Sequence[Layer]) -> list[Layer]:
        """The gradient of `loss`, as layers of the same shapes."""
        *inputs, outputs = _forward(layers, self.rows, self.hidden)
        weight = self.weight[:, None] / len(self.targets)
        delta = (PREDICTIONS[self.last](outputs) - self.targets) * weight
        gradients = []
        for i in reversed(range(len(layers))):
            gradients.append(Layer(inputs[i].T @ delta, delta.sum(axis=0)))
            if i > 0:
                delta = delta @ layers[i].coef.T
                delta *= DERIVATIVES[self.hidden](inputs[i])
        return gradients[::-1]


def _forward(layers: Sequence[Layer], rows: Any, hidden: str) -> list[Any]:
    """The inputs of each layer, and then the outputs before their activation."""
    passed = [rows]
    for layer in layers[:-1]:
        passed.append(ACTIVATIONS[hidden](layer.forward(passed[-1])))
    return [*passed, layers[-1].forward(passed[-1])]
