"""The elastic-net path: columns in the order in which they enter a sparse model."""

import numbers
import warnings

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import enet_path

from sklprune._registry import register
from sklprune._sklearn_private import elastic_net_logistic, safe_indexing
from sklprune.methods._base import Method
from sklprune.methods._column_scale import column_moments


class ElasticNetPath(Method):
    """Order columns by when they enter an L1 or elastic-net path of the labels.

    A linear model of the labels is fitted with ever smaller penalties, on copies of
    the columns that are standardised; the larger the penalty at which a column gets
    its first weight, the more important it is. The model that is pruned plays no part
    in the order, so that this works for any.

    The path is of least squares for a regressor, with one penalty over all outputs of
    a column, and of logistic regression for a classifier, multinomial where there are
    more than two classes; labels of several outputs are regressed on as indicators of
    their classes. The solvers are scikit-learn's `enet_path` and `LogisticRegression`.

    Parameters
    ----------
    l1_ratio : float in (0, 1], default=1.0
        1 is the L1 penalty alone; below it, columns that go together enter together.
    n_alphas : int, default=30
        How many penalties the path has. Between two of them the pull of the labels on
        a column says when it would have entered; a column that never enters comes
        after all others, by that pull.
    eps : float in (0, 1), default=0.01
        The smallest penalty as a fraction of the largest, at which nothing enters.

    Notes
    -----
    The importance is the penalty at entry. Missing values count as the mean of their
    column. A sparse X is scaled, but not centred, and stays sparse, save for several
    outputs.

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
    reason = "a sparse model of the labels takes it up late or never"

    def __init__(self, l1_ratio=1.0, *, n_alphas=30, eps=0.01):
        self.l1_ratio = l1_ratio
        self.n_alphas = n_alphas
        self.eps = eps

    def score(self, family, estimator, units, task):
        self._check_parameters()
        if task.y is None:
            raise ValueError(
                "method='elastic_net_path' requires y to be passed, but the target y "
                "is None."
            )
        X = task.X if hasattr(task.X, "shape") else np.asarray(task.X)
        X = safe_indexing(X, units.where.positions, axis=1)
        weight = np.ones(task.n_samples)
        if task.sample_weight is not None:
            weight = task.sample_weight / np.mean(task.sample_weight)
        X = standardized(numeric(X, units.where.names), weight)
        y = np.asarray(task.y)
        y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
        if is_classifier(estimator) and y.ndim == 1:
            path = logistic_path
        else:
            path = least_squares_path
            y = _indicators(y) if is_classifier(estimator) else y.astype(float)
        ratios = np.geomspace(1.0, self.eps, self.n_alphas)
        with warnings.catch_warnings():
            # where a column enters is known well before its weight is
            warnings.simplefilter("ignore", ConvergenceWarning)
            return entries(*path(X, y, weight, self.l1_ratio, ratios))

    def _check_parameters(self):
        whole = isinstance(self.n_alphas, numbers.Integral) and self.n_alphas >= 2
        for name, allowed, fits in (
            ("l1_ratio", "a number in (0, 1]", 0 < self.l1_ratio <= 1),
            ("n_alphas", "a whole number from 2 on", whole),
            ("eps", "a number in (0, 1)", 0 < self.eps < 1),
        ):
            if not fits:
                value = getattr(self, name)
                raise ValueError(
                    f"ElasticNetPath({name}={value!r}): {name} must be {allowed}."
                )


def entries(alphas, pulls, active):
    """The penalty at which each column enters, (n_features,).

    Parameters
    ----------
    alphas : ndarray of shape (n_alphas,)
        Penalties, descending.
    pulls : ndarray of shape (n_alphas, n_features)
        The penalty that would just hold a column at zero, given the other weights: if
        it has none, at most the penalty itself.
    active : ndarray of shape (n_alphas, n_features), bool
        Columns that have a weight. At the first penalty there are none.

    Notes
    -----
    Of a column that enters between two penalties the pull at the larger one is the
    penalty at entry, were the weights of the others not to change until then; exactly
    so where columns are uncorrelated. What never enters is below the last penalty.
    """
    active[0] = False
    first = np.where(active.any(axis=0), active.argmax(axis=0), len(alphas))
    upper, lower = alphas[first - 1], np.append(alphas, 0.0)[first]
    pull = pulls[first - 1, np.arange(pulls.shape[1])]
    return np.clip(pull, lower, upper)


def least_squares_path(X, y, weight, l1_ratio, ratios):
    """Penalties, pulls and active columns of the path of one or more outputs."""
    n_rows = X.shape[0]
    root = np.sqrt(weight)[:, None]
    Y = y.reshape(n_rows, -1)
    Y = (Y - np.average(Y, axis=0, weights=weight)) * root
    several = Y.shape[1] > 1
    if sparse.issparse(X):
        X = X.multiply(root).toarray() if several else X.multiply(root).tocsc()
    else:
        X = X * root

    def pull(residual):
        return np.linalg.norm(X.T @ residual, axis=1) / (n_rows * l1_ratio)

    alphas = pull(Y).max() * ratios
    if alphas[0] == 0:  # nothing to explain, or nothing to explain it with
        return alphas, np.zeros((1, X.shape[1])), np.zeros((1, X.shape[1]), bool)
    target = np.asfortranarray(Y) if several else Y[:, 0]
    coefs = enet_path(X, target, l1_ratio=l1_ratio, alphas=alphas)[1]
    coefs = coefs.reshape(Y.shape[1], X.shape[1], len(alphas))
    pulls = [pull(Y - X @ coef) for coef in coefs.transpose(2, 1, 0)]
    return alphas, np.array(pulls), (coefs != 0).any(axis=0).T


def logistic_path(X, y, weight, l1_ratio, ratios):
    """Penalties, pulls and active columns of the path of one output of classes.

    At each penalty the solver sees only the columns that may have a weight by the
    strong rule; those that the rule wrongly left out are found and added.
    """
    Y, n_rows = _indicators(y), X.shape[0]
    Y = Y[:, 1:] if Y.shape[1] == 2 else Y
    columns = X if sparse.issparse(X) else np.asfortranarray(X)

    def pull(chances):
        gradient = X.T @ ((Y - chances) * weight[:, None])
        return np.abs(gradient).max(axis=1) / (n_rows * l1_ratio)

    pulls = [pull(np.average(Y, axis=0, weights=weight))]
    coefs = [np.zeros((Y.shape[1], X.shape[1]))]
    intercept = np.zeros(Y.shape[1])
    alphas = pulls[0].max() * ratios
    for before, alpha in zip(alphas[: -1 if alphas[0] else 0], alphas[1:]):
        coef, missed = coefs[-1].copy(), pulls[-1] >= 2 * alpha - before
        may_enter = (coef != 0).any(axis=0)
        while missed.any():
            may_enter |= missed
            model = elastic_net_logistic(
                1 / (n_rows * alpha), l1_ratio, tol=1e-3, random_state=0
            )
            model.coef_, model.intercept_ = coef[:, may_enter], intercept
            model.fit(columns[:, may_enter], y, sample_weight=weight)
            coef[:, may_enter], intercept = model.coef_, model.intercept_
            chances = model.predict_proba(columns[:, may_enter])
            pulled = pull(chances[:, -Y.shape[1] :])
            missed = ~may_enter & (pulled > alpha)
        pulls.append(pulled)
        coefs.append(coef)
    active = np.array([(coef != 0).any(axis=0) for coef in coefs])
    return alphas[: len(pulls)], np.array(pulls), active


def _indicators(y):
    """A column for each class of each output, 1.0 where it is that class."""
    outputs = y.reshape(len(y), -1).T
    return np.hstack([(o[:, None] == np.unique(o)).astype(float) for o in outputs])


def standardized(X, weight):
    """A copy of mean 0 and variance 1; of a sparse X of variance 1 alone.

    What is missing becomes the mean; a column that does not vary becomes zero.
    """
    mean, variance = column_moments(X, weight)
    # what rounding leaves of the variance of a constant column is none
    varies = variance > 1e-20 * mean**2
    scale = np.where(varies, np.sqrt(variance), np.inf)
    if not sparse.issparse(X):
        return np.where(np.isnan(X), 0.0, (X - mean) / scale)
    X = X.tocsc(copy=True)
    column = np.repeat(np.arange(X.shape[1]), np.diff(X.indptr))
    X.data = np.where(np.isnan(X.data), mean[column], X.data) / scale[column]
    # the solvers count rows and entries in 32 bits
    X.indices, X.indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    return X


def numeric(X, names):
    """X as floats, or an error that names a column that holds something else."""
    if sparse.issparse(X):
        return X.astype(float)
    if not hasattr(X, "columns") and np.asarray(X).dtype.kind in "biuf":
        return np.asarray(X, dtype=float)
    return np.column_stack([_floats(X, i, name) for i, name in enumerate(names)])


def _floats(X, i, name):
    column = safe_indexing(X, i, axis=1)
    try:
        return _of_frame(column) if hasattr(X, "columns") else column.astype(float)
    except (TypeError, ValueError):
        raise ValueError(
            f"method='elastic_net_path' takes numbers alone, and column {name!r} is of "
            f"dtype {column.dtype}. Make numbers of it, or use method='permutation'."
        ) from None


def _of_frame(column):
    """A column of numbers as floats; strings that look like numbers are strings."""
    dtype = column.dtype
    if hasattr(dtype, "is_numeric"):  # polars
        if not dtype.is_numeric() and str(dtype) != "Boolean":
            raise TypeError
        return column.to_numpy().astype(float)
    if dtype.kind not in "biuf":
        raise TypeError
    return column.to_numpy(dtype=float, na_value=np.nan)


register("method", ElasticNetPath)
