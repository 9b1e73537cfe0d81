"""`TransformedTargetRegressor`: the regressor inside is pruned."""

from dataclasses import replace

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LinearRegression

from sklprune._estimators import without
from sklprune._registry import family_of, register_family
from sklprune._typing import Array, Estimator
from sklprune._units import Task
from sklprune.families._base import Family
from sklprune.families._column_links import Mask, with_inputs


class TransformedTargetFamily(Family):
    """`TransformedTargetRegressor`: its regressor is pruned on transformed targets."""

    classes = ("TransformedTargetRegressor",)

    def inside(self, estimator: Estimator, task: Task) -> tuple[Estimator, Task]:
        if task.y is not None:
            y = np.asarray(task.y, dtype=float)
            columns = y.reshape(len(y), -1)
            transformed = estimator.transformer_.transform(columns)
            task = replace(task, y=transformed.reshape(y.shape))
        return estimator.regressor_, task

    def close(self, estimator: Estimator, model: Estimator) -> Estimator:
        whole = without(estimator, ())
        whole.regressor_ = model
        return whole

    def resolve(self, estimator: Estimator) -> Estimator:
        regressor = estimator.regressor_
        best = family_of(regressor).resolve(regressor)
        if best is regressor:
            return estimator
        # a later fit of a clone, for example on fewer columns, needs no search
        return self.close(estimator, best).set_params(regressor=clone(best))

    def core(self, estimator: Estimator) -> Estimator:
        regressor = _regressor(estimator)
        return family_of(regressor).core(regressor)

    def weights_of_fit(
        self, estimator: Estimator, sample_weight: Array
    ) -> dict[str, Array]:
        regressor = _regressor(estimator)
        return family_of(regressor).weights_of_fit(regressor, sample_weight)

    def takes_nan(self, estimator: Estimator) -> bool:
        regressor = _regressor(estimator)
        return family_of(regressor).takes_nan(regressor)

    def linked_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> tuple[Mask, Mask]:
        regressor = estimator.regressor_
        return family_of(regressor).linked_columns(regressor, inputs, outputs)

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        regressor = estimator.regressor_
        smaller = family_of(regressor).on_columns(regressor, inputs, outputs)
        if smaller is regressor:
            return estimator
        return with_inputs(self.close(estimator, smaller), inputs)

    def selects_columns(self, estimator: Estimator) -> bool:
        return family_of(estimator.regressor_).selects_columns(estimator.regressor_)

    def inner_columns(self, estimator: Estimator, inputs: Mask) -> Mask:
        regressor = estimator.regressor_
        return family_of(regressor).inner_columns(regressor, inputs)

    def reasons_to_keep(self, estimator: Estimator, outputs: Mask = None) -> list[str]:
        regressor = estimator.regressor_
        return family_of(regressor).reasons_to_keep(regressor, outputs)

    def counts(self, estimator: Estimator) -> dict[str, float]:
        return family_of(estimator.regressor_).counts(estimator.regressor_)

    def strip(self, estimator: Estimator) -> Estimator:
        regressor = estimator.regressor_
        return self.close(estimator, family_of(regressor).strip(regressor))


def _regressor(estimator: Estimator) -> Estimator:
    """The regressor inside: the fitted one if there is one."""
    regressor = getattr(estimator, "regressor_", estimator.regressor)
    return LinearRegression() if regressor is None else regressor


register_family(TransformedTargetFamily())
