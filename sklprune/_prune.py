"""The whole story of a pruning, as one function: read `prune_rows` first."""

from dataclasses import dataclass

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.validation import check_is_fitted

import sklprune.families  # noqa: F401  fills the registry
import sklprune.methods  # noqa: F401
import sklprune.refits  # noqa: F401
from sklprune._path import (
    Plan,
    PruningPath,
    fit_dense,
    pruned_at,
    score_path,
    settled,
    splits_of,
)
from sklprune._registry import family_of, named, registered, snake_case
from sklprune._report import Report
from sklprune._sklearn_private import scorer_name
from sklprune._units import Units, raw_score
from sklprune._validation import check_ratio


@dataclass(frozen=True)
class Result:
    """What comes out of a pruning."""

    estimator: object
    ratio: float
    keep: np.ndarray
    scores: np.ndarray
    units: Units
    path: PruningPath
    report: Report


def prune_rows(plan, task, *, pruning_ratio, rule, cv, store_path):
    """Prune a model: units, path, candidates, rule, estimator.

    Parameters
    ----------
    plan : Plan
        The model and how it is pruned.
    task : Task
        Checked rows.
    pruning_ratio : float, sequence of float or "auto"
    rule : Rule or callable
    cv : int, splitter, iterable or None
    store_path : bool
        Whether the models at all ratios are kept.

    Returns
    -------
    Result
    """
    ratios, several = check_ratio(pruning_ratio, plan.method.grid(task))
    ratios_and_none = sorted({0.0, *ratios})
    table, chosen, models = {"ratio": np.array([])}, None, None
    ratio = ratios[-1]
    if several:
        if task.scorer is None:
            raise ValueError(
                "Choosing a ratio by scores requires y to be passed, but the target y "
                "is None, or the model has no score: give pruning_ratio as a number."
            )
        splits = splits_of(plan, task, cv)
        table, models = score_path(plan, task, ratios_and_none, splits)
        table["asked"] = np.full(len(ratios_and_none), True)
        table["asked"][0] = isinstance(pruning_ratio, str) or 0.0 in ratios
        chosen = _choose(rule, table)
        ratio = ratios_and_none[chosen]
        if models is not None:
            # the second rows scored what ships, the first ones pruned it
            task = task.take(splits[0][0])
    dense = fit_dense(plan, task)
    if models is None:
        wanted = ratios_and_none if store_path else [ratio]
        models = list(pruned_at(plan, dense, task, wanted))
    by_ratio = {each.candidate.ratio: each for each in models}
    best = by_ratio[ratio]
    stored = {r: each.model for r, each in by_ratio.items()} if store_path else None
    scores = _scores(plan, task, dense, best, table, chosen, rule)
    scores["kept_because"] = _why_kept(rule, ratios, chosen)
    return Result(
        best.model,
        float((~best.candidate.keep).mean()),
        best.candidate.keep,
        best.candidate.scores,
        best.candidate.units,
        PruningPath(table, chosen, stored),
        Report(dense, best.model, plan.method, best.candidate, scores),
    )


def _choose(rule, table):
    """The position that the rule names, checked."""
    choose = rule.choose if hasattr(rule, "choose") else rule
    position = choose(table)
    n = len(table["ratio"])
    if not isinstance(position, (int, np.integer)) or not 0 <= position < n:
        raise ValueError(
            f"rule={rule!r} gave {position!r}; it must give a position in a table of "
            f"{n} rows."
        )
    return int(position)


# -- from parameters to a plan ------------------------------------------------------


def make_plan(estimator, *, method, refit, labels, granularity=None, limits=None):
    """Resolve names, and refuse once what does not fit together.

    Parameters
    ----------
    estimator : estimator
        Not fitted, or a `FrozenEstimator`.
    method, refit : as in `PrunedEstimator`
    labels : bool
        Whether y was given.
    granularity : str or None
        What must be removed, where that is not the method's choice.
    limits : dict or None
        Fields of `Units` that say what goes together and what stays.

    Raises
    ------
    ValueError
        Naming what is missing, and what would work.
    """
    frozen = isinstance(estimator, FrozenEstimator)
    if frozen:
        check_is_fitted(estimator.estimator)
        estimator = settled(estimator.estimator)
    core = family_of(estimator).core(estimator)
    family = family_of(core)
    method = _method_for(family, method)
    _check_method(method, core, family, granularity)
    refit = _refit_for(refit, method, core, family)
    if not labels and get_tags(estimator).target_tags.required:
        _check_labels(method, refit)
    return Plan(estimator, frozen, method, refit, limits or {})


def _method_for(family, method):
    if isinstance(method, str) and method == "auto":
        default = family.default_method
        name, params = (default, {}) if isinstance(default, str) else default
        return named("method", name).set_params(**params)
    return named("method", method)


def _misfit(method, core, family, granularity):
    """What keeps a method from pruning a model, as a clause; "" if nothing does."""
    if granularity is not None and method.granularity != granularity:
        return f": it removes {method.granularity}s, and {granularity}s are to leave"
    why = method.misfit(family, core)
    return f", which {why}" if why else ""


def _check_method(method, core, family, granularity):
    why = _misfit(method, core, family, granularity)
    if why:
        works = [
            repr(name)
            for name, cls in registered("method").items()
            if not _misfit(cls(), core, family, granularity)
        ]
        raise ValueError(
            f"method={snake_case(type(method).__name__)!r} does not fit "
            f"{type(core).__name__}{why}. Methods that work: {', '.join(works)}."
        )


def _refit_for(refit, method, core, family):
    granularity = method.granularity
    if isinstance(refit, (bool, np.bool_)):
        name = family.refit_of(core, granularity) if refit else None
        refit = None if name is None else named("refit", name)
    else:
        refit = named("refit", refit)
    why = _refit_misfit(refit, method, core, family)
    if why:
        kind = "False" if refit is None else type(refit).__name__
        raise ValueError(
            f"refit={kind} cannot follow the removal of {granularity}s from "
            f"{type(core).__name__}: {why}. Use refit=True."
        )
    return refit


def _refit_misfit(refit, method, core, family):
    """What keeps a refit from following a method, as a sentence; "" if nothing does."""
    if not family.accepts(refit, method.granularity):
        if refit is None:
            return "without them the model must be fitted anew"
        return "it fits another granularity anew"
    missing = [] if refit is None else family.lacks(core, refit.needs)
    return f"it needs {' and '.join(missing)} of the model" if missing else ""


def _check_labels(method, refit):
    for part, what in ((method, "method"), (refit, "refit")):
        if part is not None and part.needs_labels:
            others = [n for n, c in registered(what).items() if not c.needs_labels]
            raise ValueError(
                f"{what}={snake_case(type(part).__name__)!r} requires y to be passed, "
                f"but the target y is None. Without labels works {what}="
                f"{others[0]!r}, where it fits the model."
            )


def make_scorer(plan, scoring, labels):
    """The scorer, or None where there is nothing to score with and none is needed."""
    estimator = plan.estimator
    if not labels and get_tags(estimator).target_tags.required:
        return None
    if isinstance(scoring, (list, tuple, set, dict)):
        raise ValueError(
            f"scoring={scoring!r} names several metrics; pruning chooses by one. Give "
            "a string or a callable."
        )
    scorer = check_scoring(estimator, scoring, allow_none=True)
    if scorer is None and plan.method.needs_scorer:
        raise ValueError(
            f"method={snake_case(type(plan.method).__name__)!r} compares scores, and "
            f"{type(estimator).__name__} has no score method: give scoring."
        )
    return scorer


def seed_of(random_state):
    """An int that stands for a `random_state`, or None: drawn once a fit."""
    if random_state is None or isinstance(random_state, (int, np.integer)):
        return random_state
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


# -- the report -----------------------------------------------------------------------


def _scores(plan, task, dense, best, table, chosen, rule):
    """The scores of the report, with the rows that they come from."""
    name = None if task.scorer is None else scorer_name(task.scorer, plan.estimator)
    empty = dict.fromkeys(("original", "pruned", "difference"), np.nan)
    numbers = {"name": name, "rows": None, "difference_se": np.nan, "n_splits": 0}
    if chosen is not None:
        # a rule that may keep the unpruned model chooses even among one ratio
        return numbers | {
            "rows": "chose the model" if _is_a_choice(rule, table) else "held out",
            "original": float(table["score_mean"][0]),
            "pruned": float(table["score_mean"][chosen]),
            "difference": float(table["difference_mean"][chosen]),
            "difference_se": float(table["difference_se"][chosen]),
            "n_splits": table["scores"].shape[1],
        }
    if task.scorer is None:
        return numbers | empty
    try:
        original, pruned = raw_score(dense, task), raw_score(best.model, task)
    except ValueError:
        # a ratio that was given needs no score, and some targets have none
        return numbers | empty
    return numbers | {
        "rows": "fitted",
        "original": original,
        "pruned": pruned,
        "difference": pruned - original,
    }


def _is_a_choice(rule, table):
    """Whether the rule could have taken another row of the table."""
    return table["asked"].sum() > 1 or getattr(rule, "needs_unpruned", True)


def _why_kept(rule, ratios, chosen):
    """Why nothing was pruned, where nothing was."""
    if chosen == 0:
        listed = ", ".join(f"{ratio:g}" for ratio in ratios if ratio > 0)
        return f"{rule!r} kept the unpruned model over the ratios {listed}"
    if max(ratios) > 0:
        return f"no whole unit leaves at the ratio {max(ratios):g}"
    return "nothing was asked to leave"
