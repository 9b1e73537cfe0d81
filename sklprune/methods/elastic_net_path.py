"""Elastic-net path: order columns by the penalty at which they enter a sparse linear
model of the targets."""

import numbers
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import enet_path

from sklprune._linear_fits.group_path import entry_penalties
from sklprune._linear_fits.standardized import indicators, numeric, standardized
from sklprune._progress import tracked
from sklprune._registry import register
from sklprune._sklearn_private import elastic_net_logistic, safe_indexing
from sklprune._typing import Array, Estimator
from sklprune._units import Task, Units
from sklprune.methods._base import Method

#: most encoded columns on a path of groups, which needs products of all pairs
MAX_GROUPED = 10_000
#: a path ends if a smaller penalty explains less than this share more of the deviance,
#: or if nearly all is explained
MIN_GAIN, MAX_EXPLAINED = 1e-5, 0.999
#: number of penalties after which it is examined whether a path ends
CHUNK = 5
TINY = 1e-300


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

    Columns of a pipeline that are encoded together enter together. For them, and with
    `penalty_factor`, the path is one of the group lasso with the loss of least squares,
    on the indicators of the classes for a classifier. The penalty of a column of X is
    on the norm of what all its encoded columns contribute.

    Parameters
    ----------
    l1_ratio : float in (0, 1] or sequence of such numbers, default=1.0
        Share of the L1 penalty. 1 is the L1 penalty alone. With smaller values,
        correlated columns enter together. With several values, the score of a column
        is its mean penalty at entry, relative to the largest penalty of each path.
    n_alphas : int, default=30
        Number of penalties on the path. For a column that enters between two of
        them, the penalty at entry is interpolated from the gradient. A column that
        never enters is ranked after all others, by its gradient.
    eps : float in (0, 1), default=0.01
        The smallest penalty divided by the largest one. At the largest penalty all
        coefficients are zero.
    penalty_factor : mapping from columns to numbers, or None, default=None
        The penalty of a column relative to that of the others, by its name; the columns
        of an array are named `"x0"`, `"x1"`, and so on. A column with the factor 0 is
        not penalised: the others enter given that it is in, and it comes first.

    Notes
    -----
    A path ends before the smallest penalty if nearly all deviance is explained, or if a
    smaller penalty explains hardly more. Columns that have not entered are then ordered
    by their gradients.

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
        self,
        l1_ratio: float | Sequence[float] = 1.0,
        *,
        n_alphas: int = 30,
        eps: float = 0.01,
        penalty_factor: Mapping[Any, float] | None = None,
    ) -> None:
        self.l1_ratio = l1_ratio
        self.n_alphas = n_alphas
        self.eps = eps
        self.penalty_factor = penalty_factor

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
        where = units.where
        X = task.X if hasattr(task.X, "shape") else np.asarray(task.X)
        X = safe_indexing(X, where.columns, axis=1)
        weight = np.ones(task.n_samples)
        if task.sample_weight is not None:
            weight = task.sample_weight / np.mean(task.sample_weight)
        names = where.names[where.unit]
        X = standardized(numeric(X, names, "elastic_net_path"), weight)
        y = np.asarray(task.y)
        y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
        factors = self._factors(where.names)
        grouped = factors is not None or _has_groups(where)
        paths = [
            _group_entries(X, y, weight, where, factors, ratio, self, estimator)
            if grouped
            else self._entries(X, y, weight, ratio, estimator)
            for ratio in np.atleast_1d(self.l1_ratio).tolist()
        ]
        if len(paths) == 1:
            return paths[0]
        largest = [max(path.max(initial=0.0), np.finfo(float).tiny) for path in paths]
        return np.mean([path / top for path, top in zip(paths, largest)], axis=0)

    @property
    def ratios(self) -> Array:
        """Penalties relative to the largest one, descending."""
        return np.geomspace(1.0, self.eps, self.n_alphas)

    def _entries(
        self, X: Any, y: Array, weight: Array, l1_ratio: float, estimator: Estimator
    ) -> Array:
        """The penalty at which each single column enters."""
        if is_classifier(estimator) and y.ndim == 1:
            path = logistic_path
        else:
            path = least_squares_path
            y = indicators(y) if is_classifier(estimator) else y.astype(float)
        with warnings.catch_warnings():
            # entry is determined at a lower precision than the coefficients
            warnings.simplefilter("ignore", ConvergenceWarning)
            return penalties_at_entry(*path(X, y, weight, l1_ratio, self.ratios))

    def _factors(self, names: Array) -> Array | None:
        """The relative penalty of each column, or None if all are equal."""
        if self.penalty_factor is None:
            return None
        given = dict(self.penalty_factor)
        unknown = [name for name in given if name not in set(names.tolist())]
        if unknown:
            raise ValueError(
                f"ElasticNetPath(penalty_factor={self.penalty_factor!r}): there is no "
                f"column {unknown}. Give names of columns as keys."
            )
        factors = np.array([given.get(name, 1.0) for name in names], dtype=float)
        if not (np.isfinite(factors) & (factors >= 0)).all():
            raise ValueError(
                f"ElasticNetPath(penalty_factor={self.penalty_factor!r}): each factor "
                "must be a finite number, 0 or larger."
            )
        return factors

    def _check_parameters(self) -> None:
        whole = isinstance(self.n_alphas, numbers.Integral) and self.n_alphas >= 2
        small = isinstance(self.eps, numbers.Real) and 0 < self.eps < 1
        l1_ratios = np.atleast_1d(np.asarray(self.l1_ratio, dtype=object))
        in_range = l1_ratios.size > 0 and all(
            isinstance(ratio, numbers.Real) and 0 < float(ratio) <= 1
            for ratio in l1_ratios.ravel()
        )
        factor = self.penalty_factor
        for name, allowed, valid in (
            ("l1_ratio", "a number in (0, 1], or a sequence of them", in_range),
            ("n_alphas", "a whole number, at least 2", whole),
            ("eps", "a number in (0, 1)", small),
            (
                "penalty_factor",
                "None, or a mapping from columns to numbers",
                factor is None or isinstance(factor, Mapping),
            ),
        ):
            if not valid:
                value = getattr(self, name)
                raise ValueError(
                    f"ElasticNetPath({name}={value!r}): {name} must be {allowed}."
                )


def _has_groups(where: Any) -> bool:
    """Whether a column of X has several encoded columns, or none."""
    return where.blocks is not None and any(len(b) != 1 for b in where.blocks)


def _group_entries(
    X: Any,
    y: Array,
    weight: Array,
    where: Any,
    factors: Array | None,
    l1_ratio: float,
    method: ElasticNetPath,
    estimator: Estimator,
) -> Array:
    """The penalty at which the encoded columns of each column enter together."""
    n_columns = X.shape[1]
    if n_columns > MAX_GROUPED:
        raise ValueError(
            f"method='elastic_net_path' with groups of columns or penalty_factor needs "
            f"an array of {n_columns:,} x {n_columns:,} numbers; up to {MAX_GROUPED:,} "
            "columns are allowed. Use method='permutation'."
        )
    Y = indicators(y) if is_classifier(estimator) else y.astype(float)
    Y = Y.reshape(len(y), -1)
    if is_classifier(estimator) and Y.shape[1] == 2:
        Y = Y[:, 1:]  # the first indicator is one minus the second
    Y = Y - np.average(Y, axis=0, weights=weight)
    total, n_rows = float((weight @ Y**2).sum()) / len(Y), len(Y)
    weighted = Y * weight[:, None]
    if sparse.issparse(X):
        mean = np.asarray(X.T @ weight) / n_rows
        products = (X.T @ X.multiply(weight[:, None])).toarray() / n_rows
        products -= np.multiply.outer(mean, mean)
    else:
        products = (X * weight[:, None]).T @ X / n_rows
    groups = [np.flatnonzero(where.unit == i) for i in range(len(where.positions))]
    factors = np.ones(len(groups)) if factors is None else factors
    targets = np.asarray(X.T @ weighted) / n_rows
    settings = (factors, l1_ratio, method.ratios, total)
    return entry_penalties(products, targets, groups, *settings)


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
    total, explained = float((Y**2).sum()), 0.0
    bounds: list[Array] = []
    active: list[Array] = []
    start = None
    for first in range(0, len(alphas), CHUNK):
        some = alphas[first : first + CHUNK]
        found = enet_path(X, target, l1_ratio=l1_ratio, alphas=some, coef_init=start)[1]
        start = found[..., -1]
        for coef in found.reshape(Y.shape[1], X.shape[1], -1).transpose(2, 1, 0):
            residual = Y - X @ coef
            bounds.append(bound(residual))
            active.append((coef != 0).any(axis=1))
        before, explained = explained, 1 - float((residual**2).sum()) / total
        if _ends(before, explained):
            break
    return alphas[: len(bounds)], np.array(bounds), np.array(active)


def _ends(before: float, explained: float) -> bool:
    """Whether a path ends at this share of the explained deviance."""
    gain = explained - before
    return explained > MAX_EXPLAINED or (before > 0 and gain < MIN_GAIN * explained)


def logistic_path(
    X: Any, y: Array, weight: Array, l1_ratio: float, ratios: Array
) -> tuple[Array, Array, Array]:
    """The path of one output of classes: arguments of `penalties_at_entry`.

    At each penalty the solver is given only the columns that the strong rule does not
    discard. Columns that the rule discarded wrongly are detected and added.
    """
    Y, n_rows = indicators(y), X.shape[0]
    Y = Y[:, 1:] if Y.shape[1] == 2 else Y
    columns = X if sparse.issparse(X) else np.asfortranarray(X)

    def bound(probabilities: Array) -> Array:
        gradient = X.T @ ((Y - probabilities) * weight[:, None])
        return np.abs(gradient).max(axis=1) / (n_rows * l1_ratio)

    bounds = [bound(np.average(Y, axis=0, weights=weight))]
    coefs = [np.zeros((Y.shape[1], X.shape[1]))]
    intercept = np.zeros(Y.shape[1])
    alphas = bounds[0].max() * ratios
    share = np.average(indicators(y), axis=0, weights=weight)
    total, explained = -float(share @ np.log(np.maximum(share, TINY))), 0.0
    code = np.unique(y, return_inverse=True)[1].ravel()
    pairs = list(zip(alphas[: -1 if alphas[0] else 0], alphas[1:]))
    for last, alpha in tracked(pairs, "penalties"):
        coef, missing = coefs[-1].copy(), bounds[-1] >= 2 * alpha - last
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
        of_class = probabilities[np.arange(n_rows), code]
        loss = -np.average(np.log(np.maximum(of_class, TINY)), weights=weight)
        before, explained = explained, 1 - float(loss) / max(total, TINY)
        if _ends(before, explained):
            break
    active = np.array([(coef != 0).any(axis=0) for coef in coefs])
    return alphas[: len(bounds)], np.array(bounds), active


register("method", ElasticNetPath)
