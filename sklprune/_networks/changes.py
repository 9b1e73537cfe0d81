"""Changes of a network: hidden units are removed or added, and whole hidden layers.

Each function returns another network and changes no array in place. Units that are
added have no outgoing weights, and a layer that is inserted starts as the identity:
neither changes a prediction. Removed units are replaced by least squares.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import linalg

from sklprune._networks.elimination import covariance, relative_errors
from sklprune._typing import Array

#: the unit that an added unit comes from
ADDED = -1
#: activations that are the identity where their inputs are outputs of the same layer
IDENTITY_ON_OUTPUTS = ("identity", "relu")
#: L2 penalty of least squares, on standardized inputs
ALPHA = 1e-4


class Network(NamedTuple):
    """The layers of a network, and what is known about their weights and units.

    Parameters
    ----------
    layers : list of Layer
        They have the fields `coef`, `intercept` and the method `forward`.
    masks : list of ndarray of bool
        For each layer, the weights that may differ from zero.
    units : list of ndarray of int
        For each hidden layer, the unit of the unpruned network that each unit was;
        `ADDED` for units that were added. Units are numbered over all layers.
    """

    layers: list[Any]
    masks: list[Array]
    units: list[Array]

    @classmethod
    def of(cls, layers: Sequence[Any]) -> "Network":
        """The network of an unpruned model; weights that are zero are removed."""
        widths = [layer.coef.shape[1] for layer in layers[:-1]]
        units = np.split(np.arange(sum(widths)), np.cumsum(widths)[:-1])
        masks = [layer.coef != 0 for layer in layers]
        return cls(list(layers), masks, list(units) if widths else [])

    @property
    def widths(self) -> list[int]:
        """The number of units of each hidden layer."""
        return [len(units) for units in self.units]

    @property
    def n_parameters(self) -> int:
        """The number of weights that may differ from zero, and of intercepts."""
        weights = sum(int(mask.sum()) for mask in self.masks)
        return weights + sum(layer.intercept.size for layer in self.layers)


class Rows(NamedTuple):
    """The rows on which a network is changed.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_rows, n_features)
    weight : ndarray of shape (n_rows,) or None
    activate : callable
        The activation of the hidden layers.
    """

    X: Any
    weight: Array | None
    activate: Callable[[Array], Array]

    def through(self, network: Network, n_layers: int) -> Any:
        """The outputs of the first layers, activated; X for no layer."""
        outputs = self.X
        for layer in network.layers[:n_layers]:
            outputs = self.activate(layer.forward(outputs))
        return outputs


def without_units(network: Network, layer: int, n_units: int, rows: Rows) -> Network:
    """Remove the units of a hidden layer that its other units replace best.

    Parameters
    ----------
    network : Network
    layer : int
        The hidden layer.
    n_units : int
        How many units are removed; at least one is kept.
    rows : Rows
    """
    outputs = rows.through(network, layer + 1)
    after = network.layers[layer + 1]
    errors = relative_errors(covariance(outputs, rows.weight), after.coef, ALPHA)
    # the first units to be eliminated have the smallest errors
    order = np.lexsort((-np.arange(len(errors)), errors))
    keep = np.ones(len(errors), dtype=bool)
    keep[order[: min(n_units, len(errors) - 1)]] = False
    return with_kept_units(network, layer, keep, outputs, rows.weight)


def with_kept_units(
    network: Network, layer: int, keep: Array, outputs: Array, weight: Array | None
) -> Network:
    """Keep some units of a hidden layer, and let them replace the others.

    Parameters
    ----------
    network : Network
    layer : int
        The hidden layer.
    keep : ndarray of shape (n_units,), bool
    outputs : ndarray of shape (n_rows, n_units)
        Activated outputs of all units of the layer.
    weight : ndarray of shape (n_rows,) or None
    """
    here, after = network.layers[layer : layer + 2]
    mask = network.masks[layer + 1][keep]
    targets = outputs @ after.coef
    if mask.all():
        coef, shift = least_squares(outputs[:, keep], targets, after.coef[keep], weight)
    else:
        # removed weights remain zero: only the means of the units are replaced
        coef = after.coef[keep]
        shift = np.average(targets - outputs[:, keep] @ coef, axis=0, weights=weight)
    layers, masks, units = _copied(network)
    layers[layer] = here._replace(
        coef=here.coef[:, keep], intercept=here.intercept[keep]
    )
    layers[layer + 1] = after._replace(coef=coef, intercept=after.intercept + shift)
    masks[layer : layer + 2] = [masks[layer][:, keep], mask]
    units[layer] = units[layer][keep]
    return Network(layers, masks, units)


def widened(
    network: Network,
    layer: int,
    n_units: int,
    activation: str,
    rng: np.random.RandomState,
) -> Network:
    """Add units to a hidden layer without changing a prediction.

    The incoming weights are drawn as in a new network, from the inputs that some unit
    of the layer reads. The outgoing weights are zero, and their gradients are not.
    Predictions are therefore equal for every activation, up to the order of sums.

    Parameters
    ----------
    network : Network
    layer : int
    n_units : int
    activation : {"identity", "logistic", "relu", "tanh"}
    rng : RandomState
    """
    here, after = network.layers[layer : layer + 2]
    n_inputs, width = here.coef.shape
    factor = 2.0 if activation == "logistic" else 6.0
    bound = np.sqrt(factor / (n_inputs + width + n_units))
    read = np.any(network.masks[layer], axis=1, keepdims=True)
    coef = rng.uniform(-bound, bound, (n_inputs, n_units)) * read
    intercept = rng.uniform(-bound, bound, n_units)
    dtype = here.coef.dtype
    layers, masks, units = _copied(network)
    layers[layer] = here._replace(
        coef=np.hstack([here.coef, coef.astype(dtype)]),
        intercept=np.append(here.intercept, intercept.astype(dtype)),
    )
    zeros = np.zeros((n_units, after.coef.shape[1]), dtype)
    layers[layer + 1] = after._replace(coef=np.vstack([after.coef, zeros]))
    new = np.repeat(read, n_units, axis=1)
    masks[layer] = np.hstack([masks[layer], new])
    masks[layer + 1] = np.vstack([masks[layer + 1], np.ones(zeros.shape, bool)])
    units[layer] = np.append(units[layer], np.full(n_units, ADDED))
    return Network(layers, masks, units)


def with_identity_layer(network: Network, layer: int, activation: str) -> Network:
    """Insert a hidden layer after another one, which starts as the identity.

    Predictions do not change if the activation is the identity, or relu: the outputs
    of the layer before are not negative. No layer of tanh or logistic units is the
    identity, and these activations are refused.

    Parameters
    ----------
    network : Network
    layer : int
        The hidden layer after which the new one is inserted.
    activation : {"identity", "relu"}

    Raises
    ------
    ValueError
        If the activation is another one.
    """
    if activation not in IDENTITY_ON_OUTPUTS:
        raise ValueError(
            f"activation={activation!r}: no layer with this activation is the "
            f"identity. It must be one of {', '.join(IDENTITY_ON_OUTPUTS)}."
        )
    here = network.layers[layer]
    width, dtype = here.coef.shape[1], here.coef.dtype
    identity = here._replace(coef=np.eye(width, dtype=dtype), intercept=None)
    identity = identity._replace(intercept=np.zeros(width, dtype))
    layers, masks, units = _copied(network)
    layers.insert(layer + 1, identity)
    masks.insert(layer + 1, np.ones((width, width), dtype=bool))
    units.insert(layer + 1, np.full(width, ADDED))
    return Network(layers, masks, units)


def without_layer(network: Network, layer: int, rows: Rows) -> Network:
    """Remove a hidden layer; the inputs of the layer feed the next one directly.

    The weights are those of least squares. They reproduce the inputs of the next
    layer, before its activation, as well as a linear map can.

    Parameters
    ----------
    network : Network
        With at least one hidden layer.
    layer : int
    rows : Rows
    """
    inputs = rows.through(network, layer)
    here, after = network.layers[layer : layer + 2]
    targets = after.forward(rows.activate(here.forward(inputs)))
    prior = np.zeros((here.coef.shape[0], after.coef.shape[1]), here.coef.dtype)
    coef, intercept = least_squares(inputs, targets, prior, rows.weight)
    # an input that no unit has read is not read either
    read = np.any(network.masks[layer], axis=1, keepdims=True)
    mask = np.repeat(read, prior.shape[1], axis=1)
    layers, masks, units = _copied(network)
    layers[layer : layer + 2] = [
        after._replace(coef=coef * mask, intercept=intercept.astype(prior.dtype))
    ]
    masks[layer : layer + 2] = [mask]
    del units[layer]
    return Network(layers, masks, units)


def least_squares(
    inputs: Any,
    targets: Array,
    prior: Array,
    weight: Array | None = None,
    alpha: float = ALPHA,
) -> tuple[Array, Array]:
    """Weights and intercept that reproduce targets from inputs.

    The minimised function is the mean squared error plus alpha times the squared change
    of the weights from a prior, on standardized inputs.

    Parameters
    ----------
    inputs : ndarray or sparse matrix of shape (n_rows, n_inputs)
    targets : ndarray of shape (n_rows, n_outputs)
    prior : ndarray of shape (n_inputs, n_outputs)
    weight : ndarray of shape (n_rows,) or None, default=None
    alpha : float

    Returns
    -------
    coef : ndarray of shape (n_inputs, n_outputs)
        Of the dtype of the prior.
    intercept : ndarray of shape (n_outputs,)
    """
    share = np.ones(len(targets)) if weight is None else np.asarray(weight, float)
    share = share / share.sum()
    residuals = np.asarray(targets - inputs @ prior, dtype=float)
    means, mean = inputs.T @ share, share @ residuals
    weighted = residuals * share[:, None]
    if hasattr(inputs, "toarray"):
        gram = (inputs.T @ inputs.multiply(share[:, None])).toarray()
    else:
        gram = inputs.T.astype(float) @ (inputs * share[:, None])
    gram = gram - np.outer(means, means)
    variance = np.maximum(np.diag(gram), 0)
    # an input that is constant gets no weight: the intercept replaces it
    variance = np.where(variance > 1e-12 * variance.max(initial=0), variance, np.inf)
    varies = np.isfinite(variance)
    scale = np.sqrt(variance[varies])
    gram = gram[np.ix_(varies, varies)] / np.outer(scale, scale)
    moments = (inputs.T @ weighted - np.outer(means, mean))[varies] / scale[:, None]
    change = np.zeros(prior.shape)
    if varies.any():
        gram += alpha * np.eye(len(gram))
        change[varies] = linalg.solve(gram, moments, assume_a="pos") / scale[:, None]
    intercept = mean - means @ change
    return (prior + change).astype(prior.dtype), intercept


def _copied(network: Network) -> tuple[list[Any], list[Array], list[Array]]:
    return list(network.layers), list(network.masks), list(network.units)
