"""What multi-layer perceptrons say, what it costs, and the gradient of that cost.

Written for layers rather than for a fitted estimator, so that one pair of passes
serves every activation and every loss of scikit-learn's networks.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit, logsumexp, softmax

from sklprune.families._layered import Layer

ACTIVATIONS = {
    "identity": lambda outputs: outputs,
    "logistic": expit,
    "relu": lambda outputs: np.maximum(outputs, 0),
    "tanh": np.tanh,
}

#: derivatives of the activations, as functions of what was said
DERIVATIVES = {
    "identity": np.ones_like,
    "logistic": lambda said: said * (1 - said),
    "relu": lambda said: said > 0,
    "tanh": lambda said: 1 - said**2,
}

#: predictions by output activation, and the losses whose gradient is prediction less
#: target; each loss is summed over the outputs
PREDICTIONS = {
    "exp": np.exp,
    "identity": lambda outputs: outputs,
    "logistic": expit,
    "softmax": lambda outputs: softmax(outputs, axis=1),
}
LOSSES = {
    "exp": lambda outputs, y: (np.exp(outputs) - y * outputs).sum(axis=1),
    "identity": lambda outputs, y: 0.5 * ((outputs - y) ** 2).sum(axis=1),
    "logistic": lambda outputs, y: (np.logaddexp(0, outputs) - y * outputs).sum(axis=1),
    "softmax": lambda outputs, y: logsumexp(outputs, axis=1) - (y * outputs).sum(1),
}


class Problem(NamedTuple):
    """Rows, what is to be said of them, and by which activations.

    Parameters
    ----------
    rows : ndarray or sparse matrix of shape (n_rows, n_inputs)
    targets : ndarray of shape (n_rows, n_outputs)
    weight : ndarray of shape (n_rows,)
        Of mean 1.
    hidden, last : str
        Activations of the hidden layers and of the outputs.
    """

    rows: object
    targets: np.ndarray
    weight: np.ndarray
    hidden: str
    last: str

    def take(self, rows):
        """The same problem on some of the rows."""
        return self._replace(
            rows=self.rows[rows], targets=self.targets[rows], weight=self.weight[rows]
        )

    def loss(self, layers):
        """The weighted mean of the loss."""
        *_, outputs = _forward(layers, self.rows, self.hidden)
        return float(self.weight @ LOSSES[self.last](outputs, self.targets)) / len(
            self.targets
        )

    def gradients(self, layers):
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


def _forward(layers, rows, hidden):
    """What goes into each layer, and at last what the outputs say."""
    said = [rows]
    for layer in layers[:-1]:
        said.append(ACTIVATIONS[hidden](layer.forward(said[-1])))
    return [*said, layers[-1].forward(said[-1])]
