"""In which model a descent ends, with which trees, and what it lowers."""

from dataclasses import dataclass
from functools import partial

from sklprune._registry import family_of
from sklprune.methods._goals import Goal, OneAgainstRestGoal, ShareGoal, ValuesGoal


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


def own_form(family, estimator, task):
    """The form of a model that holds its own trees."""
    y, weight = family.targets(estimator, task.y), task.sample_weight
    says = family.says(estimator)
    if says == "scores":
        goal = partial(Goal, family.loss(estimator), y, weight)
    elif says == "values":
        goal = partial(ValuesGoal, y, weight)
    else:
        n_distributions = family.n_distributions(estimator)
        goal = partial(ShareGoal, y, weight, n_distributions)
    return Form(family, estimator, family.tables(estimator), None, goal, True)


def boosting_form(family, estimator, task):
    """The form of a forest whose trees are held by a boosting model."""
    shell, offset, goal = boosting_host(family, estimator, task)
    n_outputs, tables = offset.shape[1], family.tables(estimator)
    # of two classes the second one is what the score speaks for; of several each has a
    # copy of every tree
    copies = [
        tree._replace(value=tree.value[:, [output - n_outputs]], output=output)
        for output in range(n_outputs)
        for tree in tables
    ]
    says_now = n_outputs > 1 or family.says(estimator) == "values"
    source = family.trees(estimator)
    return Form(family_of(shell), shell, copies, source, goal, says_now)


def boosting_host(family, estimator, task):
    """A boosting model without a say, what it says, and what its scores lower."""
    shell = family.recast(estimator, task.X)
    host, weight = family_of(shell), task.sample_weight
    offset = host.offset(shell, task.X)
    if offset.shape[1] > 1:
        y = family.targets(estimator, task.y)
        return shell, offset, partial(OneAgainstRestGoal, y, weight)
    y = host.targets(shell, task.y)
    return shell, offset, partial(Goal, host.loss(shell), y, weight)
