"""Recursive elimination: remove the least important columns, fit the model again,
and repeat."""

import numbers
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from sklprune._column_scale import column_norms
from sklprune._frames import column_names
from sklprune._registry import family_of, named, register, registered
from sklprune._sklearn_private import num_features
from sklprune._typing import Array, Estimator
from sklprune._units import Candidate, Task, Units, score
from sklprune.methods._base import AUTO_RATIOS, Method


class Order(NamedTuple):
    """Importance of each unit, and the score of the model on rows not fitted on.

    The score is None where `patience` does not need it.
    """

    importances: Array
    score: float | None


class RecursiveElimination(Method):
    """Remove the least important columns, fit the model again, and repeat.

    The importances are computed again for each smaller model. One of several columns
    that carry the same information is therefore kept. With `pruning_ratio="auto"`
    each intermediate number of columns is a candidate, and `path_.frame()` lists the
    scores of all of them.

    Parameters
    ----------
    importance : str, callable or Method, default="auto"
        How important a column is to the fitted model.

        - "auto": its `coef_`, multiplied by the standard deviation of each column, or
          its `feature_importances_`. For a pipeline these are read from the last step.
          The steps before it must then pass columns on under their own names.
        - The name of an attribute, such as `"coef_"` or `"named_steps.svc.coef_"`.
          With several outputs, the root of the sum of squares over the outputs is
          used.
        - A callable that returns the importances of a fitted model.
        - A method for columns or its name, such as "permutation". This works for any
          model.
    step : int or float, default=1
        How many columns are removed at a time, as a number or as a fraction of all.
    patience : int or None, default=None
        Stop when the score has not increased for this many steps. Smaller numbers of
        columns are then not on the path. None continues down to one column.

    Notes
    -----
    With `step=1` each removed column costs one fit in each split. A requested ratio
    between two steps is reached from the model with more columns.

    The models of the intermediate steps are fitted on four fifths of the pruning rows
    in two cases. One is `patience`. The other is an importance that needs rows that
    the model was not fitted on. The remaining fifth gives the importances, and the
    scores that `patience` compares. These scores are therefore not an estimate of the
    score of the final model, which is fitted on all pruning rows.

    For the same importances, the order is that of
    :class:`sklearn.feature_selection.RFE`, except for equally important columns: here
    the first one is kept.

    The report and `importances_` state the step in which a column was removed. The
    values of the kept columns are larger, in the order of the last importances.

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
    reason = "the least important of the remaining columns in its step"

    def __init__(
        self,
        importance: str | Callable[[Estimator], Any] | Method = "auto",
        *,
        step: float = 1,
        patience: int | None = None,
    ) -> None:
        self.importance = importance
        self.step = step
        self.patience = patience

    @property
    def needs_unseen(self) -> bool:  # type: ignore[override]  # depends on parameters
        """Whether the order must come from rows that the model was not fitted on."""
        return self.patience is not None or self._importance_needs("needs_unseen")

    @property
    def needs_scorer(self) -> bool:  # type: ignore[override]  # depends on parameters
        """Whether scores are computed for the order."""
        return self.patience is not None or self._importance_needs("needs_scorer")

    def _importance_needs(self, attribute: str) -> bool:
        return bool(getattr(_method(self.importance), attribute, False))

    def grid(self, task: Task) -> Sequence[float]:
        """The ratios of `pruning_ratio="auto"`: one after each step."""
        return self._ratios(num_features(task.X)) or AUTO_RATIOS

    def stations(self, units: Units) -> Sequence[float]:
        """Ratios, ascending, at which the model is fitted and ordered again."""
        return self._ratios(units.count)

    def _ratios(self, count: int) -> tuple[float, ...]:
        """Ratios after each step, down to one kept column."""
        _check_parameters(self.importance, self.step, self.patience)
        step: Any = self.step if self.step >= 1 else max(1, int(self.step * count))
        removed = sorted({*range(step, count, step), count - 1} - {0})
        return tuple(k / count for k in removed)

    def goes_on(self, paths: Sequence[Order]) -> bool:
        """Whether the best score is less than `patience` steps ago."""
        if self.patience is None:
            return True
        scores: list[Any] = [path.score for path in paths]
        return len(scores) - 1 - int(np.argmax(scores)) < self.patience

    def path(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Order:
        """The importances, and with `patience` the score of the model."""
        _check_parameters(self.importance, self.step, self.patience)
        importances = self.checked_score(family, estimator, units, task)
        if self.patience is None:
            return Order(importances, None)
        return Order(importances, score(estimator, task.to_order()))

    def score(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Array:
        """Importance of each column to the fitted model, (n_units,)."""
        method = _method(self.importance)
        if method is not None:
            return method.score(family, estimator, units, task)
        if isinstance(self.importance, str) and self.importance == "auto":
            return fitted_importances(estimator, task)[units.where.positions]
        values = column_norms(_read(self.importance, family.without_step(estimator)))
        if values.shape != (units.count,):
            raise ValueError(
                f"RecursiveElimination(importance={self.importance!r}) gave values of "
                f"shape {values.shape} for {units.count} columns. Use "
                "importance='permutation'."
            )
        return values

    def candidate(
        self,
        path: Any,
        family: Any,
        estimator: Estimator,
        units: Units,
        task: Task,
        ratio: float | None,
    ) -> Candidate:
        """The candidate that keeps the most important columns at a ratio."""
        return super().candidate(
            path.importances, family, estimator, units, task, ratio
        )


def _method(importance: Any) -> Method | None:
    """The method that `importance` is or names, or None."""
    if isinstance(importance, str) and importance in registered("method"):
        importance = named("method", importance)
    return importance if isinstance(importance, Method) else None


def _read(importance: Any, model: Estimator) -> Any:
    """The importances that a callable or an attribute of a fitted model gives."""
    if callable(importance):
        return importance(model)
    try:
        return attrgetter(importance)(model)
    except AttributeError as error:
        raise ValueError(
            f"RecursiveElimination(importance={importance!r}): {error}. It must be "
            "'auto', an attribute of the fitted model, a callable, or a method for "
            "columns such as 'permutation'."
        ) from error


def fitted_importances(estimator: Estimator, task: Task) -> Array:
    """Importances of all columns of X by `coef_` or `feature_importances_`.

    Returns
    -------
    ndarray of shape (n_features,)
        Zero for columns that do not reach the last step of a pipeline.
    """
    all_names = column_names(task.X)
    model, names, task = _innermost(estimator, all_names, task)
    values = family_of(model).column_importances(model, task)
    if values is None:
        raise ValueError(
            f"RecursiveElimination(importance='auto'): {type(model).__name__} has "
            "neither coef_ nor feature_importances_. Use importance='permutation', "
            "which works for any model."
        )
    position = {name: i for i, name in enumerate(all_names)}
    if not position.keys() >= set(names):
        raise ValueError(
            "RecursiveElimination(importance='auto'): the steps of "
            f"{type(estimator).__name__} compute new columns from those of X, so that "
            f"{type(model).__name__} has no importances for the columns of X. Use "
            "importance='permutation'."
        )
    result = np.zeros(len(all_names))
    result[[position[name] for name in names]] = values
    return result


def _innermost(model: Estimator, names: Array, task: Task) -> tuple[Any, Any, Task]:
    """The model inside all wrappers, and the column names and rows that reach it."""
    family = family_of(model)
    inside, task = family.inside(model, task)
    if inside is model:
        return model, names, task
    return _innermost(inside, family.names_inside(model, names), task)


def _check_parameters(importance: Any, step: Any, patience: Any) -> None:
    given = f"RecursiveElimination({importance=}, {step=}, {patience=}): "
    if not (isinstance(importance, (str, Method)) or callable(importance)):
        raise ValueError(
            f"{given}importance must be 'auto', an attribute of the fitted model, a "
            "callable, or a method for columns such as 'permutation'."
        )
    if not (_is_count(step) or isinstance(step, numbers.Real) and 0 < float(step) < 1):
        raise ValueError(
            f"{given}step must be a positive whole number, or a fraction in (0, 1)."
        )
    if patience is not None and not _is_count(patience):
        raise ValueError(f"{given}patience must be None or a positive whole number.")


def _is_count(value: Any) -> bool:
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return whole and value >= 1


register("method", RecursiveElimination)
