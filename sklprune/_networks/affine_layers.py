"""Removes hidden layers that are an affine map on the rows."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sklprune._networks.layer import Layer
from sklprune._typing import Array

#: an output whose range is a smaller fraction of its size is constant
CONSTANT = 1e-9
#: a ReLU whose smallest output on the rows is at least this multiple of their range is
#: taken as positive on unseen rows too
MARGIN = 0.5


def without_affine_layers(
    layers: Sequence[Layer],
    inputs: Any,
    activation: str,
    activate: Callable[[Array], Array],
) -> list[Layer]:
    """The same network without the hidden layers that are an affine map on the rows.

    Such a layer and the next one together are one affine map. A unit is affine if the
    activation is the identity, or if a ReLU is positive on all rows by a margin. A unit
    with the same output on all rows, such as a dead one, is a constant. A layer of
    other units is kept, and so is one whose removal would add parameters. The last
    hidden layer that remains is kept, so that the model is still a network.

    Parameters
    ----------
    layers : list of Layer
    inputs : ndarray or sparse matrix of shape (n_rows, n_features)
    activation : {"identity", "logistic", "relu", "tanh"}
        The name of the activation of the hidden layers.
    activate : callable
        The activation.

    Returns
    -------
    list of Layer
        With the same outputs on the rows, up to rounding.
    """
    kept: list[Layer] = []
    here, n_hidden = layers[0], len(layers) - 1
    for after in layers[1:]:
        activated = activate(here.forward(inputs))
        merged = _merged(here, after, activated, activation)
        if merged is None or n_hidden == 1:
            kept.append(here)
            inputs, here = activated, after
        else:
            here, n_hidden = merged, n_hidden - 1
    return [*kept, here]


def _merged(
    here: Layer, after: Layer, activated: Array, activation: str
) -> Layer | None:
    """Two layers as one, or None if that is not possible or not smaller."""
    low, high = activated.min(axis=0), activated.max(axis=0)
    constant = high - low <= CONSTANT * np.abs(high)
    affine = np.full(constant.shape, activation == "identity")
    if activation == "relu":
        affine |= (low > 0) & (low >= MARGIN * (high - low))
    constant &= ~affine
    if not (affine | constant).all():
        return None
    coef = here.coef[:, affine] @ after.coef[affine]
    intercept = after.intercept + here.intercept[affine] @ after.coef[affine]
    intercept = intercept + high[constant] @ after.coef[constant]
    merged = Layer(coef, intercept)
    before = _n_parameters(here) + _n_parameters(after)
    return merged if _n_parameters(merged) <= before else None


def _n_parameters(layer: Layer) -> int:
    return int(np.count_nonzero(layer.coef)) + layer.intercept.size
