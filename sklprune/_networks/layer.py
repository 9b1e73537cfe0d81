"""`Layer`: the weights and intercepts between two layers of units."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sklprune._typing import Array


class Layer(NamedTuple):
    """One layer: `inputs @ coef + intercept`.

    Parameters
    ----------
    coef : ndarray of shape (n_inputs, n_outputs)
    intercept : ndarray of shape (n_outputs,) or None
        None if the model has no intercept.
    """

    coef: Array
    # not Array | None: whether there is one depends on the model, not on the layer
    intercept: Any

    def forward(self, inputs: Array) -> Array:
        """The outputs before the activation: (n_rows, n_outputs)."""
        outputs = inputs @ self.coef
        return outputs if self.intercept is None else outputs + self.intercept

    def combined(self, function: Callable[..., Array], *others: "Layer") -> "Layer":
        """Apply a function to the weights of layers, and to their intercepts."""
        coef = function(self.coef, *(other.coef for other in others))
        if self.intercept is None:
            return Layer(coef, None)
        intercepts = (other.intercept for other in others)
        return Layer(coef, function(self.intercept, *intercepts))
