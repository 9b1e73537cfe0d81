"""Reference scores where a fitted model is pruned on the rows that it was fitted on.

The score of a model on its own training rows is biased upwards, and a pruned model
looks worse beside it than it is. The reference for training rows is the out-of-bag
score, or the score of similar models that are fitted without the rows used for the
choice.
"""

import warnings
from dataclasses import replace
from enum import Enum

import numpy as np
from sklearn.base import is_classifier

from sklprune._opening import open_model
from sklprune._sklearn_private import only_predicts

#: the first rows of each split must be at least this share of all rows: a model fitted
#: on fewer is not similar to one fitted on all; cv=2 gives halves, which suffice
MIN_SHARE = 0.45


class Reference(Enum):
    """The model whose score pruned models are compared with."""

    ITSELF = "the unpruned model on rows that it was not fitted on"
    OUT_OF_BAG = "members that were not fitted on a row"
    REFITTED = "similar models that are fitted without the rows used for the choice"


def reference_for(plan, task, splits, seen="auto"):
    """The reference for choosing a ratio with a fitted model.

    Out-of-bag predictions can be used if candidates depend only on the first rows of a
    split. If the trees of the model itself are pruned, every candidate depends on all
    rows. Then similar models are fitted. Boosting may have started from another model.
    It is fitted again only if `seen` is True, else a warning is given.

    Parameters
    ----------
    plan : Plan
        Of a fitted model.
    task : Task
    splits : list of (first rows, second rows)
    seen : {"auto"} or bool
        Whether the model was fitted on these rows; "auto" detects it where possible.

    Returns
    -------
    Reference
    """
    opened = open_model(plan.estimator, task, plan.method)
    offers = opened.family.capabilities(opened.model)
    detected = _detected(opened, offers)
    if not detected and seen == "auto":
        return Reference.ITSELF
    first = [rows for rows, _ in splits]
    # out-of-bag predictions need the rows in the order of the fit
    by_members = detected and "out_of_bag" in offers
    if by_members and _out_of_bag_applies(plan, task, opened, first):
        return Reference.OUT_OF_BAG
    if (seen is True or "as_fitted" in offers) and _can_be_refitted(opened, first):
        return Reference.REFITTED
    model = opened.model
    remedy = "" if seen is True else "seen=True to choose on similar models, "
    warnings.warn(
        f"{type(model).__name__} was fitted on these very rows. Its score on them is "
        f"biased upwards, so that too much is kept. Pass {remedy}rows that it was not "
        "fitted on, or the unfitted model to PrunedEstimator, which holds rows out. If "
        "the rows are new, pass seen=False.",
        stacklevel=2,
    )
    return Reference.ITSELF


def _detected(opened, offers):
    """Whether a family recognises the rows as those of the fit."""
    rows = opened.task.X, opened.task.sample_weight
    return "fitted_on" in offers and opened.family.fitted_on(opened.model, *rows)


def plan_to_choose(plan, reference):
    """The plan by which a ratio is chosen: with refitted models if they are used."""
    return replace(plan, frozen=False) if reference is Reference.REFITTED else plan


def plan_to_prune(plan, reference):
    """The plan by which the given model is pruned at the chosen ratio."""
    if reference is Reference.REFITTED:
        return replace(plan, fitted_on_rows=True)
    return plan


def _can_be_refitted(opened, first):
    """Whether a similar model can be fitted on the first rows of each split.

    They must be numerous enough and contain all classes.
    """
    task, fewest = opened.task, min(first, key=len)
    if len(fewest) < MIN_SHARE * task.n_samples:
        return False
    if is_classifier(opened.model):
        outputs = np.asarray(task.y).reshape(task.n_samples, -1).T
        for y in outputs:
            n_classes = len(np.unique(y))
            if any(len(np.unique(y[rows])) < n_classes for rows in first):
                return False
    if "as_fitted" not in opened.family.capabilities(opened.model):
        return True
    return opened.family.as_fitted(opened.model, task.take(fewest))


def _out_of_bag_applies(plan, task, opened, first):
    """Whether out-of-bag predictions can replace those of the model."""
    return (
        opened.family.out_of_bag_covers_rows(opened.model)
        and plan.method.uses_only_pruning_rows(min(map(len, first)), task.n_samples)
        # a scorer of the user may call anything, and members predict neither targets
        # that a wrapper transforms nor groups that have rows in the fit of a member
        and only_predicts(task.scorer, opened.model)
        and opened.task.y is task.y
        and task.groups is None
    )
