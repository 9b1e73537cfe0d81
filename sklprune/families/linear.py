"""Linear models: everything in scikit-learn that predicts from `coef_`."""

import copy

import numpy as np
from scipy import sparse

from sklprune.families._base import without
from sklprune.families._layered import Layer, LayeredFamily

#: written by training, read by nothing that predicts
LEFT_OVERS = (
    "average_coef_",
    "average_intercept_",
    "standard_coef_",
    "standard_intercept_",
    "_average_coef",
    "_average_intercept",
    "_standard_coef",
    "_standard_intercept",
    "coefs_paths_",
    "coef_path_",
    "cv_results_",
    "cv_values_",
    "mse_path_",
    "outliers_",
    "scores_",
)


class LinearFamily(LayeredFamily):
    """Linear classifiers and regressors, SGD and linear SVMs included."""

    classes = (
        "BaseSGDRegressor",
        "LinearClassifierMixin",
        "LinearModel",
        "_GeneralizedLinearRegressor",
    )
    granularities = ("weight",)

    def layers(self, estimator):
        coef = estimator.coef_
        coef = coef.toarray() if sparse.issparse(coef) else np.asarray(coef)
        coef = np.atleast_2d(coef).T
        if not getattr(estimator, "fit_intercept", True):
            return [Layer(coef, None)]
        intercept = np.broadcast_to(estimator.intercept_, coef.shape[1])
        return [Layer(coef, intercept)]

    def with_layers(self, estimator, layers):
        (layer,) = layers
        model = self.strip(estimator)
        old = model.coef_
        coef = np.ascontiguousarray(layer.coef.T.reshape(old.shape), dtype=old.dtype)
        model.coef_ = type(old)(coef) if sparse.issparse(old) else coef
        if layer.intercept is not None:
            shape = np.shape(model.intercept_)
            intercept = np.asarray(layer.intercept, dtype=old.dtype).reshape(shape)
            model.intercept_ = intercept.copy() if shape else intercept.item()
        return model

    def refit_of(self, estimator, granularity):
        # least squares would not keep the signs that positive=True promises
        if granularity == "weight" and getattr(estimator, "positive", False):
            return None
        return super().refit_of(estimator, granularity)

    def strip(self, estimator):
        # partial_fit writes in place: what came in must not be changed through this
        model = without(estimator, LEFT_OVERS)
        for name in ("coef_", "intercept_"):
            if name in model.__dict__:
                setattr(model, name, copy.copy(getattr(model, name)))
        return model
