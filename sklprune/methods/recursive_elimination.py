"""Recursive elimination: the least important columns leave, the model is fitted
anew, and so on."""

import numbers
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from scipy import sparse

from sklprune._frames import column_names
from sklprune._registry import family_of, named, register, registered
from sklprune._sklearn_private import num_features
from sklprune._units import score
from sklprune.methods._base import AUTO_RATIOS, Method
from sklprune.methods._column_scale import column_scales


class Order(NamedTuple):
    """Importance of each unit, and the score of the model on rows it has not seen."""

    importances: np.ndarray
    score: float | None


class RecursiveElimination(Method):
    """Remove the least important columns, fit the model anew, and so on.

    What a column is worth is asked again of every smaller model, so that of columns
    that stand in for each other one stays. With `pruning_ratio="auto"` every size on
    the way is a candidate, and `path_.frame()` holds the scores of all of them.

    Parameters
    ----------
    importance : str, callable or Method, default="auto"
        "auto" is what the fitted model itself says: its `coef_`, multiplied by the
        standard deviation of each column, or its `feature_importances_`. An attribute
        such as `"coef_"` or `"named_steps.svc.coef_"`, or a callable that is given the
        fitted model, is taken as it is; of several outputs the root of the sum of
        squares counts. The name of a method for columns, "permutation" say, or such a
        method, orders by that method: this works for any model.
    step : int or float, default=1
        How many columns leave at a time, as a number or as a fraction of all.
    patience : int or None, default=None
        Stop once the score has not risen for this many steps; smaller sizes are then
        not on the path. None goes down to one column.

    Notes
    -----
    With `step=1` a column costs a fit, in every split. Sizes that are asked and lie
    between two steps branch off the larger one.

    With `patience`, or with a method that needs rows that the model has not seen, the
    models on the way are fitted on four fifths of the pruning rows; the order and
    the scores that `patience` looks at come from the other fifth, which therefore say
    little about the model in the end. What ships is fitted on all pruning rows.

    The order is that of `sklearn.feature_selection.RFE` for the same importances, save
    that of equally important columns the first one stays.

    The importance that is reported is the round in which a column left; those of the
    columns that stay follow, as the last order has them.

    Of a pipeline "auto" asks the last step, where the steps before it hand columns on
    under their own names.

    References
    ----------
    Guyon, Weston, Barnhill and Vapnik, Gene selection for cancer classification using
    support vector machines, Machine Learning 46, 2002.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklprune import FeaturePruningSelector
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> selector = FeaturePruningSelector(Ridge(), method="recursive_elimination",
    ...                                   n_features_to_select=3).fit(X, y)
    >>> selector.get_feature_names_out()
    array(['bmi', 'bp', 's5'], dtype=object)
    """

    granularity = "feature"
    needs_labels = True
    reason = "the least important of those left, round by round"

    def __init__(self, importance="auto", *, step=1, patience=None):
        self.importance = importance
        self.step = step
        self.patience = patience

    @property
    def needs_unseen(self):
        return self.patience is not None or self._asked("needs_unseen")

    @property
    def needs_scorer(self):
        return self.patience is not None or self._asked("needs_scorer")

    def _asked(self, need):
        return getattr(_method(self.importance), need, False)

    def grid(self, task):
        return self._ratios(num_features(task.X)) or AUTO_RATIOS

    def stations(self, units):
        return self._ratios(units.count)

    def _ratios(self, count):
        """Ratios after each step, down to one column that stays."""
        _check_parameters(self.importance, self.step, self.patience)
        step = self.step if self.step >= 1 else max(1, int(self.step * count))
        removed = sorted({*range(step, count, step), count - 1} - {0})
        return tuple(k / count for k in removed)

    def goes_on(self, paths):
        if self.patience is None:
            return True
        scores = [path.score for path in paths]
        return len(scores) - 1 - int(np.argmax(scores)) < self.patience

    def path(self, family, estimator, units, task):
        _check_parameters(self.importance, self.step, self.patience)
        importances = self.score(family, estimator, units, task)
        if self.patience is None:
            return Order(importances, None)
        return Order(importances, score(estimator, task.to_order()))

    def score(self, family, estimator, units, task):
        method = _method(self.importance)
        if method is not None:
            return method.score(family, estimator, units, task)
        if isinstance(self.importance, str) and self.importance == "auto":
            return own_importances(estimator, task)[units.where.positions]
        values = sizes(_read(self.importance, family.without_step(estimator)))
        if values.shape != (units.count,):
            raise ValueError(
                f"RecursiveElimination(importance={self.importance!r}) gave values of "
                f"shape {values.shape} for {units.count} columns. Use "
                "importance='permutation'."
            )
        return values

    def candidate(self, path, family, estimator, units, task, ratio):
        return super().candidate(
            path.importances, family, estimator, units, task, ratio
        )


def _method(importance):
    """The method that an importance stands for, or None."""
    if isinstance(importance, str) and importance in registered("method"):
        importance = named("method", importance)
    return importance if isinstance(importance, Method) else None


def _read(importance, model):
    if callable(importance):
        return importance(model)
    try:
        return attrgetter(importance)(model)
    except AttributeError as error:
        raise ValueError(
            f"RecursiveElimination(importance={importance!r}): {error}. It must be "
            "'auto', an attribute of the fitted model, a callable, or a method for "
            "columns, 'permutation' say."
        ) from error


def own_importances(estimator, task):
    """What a fitted model says of each column of X, (n_features,).

    Columns that do not reach the model inside a pipeline are worth nothing.
    """
    all_names = column_names(task.X)
    model, names, task = innermost(estimator, all_names, task)
    if hasattr(model, "coef_"):
        centred = getattr(model, "fit_intercept", True)
        values = sizes(model.coef_)
        values = values * column_scales(task.X, task.sample_weight, centred)
    elif hasattr(model, "feature_importances_"):
        values = sizes(model.feature_importances_)
    else:
        raise ValueError(
            f"RecursiveElimination(importance='auto'): {type(model).__name__} has "
            "neither coef_ nor feature_importances_. Use importance='permutation', "
            "which works for any model."
        )
    position = {name: i for i, name in enumerate(all_names)}
    if not position.keys() >= set(names):
        raise ValueError(
            "RecursiveElimination(importance='auto'): the steps of "
            f"{type(estimator).__name__} make other columns of those of X, so that "
            f"{type(model).__name__} says nothing of the latter. Use "
            "importance='permutation'."
        )
    result = np.zeros(len(all_names))
    result[[position[name] for name in names]] = values
    return result


def innermost(model, names, task):
    """The model inside wrappers, and the names of the columns and rows it sees."""
    family = family_of(model)
    inside, task = family.inside(model, task)
    if inside is model:
        return model, names, task
    return innermost(inside, family.names_inside(model, names), task)


def sizes(values):
    """Absolute values; over outputs, in rows, the root of the sum of squares."""
    values = values.toarray() if sparse.issparse(values) else np.asarray(values)
    return np.sqrt((np.atleast_2d(values).astype(float) ** 2).sum(axis=0))


def _check_parameters(importance, step, patience):
    named_so = f"RecursiveElimination({importance=}, {step=}, {patience=}): "
    if not (isinstance(importance, (str, Method)) or callable(importance)):
        raise ValueError(
            f"{named_so}importance must be 'auto', an attribute of the fitted model, a "
            "callable, or a method for columns, 'permutation' say."
        )
    if not (_is_whole(step) or isinstance(step, numbers.Real) and 0 < step < 1):
        raise ValueError(
            f"{named_so}step must be a positive whole number, or a fraction in (0, 1)."
        )
    if patience is not None and not _is_whole(patience):
        raise ValueError(f"{named_so}patience must be None or a positive whole number.")


def _is_whole(value):
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return whole and value >= 1


register("method", RecursiveElimination)
