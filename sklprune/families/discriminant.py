"""Linear discriminant analysis: columns are pruned by a refit, as for any model.

Its predictions are those of a linear model. Its `transform` reads other arrays, so that
no weights are pruned.
"""

from typing import Any

import numpy as np

from sklprune._estimators import without
from sklprune._registry import register_family
from sklprune._typing import Estimator
from sklprune.families._base import Family
from sklprune.families._layered import Layer
from sklprune.families._permuted_outputs import PermutedLinear


class DiscriminantFamily(PermutedLinear, Family):
    """`LinearDiscriminantAnalysis`."""

    classes = ("LinearDiscriminantAnalysis",)
    # a subclass of another package may predict in another way
    exact = True

    def layers(self, estimator: Estimator) -> list[Layer]:
        """The linear model that predicts, as one layer."""
        return [Layer(estimator.coef_.T, estimator.intercept_)]

    def with_layers(self, estimator: Estimator, layers: list[Layer]) -> Any:
        """A copy that predicts by other weights."""
        (layer,) = layers
        model = without(estimator, ())
        model.coef_, model.intercept_ = layer.coef.T, np.asarray(layer.intercept)
        return model


register_family(DiscriminantFamily())
