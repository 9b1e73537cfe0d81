"""Structure search: change the hidden layers of a network while its score rises."""

import math
import numbers
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import (
    GroupShuffleSplit,
    ShuffleSplit,
    StratifiedShuffleSplit,
)
from sklearn.utils import check_random_state

from sklprune._estimators import seeded, unfitted
from sklprune._frames import as_matrix
from sklprune._networks.changes import (
    ADDED,
    IDENTITY_ON_OUTPUTS,
    Network,
    Rows,
    widened,
    with_identity_layer,
    without_layer,
    without_units,
)
from sklprune._progress import tracked
from sklprune._registry import register
from sklprune._scores import raw_score
from sklprune._typing import Array, Estimator
from sklprune._units import Candidate, Task, Units
from sklprune.methods._base import Method

#: the share of rows that score candidates, if the model was fitted on none of them
HELD_OUT = 0.25
#: scores that differ by less, relative to the larger one, are equal
ROUNDING = 1e-12

#: a change of a network: `change(network, rows)`
Change = Callable[[Network, Rows], Network]


class StructureSearch(Method):
    """Change the hidden layers of a network as long as its held-out score rises.

    A step tries these changes of the network: remove units of a hidden layer, or of all
    hidden layers together; add units to a hidden layer; remove a hidden layer; insert
    a hidden layer. Each changed network is trained further on the training rows, and
    scored on rows that are held out. The network with the best score is kept if its
    score is higher than before, or equal with fewer parameters. Otherwise changes of
    half the size are tried, down to single units. Then the search ends. The first step
    also tries to train the network without any change.

    Removed units and layers are replaced by least squares. Added units start without
    outgoing weights, and an inserted layer starts as the identity. Both leave
    predictions equal before the training. Layers are inserted only if the activation
    is "relu" or "identity", since no layer of "tanh" or "logistic" units is the
    identity.

    The score on the held-out rows is never lower at the end than at the start. The
    chosen network is finally trained on all rows; it remains as it was scored if the
    score on the held-out rows would be lower then. If no change is better, the model is
    returned as it was.

    Parameters
    ----------
    step : float, default=0.25
        The share of the units of a layer that one change removes or adds at first.
    max_refits : int, default=40
        Maximum number of trained candidates.
    max_epochs : int, default=20
        Maximum number of passes over the rows in each training.
    learning_rate : float, default=0.01
        Initial learning rate of each training, which falls to zero over the epochs.

    Notes
    -----
    The method determines the size itself: `pruning_ratio` must be "auto", and neither a
    rule nor a refit is used. `path_.frame()` contains the kept networks in order, with
    the change that led to each one, and its score on the held-out rows.
    `pruning_ratio_` is the share of the original hidden units that were removed. Units
    may have been added as well; the report states both.

    A fifth of the rows is held out from a model that is not fitted yet, and a quarter
    of the given rows for a fitted one. If the loss of a fitted model on these rows is
    that of its own training, the search starts from a clone that is fitted without the
    held-out rows. The changes that it finds are then applied to the given model.

    Weights that are zero at the start remain zero.

    References
    ----------
    Chen, Goodfellow and Shlens, Net2Net: accelerating learning via knowledge transfer,
    ICLR 2016. Elsken, Metzen and Hutter, Simple and efficient architecture search for
    convolutional neural networks, 2017 (hill climbing by such changes).

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sklprune import PrunedEstimator
    >>> from sklprune.methods import StructureSearch
    >>> X, y = load_digits(return_X_y=True)
    >>> search = StructureSearch(step=0.5, max_refits=12, max_epochs=10)
    >>> pruned = PrunedEstimator(MLPClassifier((64,), max_iter=30, random_state=0),
    ...                          method=search, random_state=0).fit(X, y)
    >>> len(pruned.estimator_.hidden_layer_sizes) >= 1
    True
    >>> scores = pruned.path_.frame()["score_mean"]
    >>> bool(scores.iloc[-1] >= scores.iloc[0])
    True
    """

    granularity = "neuron"
    needs = ("layers", "structure")
    needs_unseen = True
    needs_labels = True
    needs_scorer = True
    decides = True
    trains = True
    reason = "the network without it has a higher score on held-out rows"

    @classmethod
    def variants(cls) -> list[Method]:
        # it trains dozens of networks
        return []

    def __init__(
        self,
        *,
        step: float = 0.25,
        max_refits: int = 40,
        max_epochs: int = 20,
        learning_rate: float = 0.01,
    ) -> None:
        self.step = step
        self.max_refits = max_refits
        self.max_epochs = max_epochs
        self.learning_rate = learning_rate

    def path(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> "Found":
        self._check()
        train, held_out, known = _split(family, estimator, task)
        start = estimator
        if known and _is_dense(family, estimator):
            start = seeded(unfitted(estimator), task.random_state)
            family.fit(start, train.X, train.y, train.sample_weight, train.groups)
        search = _Search(self, family, start, train, held_out)
        search.run()
        if len(search.steps) == 1:
            return Found(None, None, search.table(units))
        if start is estimator:
            network = search.finished(task)
        else:
            network = search.repeated(estimator, task)
        return Found(
            network,
            family.with_network(estimator, network.layers),
            search.table(units),
        )

    def candidate(
        self,
        path: "Found",
        family: Any,
        estimator: Estimator,
        units: Units,
        task: Task,
        ratio: float | None,
    ) -> Candidate:
        keep = np.ones(units.count, dtype=bool)
        if path.network is not None:
            keep[:] = False
            known = np.concatenate(path.network.units)
            keep[known[known != ADDED]] = True
        return Candidate(
            float((~keep).mean()),
            keep,
            keep.astype(float),
            family,
            estimator,
            units,
            path.model,
            path.table,
        )

    def _check(self) -> None:
        limits: Any = (
            ("step", numbers.Real, 0, 1),
            ("max_refits", numbers.Integral, 0, math.inf),
            ("max_epochs", numbers.Integral, 0, math.inf),
            ("learning_rate", numbers.Real, 0, sys.float_info.max),
        )
        for name, kind, low, high in limits:
            value = getattr(self, name)
            if isinstance(value, kind) and low < value <= high:
                continue
            what = "a positive whole number" if kind is numbers.Integral else "positive"
            what += " and at most 1" if high == 1 else ""
            raise ValueError(
                f"StructureSearch({name}={value!r}): {name} must be {what}."
            )


class Found(NamedTuple):
    """The result of a search.

    Parameters
    ----------
    network, model : Network, estimator, or None
        None if nothing is better than the start.
    table : dict of ndarray
        The kept networks, as `PruningPath` shows them.
    """

    network: Network | None
    model: Estimator | None
    table: dict[str, Array]


class _Step(NamedTuple):
    """A network that was kept, and the change that led to it."""

    network: Network
    score: float
    name: str
    change: Change | None = None


class _Search:
    """The kept networks of one search, and what trains and scores the next ones."""

    def __init__(
        self,
        method: StructureSearch,
        family: Any,
        start: Estimator,
        train: Task,
        held_out: Task,
    ) -> None:
        self.method, self.family, self.model = method, family, start
        self.rows, self.held_out = train, held_out
        self.activation = family.activation(start)
        self.refits = 0
        network = Network.of(family.layers(start))
        self.steps = [_Step(network, self.score(network), "start")]

    def run(self) -> None:
        """Keep the best change until none is better, or the budget is used up.

        If none is better, changes of half the size are tried, down to single units.
        """
        changes: dict[str, Change] = {"train": _unchanged}
        tried: set[str] = set()
        share = self.method.step
        while self.refits < self.method.max_refits:
            last = self.steps[-1]
            changes |= self.changes(last.network, share)
            changes = {k: v for k, v in changes.items() if k not in tried}
            best = self.best(last.network, changes)
            tried |= set(changes)
            changes = {}
            if best is not None and _is_better(best, last):
                self.steps.append(best)
                tried = set()
            elif share * max(last.network.widths) > 1:
                share /= 2
            else:
                return

    def best(self, network: Network, changes: dict[str, Change]) -> _Step | None:
        """The changed network with the best score, the smaller one of two equal."""
        best = None
        left = self.method.max_refits - self.refits
        for name, change in tracked(list(changes.items())[:left], "candidates"):
            changed = self.train(change(network, self.known(self.rows)), self.rows)
            self.refits += 1
            step = _Step(changed, self.score(changed), name, change)
            if np.isfinite(step.score) and (best is None or _is_better(step, best)):
                best = step
        return best

    def changes(self, network: Network, share: float) -> dict[str, Change]:
        """All changes of a network by name; the smaller networks come first.

        `share` is the share of the units of a layer that a change removes or adds.
        """
        smaller: dict[str, Change] = {}
        larger: dict[str, Change] = {}
        widths = network.widths
        counts = [math.ceil(share * width) for width in widths]
        if len(widths) > 1 and max(widths) > 1:
            several = ", ".join(map(str, counts))
            smaller[f"remove {several} units"] = partial(_from_all, counts=counts)
        for i, (width, count) in enumerate(zip(widths, counts)):
            fewer, where = min(count, width - 1), f"of layer {i + 1}"
            if fewer:
                change = partial(_remove, layer=i, count=fewer)
                smaller[f"remove {_counted(fewer)} {where}"] = change
            if len(widths) > 1:
                smaller[f"remove layer {i + 1}"] = partial(_remove_layer, layer=i)
            seed = self.rows.random_state
            shared = {"layer": i, "activation": self.activation}
            larger[f"add {_counted(count)} {where}"] = partial(
                _add, count=count, seed=seed, **shared
            )
            if self.activation in IDENTITY_ON_OUTPUTS:
                larger[f"insert a layer after layer {i + 1}"] = partial(
                    _insert, **shared
                )
        return smaller | larger

    def train(self, network: Network, task: Task) -> Network:
        """A network trained on the rows of a task."""
        layers = self.family.trained_layers(
            self.model,
            network.layers,
            network.masks,
            task,
            max_epochs=self.method.max_epochs,
            learning_rate=self.method.learning_rate,
        )
        return network._replace(layers=layers)

    def finished(self, task: Task) -> Network:
        """The last network trained on all rows, if its score is not lower then."""
        last = self.steps[-1]
        network = self.train(last.network, task)
        return network if self.score(network) >= last.score else last.network

    def repeated(self, model: Estimator, task: Task) -> Network:
        """The kept changes, applied to another model, and trained on all rows."""
        network = Network.of(self.family.layers(model))
        for step in tracked(self.steps[1:], "changes"):
            change: Any = step.change
            network = self.train(change(network, self.known(task)), task)
        return network

    def score(self, network: Network) -> float:
        """The score of a network on the held-out rows."""
        model = self.family.with_network(self.model, network.layers)
        return raw_score(model, self.held_out)

    def known(self, task: Task) -> Rows:
        """The rows of a task, as changes receive them."""
        activate = partial(self.family.activate, self.model)
        return Rows(as_matrix(task.X), task.sample_weight, activate)

    def table(self, units: Units) -> dict[str, Array]:
        """The kept networks, as columns of `path_.frame()`."""
        networks = [step.network for step in self.steps]
        scores = np.array([step.score for step in self.steps])
        kept = [np.count_nonzero(np.concatenate(n.units) != ADDED) for n in networks]
        layers = [[a for layer in n.layers for a in layer] for n in networks]
        sizes = [[array.size for array in each] for each in layers]
        nonzero = [[np.count_nonzero(array) for array in each] for each in layers]
        return {
            "ratio": 1 - np.array(kept) / units.count,
            "units": np.array([float(sum(n.widths)) for n in networks]),
            "parameters": np.array([float(sum(each)) for each in sizes]),
            "nonzero": np.array([float(sum(each)) for each in nonzero]),
            "score_mean": scores,
            "score_se": np.full(len(scores), np.nan),
            "difference_mean": scores - scores[0],
            "difference_se": np.full(len(scores), np.nan),
            "scores": scores[:, None],
            "change": np.array([step.name for step in self.steps], dtype=object),
            "hidden_layers": np.array(
                ["-".join(map(str, n.widths)) for n in networks], dtype=object
            ),
        }


def _is_better(one: _Step, other: _Step) -> bool:
    """Whether a score is higher, or equal with fewer parameters."""
    close = ROUNDING * max(abs(one.score), abs(other.score))
    if abs(one.score - other.score) > close:
        return one.score > other.score
    return one.network.n_parameters < other.network.n_parameters


def _counted(count: int) -> str:
    return f"{count} unit{'s' * (count != 1)}"


def _unchanged(network: Network, rows: Rows) -> Network:
    return network


def _remove(network: Network, rows: Rows, *, layer: int, count: int) -> Network:
    return without_units(network, layer, count, rows)


def _from_all(network: Network, rows: Rows, *, counts: list[int]) -> Network:
    for layer, count in enumerate(counts):
        network = without_units(network, layer, count, rows)
    return network


def _remove_layer(network: Network, rows: Rows, *, layer: int) -> Network:
    return without_layer(network, layer, rows)


def _add(
    network: Network,
    rows: Rows,
    *,
    layer: int,
    count: int,
    activation: str,
    seed: int | None,
) -> Network:
    rng = check_random_state(seed)
    return widened(network, layer, count, activation, rng)


def _insert(network: Network, rows: Rows, *, layer: int, activation: str) -> Network:
    return with_identity_layer(network, layer, activation)


def _is_dense(family: Any, estimator: Estimator) -> bool:
    """Whether no weight of a network is zero, so that a clone has all its weights."""
    return all(layer.coef.all() for layer in family.layers(estimator))


def _split(family: Any, estimator: Estimator, task: Task) -> tuple[Task, Task, bool]:
    """The rows to train on, the rows that score, and whether all are those of the fit.

    Rows that were held out from the fit of the model score.
    """
    n_rows = task.n_samples
    if task.unseen is not None and len(task.unseen) < n_rows:
        seen = np.setdiff1d(np.arange(n_rows), task.unseen)
        return task.take(seen), task.take(task.unseen), False
    known = family.rows_agree(estimator, task.X, task.y, task.sample_weight) is True
    labels = np.asarray(task.y)
    settings: dict[str, Any] = {"test_size": HELD_OUT, "n_splits": 1}
    settings["random_state"] = task.random_state
    splitter: Any = ShuffleSplit(**settings)
    if task.groups is not None:
        splitter = GroupShuffleSplit(**settings)
    elif is_classifier(estimator) and labels.ndim == 1 and _can_stratify(labels):
        splitter = StratifiedShuffleSplit(**settings)
    first, second = next(splitter.split(np.zeros(n_rows), labels, task.groups))
    return task.take(first), task.take(second), known


def _can_stratify(labels: Array) -> bool:
    """Whether both parts can have rows of every class."""
    counts = np.unique(labels, return_counts=True)[1]
    return bool(counts.min() > 1 and len(counts) <= HELD_OUT * len(labels))


register("method", StructureSearch)
