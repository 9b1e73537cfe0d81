"""Forward pass, loss and gradient of multi-layer perceptrons and linear models.

The functions act on layers, not on a fitted estimator. One forward and one backward
pass therefore handle every activation and every loss of scikit-learn's networks.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit, logsumexp, softmax

from sklprune._networks.layer import Layer
from sklprune._typing import Array

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
#: variance of the target of one output, given the prediction: the curvature of the loss
VARIANCES: dict[str, Any] = {
    "exp": lambda predicted: predicted,
    "identity": np.ones_like,
    "logistic": lambda predicted: predicted * (1 - predicted),
    "softmax": lambda predicted: predicted * (1 - predicted),
}


def _entropy_of_softmax(outputs: Array) -> tuple[Array, Array]:
    """The entropy of each row, and its derivatives in the outputs."""
    logarithm = outputs - logsumexp(outputs, axis=1, keepdims=True)
    probability = np.exp(logarithm)
    entropy = -(probability * logarithm).sum(axis=1)
    return entropy, -probability * (logarithm + entropy[:, None])


def _entropy_of_logistic(outputs: Array) -> tuple[Array, Array]:
    """The same for independent outputs of two classes, summed over the outputs."""
    probability = expit(outputs)
    entropy = np.logaddexp(0, outputs) - probability * outputs
    return entropy.sum(axis=1), -probability * (1 - probability) * outputs


#: entropy of the predicted distribution and its derivatives, by output activation
ENTROPIES: dict[str, Any] = {
    "logistic": _entropy_of_logistic,
    "softmax": _entropy_of_softmax,
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
    l2 : float or ndarray of shape (n_outputs,), default=0
        L2 penalty of the fit: half of it times the squared weights belongs to the
        mean loss. `loss` and `gradients` do not include it.
    l1 : float, default=0
        L1 penalty: it times the absolute weights belongs to the mean loss. `loss` and
        `gradients` do not include it.
    entropy : float, default=0
        Bonus for the entropy of the predicted distribution, which `loss` and
        `gradients` include. It is added only for probabilities.
    prior : list of ndarray of shape (n_inputs, n_outputs), or None
        The weights of each layer that the L2 penalty is counted from, in `objective`
        and in Newton steps; None for zero. If the targets are the predictions of a
        model at the minimum of its penalised loss, its own weights are the prior: the
        objective is then that loss, up to a constant and terms of higher order.
    """

    rows: Any
    targets: Array
    weight: Array
    hidden: str
    last: str
    l2: Any = 0.0
    l1: float = 0.0
    entropy: float = 0.0
    prior: list[Array] | None = None

    def take(self, rows: Array) -> "Problem":
        """The same problem on some of the rows."""
        return self._replace(
            rows=self.rows[rows], targets=self.targets[rows], weight=self.weight[rows]
        )

    def forward(self, layers: Sequence[Layer]) -> list[Any]:
        """The inputs of each layer, and then the outputs before their activation."""
        passed = [self.rows]
        for layer in layers[:-1]:
            passed.append(ACTIVATIONS[self.hidden](layer.forward(passed[-1])))
        return [*passed, layers[-1].forward(passed[-1])]

    def predicted(self, outputs: Array) -> Array:
        """Predictions for outputs before their activation."""
        predictions: Array = PREDICTIONS[self.last](outputs)
        return predictions

    def loss(self, layers: Sequence[Layer]) -> float:
        """The weighted mean of the loss."""
        return self._loss_of(self.forward(layers)[-1])

    def _loss_of(self, outputs: Array) -> float:
        of_rows = LOSSES[self.last](outputs, self.targets)
        if self.entropy:
            of_rows = of_rows - self.entropy * ENTROPIES[self.last](outputs)[0]
        return float(self.weight @ of_rows) / len(self.targets)

    def objective(self, layers: Sequence[Layer]) -> float:
        """The loss with its penalties."""
        return self.loss(layers) + self.penalties(layers)

    def penalties(self, layers: Sequence[Layer]) -> float:
        """What the L2 and the L1 penalty add to the loss."""
        changes = self.from_prior(layers)
        squares = sum(float(np.sum(self.l2 * coef**2)) for coef in changes)
        sizes = sum(float(np.abs(layer.coef).sum()) for layer in layers)
        return squares / 2 + self.l1 * sizes

    def from_prior(self, layers: Sequence[Layer]) -> list[Array]:
        """The weights of each layer, minus those of the prior."""
        if self.prior is None:
            return [layer.coef for layer in layers]
        return [layer.coef - prior for layer, prior in zip(layers, self.prior)]

    def gradients(self, layers: Sequence[Layer]) -> list[Layer]:
        """The gradient of `loss`, as layers of the same shapes."""
        return self.loss_and_gradients(layers)[1]

    def loss_and_gradients(self, layers: Sequence[Layer]) -> tuple[float, list[Layer]]:
        """The results of `loss` and `gradients`, from one pass over the rows."""
        *inputs, outputs = self.forward(layers)
        weight = self.weight[:, None] / len(self.targets)
        delta = self.predicted(outputs) - self.targets
        if self.entropy:
            delta = delta - self.entropy * ENTROPIES[self.last](outputs)[1]
        gradients = self.gradients_of(layers, inputs, delta * weight)
        return self._loss_of(outputs), gradients

    def gradients_of(
        self, layers: Sequence[Layer], inputs: Sequence[Any], delta: Array
    ) -> list[Layer]:
        """The gradient of `loss`, from its gradient in the outputs of each row.

        Parameters
        ----------
        layers : list of Layer
        inputs : list of ndarray
            The inputs of each layer.
        delta : ndarray of shape (n_rows, n_outputs)
        """
        gradients = []
        for i, error in self.errors(layers, inputs, delta):
            gradients.append(Layer(inputs[i].T @ error, error.sum(axis=0)))
        return gradients[::-1]

    def errors(self, layers: Sequence[Layer], inputs: Sequence[Any], delta: Array):
        """Propagate an error in the outputs of each row back through the layers.

        Yields
        ------
        position : int
            The position of a layer; the last one comes first.
        error : ndarray of shape (n_rows, n_outputs)
            The derivative of the loss of each row in the outputs of that layer. The
            gradient of a row in its weights is the outer product of the inputs and it.
        """
        for i in reversed(range(len(layers))):
            yield i, delta
            if i > 0:
                delta = delta @ layers[i].coef.T
                delta = delta * DERIVATIVES[self.hidden](inputs[i])
