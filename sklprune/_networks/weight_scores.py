"""Scores of weights and hidden units that are comparable between layers."""

from collections.abc import Sequence

import numpy as np

from sklprune._networks.layer import Layer
from sklprune._typing import Array

#: what scores are compared within
SCOPES = ("global", "layer", "layer_adaptive")


def check_scope(method: str, per: object, allowed: Sequence[str] = SCOPES) -> None:
    """Raise an error for a parameter `per` that is not allowed."""
    if per not in allowed:
        names = ", ".join(repr(name) for name in allowed[:-1])
        raise ValueError(
            f"{method}(per={per!r}): per must be {names} or {allowed[-1]!r}."
        )


def check_granularity(method: str, granularity: object) -> None:
    """Raise an error for units that are neither weights nor hidden units."""
    if granularity not in ("weight", "neuron"):
        raise ValueError(
            f"{method}(granularity={granularity!r}): granularity must be 'weight' or "
            "'neuron'."
        )


def check_finite(method: str, layers: Sequence[Layer]) -> None:
    """Raise an error for weights or intercepts that are not finite."""
    for i, layer in enumerate(layers):
        intercept = 0.0 if layer.intercept is None else layer.intercept
        if not (np.isfinite(layer.coef).all() and np.isfinite(intercept).all()):
            raise ValueError(
                f"Layer {i + 1} has weights that are not finite. {method} needs "
                "finite weights."
            )


def comparable(scores: Sequence[Array], per: str) -> Array:
    """Scores of all layers, (n_units,), so that one threshold suits them all.

    Parameters
    ----------
    scores : list of ndarray of shape (n_units_of_layer,)
        Not negative.
    per : {"global", "layer", "layer_adaptive"}
        "global" keeps the scores. "layer" replaces them by ranks within the layer, and
        "layer_adaptive" by the share of their square among the squares that are not
        smaller.
    """
    if per == "layer":
        return np.concatenate([ranks(each) for each in scores])
    if per == "layer_adaptive":
        return np.concatenate([adapted(each) for each in scores])
    return np.concatenate(scores)


def ranks(scores: Array) -> Array:
    """Ranks in (0, 1]: any threshold is above the same fraction of each layer."""
    order = np.lexsort((-np.arange(len(scores)), scores))
    found = np.empty(len(scores))
    found[order] = np.arange(1, len(scores) + 1) / len(scores)
    return found


def adapted(scores: Array) -> Array:
    """Squares, each divided by the sum of those that are at least as large.

    The largest score of a layer becomes 1, so that no layer is emptied before others.
    """
    order = np.lexsort((np.arange(len(scores)), -scores))
    squares = scores[order].astype(float) ** 2
    total = np.cumsum(squares)
    found = np.zeros(len(scores))
    found[order] = np.divide(squares, total, out=np.zeros_like(total), where=total > 0)
    return found
