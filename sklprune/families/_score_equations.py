"""The score equations of linear models: residuals, and the derivative of the penalty.

At the solution of a generalised linear model the derivative of the loss by each
coefficient is that of the penalty. `score_equations_hold` examines whether that is so
on some rows, which are then the rows of the fit.
"""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier

from sklprune._frames import as_matrix
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune.families._recognition import (
    MAX_EQUATIONS,
    MIN_RESIDUAL,
    equations_hold,
)

#: regressors that centre X and y, so that the residuals sum to zero exactly
CENTRING = (
    "LinearRegression",
    "_BaseRidge",
    "_BaseRidgeCV",
    "ElasticNet",
    "LinearModelCV",
    "Lars",
    "BayesianRidge",
    "ARDRegression",
    "OrthogonalMatchingPursuit",
    "OrthogonalMatchingPursuitCV",
)
#: exponents of the variance functions of generalised linear models with a log link
POWERS = {"PoissonRegressor": 1.0, "GammaRegressor": 2.0}


def known_penalty(estimator: Any, total_weight: float) -> tuple[float, float]:
    """Factors of the L2 and the L1 penalty, in units of the summed loss; else NaN.

    The L2 penalty is halved. Logistic regression is not known here.
    """
    names = {cls.__name__ for cls in type(estimator).__mro__}
    alpha = getattr(estimator, "alpha", 0.0)
    if np.ndim(alpha) == 0 and names & {"LinearRegression", "Ridge", "RidgeClassifier"}:
        return float(alpha), 0.0
    if "_GeneralizedLinearRegressor" in names:
        return float(alpha) * total_weight, 0.0
    return np.nan, np.nan


def score_equations_hold(
    estimator: Estimator,
    X: MatrixLike,
    y: ArrayLike,
    weight: Array | None,
    penalty: tuple[float, float],
) -> bool:
    """Whether the score equations of a linear model hold on exactly these rows.

    Parameters
    ----------
    estimator : estimator
        A linear model. Models without such equations give False: SGD, linear SVMs,
        and regressions of quantiles or with robust losses.
    X : array-like of shape (n_rows, n_features)
    y : array-like of shape (n_rows,) or (n_rows, n_outputs)
    weight : ndarray of shape (n_rows,) or None
        Weights of rows times weights of their classes.
    penalty : tuple of float
        Factors of the squared (L2, halved) and of the absolute (L1) coefficients, in
        units of the summed loss; NaN where they are not known.
    """
    if not getattr(estimator, "fit_intercept", False):
        return False
    y = np.asarray(y)
    # a fit accepts one target as a column too
    y = y.ravel() if y.ndim == 2 and y.shape[1] == 1 else y
    residuals = _residuals(estimator, X, y)
    if residuals is None:
        return False
    size = np.square(np.asarray(residuals)).sum()
    if size <= MIN_RESIDUAL * max(1.0, np.square(_numbers(y)).sum()):
        return False  # the model predicts any row exactly
    l2, l1 = penalty
    coef = estimator.coef_
    coef = coef.toarray() if sparse.issparse(coef) else np.asarray(coef)
    coef = np.atleast_2d(coef).T
    of_intercept = _penalty_of_intercept(estimator, l2, coef.shape[1])
    if np.isnan(l2) or np.isnan(l1):
        return equations_hold(residuals, None, of_intercept, weight)
    # coefficients that are zero may have been removed, or held there by an L1 penalty
    columns = np.flatnonzero((coef != 0).all(axis=1))
    step = max(1, len(columns) * residuals.shape[1] // MAX_EQUATIONS)
    columns = columns[::step]
    derivative = l2 * coef[columns] + l1 * np.sign(coef[columns])
    values = _selected(X, columns)
    centred = values - values.mean(axis=0)
    # the equation of a centred column follows from its own and that of the intercept
    derivative = derivative - values.mean(axis=0)[:, None] * of_intercept
    derivative = np.vstack([of_intercept, derivative])
    return equations_hold(residuals, centred, derivative, weight)


def _residuals(estimator: Estimator, X: MatrixLike, y: ArrayLike) -> Array | None:
    """Derivatives of the loss by the linear predictor: (n_rows, n_outputs), or None."""
    names = {cls.__name__ for cls in type(estimator).__mro__}
    if "LogisticRegression" in names:
        hit = np.asarray(y)[:, None] == estimator.classes_
        residuals = hit - estimator.predict_proba(X)
        # those of all classes sum to zero
        two = len(estimator.classes_) == 2
        return residuals[:, 1:] if two else residuals[:, :-1]
    if names & set(CENTRING):
        if is_classifier(estimator):
            hit = np.asarray(y)
            if hit.ndim == 1:
                hit = hit[:, None] == estimator.classes_
                hit = hit[:, 1:] if len(estimator.classes_) == 2 else hit
            scores = estimator.decision_function(X).reshape(len(hit), -1)
            return 2.0 * hit - 1 - scores
        target = np.asarray(y, dtype=float).reshape(X.shape[0], -1)
        return target - estimator.predict(X).reshape(target.shape)
    if "_GeneralizedLinearRegressor" in names:
        return _glm_residuals(estimator, X, y)
    return None


def _glm_residuals(estimator: Any, X: MatrixLike, y: ArrayLike) -> Array | None:
    predicted = estimator.predict(X)
    power = POWERS.get(type(estimator).__name__, getattr(estimator, "power", None))
    if power is None:
        return None
    link = getattr(estimator, "link", "log")
    log_link = link == "log" or (link == "auto" and power > 0)
    slope = predicted if log_link else 1.0
    residuals = (np.asarray(y, dtype=float) - predicted) * slope / predicted**power
    return residuals[:, None]


def _penalty_of_intercept(estimator: Any, l2: float, n_outputs: int) -> Array:
    """Derivative of the penalty by the intercepts; only liblinear has one."""
    if getattr(estimator, "solver", None) != "liblinear" or np.isnan(l2):
        return np.zeros((1, n_outputs))
    intercept = np.reshape(estimator.intercept_, (1, -1))
    return l2 * intercept / estimator.intercept_scaling**2


def _selected(X: MatrixLike, columns: Array) -> Array:
    """Some columns as a dense array of floats."""
    X = as_matrix(X)
    X = X.tocsc() if sparse.issparse(X) else X
    values = X[:, columns]
    values = values.toarray() if sparse.issparse(values) else values
    return np.asarray(values, dtype=float)


def _numbers(y: ArrayLike) -> Array:
    """Targets as floats; ones where they are labels of another type."""
    y = np.asarray(y)
    return y.astype(float) if y.dtype.kind in "biuf" else np.ones(y.shape)
