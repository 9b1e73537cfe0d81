"""In which model a descent ends, with which trees, and what it lowers."""

from dataclasses import dataclass, replace
from functools import partial

from sklearn.utils.class_weight import compute_sample_weight

from sklprune._registry import family_of
from sklprune.methods._goals import Goal, OneAgainstRestGoal, ShareGoal, SquaredGoal


@dataclass(frozen=True)
class Form:
    """What holds the result: the model that is filled, and the trees as it adds them.

    Parameters
    ----------
    family, model : Family, estimator
    trees : list of Tree
    source : list or None
        The trees of the other model that they come from; None for its own.
    goal : callable
        `goal(n_shares=...)`, what is lowered: a `Goal`.
    says_now : bool
        Whether the values of the trees are on the scale of the sum.
    """

    family: object
    model: object
    trees: list
    source: list | None
    goal: object
    says_now: bool


def weighted_by_class(estimator, task):
    """The task with weights as the model was fitted to: by class where it asks so."""
    class_weight = getattr(estimator, "class_weight", None)
    if class_weight is None:
        return task
    if isinstance(class_weight, str):
        class_weight = "balanced"
    weight = compute_sample_weight(class_weight, task.y)
    if task.sample_weight is not None:
        weight = weight * task.sample_weight
    return replace(task, sample_weight=weight)


def own_form(family, estimator, task):
    """The form of a model that holds its own trees."""
    y, weight = family.targets(estimator, task.y), task.sample_weight
    says = family.says(estimator)
    if says == "scores":
        goal = partial(Goal, family.loss(estimator), y, weight)
    elif says == "values":
        goal = partial(SquaredGoal, y, weight)
    else:
        n_distributions = family.n_distributions(estimator)
        goal = partial(ShareGoal, y, weight, n_distributions)
    return Form(family, estimator, family.tables(estimator), None, goal, True)


def boosting_form(family, estimator, task):
    """The form of a forest whose trees are held by a boosting model."""
    shell = family.recast(estimator, task.X)
    host = family_of(shell)
    n_outputs = host.offset(shell, task.X).shape[1]
    # of two classes the second one is what the score speaks for; of several each has a
    # copy of every tree
    copies = [
        tree._replace(value=tree.value[:, [output - n_outputs]], output=output)
        for output in range(n_outputs)
        for tree in family.tables(estimator)
    ]
    goal = boosting_goal(family, estimator, host, shell, task, n_outputs)
    says_now = n_outputs > 1 or family.says(estimator) == "values"
    return Form(host, shell, copies, family.trees(estimator), goal, says_now)


def boosting_goal(family, estimator, host, shell, task, n_outputs):
    """What the scores of a boosting model lower, that is to stand for a forest."""
    weight = task.sample_weight
    if n_outputs > 1:
        return partial(OneAgainstRestGoal, family.targets(estimator, task.y), weight)
    return partial(Goal, host.loss(shell), host.targets(shell, task.y), weight)
