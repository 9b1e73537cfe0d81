"""Validates the user's parameters, and resolves names of methods and refits.

`make_plans` is called once at the start of `fit`, and returns a `Plan` for each method.
It raises the errors for all combinations that do not fit together. `make_scorer` and
`seed_of` make the scorer and the seed.
"""

from dataclasses import replace
from functools import partial

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.validation import check_is_fitted

from sklprune._opening import Plan, resolved
from sklprune._parameters import check_takes
from sklprune._registry import (
    family_of,
    named,
    own_method,
    registered,
    snake_case,
    why_not_its_family,
)
from sklprune._sklearn_private import check_parameters
from sklprune._units import plural
from sklprune.families._column_parameters import are_texts
from sklprune.methods._base import Method

#: the value of `method` for all methods that suit a model
SMALLEST = "smallest"


def make_plans(estimator, *, method, granularity=None, **known):
    """Make one plan, or a plan for each of several methods.

    Parameters
    ----------
    estimator : estimator
        Not fitted, or a `FrozenEstimator`.
    method : str, Method or list of them
        "smallest" is the list of all methods that suit the model.
    granularity : str or None
        What must be removed, where that is not the choice of the method.
    **known
        Further parameters of `make_plan`.

    Raises
    ------
    ValueError
        If a method of a list cannot prune the model, or no method can.
    """
    make = partial(make_plan, estimator, granularity=granularity, **known)
    if isinstance(method, str) and method == SMALLEST:
        return _all_plans(estimator, granularity, make)
    if not isinstance(method, (list, tuple)):
        return [make(method=method)]
    if not method:
        raise ValueError(f"method={method!r} is empty. Give at least one method.")
    plans = [make(method=each) for each in method]
    # a method that is listed twice is compared once
    return list({repr(plan.method): plan for plan in plans}.values())


def _all_plans(estimator, granularity, make):
    """A plan for each method that suits a model, with the main variants of each.

    Columns are removed only if they are required, or if nothing else can be removed.
    """
    core = family_of(thawed(estimator)).core(thawed(estimator))
    default = named("method", family_of(core).method_of(core))
    wanted = default.granularity if granularity is None else granularity
    plans, errors = [], []
    for cls in registered("method").values():
        for method in cls.variants():
            if (method.granularity == "feature") != (wanted == "feature"):
                continue
            try:
                plans.append(make(method=method))
            except ValueError as error:
                errors.append(error)
    if not plans:
        raise errors[0]
    # a method that stands for another one is compared once
    plans = list({repr(plan.method): plan for plan in plans}.values())
    return [replace(plan, optional=len(plans) > 1) for plan in plans]


def make_plan(
    estimator,
    *,
    method,
    refit,
    labels,
    granularity=None,
    limits=None,
    n_features=None,
):
    """Resolve names, and raise an error for parameters that do not fit together.

    Parameters
    ----------
    estimator : estimator
        Not fitted, or a `FrozenEstimator`.
    method, refit : as in `PrunedEstimator`
    labels : bool
        Whether y was given.
    granularity : str or None
        What must be removed, where that is not the choice of the method.
    limits : dict or None
        Fields of `Units` that the user determines: groups, and units that are kept.
    n_features : int or None
        Number of columns of X, where it has columns.

    Raises
    ------
    ValueError
        Naming what is missing, and what would work.
    """
    frozen = isinstance(estimator, FrozenEstimator)
    estimator = thawed(estimator)
    if frozen:
        check_is_fitted(estimator)
        estimator = resolved(estimator)
    core = family_of(estimator).core(estimator)
    if frozen:
        _check_own_methods(estimator, core)
    family = family_of(core)
    if isinstance(method, str) and method == "auto":
        method = family.method_of(core)
    opens_columns = family_of(estimator).opens_columns(estimator)
    method = named("method", method)
    _check_is_method(method)
    check_parameters(method)
    method = method.resolved(family, core, n_features, opens_columns)
    _check_method(method, core, family, granularity)
    refit = _refit_for(refit, method, estimator, core, labels)
    if refit is not None:
        check_parameters(refit)
    if not labels and _needs_labels(estimator):
        without = _methods_for(core, family, granularity, labels=False)
        _check_labels("method", method, without)
        without = [n for n, c in registered("refit").items() if not c.needs_labels]
        _check_labels("refit", refit, without)
    return Plan(estimator, frozen, method, refit, limits or {})


def open_texts(plans, X):
    """Counts of terms in place of texts, if columns are removed; None for other rows.

    Parameters
    ----------
    plans : list of Plan
        All of one estimator.
    X : array-like
        Rows that were not checked.

    Returns
    -------
    estimator : estimator
        The pipeline on counts, in a `FrozenEstimator` if the plans have a fitted one.
    steps : TextSteps
    """
    of_columns = all(plan.method.granularity == "feature" for plan in plans)
    if not of_columns or hasattr(X, "columns") or not are_texts(X):
        return None
    model, frozen = plans[0].estimator, plans[0].frozen
    steps = family_of(model).open_texts(model, X, frozen)
    if steps is None:
        return None
    return FrozenEstimator(steps.model) if frozen else steps.model, steps


def removable(plans, X):
    """The plans whose units can be removed from a model on these rows.

    Raises
    ------
    ValueError
        Before any fit, for a plan that is not optional; see `Family.check_removal`.
    """
    possible, errors = [], []
    for plan in plans:
        family, granularity = family_of(plan.estimator), plan.method.granularity
        try:
            family.check_removal(plan.estimator, granularity, plan.refit, X)
            possible.append(plan)
        except ValueError as error:
            if not plan.optional:
                raise
            errors.append(error)
    if not possible:
        raise errors[0]
    return possible


def thawed(estimator):
    """The model inside `FrozenEstimator`, however often it was frozen."""
    while isinstance(estimator, FrozenEstimator):
        estimator = estimator.estimator
    return estimator


def _check_own_methods(*models):
    """Raise an error for an object whose predictions a copy would not have."""
    for model in models:
        if own_method(model):
            raise ValueError(
                f"This {type(model).__name__} has {own_method(model)} as an attribute "
                "of the object, and a pruned copy would predict by the method of its "
                "class. Define the method in a subclass."
            )


# -- the method -----------------------------------------------------------------------


def _misfit(method, core, family, granularity):
    """Why a method cannot prune a model, as a clause; "" if it can."""
    if granularity is not None and method.granularity != granularity:
        ours, theirs = plural(method.granularity), plural(granularity)
        return f": it removes {ours}, and {theirs} are to be removed"
    why = method.misfit(family, core)
    return f", which {why}" if why else ""


def suitable_methods(estimator):
    """An object of each registered method that can prune a model."""
    core = family_of(thawed(estimator)).core(thawed(estimator))
    names = _methods_for(core, family_of(core), None)
    return [named("method", name) for name in names]


def _methods_for(core, family, granularity, labels=True):
    """Names of the methods that can prune a model."""
    return [
        name
        for name, cls in registered("method").items()
        if not _misfit(cls(), core, family, granularity)
        and (labels or not cls().needs_labels)
    ]


def _check_is_method(method):
    """Raise an error for an entry of a list, or a granularity, of another type."""
    if not isinstance(method, Method):
        raise ValueError(
            f"method={method!r} must be the name of a method, or an object such as "
            "sklprune.methods.Magnitude()."
        )
    if method.granularity is not None and not isinstance(method.granularity, str):
        raise ValueError(
            f"{type(method).__name__}(granularity={method.granularity!r}): granularity "
            "must be a string, such as 'weight' or 'neuron'."
        )


def _check_method(method, core, family, granularity):
    why = _misfit(method, core, family, granularity)
    if why:
        works = map(repr, _methods_for(core, family, granularity))
        is_default = repr(method) == f"{type(method).__name__}()"
        name = repr(snake_case(type(method).__name__)) if is_default else repr(method)
        foreign = why_not_its_family(core)
        raise ValueError(
            f"method={name} does not fit {type(core).__name__}{why}. {foreign}Methods "
            f"that work: {', '.join(works) or 'none'}."
        )


# -- the refit ------------------------------------------------------------------------


def _refit_for(refit, method, estimator, core, labels):
    granularity, family = method.granularity, family_of(core)
    if isinstance(refit, (bool, np.bool_)):
        name = family.refit_of(core, granularity, labels) if refit else None
        name = None if method.trains else name
        refit = None if name is None else named("refit", name)
    else:
        refit = named("refit", refit)
    why = _refit_misfit(refit, method, estimator, core)
    if why:
        kind = "False" if refit is None else type(refit).__name__
        wrapper = "" if core is estimator else f" inside {type(estimator).__name__}"
        raise ValueError(
            f"refit={kind} cannot follow the removal of {plural(granularity)} from "
            f"{type(core).__name__}{wrapper}: {why}. Use refit=True."
        )
    return refit


def _refit_misfit(refit, method, estimator, core):
    """Why a refit cannot follow a method, as a clause; "" if it can."""
    if refit is not None and method.trains:
        return f"{type(method).__name__} trains its candidates itself"
    again = type(method).stations is not Method.stations
    only = getattr(refit, "granularities", ())
    if only and method.granularity not in only:
        return f"it follows only the removal of {' or '.join(map(plural, only))}"
    if again and getattr(refit, "prepares", False):
        return f"{type(method).__name__} orders units again after each refit"
    if not family_of(estimator).accepts(estimator, refit, method.granularity, again):
        if refit is None:
            return "a model with fewer columns must be fitted again"
        return "it does not act on them in this model"
    if refit is None:
        return ""
    missing = family_of(core).missing_capabilities(core, refit.needs)
    return f"it needs {' and '.join(missing)} of the model" if missing else ""


# -- labels and scores ----------------------------------------------------------------


def _needs_labels(estimator):
    """Whether scores need y; tags alone are not sufficient."""
    core = family_of(estimator).core(estimator)
    return get_tags(core).target_tags.required


def _check_labels(what, part, without):
    """Raise an error for a part that needs y, and name those that need none."""
    if part is not None and part.needs_labels:
        raise ValueError(
            f"{what}={snake_case(type(part).__name__)!r} requires y to be passed, but "
            f"the target y is None. Values of {what} that work without labels: "
            f"{', '.join(map(repr, without)) or 'none'}."
        )


def make_scorer(plan, scoring, labels):
    """The scorer; None if y or a `score` method is missing and none is needed."""
    estimator = plan.estimator
    if not labels and _needs_labels(estimator):
        return None
    if isinstance(scoring, (list, tuple, set, dict)):
        raise ValueError(
            f"scoring={scoring!r} names several metrics; pruning chooses by one. Give "
            "a string or a callable."
        )
    scorer = check_scoring(estimator, scoring, allow_none=True)
    if callable(scoring):
        check_takes("scoring", scoring, "estimator", "X", "y")
    if scorer is None and plan.method.needs_scorer:
        raise ValueError(
            f"method={snake_case(type(plan.method).__name__)!r} compares scores, and "
            f"{type(estimator).__name__} has no score method: give scoring."
        )
    return scorer


def seed_of(random_state):
    """An int for a `random_state`, drawn once per fit; None is returned unchanged."""
    if random_state is None or isinstance(random_state, (int, np.integer)):
        return random_state
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
