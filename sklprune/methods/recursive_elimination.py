"""Recursive elimination: remove the least important columns, fit the model again,
and repeat."""

import numbers
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from inspect import Parameter, signature
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from sklprune._column_scale import column_norms
from sklprune._estimators import seeded, unfitted
from sklprune._frames import column_names
from sklprune._linear_fits.elimination import Elimination, Removals
from sklprune._linear_fits.least_squares import IllConditioned
from sklprune._permutation.sensitivity import sensitivities
from sklprune._registry import family_of, named, register, registered
from sklprune._scores import score
from sklprune._sklearn_private import num_features, safe_indexing
from sklprune._typing import Array, Estimator
from sklprune._units import Candidate, Task, Units
from sklprune.methods._base import AUTO_RATIOS, Method

#: values of `importance` that are the coefficients of the model
COEFFICIENTS = ("auto", "coef", "coef_")
#: the values of `step` that remove a share of the remaining columns
SHARES = {"geometric": 0.1, "halving": 0.5}
#: with so many rows, "halving" chooses the number of columns on one split
ROWS_OF_ONE_SPLIT = 4_000
#: while more columns than this remain, "halving" removes another share
MANY, SHARE_OF_MANY = 5_000, 0.75


class Order(NamedTuple):
    """Importance of each unit, and the score of the model on rows not fitted on.

    The score is None where `patience` does not need it. `removals` is the order of all
    removals if it is known without a fit for each of them, else None.
    """

    importances: Array
    score: float | None
    removals: Removals | None = None


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
          its `feature_importances_`. For naive Bayes of counts, the log-probabilities
          are the coefficients. For a pipeline these are read from the last step.
          If the steps before it mix columns, it is the change of the responses when
          a column of X is permuted.
        - "coef": its `coef_` as it is, as in :class:`sklearn.feature_selection.RFE`.
          The order then depends on the units in which columns are measured.
        - The name of another attribute, such as `"named_steps.svc.coef_"`. With several
          outputs, the root of the sum of squares over the outputs is used.
        - A callable `importance(model)` that returns the importances of a fitted
          model, or `importance(model, X, y)`. X and y are then rows that the model was
          not fitted on, with the remaining columns.
        - A method for columns or its name, such as "permutation". This works for any
          model.
    step : int, float, "geometric" or "halving", default=1
        How many columns are removed at a time, as a number or as a fraction of all.
        "geometric" removes a tenth of the remaining columns, at least one. "halving"
        removes half of them, or three quarters of more than 5,000. All its steps
        together cost about as much as two fits. With at least 4,000 rows, the size is
        chosen on one split by default. The path then ends where the score is five
        standard errors below the best one, unless it is stored. With fewer rows,
        smaller ratios than that of the first step are tried too.
    patience : int or None, default=None
        Stop when the score has not increased for this many steps. Smaller numbers of
        columns are then not on the path. None continues down to one column.

    Notes
    -----
    For least squares, ridge regression, logistic regression and
    generalised linear models, all steps together cost about as much as a few fits. So
    they do for `RidgeCV` and `RidgeClassifierCV`, if they leave out single rows. The
    coefficients without a column follow from those with it: by the inverse of the
    matrix of products in least squares, and by steps of Newton's method otherwise. The
    model that is returned is fitted as usual. With collinear columns, and for all other
    models, each step costs one fit in each split.

    A requested ratio between two steps is reached from the model with more columns.

    The models of the intermediate steps are fitted on four fifths of the pruning rows
    in two cases. One is `patience`. The other is an importance that needs rows that
    the model was not fitted on. The remaining fifth gives the importances, and the
    scores that `patience` compares. These scores are therefore not an estimate of the
    score of the final model, which is fitted on all pruning rows.

    With "coef", `rule="best"` and `cv=5`, `ranking_` and the number of columns are
    those of :class:`sklearn.feature_selection.RFECV`. An iterative solver may stop
    before the solution, and then gives other ranks to a few columns of nearly equal
    importance. "auto" differs: it does not depend on the units of the columns.

    The report and `importances_` state the step in which a column was removed. The
    values of the kept columns are larger.

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
    uses = ("shrinking_fits",)
    needs_labels = True
    reason = "the least important of the remaining columns in its step"

    def __init__(
        self,
        importance: str | Callable[..., Any] | Method = "auto",
        *,
        step: float | str = 1,
        patience: int | None = None,
    ) -> None:
        self.importance = importance
        self.step = step
        self.patience = patience

    @property
    def takes_blocks(self) -> bool:  # type: ignore[override]  # depends on parameters
        """Whether it can act on the transformed rows of a pipeline."""
        method = _method(self.importance)
        if method is not None:
            return method.takes_blocks
        # a path of attributes begins at the whole pipeline, and a callable receives it
        return isinstance(self.importance, str) and "." not in self.importance

    @property
    def fits_models(self) -> bool:  # type: ignore[override]  # depends on parameters
        """Whether models are fitted for the order."""
        return self._shrinks

    @property
    def _shrinks(self) -> bool:
        """Whether the order of all removals may follow from one fit."""
        known = isinstance(self.importance, str) and self.importance in COEFFICIENTS
        return known and self.patience is None

    @property
    def needs_unseen(self) -> bool:  # type: ignore[override]  # depends on parameters
        """Whether the order must come from rows that the model was not fitted on."""
        if self.patience is not None or _receives_rows(self.importance):
            return True
        return self._importance_needs("needs_unseen")

    @property
    def needs_scorer(self) -> bool:  # type: ignore[override]  # depends on parameters
        """Whether scores are computed for the order."""
        return self.patience is not None or self._importance_needs("needs_scorer")

    def _importance_needs(self, attribute: str) -> bool:
        return bool(getattr(_method(self.importance), attribute, False))

    def takes_one_split(self, task: Task) -> bool:
        return self._halves and task.n_samples >= ROWS_OF_ONE_SPLIT

    @property
    def _halves(self) -> bool:
        return isinstance(self.step, str) and self.step == "halving"

    def grid(self, task: Task) -> Sequence[float]:
        """The ratios of `pruning_ratio="auto"`: one after each step.

        Of few rows, "halving" also tries ratios before the first step.
        """
        ratios = self._ratios(num_features(task.X)) or AUTO_RATIOS
        if not self._halves or self.takes_one_split(task):
            return ratios
        return [*(ratio for ratio in AUTO_RATIOS if ratio < ratios[0]), *ratios]

    def stations(self, units: Units) -> Sequence[float]:
        """Ratios, ascending, at which the model is fitted and ordered again."""
        return self._ratios(units.count)

    def _ratios(self, count: int) -> tuple[float, ...]:
        """Ratios after each step, down to one kept column."""
        _check_parameters(self.importance, self.step, self.patience)
        removed = numbers_of_removed(self.step, count)
        return tuple(k / count for k in removed)

    def is_complete(self, path: Order) -> bool:
        """Whether the order of all removals is known."""
        return path.removals is not None

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
        if self.patience is not None:
            return Order(importances, score(estimator, task.to_order()))
        rows = self.shrinking_rows(family, estimator, units, task)
        if rows is None:
            return Order(importances, None)
        fitted = None
        if not rows.is_exact and self.importance != "auto":
            fitted = partial(_fitted_norms, family, estimator, units, task)
        removals = self._removals(rows, units, importances, fitted)
        return Order(importances, None, removals)

    def shrinking_rows(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Any:
        """Rows that give the fits on all numbers of columns; None for other models."""
        if not self._shrinks or task.y is None:
            return None
        if "shrinking_fits" not in family.capabilities(estimator):
            return None
        return family.linear_rows(estimator, task, units.where.columns)

    def elimination(
        self, rows: Any, units: Units, first: Array | None = None, fitted: Any = None
    ) -> Elimination:
        """The elimination of the columns of such rows.

        Parameters
        ----------
        rows : LinearRows
        units : Units
        first : ndarray of shape (n_units,) or None
            Importances in the first step; None where they are those of the fit.
        fitted : callable or None
            See `Elimination`.

        Raises
        ------
        IllConditioned
            Here or while it runs, if columns are collinear.
        """
        scale = np.ones(len(units.where.columns))
        if self.importance == "auto":
            scale = rows.scales()
        stations = numbers_of_removed(self.step, units.count)
        return Elimination(rows.fit(), units, scale, stations, first, fitted)

    def _removals(
        self, rows: Any, units: Units, first: Array, fitted: Any
    ) -> Removals | None:
        """The order of all removals; None where columns are collinear."""
        try:
            elimination = self.elimination(rows, units, first, fitted)
            for _ in elimination.run([units.count - 1]):
                pass
        except IllConditioned:
            return None
        return elimination.removals

    def score(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Array:
        """Importance of each column to the fitted model, (n_units,)."""
        method = _method(self.importance)
        if method is not None:
            return method.score(family, estimator, units, task)
        if isinstance(self.importance, str) and self.importance in COEFFICIENTS:
            scaled = self.importance == "auto"
            values = fitted_importances(estimator, task, scaled, self.importance)
            if values is None:
                where = units.where
                ends = np.searchsorted(where.unit, np.arange(1, units.count))
                blocks = np.split(where.columns, ends)
                return sensitivities(estimator, task, blocks, task.random_state)
            return np.asarray(units.where.norms(values))
        model, rows = family.without_step(estimator), None
        if _receives_rows(self.importance):
            rows = task.to_order()
            rows = rows.with_X(safe_indexing(rows.X, units.where.positions, axis=1))
        values = column_norms(_read(self.importance, model, rows))
        if len(values) == len(units.where.columns) != units.count:
            return np.asarray(np.sqrt(np.bincount(units.where.unit, values**2)))
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
        values = path.importances
        if path.removals is not None:
            values = path.removals.order.astype(float)
        elif _method(self.importance) is None:
            # for equal importances the order is that of RFE
            values = np.empty(units.count)
            values[np.argsort(path.importances**2)] = np.arange(units.count)
        made = super().candidate(values, family, estimator, units, task, ratio)
        scores = path.importances
        if path.removals is not None:
            scores = path.removals.scores(made.keep)
        elif _method(self.importance) is None:
            scores = values
        return replace(made, scores=scores)


def _fitted_norms(
    family: Any, estimator: Estimator, units: Units, task: Task, keep: Array
) -> Array:
    """Norms of the coefficients of kept units, by a fit of the model on them."""
    where = units.where.take(keep)
    columns = where.selected(np.ones(len(where.positions), bool))
    model = seeded(unfitted(estimator), task.random_state)
    X = safe_indexing(task.X, columns, axis=1)
    family.fit(model, X, task.y, task.sample_weight, task.groups)
    values = np.zeros(num_features(task.X))
    values[columns] = column_norms(model.coef_)
    return np.asarray(where.norms(values))


def _method(importance: Any) -> Method | None:
    """The method that `importance` is or names, or None."""
    if isinstance(importance, str) and importance in registered("method"):
        importance = named("method", importance)
    return importance if isinstance(importance, Method) else None


def _receives_rows(importance: Any) -> bool:
    """Whether a callable receives rows besides the model."""
    if not callable(importance) or isinstance(importance, Method):
        return False
    try:
        parameters = signature(importance).parameters.values()
    except (TypeError, ValueError):  # a builtin
        return False
    required = [p for p in parameters if p.default is p.empty]
    positional = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in positional for p in required) >= 3


def _read(importance: Any, model: Estimator, rows: Task | None) -> Any:
    """The importances that a callable or an attribute of a fitted model gives."""
    if callable(importance):
        return importance(model) if rows is None else importance(model, rows.X, rows.y)
    try:
        return attrgetter(importance)(model)
    except AttributeError as error:
        raise ValueError(
            f"RecursiveElimination(importance={importance!r}): {error}. It must be "
            "'auto', 'coef', an attribute of the fitted model, a callable, or a method "
            "for columns such as 'permutation'."
        ) from error


def fitted_importances(
    estimator: Estimator, task: Task, scaled: bool, name: str
) -> Array | None:
    """Importances of all columns of X by `coef_` or `feature_importances_`.

    Parameters
    ----------
    estimator : estimator
    task : Task
    scaled : bool
        Whether `coef_` is multiplied by the standard deviations of the columns.
    name : str
        The value of the parameter `importance`, for errors.

    Returns
    -------
    ndarray of shape (n_features,) or None
        Zero for columns that do not reach the last step of a pipeline. None for "auto"
        if this step receives other columns than those of X.
    """
    all_names = column_names(task.X)
    model, names, task = _innermost(estimator, all_names, task, scaled)
    values = None
    if scaled:
        values = family_of(model).column_importances(model, task)
    elif hasattr(model, "coef_"):
        values = column_norms(model.coef_)
    if values is None:
        neither = "neither coef_ nor feature_importances_" if scaled else "no coef_"
        raise ValueError(
            f"RecursiveElimination(importance={name!r}): {type(model).__name__} has "
            f"{neither}. Use importance='permutation', which works for any model."
        )
    position = {name: i for i, name in enumerate(all_names)}
    if names is None or not position.keys() >= set(names):
        if scaled:
            return None
        raise ValueError(
            f"RecursiveElimination(importance={name!r}): the steps of "
            f"{type(estimator).__name__} compute new columns from those of X, so that "
            f"{type(model).__name__} has no importances for the columns of X. Use "
            "importance='permutation'."
        )
    result = np.zeros(len(all_names))
    result[[position[name] for name in names]] = values
    return result


def _innermost(
    model: Estimator, names: Any, task: Task, lenient: bool
) -> tuple[Any, Any, Task]:
    """The model inside all wrappers, and the column names and rows that reach it.

    If `lenient` is set, names are None where steps do not name their columns.
    """
    family = family_of(model)
    inside, task = family.inside(model, task)
    if inside is model:
        return model, names, task
    try:
        names = None if names is None else family.names_inside(model, names)
    except ValueError:
        if not lenient:
            raise
        names = None
    return _innermost(inside, names, task, lenient)


def numbers_of_removed(step: Any, count: int) -> list[int]:
    """Numbers of removed columns after each step, down to one kept column."""
    if isinstance(step, str):
        removed = [0]
        while removed[-1] < count - 1:
            remaining = count - removed[-1]
            share = SHARES[step]
            if step == "halving" and remaining > MANY:
                share = SHARE_OF_MANY
            removed.append(removed[-1] + max(1, int(share * remaining)))
        return removed[1:]
    step = step if step >= 1 else max(1, int(step * count))
    return sorted({*range(step, count, step), count - 1} - {0})


def _check_parameters(importance: Any, step: Any, patience: Any) -> None:
    given = f"RecursiveElimination({importance=}, {step=}, {patience=}): "
    if not (isinstance(importance, (str, Method)) or callable(importance)):
        raise ValueError(
            f"{given}importance must be 'auto', 'coef', an attribute of the fitted "
            "model, a callable, or a method for columns such as 'permutation'."
        )
    is_share = isinstance(step, numbers.Real) and 0 < float(step) < 1
    is_name = isinstance(step, str) and step in SHARES
    if not (_is_count(step) or is_share or is_name):
        raise ValueError(
            f"{given}step must be a positive whole number, a fraction in (0, 1), "
            "'geometric' or 'halving'."
        )
    if patience is not None and not _is_count(patience):
        raise ValueError(f"{given}patience must be None or a positive whole number.")


def _is_count(value: Any) -> bool:
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return whole and value >= 1


register("method", RecursiveElimination)
