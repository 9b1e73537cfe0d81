"""Gradient pruning: remove the weights or hidden units that hardly change the loss."""

from typing import Any

import numpy as np

from sklprune._networks.curvature import squared
from sklprune._networks.weight_scores import check_granularity, check_scope, comparable
from sklprune._registry import register
from sklprune._typing import Array, Estimator
from sklprune._units import Task, Units
from sklprune.methods._base import Method
from sklprune.methods._weights import WeightMethod


class Gradient(WeightMethod):
    """Remove the weights or hidden units with the smallest first-order effect.

    Let g be the derivative of the loss of one row in a weight w. The score of w is the
    mean over the rows of the square of w g, or of its absolute value. For a hidden
    unit, w is the output of the unit. The mean of g itself is zero at a minimum of the
    loss and orders nothing.

    Parameters
    ----------
    granularity : {"weight", "neuron"}, default="weight"
        What is removed: single weights, or hidden units of an MLP.
    power : {1, 2}, default=2
        Power of the product of a row. With 2, the score estimates the same as
        :class:`SecondOrder` with `curvature="diagonal"`, from labels.
    per : {"global", "layer", "layer_adaptive"}, default="global"
        As in :class:`Magnitude`.
    storage : {"dense", "sparse"}, default="dense"
        The form of the weights in the result, as in :class:`Magnitude`.

    References
    ----------
    Mozer and Smolensky, Skeletonization, NIPS 1988. Molchanov, Tyree, Karras, Aila and
    Kautz, Pruning convolutional neural networks for resource efficient inference, ICLR
    2017.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sklprune import prune
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((30,), max_iter=50, random_state=0).fit(X, y)
    >>> small = prune(model, X, y, method="gradient", pruning_ratio=0.8,
    ...               random_state=0)
    >>> bool(small.score(X, y) > 0.9)
    True
    """

    needs = ("layers", "training_problem")
    needs_labels = True
    reason = "the loss hardly depends on it"

    def __init__(
        self,
        granularity: str = "weight",
        *,
        power: int = 2,
        per: str = "global",
        storage: str = "dense",
    ) -> None:
        self.granularity = granularity
        self.power = power
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
        check_granularity("Gradient", self.granularity)
        check_scope("Gradient", self.per)
        if self.power not in (1, 2):
            raise ValueError(f"Gradient(power={self.power!r}): power must be 1 or 2.")
        rows = task.to_order()
        problem = family.training_problem(estimator, rows, labels=True)
        layers = family.layers(estimator)
        *inputs, outputs = problem.forward(layers)
        delta = problem.predicted(outputs) - problem.targets
        weight = problem.weight / problem.weight.sum()
        scores: list[Any] = []
        for i, error in problem.errors(layers, inputs, delta):
            if self.granularity == "weight":
                error = self._power(error) * weight[:, None]
                sums = np.asarray(self._power(inputs[i]).T @ error, dtype=float)
                scores.append((sums * self._power(layers[i].coef)).ravel())
            elif i > 0:
                effect = inputs[i] * (error @ layers[i].coef.T)
                scores.append(weight @ self._power(effect))
        if not all(np.isfinite(each).all() for each in scores):
            raise ValueError(
                "The gradients of the loss are not finite. Are the weights of "
                f"{type(estimator).__name__} and the values of X finite, and not too "
                "large?"
            )
        return comparable(scores[::-1], self.per)

    def _power(self, values: Any) -> Any:
        return abs(values) if self.power == 1 else squared(values)


register("method", Gradient)
