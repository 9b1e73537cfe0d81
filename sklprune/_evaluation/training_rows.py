"""The unpruned model on rows that it was fitted on: who speaks for it there.

On no other rows does it score as well, and next to that what is pruned looks worse than
it is. Where that can be told, somebody else speaks: trees that have not seen a row, or
a model that was fitted anew without it.
"""

import warnings
from dataclasses import replace

import numpy as np
from sklearn.base import is_classifier

from sklprune._path import open_model
from sklprune._sklearn_private import only_predicts

#: trees that have not seen a row
OUT_OF_BAG = "original_out_of_bag"
#: what the parameters of the model make of the other rows
FITTED_ANEW = "original_fitted_anew"
#: a model of fewer rows is not like one of all: halves, as cv=2 gives them, are enough
LEAST_SHARE = 0.45


def speaker_for(plan, task, splits):
    """Who speaks for the unpruned model on the rows that choose.

    Out-of-bag trees do where what is pruned knows of the first rows of a split alone.
    Where its trees themselves are pruned, splits know all rows: then the choice is made
    on a model fitted anew. Of boosting, which may hold trees of others, neither does,
    and a warning says that the choice is made on known ground.

    Parameters
    ----------
    plan : Plan
        Of a fitted model.
    task : Task
    splits : list of (first rows, second rows)

    Returns
    -------
    str or None
        `OUT_OF_BAG` or `FITTED_ANEW`; None for the model itself.
    """
    lens = open_model(plan.estimator, task, plan.method)
    family, model = lens.family, lens.model
    offers = family.capabilities(model)
    seen = "fitted_on" in offers
    if not seen or not family.fitted_on(model, lens.task.X, task.sample_weight):
        return None
    everywhere = np.arange(task.n_samples)
    first = [everywhere[rows] for rows, _ in splits]
    if "out_of_bag" in offers and _trees_speak(plan, task, lens, first):
        return OUT_OF_BAG
    if "as_fitted" in offers and _can_be_fitted_anew(lens, first):
        return FITTED_ANEW
    warnings.warn(
        f"{type(model).__name__} was fitted on these very rows: on no others "
        "does it score as well, and next to it what is pruned looks worse than it "
        "is, so that too much is kept. Give rows that it has not seen, or the "
        "unfitted model to PrunedEstimator, which holds rows out.",
        stacklevel=2,
    )
    return None


def plans_for(plan, speaker):
    """The plan by which a ratio is chosen, and the one by which the model is pruned.

    The first one may be that of a model which is fitted anew on the first rows of each
    split; the other one then knows that no row is unseen.
    """
    if speaker != FITTED_ANEW:
        return plan, plan
    return replace(plan, frozen=False), replace(plan, knows_rows=True)


def _can_be_fitted_anew(lens, first):
    """Whether the first rows of each split make such a model of the same parameters.

    They must be many enough, of all classes, and enough for the parameters.
    """
    task, fewest = lens.task, min(first, key=len)
    if len(fewest) < LEAST_SHARE * task.n_samples:
        return False
    if is_classifier(lens.model):
        outputs = np.asarray(task.y).reshape(task.n_samples, -1).T
        for y in outputs:
            n_classes = len(np.unique(y))
            if any(len(np.unique(y[rows])) < n_classes for rows in first):
                return False
    return lens.family.as_fitted(lens.model, task.take(fewest))


def _trees_speak(plan, task, lens, first):
    """Whether trees that have not seen a row may speak of it."""
    return (
        lens.family.out_of_bag_covers_rows(lens.model)
        and plan.method.uses_only_pruning_rows(min(map(len, first)), task.n_samples)
        # a scorer of one's own may ask for anything, trees do not speak of targets that
        # a wrapper changes, and have seen other rows of a group
        and only_predicts(task.scorer, lens.model)
        and lens.task.y is task.y
        and task.groups is None
    )
