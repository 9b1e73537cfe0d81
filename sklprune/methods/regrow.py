"""Regrow: replaces a forest by a small boosting model grown on the same rows."""

import numbers
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
from sklearn.base import is_classifier

from sklprune._progress import tracked
from sklprune._registry import family_of, register
from sklprune._tree_descent.block_descent import BlockDescent
from sklprune._tree_descent.containers import (
    CONTAINERS,
    Container,
    check_container,
    empty_boosting,
)
from sklprune._tree_descent.distillation import TrainingRows, distils_from_model
from sklprune._tree_descent.forward_backward import ForwardBackwardPath
from sklprune._tree_descent.inner_folds import Fold, inner_folds
from sklprune._tree_descent.l2_strength import (
    OF_CLASSES,
    OF_SEVERAL_CLASSES,
    OF_VALUES,
    Curve,
    Search,
    Trial,
    held_out_curve,
)
from sklprune._tree_descent.proposals import Proposal
from sklprune._tree_descent.subtree_raising import raise_children
from sklprune._tree_descent.tree_growing import make_grower
from sklprune._trees.arrays import Ensemble, TreeArrays
from sklprune._typing import Array, Estimator
from sklprune._units import Units
from sklprune.methods._distilled import DistilledMethod, DistilledPath, check_rho


class GrowthSettings(NamedTuple):
    """How trees are grown.

    Parameters
    ----------
    min_penalty : float
        Lower bound of the leaf penalty, as a share of the expected gain of a leaf that
        is fitted to noise.
    sweep_factor : float
        All trees are chosen again when there are so many times as many.
    raise_up_to : float
        Children are raised only among at most this number of leaves, since it takes
        long.
    backward_up_to : float
        No backward phase begins at more leaves. It would overfit noisy targets.
    stride : int
        Steps of the penalty that are taken at once while no tree is kept.
    """

    min_penalty: float
    sweep_factor: float
    raise_up_to: float
    backward_up_to: float
    stride: int


#: the scores of classes hardly gain from many leaves
TWO_CLASSES = GrowthSettings(
    min_penalty=0.5,
    sweep_factor=1.05,
    raise_up_to=500,
    backward_up_to=500,
    stride=3,
)
#: each tree concerns only one of the classes
SEVERAL_CLASSES = TWO_CLASSES._replace(sweep_factor=1.2)
#: noisy values need many leaves, and stronger regularisation. With a higher lower bound
#: of the penalty, the path of wine_quality ended before a model was as good as a forest
REGRESSION = GrowthSettings(
    min_penalty=0.02,
    sweep_factor=1.01,
    raise_up_to=np.inf,
    backward_up_to=2000,
    stride=1,
)
#: bounds of min_samples_leaf="auto"
MIN_SAMPLES_LEAF = 5, 20
#: trees that are grown at most to choose the strength of the L2 penalty, and the
#: factor to the next choice of all trees there, where several folds take long
TRIAL_TREES, TRIAL_SWEEP_FACTOR = 100, 1.3
#: trees that are grown at one penalty, for each output
MAX_TREES_A_STEP = 30


class Regrow(DistilledMethod):
    """Grow a small boosting model on the same rows, in place of a forest.

    The smallest model with the score of a forest is often not a part of the forest.
    The method minimises, over the number of trees, their splits and the values v of
    their leaves::

        2 sum_i w_i L(y_i, F_i) + l2 sum_leaves v^2 + leaf_penalty (number of leaves)

    where F_i is the raw prediction of row i, L is the loss, and w_i are the weights.
    One run over decreasing leaf penalties gives models of all sizes:

    1. *Grow.* A new tree is fitted to the gradients and Hessians of the loss, as in
       boosting. For classification, splits are between 255 bins of each column.
    2. *Prune.* The tree is pruned at once, at the current leaf penalty. It is dropped
       if it does not lower the objective.
    3. *Choose again.* Whenever the number of trees has grown by a few percent, the
       pruning and the leaf values of all trees are chosen again. Splits that a later
       tree made useless are removed, and children are raised to the positions of their
       parents.
    4. *Backward.* From time to time the penalty rises again until no tree is kept. For
       each size, the model with the lowest objective counts.

    Only the classes and the columns of the forest are taken over. The ratio compares
    numbers of leaves. The report lists as many leaves as removed as the result has
    fewer.

    Parameters
    ----------
    max_leaf_nodes : int, default=31
        Maximal number of leaves of a tree before it is pruned.
    rho : float or "auto", default="auto"
        L2 regularisation of the leaf values, in units of rows: ``l2`` is `rho` times
        the mean Hessian of a row. "auto" is chosen on held-out rows. For two classes
        it is a factor times the number of kept trees.
    min_samples_leaf : int or "auto", default="auto"
        Minimal number of rows in a leaf. "auto" is a hundredth of all rows, but at
        least 5 and at most 20.
    max_trees : int, default=400
        Maximal number of trees that are grown. With more than two classes it holds for
        each class.
    container : {"auto", "gradient_boosting", "hist_gradient_boosting"}, \
default="auto"
        Class of the result. "auto" is `HistGradientBoosting*` if X has missing values,
        else `GradientBoosting*`, which predicts a single row fastest.
        `HistGradientBoosting*` makes the smallest file.
    teacher : {"auto", "labels", "model"}, default="auto"
        Source of the training targets, as in `Backfitting`: y, the predictions of the
        forest, or a choice by the number of rows.

    Raises
    ------
    ValueError
        If a parameter has a value that is not allowed, or if the container does not
        support X.

    Notes
    -----
    On data of two classes, the result usually has fewer leaves than that of
    `Backfitting(container="auto")` at the same tolerance: see the benchmarks.

    References
    ----------
    Friedman, Greedy function approximation: a gradient boosting machine, Annals of
    Statistics 29, 2001. Johnson and Zhang, Learning nonlinear functions using
    regularized greedy forest, TPAMI 36, 2014 (all trees are chosen again).

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

    needs: tuple[str, ...] = ("trees", "empty_boosting")
    replaces = True
    reason = "the regrown trees predict the same with fewer leaves"

    def __init__(
        self,
        max_leaf_nodes: int = 31,
        *,
        rho: float | Literal["auto"] = "auto",
        min_samples_leaf: int | Literal["auto"] = "auto",
        max_trees: int = 400,
        container: Literal[
            "auto", "gradient_boosting", "hist_gradient_boosting"
        ] = "auto",
        teacher: Literal["auto", "labels", "model"] = "auto",
    ) -> None:
        self.max_leaf_nodes = max_leaf_nodes
        self.rho = rho
        self.min_samples_leaf = min_samples_leaf
        self.max_trees = max_trees
        self.container = container
        self.teacher = teacher

    def uses_only_pruning_rows(self, n_rows: int, n_fitted: int) -> bool:
        return not distils_from_model(self.teacher, n_rows, n_fitted)

    def check_parameters(self) -> None:
        check_container(self, CONTAINERS[1:])
        super().check_parameters()
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
        check_rho(self)

    def fit_path(
        self,
        family: Any,
        estimator: Estimator,
        units: Units,
        rows: TrainingRows,
        probe: Array,
    ) -> DistilledPath:
        strength = {"rho": self.rho, "per_tree": False}
        if self.rho == "auto":
            classes = is_classifier(estimator)
            search = _search_for(estimator)
            folds = inner_folds(rows, classes)
            faster = {"sweep_factor": TRIAL_SWEEP_FACTOR} if len(folds) > 1 else {}
            trials = [
                self._trial(family, estimator, fold, search.per_tree, **faster)
                for fold in folds
            ]
            strength = search.parameters(trials)
        empty, growth = self._growth(family, estimator, rows, strength)
        models = growth.run(self.max_trees, units.count)[::-1]
        state = growth.descent.state
        container = Container(
            family_of(empty),
            empty,
            state.trees,
            growth.grown,
            growth.descent.loss,
            starts_whole=False,
        )
        return DistilledPath(
            container,
            models,
            n_kept=np.array([model.n_leaves for model in models], dtype=int),
            scores=-np.arange(units.count, dtype=float),
            kept_units=partial(_first_units, units.count),
            leaf_ids=state.original_leaves(probe),
        )

    def _growth(
        self,
        family: Any,
        estimator: Estimator,
        rows: TrainingRows,
        strength: dict[str, Any],
        **changed: Any,
    ) -> tuple[Estimator, "_Growth"]:
        """An empty boosting model, and what grows trees for it on some rows."""
        task = rows.task
        empty, offset, loss = empty_boosting(
            family, estimator, task, rows.targets, self.container
        )
        settings = REGRESSION
        if is_classifier(estimator):
            settings = TWO_CLASSES if offset.shape[1] == 1 else SEVERAL_CLASSES
        grown: list[Any] = []
        decision_paths = family.decision_paths(estimator, task.X, grown)
        descent = BlockDescent(
            [], [], loss, offset, **strength, decision_paths=decision_paths
        )
        weight = loss.weight[:, 0]
        grower = make_grower(
            task.X,
            decision_paths,
            weight,
            regression=not is_classifier(estimator),
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self._min_samples_leaf((weight > 0).sum()),
            random_state=task.random_state,
        )
        settings = settings._replace(**changed)
        return empty, _Growth(grower, descent, settings, grown)

    def _trial(
        self,
        family: Any,
        estimator: Estimator,
        fold: Fold,
        per_tree: bool,
        **changed: Any,
    ) -> Trial:
        """Growing on the first rows of a fold, for a given factor."""

        def trial(factor: float) -> Curve:
            strength = {"rho": factor, "per_tree": per_tree}
            _, growth = self._growth(
                family,
                estimator,
                fold.rows,
                strength,
                raise_up_to=0,
                **changed,
            )
            return growth.curve(min(self.max_trees, TRIAL_TREES), fold.held_out)

        return trial

    def _min_samples_leaf(self, n_rows: int) -> int:
        if isinstance(self.min_samples_leaf, str):  # it is "auto"
            return int(np.clip(n_rows // 100, *MIN_SAMPLES_LEAF))
        return self.min_samples_leaf


def _search_for(estimator: Estimator) -> Search:
    """How the strength of the L2 penalty is searched for a kind of target."""
    if not is_classifier(estimator):
        return OF_VALUES
    return OF_CLASSES if len(estimator.classes_) <= 2 else OF_SEVERAL_CLASSES


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == "auto"


def _first_units(n_units: int, model: Ensemble) -> Array:
    """As many units as kept as the model has leaves, (n_units,), bool."""
    return np.arange(n_units) < model.n_leaves


class _Growth:
    """Grows trees on the gradients of a descent, along a forward-backward path.

    Parameters
    ----------
    grower : ExactGrower or HistogramGrower
    descent : BlockDescent
        Without trees.
    settings : GrowthSettings
    grown : list
        The scikit-learn trees that are kept so far; new ones are appended.
    """

    def __init__(
        self,
        grower: Any,
        descent: BlockDescent,
        settings: GrowthSettings,
        grown: list[Any],
    ) -> None:
        self.grower, self.descent, self.settings = grower, descent, settings
        self.grown = grown
        self.outputs = range(descent.state.raw_prediction.shape[1])
        self.n_at_sweep = 0

    def run(self, max_trees: int, max_leaves: int) -> list[Ensemble]:
        """Ensembles at decreasing leaf penalties, in ascending order of leaves."""
        self.max_trees = max_trees * len(self.outputs)
        self.descent.start_empty()
        path = ForwardBackwardPath(
            self.descent,
            forward=self._forward,
            backward=self._choose_again,
            backward_up_to=self.settings.backward_up_to,
            stride=self.settings.stride,
        )
        return path.run(self._first_penalty(), self.settings.min_penalty, max_leaves)

    def curve(self, max_trees: int, held_out: Array) -> Curve:
        """The held-out loss of ensembles of increasing size."""
        self.max_trees = max_trees * len(self.outputs)
        self.descent.start_empty()
        first_penalty, least = self._first_penalty(), self.settings.min_penalty
        return held_out_curve(
            self.descent, self._forward, first_penalty, least, held_out
        )

    def _forward(self, leaf_penalty: float) -> bool:
        """Grow trees while they have a gain; False if no tree may be added."""
        if len(self.grown) >= self.max_trees:
            return False
        outputs = list(self.outputs)
        for _ in tracked(range(MAX_TREES_A_STEP), "new trees"):
            outputs = self._grow_round(outputs, leaf_penalty)
            if len(self.grown) >= self.max_trees or not outputs:
                break
        self._choose_again(leaf_penalty)
        return True

    def _choose_again(self, leaf_penalty: float) -> None:
        self.descent.sweep(leaf_penalty)
        if self.settings.raise_up_to:
            if self.descent.n_leaves <= self.settings.raise_up_to:
                raise_children(self.descent, leaf_penalty)
            self.descent.sweep(leaf_penalty)

    def _first_penalty(self) -> float:
        """A leaf penalty at which the first tree has hardly a leaf."""
        gains = []
        for output in self.outputs:
            gains.append(self._grow(output, 0.0)[1].gain)
            self.descent.discard_new()
        return max(gains) / 2

    def _grow_round(self, outputs: list[int], leaf_penalty: float) -> list[int]:
        """Grow one tree for each of some outputs; return those where it has a gain."""
        gaining = []
        for output in outputs:
            tree, proposal = self._grow(output, leaf_penalty)
            if self.descent.accept_new(proposal):
                self.grown.append(tree)
                self._sweep_if_due(leaf_penalty)
                gaining.append(output)
        return gaining

    def _sweep_if_due(self, leaf_penalty: float) -> None:
        """Choose all trees again, unless only a few were added since the last time."""
        if len(self.grown) > self.settings.sweep_factor * self.n_at_sweep:
            self.descent.sweep(leaf_penalty)
            self.n_at_sweep = len(self.grown)

    def _grow(self, output: int, leaf_penalty: float) -> tuple[Any, Proposal]:
        """A new tree, appended to the descent, and its best pruning."""
        neg_gradient, hessian = self.descent.state.derivatives(output)
        l2 = self.descent.proposer.l2
        tree, ids = self.grower.grow(neg_gradient[:, 0], hessian[:, 0], l2)
        arrays = TreeArrays(
            tree.children_left,
            tree.children_right,
            value=np.zeros((tree.node_count, 1)),
            weight=tree.weighted_n_node_samples,
            output=output,
            position=len(self.grown),
        )
        return tree, self.descent.propose_new(arrays, ids, leaf_penalty)


register("method", Regrow)
