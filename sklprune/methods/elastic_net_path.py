"""Elastic-net path: order columns by the penalty at which they enter a sparse linear
model of the targets."""

import numbers
import warnings
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import enet_path

from sklprune._column_scale import column_moments
from sklprune._frames import column_names
from sklprune._progress import tracked
from sklprune._registry import register
from sklprune._sklearn_private import elastic_net_logistic, safe_indexing
from sklprune._typing import Array, Estimator, MatrixLike
from sklprune._units import Task, Units
from sklprune.methods._base import Method


class ElasticNetPath(Method):
    """Remove the columns that enter an L1 or elastic-net path of the targets last.

    Linear models of the targets are fitted with decreasing penalties, on standardized
    copies of the columns. The score of a column is the penalty at which it gets its
    first nonzero coefficient. The model that is pruned is not used for the order, so
    that the method works for any model.

    The path is one of least squares for a regressor. With several outputs, the
    penalty is on the norm of the coefficients of a column over all outputs. For a
    classifier the path is one of logistic regression, multinomial for more than two
    classes. A classifier with several outputs is treated as a regressor on the
    indicators of its classes. The solvers are scikit-learn's
    :func:`~sklearn.linear_model.enet_path` and
    :class:`~sklearn.linear_model.LogisticRegression`.

    Parameters
    ----------
    l1_ratio : float in (0, 1], default=1.0
        Share of the L1 penalty. 1 is the L1 penalty alone. With smaller values,
        correlated columns enter together.
    n_alphas : int, default=30
        Number of penalties on the path. For a column that enters between two of
        them, the penalty at entry is interpolated from the gradient. A column that
        never enters is ranked after all others, by its gradient.
    eps : float in (0, 1), default=0.01
        The smallest penalty divided by the largest one. At the largest penalty all
        coefficients are zero.

    Notes
    -----
    In a pipeline whose steps transform each column of X apart, the path is one of the
    transformed columns. A column of X enters with the first of those that come from it.

    Missing values are replaced by the mean of their column. A sparse X is scaled but
    not centred. It remains sparse, except in regression with several outputs.

    References
    ----------
    Tibshirani, Regression shrinkage and selection via the lasso, JRSS B 58, 1996.
    Zou and Hastie, Regularization and variable selection via the elastic net, JRSS B
    67, 2005. Tibshirani et al., Strong rules for discarding predictors in lasso-type
    problems, JRSS B 74, 2012.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from sklprune import FeaturePruningSelector
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> selector = FeaturePruningSelector(KNeighborsRegressor(),
    ...                                   method="elastic_net_path",
    ...                                   n_features_to_select=3).fit(X, y)
    >>> selector.get_feature_names_out()
    array(['bmi', 'bp', 's5'], dtype=object)
    """

    granularity = "feature"
    needs_labels = True
    takes_blocks = True
    reason = "it enters a sparse linear model of the targets late or never"

    def __init__(
        self, l1_ratio: float = 1.0, *, n_alphas: int = 30, eps: float = 0.01
    ) -> None:
        self.l1_ratio = l1_ratio
        self.n_alphas = n_alphas
        self.eps = eps

    def score(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Array:
        """The penalty at which each column enters, (n_units,)."""
        self._check_parameters()
        if task.y is None:
            raise ValueError(
                "method='elastic_net_path' requires y to be passed, but the target y "
                "is None."
            )
        columns = np.sort(units.where.columns)
        names = column_names(task.X)[columns]
        X = task.X if hasattr(task.X, "shape") else np.asarray(task.X)
        X = safe_indexing(X, columns, axis=1)
        weight = np.ones(task.n_samples)
        if task.sample_weight is not None:
            weight = task.sample_weight / np.mean(task.sample_weight)
        X = standardized(numeric(X, names), weight)
        y = np.asarray(task.y)
        y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
        if is_classifier(estimator) and y.ndim == 1:
            path = logistic_path
        else:
            path = least_squares_path
            y = _indicators(y) if is_classifier(estimator) else y.astype(float)
        ratios = np.geomspace(1.0, self.eps, self.n_alphas)
        with warnings.catch_warnings():
            # entry is determined at a lower precision than the coefficients
            warnings.simplefilter("ignore", ConvergenceWarning)
            entry = penalties_at_entry(*path(X, y, weight, self.l1_ratio, ratios))
        # a column of X enters with the first of the columns that come from it
        scores = np.zeros(units.count)
        by_column = np.argsort(units.where.columns)
        np.maximum.at(scores, units.where.unit[by_column], entry)
        return scores

    def _check_parameters(self) -> None:
        whole = isinstance(self.n_alphas, numbers.Integral) and self.n_alphas >= 2
        for name, allowed, valid in (
            ("l1_ratio", "a number in (0, 1]", 0 < self.l1_ratio <= 1),
            ("n_alphas", "a whole number, at least 2", whole),
            ("eps", "a number in (0, 1)", 0 < self.eps < 1),
        ):
            if not valid:
                value = getattr(self, name)
                raise ValueError(
                    f"ElasticNetPath({name}={value!r}): {name} must be {allowed}."
                )


def penalties_at_entry(alphas: Array, bounds: Array, active: Array) -> Array:
    """The penalty at which each column enters, (n_features,).

    Parameters
    ----------
    alphas : ndarray of shape (n_alphas,)
        Penalties, descending.
    bounds : ndarray of shape (n_alphas, n_features)
        For each column the smallest penalty at which its coefficient would be zero,
        given the other coefficients. It is at most alpha for a column that is not
        active.
    active : ndarray of shape (n_alphas, n_features), bool
        Columns with a nonzero coefficient. At the first penalty there are none.

    Notes
    -----
    Suppose that a column enters between two penalties. Its bound at the larger one is
    the penalty at entry if the other coefficients do not change in between. This
    holds exactly for uncorrelated columns. A column that never enters gets a value
    below the last penalty.
    """
    active[0] = False
    first = np.where(active.any(axis=0), active.argmax(axis=0), len(alphas))
    upper, lower = alphas[first - 1], np.append(alphas, 0.0)[first]
    bound = bounds[first - 1, np.arange(bounds.shape[1])]
    return np.clip(bound, lower, upper)


def least_squares_path(
    X: Any, y: Array, weight: Array, l1_ratio: float, ratios: Array
) -> tuple[Array, Array, Array]:
    """The path of one or more outputs: arguments of `penalties_at_entry`."""
    n_rows = X.shape[0]
    root = np.sqrt(weight)[:, None]
    Y = y.reshape(n_rows, -1)
    Y = (Y - np.average(Y, axis=0, weights=weight)) * root
    several = Y.shape[1] > 1
    if sparse.issparse(X):
        X = X.multiply(root).toarray() if several else X.multiply(root).tocsc()
    else:
        X = X * root

    def bound(residual: Array) -> Array:
        return np.linalg.norm(X.T @ residual, axis=1) / (n_rows * l1_ratio)

    alphas = bound(Y).max() * ratios
    if alphas[0] == 0:  # the targets, or all columns, are constant
        return alphas, np.zeros((1, X.shape[1])), np.zeros((1, X.shape[1]), bool)
    target = np.asfortranarray(Y) if several else Y[:, 0]
    coefs = enet_path(X, target, l1_ratio=l1_ratio, alphas=alphas)[1]
    coefs = coefs.reshape(Y.shape[1], X.shape[1], len(alphas))
    bounds = [bound(Y - X @ coef) for coef in coefs.transpose(2, 1, 0)]
    return alphas, np.array(bounds), (coefs != 0).any(axis=0).T


def logistic_path(
    X: Any, y: Array, weight: Array, l1_ratio: float, ratios: Array
) -> tuple[Array, Array, Array]:
    """The path of one output of classes: arguments of `penalties_at_entry`.

    At each penalty the solver is given only the columns that the strong rule does not
    discard. Columns that the rule discarded wrongly are detected and added.
    """
    Y, n_rows = _indicators(y), X.shape[0]
    Y = Y[:, 1:] if Y.shape[1] == 2 else Y
    columns = X if sparse.issparse(X) else np.asfortranarray(X)

    def bound(probabilities: Array) -> Array:
        gradient = X.T @ ((Y - probabilities) * weight[:, None])
        return np.abs(gradient).max(axis=1) / (n_rows * l1_ratio)

    bounds = [bound(np.average(Y, axis=0, weights=weight))]
    coefs = [np.zeros((Y.shape[1], X.shape[1]))]
    intercept = np.zeros(Y.shape[1])
    alphas = bounds[0].max() * ratios
    pairs = list(zip(alphas[: -1 if alphas[0] else 0], alphas[1:]))
    for before, alpha in tracked(pairs, "penalties"):
        coef, missing = coefs[-1].copy(), bounds[-1] >= 2 * alpha - before
        may_enter = (coef != 0).any(axis=0)
        while missing.any():
            may_enter |= missing
            model = elastic_net_logistic(
                1 / (n_rows * alpha), l1_ratio, tol=1e-3, random_state=0
            )
            model.coef_, model.intercept_ = coef[:, may_enter], intercept
            model.fit(columns[:, may_enter], y, sample_weight=weight)
            coef[:, may_enter], intercept = model.coef_, model.intercept_
            probabilities = model.predict_proba(columns[:, may_enter])
            bounds_now = bound(probabilities[:, -Y.shape[1] :])
            missing = ~may_enter & (bounds_now > alpha)
        bounds.append(bounds_now)
        coefs.append(coef)
    active = np.array([(coef != 0).any(axis=0) for coef in coefs])
    return alphas[: len(bounds)], np.array(bounds), active


def _indicators(y: Array) -> Array:
    """A column for each class of each output, 1.0 in the rows of that class."""
    outputs = y.reshape(len(y), -1).T
    return np.hstack([(o[:, None] == np.unique(o)).astype(float) for o in outputs])


def standardized(X: Any, weight: Array) -> Any:
    """A copy with mean 0 and variance 1; a sparse X is scaled to variance 1 only.

    A missing value becomes the mean, and a constant column becomes zero.
    """
    mean, variance = column_moments(X, weight)
    # rounding errors give a constant column a small variance
    varies = variance > 1e-20 * mean**2
    scale = np.where(varies, np.sqrt(variance), np.inf)
    if not sparse.issparse(X):
        return np.where(np.isnan(X), 0.0, (X - mean) / scale)
    X = X.tocsc(copy=True)
    column = np.repeat(np.arange(X.shape[1]), np.diff(X.indptr))
    X.data = np.where(np.isnan(X.data), mean[column], X.data) / scale[column]
    # the solvers accept only indices of 32 bits
    X.indices, X.indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    return X


def numeric(X: MatrixLike, names: Array) -> Any:
    """X as floats, or an error that names a column that is not numeric."""
    if sparse.issparse(X):
        return X.astype(float)
    if not hasattr(X, "columns") and np.asarray(X).dtype.kind in "biuf":
        return np.asarray(X, dtype=float)
    return np.column_stack([_floats(X, i, name) for i, name in enumerate(names)])


def _floats(X: MatrixLike, i: int, name: Any) -> Array:
    column = safe_indexing(X, i, axis=1)
    try:
        is_frame = hasattr(X, "columns")
        return _floats_of_series(column) if is_frame else column.astype(float)
    except (TypeError, ValueError):
        raise ValueError(
            f"method='elastic_net_path' needs numeric columns, but column {name!r} is "
            f"of dtype {column.dtype}. Encode it as numbers, or use "
            "method='permutation'."
        ) from None


def _floats_of_series(column: Any) -> Array:
    """A numeric series as floats; strings are refused even if they contain numbers."""
    dtype = column.dtype
    if hasattr(dtype, "is_numeric"):  # polars
        if not dtype.is_numeric() and str(dtype) != "Boolean":
            raise TypeError
        return column.to_numpy().astype(float)
    if dtype.kind not in "biuf":
        raise TypeError
    return column.to_numpy(dtype=float, na_value=np.nan)


register("method", ElasticNetPath)
