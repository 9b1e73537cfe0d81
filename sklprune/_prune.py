"""The main workflow of a pruning: read `prune_rows` first.

A ratio is chosen on held-out rows, or given. The model is then pruned at this ratio,
and the result is returned with its path and its report.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from sklprune._cost import sizes
from sklprune._evaluation.alternatives import best_from_scratch, choose
from sklprune._evaluation.choice import (
    Choice,
    check_no_baseline,
    check_rule,
    columns_for,
)
from sklprune._evaluation.held_out import prediction_error
from sklprune._evaluation.prices import cost_of
from sklprune._evaluation.splits import splits_of
from sklprune._evaluation.stability import selections_of, stability_of
from sklprune._evaluation.summary import summary_of
from sklprune._evaluation.training_rows import (
    Reference,
    common_reference,
    plan_to_choose,
    plan_to_prune,
)
from sklprune._evaluation.transfer import (
    has_size,
    nearest_in_size,
    ratios_of_size,
    warn_of_size,
    with_ratios_of_size,
)
from sklprune._evaluation.unscored import unscored_table
from sklprune._path import first_from, fit_dense, models_on_path
from sklprune._pruning_path import PruningPath
from sklprune._reporting.report import Report
from sklprune._scored_path import Alternative, score_paths
from sklprune._typing import Estimator
from sklprune._units import TooLittleLeft, Units, plural
from sklprune._validation import check_ratio
from sklprune.rules import Best, OneStandardError


@dataclass(frozen=True)
class Result:
    """The result of a pruning."""

    estimator: Estimator
    ratio: float
    keep: np.ndarray
    scores: np.ndarray
    units: Units
    path: PruningPath
    report: Report
    #: names of the columns if the rows were texts, whose columns are terms
    terms: np.ndarray | None = None


def prune_rows(
    plans, task, *, pruning_ratio, rule, cv, store_path, baseline, progress, texts=None
):
    """Prune a model: units, path, candidates, rule, estimator.

    Parameters
    ----------
    plans : list of Plan
        The model and how it is pruned. Several plans are alternatives for one model.
    task : Task
        Checked rows.
    pruning_ratio : float, sequence of float or "auto"
    rule : Rule
    cv : int, splitter, iterable or None
    store_path : bool
        Whether the models at all ratios are kept.
    baseline : bool
        Whether small models trained from scratch are compared.
    progress : Progress
        Reports the steps.
    texts : TextSteps or None
        What the result receives in place of the rows of `task`, if these are counts.

    Returns
    -------
    Result
    """
    output = {"store_path": store_path, "progress": progress}
    several = len(plans) > 1
    checked = [check_ratio(pruning_ratio, p.method, task, several) for p in plans]
    if not any(is_choice for _, is_choice in checked):
        check_no_baseline(baseline, pruning_ratio)
        progress.begin(0)
        (ratio,) = checked[0][0]
        path = [0.0] if ratio == 0 else [0.0, ratio]
        choice = Choice(
            ratio=ratio, ratios=path, requested=[ratio], by_user=ratio is not None
        )
        return _build_result(plans, task, choice, texts, **output)
    check_rule(rule, plans[0], task)
    splits = splits_of(plans[0], task, cv)
    choice = _choose_ratio(
        [Alternative(plan, ratios) for plan, (ratios, _) in zip(plans, checked)],
        task,
        splits,
        rule=rule,
        by_user=not isinstance(pruning_ratio, str),
        # only a split that the user gives is meant to be the one of the result
        keep_candidates=plans[0].frozen and cv is not None and len(splits) == 1,
        baseline=baseline,
        **output,
    )
    if choice.candidates is not None:
        # the candidate that is returned was pruned on the first rows of the one split
        task = task.take(splits[0][0])
    plans = [plan_to_prune(plan, choice.reference) for plan in plans]
    return _build_result(plans, task, choice, texts, **output)


def _choose_ratio(
    ways,
    task,
    splits,
    *,
    rule,
    by_user,
    keep_candidates,
    baseline,
    store_path,
    progress,
):
    """Prune and score on each split, and let the rule choose a method and a ratio."""
    reference = Reference.ITSELF
    if ways[0].plan.frozen and rule.needs_scores:
        reference = common_reference([way.plan for way in ways], task, splits)
    columns = columns_for(rule, bytes_too=store_path or baseline or len(ways) > 1)
    scored, from_scratch = score_paths(
        [replace(way, plan=plan_to_choose(way.plan, reference)) for way in ways],
        task,
        splits,
        progress.begin(len(splits)),
        columns=columns,
        out_of_bag=reference is Reference.OUT_OF_BAG,
        keep_candidates=keep_candidates and reference is not Reference.REFITTED,
        baseline=baseline,
        stops=not (by_user or store_path) and _may_stop(ways, rule, splits, task),
    )
    common = {
        "rule": rule,
        "splits": splits,
        "by_user": by_user,
        "X": task.X,
        "reference": reference,
        "baseline": best_from_scratch(rule, from_scratch) if baseline else None,
    }
    return choose(ways, scored, **common)


def _may_stop(ways, rule, splits, task):
    """Whether a path may end where the score is far below the best one.

    The rule would choose no candidate behind it, and each costs a fit.
    """
    near_best = type(rule) in (Best, OneStandardError)
    few_fits = all(way.plan.method.takes_one_split(task) for way in ways)
    return near_best and few_fits and len(splits) == 1


def _build_result(plans, task, choice, texts, *, store_path, progress):
    """Prune at the chosen ratio, unless the scored candidate itself is returned."""
    plan = plans[choice.method]
    close = (lambda model: model) if texts is None else texts.close
    dense = progress.step("unpruned model")(fit_dense, plan, task)
    models, accept = choice.candidates, _first_accepted
    if models is None:
        name = "prune" if choice.ratio is None else f"prune at {choice.ratio:g}"
        accept = partial(progress.step(name), _first_accepted)
        first = 0 if store_path else choice.ratios.index(choice.ratio)
        ratios = with_ratios_of_size(choice, choice.ratios[first:])
        models = models_on_path(plan, dense, task, ratios)
    best, models = accept(choice, models, task.X, store_path)
    _check_predicts(dense, best, task)
    best = best if texts is None else _with_names(best, texts.terms)
    keep, ratio = best.candidate.keep, best.candidate.ratio
    if choice.ratio is None or ratio in choice.ratios:
        choice = choice.at(ratio)
    warn_of_size(choice, plan.method, dense, best, task)
    table, position = choice.shown
    if table is None:
        table = best.candidate.table
    if table is None:
        table = unscored_table(dense, models if store_path else [best], store_path)
    stored = None
    if store_path:
        stored = {choice.name: {m.candidate.ratio: m.model for m in models}}
        stored |= _other_models(plans, dense, task, choice)
        stored = {
            name: {ratio: close(model) for ratio, model in found.items()}
            for name, found in stored.items()
        }
    names = best.candidate.family.names(best.candidate.units)
    selections = selections_of(choice, names, keep)
    path = PruningPath(table, position, stored, selections)
    curve = path.curve(plural(best.candidate.units.granularity))
    summary = summary_of(plan, task, choice, dense, best)
    original, smaller = (close(each.model) for each in (dense, best))
    return Result(
        smaller,
        float((~keep).mean()),
        keep,
        best.candidate.scores,
        best.candidate.units,
        path,
        Report(
            *(original, smaller, plan.method, best.candidate, summary),
            best.unread,
            choice.comparison,
            curve,
            stability_of(choice.kept, names),
        ),
        None if texts is None else texts.terms,
    )


def _with_names(pruned, names):
    """A model on the path whose columns have other names than those of its rows."""
    units = pruned.candidate.units
    where = replace(units.where, names=names[units.where.positions])
    candidate = replace(pruned.candidate, units=replace(units, where=where))
    return replace(pruned, candidate=candidate)


def _other_models(plans, dense, task, choice):
    """The models at all ratios of the methods that were not chosen, by name."""
    others = {} if choice.whole is None else choice.whole.ratios
    return {
        choice.whole.names[i]: {
            each.candidate.ratio: each.model
            for each in models_on_path(plans[i], dense, task, ratios)
        }
        for i, ratios in others.items()
        if i != choice.method
    }


def _check_predicts(dense, best, task):
    """Raise an error for a result that cannot predict a row, if the original can."""
    keep, units = best.candidate.keep, best.candidate.units
    row = task.take(np.zeros(1, dtype=int)).X
    names = ["predict" if hasattr(best.model, "predict") else "transform"]
    error = prediction_error(best.model, row, names)
    if error is not None and prediction_error(dense.model, row, names) is None:
        where = best.candidate.ratio, keep, units.granularity
        raise TooLittleLeft.at(*where, error) from error


def _first_accepted(choice, models, X, store_path):
    """The first model from the chosen ratio on that the rule accepts, and all models.

    A method that determines the size has no ratio, and its model is the last one.
    """
    if choice.ratio is None:
        models = list(models)
        return models[-1], models
    rule = choice.rule
    first, last = ratios_of_size(choice)

    def measured(pruned):
        costs = cost_of(rule, pruned.candidate, X)
        return sizes(pruned.model, rule.needs, X) | costs

    def holds(pruned):
        return rule is None or rule.holds(measured(pruned))

    def fits(pruned):
        large = pruned.candidate.ratio >= last or has_size(choice, pruned)
        return large and holds(pruned)

    best, models = first_from(models, first, fits, store_path)
    if best is None:
        raise rule.too_large(measured(models[-1]))
    if first < last and best.candidate.ratio == last:
        between = [m for m in models if first <= m.candidate.ratio <= last]
        best = nearest_in_size(choice, [m for m in between if holds(m)])
    return best, models
