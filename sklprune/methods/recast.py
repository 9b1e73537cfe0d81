"""Recast: the same function, held by another class."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from sklprune._registry import family_of, register
from sklprune._tree_descent.containers import CONTAINERS, Form, check_container
from sklprune._trees.arrays import Ensemble, Subtree, levels_of, preorder
from sklprune._trees.consistency import probe_of
from sklprune._units import Candidate
from sklprune.methods._base import Method

#: probabilities that are as likely in places yet unseen, and the share of their say
#: when scores are made as loud as probabilities want them
EVENLY, SHARE = np.linspace(0, 1, 21), 0.2
#: how loud scores may become, as logarithms
QUIETEST, LOUDEST = -3.0, 6.0
#: bits of a float64 that sums of scores may use
BITS = 50


class Recast(Method):
    """Hold the function of an ensemble in another class, and remove nothing.

    A forest that is held as gradient boosting answers a single row many times faster:
    100 trees of depth 15 about 20 times. Gradient boosting can be held as histogram
    boosting, which costs fewer bytes a tree.

    Values come out the same but for rounding. Of classes the labels and the order of
    rows by score come out the same, those of a forest with its ties, and probabilities
    close: what a forest averages goes into the score, and the one factor that brings
    the link function nearest to the forest's own probabilities, over the rows given,
    into the leaves. Scores stand in `decision_function`.

    Of two classes there is one score; of more each class has a copy of every tree, in
    which splits that say nothing of the class are left out.

    Parameters
    ----------
    container : {"auto", "gradient_boosting", "hist_gradient_boosting"}, \
default="auto"
        The class of the result. "auto" is `HistGradientBoosting*` where X has missing
        values, else `GradientBoosting*`, which is the fastest for a single row.

    Notes
    -----
    Models of several outputs, which no boosting model holds, are refused; so is
    gradient boosting that starts from another model than a constant. The method says
    by itself what happens: `pruning_ratio` stays "auto", no rule is asked, and no
    `cv`. A tie between classes is one of exact arithmetic: where a forest is decided
    by the rounding of a sum, the first class of those that tie is taken.

    With scikit-learn's trees a value is rounded to float32 and then compared; in
    histogram boosting the threshold is moved to the last float64 that is rounded to
    the left side, so that every row goes where it went.

    Raises
    ------
    ValueError
        If the container does not take X as it is: missing values, or a sparse matrix.

    References
    ----------
    Friedman, Greedy function approximation: a gradient boosting machine, Annals of
    Statistics 29, 2001 (additive scores and their link). Platt, Probabilistic outputs
    for support vector machines, 1999 (a fitted factor before the link).

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklprune import prune
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> fast = prune(forest, X, y, method="recast").estimator_
    >>> type(fast).__name__
    'GradientBoostingClassifier'
    >>> bool((fast.predict(X) == forest.predict(X)).all())
    True
    """

    granularity = "leaf"
    needs = ("trees", "as_boosting")
    decides = True
    recasts = True
    reason = "another class holds the same function"

    def __init__(self, container="auto"):
        self.container = container

    def misfit(self, family, estimator):
        why = ""
        if "trees" in family.capabilities(estimator):
            why = family.boosting_misfit(estimator)
        why = why or super().misfit(family, estimator)
        if why or family.output_kind(estimator) != "scores":
            return why
        if self.container == "hist_gradient_boosting":
            return ""
        return (
            "is gradient boosting already: "
            "Recast(container='hist_gradient_boosting') is what there is for it"
        )

    def path(self, family, estimator, units, task):
        check_container(self, CONTAINERS[1:])
        shell, trees, offset = family.as_boosting(estimator, task.X, self.container)
        host, source = family_of(shell), family.sklearn_trees(estimator)
        if family.output_kind(estimator) == "distributions":
            said = family.raw_prediction(estimator, task.X)
            trees, offset = _as_loud_as(said, task.sample_weight, trees, offset)
        subtrees = [_without_idle_splits(tree) for tree in trees]
        silent = host.offset(shell, np.zeros((1, shell.n_features_in_)))[0]
        ensemble = Ensemble(subtrees, offset - silent)
        return Sum(Form(host, shell, trees, source, None, True), ensemble)

    def candidate(self, path, family, estimator, units, task, ratio):
        X = probe_of(task)
        model = path.form.built(path.ensemble, family.leaf_ids(estimator, X), X)
        everything = np.ones(units.count, dtype=bool)
        scores = np.zeros(units.count)
        return Candidate(0.0, everything, scores, family, estimator, units, model)


@dataclass(frozen=True)
class Sum:
    """The same function as a sum, and the model that is to hold it."""

    form: Form
    ensemble: Ensemble


def _as_loud_as(said, sample_weight, trees, offset):
    """Trees and constant as scores, whose link comes nearest to the probabilities.

    The scores are rounded so that no sum of them is: ties stay ties, whatever the
    order of the trees.
    """
    loud = loudness(said, sample_weight)
    largest = loud * sum(np.abs(tree.value).max() for tree in trees)
    grain = 2.0 ** (np.ceil(np.log2(max(largest, 1.0))) - BITS)
    trees = [
        tree._replace(value=grain * np.round(loud * tree.value / grain))
        for tree in trees
    ]
    if said.shape[1] == 2:
        # a tie goes to the first class, as in a forest: below all that is no tie
        return trees, offset - grain / 2
    return trees, offset


def loudness(said, sample_weight=None):
    """The factor that makes the softmax of probabilities come nearest to them.

    Near in the mean cross-entropy over the rows. Where a model has learned its rows by
    heart all of them are certain, and no factor would be large enough: probabilities
    between two classes, evenly spaced, therefore have a say.

    Parameters
    ----------
    said : ndarray of shape (n_rows, n_classes)
    sample_weight : ndarray of shape (n_rows,) or None
    """
    weight = np.ones(len(said)) if sample_weight is None else sample_weight
    even = np.zeros((len(EVENLY), said.shape[1]))
    even[:, 0], even[:, 1] = EVENLY, 1 - EVENLY

    def cross_entropy(wanted, loud):
        return logsumexp(loud * wanted, axis=1) - loud * (wanted**2).sum(axis=1)

    def apart(log_loud):
        loud = np.exp(log_loud)
        over_rows = np.average(cross_entropy(said, loud), weights=weight)
        return (1 - SHARE) * over_rows + SHARE * cross_entropy(even, loud).mean()

    return float(np.exp(minimize_scalar(apart, bounds=(QUIETEST, LOUDEST)).x))


def _without_idle_splits(tree):
    """The tree but for splits below which all leaves say the same."""
    levels = levels_of(tree.left, tree.right)
    lowest, highest = tree.value[:, 0].copy(), tree.value[:, 0].copy()
    for nodes, left, right in reversed(levels):
        lowest[nodes] = np.minimum(lowest[left], lowest[right])
        highest[nodes] = np.maximum(highest[left], highest[right])
    split = (tree.left >= 0) & (lowest < highest)
    nodes = preorder(split, levels)
    # an inner node of leaves that agree says what they say, without their rounding
    value = np.where(split, tree.value[:, 0], lowest)[nodes, None]
    return Subtree(tree.position, nodes, split[nodes], value, tree.output)


register("method", Recast)
