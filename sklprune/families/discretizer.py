"""`KBinsDiscretizer` and `SplineTransformer`: several outputs for each input."""

from typing import Any

import numpy as np

from sklprune._registry import family_of, register_family
from sklprune._typing import Array, Estimator
from sklprune.families._base import Family
from sklprune.families._column_links import (
    Mask,
    all_of,
    is_all,
    slice_attributes,
    with_inputs,
)


class ExpandingFamily(Family):
    """Base of the two families: an input can be lost with all of its outputs."""

    exact = True

    def widths(self, estimator: Estimator) -> Array:
        """The number of outputs of each input."""
        raise NotImplementedError

    def linked_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> tuple[Mask, Mask]:
        column = np.repeat(np.arange(estimator.n_features_in_), self.widths(estimator))
        if inputs is None or outputs is None or len(column) != len(outputs):
            return all_of(inputs), all_of(outputs)
        inputs = inputs.copy()
        inputs[column[outputs]] = True
        return inputs, inputs[column]

    def sources(self, estimator: Estimator, inputs: Array) -> Array | None:
        return np.repeat(inputs, self.widths(estimator))

    def why_linked(self, estimator: Estimator) -> str:
        return "makes all of its outputs from each column"


class DiscretizerFamily(ExpandingFamily):
    """`KBinsDiscretizer`: an output for each bin, or one for each input."""

    classes = ("KBinsDiscretizer",)

    def widths(self, estimator: Estimator) -> Array:
        n_bins = np.asarray(estimator.n_bins_)
        return np.ones_like(n_bins) if estimator.encode == "ordinal" else n_bins

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        if inputs is None or is_all(inputs):
            return estimator
        smaller = with_inputs(estimator, inputs)
        smaller.bin_edges_ = estimator.bin_edges_[inputs]
        slice_attributes(smaller, "n_bins n_bins_", inputs)
        encoder: Any = getattr(estimator, "_encoder", None)
        if encoder is not None:
            kept = np.repeat(inputs, self.widths(estimator))
            smaller._encoder = family_of(encoder).on_columns(encoder, inputs, kept)
        return smaller


class SplineFamily(ExpandingFamily):
    """`SplineTransformer`: the same number of splines for each input."""

    classes = ("SplineTransformer",)

    def widths(self, estimator: Estimator) -> Array:
        n_inputs = estimator.n_features_in_
        return np.full(n_inputs, estimator.n_features_out_ // n_inputs)

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        if inputs is None or is_all(inputs):
            return estimator
        smaller = with_inputs(estimator, inputs)
        kept = zip(estimator.bsplines_, inputs)
        smaller.bsplines_ = [spline for spline, keep in kept if keep]
        smaller.n_features_out_ = int(self.widths(estimator)[inputs].sum())
        return smaller


register_family(DiscretizerFamily())
register_family(SplineFamily())
