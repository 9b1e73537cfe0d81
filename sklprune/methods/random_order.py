"""Random order: the control that other methods are compared with."""

from typing import Any

from sklearn.utils import check_random_state

from sklprune._registry import register
from sklprune._typing import Array, Estimator
from sklprune._units import Task, Units
from sklprune.methods._base import Method


class RandomOrder(Method):
    """Remove units in random order, as a control for other methods.

    The seed is the `random_state` of the pruning.

    Parameters
    ----------
    granularity : str, default="weight"
        What is removed: "weight", "neuron", "leaf", "member" or "feature", as far as
        the model has such units and can lose them one by one.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklprune import prune
    >>> X, y = load_digits(return_X_y=True)
    >>> model = RidgeClassifier().fit(X, y)
    >>> control, small = (
    ...     prune(model, X, y, method=method, pruning_ratio=0.7, random_state=0)
    ...     for method in ("random_order", "magnitude")
    ... )
    >>> bool(control.score(X, y) < small.score(X, y))
    True
    """

    reason = "it was drawn at random"

    def __init__(self, granularity: str = "weight") -> None:
        self.granularity = granularity

    @classmethod
    def variants(cls) -> list[Method]:
        """None: a control is no alternative."""
        return []

    def score(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Array:
        """Random numbers, (n_units,)."""
        drawn: Array = check_random_state(task.random_state).permutation(units.count)
        return drawn


register("method", RandomOrder)
