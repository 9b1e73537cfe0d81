"""Multi-layer perceptrons: units are hidden neurons, or single weights."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import check_random_state

from sklprune._estimators import without
from sklprune._frames import as_matrix
from sklprune._networks.penalty_choice import chosen_strength
from sklprune._networks.problem import ACTIVATIONS, Problem
from sklprune._networks.settings import RefitSettings
from sklprune._networks.training import train
from sklprune._registry import register_family
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune._units import Task, Units
from sklprune.families._layered import Layer, LayeredFamily, labels_of
from sklprune.families._network_changes import ChangingNetworks
from sklprune.families._permuted_outputs import PermutedNetwork
from sklprune.families._small_models import FACTOR, Trained, smaller_clones
from sklprune.families._training_state import with_own_state

#: the mean loss on the rows of a fit is at most this multiple of the loss of its last
#: epoch; with early stopping, the best epoch is an earlier one
MAX_LOSS_RATIO = 1.5
#: rows times kept weights up to which L-BFGS is used if the penalty is chosen: it needs
#: many passes over all rows, and then minimises the loss better than Adam
MAX_PRODUCTS = 30_000_000
#: state of the optimiser and of its random numbers, which the next fit initialises
TRAINING_STATE = (
    "_coef_indptr",
    "_intercept_indptr",
    "_optimizer",
    "_random_state",
)


class MLPFamily(PermutedNetwork, ChangingNetworks, LayeredFamily):
    """`MLPClassifier` and `MLPRegressor`.

    Units of granularity "neuron" are the hidden neurons of all layers, layer by layer.
    `units.where` holds the widths of the hidden layers. Each layer keeps at least one
    neuron. Units of granularity "weight" are those of `LayeredFamily`.
    """

    classes = ("BaseMultilayerPerceptron",)
    granularities = ("neuron", "weight")
    default_method = "neuron_elimination"

    def layers(self, estimator: Estimator) -> list[Layer]:
        return [
            Layer(coef.toarray() if sparse.issparse(coef) else coef, intercept)
            for coef, intercept in zip(estimator.coefs_, estimator.intercepts_)
        ]

    def with_layers(self, estimator: Estimator, layers: Sequence[Layer]) -> Estimator:
        model = without(estimator, TRAINING_STATE)
        dtype = estimator.coefs_[0].dtype
        model.coefs_ = [np.ascontiguousarray(coef, dtype) for coef, _ in layers]
        if self.has_sparse_weights(estimator):
            model.coefs_ = [sparse.csr_array(coef) for coef in model.coefs_]
        model.intercepts_ = [np.array(intercept, dtype) for _, intercept in layers]
        widths = tuple(layer.coef.shape[1] for layer in layers[:-1])
        if widths != _widths(estimator):
            model.hidden_layer_sizes = widths
        return with_own_state(self._with_current_as_best(model))

    def with_sparse_weights(self, estimator: Estimator) -> Estimator:
        model = without(estimator, TRAINING_STATE)
        # of the sparse classes, arrays also predict sparse rows
        model.coefs_ = [sparse.csr_array(coef) for coef in model.coefs_]
        return with_own_state(self._with_current_as_best(model))

    def with_dense_weights(self, estimator: Estimator) -> Estimator:
        model = without(estimator, ())
        model.coefs_ = [layer.coef for layer in self.layers(estimator)]
        return with_own_state(self._with_current_as_best(model))

    def has_sparse_weights(self, estimator: Estimator) -> bool:
        return any(sparse.issparse(coef) for coef in estimator.coefs_)

    def activate(self, estimator: Estimator, outputs: Array) -> Array:
        return ACTIVATIONS[estimator.activation](outputs)

    def own_misfit(self, estimator: Estimator, granularity: str) -> str:
        if granularity == "neuron" and np.size(estimator.hidden_layer_sizes) == 0:
            return "has no hidden layers"
        return super().own_misfit(estimator, granularity)

    def capabilities(self, estimator: Estimator) -> frozenset[str]:
        return super().capabilities(estimator) | {
            "masked_refit",
            "sparse_weights",
            "structure",
        }

    def masked_refit(
        self, estimator: Estimator, task: Task, settings: RefitSettings
    ) -> Estimator:
        """A copy whose non-zero weights are trained: capability "masked_refit".

        Parameters
        ----------
        estimator : estimator
        task : Task
        settings : RefitSettings
        """
        layers = self.layers(estimator)
        start = [layer.combined(_as_float32) for layer in layers]
        masks = [layer.coef != 0 for layer in layers]
        rng = check_random_state(task.random_state)
        if settings.solver == "auto":
            own = "lbfgs" if estimator.solver == "lbfgs" else "adam"
            n_kept = sum(int(np.count_nonzero(mask)) for mask in masks)
            if settings.chooses and task.n_samples * n_kept <= MAX_PRODUCTS:
                own = "lbfgs"
            settings = settings._replace(solver=own)
        problem = self.training_problem(estimator, task, labels=settings.labels)
        if settings.chooses:
            strength = chosen_strength(start, masks, problem, rng)
            problem = problem._replace(l2=np.float32(strength))
        elif settings.penalty is None and settings.alpha is not None:
            l2 = float(settings.alpha) / _rows_per_step(estimator, task)
            problem = problem._replace(l2=np.float32(l2))
        problem = settings.penalised(problem)
        trained = train(start, problem, masks, settings, rng)
        same = [np.array_equal(a.coef, b.coef) for a, b in zip(start, trained)]
        # without a better epoch, the values keep all their digits
        return estimator if all(same) else self.with_layers(estimator, trained)

    def _penalty(self, estimator: Estimator, task: Task) -> float:
        """The L2 penalty of one step, which scikit-learn divides by its rows."""
        return float(estimator.alpha / _rows_per_step(estimator, task))

    def _problem(self, estimator: Estimator, task: Task, dtype: np.dtype) -> Problem:
        """The rows, with targets in the form that the network is fitted to."""
        weight = task.with_comparable_weights().sample_weight
        weight = np.ones(task.n_samples) if weight is None else weight
        return Problem(
            as_matrix(task.X).astype(dtype, copy=False),
            self._targets(estimator, task.y).astype(dtype),
            (weight / weight.mean()).astype(dtype),
            estimator.activation,
            estimator.out_activation_,
        )

    def training_problem(
        self, estimator: Estimator, task: Task, *, labels: bool
    ) -> Problem:
        y = task.y if labels else estimator.predict(task.X)
        problem = self._problem(estimator, replace(task, y=y), np.dtype(np.float32))
        problem = problem._replace(l2=np.float32(self._penalty(estimator, task)))
        if labels:
            return problem
        layers = [layer.combined(_as_float32) for layer in self.layers(estimator)]
        outputs = problem.forward(layers)[-1]
        return problem._replace(targets=problem.predicted(outputs))

    @staticmethod
    def _targets(estimator: Estimator, y: ArrayLike) -> Array:
        """Targets of the outputs: (n_rows, n_outputs)."""
        y = labels_of(estimator, y)
        if hasattr(estimator, "_label_binarizer"):
            y = estimator._label_binarizer.transform(y)
        return y.reshape(len(y), -1)

    def rows_agree(
        self,
        estimator: Estimator,
        X: MatrixLike,
        y: ArrayLike | None = None,
        sample_weight: Array | None = None,
    ) -> bool | None:
        # the optimiser counts the rows of all epochs, and records the last loss
        loss = getattr(estimator, "loss_", None)
        if y is None or loss is None or not np.isfinite(loss):
            return None
        task = Task(X, y, sample_weight)
        if self._mean_loss(estimator, task) > MAX_LOSS_RATIO * loss:
            return False
        n_rows = task.n_samples
        n_fitted = estimator.t_ / max(estimator.n_iter_, 1)
        if estimator.early_stopping:
            n_rows -= math.ceil(n_rows * estimator.validation_fraction)
        if estimator.solver == "lbfgs" or n_fitted == n_rows:
            return True
        return None if n_rows < n_fitted else False

    def _mean_loss(self, estimator: Estimator, task: Task) -> float:
        """The mean loss without the penalty, as the optimiser computes it."""
        weight, targets = task.sample_weight, self._targets(estimator, task.y)
        if not hasattr(estimator, "_label_binarizer"):
            residuals = estimator.predict(task.X).reshape(targets.shape) - targets
            of_rows = np.square(residuals.astype(float)).mean(axis=1) / 2
        else:
            probability = np.asarray(estimator.predict_proba(task.X), dtype=float)
            if targets.shape[1] == 1:
                targets = np.hstack([1 - targets, targets])
            likely = np.clip(probability, np.finfo(float).eps, 1.0)
            of_rows = -(targets * np.log(likely)).sum(axis=1)
        return float(np.average(of_rows, weights=weight))

    def small_models(self, estimator: Estimator, units: Units, task: Task) -> Trained:
        if units.granularity == "feature":
            return super().small_models(estimator, units, task)
        widths = [
            [max(1, round(n / FACTOR**k)) for n in _widths(estimator)]
            for k in range(1, 7)
        ]
        narrower = [{"hidden_layer_sizes": tuple(each)} for each in widths]
        return smaller_clones(estimator, task, narrower)

    def own_units(self, estimator: Estimator, granularity: str) -> Units:
        if granularity == "weight":
            return super().own_units(estimator, granularity)
        widths = _widths(estimator)
        layer = np.repeat(np.arange(len(widths)), widths)
        return Units("neuron", len(layer), where=widths, strata=layer)

    def own_names(self, units: Units) -> Array:
        if units.granularity == "weight":
            return super().own_names(units)
        return np.array(
            [
                f"layer {layer + 1} unit {unit}"
                for layer, width in enumerate(units.where)
                for unit in range(width)
            ]
        )

    def own_masks(self, units: Units, keep: Array) -> list[Array]:
        if units.granularity == "weight":
            return super().own_masks(units, keep)
        # removing a neuron removes its incoming and its outgoing weights
        kept = np.split(keep, np.cumsum(units.where)[:-1])
        outer = np.ones(1, dtype=bool)
        return [
            np.logical_and.outer(inputs, outputs)
            for inputs, outputs in zip([outer, *kept], [*kept, outer])
        ]

    def own_remove(self, estimator: Estimator, units: Units, keep: Array) -> Estimator:
        if units.granularity == "weight":
            model = super().own_remove(estimator, units, keep)
            if units.in_place:
                return model
            return self.with_layers(model, self._without_unused_neurons(model))
        kept = np.split(keep, np.cumsum(units.where)[:-1])
        return self.with_layers(estimator, _take(self.layers(estimator), kept))

    def _without_unused_neurons(self, estimator: Estimator) -> list[Layer]:
        """Layers without the hidden neurons that have no incoming or outgoing weight.

        The output of a neuron without incoming weights is constant. It is added to the
        intercepts of the next layer, so that predictions do not change. At least one
        neuron is kept in each layer.
        """
        layers = list(self.layers(estimator))
        for i in range(len(layers) - 1):
            here, after = layers[i], layers[i + 1]
            constant = ~np.any(here.coef, axis=0)
            constant[constant.argmin()] = False
            outputs = self.activate(estimator, here.intercept[constant])
            coef = after.coef.copy()
            intercept = after.intercept + outputs @ coef[constant]
            coef[constant] = 0
            layers[i + 1] = Layer(coef, intercept)
        for i in reversed(range(len(layers) - 1)):
            useful = np.any(layers[i + 1].coef, axis=1)
            useful[useful.argmax()] = True
            layers[i : i + 2] = _take(layers[i : i + 2], [useful])
        return layers

    def strip(self, estimator: Estimator) -> Estimator:
        model = without(estimator, TRAINING_STATE)
        # the history of the training; a later fit appends to it
        for name in ("loss_curve_", "validation_scores_"):
            if getattr(model, name, None):
                setattr(model, name, [])
        return with_own_state(self._with_current_as_best(model))

    @staticmethod
    def _with_current_as_best(model: Estimator) -> Estimator:
        """Replace the stored best values by the current ones, in place."""
        # with early stopping a later fit ends by restoring these: they must have the
        # shapes of the current values
        for name in ("_best_coefs", "_best_intercepts"):
            model.__dict__.pop(name, None)
        if model.early_stopping and hasattr(model, "coefs_"):
            model._best_coefs = model.coefs_
            model._best_intercepts = model.intercepts_
        return model


def _rows_per_step(estimator: Estimator, task: Task) -> int:
    """Rows of one step: scikit-learn divides the penalty by their number.

    With weights it divides by their sum. Here weights have the mean one, so that the
    result does not depend on their unit.
    """
    n_rows, size = task.n_samples, estimator.batch_size
    if estimator.solver != "lbfgs":
        n_rows = min(n_rows, 200 if isinstance(size, str) else size)
    return n_rows


def _as_float32(array: Array) -> Array:
    return np.asarray(array, dtype=np.float32)


def _widths(estimator: Estimator) -> tuple[int, ...]:
    return tuple(coef.shape[1] for coef in estimator.coefs_[:-1])


def _take(layers: Sequence[Layer], kept: Sequence[Array]) -> list[Layer]:
    """Layers with only some of the hidden neurons.

    Parameters
    ----------
    layers : list of Layer
    kept : list of ndarray of shape (n_neurons,), bool
        A mask for each hidden layer.
    """
    everything: list[Any] = [slice(None)]
    return [
        Layer(layer.coef[inputs][:, outputs], layer.intercept[outputs])
        for layer, inputs, outputs in zip(
            layers, [*everything, *kept], [*kept, *everything]
        )
    ]


register_family(MLPFamily())
