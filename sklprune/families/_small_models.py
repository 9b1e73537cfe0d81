"""Small models that are trained from scratch, to compare with pruned ones.

They are what a user would train instead of pruning: small boosting models in place of
trees, narrower networks, and a model of the same kind on the columns that are best by a
univariate test.
"""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import clone, is_classifier
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.feature_selection import f_classif, f_regression

from sklprune._estimators import seeded
from sklprune._registry import family_of
from sklprune._sklearn_private import num_features, safe_indexing
from sklprune._typing import Array, Estimator, MatrixLike
from sklprune._units import Task, Units

#: leaves of a tree, learning rates and numbers of stages of small boosting models
LEAVES = (2, 4, 8, 16, 31)
LEARNING_RATES = (0.1, 0.3)
STAGES = (1, 2, 4, 8, 16, 32, 64, 128)
#: factor between the sizes of two small models
FACTOR = 2.0

Trained = Iterator[tuple[str, Estimator]]


class TrainingSmallModels:
    """The method `small_models` of a family: by default, models on fewer columns."""

    def small_models(self, estimator: Estimator, units: Units, task: Task) -> Trained:
        """Train small models from scratch, without any knowledge of the given one.

        Parameters
        ----------
        estimator : estimator
            The fitted model that is pruned.
        units : Units
            What is removed from it.
        task : Task
            The rows to train on, in the form in which the estimator receives them.

        Yields
        ------
        name : str
            What the model is.
        model : estimator
            Fitted.
        """
        family: Any = self
        columns = units
        if units.granularity != "feature":
            columns = family.units(estimator, "feature", task.X)
        scores = columns.of_groups(_scores_of_units(columns, task, estimator))
        name = type(family.core(estimator)).__name__
        for n_kept in _sizes(columns.count):
            keep = columns.best(scores, 1 - n_kept / columns.count)
            model = family.refit(estimator, columns, keep, task)
            yield f"{name} on the {keep.sum()} best columns by a univariate test", model


def _sizes(count: int) -> list[int]:
    """Numbers below a count, each about half of the one before."""
    sizes = []
    while count > 1:
        count = int(np.ceil(count / FACTOR))
        sizes.append(count)
    return sizes


def _scores_of_units(columns: Units, task: Task, estimator: Estimator) -> Array:
    """The highest univariate score of the columns of each unit."""
    scores = univariate_scores(task.X, task.y, is_classifier(estimator))
    return scores[columns.where.positions]


def univariate_scores(X: MatrixLike, y: Any, classifier: bool) -> Array:
    """F statistics of each column of X for a target: (n_features,).

    Missing values are replaced by the mean of the column. Categories are replaced by
    the mean target of their rows.
    """
    target = np.asarray(y).reshape(len(y), -1)[:, 0]
    if classifier:
        target = np.unique(target, return_inverse=True)[1].ravel()
    test = f_classif if classifier else f_regression
    if not sparse.issparse(X):
        n_columns = num_features(X)
        X = np.column_stack([_numbers(X, j, target) for j in range(n_columns)])
    with np.errstate(all="ignore"):
        statistic = test(X, target)[0]
    return np.nan_to_num(statistic, nan=0.0, posinf=np.finfo(float).max)


def _numbers(X: MatrixLike, column: int, target: Array) -> Array:
    """A column as numbers without missing values."""
    values = np.asarray(safe_indexing(X, column, axis=1))
    if values.dtype.kind not in "biuf":
        codes = np.unique(values.astype(str), return_inverse=True)[1].ravel()
        return (np.bincount(codes, target) / np.bincount(codes))[codes]
    values = values.astype(float)
    missing = ~np.isfinite(values)
    if missing.any():
        mean = values[~missing].mean() if (~missing).any() else 0.0
        values = np.where(missing, mean, values)
    return values


def small_boosting(estimator: Estimator, task: Task) -> Trained:
    """Train small boosting models of many shapes, for a model of trees.

    They are histogram boosting, or gradient boosting if X is sparse.

    Parameters
    ----------
    estimator : estimator
        Its loss is not used: a classifier gets the log loss, and a regressor the
        squared error.
    task : Task
    """
    of_classes, of_values, steps = (
        (GradientBoostingClassifier, GradientBoostingRegressor, "n_estimators")
        if sparse.issparse(task.X)
        else (HistGradientBoostingClassifier, HistGradientBoostingRegressor, "max_iter")
    )
    cls = of_classes if is_classifier(estimator) else of_values
    given = estimator.get_params(deep=False)
    same = {"class_weight", "categorical_features"} & set(cls().get_params())
    fixed = {name: given[name] for name in same if name in given}
    if fixed.get("class_weight") == "balanced_subsample":
        fixed["class_weight"] = "balanced"
    if "early_stopping" in cls().get_params():
        fixed["early_stopping"] = False
    for leaves in LEAVES:
        for rate in LEARNING_RATES:
            shape = {"max_leaf_nodes": leaves, "learning_rate": rate}
            # stages are added to the same model, since the first ones do not change
            model = cls(**shape, **fixed, warm_start=True)
            for n_stages in STAGES:
                model.set_params(**{steps: n_stages})
                name, _ = _trained(model, task, {**shape, steps: n_stages})
                yield name, copy.deepcopy(model).set_params(warm_start=False)


def smaller_clones(
    estimator: Estimator, task: Task, settings: list[dict[str, Any]]
) -> Trained:
    """Train clones of a model with other parameters."""
    for parameters in settings:
        model = clone(estimator).set_params(**parameters)
        yield _trained(model, task, parameters)


def _trained(
    model: Estimator, task: Task, shown: dict[str, Any]
) -> tuple[str, Estimator]:
    """A name and a model that was fitted on all rows."""
    family_of(model).fit(seeded(model, task.random_state), *task.rows)
    arguments = ", ".join(f"{name}={value!r}" for name, value in shown.items())
    return f"{type(model).__name__}({arguments})", model
