"""Activation pruning: remove weights that are small relative to their inputs."""

from typing import Any

import numpy as np

from sklprune._column_scale import column_scales
from sklprune._frames import as_matrix
from sklprune._networks.weight_scores import (
    check_finite,
    check_granularity,
    check_scope,
    comparable,
    ranks,
)
from sklprune._registry import register
from sklprune._typing import Array, Estimator
from sklprune._units import Task, Units
from sklprune.methods._base import Method
from sklprune.methods._weights import WeightMethod

#: what scores are compared within
SCOPES = ("output", "global", "layer", "layer_adaptive")


class Activation(WeightMethod):
    """Remove the weights that contribute least to the output of their unit.

    The score of a weight is its absolute value times the root mean square of its
    input: a column of X, or the output of a hidden unit. For a hidden unit, it is the
    root mean square of its output times the norm of its outgoing weights. No labels are
    needed.

    Parameters
    ----------
    granularity : {"weight", "neuron"}, default="weight"
        What is removed: single weights, or hidden units of an MLP.
    per : {"output", "global", "layer", "layer_adaptive"}, default="output"
        "output" compares only weights with the same output, and removes the same
        fraction for each output. For hidden units, it is the same as "layer". The
        other values are those of :class:`Magnitude`.
    storage : {"dense", "sparse"}, default="dense"
        The form of the weights in the result, as in :class:`Magnitude`.

    References
    ----------
    Sun, Liu, Bair and Kolter, A simple and effective pruning approach for large
    language models, ICLR 2024.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sklprune import prune
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((30,), max_iter=50, random_state=0).fit(X, y)
    >>> small = prune(model, X, y, method="activation", pruning_ratio=0.8,
    ...               random_state=0)
    >>> bool(small.score(X, y) > 0.9)
    True
    """

    needs = ("layers",)
    reason = "it contributes little to its unit"

    def __init__(
        self,
        granularity: str = "weight",
        *,
        per: str = "output",
        storage: str = "dense",
    ) -> None:
        self.granularity = granularity
        self.per = per
        self.storage = storage

    @classmethod
    def variants(cls) -> list[Method]:
        """None: `SecondOrder` orders weights better."""
        return []

    def score(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Array:
        """Scores of all units, (n_units,); see the description of the class."""
        check_granularity("Activation", self.granularity)
        check_scope("Activation", self.per, SCOPES)
        rows = task.to_order()
        inputs: Any = as_matrix(rows.X)
        layers, scores = family.layers(estimator), []
        check_finite("Activation", layers)
        for i, layer in enumerate(layers):
            scale = column_scales(inputs, rows.sample_weight, centred=False)
            contributions = np.abs(layer.coef) * scale[:, None]
            if self.granularity == "weight":
                scores.append(self._of_weights(contributions))
            elif i > 0:
                scores.append(np.linalg.norm(contributions, axis=1))
            if i < len(layers) - 1:
                inputs = family.activate(estimator, layer.forward(inputs))
        per = "layer" if self.per == "output" else self.per
        if self.granularity == "weight" and self.per == "output":
            per = "global"
        return comparable(scores, per)

    def _of_weights(self, contributions: Array) -> Array:
        if self.per != "output":
            return contributions.ravel()
        return np.stack([ranks(each) for each in contributions.T], axis=1).ravel()


register("method", Activation)
