"""Networks whose hidden layers change: the capability "structure" of MLPs."""

from collections.abc import Sequence
from typing import Any

from sklearn.utils import check_random_state

from sklprune._typing import Array, Estimator
from sklprune._units import Task
from sklprune.families._layered import Layer
from sklprune.families._masked_solvers import train
from sklprune.families._online_training import OnlineNetworks


class ChangingNetworks(OnlineNetworks):
    """The part of the family of MLPs that adds and removes hidden units and layers."""

    # defined by the family
    with_layers: Any
    _problem: Any
    _penalty: Any

    def activation(self, estimator: Estimator) -> str:
        """The name of the activation of the hidden layers."""
        return str(estimator.activation)

    def with_network(self, estimator: Estimator, layers: Sequence[Layer]) -> Estimator:
        """A copy with other layers, also another number of them."""
        model = self.with_layers(estimator, layers)
        model.n_layers_ = len(layers) + 1
        return model

    def trained_layers(
        self,
        estimator: Estimator,
        layers: Sequence[Layer],
        masks: Sequence[Array],
        task: Task,
        *,
        max_epochs: int,
        learning_rate: float,
    ) -> list[Layer]:
        """Layers after training on the loss of an estimator; others stay as they are.

        Parameters
        ----------
        estimator : estimator
            A fitted network with the same inputs and outputs. It gives the activation,
            the loss and the penalty.
        layers : list of Layer
            The starting point.
        masks : list of ndarray of bool
            For each layer, the weights that are trained.
        task : Task
        max_epochs : int
        learning_rate : float
            Initial learning rate of Adam.
        """
        dtype = layers[0].coef.dtype
        return train(
            layers,
            self._problem(estimator, task, dtype),
            penalty=self._penalty(estimator, task),
            max_epochs=max_epochs,
            learning_rate=learning_rate,
            rng=check_random_state(task.random_state),
            masks=masks,
        )
