"""Prunes a model at all ratios.

The loop over ratios (`pruned_at`) and the refit of a candidate (`_refitted`) are in
this file and nowhere else. The loop over splits is in `_scored_path`.
"""

from dataclasses import dataclass, replace
from traceback import walk_tb
from typing import Any
from uuid import uuid4

import numpy as np

from sklprune._estimators import unfitted
from sklprune._evaluation.splits import UNSEEN_FRACTION, hold_out
from sklprune._memory import remembered
from sklprune._opening import fitted, opened_with_limits
from sklprune._plain import stripped
from sklprune._progress import part, tracked
from sklprune._pruned import Closed, Closing, Pruned
from sklprune._rounds import Round, stations_of
from sklprune._typing import Array, Estimator
from sklprune._units import Candidate, TooLittleLeft, where_raised


@dataclass(frozen=True)
class Dense:
    """An unpruned model.

    Parameters
    ----------
    model : estimator
    name : object
        Identifies the model and its rows in the keys of a memory. It is drawn in the
        fit, since a fit without a seed differs each time. An order must never be
        combined with another model than its own.
    unseen : ndarray of int, or None
        Positions of the rows that it was not fitted on.
    """

    model: Estimator
    name: Any
    unseen: Array | None = None


# -- fitting -----------------------------------------------------------------------


def fit_dense(plan, task):
    """The unpruned model: fitted on all pruning rows, or the frozen model itself."""
    if plan.frozen:
        name = (plan.estimator, *task.rows)
        return Dense(plan.estimator, name, np.arange(task.n_samples))
    key = ("fit", unfitted(plan.estimator), *task.rows, task.random_state)
    return remembered(plan.memory, key, _fit, plan, task)


def _fit(plan, task):
    return Dense(fitted(plan, task), uuid4().hex)


def _fit_in_part(plan, task, opened):
    """A model that was fitted without a fifth of the rows.

    If the units are columns of a pipeline, only the model after the steps that
    transform each column apart is fitted, on the rows that they have transformed.
    """
    seen, unseen = hold_out(plan.estimator, task, UNSEEN_FRACTION)
    if opened.column_wrappers:
        inside = replace(plan, estimator=opened.model)
        return replace(_fit(inside, opened.task.take(seen)), unseen=unseen)
    return replace(_fit(plan, task.take(seen)), unseen=unseen)


def _open_to_order(plan, dense, task):
    """The model whose units are ordered, and the same opened.

    In its task, `unseen` has the positions of the rows that it was not fitted on.
    """
    method = plan.method
    opened = opened_dense(plan, dense, task)
    if not method.needs_unseen:
        return dense, opened
    offers = opened.family.capabilities(opened.model)
    if method.takes_out_of_bag and "out_of_bag" in offers:
        if plan.fitted_on_rows:
            opened = replace(opened, task=replace(opened.task, unseen=None))
        return dense, opened
    if plan.frozen:
        # the models of later rounds are fitted on the given rows
        if len(method.stations(opened.units)):
            unseen = hold_out(plan.estimator, task, UNSEEN_FRACTION)[1]
            opened = replace(opened, task=replace(opened.task, unseen=unseen))
        return dense, opened
    key = ("fit in part", dense.name, task.groups, task.random_state)
    part = remembered(plan.memory, key, _fit_in_part, plan, task, opened)
    if opened.column_wrappers:
        received = replace(opened.task, unseen=part.unseen)
        return part, replace(opened, model=part.model, task=received)
    return part, opened_dense(plan, part, task)


def opened_dense(plan, dense, task):
    """An unpruned model opened; `unseen` of its task are rows not used for its fit."""
    return opened_with_limits(plan, dense.model, replace(task, unseen=dense.unseen))


def _order(plan, dense, opened):
    """Everything that does not depend on a ratio."""
    method, task = plan.method, opened.task
    scorer = task.scorer if method.needs_scorer else None
    settings = (method, plan.refit, opened.units, scorer, task.groups)
    key = ("path", dense.name, task.unseen, *settings, task.random_state)
    if not method.fits_models:
        task = task.with_comparable_weights(scored=method.needs_scorer)
    arguments = (opened.family, opened.model, opened.units, task)
    return remembered(plan.memory, key, method.path, *arguments)


# -- the loop over ratios ------------------------------------------------------------


def pruned_at(plan, dense, task, ratios):
    """Prune one model at each ratio, ascending.

    Each ratio branches off the last round before it. The result at a ratio therefore
    does not depend on the other ratios.

    Yields
    ------
    Pruned
        Where nothing is removed, the model is the stripped original itself, unless the
        method converts it to another class.

    Raises
    ------
    TooLittleLeft
        If the units that remain at a ratio are too few for the model to be fitted.
    """
    ordered, opened = _open_to_order(plan, dense, task)
    ahead = stations_of(plan.method, plan.refit, opened.units)
    order = _order(plan, ordered, opened)
    here = Round.first(plan.method, opened, order, reorders=bool(ahead))
    plan = _with_prepared_refit(plan, dense, here, ratios)
    last = None
    for ratio in tracked(ratios, "ratios"):
        with part("rounds", len(ahead)) as rounds:
            while ahead and here.precedes(ahead[0], ratio):
                here = _next_round(plan, here, ahead.pop(0), last)
                rounds.advance()
        last = _pruned(plan, here, ratio, dense, last, task.X)
        yield last


def _with_prepared_refit(plan, dense, here, ratios):
    """A plan whose refit has done once what all ratios have in common."""
    refit, opened = plan.refit, here.opened
    if not getattr(refit, "prepares", False) or not any(r != 0 for r in ratios):
        return plan
    candidate, task = here.candidate(ratios[-1]), opened.task
    seed = task.random_state
    key = ("refit", dense.name, refit, opened.units, candidate.scores, seed)
    prepared = remembered(plan.memory, key, refit.prepared, candidate, task)
    return replace(plan, refit=prepared)


def models_on_path(plan, dense, task, ratios):
    """`pruned_at` for ratios from 0 on, also of a method that determines the size.

    Such a method has the ratios [0, None]. It receives no ratio, so that the unpruned
    model at 0 does not come from it.
    """
    if plan.method.decides and ratios[0] == 0:
        yield _unpruned(plan, dense, task)
        ratios = ratios[1:]
    yield from pruned_at(plan, dense, task, ratios)


def _unpruned(plan, dense, task):
    """The unpruned model as a model on the path."""
    opened = opened_dense(plan, dense, task)
    count = opened.units.count
    recipe = (opened.family, opened.model, opened.units)
    candidate = Candidate(0.0, np.ones(count, bool), np.zeros(count), *recipe)
    return Pruned(Closed(stripped(dense.model)), candidate)


def _pruned(plan, here, ratio, dense, last, X):
    """The plain model at a ratio; the last one where the same units are kept."""
    candidate = here.candidate(ratio)
    # a method that determines the size receives no ratio; its candidate states one
    ratio = candidate.ratio if ratio is None else ratio
    if _same_units(last, here.mask_of_all(candidate)):
        return replace(last, candidate=replace(last.candidate, ratio=ratio))
    of_all = here.candidate_of_all(candidate, ratio)
    unchanged = of_all.keep.all() and not plan.method.recasts
    if unchanged and not candidate.n_changes:
        return Pruned(Closed(stripped(dense.model), None, here.opened), of_all)
    opened = here.opened.with_wrappers(plan.method, candidate)
    smaller = _refitted(candidate, plan.refit, opened.task, ratio).build()
    inside = plan.method.finished(candidate.family, smaller, opened.task)
    whole = Closing(opened, inside, candidate.keep, X if plan.drop_unread else None)
    return Pruned(whole, of_all, inside, smaller)


def _next_round(plan, here, ratio, last):
    """The round that begins at a ratio; this one where nothing is removed."""
    candidate = here.to_next(ratio)
    if candidate.keep.all():
        return here
    rows, refit = here.seen_rows, plan.refit
    same = _same_units(last, here.mask_of_all(candidate))
    if same and rows is here.opened.task and not candidate.units.in_place:
        return here.after(candidate, last.unfinished)
    if hasattr(refit, "at_station"):
        refit = refit.at_station()
    return here.after(candidate, _refitted(candidate, refit, rows, ratio).build())


def _same_units(last, keep):
    return last is not None and np.array_equal(last.candidate.keep, keep)


def _refitted(candidate, refit, task, ratio):
    """A candidate with refitted values; an error names the ratio."""
    keep, granularity = candidate.keep, candidate.units.granularity
    try:
        return candidate.refit(refit, task)
    except ValueError as error:
        if keep.all():
            raise
        if _raised_by(refit, error):
            error.add_note(where_raised(ratio, keep, granularity))
            raise
        raise TooLittleLeft.at(ratio, keep, granularity, error) from error
    except Exception as error:
        error.add_note(where_raised(ratio, keep, granularity))
        raise


def _raised_by(refit, error):
    """Whether code of a refit raised an error itself, and not a fit that it called."""
    (*_, (frame, _)) = walk_tb(error.__traceback__)
    return frame.f_globals.get("__name__") == type(refit).__module__


def until_too_little(models, errors):
    """Yield models up to the first ratio at which too few units remain.

    Its error is appended to a list. If no smaller model was found before it, the error
    is raised, since no ratio can be used.
    """
    smaller_found = False
    try:
        for each in models:
            smaller_found = smaller_found or not each.candidate.keep.all()
            yield each
    except TooLittleLeft as error:
        if not smaller_found:
            raise
        errors.append(error)


def first_from(models, ratio, holds, keep_all):
    """Follow models in ascending order to the first acceptable one from a ratio on.

    Parameters
    ----------
    models : iterable of Pruned
    ratio : float
        The smallest acceptable ratio.
    holds : callable
        `holds(pruned)`: whether a model is acceptable.
    keep_all : bool
        Whether to continue to the end, so that all models are returned.

    Returns
    -------
    best : Pruned or None
        None where no model is acceptable.
    visited : list of Pruned
        All models up to the best one, or to the end.
    """
    best, visited = None, []
    for each in models:
        visited.append(each)
        if best is None and each.candidate.ratio >= ratio and holds(each):
            best = each
        if best is not None and not keep_all:
            break
    return best, visited
