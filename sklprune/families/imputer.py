"""`SimpleImputer`: a value for each column, and indicators of missing values."""

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
            indicator = with_inputs(estimator.indicator_, inputs)
            indicator.features_ = (np.cumsum(inputs) - 1)[kept]
            indicator._n_features = int(inputs.sum())
            smaller.indicator_ = indicator
        return smaller

    def why_linked(self, estimator: Estimator) -> str:
        return "gives a value for each column whose indicator is read"


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
