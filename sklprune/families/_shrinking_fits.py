"""Which linear models can be fitted on nested sets of columns without a fit for each.

`rows_of` translates the parameters of an estimator of scikit-learn into rows of
`_linear_fits`. A subclass of another package may fit in another way, so only the exact
classes of scikit-learn are known.
"""

import copy
from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.base import is_classifier
from sklearn.preprocessing import LabelBinarizer

from sklprune._frames import as_matrix, may_be_dense
from sklprune._linear_fits.likelihood import DERIVATIVES
from sklprune._linear_fits.rows import (
    LeastSquaresRows,
    LikelihoodRows,
    LinearRows,
    RidgeRows,
)
from sklprune._sklearn_private import safe_indexing
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune._units import Task

#: classes whose fit is the solution of linear equations
LEAST_SQUARES = ("LinearRegression", "Ridge", "RidgeClassifier")
#: classes that choose the penalty of ridge regression by leaving out single rows
LEFT_OUT = ("RidgeCV", "RidgeClassifierCV")
#: classifiers that are regressions of the targets 1 and -1
OF_SIGNS = ("RidgeClassifier", "RidgeClassifierCV")
#: distributions of `DERIVATIVES` by class, or by the variance power of Tweedie
LOG_LINK = {"PoissonRegressor": "poisson", "GammaRegressor": "gamma"}
TWEEDIE = {1: "poisson", 2: "gamma"}
#: products of all pairs of columns must fit into memory
MAX_COLUMNS = 10_000
#: coefficients of a logistic regression, whose Hessian matrix is inverted
MAX_VALUES = 3_000
#: distributions of classes
OF_CLASSES = ("logistic", "multinomial")


def shrinks(estimator: Estimator, penalty: tuple[float, float] | None) -> bool:
    """Whether `rows_of` knows the fit of an estimator.

    Parameters
    ----------
    estimator : estimator
    penalty : tuple of float, or None
        Strength and L1 ratio of a logistic regression; None for other models.
    """
    if not type(estimator).__module__.startswith("sklearn."):
        return False
    name = type(estimator).__name__
    if getattr(estimator, "positive", False) or getattr(estimator, "warm_start", False):
        return False
    if name in LEAST_SQUARES:
        return np.ndim(getattr(estimator, "alpha", 0.0)) == 0
    if name in LEFT_OUT:
        return estimator.cv is None and estimator.scoring is None
    if name == "LogisticRegression":
        other = estimator.solver == "liblinear"
        return penalty is not None and penalty[1] == 0 and not other
    return _distribution(estimator) is not None


def _distribution(estimator: Any) -> str | None:
    name = type(estimator).__name__
    if name == "TweedieRegressor" and estimator.link in ("auto", "log"):
        return TWEEDIE.get(estimator.power)
    return LOG_LINK.get(name)


def rows_of(
    estimator: Estimator,
    task: Task,
    columns: Array,
    weight: Array | None,
    penalty: tuple[float, float] | None,
) -> LinearRows | None:
    """The rows of a task for fits on some columns; None where they are not numbers.

    Parameters
    ----------
    estimator : estimator
        Fitted or not, see `shrinks`.
    task : Task
    columns : ndarray of int
        Positions of the columns in `task.X`.
    weight : ndarray or None
        Weights of rows times weights of their classes.
    penalty : tuple of float, or None
        As in `shrinks`.
    """
    name = type(estimator).__name__
    X = _numbers(task.X, columns)
    y: Any = np.asarray(task.y)
    if X is None or X.shape[1] > MAX_COLUMNS or X.shape[1] == 0:
        return None
    class_weight = getattr(estimator, "class_weight", None)
    if isinstance(class_weight, str) and task.sample_weight is not None:
        # releases of scikit-learn differ in how they combine these weights
        return None
    if weight is not None:
        weight = np.asarray(weight, dtype=float)
        if (weight < 0).any():
            return None
    alpha, fit_intercept = getattr(estimator, "alpha", 0.0), estimator.fit_intercept
    if sparse.issparse(X) and name not in LEAST_SQUARES:
        if not may_be_dense(X):
            return None
        X = X.toarray()
    if name in LEAST_SQUARES or name in LEFT_OUT:
        if name in OF_SIGNS:
            y = _signs(y)
        if y is None or y.dtype.kind not in "biuf" or y.ndim > 2:
            return None
        y = y.reshape(len(y), -1).astype(float)
        rows = LeastSquaresRows(X, y, weight, alpha, fit_intercept)
        return _with_penalties(rows, estimator) if name in LEFT_OUT else rows
    per_weight = name != "LogisticRegression"
    distribution = _distribution(estimator) if per_weight else "logistic"
    if penalty is not None and not per_weight:
        alpha, distribution = penalty[0], _distribution_of_classes(estimator, y)
        y = _indicators(y, X.shape[1]) if distribution is not None else y
    if distribution is None or y is None or y.dtype.kind not in "biuf":
        return None
    if distribution not in OF_CLASSES and y.ndim > 1:
        return None
    derivatives = DERIVATIVES[distribution]
    y = y.reshape(len(y), -1).astype(float)
    settings = derivatives, alpha, per_weight, fit_intercept
    return LikelihoodRows(
        X, y, weight, *settings, start=_start(estimator, columns, y.shape[1])
    )


def _distribution_of_classes(estimator: Any, y: Array) -> str | None:
    """The distribution of the classes in a logistic regression; None if not known."""
    several = np.ndim(y) == 1 and len(np.unique(y)) > 2
    multi_class = getattr(estimator, "multi_class", "auto")
    if y.ndim > 1 or multi_class == ("ovr" if several else "multinomial"):
        return None
    return "multinomial" if several else "logistic"


def _indicators(y: Array, n_columns: int) -> Array | None:
    """Indicators of the classes, or of the second of two; None if they are too many."""
    classes = np.unique(y)
    if len(classes) < 2 or len(classes) * (n_columns + 1) > MAX_VALUES:
        return None
    classes = classes[1:] if len(classes) == 2 else classes
    return np.asarray(y[:, None] == classes)


def _with_penalties(rows: LeastSquaresRows, estimator: Any) -> RidgeRows | None:
    """The rows for a choice among the penalties of an estimator."""
    alphas = np.ravel(estimator.alphas).astype(float)
    if len(alphas) == 0 or not (alphas > 0).all():
        return None  # the fit raises the error
    per_target = bool(getattr(estimator, "alpha_per_target", False))
    return RidgeRows(rows, tuple(alphas.tolist()), per_target)


def _start(
    estimator: Any, columns: Array, n_outputs: int
) -> tuple[Array, Array] | None:
    """The coefficients of a fitted model, from which a fit starts."""
    coef = getattr(estimator, "coef_", None)
    if coef is None or sparse.issparse(coef):
        return None
    coef = np.atleast_2d(coef)
    if coef.shape[0] != n_outputs or coef.shape[1] <= columns.max():
        return None
    intercept = np.broadcast_to(estimator.intercept_, n_outputs).astype(float)
    coef = coef[:, columns].T.astype(float)
    return (coef, intercept) if np.isfinite(coef).all() else None


def with_values(
    estimator: Estimator, coef: Array, intercept: Array, y: ArrayLike
) -> Estimator:
    """A copy of an unfitted model with values instead of a fit: see `LinearFamily`."""
    model, y = copy.copy(estimator), np.asarray(y)
    one = not is_classifier(model) and y.ndim == 1
    model.coef_ = coef[0] if one else coef
    model.intercept_ = intercept[0] if one else intercept
    model.n_features_in_ = coef.shape[1]
    if not is_classifier(model):
        return model
    if hasattr(type(model), "classes_"):
        # in older releases a ridge classifier has it as a property
        model._label_binarizer = LabelBinarizer(pos_label=1, neg_label=-1).fit(y)
    else:
        model.classes_ = np.unique(y)
    return model


def response_of(model: Estimator, name: str, raw: Array) -> Array:
    """The result of a prediction method for linear predictors: see `LinearFamily`.

    The result has the same leading axes as `raw`.
    """
    classes = getattr(model, "classes_", None)
    if classes is None:
        raw = raw[..., 0] if raw.shape[-1] == 1 else raw
        return np.asarray(np.exp(raw) if _distribution(model) is not None else raw)
    two = raw.shape[-1] == 1
    if name == "decision_function":
        return raw[..., 0] if two else raw
    if name == "predict_proba":
        if not two:
            return softmax(raw, axis=-1)
        second = expit(raw)
        return np.concatenate([1 - second, second], axis=-1)
    code = (raw[..., 0] > 0).astype(int) if two else raw.argmax(axis=-1)
    return np.asarray(classes[code])


def _numbers(X: MatrixLike, columns: Array) -> Any:
    """Some columns as floats, without a copy if possible; None if not numbers."""
    if not hasattr(X, "shape"):
        return None
    try:
        X = as_matrix(X)
    except (TypeError, ValueError):  # a column of texts
        return None
    if X.dtype.kind not in "biuf":
        return None
    if sparse.issparse(X):
        X = X.tocsr()
    if len(columns) < X.shape[1] or (columns != np.arange(X.shape[1])).any():
        X = safe_indexing(X, columns, axis=1)
    X = X.astype(float, copy=False)
    # the fit of the model raises the error for a value that is not finite
    return X if np.isfinite(X.sum()) else None


def _signs(y: Array) -> Array | None:
    """Targets of a ridge classifier: 1 in the rows of a class, else -1."""
    if y.ndim > 1:
        return None
    classes = np.unique(y)
    classes = classes[1:] if len(classes) == 2 else classes
    return np.asarray(2.0 * (y[:, None] == classes) - 1)
