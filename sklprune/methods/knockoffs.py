"""Knockoffs: keep the columns that matter more than random copies of them."""

import numbers
import warnings
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LassoCV, MultiTaskLassoCV

from sklprune._frames import MAX_DENSE, may_be_dense
from sklprune._linear_fits.gaussian_knockoffs import knockoffs_of
from sklprune._linear_fits.standardized import indicators, numeric, standardized
from sklprune._registry import register
from sklprune._sklearn_private import safe_indexing
from sklprune._typing import Array, Estimator
from sklprune._units import Task, Units
from sklprune.methods._threshold import ThresholdMethod

#: separates the random numbers of this method from others of the same seed
KEY = 20180301
#: penalties of which the lasso uses the best one
N_ALPHAS = 30


class Knockoffs(ThresholdMethod):
    """Keep columns that matter more than random copies, at a false discovery rate.

    Each column gets a knockoff: a random column with the same correlations with the
    other columns, drawn without the targets. A lasso is fitted on the columns and
    their knockoffs, with a penalty that is chosen by cross-validation. The importance
    of a column is by how much the absolute value of its coefficient exceeds that of its
    knockoff. A column without information is as likely to lose this comparison as to
    win it. The number of columns that lose clearly therefore estimates how many of
    those that win clearly have no information.

    The method determines how many columns are kept. The model that is pruned is not
    used for the order, so that the method works for any model. It is fitted on the kept
    columns.

    Parameters
    ----------
    fdr : float in (0, 1), default=0.1
        The false discovery rate: the largest expected share of columns without
        information among the kept ones. At a rate of 0.1, ten columns or more are kept,
        or none is found.

    Warns
    -----
    UserWarning
        If no column is found at this rate. The most important one is then kept.

    Notes
    -----
    A column has no information if it is independent of the targets, given all other
    columns. The rate is guaranteed for columns whose joint distribution is Gaussian,
    with the covariance that is estimated, and approximate otherwise. It holds on
    average over many data sets. Columns of one group are kept together, and the rate is
    that of groups. Columns in `always_keep` do not count.

    The covariance is estimated with the shrinkage of Ledoit and Wolf. Knockoffs are
    drawn once, so that the result depends on `random_state`. For a classifier, the
    lasso fits the indicators of the classes. Missing values are replaced by the mean of
    their column.

    References
    ----------
    Candes, Fan, Janson and Lv, Panning for gold: model-X knockoffs for high dimensional
    controlled variable selection, JRSS B 80, 2018.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from sklearn.linear_model import Ridge
    >>> from sklprune import FeaturePruningSelector
    >>> X, y = make_regression(400, 40, n_informative=15, noise=10.0, shuffle=False,
    ...                        random_state=0)
    >>> selector = FeaturePruningSelector(Ridge(), method="knockoffs", random_state=0)
    >>> selector.fit(X, y).get_support(indices=True)
    array([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 33])
    """

    reason = "it does not matter clearly more than a random copy of it"

    def __init__(self, fdr: float = 0.1) -> None:
        self.fdr = fdr

    def score(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Array:
        """By how much each column matters more than its knockoff, (n_units,)."""
        if not isinstance(self.fdr, numbers.Real) or not 0 < self.fdr < 1:
            raise ValueError(
                f"Knockoffs(fdr={self.fdr!r}): fdr must be a number in (0, 1)."
            )
        if task.y is None:
            raise ValueError(
                "method='knockoffs' requires y to be passed, but the target y is None."
            )
        weight = np.ones(task.n_samples)
        if task.sample_weight is not None:
            weight = task.sample_weight / np.mean(task.sample_weight)
        X = standardized(_columns(task, units), weight)
        rng = _generator(task.random_state)
        values = _differences(X, _targets(estimator, task.y), weight, rng)
        return _of_groups(values, units)

    def threshold(self, scores: Array, units: Units) -> float:
        """The smallest difference of a kept column; infinity if none is found."""
        _, first = np.unique(units.labels, return_index=True)
        if units.fixed is not None:
            first = first[~units.fixed[first]]
        return threshold_at(scores[first], self.fdr)

    def nothing_found(self) -> str:
        """The warning if no column is found at the rate."""
        return (
            f"{self!r} found no column that matters more than its knockoff at this "
            "rate. The most important column is kept, or those of always_keep. Allow a "
            "larger fdr, or use another method."
        )


def threshold_at(values: Array, fdr: float) -> float:
    """The smallest value from which on columns are kept; infinity if there is none.

    The number of columns without information above a threshold is estimated by the
    number of columns below its negative, plus one.

    Parameters
    ----------
    values : ndarray of shape (n_columns,)
        Differences between the columns and their knockoffs.
    fdr : float
    """
    for threshold in np.unique(np.abs(values[values != 0])):
        n_found = np.count_nonzero(values >= threshold)
        n_false = 1 + np.count_nonzero(values <= -threshold)
        if n_false <= fdr * n_found:
            return float(threshold)
    return np.inf


def _generator(random_state: Any) -> np.random.Generator:
    """Random numbers that differ from those of data made with the same seed.

    Columns drawn from a normal distribution would otherwise be their own knockoffs.
    """
    seed = None if random_state is None else [KEY, int(random_state)]
    return np.random.default_rng(seed)


def _columns(task: Task, units: Units) -> Array:
    """The columns of all units as an array of floats."""
    where = units.where
    X = task.X if hasattr(task.X, "shape") else np.asarray(task.X)
    X = numeric(
        safe_indexing(X, where.columns, axis=1), where.names[where.unit], "knockoffs"
    )
    if not sparse.issparse(X):
        return np.asarray(X)
    if not may_be_dense(X):
        raise ValueError(
            f"method='knockoffs' needs an array, and this sparse X would have "
            f"{X.shape[0] * X.shape[1]:,} entries; up to {MAX_DENSE:,} are allowed. "
            "Use method='elastic_net_path', which keeps X sparse."
        )
    return np.asarray(X.toarray())


def _targets(estimator: Estimator, y: Any) -> Array:
    """Targets as floats: (n_rows, n_outputs)."""
    y = np.asarray(y)
    if is_classifier(estimator):
        found = indicators(y)
        # the second of two indicators is one minus the first
        return found[:, 1:] if found.shape[1] == 2 else found
    return y.reshape(len(y), -1).astype(float)


def _differences(X: Array, Y: Array, weight: Array, rng: np.random.Generator) -> Array:
    """Norm of the coefficients of each column, minus that of its knockoff."""
    both = np.hstack([X, knockoffs_of(X, weight, rng)])
    # the solver must not depend on which of the two is the knockoff
    order = rng.permutation(both.shape[1])
    Y = Y - np.average(Y, axis=0, weights=weight)
    root = np.sqrt(weight)[:, None]
    highest = np.linalg.norm(both.T @ (Y * weight[:, None]), axis=1).max() / len(Y)
    if highest == 0:  # the targets, or all columns, are constant
        return np.zeros(X.shape[1])
    settings = {"alphas": highest * np.geomspace(1, 1e-2, N_ALPHAS), "cv": 5}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if Y.shape[1] == 1:
            model = LassoCV(**settings)
            model.fit(both[:, order], Y[:, 0], sample_weight=weight)
        else:
            model = MultiTaskLassoCV(**settings)
            model.fit(both[:, order] * root, Y * root)
    size = np.empty(both.shape[1])
    size[order] = np.linalg.norm(np.atleast_2d(model.coef_), axis=0)
    n = X.shape[1]
    return np.asarray(size[:n] - size[n:])


def _of_groups(values: Array, units: Units) -> Array:
    """The sum over the columns of each unit, and over the units of its group."""
    of_units = np.bincount(units.where.unit, values, units.count)
    label = units.labels
    return np.asarray(np.bincount(label, of_units)[label])


register("method", Knockoffs)
