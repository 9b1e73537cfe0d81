"""`TransformedTargetRegressor`: a lens on its regressor."""

from dataclasses import replace

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LinearRegression

from sklprune._estimators import without
from sklprune._registry import family_of
from sklprune.families._base import Family


class TransformedTargetFamily(Family):
    """The regressor inside is pruned, on targets as it sees them."""

    classes = ("TransformedTargetRegressor",)

    def inside(self, estimator, task):
        if task.y is not None:
            y = np.asarray(task.y, dtype=float)
            columns = y.reshape(len(y), -1)
            transformed = estimator.transformer_.transform(columns)
            task = replace(task, y=transformed.reshape(y.shape))
        return estimator.regressor_, task

    def close(self, estimator, model):
        whole = without(estimator, ())
        whole.regressor_ = model
        return whole

    def resolve(self, estimator):
        regressor = estimator.regressor_
        best = family_of(regressor).resolve(regressor)
        if best is regressor:
            return estimator
        # a clone, fitted on fewer columns say, need not search again
        return self.close(estimator, best).set_params(regressor=clone(best))

    def core(self, estimator):
        regressor = _regressor(estimator)
        return family_of(regressor).core(regressor)

    def weights_of_fit(self, estimator, sample_weight):
        regressor = _regressor(estimator)
        return family_of(regressor).weights_of_fit(regressor, sample_weight)

    def takes_nan(self, estimator):
        regressor = _regressor(estimator)
        return family_of(regressor).takes_nan(regressor)

    def counts(self, estimator):
        return family_of(estimator.regressor_).counts(estimator.regressor_)

    def strip(self, estimator):
        regressor = estimator.regressor_
        return self.close(estimator, family_of(regressor).strip(regressor))


def _regressor(estimator):
    """The regressor inside, fitted where there is one."""
    regressor = getattr(estimator, "regressor_", estimator.regressor)
    return LinearRegression() if regressor is None else regressor
