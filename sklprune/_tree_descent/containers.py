"""In which model a descent ends, with which trees, and what it lowers."""

from dataclasses import dataclass
from functools import partial

from sklprune._registry import family_of
from sklprune._tree_descent.losses import (
    Goal,
    OneAgainstRestGoal,
    SecondShareGoal,
    ShareGoal,
    ValuesGoal,
)
from sklprune._trees.arrays import both_classes
from sklprune._trees.consistency import check_consistency, leaves_above

#: classes of the result: the one that came in, or boosting, which holds sums best
CONTAINERS = ("same", "auto", "gradient_boosting", "hist_gradient_boosting")


def check_container(method, allowed=CONTAINERS):
    """Refuse a `container` that a method does not know."""
    if method.container not in allowed:
        known = ", ".join(map(repr, allowed[:-1]))
        raise ValueError(
            f"{type(method).__name__}(container={method.container!r}): container must "
            f"be {known} or {allowed[-1]!r}."
        )


@dataclass(frozen=True)
class Form:
    """What holds the result: the model that is filled, and the trees as it adds them.

    Parameters
    ----------
    family, model : Family, estimator
    trees : list of TreeArrays
    source : list or None
        The trees of the other model that they come from; None for its own.
    goal : callable or None
        `goal(n_shares=...)`, what is lowered: a `Goal`; None where nothing is.
    says_now : bool
        Whether the values of the trees are on the scale of the sum.
    of_second : bool
        Whether the trees speak of the second of two classes alone, as the first one
        has what is left of a probability.
    """

    family: object
    model: object
    trees: list
    source: list | None
    goal: object
    says_now: bool
    of_second: bool = False

    def offset(self, X):
        """What the model says without its trees, (n_rows, n_outputs)."""
        offset = self.family.offset(self.model, X)
        return offset[:, 1:] if self.of_second else offset

    def built(self, ensemble, leaves, X, routes=None):
        """The plain model that holds an ensemble, checked on some rows.

        Parameters
        ----------
        ensemble : Ensemble
        leaves : ndarray of shape (n_trees, n_rows)
            The leaf of each of these rows in the whole trees, by their position.
        X : array-like of shape (n_rows, n_features)
        routes : DecisionPaths or None
            The way of these rows, where nodes may have gone above others.
        """
        ensemble = ensemble.unpacked()
        ensemble = both_classes(ensemble) if self.of_second else ensemble
        model = self.family.from_arrays(self.model, ensemble, self.source)
        said, offset = (
            self.family.raw_prediction(model, X),
            self.family.offset(self.model, X),
        )
        trees = {tree.position: tree for tree in self.trees}

        def ends(subtree):
            if subtree.statistics is not None:
                return routes.ends(subtree)
            return leaves_above(subtree, trees[subtree.tree], leaves[subtree.tree])

        check_consistency(model, said, ensemble, ends, offset)
        return model


class LastBuilt:
    """The model that was built last: half of the ratios that a grid asks of a path are
    met by the same one as the ratio before."""

    def __init__(self):
        self.ensemble = self.model = None

    def model_of(self, ensemble, build):
        """The model of an ensemble, built if it is another one than the last."""
        if self.ensemble is not ensemble:
            self.ensemble, self.model = ensemble, build()
        return self.model


def own_form(family, estimator, task, targets):
    """The form of a model that holds its own trees; its rows are told `targets`."""
    says, weight = family.output_kind(estimator), task.sample_weight
    trees, of_second = family.tree_arrays(estimator), False
    if says == "scores":
        goal = partial(Goal, family.loss(estimator), targets, weight)
    elif says == "values":
        goal = partial(ValuesGoal, targets, weight)
    else:
        n_distributions = family.n_distributions(estimator)
        of_second = n_distributions == 1 and targets.shape[1] == 2
        if of_second:
            goal = partial(SecondShareGoal, targets[:, 1:], weight)
            trees = [tree._replace(value=tree.value[:, 1:]) for tree in trees]
        else:
            goal = partial(ShareGoal, targets, weight, n_distributions)
    return Form(family, estimator, trees, None, goal, True, of_second)


def boosting_form(family, estimator, task, targets, container="auto"):
    """The form of a forest whose trees are held by a boosting model."""
    shell, offset, goal = boosting_host(family, estimator, task, targets, container)
    n_outputs, tables = offset.shape[1], family.tree_arrays(estimator)
    # of two classes the second one is what the score speaks for; of several each has a
    # copy of every tree
    copies = [
        tree._replace(value=tree.value[:, [output - n_outputs]], output=output)
        for output in range(n_outputs)
        for tree in tables
    ]
    says_now = n_outputs > 1 or family.output_kind(estimator) == "values"
    source = family.sklearn_trees(estimator)
    return Form(family_of(shell), shell, copies, source, goal, says_now)


def boosting_host(family, estimator, task, targets, container="auto"):
    """A boosting model without a say, what it says, and what its scores lower."""
    shell = family.empty_boosting(estimator, task.X, container)
    host, weight = family_of(shell), task.sample_weight
    offset = host.offset(shell, task.X)
    if family.output_kind(estimator) == "values":
        return shell, offset, partial(ValuesGoal, targets, weight)
    if offset.shape[1] > 1:
        said = family.raw_prediction(estimator, task.X)
        return shell, offset, partial(OneAgainstRestGoal, targets, weight, said)
    # of two classes it is the share of the second one
    goal = partial(Goal, host.loss(shell), targets[:, 1], weight)
    return shell, offset, goal
