"""Models that are trained batch by batch: the capability "online".

A model is trained by its own `partial_fit`. Removed weights are held at zero, also
against the momentum of the optimiser. If hidden units are removed or added, the state
of the optimiser is adapted, so that the training continues.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from inspect import signature
from typing import Any

import numpy as np

from sklprune._metadata import given
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune.families._interruption import interruptible

#: lists of arrays in the state of an optimiser, one for each coefficient and intercept
MOMENTS = ("ms", "vs", "velocities")
#: arrays of averaged SGD that have the shape of `coef_`
AVERAGED = ("coef_", "_standard_coef", "_average_coef")
#: losses of earlier batches that a model keeps
MAX_LOSSES = 1000


class OnlineTraining:
    """The part of a family that trains a model batch by batch."""

    def capabilities(self, estimator: Estimator) -> frozenset[str]:
        offered: frozenset[str] = super().capabilities(estimator)  # type: ignore[misc]
        return offered | {"online"} if hasattr(estimator, "partial_fit") else offered

    def continued(
        self,
        estimator: Estimator,
        X: MatrixLike,
        y: ArrayLike | None,
        *,
        masks: Sequence[Array] | None,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Estimator:
        """A copy after `partial_fit` on a batch.

        Parameters
        ----------
        estimator : estimator
            Fitted or not; with the state of its training.
        X, y
            The batch.
        masks : list of ndarray of bool, or None
            For each layer, shape (n_inputs, n_outputs), the weights that may differ
            from zero. None for all.
        classes, sample_weight
            Passed to `partial_fit` if they are not None.
        """
        keywords = given(classes=classes, sample_weight=sample_weight)
        unknown = set(keywords) - set(signature(estimator.partial_fit).parameters)
        if unknown:
            raise ValueError(
                f"{min(unknown)} was given, but {type(estimator).__name__}.partial_fit "
                "does not take it."
            )
        model = copy.deepcopy(estimator)
        with self.held(model, masks), interruptible(model):
            model.partial_fit(X, y, **keywords)
        return model

    @contextmanager
    def held(self, model: Estimator, masks: Sequence[Array] | None) -> Iterator[None]:
        """A context in which a model is trained in place with some weights at zero."""
        raise NotImplementedError

    def with_zeros(self, estimator: Estimator, masks: Sequence[Array]) -> Estimator:
        """A copy whose weights outside of the masks are zero."""
        model = copy.deepcopy(estimator)
        self.set_zeros(model, masks)
        return model

    def set_zeros(self, model: Estimator, masks: Sequence[Array]) -> None:
        """Set the weights of a model outside of the masks to zero, in place."""
        raise NotImplementedError


class OnlineLinear(OnlineTraining):
    """Linear models: the weights are set to zero after each batch."""

    @contextmanager
    def held(self, model: Estimator, masks: Sequence[Array] | None) -> Iterator[None]:
        if hasattr(getattr(model, "coef_", None), "toarray"):
            model.coef_ = self.with_dense_weights(model).coef_  # type: ignore[attr-defined]
        yield
        if masks is not None:
            self.set_zeros(model, masks)

    def set_zeros(self, model: Estimator, masks: Sequence[Array]) -> None:
        for name in AVERAGED:
            values = getattr(model, name, None)
            if values is not None:
                values *= masks[0].T.reshape(values.shape)


class MaskedOptimiser:
    """An optimiser that holds some parameters at zero.

    Parameters
    ----------
    optimiser : object
        An optimiser of scikit-learn, whose state changes.
    masks : list of ndarray of bool
        One for each coefficient; intercepts are not masked.
    """

    def __init__(self, optimiser: Any, masks: Sequence[Array]) -> None:
        self.optimiser, self.masks = optimiser, masks

    def __getattr__(self, name: str) -> Any:
        return getattr(self.optimiser, name)

    def update_params(self, params: list[Array], gradients: list[Array]) -> None:
        """Update parameters in place; masked ones remain zero."""
        for gradient, mask in zip(gradients, self.masks):
            gradient *= mask
        self.optimiser.update_params(params, gradients)
        for values, mask in zip(params, self.masks):
            # moments from before the removal
            values *= mask


class OnlineNetworks(OnlineTraining):
    """Multi-layer perceptrons: the optimiser is masked, and follows their units."""

    @contextmanager
    def held(self, model: Estimator, masks: Sequence[Array] | None) -> Iterator[None]:
        if any(hasattr(coef, "toarray") for coef in getattr(model, "coefs_", ())):
            model.coefs_ = self.with_dense_weights(model).coefs_  # type: ignore[attr-defined]
        optimiser = getattr(model, "_optimizer", None)
        if masks is not None and optimiser is not None:
            model._optimizer = MaskedOptimiser(optimiser, masks)
        try:
            yield
        finally:
            if optimiser is not None:
                model._optimizer = optimiser
        if masks is not None and optimiser is None:
            # the first batch after a fit, which has no optimiser to mask
            self.set_zeros(model, masks)
        del model.loss_curve_[:-MAX_LOSSES]

    def set_zeros(self, model: Estimator, masks: Sequence[Array]) -> None:
        optimiser = getattr(model, "_optimizer", None)
        moments = [getattr(optimiser, name, []) for name in MOMENTS]
        for arrays in (model.coefs_, *moments):
            for values, mask in zip(arrays, masks):
                values *= mask

    def with_units(self, estimator: Estimator, network: Any) -> Estimator:
        """A copy with other hidden units, whose training can be continued.

        Parameters
        ----------
        estimator : estimator
            With the state of its training.
        network : Network
            Its field `units` refers to the units of `estimator`.
        """
        old: Any = self.layers(estimator)  # type: ignore[attr-defined]
        model = self.with_network(estimator, network.layers)  # type: ignore[attr-defined]
        # the loss is another one, and must not be compared with earlier losses
        model._no_improvement_count = 0
        model.best_loss_ = np.inf if estimator.best_loss_ is not None else None
        for name in ("_optimizer", "_random_state"):
            if hasattr(estimator, name):
                setattr(model, name, copy.deepcopy(getattr(estimator, name)))
        if not hasattr(model, "_optimizer"):
            return model
        ends = np.cumsum([0] + [layer.coef.shape[1] for layer in old[:-1]])
        # new units have no moments yet, and the number -1
        units = [
            np.where(each >= 0, each - first, -1)
            for each, first in zip(network.units, ends)
        ]
        inputs = [np.arange(len(old[0].coef)), *units]
        outputs = [*units, np.arange(old[-1].coef.shape[1])]
        for name in MOMENTS:
            moments = getattr(model._optimizer, name, None)
            if moments is not None:
                n = len(old)
                setattr(
                    model._optimizer,
                    name,
                    [_of_units(m, i, o) for m, i, o in zip(moments, inputs, outputs)]
                    + [_of_units(m, o) for m, o in zip(moments[n:], outputs)],
                )
        return model


def _of_units(moments: Array, *units: Array) -> Array:
    """Moments of other units; zero for new ones, whose number is negative."""
    taken = moments[np.ix_(*(np.maximum(each, 0) for each in units))]
    new = np.zeros(taken.shape, dtype=bool)
    for axis, each in enumerate(units):
        shape = [1] * taken.ndim
        shape[axis] = -1
        new |= (each < 0).reshape(shape)
    return np.where(new, 0, taken).astype(moments.dtype)
