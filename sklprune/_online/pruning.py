"""Online pruning: a model that is trained batch by batch, and what was removed from it.

Each batch gives another `OnlinePruning`, so that an error changes nothing.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

from sklprune._frames import as_matrix
from sklprune._networks.changes import Network, Rows, widened, with_kept_units
from sklprune._online.schedule import Schedule
from sklprune._registry import family_of
from sklprune._typing import Array, ArrayLike, Estimator
from sklprune._units import Task, Units
from sklprune.methods import Magnitude

#: the weight of a batch in the mean loss of recent batches
RECENT = 0.2
#: a drift is found no earlier than after so many batches
MIN_BATCHES = 10


@dataclass(frozen=True)
class Losses:
    """The losses of batches since the last drift: their mean, variance, recent mean.

    Parameters
    ----------
    n : int
        Number of batches.
    mean, squares : float
        The mean of the losses, and the sum of squared deviations.
    recent : float
        The exponentially weighted mean.
    """

    n: int = 0
    mean: float = 0.0
    squares: float = 0.0
    recent: float = 0.0

    def after(self, loss: float) -> "Losses":
        """The same with one more batch."""
        n, change = self.n + 1, loss - self.mean
        mean = self.mean + change / n
        squares = self.squares + change * (loss - mean)
        recent = loss if self.n == 0 else self.recent + RECENT * (loss - self.recent)
        return Losses(n, mean, squares, recent)

    def is_drift(self, n_errors: float) -> bool:
        """Whether the recent loss is higher by more than a number of standard errors.

        Losses of a model that learns fall, and are no drift.
        """
        if self.n < MIN_BATCHES:
            return False
        deviation = np.sqrt(self.squares / (self.n - 1))
        error = deviation * np.sqrt(RECENT / (2 - RECENT))
        return bool(self.recent > self.mean + n_errors * error)


@dataclass(frozen=True, kw_only=True)
class OnlinePruning:
    """A model in training, and the state of its schedule.

    Parameters
    ----------
    model : estimator
        With the state of its optimiser; unfitted before the first batch.
    method : Method
        It orders the units of the model on each batch.
    schedule : Schedule
    target : float
        The fraction of units to remove.
    seed : int or None
        Seed of new units.
    automatic : bool
        Whether the method was not chosen by the user.
    count : int or None
        The number of units before any was removed; None before the first batch.
    masks : list of ndarray of bool, or None
        The weights that may differ from zero; None if they are not single weights.
    start : float
        The fraction that was removed when the schedule began.
    first : int
        The number of batches when the schedule began.
    n_batches : int
        The number of batches so far.
    losses : Losses
    last : dict of {str: float}
        Of the last batch: its rows, the units after it, and the loss before it.
    """

    model: Estimator
    method: Any
    schedule: Schedule
    target: float
    seed: int | None = None
    automatic: bool = False
    count: int | None = None
    masks: list[Array] | None = None
    start: float = 0.0
    first: int = 0
    n_batches: int = 0
    losses: Losses = field(default_factory=Losses)
    last: dict[str, float] = field(default_factory=dict)

    @property
    def removes_weights(self) -> bool:
        """Whether the units are single weights."""
        return bool(self.method.granularity == "weight")

    @property
    def family(self) -> Any:
        """The family of the model."""
        return family_of(self.model)

    @property
    def n_units(self) -> int:
        """The number of units that the model has."""
        if self.masks is not None:
            return sum(int(mask.sum()) for mask in self.masks)
        return int(self._units().count)

    @property
    def ratio(self) -> float:
        """The fraction of units that are removed."""
        return max(0.0, 1 - self.n_units / (self.count or 1))

    def continuing(self, count: int) -> "OnlinePruning":
        """The state of a model that was pruned before, and loses nothing more.

        `count` is the number of hidden units before; the model may have more now.
        Weights that are zero count as removed.
        """
        new = self._counted()
        if new.masks is None:
            new = replace(new, count=max(count, new.n_units))
        else:
            layers = self.family.layers(self.model)
            new = replace(new, masks=[layer.coef != 0 for layer in layers])
        return replace(new, start=new.ratio, target=new.ratio)

    def shipped(self, task: Task) -> Estimator:
        """The plain model after a batch, without the state of its training."""
        if self.masks is None:
            return self.family.strip(self.model)
        keep = np.concatenate([mask.ravel() for mask in self.masks])
        model = self.family.own_remove(self.model, self._units(), keep)
        finished: Estimator = self.method.finished(self.family, model, task)
        return finished

    def after(
        self,
        task: Task,
        *,
        classes: ArrayLike | None,
        predictions: Array | None,
    ) -> "OnlinePruning":
        """The state after one more batch.

        Parameters
        ----------
        task : Task
            The batch, as the model receives it.
        classes : array-like or None
            All classes, in the first batch.
        predictions : ndarray or None
            Predictions of the batch before the training; None in the first batch.
        """
        check_labels(self.model, task.y)
        returns = self.removes_weights and self.schedule.regrow > 0
        trained = self.family.continued(
            self.model,
            task.X,
            task.y,
            masks=None if returns else self.masks,
            classes=classes,
            sample_weight=task.sample_weight,
        )
        new = replace(self, n_batches=self.n_batches + 1)
        loss = np.nan if predictions is None else loss_of(trained, task.y, predictions)
        task = replace(task, random_state=self.seed)
        new = replace(new, model=trained)._counted()._grown(loss)._smaller(task)
        last = {"rows": task.n_samples, "units": new.n_units, "loss": loss}
        return replace(new, last=last)

    def _units(self) -> Units:
        return self.family.own_units(self.model, self.method.granularity)

    def _counted(self) -> "OnlinePruning":
        """The state with its units counted, in the first batch."""
        if self.count is not None:
            return self
        masks = None
        if self.removes_weights:
            masks = [
                np.ones(layer.coef.shape, dtype=bool)
                for layer in self.family.layers(self.model)
            ]
        return replace(self, count=int(self._units().count), masks=masks)

    def _grown(self, loss: float) -> "OnlinePruning":
        """The state with more units, if the data have changed."""
        if not np.isfinite(loss):
            return self
        losses = self.losses.after(loss)
        if not losses.is_drift(self.schedule.drift):
            return replace(self, losses=losses)
        new = replace(self, losses=Losses())
        count: Any = self.count
        n_added = round(self.schedule.regrow * (count - self.n_units))
        if n_added <= 0:
            return new
        if not self.removes_weights:
            new = replace(new, model=self._widened(n_added))
        ratio = 1 - (self.n_units + n_added) / count
        # the schedule begins again, without the calls before the first removal
        first = self.n_batches - self.schedule.begin
        return replace(new, start=ratio, first=first)

    def _widened(self, n_added: int) -> Estimator:
        """The model with more hidden units; each layer grows by the same factor."""
        network = Network.of(self.family.layers(self.model))
        # other units after each drift
        seed = None if self.seed is None else (self.seed + self.n_batches) % 2**32
        rng = check_random_state(seed)
        activation = self.family.activation(self.model)
        ends = np.cumsum([0, *network.widths]) / sum(network.widths) * n_added
        for layer, count in enumerate(np.diff(np.round(ends).astype(int))):
            if count:
                network = widened(network, layer, int(count), activation, rng)
        return self.family.with_units(self.model, network)

    def _smaller(self, task: Task) -> "OnlinePruning":
        """The state after the removal that the schedule requires."""
        share = self.schedule.share(self.n_batches - self.first)
        ratio = self.start + (self.target - self.start) * share
        count: Any = self.count
        n_kept = max(1, count - int(np.floor(ratio * count + 1e-9)))
        units = self._units()
        if self.masks is None and units.count <= n_kept:
            return self
        if self.masks is not None and not ratio > 0:
            return self
        method = self.method
        if self.automatic and task.n_samples < units.count:
            # the outputs of more units than rows do not show which one is redundant
            method = Magnitude(self.method.granularity)
        known = (self.family, self.model, units, task)
        # the share of the present units that exceed the number to be kept
        present = 1 - n_kept / units.count
        keep = method.candidate(method.path(*known), *known, present).keep
        if self.masks is not None:
            return self._masked(units, keep)
        network = Network.of(self.family.layers(self.model))
        rows = Rows(
            as_matrix(task.X),
            task.sample_weight,
            lambda outputs: self.family.activate(self.model, outputs),
        )
        parts = np.split(keep, np.cumsum(network.widths)[:-1])
        for layer, part in enumerate(parts):
            if not part.all():
                outputs = rows.through(network, layer + 1)
                network = with_kept_units(
                    network, layer, part, outputs, task.sample_weight
                )
        return replace(self, model=self.family.with_units(self.model, network))

    def _masked(self, units: Units, keep: Array) -> "OnlinePruning":
        """The state with other single weights."""
        masks = [mask.copy() for mask in self.family.own_masks(units, keep)]
        if not self.schedule.regrow and self.masks is not None:
            masks = [new & old for new, old in zip(masks, self.masks)]
        model = self.family.with_zeros(self.model, masks)
        return replace(self, model=model, masks=masks)


def check_labels(model: Estimator, y: ArrayLike | None) -> None:
    """Raise an error for a class that the first batch has not named."""
    known, labels = getattr(model, "classes_", None), np.asarray(y)
    if known is None or labels.size != len(labels):
        return
    classes = np.asarray(known).tolist()
    new = sorted(set(labels.ravel().tolist()) - set(classes), key=str)
    if new:
        raise ValueError(
            f"y has the classes {new[:10]}, and classes_ is {classes}. Pass all "
            "classes in the first call of partial_fit. For a task with other classes, "
            "use sklprune.transfer."
        )


def loss_of(model: Estimator, y: ArrayLike, predictions: Array) -> float:
    """The share of wrong labels, or the mean squared error."""
    targets = np.asarray(y).reshape(np.shape(predictions))
    if is_classifier(model):
        return float(np.mean(targets != predictions))
    return float(np.mean((targets - predictions) ** 2.0))
