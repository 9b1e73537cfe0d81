"""Prunes and scores a model on all splits, in one or more ways.

The loop over splits (`score_paths`) is in this file and nowhere else.
"""

import warnings
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import FitFailedWarning
from sklearn.utils.parallel import Parallel, delayed

from sklprune._evaluation.class_counts import ClassCounts, classes_of
from sklprune._evaluation.held_out import held_out, table_of
from sklprune._evaluation.out_of_bag import out_of_bag as out_of_bag_predictions
from sklprune._evaluation.shrinking import (
    shrinking_of,
    shrinking_scores,
    suffices,
    with_scores,
)
from sklprune._opening import Plan, open_model
from sklprune._path import (
    Pruned,
    fit_dense,
    models_on_path,
    opened_dense,
    until_too_little,
)
from sklprune._plain import stripped
from sklprune._progress import tracked
from sklprune._registry import families_of_other_packages, register_missing
from sklprune._rule import standard_error

#: standard errors by which a model is far worse than another one
FAR = 5.0


@dataclass(frozen=True)
class Alternative:
    """One way to prune a model, and the ratios at which it is tried.

    Parameters
    ----------
    plan : Plan
    requested : list of float or None
        Ascending; [None] where the method determines the size.
    """

    plan: Plan
    requested: list

    @property
    def ratios(self):
        """The ratios of the path; the first one is 0, that of the unpruned model."""
        above_zero = [ratio for ratio in self.requested if ratio != 0]
        return [0.0, *above_zero]


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
    names : list of str, or None
        Of models trained from scratch, what each one is.
    kept : list of list of ndarray, or None
        For each ratio and split the `packed` mask of the kept columns. None for other
        units, which differ from fit to fit.
    importances : ndarray of shape (n_splits, n_columns), or None
        What the columns were ordered by on each split, for the smallest candidate.
    """

    table: dict
    counts: list | None = None
    candidates: list | None = None
    names: list | None = None
    kept: list | None = None
    importances: Any = None


@dataclass(frozen=True, kw_only=True)
class _Scoring:
    """What is done on each split: see the parameters of `score_paths`."""

    columns: tuple
    classes: Any
    by_blocks: bool
    keep_candidates: bool
    out_of_bag: bool
    baseline: bool
    stops: bool
    families: list


class _SplitScores(NamedTuple):
    """The rows of one split's table, its candidates, and errors of too few units."""

    rows: list
    candidates: list | None
    errors: list


def score_paths(
    alternatives,
    task,
    splits,
    steps,
    *,
    columns=(),
    out_of_bag=False,
    keep_candidates=False,
    baseline=False,
    stops=False,
):
    """Prune and score a model in one or more ways, at each ratio on each split.

    The ratios from the first one at which too few units are left on some split are
    omitted, with a warning.

    Parameters
    ----------
    alternatives : list of Alternative
        All of one estimator, which is fitted once on each split.
    task : Task
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
    baseline : bool
        Whether small models that are trained from scratch are scored too.
    stops : bool
        Whether a path ends at a model that is far worse than the best one before it.

    Returns
    -------
    scored : list of ScoredPath or None
        One for each alternative; None for an optional one that raised an error.
    from_scratch : ScoredPath or None
        The models that were trained from scratch.
    """
    single, estimator = len(splits) == 1, alternatives[0].plan.estimator
    scoring = _Scoring(
        columns=columns,
        classes=classes_of(estimator, task.y),
        by_blocks=single,
        keep_candidates=keep_candidates,
        out_of_bag=out_of_bag,
        baseline=baseline,
        stops=stops,
        families=families_of_other_packages(),
    )
    shrinking = None
    if len(alternatives) == 1 and not (keep_candidates or out_of_bag or baseline):
        shrinking = shrinking_of(alternatives[0].plan, task)
    # with one split, the work inside it may run in parallel instead
    inner = task if single else replace(task, n_jobs=None)
    results = Parallel(n_jobs=None if single else task.n_jobs)(
        delayed(step)(_score_split, alternatives, inner, split, scoring, shrinking)
        for step, split in zip(steps, splits)
    )
    *by_way, from_scratch = zip(*results)
    scored = [_joined(*pair, scoring) for pair in zip(alternatives, by_way)]
    return scored, _of_baseline(from_scratch, columns) if baseline else None


def _joined(alternative, results, scoring):
    """The scored path of one alternative from its results on all splits."""
    if any(result is None for result in results):
        return None
    shortest = min(results, key=lambda result: len(result.rows))
    _warn_of_omitted_ratios(shortest.errors)
    n = len(shortest.rows)
    by_split = [result.rows[:n] for result in results]
    table = table_of(alternative.ratios[:n], by_split, scoring.columns)
    counts = None
    if scoring.classes is not None:
        counts = [
            ClassCounts(scoring.classes, sum(row["counts"] for row in rows))
            for rows in zip(*by_split)
        ]
    kept = [[row.get("keep") for row in rows] for rows in zip(*by_split)]
    if any(each is None for masks in kept for each in masks):
        return ScoredPath(table, counts, results[0].candidates)
    importances = np.array([rows[-1]["importances"] for rows in by_split])
    candidates = results[0].candidates
    return ScoredPath(table, counts, candidates, kept=kept, importances=importances)


def _of_baseline(results, columns):
    """The scored models from scratch; the unpruned model is at position 0."""
    n = min(len(rows) for rows in results)
    rows = [rows[:n] for rows in results]
    table = table_of([0.0] * n, rows, columns)
    return ScoredPath(table, names=[row["name"] for row in rows[0]])


def _warn_of_omitted_ratios(errors):
    for error in errors:
        warnings.warn(
            "The model could not be fitted at all ratios; this ratio and all larger "
            f"ones are omitted from the choice. {error.where} {error}",
            FitFailedWarning,
            stacklevel=2,
        )


def _score_split(alternatives, task, split, scoring, shrinking):
    """Prune on the first rows of a split, score on the second: one result per way.

    The last result has the rows of models that are trained from scratch.
    """
    register_missing(scoring.families)
    known = None
    if shrinking is not None:
        known = shrinking.of_split(split, alternatives[0].ratios, scoring)
        if known is not None and suffices(scoring.columns):
            return [_SplitScores(known, None, []), None]
    first, second = split
    first_rows, second_rows = task.take(first), task.take(second)
    plan = alternatives[0].plan
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
    results = [
        _score_alternative(each, dense, first_rows, measure, scoring, known)
        for each in (
            tracked(alternatives, "methods") if len(alternatives) > 1 else alternatives
        )
    ]
    baseline = None
    if scoring.baseline:
        baseline = list(_scored_from_scratch(plan, dense, first_rows, measure))
    return [*results, baseline]


def _score_alternative(alternative, dense, task, measure, scoring, known):
    """Prune a model in one way and score it; None if it is optional and fails.

    `known` are the scores that are known without a model, if they are.
    """
    plan, keep_candidates = alternative.plan, scoring.keep_candidates
    if known is None and plan.method.fits_models and not keep_candidates:
        opened = opened_dense(plan, dense, task)
        known = shrinking_scores(plan, opened, alternative.ratios, measure)
        if known is not None and suffices(scoring.columns):
            return _SplitScores(known, None, [])
    models, errors = models_on_path(plan, dense, task, alternative.ratios), []
    try:
        pairs = until_too_little(_scored(models, measure), errors)
        pairs = list(_until_far_worse(pairs) if scoring.stops else pairs)
    except ValueError as error:
        if not plan.optional:
            raise
        _warn_of_omitted_method(plan.method, error)
        return None
    candidates = [pair.pruned for pair in pairs] if keep_candidates else None
    rows = [pair.row for pair in pairs]
    rows = rows if known is None else with_scores(rows, known)
    return _SplitScores(rows, candidates, errors)


def _until_far_worse(pairs):
    """Yield scored models up to one that is far worse than the best one before it."""
    best = None
    for pair in pairs:
        yield pair
        score, parts = pair.row["score"], np.asarray(pair.row["parts"], dtype=float)
        if best is None or score > best[0]:
            best = score, parts
        (error,) = standard_error((parts - best[1])[None])
        # without a standard error no model is far worse
        if score < best[0] - FAR * error:
            return


def _warn_of_omitted_method(method, error):
    warnings.warn(
        f"method={method!r} is omitted from the choice, since it failed: {error}",
        FitFailedWarning,
        stacklevel=2,
    )


def _scored_from_scratch(plan, dense, task, measure):
    """Yield the rows of the unpruned model, and of small models that are trained."""
    numbers = {"units": np.nan, "removed": 0.0}
    yield measure.row_of(stripped(dense.model), unpruned=True) | numbers | {"name": ""}
    opened = opened_dense(plan, dense, task)
    trained = opened.family.small_models(opened.model, opened.units, opened.task)
    for name, model in tracked(trained, "models from scratch"):
        row = measure.row_of(stripped(opened.close(model)))
        yield row | numbers | {"name": name}


class _Scored(NamedTuple):
    """A pruned model and its row of the table."""

    pruned: Pruned
    row: dict

    @property
    def candidate(self):
        return self.pruned.candidate


def _scored(models, measure):
    """Yield each model with its row; a model that repeats is measured once."""
    whole, row = None, None
    for pruned in models:
        if pruned.whole is not whole:
            whole, row = pruned.whole, measure.row(pruned)
        yield _Scored(pruned, row)
