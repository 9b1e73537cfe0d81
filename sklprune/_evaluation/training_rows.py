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

from sklprune._evaluation.plausibility import implausible_losses
from sklprune._opening import open_model
from sklprune._registry import family_of
from sklprune._sklearn_private import only_predicts

#: the first rows of each split must be at least this share of all rows: a model fitted
#: on fewer is not similar to one fitted on all; cv=2 gives halves, which suffice
MIN_SHARE = 0.45


class Reference(Enum):
    """The model whose score pruned models are compared with."""

    ITSELF = "the unpruned model on rows that it was not fitted on"
    OUT_OF_BAG = "members that were not fitted on a row"
    REFITTED = "similar models that are fitted without the rows used for the choice"


def common_reference(plans, task, splits):
    """The reference for comparing several methods for one fitted model.

    Out-of-bag predictions are used only if all methods can use them.
    """
    first, *others = plans
    reference = reference_for(first, task, splits)
    for plan in others:
        if reference is Reference.OUT_OF_BAG:
            reference = reference_for(plan, task, splits)
    return reference


def reference_for(plan, task, splits):
    """The reference for choosing a ratio with a fitted model.

    Out-of-bag predictions can be used if candidates depend only on the first rows of a
    split. If the trees of the model itself are pruned, every candidate depends on all
    rows. Then similar models are fitted, as for all other models.

    The parameter `seen` of the plan states whether the rows are those of the fit. With
    "auto" they are recognised where possible, and otherwise suspected if the model
    predicts them as only rows of its fit can be predicted.

    Parameters
    ----------
    plan : Plan
        Of a fitted model.
    task : Task
    splits : list of (first rows, second rows)

    Returns
    -------
    Reference
    """
    if plan.seen is False:
        return Reference.ITSELF
    known, suspicion = are_known(plan, task, _second_rows(splits)), ""
    if not known:
        suspicion = _suspicion(plan, task)
        if not suspicion:
            return Reference.ITSELF
    opened = open_model(plan.estimator, task, plan.method)
    first = [rows for rows, _ in splits]
    if _predicts_out_of_bag(opened) and _out_of_bag_applies(plan, task, opened, first):
        return Reference.OUT_OF_BAG
    refitted = _can_be_refitted(opened, first)
    name = type(opened.model).__name__
    if not refitted:
        _warn_of_bias(name, suspicion)
    elif suspicion:
        warnings.warn(
            f"{name} was probably fitted on these rows: {suspicion} The size is chosen "
            "on similar models, fitted without the rows used for the choice. Pass "
            "seen=True if they are the rows of the fit, or seen=False if they are new.",
            stacklevel=2,
        )
    return Reference.REFITTED if refitted else Reference.ITSELF


def _warn_of_bias(name, suspicion):
    """Warn that a size is chosen by a biased score."""
    known = f"was probably fitted on these rows: {suspicion} Its"
    known = known if suspicion else "was fitted on these very rows. Its"
    warnings.warn(
        f"{name} {known} score on them is biased upwards, so that too much is kept, "
        "and no similar model can be fitted on a part of them. Pass rows that it was "
        "not fitted on, or the unfitted model to PrunedEstimator, which holds rows "
        "out. If the rows are new, pass seen=False.",
        stacklevel=3,
    )


def are_known(plan, task, rows=None):
    """Whether a model is known to be fitted on rows.

    Parameters
    ----------
    plan : Plan
    task : Task
    rows : ndarray of int or None, default=None
        Positions of those rows of the task that matter; None for all. Families that
        recognise a part of the rows are asked about these.

    Returns
    -------
    bool
    """
    if not plan.frozen or plan.seen is True:
        return True
    return plan.seen == "auto" and _recognised(plan.estimator, task, rows)


def _recognised(model, task, rows):
    """Whether a family recognises the rows, from the whole model to its innermost."""
    while True:
        family = family_of(model)
        if family.can_recognise(model) and _on(family, model, task):
            if rows is None or not family.recognises_parts:
                return True
            return _on(family, model, task.take(rows))
        X = task.X if rows is None else task.take(rows).X
        if not isinstance(X, (list, tuple)) and family.stores_rows(model, X):
            return True
        try:
            inner, task = family.inside(model, task)
        except Exception:
            # a step that cannot transform all rows at once: the rows are not recognised
            return False
        if inner is model:
            return False
        model = inner


def _on(family, model, task):
    return family.fitted_on(model, task.X, task.y, task.sample_weight)


def _second_rows(splits):
    return np.unique(np.concatenate([second for _, second in splits]))


def _suspicion(plan, task):
    """Why rows are probably those of the fit, as a sentence; "" if they are not."""
    model, inner = plan.estimator, task
    while True:
        family = family_of(model)
        agree = family.rows_agree(model, inner.X, inner.y, inner.sample_weight)
        if agree is False:
            return ""
        if agree:
            return "its loss on them is that of its own training."
        try:
            inside, inner = family.inside(model, inner)
        except Exception:
            return ""
        if inside is model:
            break
        model = inside
    losses = implausible_losses(plan, task)
    if losses is None:
        return ""
    return (
        f"its mean loss on them is {losses.model:.4g}. Clones have "
        f"{losses.fitted_on_them:.4g} on rows of their own fit, and "
        f"{losses.fitted_on_others:.4g} on other rows."
    )


def _predicts_out_of_bag(opened):
    """Whether members of the model were fitted on known parts of the rows."""
    offers = opened.family.capabilities(opened.model)
    both = {"fitted_on", "out_of_bag"} <= offers
    return both and _on(opened.family, opened.model, opened.task)


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
