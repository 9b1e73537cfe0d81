"""Backfitting: chooses the subtrees and leaf values of a whole ensemble together."""

import numbers
from typing import Any, Literal

import numpy as np

from sklprune._registry import register
from sklprune._tree_descent.block_descent import BlockDescent
from sklprune._tree_descent.containers import (
    boosting_container,
    check_container,
    own_container,
)
from sklprune._tree_descent.forward_backward import PENALTY_FACTOR, ForwardBackwardPath
from sklprune._tree_descent.subtree_raising import raise_children
from sklprune._trees.arrays import Ensemble
from sklprune._trees.traversal import first_leaves
from sklprune._typing import Array, Estimator
from sklprune._units import Task, Units
from sklprune.methods._distilled import DistilledMethod, DistilledPath

#: lower bound of the leaf penalty, as a share of the expected gain of a noise leaf
MIN_PENALTY = 0.1
#: children are raised up to this share of all leaves, or up to this number: among more
#: leaves it takes long and hardly gains
RAISED_SHARE, RAISED_UP_TO = 0.01, 500
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
       in the order of their gains. Whenever their number has grown by a tenth, the
       prunings and leaf values of all kept trees are chosen again.
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
    rho : float, default=40.0
        L2 regularisation of the leaf values, in units of rows: ``l2`` is `rho` times
        the mean Hessian of a row. A leaf of `rho` rows gets half of the value without
        regularisation.
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
        Maximal number of trees of a classification forest. The smallest models use two
        fifths of them, or ten. Fewer trees give smaller models with coarser scores.
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
    ratio, the result is the smallest model that removes no more than the ratio. If
    there is none, it is the unpruned model.

    As boosting, a forest of two classes has no models with nearly as many leaves as
    the forest. With more classes, each class has a copy of every tree, and a leaf
    counts as kept if any copy keeps it.

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
    >>> len(trees), int(sum(tree.get_n_leaves() for tree in trees))
    (18, 109)
    """

    needs: tuple[str, ...] = ("trees", "rebuild")
    uses: tuple[str, ...] = ("empty_boosting",)
    reason = "the kept leaves predict the same without it"

    def __init__(
        self,
        rho: float = 40.0,
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

    def check_parameters(self) -> None:
        check_container(self)
        super().check_parameters()
        if not isinstance(self.rho, numbers.Real) or not self.rho > 0:
            raise ValueError(f"Backfitting(rho={self.rho!r}): rho must be above zero.")
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
        task: Task,
        targets: Array,
        probe: Array,
    ) -> DistilledPath:
        as_boosting = self.container != "same"
        if as_boosting and "empty_boosting" in family.capabilities(estimator):
            container = boosting_container(
                family, estimator, task, targets, self.container
            )
        else:
            container = own_container(family, estimator, task, targets)
        leaf_ids = family.leaf_ids(estimator, task.X)
        known: dict[str, Any] = {
            "trees": container.trees,
            "leaf_ids": [leaf_ids[tree.position] for tree in container.trees],
            "loss": container.loss,
            "offset": container.offset(task.X),
            "rho": self.rho,
        }
        n_leaves = sum(tree.n_leaves for tree in container.trees)
        limit = container.loss.forward_share * n_leaves
        n_shares = min(self.n_shares, len(container.trees))
        first = max(FIRST_SHARES, n_shares * FIRST_SHARES // ALL_SHARES)
        descent = BlockDescent(
            **known,
            decision_paths=family.decision_paths(estimator, task.X),
            max_trees=min(n_shares, first),
        )
        raise_up_to = max(RAISED_SHARE * n_leaves, RAISED_UP_TO)
        models = _forward_backward(descent, limit, raise_up_to, n_shares)
        del descent  # frees its memory before the next one allocates as much
        if container.values_on_scale:
            descent = BlockDescent(**known, max_trees=len(container.trees))
            models += _backward_from_whole(descent, limit)
        return _path_of(container, models, units)


def _forward_backward(
    descent: BlockDescent, max_leaves: float, raise_up_to: float, n_shares: int
) -> list[Ensemble]:
    """Models of up to about `max_leaves` leaves, grown from no tree.

    Parameters
    ----------
    descent : BlockDescent
    max_leaves : float
    raise_up_to : float
        Children are raised only among at most this number of leaves.
    n_shares : int
        Up to this number of equal shares, for losses with `equal_shares`.
    """
    state, first_shares = descent.state, descent.state.max_trees

    def forward(leaf_penalty: float) -> bool:
        if descent.n_trees == state.max_trees < n_shares:
            more = state.max_trees + max(1, n_shares // ALL_SHARES)
            state.limit_trees(min(more, n_shares))
        descent.add_trees(leaf_penalty)
        choose_again(leaf_penalty)
        return True

    def backward(leaf_penalty: float) -> None:
        choose_again(leaf_penalty)
        if descent.n_trees < state.max_trees:
            state.limit_trees(max(first_shares, descent.n_trees))

    def choose_again(leaf_penalty: float) -> None:
        descent.sweep(leaf_penalty)
        descent.undo_raises(leaf_penalty)
        if descent.n_leaves <= raise_up_to:
            raise_children(descent, leaf_penalty)
        descent.sweep(leaf_penalty)

    descent.start_empty()
    backward_up_to = min(raise_up_to, descent.loss.backward_up_to)
    path = ForwardBackwardPath(descent, forward, backward, backward_up_to, stride=3)
    return path.run(descent.first_penalty(), MIN_PENALTY, max_leaves)


def _backward_from_whole(descent: BlockDescent, min_leaves: float) -> list[Ensemble]:
    """Models down to about `min_leaves` leaves, pruned at increasing penalties."""
    models, loss = [], descent.loss
    descent.start_whole()
    noise, n_leaves = descent.noise(), descent.n_leaves
    leaf_penalty, smallest = 1e-5 * noise, n_leaves
    # without any residual, noise is zero and the penalty would never rise
    while descent.n_trees and leaf_penalty > 0:
        # at a low penalty the L2 penalty is low too: otherwise small leaves, which it
        # shrinks most, would be removed first
        descent.regularize(
            l2_factor=min(1.0, leaf_penalty / noise),
            prior_weight=loss.prior_weight(descent.n_leaves / n_leaves),
        )
        for _ in range(2):
            descent.sweep(leaf_penalty)
        if descent.n_leaves <= min_leaves:
            break
        if descent.n_leaves <= SIZE_FACTOR * smallest:
            models.append(descent.ensemble())
            smallest = descent.n_leaves
        stride = 5 if descent.n_leaves > 0.9 * n_leaves else loss.stride
        leaf_penalty *= PENALTY_FACTOR**stride
    return models


def _path_of(container: Any, models: list[Ensemble], units: Units) -> DistilledPath:
    """The path of some models, largest first."""
    n_kept, scores, kept_units = [], np.zeros(units.count), _KeptLeaves(units)
    for model in models:
        keep = kept_units(model)
        n_kept.append(int(keep.sum()))
        scores += keep
    largest_first = np.argsort(np.negative(n_kept), kind="stable")
    models = [models[i] for i in largest_first]
    return DistilledPath(container, models, np.sort(n_kept)[::-1], scores, kept_units)


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
