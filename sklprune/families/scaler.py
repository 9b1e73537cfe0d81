"""Transformers that change each column apart, such as `StandardScaler`."""

from typing import Any

import numpy as np

from sklprune._codebook import significant
from sklprune._estimators import without
from sklprune._registry import family_of, register_family
from sklprune._typing import Array, Estimator
from sklprune.families._base import Family
from sklprune.families._column_links import (
    Mask,
    all_of,
    is_all,
    one_to_one,
    slice_attributes,
    with_inputs,
)

#: attributes of each class that have an entry for each column
PER_COLUMN = {
    "MaxAbsScaler": "max_abs_ scale_",
    "MinMaxScaler": "data_max_ data_min_ data_range_ min_ scale_",
    "PowerTransformer": "lambdas_",
    "QuantileTransformer": "quantiles_",
    "RobustScaler": "center_ scale_",
    "StandardScaler": "mean_ n_samples_seen_ scale_ var_",
}

#: attribute that is subtracted by a scaler with the attribute `scale_`
CENTRES = {"RobustScaler": "center_", "StandardScaler": "mean_"}


class ScalerFamily(Family):
    """Scalers, and other transformers with one output for each input."""

    classes = (*PER_COLUMN, "Binarizer", "FunctionTransformer")
    exact = True

    def linked_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> tuple[Mask, Mask]:
        if not _is_elementwise(estimator):
            return all_of(inputs), all_of(outputs)
        return one_to_one(inputs, outputs)

    def may_act_apart(self, estimator: Estimator) -> bool:
        return _is_elementwise(estimator)

    def sources(self, estimator: Estimator, inputs: Array) -> Array | None:
        return inputs if _is_elementwise(estimator) else None

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        if inputs is None or is_all(inputs):
            return estimator
        smaller = with_inputs(estimator, inputs)
        for name in self.classes:
            if any(cls.__name__ == name for cls in type(estimator).__mro__):
                slice_attributes(smaller, PER_COLUMN.get(name, ""), inputs)
        # of PowerTransformer(standardize=True)
        inner = getattr(estimator, "_scaler", None)
        if inner is not None:
            smaller._scaler = family_of(inner).on_columns(inner, inputs, inputs)
        return smaller

    def with_short_numbers(self, estimator: Estimator, n_bits: int) -> Estimator:
        centre = CENTRES.get(type(estimator).__name__)
        if centre is None or estimator.scale_ is None:
            return estimator
        shorter = without(estimator, ())
        scale = estimator.scale_
        shorter.scale_ = significant(scale, n_bits)
        mean = getattr(estimator, centre, None)
        if mean is not None:
            step = np.exp2(np.floor(np.log2(scale)) - n_bits).astype(scale.dtype)
            setattr(shorter, centre, np.round(mean / step) * step)
        variance = getattr(estimator, "var_", None)
        if variance is not None:
            # a constant column has a scale of one
            follows = np.sqrt(variance) == scale
            shorter.var_ = np.where(follows, shorter.scale_**2, variance)
        return shorter


def _is_elementwise(estimator: Estimator) -> bool:
    """Whether each output depends on the input of the same position alone.

    The user states it of a function by `feature_names_out="one-to-one"`. It need not be
    true, and is checked on some rows.
    """
    if not hasattr(estimator, "func") or estimator.feature_names_out == "one-to-one":
        return True
    function: Any = estimator.func
    return (function is None or isinstance(function, np.ufunc)) and not (
        estimator.kw_args
    )


register_family(ScalerFamily())
