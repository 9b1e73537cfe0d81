"""Computes the dict `report_.score`.

It contains scores before and after pruning, and the reason if nothing was removed.
"""

from inspect import signature

import numpy as np

from sklprune._cost import LATENCIES
from sklprune._evaluation.class_counts import ClassCounts, classes_of, counts_of
from sklprune._evaluation.training_rows import Reference, are_known
from sklprune._evaluation.transfer import differs_from_request
from sklprune._memory import remembered
from sklprune._rule import DEFAULT_SIZE, CallableRule
from sklprune._scores import raw_score
from sklprune._sklearn_private import scorer_name

#: rows on which it is tried whether a model has a score
N_TRIED = 100
#: a sentence lists at most this many ratios
N_LISTED = 10
#: the key of a report that is True for a reference other than the model itself
REFERENCE_KEYS = {
    Reference.OUT_OF_BAG: "original_out_of_bag",
    Reference.REFITTED: "original_fitted_anew",
}


def summary_of(plan, task, choice, dense, best):
    """The scores of the report, and `kept_because`, the reason if nothing was removed.

    Parameters
    ----------
    plan : Plan
    task : Task
        The rows on which the result was pruned.
    choice : Choice
    dense : Dense
    best : Pruned
        The returned model.

    Returns
    -------
    dict
    """
    keep, reason = best.candidate.keep, None
    if keep.all() and not best.candidate.n_changes:
        reason = _why_kept(plan.method, choice, best.candidate.ratio)
    if choice.rule is None:
        scores = _training_scores(plan, task, dense, best.model)
    else:
        scores = _held_out_scores(plan, task, choice)
    described = None if choice.rule is None else described_rule(choice.rule)
    differs = differs_from_request(choice, best)
    return (
        scores
        | _rows_used(task, choice)
        | {
            "kept_because": reason,
            "chosen_by": described,
            "requested_ratio": choice.ratio if choice.by_user else None,
            "reached_ratio": float((~keep).mean()),
            "ratio_differs": differs,
        }
    )


def _rows_used(task, choice):
    """How many rows pruned the result, and the scored models."""
    itself = choice.candidates is not None
    first = [len(rows) for rows, _ in choice.splits]
    second = [len(rows) for _, rows in choice.splits]
    return {
        "n_rows_pruned": task.n_samples,
        "n_rows_unused": second[0] if itself else 0,
        "n_rows_candidates": float(np.mean(first)) if first else None,
        "n_rows_scored": int(sum(second)),
        "score_of": _score_of(choice),
    }


def _score_of(choice):
    """To which model the score of a report belongs."""
    if choice.rule is None or choice.candidates is not None:
        return "the result"
    return "candidates of the same ratio"


def _held_out_scores(plan, task, choice):
    """Scores on the rows that were held out."""
    table, position = choice.table, choice.position
    numbers = {
        "name": _score_name(plan, task),
        "rows": "chose the model" if _is_a_choice(choice) else "held out",
        "original": float(table["score_mean"][0]),
        "pruned": float(table["score_mean"][position]),
        "difference": float(table["difference_mean"][position]),
        "difference_se": float(table["difference_se"][position]),
        "n_splits": len(choice.splits),
    }
    if set(LATENCIES) & set(choice.rule.needs):
        numbers["by_latency"] = True
    n_noisy = int((~table["asked"]).sum())
    if n_noisy and not choice.by_user and plan.method.floor is not None:
        numbers["n_noisy"], numbers["n_sizes"] = n_noisy, len(table["asked"])
    if "agreement" in table:
        numbers["agreement"] = float(table["agreement"][position])
    if choice.counts is not None:
        numbers |= choice.counts[position].to_dict()
    if choice.reference in REFERENCE_KEYS:
        numbers[REFERENCE_KEYS[choice.reference]] = True
    return numbers


def _training_scores(plan, task, dense, model):
    """Scores on the pruning rows, where the ratio was given."""
    numbers = {"name": _score_name(plan, task), "rows": None, "n_splits": 0}
    empty = ("original", "pruned", "difference", "difference_se")
    numbers |= dict.fromkeys(empty, np.nan)
    if task.scorer is None:
        return numbers
    classes = classes_of(plan.estimator, task.y)
    known = are_known(plan, task)
    try:
        if known:
            raw_score(model, task.take(np.arange(min(task.n_samples, N_TRIED))))
            # scores are biased upwards, that of the original most of all
            return numbers | {"rows": "fitted", "omitted": True}
        key = ("score", dense.name, task.scorer)
        original, labels = remembered(
            plan.memory, key, _score_and_labels, dense.model, task, classes
        )
        pruned = raw_score(model, task)
    except ValueError:
        # a given ratio needs no score, and some targets have none
        return numbers
    numbers |= {
        "rows": "fitted",
        "original": original,
        "pruned": pruned,
        "difference": pruned - original,
    }
    if classes is None:
        return numbers
    counts = counts_of(classes, task.y, labels, model.predict(task.X))
    return numbers | ClassCounts(classes, counts).to_dict()


def _score_and_labels(model, task, classes):
    """The score on all rows, and the predicted labels if there are classes."""
    labels = None if classes is None else model.predict(task.X)
    return raw_score(model, task), labels


def _score_name(plan, task):
    return None if task.scorer is None else scorer_name(task.scorer, plan.estimator)


def _is_a_choice(choice):
    """Whether the rule could have chosen another row of the table.

    A rule that may keep the unpruned model chooses even if one ratio was requested.
    """
    return choice.n_asked > 1 or choice.rule.needs_unpruned


def _why_kept(method, choice, ratio):
    """Why nothing was pruned, if nothing was; `ratio` is the one of the result."""
    if method.recasts:
        return f"{method!r} converts the model to another class"
    if method.decides:
        return f"{method!r} found nothing to remove"
    chosen = choice.rule is not None and not choice.by_user
    if ratio > 0 and not (chosen and _smaller(choice).any()):
        return f"no whole unit is removed at the ratio {ratio:g}"
    above_zero = [each for each in choice.requested if each > 0]
    if choice.rule is None or not above_zero:
        return "no removal was requested"
    if len(above_zero) > N_LISTED:
        listed = f"{len(above_zero)} ratios from {above_zero[0]:g} to "
        listed += f"{above_zero[-1]:g}"
    else:
        listed = "the ratios " + ", ".join(f"{each:g}" for each in above_zero)
    kept = f"{choice.rule!r} kept the unpruned model over {listed}"
    return kept + _best_smaller(choice)


def _smaller(choice):
    """Mask of the rows of the table of a choice that are smaller models."""
    table, _ = choice.shown
    if choice.whole is not None:
        # units of several methods are not comparable
        return np.asarray(table["method"]) != table["method"][0]
    return np.asarray(table["units"]) < table["units"][0]


def _best_smaller(choice):
    """How the best smaller candidate differs, as a clause; "" if it is not known."""
    table, _ = choice.shown
    smaller = _smaller(choice)
    size = choice.rule.size or (None if choice.whole is None else DEFAULT_SIZE)
    if size in table and smaller.any():
        sizes = np.asarray(table[size])
        if (sizes[smaller] >= sizes[0]).all():
            return f" (none of them is smaller in {size})"
    for name, what in (
        ("difference_mean", "a score that differs by {:+.4f}"),
        ("agreement", "an agreement of {:.4f}"),
    ):
        values = np.asarray(table.get(name, np.full(len(smaller), np.nan)))[smaller]
        if np.isfinite(values).any():
            best = what.format(float(np.nanmax(values)))
            return f" (the best of them has {best})"
    return ""


def described_rule(rule):
    """A rule with its main parameters, and the others that differ from the default."""
    if isinstance(rule, CallableRule):
        return repr(rule)
    shown = []
    for name, parameter in signature(type(rule)).parameters.items():
        value = getattr(rule, name, parameter.default)
        is_main = parameter.kind is not parameter.KEYWORD_ONLY
        if is_main or value != parameter.default:
            shown.append(f"{name}={value!r}")
    return f"{type(rule).__name__}({', '.join(shown)})"
