"""The path from the whole model to ever smaller ones; all loops of sklprune.

The loop over ratios, the loop over splits and the step that refits a candidate exist
here and nowhere else.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.metrics.cluster import contingency_matrix
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedShuffleSplit,
    check_cv,
)
from sklearn.utils.parallel import Parallel, delayed

from sklprune._cost import counts
from sklprune._plain import plain, strip
from sklprune._registry import family_of
from sklprune._station import Station
from sklprune._units import Candidate, Units, score
from sklprune.families._base import seeded
from sklprune.rules import standard_error

#: blocks of rows for a standard error where there is one split
N_BLOCKS = 10


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
    """

    estimator: object
    frozen: bool
    method: object
    refit: object
    limits: dict = field(default_factory=dict)


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
class Lens:
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
            return Lens(family, model, units, task, tuple(shells))
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
        return plan.estimator
    model = seeded(clone(plan.estimator), task.random_state)
    family_of(model).fit(model, task.X, task.y, task.sample_weight)
    return settled(model)


def settled(model):
    """A fitted model without objects of ours and without the search that found it."""
    model = plain(model)
    return family_of(model).settle(model)


def _open_to_order(plan, dense, task):
    """The model whose units are ordered, opened; its task knows the unseen rows."""
    method = plan.method
    if plan.frozen:
        task = replace(task, unseen=np.arange(task.n_samples))
    lens = _limited(open_model(dense, task, method), plan.limits)
    if not method.needs_unseen:
        return lens
    if method.takes_out_of_bag and "out_of_bag" in lens.family.capabilities(lens.model):
        return lens
    if plan.frozen:
        # where the method orders anew, its models are fitted on the rows given
        if len(method.stations(lens.units)):
            unseen = hold_out(plan.estimator, task, 0.2)[1]
            lens = replace(lens, task=replace(lens.task, unseen=unseen))
        return lens
    seen, unseen = hold_out(plan.estimator, task, 0.2)
    partly_fitted = fit_dense(plan, task.take(seen))
    task = replace(task, unseen=unseen)
    return _limited(open_model(partly_fitted, task, method), plan.limits)


def _limited(lens, limits):
    return replace(lens, units=replace(lens.units, **limits))


# -- the loop over ratios ------------------------------------------------------------


def pruned_at(plan, dense, task, ratios):
    """Prune one model at each ratio, ascending.

    A ratio branches off the last station of the method before it, so that it does
    not matter which others are asked.

    Yields
    ------
    Pruned
        Where nothing leaves, the model is the stripped original itself.
    """
    here = Station.first(plan.method, _open_to_order(plan, dense, task))
    ahead = list(plan.method.stations(here.whole.units))
    last = None
    for ratio in ratios:
        while ahead and here.lies_before(ahead[0], ratio):
            here = _next_station(plan, here, ahead.pop(0), last)
        last = _pruned(plan, here, ratio, dense, last)
        yield last


def _pruned(plan, here, ratio, dense, last):
    """The plain model at a ratio, or the last one where the same units stay."""
    candidate = here.candidate(ratio)
    if _keeps(last, here.keep_of_all(candidate)):
        return replace(last, candidate=replace(last.candidate, ratio=ratio))
    said = here.said_of_all(candidate, ratio)
    if said.keep.all():
        return Pruned(strip(dense), said)
    inside = candidate.refit(plan.refit, here.lens.task).build()
    return Pruned(here.lens.close(inside), said, inside)


def _next_station(plan, here, ratio, last):
    """The station at a ratio; this one where nothing leaves."""
    candidate = here.candidate(ratio)
    if candidate.keep.all():
        return here
    rows = here.seen_rows
    if rows is here.lens.task and _keeps(last, here.keep_of_all(candidate)):
        return here.after(candidate, last.inside)
    return here.after(candidate, candidate.refit(plan.refit, rows).build())


def _keeps(last, keep):
    return last is not None and np.array_equal(last.candidate.keep, keep)


# -- splits ------------------------------------------------------------------------


def splits_of(plan, task, cv):
    """The splits behind `cv`, as a list of (first rows, second rows).

    An int, a splitter or an iterable as everywhere in scikit-learn; None is 5 folds,
    and for a frozen model one split with a quarter of the rows held out. The default
    splits keep groups whole.
    """
    if cv is None and plan.frozen:
        return [hold_out(plan.estimator, task, 0.25)]
    n_splits = 5 if cv is None else cv
    classifier = is_classifier(plan.estimator)
    if isinstance(n_splits, (int, np.integer)) and n_splits > task.n_samples:
        raise ValueError(
            f"cv={cv!r} asks for {n_splits} folds, but X has n_samples="
            f"{task.n_samples} rows. Give more rows, or a smaller cv."
        )
    if isinstance(n_splits, (int, np.integer)) and task.groups is not None:
        cv = StratifiedGroupKFold(n_splits) if classifier else GroupKFold(n_splits)
    splitter = check_cv(5 if cv is None else cv, task.y, classifier=classifier)
    return list(splitter.split(task.X, task.y, task.groups))


def hold_out(estimator, task, fraction):
    """Split the rows once: (first rows, held-out rows), stratified where it can be."""
    X, y, seed = task.X, task.y, task.random_state
    if task.groups is not None:
        splitter = GroupShuffleSplit(1, test_size=fraction, random_state=seed)
    elif y is not None and is_classifier(estimator) and _can_stratify(y, fraction):
        splitter = StratifiedShuffleSplit(1, test_size=fraction, random_state=seed)
    else:
        splitter = ShuffleSplit(1, test_size=fraction, random_state=seed)
    first, held_out = next(splitter.split(X, y, task.groups))
    return np.sort(first), np.sort(held_out)


def _can_stratify(y, fraction):
    y = np.asarray(y)
    if y.ndim > 1:
        return False
    sizes = np.unique(y, return_counts=True)[1]
    return sizes.min() >= 2 and len(sizes) <= np.floor(fraction * len(y))


# -- the loop over splits ------------------------------------------------------------


def score_path(plan, task, ratios, splits):
    """Prune and score at each ratio on each split; the first ratio is 0.

    Returns
    -------
    table : dict of ndarray
        What a rule sees, see `sklprune.rules`; position 0 is the unpruned model.
    kept : list of Pruned, or None
        The very candidates that were scored; only for a frozen model and one split.
    """
    keep = plan.frozen and len(splits) == 1
    # with one split the work inside it may run in parallel instead
    n_jobs = None if len(splits) == 1 else task.n_jobs
    inner = task if len(splits) == 1 else replace(task, n_jobs=None)
    results = Parallel(n_jobs=n_jobs)(
        delayed(_score_split)(plan, inner, ratios, split, len(splits) == 1, keep)
        for split in splits
    )
    rows = [[rows[i] for rows, _ in results] for i in range(len(ratios))]
    table = {"ratio": np.array(ratios)}
    for name in ("units", "parameters", "nonzero"):
        table[name] = np.array([np.mean([cell[name] for cell in row]) for row in rows])
    table["score_mean"] = np.array(
        [np.mean([cell["score"] for cell in row]) for row in rows]
    )
    table["scores"] = np.array(
        [np.concatenate([cell["parts"] for cell in row]) for row in rows]
    )
    table["score_se"] = standard_error(table["scores"])
    table["difference_mean"] = table["score_mean"] - table["score_mean"][0]
    table["difference_se"] = standard_error(table["scores"] - table["scores"][0])
    return table, results[0][1]


def _score_split(plan, task, ratios, split, by_blocks, keep):
    """Prune on the first rows of a split, score on the second."""
    first, second = split
    first_rows, held_out = task.take(first), task.take(second)
    blocks = _blocks(held_out, is_classifier(plan.estimator)) if by_blocks else None
    dense = fit_dense(plan, first_rows)
    rows, kept, model = [], [], None
    for pruned in pruned_at(plan, dense, first_rows, ratios):
        # ratios that remove the same units give the same model
        row = rows[-1] if pruned.model is model else _row(pruned, held_out, blocks)
        model = pruned.model
        rows.append(row)
        if keep:
            kept.append(pruned)
    return rows, kept if keep else None


def _row(pruned, held_out, blocks):
    """What the table says of one model on one split."""
    score, parts = _score(pruned.model, held_out, blocks)
    sizes = {"parameters": np.nan, "nonzero": np.nan} | counts(pruned.model)
    units = int(pruned.candidate.keep.sum())
    return sizes | {"score": score, "parts": parts, "units": units}


def _score(model, task, blocks):
    """A score, and the parts that its standard error comes from.

    Without blocks the one part is the score itself. With blocks they are the
    pseudo-values of the jackknife over them, whose mean has the standard error of
    the jackknife (Efron and Stein 1981); of a mean they are the means of the blocks.
    """
    whole = score(model, task)
    if blocks is None:
        return whole, [whole]
    n = blocks.max() + 1
    left_out = [score(model, task.take(np.flatnonzero(blocks != b))) for b in range(n)]
    return whole, n * whole - (n - 1) * np.array(left_out)


def _blocks(task, classifier):
    """A block for each row, (n_rows,): about equal in size and in y, groups whole.

    None where leaving out a block would leave out a class, or too few rows to score.
    """
    n_rows = task.n_samples
    y = np.zeros(n_rows) if task.y is None else np.asarray(task.y)
    codes = np.unique(y.reshape(n_rows, -1)[:, 0], return_inverse=True)[1].ravel()
    # neighbours in y go to different blocks
    unit, blocks = np.arange(n_rows), np.empty(n_rows, dtype=int)
    blocks[np.argsort(codes, kind="stable")] = np.arange(n_rows) % N_BLOCKS
    if task.groups is not None:
        unit = np.unique(task.groups, return_inverse=True)[1].ravel()
        blocks = unit % N_BLOCKS
    blocks = np.unique(blocks, return_inverse=True)[1].ravel()
    rest = n_rows - np.bincount(blocks)
    if unit.max() < 1 or rest.min() < 2:
        return None
    if classifier:
        rows_of_class = contingency_matrix(codes, blocks)
        if (rows_of_class.max(axis=1) == rows_of_class.sum(axis=1)).any():
            return None
    return blocks


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
        where nothing was held out.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                "path_.frame() needs pandas: python -m pip install pandas"
            ) from error
        n = len(self.table["ratio"])
        rest = {"chosen": np.arange(n) == self.chosen} if n else {}
        columns = self.table | rest
        missing = np.full(n, np.nan)
        return pd.DataFrame({c: columns.get(c, missing) for c in self.columns})

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
