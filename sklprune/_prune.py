"""The whole story of a pruning, as one function: read `prune_rows` first."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.base import is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.validation import check_is_fitted

import sklprune.families  # noqa: F401  fills the registry
import sklprune.methods  # noqa: F401
import sklprune.refits  # noqa: F401
from sklprune._cost import LATENCIES, sizes
from sklprune._evaluation.class_counts import Outcomes, classes_of, outcomes_of
from sklprune._evaluation.splits import splits_of
from sklprune._evaluation.training_rows import OUT_OF_BAG, plans_for, speaker_for
from sklprune._memory import remembered
from sklprune._path import (
    Plan,
    PruningPath,
    first_from,
    fit_dense,
    pruned_at,
    score_path,
    settled,
)
from sklprune._registry import family_of, named, registered, snake_case
from sklprune._report import Report
from sklprune._sklearn_private import scorer_name, scorer_takes_weights
from sklprune._units import Units, plural, raw_score
from sklprune._validation import check_ratio

#: a sentence lists no more ratios than these
N_LISTED = 10


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


def prune_rows(plan, task, *, pruning_ratio, rule, cv, store_path, progress):
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
    progress : Progress
        What is told on the way.

    Returns
    -------
    Result
    """
    ratios, several = check_ratio(pruning_ratio, plan.method, task)
    ratios_and_none = [0.0, *(ratio for ratio in ratios if ratio != 0)]
    table, outcomes, models = {"ratio": np.array([])}, None, None
    ratio, rule = ratios[-1], rule if several else None
    splits = _splits(rule, plan, task, cv) if several else []
    asks = several and plan.frozen and getattr(rule, "needs_scores", True)
    speaker = speaker_for(plan, task, splits) if asks else None
    choice, plan = plans_for(plan, speaker)
    steps = progress.begin(len(splits))
    if several:
        asked = choice, task, ratios_and_none, splits, steps
        wanted = _wanted(rule, store_path)
        table, outcomes, models = score_path(*asked, wanted, speaker == OUT_OF_BAG)
        # too little may be left for a fit at the largest ones
        ratios_and_none = table["ratio"].tolist()
        ratios = [each for each in ratios if each in ratios_and_none]
        table["asked"] = np.full(len(ratios_and_none), True)
        table["asked"][0] = isinstance(pruning_ratio, str) or 0.0 in ratios
        ratio = ratios_and_none[_choose(rule, table)]
        if models is not None:
            # the second rows scored what ships, the first ones pruned it
            task = task.take(splits[0][0])
    dense = progress.step("unpruned model")(fit_dense, plan, task)
    settle = _settle
    if models is None:
        step = "prune" if ratio is None else f"prune at {ratio:g}"
        settle = partial(progress.step(step), _settle)
        ratios_left = ratios_and_none
        if not store_path:
            ratios_left = ratios_and_none[ratios_and_none.index(ratio) :]
        models = pruned_at(plan, dense, task, ratios_left)
    best, models = settle(rule, models, ratio, task.X, store_path)
    chosen = ratios_and_none.index(best.candidate.ratio) if several else None
    stored = {m.candidate.ratio: m.model for m in models} if store_path else None
    if several:
        scores = _held_out_scores(plan, task, table, outcomes, chosen, rule)
        scores |= {speaker: True} if speaker else {}
    else:
        scores = _scores_on_fitted_rows(plan, task, dense, best.model)
    scores["kept_because"] = _why_kept(plan.method, rule, ratios, best.candidate.ratio)
    return Result(
        best.model,
        float((~best.candidate.keep).mean()),
        best.candidate.keep,
        best.candidate.scores,
        best.candidate.units,
        PruningPath(table, chosen, stored),
        Report(dense.model, best.model, plan.method, best.candidate, scores),
    )


def _splits(rule, plan, task, cv):
    """The splits to choose on, where the rule can choose at all."""
    _check_rule(rule, plan, task)
    return splits_of(plan, task, cv)


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


def _check_rule(rule, plan, task):
    """Refuse a rule that cannot choose here, before anything is fitted."""
    if hasattr(rule, "check"):
        rule.check()
    if "agreement" in getattr(rule, "needs", ()) and not is_classifier(plan.estimator):
        raise ValueError(
            f"rule={rule!r} compares predicted classes, and "
            f"{type(plan.estimator).__name__} is not a classifier. Use Tolerance(), "
            "which compares scores."
        )
    _check_fidelity(rule, plan, task)
    if task.scorer is None and getattr(rule, "needs_scores", True):
        raise ValueError(
            "Choosing a ratio by scores requires y to be passed, but the target y is "
            "None, or the model has no score: give pruning_ratio as a number, or, for "
            "a classifier, rule=Agreement(), which compares predictions."
        )


def _check_fidelity(rule, plan, task):
    """Refuse to ask of a model what it thinks of rows, where it cannot say."""
    if "fidelity" not in getattr(rule, "needs", ()) or task.scorer is None:
        return
    name, model = type(plan.estimator).__name__, plan.estimator
    if not is_classifier(model) or not hasattr(model, "predict_proba"):
        raise ValueError(
            f"rule={rule!r} scores models by the probabilities of the unpruned one, "
            f"and {name} gives none. Give a rule that does not ask for fidelity."
        )
    if not scorer_takes_weights(task.scorer, model):
        raise ValueError(
            f"rule={rule!r} weights rows by the probabilities of the unpruned model, "
            "and the score takes no sample_weight: give another scoring, or a rule "
            "that does not ask for fidelity."
        )
    if np.ndim(task.y) > 1 and np.shape(task.y)[1] > 1:
        raise ValueError(
            f"rule={rule!r} is for one output, and y has {np.shape(task.y)[1]}. Give a "
            "rule that does not ask for fidelity."
        )


def _wanted(rule, store_path):
    """The columns that the table holds on demand."""
    stored = ("file_bytes",) if store_path else ()
    return tuple(dict.fromkeys([*getattr(rule, "needs", ()), *stored]))


def _settle(rule, models, ratio, X, store_path):
    """The model that ships: the first one from the chosen ratio on that the rule
    stands by; and all models that were met.

    A method that decides is asked for no ratio, and its model comes last.
    """
    if ratio is None:
        models = list(models)
        return models[-1], models
    needs = getattr(rule, "needs", ())

    def holds(model):
        return not hasattr(rule, "holds") or rule.holds(sizes(model, needs, X))

    best, models = first_from(models, ratio, holds, keep_all=store_path)
    if best is None:
        raise rule.too_large(sizes(models[-1].model, needs, X))
    return best, models


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
    estimator = thawed(estimator)
    if frozen:
        check_is_fitted(estimator)
        estimator = settled(estimator)
    core = family_of(estimator).core(estimator)
    family = family_of(core)
    method = _method_for(family, core, method)
    _check_method(method, core, family, granularity)
    refit = _refit_for(refit, method, estimator, core, labels)
    if not labels and _needs_labels(estimator):
        without = _methods_for(core, family, granularity, labels=False)
        _check_labels("method", method, without)
        without = [n for n, c in registered("refit").items() if not c.needs_labels]
        _check_labels("refit", refit, without)
    return Plan(estimator, frozen, method, refit, limits or {})


def thawed(estimator):
    """The model inside `FrozenEstimator`, however often it was frozen."""
    while isinstance(estimator, FrozenEstimator):
        estimator = estimator.estimator
    return estimator


def _method_for(family, core, method):
    if isinstance(method, str) and method == "auto":
        method = family.method_of(core)
    return named("method", method)


def _misfit(method, core, family, granularity):
    """What keeps a method from pruning a model, as a clause; "" if nothing does."""
    if granularity is not None and method.granularity != granularity:
        ours, theirs = plural(method.granularity), plural(granularity)
        return f": it removes {ours}, and {theirs} are to leave"
    why = method.misfit(family, core)
    return f", which {why}" if why else ""


def _methods_for(core, family, granularity, labels=True):
    """Names of the methods that can prune a model."""
    return [
        name
        for name, cls in registered("method").items()
        if not _misfit(cls(), core, family, granularity)
        and (labels or not cls().needs_labels)
    ]


def _check_method(method, core, family, granularity):
    why = _misfit(method, core, family, granularity)
    if why:
        works = map(repr, _methods_for(core, family, granularity))
        plain = repr(method) == f"{type(method).__name__}()"
        said = repr(snake_case(type(method).__name__)) if plain else repr(method)
        raise ValueError(
            f"method={said} does not fit {type(core).__name__}{why}. Methods that "
            f"work: {', '.join(works) or 'none'}."
        )


def _refit_for(refit, method, estimator, core, labels):
    granularity, family = method.granularity, family_of(core)
    if isinstance(refit, (bool, np.bool_)):
        name = family.refit_of(core, granularity, labels) if refit else None
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
    """What keeps a refit from following a method, as a sentence; "" if nothing does."""
    if not family_of(estimator).accepts(estimator, refit, method.granularity):
        if refit is None:
            return "without them the whole must be fitted anew"
        return "it does not act on them in this model"
    missing = (
        [] if refit is None else family_of(core).missing_capabilities(core, refit.needs)
    )
    return f"it needs {' and '.join(missing)} of the model" if missing else ""


def _needs_labels(estimator):
    """Whether scores need y; a pipeline alone does not say so."""
    core = family_of(estimator).core(estimator)
    return get_tags(core).target_tags.required


def _check_labels(what, part, without):
    """Refuse a method or a refit that needs y, and name those that need none."""
    if part is not None and part.needs_labels:
        raise ValueError(
            f"{what}={snake_case(type(part).__name__)!r} requires y to be passed, but "
            f"the target y is None. Without labels works {what}: "
            f"{', '.join(map(repr, without)) or 'none'}."
        )


def make_scorer(plan, scoring, labels):
    """The scorer, or None where there is nothing to score with and none is needed."""
    estimator = plan.estimator
    if not labels and _needs_labels(estimator):
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


def _held_out_scores(plan, task, table, outcomes, chosen, rule):
    """The scores of the report where rows were held out."""
    numbers = {
        "name": _score_name(plan, task),
        # a rule that may keep the unpruned model chooses even among one ratio
        "rows": "chose the model" if _is_a_choice(rule, table) else "held out",
        "original": float(table["score_mean"][0]),
        "pruned": float(table["score_mean"][chosen]),
        "difference": float(table["difference_mean"][chosen]),
        "difference_se": float(table["difference_se"][chosen]),
        "n_splits": table["scores"].shape[1],
    }
    if set(LATENCIES) & set(getattr(rule, "needs", ())):
        numbers["by_latency"] = True
    if "agreement" in table:
        numbers["agreement"] = float(table["agreement"][chosen])
    return numbers | ({} if outcomes is None else outcomes[chosen].to_dict())


def _scores_on_fitted_rows(plan, task, dense, model):
    """The scores of the report where the ratio was given, of the rows at hand."""
    numbers = {"name": _score_name(plan, task), "rows": None, "n_splits": 0}
    empty = ("original", "pruned", "difference", "difference_se")
    numbers |= dict.fromkeys(empty, np.nan)
    if task.scorer is None:
        return numbers
    classes = classes_of(plan.estimator, task.y)
    try:
        key = ("score", dense.name, task.scorer)
        original, labels = remembered(
            plan.memory, key, _score_and_labels, dense.model, task, classes
        )
        pruned = raw_score(model, task)
    except ValueError:
        # a ratio that was given needs no score, and some targets have none
        return numbers
    numbers |= {
        "rows": "fitted",
        "original": original,
        "pruned": pruned,
        "difference": pruned - original,
    }
    if classes is None:
        return numbers
    counts = outcomes_of(classes, task.y, labels, model.predict(task.X))
    return numbers | Outcomes(classes, counts).to_dict()


def _score_and_labels(model, task, classes):
    """The score on all rows, and where there are classes the labels."""
    labels = None if classes is None else model.predict(task.X)
    return raw_score(model, task), labels


def _score_name(plan, task):
    return None if task.scorer is None else scorer_name(task.scorer, plan.estimator)


def _is_a_choice(rule, table):
    """Whether the rule could have taken another row of the table."""
    return table["asked"].sum() > 1 or getattr(rule, "needs_unpruned", True)


def _why_kept(method, rule, ratios, ratio):
    """Why nothing was pruned, where nothing was; `ratio` is the one that was taken."""
    if method.recasts:
        return f"{method!r} gives the same function another form"
    if method.decides:
        return f"{method!r} found nothing to remove"
    if ratio > 0:
        return f"no whole unit leaves at the ratio {ratio:g}"
    asked = [each for each in ratios if each > 0]
    if rule is None or not asked:
        return "nothing was asked to leave"
    if len(asked) > N_LISTED:
        listed = f"{len(asked)} ratios from {asked[0]:g} to {asked[-1]:g}"
    else:
        listed = "the ratios " + ", ".join(f"{each:g}" for each in asked)
    return f"{rule!r} kept the unpruned model over {listed}"
