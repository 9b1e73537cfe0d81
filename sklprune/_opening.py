"""`Plan`, and `OpenedModel`: the model that is pruned, taken out of its wrappers.

A pipeline, a search or a transformed target wraps the model whose units are removed.
`open_model` unwraps until it reaches that model, and `OpenedModel.close` puts a pruned
one back.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from sklprune._estimators import seeded, unfitted
from sklprune._plain import plain
from sklprune._progress import part
from sklprune._registry import family_of
from sklprune._typing import Estimator
from sklprune._units import Task, Units


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
    """

    family: Any
    model: Estimator
    units: Units
    task: Task
    wrappers: tuple[tuple[Any, Estimator], ...]

    def close(self, model: Estimator) -> Estimator:
        """Copies of the wrappers around a pruned model."""
        for family, wrapper in reversed(self.wrappers):
            model = family.close(wrapper, model)
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
            return OpenedModel(family, model, units, task, tuple(wrappers))
        wrappers.append((family, model))
        model = inner


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
    return replace(opened, units=replace(opened.units, **plan.limits))


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
