"""Backfitting: chooses the subtrees and leaf values of a whole ensemble together."""

import numbers
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from sklearn.base import is_classifier

from sklprune._progress import part
from sklprune._registry import register
from sklprune._tree_descent.block_descent import BlockDescent
from sklprune._tree_descent.containers import (
    Container,
    boosting_container,
    check_container,
    own_container,
)
from sklprune._tree_descent.distillation import TrainingRows
from sklprune._tree_descent.forward_backward import PENALTY_FACTOR, ForwardBackwardPath
from sklprune._tree_descent.grown_path import GrownPath
from sklprune._tree_descent.inner_folds import Fold, inner_folds, seed_of
from sklprune._tree_descent.l2_strength import (
    OF_CLASSES,
    OF_SEVERAL_CLASSES,
    OF_VALUES,
    SHARES_RHO,
    Curve,
    Search,
    Trial,
    held_out_curve,
)
from sklprune._tree_descent.losses import Loss, OneVsRestLoss
from sklprune._tree_descent.subtree_raising import raise_children
from sklprune._trees.arrays import Ensemble
from sklprune._trees.traversal import first_leaves
from sklprune._typing import Array, Estimator
from sklprune._units import Units
from sklprune.methods._base import Method
from sklprune.methods._distilled import DistilledMethod, check_rho

#: lower bound of the leaf penalty, as a share of the expected gain of a noise leaf
MIN_PENALTY = 0.1
#: children are raised up to the first number of leaves in any case, and never among
#: more than the second one, where it takes long. In between the loss decides
RAISED_UP_TO, RAISED_AT_MOST = 500, 3000
#: trees of the forests that are fitted to choose the strength of the L2 penalty; fewer
#: where each class has a copy of every tree
TRIAL_TREES, TRIAL_TREES_OF_COPIES = 50, 30
#: few equal shares make a small model smaller. At first 10 of 25 shares are used, and
#: one more at each penalty at which all of them are used
FIRST_SHARES, ALL_SHARES = 10, 25
#: backward pruning records a model only if it is smaller than the last one by this
#: factor: large models take as much memory as the forest itself
SIZE_FACTOR = 0.95


class Backfitting(DistilledMethod):
    """Choose subtrees and leaf values of a whole tree ensemble together.

    The method minimises, over the prunings of all trees and the values v of their
    leaves::

        2 sum_i w_i L(y_i, F_i) + l2 sum_leaves v^2 + leaf_penalty (number of leaves)

    where F_i is the raw prediction of row i, L is the loss, and w_i are the weights.
    One run over decreasing leaf penalties gives models of all sizes:

    1. *One tree.* All other trees are fixed. The best pruning of the tree and its leaf
       values then follow exactly from sums of gradients and Hessians in its nodes.
    2. *Forward.* Small models are grown from no tree. At each penalty, trees are added
       in the order of their gains. Whenever their number has grown by a tenth (by a
       fifth where each class has trees of its own), the prunings and leaf values of all
       kept trees are chosen again.
    3. *Raising.* Trees that are fitted on the same rows begin with similar splits. A
       child takes the position of its parent where that lowers the objective. The
       split and the other child are removed. This needs dense rows, and is not
       available for histogram boosting.
    4. *Backward.* From time to time the penalty rises again until no tree is kept
       (Zhang 2011). Late leaves may be kept, and earlier leaves that became useless
       are removed. For each size, the model with the lowest objective counts.
    5. *Large models* are pruned from the whole ensemble at increasing penalties. Their
       leaf values are shrunk towards the original ones.

    A random forest remains a random forest, and its probabilities remain valid: each
    of `n_shares` trees contributes an equal share of the probability.

    Memory: rows x trees x 4 bytes for the leaf of each row in each tree, including
    synthetic rows. Trees in which children are raised, or that were grown best first
    (`max_leaf_nodes`), need as much again. X is copied as float32.

    Parameters
    ----------
    rho : float or "auto", default="auto"
        L2 regularisation of the leaf values, in units of rows: ``l2`` is `rho` times
        the mean Hessian of a row. A leaf of `rho` rows gets half of the value without
        regularisation. "auto" is chosen on held-out rows, with trees that are fitted
        without them. For two classes it is a factor times the number of kept trees.
        Where trees have equal shares, leaf values are bounded, and "auto" is 40.
    container : {"same", "auto", "gradient_boosting", "hist_gradient_boosting"}, \
default="same"
        Class of the result. "same" is the class of the model. The others hold a forest
        as boosting, whose scores go through a link function. It is far smaller at the
        same loss, and faster for single rows. "auto" is `HistGradientBoosting*` if the
        pruning rows have missing values, else `GradientBoosting*`, which does not
        support them but predicts a single row fastest. `HistGradientBoosting*` makes
        the smallest file. Models that are no forests, and forests with several
        outputs, keep their class.
    n_shares : int, default=25
        Maximal number of trees of a small classification forest. The smallest models
        use two fifths of them, or ten. Fewer trees give smaller models with coarser
        scores. Models with more than a quarter of the leaves may have more trees, and
        with several classes those with more than a twentieth.
    teacher : {"auto", "labels", "model"}, default="auto"
        Source of the training targets.

        - "labels": y.
        - "model": the predictions of the model that is pruned (distillation). y is not
          needed. Synthetic rows are added until there are as many rows as the model was
          fitted on; a sparse X gets none.
        - "auto": "model" if there is no y, or if there are fewer than a third as many
          rows as the model was fitted on. Its predictions are then better targets than
          the labels. Otherwise "labels".

    Raises
    ------
    ValueError
        If a parameter has a value that is not allowed, or if the container does not
        support X.

    Notes
    -----
    Neighbouring models of a path differ by a factor of 1.3 in the leaf penalty. At a
    ratio, the result is the model that is nearest in size.

    As boosting, a classification forest has no models with nearly as many leaves as
    the forest. With more than two classes, each class has a copy of every tree, and a
    leaf counts as kept if any copy keeps it.

    With several regression outputs the squared errors are added up. Scale the outputs
    to the same range.

    References
    ----------
    Breiman and Friedman, Estimating optimal transformations for multiple regression
    and correlation, JASA 1985 (backfitting). Breiman, Friedman, Olshen and Stone,
    Classification and Regression Trees, 1984 (leaf penalty). Ren, Cao, Wei and Sun,
    Global refinement of random forest, CVPR 2015 (joint leaf values of a forest).
    Quinlan, C4.5: Programs for Machine Learning, 1993 (subtree raising). Zhang,
    Adaptive forward-backward greedy algorithm for learning sparse representations,
    IEEE Transactions on Information Theory 57, 2011 (forward-backward path). Bucila,
    Caruana and Niculescu-Mizil, Model compression, KDD 2006 (distillation on
    synthetic rows).

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
    >>> len(trees) < 30, bool(sum(tree.get_n_leaves() for tree in trees) < 110)
    (True, True)
    """

    needs: tuple[str, ...] = ("trees", "rebuild")
    uses: tuple[str, ...] = ("empty_boosting",)
    reason = "the kept leaves predict the same without it"

    def __init__(
        self,
        rho: float | Literal["auto"] = "auto",
        *,
        container: Literal[
            "same", "auto", "gradient_boosting", "hist_gradient_boosting"
        ] = "same",
        n_shares: int = 25,
        teacher: Literal["auto", "labels", "model"] = "auto",
    ) -> None:
        self.rho = rho
        self.container = container
        self.n_shares = n_shares
        self.teacher = teacher

    @classmethod
    def variants(cls) -> list[Method]:
        return [cls(), cls(container="auto")]

    def check_parameters(self) -> None:
        check_container(self)
        super().check_parameters()
        check_rho(self)
        if not isinstance(self.n_shares, numbers.Integral) or self.n_shares < 1:
            raise ValueError(
                f"Backfitting(n_shares={self.n_shares!r}): n_shares must be a positive "
                "whole number."
            )

    def fit_path(
        self,
        family: Any,
        estimator: Estimator,
        units: Units,
        rows: TrainingRows,
        probe: Array,
    ) -> GrownPath:
        container = self._container(family, estimator, rows)
        leaf_ids = family.leaf_ids(estimator, rows.task.X)
        known = _descent_parameters(container, leaf_ids, rows)
        known |= self._strength(family, estimator, rows, container.loss)
        n_leaves = sum(tree.n_leaves for tree in container.trees)
        # with copies for each class, more leaves than the forest has are no use
        limit = min(container.loss.forward_share * n_leaves, units.count)
        descent = BlockDescent(
            **known, decision_paths=family.decision_paths(estimator, rows.task.X)
        )
        raised = container.loss.raised_share * n_leaves
        raise_up_to = min(max(raised, RAISED_UP_TO), RAISED_AT_MOST)
        grown = _Selection(descent, self.n_shares, raise_up_to).models(limit)

        def whole() -> list[Ensemble]:
            if not container.starts_whole:
                return []
            n_trees = len(container.trees)
            return _backward_from_whole(BlockDescent(**known, max_trees=n_trees), limit)

        kept_units = _KeptLeaves(units)
        return GrownPath(container, grown, limit, whole, kept_units, units.count)

    def _container(
        self, family: Any, estimator: Estimator, rows: TrainingRows
    ) -> Container:
        as_boosting = self.container != "same"
        if as_boosting and "empty_boosting" in family.capabilities(estimator):
            return boosting_container(
                family, estimator, rows.task, rows.targets, self.container
            )
        return own_container(family, estimator, rows.task, rows.targets)

    def _strength(
        self, family: Any, estimator: Estimator, rows: TrainingRows, loss: Loss
    ) -> dict[str, Any]:
        """The parameters `rho` and `per_tree` of the descent."""
        if self.rho != "auto":
            return {"rho": self.rho, "per_tree": False}
        if loss.equal_shares:
            return {"rho": SHARES_RHO, "per_tree": False}
        trials: list[Trial] = []
        classes = is_classifier(estimator)
        search, n_trees = OF_CLASSES if classes else OF_VALUES, TRIAL_TREES
        if isinstance(loss, OneVsRestLoss):
            search, n_trees = OF_SEVERAL_CLASSES, TRIAL_TREES_OF_COPIES
        for fold in inner_folds(rows, classes):
            model = estimator
            if not rows.distilled:
                # trees that were fitted on a row fit its noise too
                seed = seed_of(rows.task)
                model = family.unfitted_like(estimator, n_trees, seed)
                try:
                    family.fit(model, *fold.given_first().rows)
                except ValueError:
                    continue
            trials.append(self._trial(family, model, fold, search))
        return search.parameters(trials)

    def _trial(
        self, family: Any, model: Estimator, fold: Fold, search: Search
    ) -> Trial:
        """A descent on the first rows of a fold, for a given factor."""
        container = self._container(family, model, fold.rows)
        leaf_ids = family.leaf_ids(model, fold.rows.task.X)
        known = _descent_parameters(container, leaf_ids, fold.rows)

        def trial(factor: float) -> Curve:
            descent = BlockDescent(**known, rho=factor, per_tree=search.per_tree)
            selection = _Selection(descent, self.n_shares, raise_up_to=0)
            descent.start_empty()
            return held_out_curve(
                descent,
                selection.forward,
                descent.first_penalty(),
                MIN_PENALTY,
                fold.held_out,
            )

        return trial


def _descent_parameters(
    container: Container, leaf_ids: Sequence[Array], rows: TrainingRows
) -> dict[str, Any]:
    return {
        "trees": container.trees,
        "leaf_ids": [leaf_ids[tree.position] for tree in container.trees],
        "loss": container.loss,
        "offset": container.offset(rows.task.X),
    }


class _Selection:
    """Forward steps and backward phases over the trees of an unpruned ensemble.

    Parameters
    ----------
    descent : BlockDescent
    n_shares : int
        Up to this number of equal shares, for losses with `equal_shares`, unless many
        leaves are kept.
    raise_up_to : float
        Children are raised only among at most this number of leaves.
    """

    def __init__(
        self, descent: BlockDescent, n_shares: int, raise_up_to: float
    ) -> None:
        self.descent, self.state, self.raise_up_to = descent, descent.state, raise_up_to
        self.n_shares = min(n_shares, len(self.state.trees))
        first = max(FIRST_SHARES, self.n_shares * FIRST_SHARES // ALL_SHARES)
        self.first_shares = min(self.n_shares, first)
        n_leaves = sum(tree.n_leaves for tree in self.state.trees)
        self.more_shares_from = descent.loss.more_shares_from * n_leaves
        self.state.limit_trees(self.first_shares)

    def models(self, max_leaves: float) -> Iterator[Ensemble]:
        """Models of up to about `max_leaves` leaves, grown from no tree on request."""
        descent = self.descent
        descent.start_empty()
        backward_up_to = min(self.raise_up_to, descent.loss.backward_up_to)
        path = ForwardBackwardPath(
            descent, self.forward, self.backward, backward_up_to, stride=3
        )
        yield from path.models(descent.first_penalty(), MIN_PENALTY, max_leaves)

    def forward(self, leaf_penalty: float) -> bool:
        """Add trees, and choose all trees again."""
        state = self.state
        many_leaves = self.descent.n_leaves > self.more_shares_from
        most = len(state.trees) if many_leaves else self.n_shares
        if self.descent.n_trees == state.max_trees < most:
            more = state.max_trees + max(1, self.n_shares // ALL_SHARES)
            state.limit_trees(min(more, most))
        self.descent.add_trees(leaf_penalty)
        self._choose_again(leaf_penalty)
        return True

    def backward(self, leaf_penalty: float) -> None:
        """Choose all trees again at a higher penalty."""
        self._choose_again(leaf_penalty)
        if self.descent.n_trees < self.state.max_trees:
            self.state.limit_trees(max(self.first_shares, self.descent.n_trees))

    def _choose_again(self, leaf_penalty: float) -> None:
        descent = self.descent
        descent.sweep(leaf_penalty)
        if not self.raise_up_to:
            return
        descent.undo_raises(leaf_penalty)
        if descent.n_leaves <= self.raise_up_to:
            raise_children(descent, leaf_penalty)
            descent.sweep(leaf_penalty)


def _backward_from_whole(descent: BlockDescent, min_leaves: float) -> list[Ensemble]:
    """Models down to about `min_leaves` leaves, pruned at increasing penalties."""
    models, loss = [], descent.loss
    descent.start_whole()
    noise, n_leaves = descent.noise(), descent.n_leaves
    leaf_penalty, smallest = 1e-5 * noise, n_leaves
    # boosting takes only one sweep at each penalty, since two take twice as long
    n_sweeps = 1 if descent.state.trees[0].output is not None else 2
    with part("leaf penalties") as penalties:
        # without any residual, noise is zero and the penalty would never rise
        while descent.n_trees and leaf_penalty > 0:
            # at a low penalty the L2 penalty is low too: otherwise small leaves, which
            # it shrinks most, would be removed first
            descent.regularize(
                l2_factor=min(1.0, leaf_penalty / noise),
                prior_weight=loss.prior_weight(descent.n_leaves / n_leaves),
            )
            for _ in range(n_sweeps):
                descent.sweep(leaf_penalty)
            if descent.n_leaves <= min_leaves:
                break
            if descent.n_leaves <= SIZE_FACTOR * smallest:
                models.append(descent.ensemble())
                smallest = descent.n_leaves
            stride = 5 if descent.n_leaves > 0.9 * n_leaves else loss.stride
            leaf_penalty *= PENALTY_FACTOR**stride
            penalties.advance()
    return models


class _KeptLeaves:
    """The leaves of the unpruned trees that count as kept in a pruned ensemble.

    For each leaf of the ensemble this is the first unpruned leaf below it.
    """

    def __init__(self, units: Units) -> None:
        self.where = units.where
        self.first: dict[int, Array] = {}
        n_leaves = [int((left < 0).sum()) for left, _ in units.where]
        self.start = np.cumsum([0, *n_leaves])

    def __call__(self, model: Ensemble) -> Array:
        """Whether each unit counts as kept, (n_units,), bool."""
        keep = np.zeros(self.start[-1], dtype=bool)
        for subtree in model.subtrees:
            i = subtree.tree
            if i not in self.first:
                self.first[i] = first_leaves(*self.where[i])
            leaves = subtree.nodes[~subtree.split]
            keep[self.start[i] + self.first[i][leaves]] = True
        return keep


register("method", Backfitting)
