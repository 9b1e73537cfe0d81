"""Prunes and scores a model at all ratios on all splits.

The loop over ratios (`pruned_at`), the loop over splits (`score_path`) and the refit of
a candidate (`_refitted`) are in this file and nowhere else.
"""

import warnings
from dataclasses import dataclass, replace
from traceback import walk_tb
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
from sklearn.exceptions import FitFailedWarning
from sklearn.utils.parallel import Parallel, delayed

from sklprune._estimators import unfitted
from sklprune._evaluation.class_counts import ClassCounts, classes_of
from sklprune._evaluation.held_out import held_out, table_of
from sklprune._evaluation.out_of_bag import out_of_bag as out_of_bag_predictions
from sklprune._evaluation.splits import UNSEEN_FRACTION, hold_out
from sklprune._memory import remembered
from sklprune._opening import fitted, open_model, opened_with_limits
from sklprune._plain import stripped
from sklprune._progress import part, tracked
from sklprune._registry import families_of_other_packages, register_missing
from sklprune._rounds import Round
from sklprune._typing import Array, Estimator
from sklprune._units import Candidate, TooLittleLeft, where_raised
from sklprune._unread import Unread, without_unread


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


@dataclass(frozen=True)
class Pruned:
    """One plain model on the path, and the candidate that it was built from.

    Parameters
    ----------
    model : estimator
    candidate : Candidate
        In terms of all units of the unpruned model.
    inside : estimator or None
        The part of the model that was pruned; None where nothing was.
    unread : Unread or None
        The columns that were removed because the model no longer reads them; None
        where this was not requested.
    """

    model: Estimator
    candidate: Candidate
    inside: Estimator | None = None
    unread: Unread | None = None


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


def _fit_in_part(plan, task):
    """A model that was fitted without a fifth of the rows."""
    seen, unseen = hold_out(plan.estimator, task, UNSEEN_FRACTION)
    return replace(_fit(plan, task.take(seen)), unseen=unseen)


def _open_to_order(plan, dense, task):
    """The model whose units are ordered, and the same opened.

    In its task, `unseen` has the positions of the rows that it was not fitted on.
    """
    method = plan.method
    opened = _opened(plan, dense, task)
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
    part = remembered(plan.memory, key, _fit_in_part, plan, task)
    return part, _opened(plan, part, task)


def _opened(plan, dense, task):
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
    here = Round.first(plan.method, opened, _order(plan, ordered, opened))
    ahead = list(plan.method.stations(opened.units))
    last = None
    for ratio in tracked(ratios, "ratios"):
        with part("rounds", len(ahead)) as rounds:
            while ahead and here.precedes(ahead[0], ratio):
                here = _next_round(plan, here, ahead.pop(0), last)
                rounds.advance()
        last = _pruned(plan, here, ratio, dense, last, task.X)
        yield last


def _pruned(plan, here, ratio, dense, last, X):
    """The plain model at a ratio; the last one where the same units are kept."""
    candidate = here.candidate(ratio)
    # a method that determines the size receives no ratio; its candidate states one
    ratio = candidate.ratio if ratio is None else ratio
    if _same_units(last, here.mask_of_all(candidate)):
        return replace(last, candidate=replace(last.candidate, ratio=ratio))
    of_all = here.candidate_of_all(candidate, ratio)
    if of_all.keep.all() and not plan.method.recasts:
        return Pruned(stripped(dense.model), of_all)
    inside = _refitted(candidate, plan.refit, here.opened.task, ratio).build()
    model, unread = here.opened.close(inside, candidate.keep), None
    if plan.drop_unread:
        model, unread = without_unread(model, X)
    return Pruned(model, of_all, inside, unread)


def _next_round(plan, here, ratio, last):
    """The round that begins at a ratio; this one where nothing is removed."""
    candidate = here.candidate(ratio)
    if candidate.keep.all():
        return here
    rows = here.seen_rows
    if rows is here.opened.task and _same_units(last, here.mask_of_all(candidate)):
        return here.after(candidate, last.inside)
    return here.after(candidate, _refitted(candidate, plan.refit, rows, ratio).build())


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


# -- the loop over splits ------------------------------------------------------------


class ScoredPath(NamedTuple):
    """The scores of all ratios on all splits.

    Parameters
    ----------
    table : dict of ndarray
        What a rule receives, see `sklprune.rules`; position 0 is the unpruned model.
    counts : list of ClassCounts, or None
        One for each ratio, over the rows of all splits; only for a classifier.
    candidates : list of Pruned, or None
        The models that were scored on the first split, where they are kept.
    """

    table: dict
    counts: list | None
    candidates: list | None


@dataclass(frozen=True, kw_only=True)
class _Scoring:
    """What is done on each split: see the parameters of `score_path`."""

    ratios: list
    columns: tuple
    classes: Any
    by_blocks: bool
    keep_candidates: bool
    out_of_bag: bool
    families: list


class _SplitScores(NamedTuple):
    """The rows of one split's table, its candidates, and errors of too few units."""

    rows: list
    candidates: list | None
    errors: list


def score_path(
    plan,
    task,
    ratios,
    splits,
    steps,
    *,
    columns=(),
    out_of_bag=False,
    keep_candidates=False,
):
    """Prune and score at each ratio on each split; the first ratio is 0.

    The ratios from the first one at which too few units are left on some split are
    omitted, with a warning.

    Parameters
    ----------
    plan : Plan
    task : Task
    ratios : list of float
    splits : list of (first rows, second rows)
    steps : list of Step
        One for each split; it runs the split and reports it.
    columns : tuple of str
        Columns on demand: fields of `Cost`, "agreement" and "fidelity".
    out_of_bag : bool
        Whether the unpruned model was fitted on all rows, in this order, so that its
        predictions are out of bag.
    keep_candidates : bool
        Whether the models of the first split are returned.

    Returns
    -------
    ScoredPath
    """
    single = len(splits) == 1
    scoring = _Scoring(
        ratios=ratios,
        columns=columns,
        classes=classes_of(plan.estimator, task.y),
        by_blocks=single,
        keep_candidates=keep_candidates,
        out_of_bag=out_of_bag,
        families=families_of_other_packages(),
    )
    # with one split, the work inside it may run in parallel instead
    inner = task if single else replace(task, n_jobs=None)
    results = Parallel(n_jobs=None if single else task.n_jobs)(
        delayed(step)(_score_split, plan, inner, split, scoring)
        for step, split in zip(steps, splits)
    )
    shortest = min(results, key=lambda result: len(result.rows))
    _warn_of_omitted_ratios(shortest.errors)
    n = len(shortest.rows)
    by_split = [result.rows[:n] for result in results]
    table = table_of(ratios[:n], by_split, columns)
    counts = None
    if scoring.classes is not None:
        counts = [
            ClassCounts(scoring.classes, sum(row["counts"] for row in rows))
            for rows in zip(*by_split)
        ]
    return ScoredPath(table, counts, results[0].candidates)


def _warn_of_omitted_ratios(errors):
    for error in errors:
        warnings.warn(
            "The model could not be fitted at all ratios; this ratio and all larger "
            f"ones are omitted from the choice. {error.where} {error}",
            FitFailedWarning,
            stacklevel=2,
        )


def _score_split(plan, task, split, scoring):
    """Prune on the first rows of a split, score on the second."""
    register_missing(scoring.families)
    first, second = split
    first_rows, second_rows = task.take(first), task.take(second)
    dense = fit_dense(plan, first_rows)
    predictions = None
    if scoring.out_of_bag:
        opened = open_model(dense.model, second_rows, plan.method)
        predictions = out_of_bag_predictions(
            opened.family, opened.model, opened.task, np.asarray(second)
        )
    measure = held_out(
        second_rows,
        dense.model,
        classes=scoring.classes,
        columns=scoring.columns,
        by_blocks=scoring.by_blocks,
        out_of_bag=predictions,
    )
    models = pruned_at(plan, dense, first_rows, scoring.ratios)
    scored, errors = _scored(models, measure), []
    pairs = list(until_too_little(scored, errors))
    candidates = [pair.pruned for pair in pairs] if scoring.keep_candidates else None
    return _SplitScores([pair.row for pair in pairs], candidates, errors)


class _Scored(NamedTuple):
    """A pruned model and its row of the table."""

    pruned: Pruned
    row: dict

    @property
    def candidate(self):
        return self.pruned.candidate


def _scored(models, measure):
    """Yield each model with its row; a model that repeats is measured once."""
    model, row = None, None
    for pruned in models:
        if pruned.model is not model:
            model, row = pruned.model, measure.row(pruned)
        yield _Scored(pruned, row)
