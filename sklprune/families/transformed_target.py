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
