"""Networks whose hidden layers change: the capability "structure" of MLPs."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from sklprune._estimators import seeded
from sklprune._frames import as_matrix
from sklprune._networks.affine_layers import without_affine_layers
from sklprune._networks.settings import RefitSettings
from sklprune._networks.training import train
from sklprune._typing import Array, Estimator, MatrixLike
from sklprune._units import Task, Units
from sklprune.families._layered import Layer
from sklprune.families._online_training import OnlineNetworks

#: a unit is constant if its outputs differ by less than this fraction
CONSTANT = 1e-12


class ChangingNetworks(OnlineNetworks):
    """The part of the family of MLPs that adds and removes hidden units and layers."""

    # defined by the family
    fit: Any
    layers: Any
    with_layers: Any
    activate: Any
    _problem: Any
    _penalty: Any

    def activation(self, estimator: Estimator) -> str:
        """The name of the activation of the hidden layers."""
        return str(estimator.activation)

    def remove(
        self,
        estimator: Estimator,
        units: Units,
        keep: Array,
        task: Task | None = None,
    ) -> Estimator | None:
        if units.granularity == "neuron":
            estimator = self._with_constants_added(estimator, units, keep, task)
        smaller: Any = super().remove(estimator, units, keep, task)  # type: ignore[misc]
        return smaller

    def _with_constants_added(
        self, estimator: Estimator, units: Units, keep: Array, task: Task | None
    ) -> Estimator:
        """A network whose constant units, as far as they are removed, count nothing.

        A unit without incoming weights is constant, and so is one with the same output
        on all rows, such as a dead unit. Its output is added to the next intercept.
        """
        layers = list(self.layers(estimator))
        inputs = None if task is None else as_matrix(task.X)
        changed = False
        for i, kept in enumerate(np.split(keep, np.cumsum(units.where)[:-1])):
            here, after = layers[i : i + 2]
            constant = ~np.any(here.coef, axis=0)
            value = self.activate(estimator, here.intercept)
            if inputs is not None:
                inputs = self.activate(estimator, here.forward(inputs))
                low, high = inputs.min(axis=0), inputs.max(axis=0)
                constant |= high - low <= CONSTANT * np.abs(high)
                value = np.where(constant, high, value)
            constant &= ~kept
            if constant.any():
                coef = np.where(constant[:, None], 0, after.coef)
                shift = value[constant] @ after.coef[constant]
                layers[i + 1] = Layer(coef, after.intercept + shift)
                changed = True
        return self.with_layers(estimator, layers) if changed else estimator

    def with_network(self, estimator: Estimator, layers: Sequence[Layer]) -> Estimator:
        """A copy with other layers, also another number of them."""
        model = self.with_layers(estimator, layers)
        model.n_layers_ = len(layers) + 1
        return model

    def without_affine_layers(self, estimator: Estimator, X: MatrixLike) -> Estimator:
        """The same network without hidden layers that are an affine map on the rows."""
        layers = self.layers(estimator)
        fewer = without_affine_layers(
            layers,
            as_matrix(X),
            self.activation(estimator),
            lambda outputs: self.activate(estimator, outputs),
        )
        if len(fewer) == len(layers):
            return estimator
        return self.with_network(estimator, fewer)

    def for_task(
        self, estimator: Estimator, source: Estimator, task: Task
    ) -> Estimator:
        """A network for another task with the hidden layers of a fitted one.

        Parameters
        ----------
        estimator : estimator
            Fitted or not; only its parameters are used.
        source : estimator
            The fitted network that gives the hidden layers.
        task : Task
            Rows of the new task.

        Returns
        -------
        estimator
            Its output layer is a random one.
        """
        *hidden, _ = self.layers(source)
        widths = tuple(layer.coef.shape[1] for layer in hidden)
        model = clone(estimator).set_params(activation=source.activation)
        model.set_params(hidden_layer_sizes=widths)
        seeded(model, task.random_state)
        # one step determines the outputs, and draws their layer
        first = clone(model).set_params(
            max_iter=1, solver="sgd", early_stopping=False, learning_rate_init=1e-12
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.fit(first, task.X, task.y, task.sample_weight)
        first.set_params(**model.get_params(deep=False))
        return self.with_network(first, [*hidden, self.layers(first)[-1]])

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
        problem = self._problem(estimator, task, layers[0].coef.dtype)
        problem = problem._replace(l2=self._penalty(estimator, task))
        settings = RefitSettings(max_epochs=max_epochs, learning_rate=learning_rate)
        rng = check_random_state(task.random_state)
        return train(layers, problem, masks, settings, rng)
