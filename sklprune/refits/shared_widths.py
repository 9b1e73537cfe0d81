"""Shared widths: networks of many widths in one set of trained weights."""

import numbers
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from sklprune._networks.nested import Widths, in_order, train_nested
from sklprune._networks.training import batch_size
from sklprune._parameters import is_real
from sklprune._registry import register
from sklprune._typing import Array, Estimator
from sklprune._units import Candidate, Task, Units
from sklprune.refits._base import Refit

#: numbers of trained widths for each halving, if none are given
PER_HALVING = 4
#: the smallest width that is trained, as a share of the units, if none are given
SMALLEST = 1 / 16
#: the width of a layer below which no width is trained, if none are given: one unit
#: hardly passes anything on, and its loss would dominate
MIN_UNITS = 2
#: the number of batches, and the least number of epochs, if none is given
N_BATCHES, MIN_EPOCHS = 4000, 20


class SharedWidths(Refit):
    """Train networks of many widths in one set of weights.

    Hidden units are ordered by the method. The network at a pruning ratio consists of
    the first units of each hidden layer of one trained network, and its weights are a
    part of the same arrays. All sizes on the path therefore come from one training, and
    each prefix of the units is a good network.

    In each batch, the gradients of the largest, the smallest and one other width are
    added, as in slimmable networks. The training starts from the unpruned network, and
    has its loss and its penalty. Without y, it is towards the predictions of the
    unpruned network.

    Parameters
    ----------
    widths : sequence of float or None, default=None
        Shares of the units in (0, 1] that are trained, for example
        `(0.5, 0.25, 0.125)`; all units together always are. None is four shares for
        each halving, down to 1/16 or two units in a layer. Other ratios can be
        requested too, and the trained widths do not depend on them. A network that is
        narrower than all of them is poor.
    max_epochs : int or None, default=None
        Number of passes over the rows. None is as many as give 4,000 batches, and at
        least 20. The result is the epoch with the lowest mean loss of five widths.
    learning_rate : float, default=0.005
        Initial learning rate of Adam. It decreases to zero over the epochs.

    Raises
    ------
    ValueError
        In `fit`, if a parameter has another value, or the method removes other units
        than hidden units.

    Warns
    -----
    UserWarning
        If the training diverges. The best weights before that are used.

    Notes
    -----
    At the ratio 0 the model is the unpruned one, as with any refit. The hidden units
    of the others are in the order of their importance, the most important one first.

    References
    ----------
    Yu, Yang, Xu, Yang and Huang, Slimmable neural networks, ICLR 2019. Yu and Huang,
    Universally slimmable networks and improved training techniques, ICCV 2019.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sklprune import prune
    >>> from sklprune.refits import SharedWidths
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((32,), max_iter=50, random_state=0).fit(X / 16, y)
    >>> pruned = prune(model, X / 16, y, refit=SharedWidths(max_epochs=20), seen=False,
    ...                pruning_ratio=[0.5, 0.75], store_path=True, random_state=0)
    >>> wide, narrow = (pruned.path_.at(ratio) for ratio in (0.5, 0.75))
    >>> bool((narrow.coefs_[0] == wide.coefs_[0][:, :8]).all())
    True
    >>> bool(narrow.score(X / 16, y) > 0.9)
    True
    """

    needs = ("layers", "training_problem")
    granularities = ("neuron",)
    prepares = True

    def __init__(
        self,
        widths: Sequence[float] | None = None,
        *,
        max_epochs: int | None = None,
        learning_rate: float = 0.005,
    ) -> None:
        self.widths = widths
        self.max_epochs = max_epochs
        self.learning_rate = learning_rate

    def prepared(self, candidate: Candidate, task: Task) -> Refit:
        """The refit that takes each width from weights that are trained here.

        Parameters
        ----------
        candidate : Candidate
            At any ratio: its scores order the units.
        task : Task
        """
        self._check()
        family, dense, units = candidate.family, candidate.dense, candidate.units
        layers = family.layers(dense)
        sizes = np.cumsum([layer.coef.shape[1] for layer in layers[:-1]])
        parts = np.split(candidate.scores, sizes[:-1])
        # as in `Units.best`: of equal scores, the first unit is kept
        orders = [np.argsort(-part, kind="stable") for part in parts]
        start = [
            layer.combined(lambda values: np.asarray(values, dtype=np.float32))
            for layer in in_order(layers, orders)
        ]
        trained = train_nested(
            start,
            family.training_problem(dense, task, labels=task.y is not None),
            self._sizes(units, candidate.scores, sizes),
            check_random_state(task.random_state),
            max_epochs=self._n_epochs(task.n_samples),
            learning_rate=self.learning_rate,
        )
        position = np.concatenate(
            [order + end - len(order) for order, end in zip(orders, sizes)]
        )
        return _Width(family.with_layers(dense, trained), position)

    def apply(
        self, family: Any, dense: Estimator, units: Units, keep: Array, task: Task
    ) -> Estimator:
        """A smaller copy of the model; without an order, kept units come first."""
        candidate = Candidate(0.0, keep, keep.astype(float), family, dense, units)
        refit = self.prepared(candidate, task)
        return refit.apply(family, dense, units, keep, task)

    def _sizes(self, units: Units, scores: Array, ends: Array) -> list[Widths]:
        """The trained widths of the hidden layers, the largest first."""
        n_halvings = int(-np.log2(SMALLEST))
        levels = np.linspace(0, n_halvings, PER_HALVING * n_halvings + 1)
        shares = 2.0**-levels if self.widths is None else np.asarray(self.widths)
        sizes = []
        for share in sorted({1.0, *shares}, reverse=True):
            parts = np.split(units.best(scores, 1 - share), ends[:-1])
            sizes.append(tuple(int(part.sum()) for part in parts))
        if self.widths is None:
            sizes = [sizes[0], *(each for each in sizes if min(each) >= MIN_UNITS)]
        return list(dict.fromkeys(sizes))

    def _n_epochs(self, n_rows: int) -> int:
        """The number of epochs, by the number of batches if it is not given."""
        if self.max_epochs is not None:
            return self.max_epochs
        n_batches = -(-n_rows // batch_size(n_rows))
        return max(MIN_EPOCHS, -(-N_BATCHES // n_batches))

    def _check(self) -> None:
        """Raise an error for a parameter that has another value than allowed."""
        n, rate = self.max_epochs, self.learning_rate
        whole = isinstance(n, numbers.Integral) and not isinstance(n, bool)
        if n is not None and not (whole and n >= 1):
            raise ValueError(
                f"SharedWidths(max_epochs={n!r}): max_epochs must be None or a "
                "positive whole number."
            )
        if not (is_real(rate) and rate > 0):
            raise ValueError(
                f"SharedWidths(learning_rate={rate!r}): learning_rate must be a "
                "positive number."
            )
        if self.widths is None:
            return
        given = list(self.widths) if np.iterable(self.widths) else []
        if not given or not all(is_real(each) and 0 < each <= 1 for each in given):
            raise ValueError(
                f"SharedWidths(widths={self.widths!r}): widths must be None or a "
                "sequence of numbers above 0 and at most 1, the shares of the units "
                "that are kept."
            )


class _Width(Refit):
    """Takes a part of a network whose units are in the order of their importance.

    Parameters
    ----------
    trained : estimator
    position : ndarray of shape (n_units,), int
        The unit of the unpruned model at each position of the trained one.
    """

    def __init__(self, trained: Estimator, position: Array) -> None:
        self.trained = trained
        self.position = position

    def apply(
        self, family: Any, dense: Estimator, units: Units, keep: Array, task: Task
    ) -> Estimator:
        """The kept units of the trained network."""
        in_order = replace(units, groups=None, fixed=None)
        smaller: Estimator = family.remove(self.trained, in_order, keep[self.position])
        return smaller


register("refit", SharedWidths)
