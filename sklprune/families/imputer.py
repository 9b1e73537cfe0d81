"""`SimpleImputer` and `MissingIndicator`: values, and indicators of missing ones."""

import numpy as np

from sklprune._registry import register_family
from sklprune._typing import Array, Estimator
from sklprune.families._base import Family
from sklprune.families._column_links import (
    Mask,
    all_of,
    is_all,
    slice_attributes,
    with_inputs,
)


class ImputerFamily(Family):
    """`SimpleImputer`: each output comes from one input.

    With `add_indicator=True`, an input has a second output where values were missing in
    the fit. An indicator can be lost alone, and an input only with both outputs.
    """

    classes = ("SimpleImputer",)
    exact = True

    def linked_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> tuple[Mask, Mask]:
        value, flag = _sources(estimator)
        if inputs is None or outputs is None or len(value) + len(flag) != len(outputs):
            return all_of(inputs), all_of(outputs)
        inputs = inputs.copy()
        inputs[np.concatenate([value, flag])[outputs]] = True
        return inputs, np.append(inputs[value], outputs[len(value) :])

    def sources(self, estimator: Estimator, inputs: Array) -> Array | None:
        return inputs[np.concatenate(_sources(estimator))]

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        if inputs is None or outputs is None or (is_all(inputs) and is_all(outputs)):
            return estimator
        value, flag = _sources(estimator)
        smaller = with_inputs(estimator, inputs)
        slice_attributes(smaller, "statistics_", inputs)
        if estimator.indicator_ is not None:
            kept = flag[outputs[len(value) :]]
            smaller.indicator_ = _indicator_on(estimator.indicator_, inputs, kept)
        return smaller

    def why_linked(self, estimator: Estimator) -> str:
        return "gives a value for each column whose indicator is read"


class IndicatorFamily(Family):
    """`MissingIndicator`: an output for each input, or for those with missing values.

    Each output can be lost alone.
    """

    classes = ("MissingIndicator",)
    exact = True

    def linked_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> tuple[Mask, Mask]:
        flag = np.asarray(estimator.features_, dtype=int)
        if inputs is None or outputs is None or len(flag) != len(outputs):
            return all_of(inputs), all_of(outputs)
        inputs = inputs.copy()
        inputs[flag[outputs]] = True
        return inputs, outputs

    def sources(self, estimator: Estimator, inputs: Array) -> Array | None:
        return inputs[np.asarray(estimator.features_, dtype=int)]

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        if inputs is None or outputs is None or (is_all(inputs) and is_all(outputs)):
            return estimator
        return _indicator_on(estimator, inputs, estimator.features_[outputs])


def _indicator_on(indicator: Estimator, inputs: Array, kept: Array) -> Estimator:
    """A copy of an indicator for some inputs, with outputs for some of these."""
    smaller = with_inputs(indicator, inputs)
    smaller.features_ = (np.cumsum(inputs) - 1)[kept]
    smaller._n_features = int(inputs.sum())
    return smaller


def _sources(estimator: Estimator) -> tuple[Array, Array]:
    """The input of each output: of the values, and of the indicators after them."""
    statistics = np.asarray(estimator.statistics_)
    empty = np.array([value != value for value in statistics.tolist()], dtype=bool)
    if estimator.keep_empty_features:
        empty[:] = False
    indicator = estimator.indicator_
    flag = np.array([], dtype=int) if indicator is None else indicator.features_
    return np.flatnonzero(~empty), np.asarray(flag, dtype=int)


register_family(ImputerFamily())
register_family(IndicatorFamily())
