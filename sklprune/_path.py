"""The path from the whole model to ever smaller ones; all loops of sklprune.

The loop over ratios, the loop over splits and the step that refits a candidate exist
here and nowhere else.
"""

import warnings
from dataclasses import dataclass, field, replace
from uuid import uuid4

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.utils.parallel import Parallel, delayed

from sklprune._estimators import seeded
from sklprune._evaluation.class_counts import Outcomes, classes_of
from sklprune._evaluation.held_out import held_out, table_of
from sklprune._hold_out import hold_out
from sklprune._memory import remembered
from sklprune._plain import plain, stripped
from sklprune._predictions import out_of_bag as trees_unseen
from sklprune._registry import family_of
from sklprune._rounds import Round
from sklprune._units import Candidate, Units, plural


@dataclass(frozen=True)
class Plan:
    """What is pruned, and how: all that does not depend on rows.

    Parameters
    ----------
    estimator : estimator
        Not fitted, or the fitted model inside a `FrozenEstimator`.
    frozen : bool
        Whether it is fitted and must stay as it is.
    method : Method
    refit : Refit or None
    limits : dict
        Fields of `Units` that are the user's to say: what goes together, what stays.
    memory : joblib.Memory or None
        Keeps fits, orders and scores; see `sklprune._memory`.
    knows_rows : bool
        Whether a frozen model is known to have been fitted on the rows given.
    """

    estimator: object
    frozen: bool
    method: object
    refit: object
    limits: dict = field(default_factory=dict)
    memory: object = None
    knows_rows: bool = False


@dataclass(frozen=True)
class Dense:
    """An unpruned model.

    Parameters
    ----------
    model : estimator
    name : object
        Stands for the model and the rows in the keys of a memory. It is drawn in the
        fit: a fit without a seed comes out otherwise each time, and an order must
        never meet another model than its own.
    unseen : ndarray of int, or None
        Positions of the rows that it was not fitted on.
    """

    model: object
    name: object
    unseen: np.ndarray | None = None


@dataclass(frozen=True)
class Pruned:
    """One plain model on the path, and the candidate that it was built from.

    Parameters
    ----------
    model : estimator
    candidate : Candidate
        Said of all units of the whole model.
    inside : estimator or None
        The part of the model that was pruned; None where nothing was.
    """

    model: object
    candidate: Candidate
    inside: object = None


@dataclass(frozen=True)
class OpenedModel:
    """A model, what it is opened to, and the way back."""

    family: object
    model: object
    units: Units
    task: object
    shells: tuple

    def close(self, model):
        """Put a pruned model back to where the whole one was."""
        for family, shell in reversed(self.shells):
            model = family.close(shell, model)
        return model


def open_model(model, task, method):
    """Open wrappers until the model is reached whose units a method removes."""
    shells = []
    while True:
        family = family_of(model)
        inner, task = family.open(model, task, method.granularity)
        if inner is model:
            _check_still_fits(method, family, model)
            units = family.units(model, method.granularity, task.X)
            return OpenedModel(family, model, units, task, tuple(shells))
        shells.append((family, model))
        model = inner


def _check_still_fits(method, family, model):
    """A search may bring forth another kind of model than the one it was given."""
    why = method.misfit(family, model)
    if why:
        raise ValueError(
            f"The fitted model is a {type(model).__name__}, which {why}. Search over "
            "models of one kind, or name a method that fits them all, 'permutation' "
            "say."
        )


# -- fitting -----------------------------------------------------------------------


def fit_dense(plan, task):
    """The unpruned model: fitted on all pruning rows, or the frozen one as it is."""
    if plan.frozen:
        name = (plan.estimator, *task.rows)
        return Dense(plan.estimator, name, np.arange(task.n_samples))
    key = ("fit", clone(plan.estimator), *task.rows, task.random_state)
    return remembered(plan.memory, key, _fit, plan, task)


def _fit(plan, task):
    model = seeded(clone(plan.estimator), task.random_state)
    family_of(model).fit(model, *task.rows)
    return Dense(settled(model), uuid4().hex)


def _fit_in_part(plan, task):
    """A model that was fitted without a fifth of the rows."""
    seen, unseen = hold_out(plan.estimator, task, 0.2)
    return replace(_fit(plan, task.take(seen)), unseen=unseen)


def settled(model):
    """A fitted model without objects of ours and without the search that found it."""
    model = plain(model)
    return family_of(model).resolve(model)


def _open_to_order(plan, dense, task):
    """The model whose units are ordered, and the same opened.

    The task of what is opened knows the rows that the model has not seen.
    """
    method = plan.method
    lens = _opened(plan, dense, task)
    if not method.needs_unseen:
        return dense, lens
    if method.takes_out_of_bag and "out_of_bag" in lens.family.capabilities(lens.model):
        if plan.knows_rows:
            lens = replace(lens, task=replace(lens.task, unseen=None))
        return dense, lens
    if plan.frozen:
        # where the method orders anew, its models are fitted on the rows given
        if len(method.stations(lens.units)):
            unseen = hold_out(plan.estimator, task, 0.2)[1]
            lens = replace(lens, task=replace(lens.task, unseen=unseen))
        return dense, lens
    key = ("fit in part", dense.name, task.groups, task.random_state)
    part = remembered(plan.memory, key, _fit_in_part, plan, task)
    return part, _opened(plan, part, task)


def _opened(plan, dense, task):
    """An unpruned model opened; its task knows the rows that it has not seen."""
    lens = open_model(dense.model, replace(task, unseen=dense.unseen), plan.method)
    return replace(lens, units=replace(lens.units, **plan.limits))


def _order(plan, dense, lens):
    """All that does not depend on a ratio."""
    method, task = plan.method, lens.task
    scorer = task.scorer if method.needs_scorer else None
    asked = (method, plan.refit, lens.units, scorer, task.groups, task.random_state)
    key = ("path", dense.name, task.unseen, *asked)
    knows = (lens.family, lens.model, lens.units, task)
    return remembered(plan.memory, key, method.path, *knows)


# -- the loop over ratios ------------------------------------------------------------


def pruned_at(plan, dense, task, ratios):
    """Prune one model at each ratio, ascending.

    A ratio branches off the last station of the method before it, so that it does
    not matter which others are asked.

    Yields
    ------
    Pruned
        Where nothing leaves, the model is the stripped original itself, unless the
        method gives it another form.
    """
    ordered, lens = _open_to_order(plan, dense, task)
    here = Round.first(plan.method, lens, _order(plan, ordered, lens))
    ahead = list(plan.method.stations(lens.units))
    last = None
    for ratio in ratios:
        while ahead and here.lies_before(ahead[0], ratio):
            here = _next_station(plan, here, ahead.pop(0), last)
        last = _pruned(plan, here, ratio, dense, last)
        yield last


def _pruned(plan, here, ratio, dense, last):
    """The plain model at a ratio, or the last one where the same units stay."""
    candidate = here.candidate(ratio)
    # a method that decides is asked for no ratio, and says which one it reached
    ratio = candidate.ratio if ratio is None else ratio
    if _keeps(last, here.keep_of_all(candidate)):
        return replace(last, candidate=replace(last.candidate, ratio=ratio))
    said = here.said_of_all(candidate, ratio)
    if said.keep.all() and not plan.method.recasts:
        return Pruned(stripped(dense.model), said)
    inside = _refitted(candidate, plan.refit, here.lens.task, ratio).build()
    return Pruned(here.lens.close(inside), said, inside)


def _next_station(plan, here, ratio, last):
    """The station at a ratio; this one where nothing leaves."""
    candidate = here.candidate(ratio)
    if candidate.keep.all():
        return here
    rows = here.seen_rows
    if rows is here.lens.task and _keeps(last, here.keep_of_all(candidate)):
        return here.after(candidate, last.inside)
    return here.after(candidate, _refitted(candidate, plan.refit, rows, ratio).build())


def _keeps(last, keep):
    return last is not None and np.array_equal(last.candidate.keep, keep)


def _refitted(candidate, refit, task, ratio):
    """A candidate with its values fitted anew; an error says at which ratio."""
    try:
        return candidate.refit(refit, task)
    except Exception as error:
        kept = f"{int(candidate.keep.sum())} of {len(candidate.keep)}"
        units = f"{kept} {plural(candidate.units.granularity)}"
        error.add_note(f"Raised at pruning_ratio={ratio:g}, on {units}.")
        raise


def as_far_as_it_goes(models, errors):
    """Follow models up to the one that is left too little to be fitted.

    Its error is put into a list. It is raised where nothing was pruned before, since
    then no ratio will do.
    """
    some_left = False
    try:
        for each in models:
            some_left = some_left or not each.candidate.keep.all()
            yield each
    except ValueError as error:
        # a refit has added a note; anything else is not for want of units
        if not some_left or not hasattr(error, "__notes__"):
            raise
        errors.append(error)


def first_from(models, ratio, holds, keep_all):
    """Follow models, ascending, to the first one from a ratio on that will do.

    Parameters
    ----------
    models : iterable of Pruned
    ratio : float
        The smallest that will do.
    holds : callable
        `holds(model)`, whether it will do.
    keep_all : bool
        Whether to go on to the end, so that all models are there.

    Returns
    -------
    best : Pruned or None
        None where no model will do.
    met : list of Pruned
        All models up to the best one, or to the end.
    """
    best, met = None, []
    for each in models:
        met.append(each)
        if best is None and each.candidate.ratio >= ratio and holds(each.model):
            best = each
        if best is not None and not keep_all:
            break
    return best, met


# -- the loop over splits ------------------------------------------------------------


def score_path(plan, task, ratios, splits, steps, wanted=(), out_of_bag=False):
    """Prune and score at each ratio on each split; the first ratio is 0.

    Ratios from the one on at which too little is left for the model to be fitted on
    some split are left out, with a warning.

    Parameters
    ----------
    plan : Plan
    task : Task
    ratios : list of float
    splits : list of (first rows, second rows)
    steps : list of Step
        What runs each split, and tells of it.
    wanted : tuple of str
        Columns on demand: fields of `Cost`, "agreement" and "fidelity".
    out_of_bag : bool
        Whether the unpruned model was fitted on all rows, in this order, so that trees
        that have not seen a row are to speak for it.

    Returns
    -------
    table : dict of ndarray
        What a rule sees, see `sklprune.rules`; position 0 is the unpruned model.
    outcomes : list of Outcomes, or None
        One for each ratio, of the rows of all splits; only for a classifier.
    kept : list of Pruned, or None
        The very candidates that were scored; only for a frozen model and one split.
    """
    keep = plan.frozen and len(splits) == 1
    # with one split the work inside it may run in parallel instead
    n_jobs = None if len(splits) == 1 else task.n_jobs
    inner = task if len(splits) == 1 else replace(task, n_jobs=None)
    classes = classes_of(plan.estimator, task.y)
    asked = (ratios, classes, wanted, len(splits) == 1, keep, out_of_bag)
    results = Parallel(n_jobs=n_jobs)(
        delayed(step)(_score_split, plan, inner, split, *asked)
        for step, split in zip(steps, splits)
    )
    shortest, _, errors = min(results, key=lambda result: len(result[0]))
    _warn_of_ratios_left_out(errors)
    n = len(shortest)
    by_split = [rows[:n] for rows, _, _ in results]
    table = table_of(ratios[:n], by_split, wanted)
    outcomes = None
    if classes is not None:
        counts = [sum(row["outcomes"] for row in rows) for rows in zip(*by_split)]
        outcomes = [Outcomes(classes, each) for each in counts]
    return table, outcomes, results[0][1]


def _warn_of_ratios_left_out(errors):
    for error in errors:
        warnings.warn(
            "The model could not be fitted at all ratios; this one and those above it "
            f"are left out of the choice. {error.__notes__[0]} {error}",
            FitFailedWarning,
            stacklevel=2,
        )


def _score_split(
    plan, task, split, ratios, classes, wanted, by_blocks, keep, out_of_bag
):
    """Prune on the first rows of a split, score on the second."""
    first, second = split
    first_rows, second_rows = task.take(first), task.take(second)
    dense = fit_dense(plan, first_rows)
    unseen = None
    if out_of_bag:
        lens = open_model(dense.model, second_rows, plan.method)
        known = lens.family, lens.model, lens.task
        unseen = trees_unseen(*known, np.asarray(second))
    asked = (classes, wanted, by_blocks, unseen)
    measure = held_out(second_rows, dense.model, *asked)
    rows, kept, errors, model = [], [], [], None
    models = pruned_at(plan, dense, first_rows, ratios)
    for pruned in as_far_as_it_goes(models, errors):
        # ratios that remove the same units give the same model
        row = rows[-1] if pruned.model is model else measure.row(pruned)
        model = pruned.model
        rows.append(row)
        if keep:
            kept.append(pruned)
    return rows, kept if keep else None, errors


class PruningPath:
    """The table that the choice was made from, and the models where they were kept.

    Parameters
    ----------
    table : dict of ndarray
        See `sklprune.rules`.
    chosen : int or None
        Position of the ratio that was chosen; None where a number was asked.
    models : dict of {float: estimator} or None
        Plain estimators by ratio; None unless `store_path=True`.
    """

    columns = (
        "ratio",
        "units",
        "parameters",
        "nonzero",
        "file_bytes",
        "score_mean",
        "score_se",
        "difference_mean",
        "difference_se",
        "chosen",
    )

    def __init__(self, table, chosen, models=None):
        self.table = table
        self.chosen = chosen
        self._models = models

    def frame(self):
        """The table as a pandas `DataFrame`, one row a ratio; needs pandas.

        `ratio` is the asked one; counts are means over the splits. Scores are NaN
        where nothing was held out, `file_bytes` where no rule asked for it and
        `store_path=False`. What else a rule asked for stands in further columns.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                "path_.frame() needs pandas: python -m pip install pandas"
            ) from error
        n = len(self.table["ratio"])
        rest = {"chosen": np.arange(n) == self.chosen} if n else {}
        columns = dict.fromkeys(self.columns, np.full(n, np.nan)) | self.table | rest
        hidden = ("scores", "asked")
        return pd.DataFrame({c: v for c, v in columns.items() if c not in hidden})

    def at(self, ratio):
        """The plain estimator at 0 or at an asked ratio; needs `store_path=True`."""
        if self._models is None:
            raise ValueError(
                "No models were kept on the path. Fit with store_path=True to have "
                "the estimator at each ratio."
            )
        for known, model in self._models.items():
            if abs(known - ratio) < 1e-12:
                return model
        asked = ", ".join(f"{known:g}" for known in self._models)
        raise ValueError(f"ratio={ratio!r} was not asked. Asked were: {asked}.")
