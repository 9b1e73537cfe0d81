"""Regrow: small trees grown on the same rows, in the place of large ones."""

import numbers
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from sklearn.base import is_classifier

from sklprune._registry import family_of, register
from sklprune._tree_descent.block_descent import Descent
from sklprune._tree_descent.containers import (
    CONTAINERS,
    Form,
    LastBuilt,
    boosting_host,
    check_container,
)
from sklprune._tree_descent.distillation import (
    DistilledMethod,
    distils_from_model,
    rows_and_targets,
)
from sklprune._tree_descent.forward_backward import Trail
from sklprune._tree_descent.subtree_raising import raise_children
from sklprune._tree_descent.tree_growing import make_grower
from sklprune._trees.arrays import TreeArrays
from sklprune._trees.consistency import probe_of, probe_rows
from sklprune._units import Candidate


class Habits(NamedTuple):
    """How trees are grown.

    Parameters
    ----------
    rho : float
        Pull of values towards zero, in rows.
    least : float
        A leaf never costs less than this share of what a leaf of pure noise brings.
    growth : float
        All trees are chosen anew whenever there are so many times as many.
    raised : float
        Children are raised among no more leaves than these: it takes long.
    turns_up_to : float
        No way back begins at more leaves: noisy values would be learned by heart.
    stride : int
        Steps of the price that are taken at once as long as nothing stands.
    """

    rho: float
    least: float
    growth: float
    raised: float
    turns_up_to: float
    stride: int


#: noisy values need many leaves, and small ones first; scores of classes hardly ever
#: gain by as many
OF_CLASSES = Habits(40.0, 0.5, growth=1.05, raised=500, turns_up_to=500, stride=3)
#: each tree concerns one of several classes
OF_SEVERAL = OF_CLASSES._replace(growth=1.2)
OF_VALUES = Habits(200.0, 0.1, growth=1.01, raised=np.inf, turns_up_to=2000, stride=1)
#: rows of a leaf at least, of few rows and of many
LEAST_ROWS = 5, 20
#: trees that are grown at one price
MAX_TREES_A_STEP = 30


class Regrow(DistilledMethod):
    """Grow small trees on the same rows until they say what a forest says.

    The smallest model that keeps the score of a forest is often not inside it. Here
    trees are grown one after the other on what those before leave unsaid, as in
    boosting; each is cut at once at the present price of a leaf, and after each all
    others are chosen anew, so that splits which a later tree made useless go again,
    and children take the place of their parents. From time to time the way leads back
    to few leaves; of each size the model counts that says most. Trees of classes are
    split between 255 bins of each column. One run over falling prices gives models of
    all sizes. The result is gradient boosting.

    Of the forest nothing stays but its classes and its columns; the ratio counts
    leaves, and the report lists as many as have no successor.

    Parameters
    ----------
    max_leaf_nodes : int, default=31
        Leaves of a tree before it is cut.
    rho : float or "auto", default="auto"
        Strength of the pull of leaf values towards zero, in rows. "auto" is 40 for
        classes and 200 for values, which did best on thirteen tables.
    min_samples_leaf : int or "auto", default="auto"
        Rows of a leaf at least. "auto" is a hundredth of all, from 5 to 20. With 20
        a tenth more leaves were needed for 400 rows of classes, and none fewer for
        1000; for 400 rows of values three quarters more, and one table in six was
        never reached.
    max_trees : int, default=400
        How many trees are grown at most, of several classes for each of them.
    container : {"auto", "gradient_boosting", "hist_gradient_boosting"}, \
default="auto"
        The class of the result. "auto" is `HistGradientBoosting*` where X has missing
        values, else `GradientBoosting*`, which answers a single row soonest.
        `HistGradientBoosting*` makes the smallest file.
    teacher : {"auto", "labels", "model"}, default="auto"
        Who says what rows are. "labels": y. "model": the forest, which
        needs no y; rows are made up from those at hand until there are as many as it
        was fitted on (none of a sparse X). "auto": y, but the model where there is no
        y, or where fewer than a third as many rows are at hand as it was fitted on: it
        then knows more than their labels.

    Notes
    -----
    On seven tables of two classes (forests of 100 trees of depth 15, five folds) 1918
    times fewer leaves than the forest's were enough to stay within 0.005 of its ROC AUC
    on the rows that chose, with 0.0026 lost on test rows; the forest's own trees,
    pruned by `Backfitting(container="auto")`, needed 1.3 times as many.

    References
    ----------
    Friedman, Greedy function approximation: a gradient boosting machine, Annals of
    Statistics 29, 2001. Johnson and Zhang, Learning nonlinear functions using
    regularized greedy forest, TPAMI 36, 2014 (all trees chosen anew).

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklprune import prune
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> small = prune(forest, X, y, method="regrow", pruning_ratio=0.99).estimator_
    >>> type(small).__name__
    'GradientBoostingClassifier'
    """

    needs = ("trees", "empty_boosting")
    reason = "trees that were grown anew say it with fewer leaves"

    def __init__(
        self,
        max_leaf_nodes=31,
        *,
        rho="auto",
        min_samples_leaf="auto",
        max_trees=400,
        container="auto",
        teacher="auto",
    ):
        self.max_leaf_nodes = max_leaf_nodes
        self.rho = rho
        self.min_samples_leaf = min_samples_leaf
        self.max_trees = max_trees
        self.container = container
        self.teacher = teacher

    def uses_only_pruning_rows(self, n_rows, n_fitted):
        return not distils_from_model(self.teacher, n_rows, n_fitted)

    def path(self, family, estimator, units, task):
        self._check()
        rows = probe_rows(task.n_samples)
        task, targets = rows_and_targets(family, estimator, task, self.teacher)
        host = (family, estimator, task, targets, self.container)
        shell, offset, goal = boosting_host(*host)
        habits = OF_VALUES
        if is_classifier(estimator):
            habits = OF_CLASSES if offset.shape[1] == 1 else OF_SEVERAL
        rho, grown = habits.rho if isinstance(self.rho, str) else self.rho, []
        routes = family.decision_paths(estimator, task.X, grown)
        descent = Descent([], [], goal(n_shares=None), offset, rho, routes)
        weight = descent.goal.weight[:, 0]
        splits = make_grower(
            task.X,
            routes,
            weight,
            regression=not is_classifier(estimator),
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self._min_samples_leaf((weight > 0).sum()),
            random_state=task.random_state,
        )
        grower = _Grower(splits, descent, habits, grown)
        models = grower.path(self.max_trees, units.count)
        trees = descent.trees
        form = Form(family_of(shell), shell, trees, grown, goal, says_now=False)
        leaves = descent.whole_leaves(rows)
        n_leaves = np.array([model.n_leaves for model in models], dtype=int)
        return Regrown(form, models, n_leaves, leaves)

    def candidate(self, path, family, estimator, units, task, ratio):
        at_least = units.count - units.n_removed(ratio)
        fits = np.flatnonzero(path.n_leaves >= at_least)
        scores = -np.arange(units.count, dtype=float)
        keep = np.ones(units.count, dtype=bool)
        if ratio == 0 or len(fits) == 0:
            return Candidate(ratio, keep, scores, family, estimator, units)
        smallest = path.models[fits[np.argmin(path.n_leaves[fits])]]
        keep[smallest.n_leaves :] = False

        def built():
            X = probe_of(task)
            routes = family.decision_paths(estimator, X, path.form.source)
            return path.form.built(smallest, path.leaves, X, routes)

        model = path.last.model_of(smallest, built)
        return Candidate(ratio, keep, scores, family, estimator, units, model)

    def _check(self):
        check_container(self, CONTAINERS[1:])
        self._check_teacher()
        for name, least, auto in (
            ("max_leaf_nodes", 2, ""),
            ("min_samples_leaf", 1, ", or 'auto'"),
            ("max_trees", 1, ""),
        ):
            value = getattr(self, name)
            if auto and _is_auto(value):
                continue
            if not isinstance(value, numbers.Integral) or value < least:
                raise ValueError(
                    f"Regrow({name}={value!r}): {name} must be a whole number, {least} "
                    f"or more{auto}."
                )
        number = isinstance(self.rho, numbers.Real) and self.rho > 0
        if not number and not _is_auto(self.rho):
            raise ValueError(
                f"Regrow(rho={self.rho!r}): rho must be a number above zero, or 'auto'."
            )

    def _min_samples_leaf(self, n_rows):
        if _is_auto(self.min_samples_leaf):
            return int(np.clip(n_rows // 100, *LEAST_ROWS))
        return self.min_samples_leaf


def _is_auto(value):
    return isinstance(value, str) and value == "auto"


@dataclass(frozen=True)
class Regrown:
    """Ensembles of ever more trees, and what is to hold them.

    Parameters
    ----------
    form : Form
        Of all trees that were grown.
    models : list of Ensemble
    n_leaves : ndarray of shape (n_models,)
        Of each of them.
    leaves : list of ndarray
        For each tree the leaf of each row of the probe.
    """

    form: Form
    models: list
    n_leaves: np.ndarray
    leaves: list
    last: LastBuilt = field(default_factory=LastBuilt)


class _Grower:
    """Grows trees on what a descent has left unsaid."""

    def __init__(self, splits, descent, habits, grown):
        self.splits, self.descent, self.habits = splits, descent, habits
        self.grown = grown
        self.n_settled = 0

    def path(self, max_trees, max_leaves):
        """Ensembles at falling prices."""
        self.max_trees = max_trees * len(self._outputs())
        self.descent.start_empty()
        steps, habits = (self._up, self._choose_anew), self.habits
        trail = Trail(self.descent, *steps, habits.turns_up_to, habits.stride)
        return trail.walk(self._first_price(), habits.least, max_leaves)

    def _up(self, price):
        """Grow trees as long as they pay; whether there was room for any."""
        if len(self.grown) >= self.max_trees:
            return False
        paying = list(self._outputs())
        for _ in range(MAX_TREES_A_STEP):
            paying = self._grow_round(paying, price)
            if len(self.grown) >= self.max_trees or not paying:
                break
        self._choose_anew(price)
        return True

    def _choose_anew(self, price):
        self.descent.sweep(price)
        if self.descent.n_leaves <= self.habits.raised:
            raise_children(self.descent, price)
        self.descent.sweep(price)

    def _first_price(self):
        """A price at which the first tree has hardly a leaf."""
        gains = []
        for output in self._outputs():
            gains.append(self._try(output, 0.0)[1].gain)
            self.descent.forget_last()
        return max(gains) / 2

    def _outputs(self):
        return range(self.descent.sum.shape[1])

    def _grow_round(self, outputs, price):
        """One tree for each of some outputs where it pays; a list of these."""
        paying = []
        for output in outputs:
            tree, proposal = self._try(output, price)
            if proposal.gain > 0:
                self.grown.append(tree)
                self.descent.accept_last(proposal)
                self._settle(price)
                paying.append(output)
            else:
                self.descent.forget_last()
        return paying

    def _settle(self, price):
        """Choose all trees anew; among many a few more hardly change the others."""
        if len(self.grown) > self.habits.growth * self.n_settled:
            self.descent.sweep(price)
            self.n_settled = len(self.grown)

    def _try(self, output, price):
        """A new tree, put last, and what it would bring."""
        pull, curvature = self.descent.parabola(output)
        rho = self.descent.rho
        tree, ids = self.splits.grow(pull[:, 0], curvature[:, 0], rho)
        left, right = tree.children_left, tree.children_right
        value = np.zeros((tree.node_count, 1))
        weight = tree.weighted_n_node_samples
        position = len(self.grown)
        table = TreeArrays(left, right, value, weight, output, position)
        return tree, self.descent.propose_new(table, ids, price)


register("method", Regrow)
