"""`Plan`, and `OpenedModel`: the model that is pruned, taken out of its wrappers.

A pipeline, a search or a transformed target wraps the model whose units are removed.
`open_model` unwraps until it reaches that model, and `OpenedModel.close` puts a pruned
one back.
"""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from sklprune._estimators import seeded, unfitted
from sklprune._plain import plain
from sklprune._progress import part
from sklprune._registry import family_of
from sklprune._sklearn_private import only_predicts, safe_indexing
from sklprune._typing import Array, Estimator, MatrixLike
from sklprune._units import Candidate, Task, Units


@dataclass(frozen=True)
class Plan:
    """What is pruned and how: everything that does not depend on rows.

    Parameters
    ----------
    estimator : estimator
        Not fitted, or the fitted model inside a `FrozenEstimator`.
    frozen : bool
        Whether it is fitted and must not be fitted again.
    method : Method
    refit : Refit or None
    limits : dict
        Fields of `Units` that the user determines: groups, and units that are kept.
    memory : joblib.Memory or None
        Keeps fits, orders and scores; see `sklprune._memory`.
    fitted_on_rows : bool
        Whether a frozen model is known to be fitted on the given rows.
    seen : {"auto"} or bool
        What the user states about that.
    drop_unread : bool
        Whether columns that the pruned model no longer reads are removed.
    optional : bool
        Whether it is one of several plans and is omitted, with a warning, if its method
        raises an error. The user has not named such a method.
    """

    estimator: Estimator
    frozen: bool
    method: Any
    refit: Any
    limits: dict[str, Any] = field(default_factory=dict)
    memory: Any = None
    fitted_on_rows: bool = False
    seen: Any = "auto"
    drop_unread: bool = False
    optional: bool = False

    def limited(self, units: Units) -> Units:
        """Units with the limits of the user."""
        return replace(units, **self.limits)


class ColumnWrapper(NamedTuple):
    """A pipeline whose first steps transform each column of X apart.

    Parameters
    ----------
    family, estimator : Family, estimator
    steps : ColumnSteps
        The steps, and the model after them.
    rows : MatrixLike
        Some rows as the pipeline receives them, for names and dtypes.
    """

    family: Any
    estimator: Estimator
    steps: Any
    rows: MatrixLike


@dataclass(frozen=True)
class OpenedModel:
    """The model that is pruned, its units and rows, and the wrappers around it.

    Parameters
    ----------
    family, model : Family, estimator
        The innermost model, and its family.
    units : Units
    task : Task
        The rows in the form in which the innermost model receives them.
    wrappers : tuple of (Family, estimator)
        From the outermost to the innermost.
    column_wrappers : tuple of ColumnWrapper
        The wrappers from the outermost to the innermost where the units are columns.
    known : dict
        What `received` has computed last.
    """

    family: Any
    model: Estimator
    units: Units
    task: Task
    wrappers: tuple[tuple[Any, Estimator], ...]
    column_wrappers: tuple[ColumnWrapper, ...] = ()
    known: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def with_columns(self) -> tuple[Any, Estimator]:
        """The model whose columns are the units, which may be a pipeline."""
        for wrapper in self.column_wrappers:
            return wrapper.family, wrapper.estimator
        return self.family, self.model

    def received(self, X: MatrixLike) -> MatrixLike:
        """Other rows as the innermost model receives them, if the units are columns.

        The result for the last X is kept: models of one path are scored on one X.
        """
        if self.known.get("rows") is not X:
            inner = X
            for wrapper in self.column_wrappers:
                inner = wrapper.steps.transform(inner)
            self.known.update(rows=X, received=inner)
        return self.known["received"]

    def with_wrappers(self, method: Any, candidate: Candidate) -> "OpenedModel":
        """The same with the wrappers as the method changes them for a candidate."""
        pairs = [(f, method.around(f, each, candidate)) for f, each in self.wrappers]
        return replace(self, wrappers=tuple(pairs))

    def close(self, model: Estimator, keep: Array | None = None) -> Estimator:
        """Copies of the wrappers around a pruned model.

        `keep` is the mask of the units that the model has; None stands for all.
        """
        if self.column_wrappers:
            return self._close_columns(model, keep)
        for family, wrapper in reversed(self.wrappers):
            model = family.close(wrapper, model)
        return model

    def _close_columns(self, model: Estimator, keep: Array | None) -> Estimator:
        """Copies of wrappers that transform each column apart, for some columns."""
        where: Any = self.units.where
        kept = [where.positions if keep is None else where.positions[keep]]
        for wrapper in self.column_wrappers[:-1]:
            kept.append(np.flatnonzero(np.isin(wrapper.steps.sources, kept[-1])))
        for wrapper, columns in zip(self.column_wrappers[::-1], kept[::-1]):
            family, rows = wrapper.family, wrapper.rows
            model = family.close_columns(wrapper.estimator, model, columns, rows)
        return model


def open_model(model: Estimator, task: Task, method: Any) -> OpenedModel:
    """Unwrap a fitted model until the units of a method are reached."""
    wrappers: list[tuple[Any, Estimator]] = []
    while True:
        family = family_of(model)
        inner, task = family.open(model, task, method.granularity)
        if inner is model:
            _check_still_fits(method, family, model)
            units = family.units(model, method.granularity, task.X)
            opened = OpenedModel(family, model, units, task, tuple(wrappers))
            return _open_columns(opened) if method.takes_blocks else opened
        wrappers.append((family, model))
        model = inner


def _open_columns(opened: OpenedModel) -> OpenedModel:
    """The model after steps that transform each column of X apart, if there are any.

    The units are the same columns of X. Steps that mix columns are part of the model.
    """
    family, model, task = opened.family, opened.model, opened.task
    inside = family.open_columns(model, task.X)
    if inside is None:
        return opened
    steps, X = inside
    inner, received = steps.model, task.with_X(X)
    core = family_of(inner).core(inner)
    if task.scorer is not None and not only_predicts(task.scorer, core):
        # it may read columns of X
        return opened
    units = family_of(inner).units(inner, opened.units.granularity, received.X)
    inside = _open_columns(OpenedModel(family_of(inner), inner, units, received, ()))
    where = opened.units.where.with_blocks(inside.units.where, steps.sources)
    rows = safe_indexing(task.X, np.arange(min(2, task.n_samples)))
    wrapper = ColumnWrapper(family, model, steps, rows)
    return replace(
        inside,
        units=replace(opened.units, where=where),
        column_wrappers=(wrapper, *inside.column_wrappers),
    )


def _check_still_fits(method, family, model):
    """A fitted search may contain another kind of model than its parameter."""
    why = method.misfit(family, model)
    if why:
        raise ValueError(
            f"The fitted model is a {type(model).__name__}, which {why}. Search over "
            "models of one kind, or name a method that fits them all, 'permutation' "
            "for example."
        )


def opened_with_limits(plan: Plan, model: Estimator, task: Task) -> OpenedModel:
    """A model opened for the method of a plan, with the limits of the user."""
    opened = open_model(model, task, plan.method)
    return replace(opened, units=plan.limited(opened.units))


def fitted(plan: Plan, task: Task) -> Estimator:
    """A clone of the estimator of a plan, seeded and fitted on all rows of a task."""
    model = seeded(unfitted(plan.estimator), task.random_state)
    with part("fit", 0):
        family_of(model).fit(model, *task.rows)
    return resolved(model)


def resolved(model: Estimator) -> Estimator:
    """A fitted model without sklprune objects, and a search as its best estimator."""
    model = plain(model)
    return family_of(model).resolve(model)
