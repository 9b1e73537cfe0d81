"""`Layer`: the weights and intercepts between two layers of units."""

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
