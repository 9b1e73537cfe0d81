"""The main workflow of a pruning: read `prune_rows` first.

A ratio is chosen on held-out rows, or given. The model is then pruned at this ratio,
and the result is returned with its path and its report.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from sklprune._cost import sizes
from sklprune._evaluation.choice import (
    Choice,
    check_rule,
    choose_position,
    columns_for,
)
from sklprune._evaluation.held_out import prediction_error
from sklprune._evaluation.splits import splits_of
from sklprune._evaluation.summary import summary_of
from sklprune._evaluation.training_rows import (
    Reference,
    plan_to_choose,
    plan_to_prune,
    reference_for,
)
from sklprune._evaluation.transfer import (
    has_size,
    nearest_in_size,
    ratios_of_size,
    warn_of_size,
    with_ratios_of_size,
)
from sklprune._evaluation.unscored import unscored_table
from sklprune._path import first_from, fit_dense, pruned_at, score_path
from sklprune._pruning_path import PruningPath
from sklprune._report import Report
from sklprune._typing import Estimator
from sklprune._units import TooLittleLeft, Units
from sklprune._validation import check_ratio


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


def prune_rows(plan, task, *, pruning_ratio, rule, cv, store_path, progress):
    """Prune a model: units, path, candidates, rule, estimator.

    Parameters
    ----------
    plan : Plan
        The model and how it is pruned.
    task : Task
        Checked rows.
    pruning_ratio : float, sequence of float or "auto"
    rule : Rule
    cv : int, splitter, iterable or None
    store_path : bool
        Whether the models at all ratios are kept.
    progress : Progress
        Reports the steps.

    Returns
    -------
    Result
    """
    output = {"store_path": store_path, "progress": progress}
    ratios, is_choice = check_ratio(pruning_ratio, plan.method, task)
    if not is_choice:
        progress.begin(0)
        (ratio,) = ratios
        path = [0.0] if ratio == 0 else [0.0, ratio]
        choice = Choice(
            ratio=ratio, ratios=path, requested=ratios, by_user=ratio is not None
        )
        return _build_result(plan, task, choice, **output)
    check_rule(rule, plan, task)
    splits = splits_of(plan, task, cv)
    choice = _choose_ratio(
        plan,
        task,
        ratios,
        splits,
        rule=rule,
        by_user=not isinstance(pruning_ratio, str),
        # only a split that the user gives is meant to be the one of the result
        keep_candidates=plan.frozen and cv is not None and len(splits) == 1,
        **output,
    )
    if choice.candidates is not None:
        # the candidate that is returned was pruned on the first rows of the one split
        task = task.take(splits[0][0])
    return _build_result(plan_to_prune(plan, choice.reference), task, choice, **output)


def _choose_ratio(
    plan,
    task,
    ratios,
    splits,
    *,
    rule,
    by_user,
    keep_candidates,
    store_path,
    progress,
):
    """Prune and score on each split, and let the rule choose a ratio."""
    reference = Reference.ITSELF
    if plan.frozen and rule.needs_scores:
        reference = reference_for(plan, task, splits)
    scored = score_path(
        plan_to_choose(plan, reference),
        task,
        [0.0, *(ratio for ratio in ratios if ratio != 0)],
        splits,
        progress.begin(len(splits)),
        columns=columns_for(rule, store_path),
        out_of_bag=reference is Reference.OUT_OF_BAG,
        keep_candidates=keep_candidates and reference is not Reference.REFITTED,
    )
    # the largest ratios may be missing: too few units remain there
    reached = scored.table["ratio"].tolist()
    asked = np.full(len(reached), True)
    asked[0] = not by_user or 0.0 in ratios
    table = scored.table | {"asked": asked}
    return Choice(
        ratio=reached[choose_position(rule, table)],
        ratios=reached,
        requested=[ratio for ratio in ratios if ratio in reached],
        rule=rule,
        table=table,
        counts=scored.counts,
        candidates=scored.candidates,
        splits=splits,
        by_user=by_user,
        reference=reference,
    )


def _build_result(plan, task, choice, *, store_path, progress):
    """Prune at the chosen ratio, unless the scored candidate itself is returned."""
    dense = progress.step("unpruned model")(fit_dense, plan, task)
    models, accept = choice.candidates, _first_accepted
    if models is None:
        name = "prune" if choice.ratio is None else f"prune at {choice.ratio:g}"
        accept = partial(progress.step(name), _first_accepted)
        first = 0 if store_path else choice.ratios.index(choice.ratio)
        ratios = with_ratios_of_size(choice, choice.ratios[first:])
        models = pruned_at(plan, dense, task, ratios)
    best, models = accept(choice, models, task.X, store_path)
    _check_predicts(dense, best, task)
    keep, ratio = best.candidate.keep, best.candidate.ratio
    if choice.ratio is None or ratio in choice.ratios:
        choice = replace(choice, ratio=ratio)
    warn_of_size(choice, plan.method, dense, best, task)
    stored = {m.candidate.ratio: m.model for m in models} if store_path else None
    table = choice.table
    if table is None:
        table = unscored_table(dense, models if store_path else [best], store_path)
    summary = summary_of(plan, task, choice, dense, best)
    return Result(
        best.model,
        float((~keep).mean()),
        keep,
        best.candidate.scores,
        best.candidate.units,
        PruningPath(table, choice.position_of(choice.ratio), stored),
        Report(
            dense.model, best.model, plan.method, best.candidate, summary, best.unread
        ),
    )


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

    def holds(pruned):
        return rule is None or rule.holds(sizes(pruned.model, rule.needs, X))

    def fits(pruned):
        large = pruned.candidate.ratio >= last or has_size(choice, pruned)
        return large and holds(pruned)

    best, models = first_from(models, first, fits, store_path)
    if best is None:
        raise rule.too_large(sizes(models[-1].model, rule.needs, X))
    if first < last and best.candidate.ratio == last:
        between = [m for m in models if first <= m.candidate.ratio <= last]
        best = nearest_in_size(choice, [m for m in between if holds(m)])
    return best, models
