"""Backfitting: subtrees and leaf values of a whole ensemble, chosen together."""

import numbers
from dataclasses import dataclass, field

import numpy as np

from sklprune._registry import register
from sklprune._tree_descent.block_descent import Descent
from sklprune._tree_descent.containers import (
    Form,
    LastBuilt,
    boosting_form,
    check_container,
    own_form,
)
from sklprune._tree_descent.distillation import DistilledMethod, rows_and_targets
from sklprune._tree_descent.forward_backward import STEP, Trail
from sklprune._tree_descent.subtree_raising import raise_children
from sklprune._trees.consistency import probe_of
from sklprune._trees.traversal import first_leaves
from sklprune._units import Candidate

#: a leaf never costs less than this share of what a leaf of pure noise brings
MIN_PRICE = 0.1
#: among more leaves than this share of all, and more than so many, raising hardly pays
#: and takes long
RAISED_UP_TO, RAISED_AT_LEAST = 0.01, 500
#: a small model is smaller where few trees share what is said: of 25 shares there are
#: ten at first, and one more at each price at which all of them are taken
FIRST_SHARES, ALL_SHARES = 10, 25
#: on the way down models are kept that are smaller than the last by this factor: large
#: ones take as much memory as the forest itself
APART = 0.95


class Backfitting(DistilledMethod):
    """Choose subtrees and leaf values of a whole ensemble together.

    Which splits of the trees stay, and what the leaves say, is found by block descent
    on the loss of the rows with a price on every leaf: given the other trees, the best
    pruning of one tree and its values follow exactly from sums in its nodes. Small
    models are grown: trees enter one by one, the one that gains most first, and after
    each entry all that stand are chosen anew. Trees that see the same rows begin with
    the same splits; where a child says as much in the place of its parent, it is
    raised, and the split above it and all on its other side are gone (of dense rows,
    and not in histogram boosting). From time to time the way leads back to few leaves,
    at rising prices: what has come late may stay there, and what it made useless leaves
    (see Zhang 2011); of each size the model counts that says most. Large ones are found
    from the whole ensemble downwards, pulled towards what its leaves say. One run over
    falling prices gives models of all sizes.

    A random forest stays one, with honest probabilities: each of `n_shares` trees has
    an equal share of the probability and cannot say more than it.

    Memory: rows x trees x 4 bytes for the leaf of each row in each tree, made-up rows
    included; as much again for trees in which children were raised, or that were grown
    best first (`max_leaf_nodes`), and X as float32.

    Parameters
    ----------
    rho : float, default=40.0
        Strength of the pull of leaf values towards zero, in rows: a leaf of as many
        rows says half of what they ask for.
    container : {"same", "auto", "gradient_boosting", "hist_gradient_boosting"}, \
default="same"
        The class of the result: the one that came in, or for a forest the one that
        holds sums best, boosting, whose scores go through a link function: far
        smaller at the same loss, and faster for single rows. "auto" is
        `HistGradientBoosting*` where the rows that it is pruned on have missing
        values, else `GradientBoosting*`, which takes none and answers a single row
        soonest. `HistGradientBoosting*` makes the smallest file. Models that are no
        forests, and forests of several outputs, stay what they are.
    n_shares : int, default=25
        How many trees of a forest that classifies may stand at most; in the smallest
        models two fifths of them, or ten. Fewer are smaller for coarse scores, more
        say finer ones.
    teacher : {"auto", "labels", "model"}, default="auto"
        Who says what rows are. "labels": y. "model": the model that is pruned, which
        needs no y; rows are made up from those at hand until there are as many as it
        was fitted on (none of a sparse X). "auto": y, but the model where there is no
        y, or where fewer than a third as many rows are at hand as it was fitted on: it
        then knows more than their labels.

    Notes
    -----
    The steps of a path are as far apart as models are that differ in the price of a
    leaf by the factor 1.3; at a ratio the smallest one that removes no more stands,
    and where there is none the whole model, as it was. Held as boosting, a forest of
    two classes has no models of nearly as many leaves as it had itself;
    one of more classes has a copy of each tree for each class, and a leaf counts as
    kept where a copy keeps it.

    Of several values at once the squared errors add up: bring them to one scale.

    References
    ----------
    Breiman and Friedman, Estimating optimal transformations for multiple regression
    and correlation, JASA 1985 (backfitting). Breiman, Friedman, Olshen and Stone,
    Classification and Regression Trees, 1984 (prices of leaves). Ren, Cao, Wei and
    Sun, Global refinement of random forest, CVPR 2015 (leaf values of a forest fitted
    together). Quinlan, C4.5: Programs for Machine Learning, 1993 (subtree raising).
    Zhang, Adaptive forward-backward greedy algorithm for learning sparse
    representations, IEEE Transactions on Information Theory 57, 2011 (the way back).
    Bucila, Caruana and Niculescu-Mizil, Model compression, KDD 2006 (the model as a
    teacher, of made-up rows).

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from sklprune import prune
    >>> X, y = load_diabetes(return_X_y=True)
    >>> forest = RandomForestRegressor(50, random_state=0).fit(X[:300], y[:300])
    >>> small = prune(forest, X[:300], y[:300], method="backfitting",
    ...               pruning_ratio=0.99)
    >>> trees = small.estimator_.estimators_
    >>> len(trees), int(sum(tree.get_n_leaves() for tree in trees))
    (18, 109)
    """

    needs = ("trees", "rebuild")
    uses = ("empty_boosting",)
    reason = "the leaves that stay say it as well"

    def __init__(self, rho=40.0, *, container="same", n_shares=25, teacher="auto"):
        self.rho = rho
        self.container = container
        self.n_shares = n_shares
        self.teacher = teacher

    def path(self, family, estimator, units, task):
        self._check()
        task, targets = rows_and_targets(family, estimator, task, self.teacher)
        as_boosting = self.container != "same"
        if as_boosting and "empty_boosting" in family.capabilities(estimator):
            form = boosting_form(family, estimator, task, targets, self.container)
        else:
            form = own_form(family, estimator, task, targets)
        leaves = family.leaf_ids(estimator, task.X)
        leaves = [leaves[tree.position] for tree in form.trees]
        offset = form.offset(task.X)
        n_shares = min(self.n_shares, len(form.trees))
        first = max(FIRST_SHARES, n_shares * FIRST_SHARES // ALL_SHARES)
        goal = form.goal(n_shares=min(n_shares, first))
        n_leaves = sum(tree.n_leaves for tree in form.trees)
        limit = goal.boundary * n_leaves
        few = max(RAISED_UP_TO * n_leaves, RAISED_AT_LEAST)
        routes = family.decision_paths(estimator, task.X)
        known = form.trees, leaves
        descent = Descent(*known, goal, offset, self.rho, routes)
        models = _upwards(descent, limit, few, n_shares)
        del descent  # what it knows of all trees, before the next one knows as much
        if form.says_now:
            goal = form.goal(n_shares=len(form.trees))
            descent = Descent(*known, goal, offset, self.rho)
            models += _downwards(descent, limit)
        n_kept, scores, stand_for = [], np.zeros(units.count), _LeavesKept(units)
        for model in models:
            keep = stand_for(model)
            n_kept.append(int(keep.sum()))
            scores += keep
        largest_first = np.argsort(np.negative(n_kept), kind="stable")
        models = [models[i] for i in largest_first]
        return Path(form, models, np.sort(n_kept)[::-1], scores, stand_for)

    def candidate(self, path, family, estimator, units, task, ratio):
        at_least = units.count - units.n_removed(ratio)
        fits = np.flatnonzero(path.n_kept >= at_least)
        if ratio == 0 or len(fits) == 0:
            everything = np.ones(units.count, dtype=bool)
            return Candidate(ratio, everything, path.scores, family, estimator, units)
        smallest = path.models[fits[-1]]
        keep = path.stand_for(smallest)

        def built():
            X = probe_of(task)
            leaves, routes = (
                family.leaf_ids(estimator, X),
                family.decision_paths(estimator, X),
            )
            return path.form.built(smallest, leaves, X, routes)

        model = path.last.model_of(smallest, built)
        return Candidate(ratio, keep, path.scores, family, estimator, units, model)

    def _check(self):
        check_container(self)
        self._check_teacher()
        if not isinstance(self.rho, numbers.Real) or not self.rho > 0:
            raise ValueError(f"Backfitting(rho={self.rho!r}): rho must be above zero.")
        if not isinstance(self.n_shares, numbers.Integral) or self.n_shares < 1:
            raise ValueError(
                f"Backfitting(n_shares={self.n_shares!r}): n_shares must be a positive "
                "whole number."
            )


@dataclass(frozen=True)
class Path:
    """Ever smaller ensembles, how many leaves stand in each, and in how many each."""

    form: Form
    models: list
    n_kept: np.ndarray
    scores: np.ndarray
    stand_for: "_LeavesKept"
    last: LastBuilt = field(default_factory=LastBuilt)


def _upwards(descent, limit, few, n_shares):
    """From nothing to `limit` leaves, and back from time to time: `Ensemble`s.

    As long as there are few, children may take the place of their parents. There are
    up to `n_shares` shares.
    """
    goal, first = descent.goal, descent.goal.room

    def up(price):
        if len(descent.standing) == goal.room < n_shares:
            more = goal.room + max(1, n_shares // ALL_SHARES)
            goal.share_among(min(more, n_shares))
        descent.enter(price)
        chosen_anew(price)
        return True

    def down(price):
        chosen_anew(price)
        if len(descent.standing) < goal.room:
            goal.share_among(max(first, len(descent.standing)))

    def chosen_anew(price):
        descent.sweep(price)
        descent.restore(price)
        if descent.n_leaves <= few:
            raise_children(descent, price)
        descent.sweep(price)

    descent.start_empty()
    trail = Trail(descent, up, down, min(few, goal.turns_up_to), stride=3)
    return trail.walk(descent.first_price(), MIN_PRICE, limit)


def _downwards(descent, limit):
    """From the whole to `limit` leaves, at rising prices: a list of `Ensemble`."""
    models = []
    descent.start_whole()
    noise, n_leaves, rho = descent.noise(), descent.n_leaves, descent.rho
    price, smallest = 1e-5 * noise, n_leaves
    # where nothing is left to be said no price would ever rise
    while descent.standing and price > 0:
        # while leaves cost little, little pulls them to zero: small ones would go first
        descent.rho = rho * min(1.0, price / noise)
        descent.pull = descent.goal.pull(descent.n_leaves / n_leaves)
        for _ in range(2):
            descent.sweep(price)
        if descent.n_leaves <= limit:
            break
        if descent.n_leaves <= APART * smallest:
            models.append(descent.ensemble())
            smallest = descent.n_leaves
        whole = descent.n_leaves > 0.9 * n_leaves
        price *= STEP ** (5 if whole else descent.goal.stride)
    return models


class _LeavesKept:
    """The leaves that stand for those of a model: of all that are below one of its
    leaves the first."""

    def __init__(self, units):
        self.where, self.first = units.where, {}
        n_leaves = [int((left < 0).sum()) for left, _ in units.where]
        self.start = np.cumsum([0, *n_leaves])

    def __call__(self, model):
        """By unit, (n_units,), bool."""
        keep = np.zeros(self.start[-1], dtype=bool)
        for subtree in model.subtrees:
            i = subtree.tree
            if i not in self.first:
                self.first[i] = first_leaves(*self.where[i])
            leaves = subtree.nodes[~subtree.split]
            keep[self.start[i] + self.first[i][leaves]] = True
        return keep


register("method", Backfitting)
