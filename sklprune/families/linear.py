"""Linear models: everything in scikit-learn that predicts from `coef_`."""

import copy
from dataclasses import replace

import numpy as np
from scipy import sparse
from sklearn.utils.validation import has_fit_parameter

from sklprune._estimators import without
from sklprune._frames import as_matrix
from sklprune.families._backpropagation import Problem
from sklprune.families._layered import Layer, LayeredFamily, labels_of
from sklprune.families._masked_linear_fit import fit_apart, fit_together
from sklprune.families._masked_solvers import solve

#: written by training, read by nothing that predicts
TRAINING_STATE = (
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
        coef = layer.coef.T.reshape(*old.shape[:-1], -1)
        coef = np.ascontiguousarray(coef, dtype=old.dtype)
        model.coef_ = type(old)(coef) if sparse.issparse(old) else coef
        if layer.intercept is not None:
            shape = np.shape(model.intercept_)
            intercept = np.asarray(layer.intercept, dtype=old.dtype).reshape(shape)
            model.intercept_ = intercept.copy() if shape else intercept.item()
        return model

    def narrow_fitted(self, estimator, keep, task):
        # the covariance of all weights, which a standard deviation is predicted from
        return without(super().narrow_fitted(estimator, keep, task), ("sigma_",))

    def refit_of(self, estimator, granularity, labels):
        name = super().refit_of(estimator, granularity, labels)
        # least squares would not keep the signs that positive=True promises
        unsigned = name == "reconstruction" and getattr(estimator, "positive", False)
        return None if unsigned else name

    def capabilities(self, estimator):
        offered = super().capabilities(estimator)
        return offered | {"masked_refit"} if _can_be_refitted(estimator) else offered

    def masked_refit(self, estimator, task, *, max_epochs, learning_rate, alpha):
        """A copy whose weights, but for those at zero, are fitted to the labels.

        By solvers, which know neither epochs nor a learning rate.
        """
        (layer,) = self.layers(estimator)
        support = layer.coef != 0
        if not support.any():
            return estimator
        task = replace(task, y=labels_of(estimator, task.y, every=True))
        if (support == support[:, :1]).all():
            fitted = fit_together(self, estimator, support, task, alpha)
        elif _is_multinomial(estimator):
            fitted = self._solve_multinomial(estimator, layer, task, alpha)
        else:
            fitted = fit_apart(self, estimator, support, task, alpha)
        coef, intercept = fitted
        intercept = None if layer.intercept is None else intercept
        return self.with_layers(estimator, [Layer(coef, intercept)])

    def _solve_multinomial(self, estimator, layer, task, alpha):
        """Multinomial logistic regression, each class on its own columns."""
        weight = self.row_weights(estimator, task)
        weight = np.ones(task.n_samples) if weight is None else weight
        X = as_matrix(task.X).astype(float)
        targets = np.asarray(task.y)[:, None] == estimator.classes_
        problem = Problem(X, targets, weight / weight.mean(), None, "softmax")
        own, l1_ratio = _penalty(estimator)
        share = (own if alpha is None else alpha) / weight.sum()
        return solve(
            Layer(*(None if part is None else part.astype(float) for part in layer)),
            layer.coef != 0,
            problem,
            squared=share * (1 - l1_ratio),
            absolute=share * l1_ratio,
            max_iter=estimator.max_iter,
        )

    def strip(self, estimator):
        # partial_fit writes in place: what came in must not be changed through this
        model = without(estimator, TRAINING_STATE)
        for name in ("coef_", "intercept_"):
            if name in model.__dict__:
                setattr(model, name, copy.copy(getattr(model, name)))
        return model


def _can_be_refitted(estimator):
    """Whether a clone can be fitted on any columns, each class on its own."""
    if type(estimator).__name__.startswith("OrthogonalMatchingPursuit"):
        return False  # it chooses columns itself, and would once more
    if getattr(estimator, "class_weight", None) is None:
        return True
    return has_fit_parameter(estimator, "sample_weight")


def _is_multinomial(estimator):
    """Whether the classes are fitted together, by a softmax."""
    names = {cls.__name__ for cls in type(estimator).__mro__}
    return (
        "LogisticRegression" in names
        and estimator.solver != "liblinear"
        and getattr(estimator, "multi_class", None) != "ovr"
    )


def _penalty(estimator):
    """Strength of the penalty of a logistic regression, and the share of its L1 part.

    A search over them has found both; older versions name the kind of penalty, newer
    ones its L1 part alone.
    """
    strength = np.ravel(getattr(estimator, "C_", getattr(estimator, "C", None)))[0]
    l1_ratio = getattr(estimator, "l1_ratio", None)
    l1_ratio = np.ravel(getattr(estimator, "l1_ratio_", l1_ratio))[0]
    l1_ratio = {"l1": 1.0, "l2": 0.0}.get(estimator.penalty, l1_ratio or 0.0)
    return 0.0 if estimator.penalty is None else 1 / strength, l1_ratio
