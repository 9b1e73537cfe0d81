"""Block coordinate descent: chooses the prunings and leaf values of many trees.

Let y be the targets, F the raw prediction of an ensemble, and L a loss. The descent
minimises

    2 sum_i w_i L(y_i, F_i)  +  l2 sum_leaves |v|^2  +  leaf_penalty (number of leaves)

over the prunings of all trees and the values v of their leaves. A block is one tree.
Each step replaces one tree by its best pruning, with all other trees fixed. The state
is in `state.py`, the computation of the best pruning in `proposals.py`.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from sklprune._progress import tick, tracked
from sklprune._tree_descent.losses import Loss
from sklprune._tree_descent.proposals import Proposal, Proposer
from sklprune._tree_descent.state import NO_PREDICTION, EnsembleState, KeptTree
from sklprune._trees.arrays import Ensemble, TreeArrays
from sklprune._trees.decision_paths import DecisionPaths
from sklprune._trees.traversal import traversal_through
from sklprune._typing import Array

#: at least this share of the noise at the start is assumed later
LEAST_NOISE = 1e-4
#: a Newton step of the logistic loss that changes no score by more than this never
#: raises the loss. Larger steps are checked, since they may diverge where rows are
#: predicted with certainty
SAFE_CHANGE = 1.0
#: if a step of a kept tree raises the objective, Hessians are multiplied by these
#: factors in turn; if that of a new tree does, its values are divided by them
DAMPING = (2.0, 4.0, 16.0, 64.0)


class Objective(NamedTuple):
    """The objective of a model without the leaf penalty, in its parts.

    Parameters
    ----------
    loss : float
        Twice the loss of the rows.
    squares : float
        Sum of the squared values of all leaves.
    l2 : float
        The L2 penalty with which the values were chosen.
    """

    loss: float
    squares: float
    l2: float

    @property
    def value(self) -> float:
        """The objective that was minimised."""
        return self.at(self.l2)

    def at(self, l2: float) -> float:
        """The objective of the same model with another L2 penalty."""
        return self.loss + l2 * self.squares


class BlockDescent:
    """A descent over all trees of an ensemble.

    Parameters
    ----------
    trees : list of TreeArrays
    leaf_ids : ndarray of shape (n_trees, n_rows), int
        The leaf of each row in each tree, by node number.
    loss : Loss
    offset : ndarray of shape (n_rows, n_outputs)
        Raw prediction of the model without its trees.
    rho : float
        L2 penalty of the leaf values, in units of rows.
    decision_paths : DecisionPaths or None, default=None
        Sends the rows down the trees. Without it no child can be raised.
    max_trees : float, default=inf
        How many trees may be kept, for losses with `equal_shares`.
    per_tree : bool, default=False
        Whether `rho` is multiplied by the number of kept trees.
    """

    def __init__(
        self,
        trees: Sequence[TreeArrays],
        leaf_ids: Sequence[Array],
        loss: Loss,
        offset: Array,
        rho: float,
        decision_paths: DecisionPaths | None = None,
        max_trees: float = np.inf,
        per_tree: bool = False,
    ) -> None:
        self.loss = loss
        self.decision_paths: Any = decision_paths
        self.state = EnsembleState(trees, leaf_ids, loss, offset, max_trees)
        self.proposer = Proposer(self.state, rho, per_tree)
        self._least_noise = 0.0

    @property
    def n_trees(self) -> int:
        """Number of kept trees."""
        return len(self.state.kept)

    @property
    def n_leaves(self) -> int:
        """Number of leaves of all kept trees."""
        return self.state.n_leaves

    # -- starts -------------------------------------------------------------------

    def start_empty(self) -> None:
        """Start without trees, at the best constant."""
        if self.loss.constant is not None:
            self.state.add_constant(self.loss.constant)
        for _ in range(5):
            self._update_constant()
        self._least_noise = LEAST_NOISE * self.noise()

    def start_whole(self) -> None:
        """Start at the unpruned trees, and shrink leaf values towards their values.

        In each tree the original values have the total weight of the rows together.
        """
        state = self.state
        constants = [self._constant_of(tree) for tree in state.trees]
        for tree, constant in zip(state.trees, constants):
            state.add_constant(constant, tree.output)
        self._least_noise = LEAST_NOISE * self.noise()
        prior = []
        for i, (tree, constant) in enumerate(zip(state.trees, constants)):
            traversal = state.traversals[i]
            value, inner = (tree.value - constant)[traversal.nodes], traversal.inner
            weight = np.where(inner, 0.0, tree.weight[traversal.nodes])
            weight *= self.loss.weight.sum() / weight.sum()
            sums = traversal.subtree_sums(
                np.column_stack([weight[:, None] * value, weight])
            )
            prior.append(sums.astype(np.float32))
            state.keep(i, inner, value, NO_PREDICTION)
        self.proposer.set_prior(prior)

    def _constant_of(self, tree: TreeArrays) -> Array:
        """The part of a tree that belongs to the constant, which has no L2 penalty."""
        if self.loss.constant is None:
            return tree.value[0]
        return self.loss.constant / len(self.state.trees)

    def regularize(self, l2_factor: float, prior_weight: float) -> None:
        """Set the strength of the L2 penalty and of the prior, see `Proposer`."""
        self.proposer.regularize(l2_factor, prior_weight)

    # -- the scale of the leaf penalty ----------------------------------------------

    def first_penalty(self) -> float:
        """A leaf penalty at which no tree has a gain."""
        gains = [
            self.proposer.propose(i, 0.0).gain for i in range(len(self.state.trees))
        ]
        return max(gains) / 2

    def noise(self) -> float:
        """Expected gain of a leaf fitted to noise, bounded below."""
        neg_gradient, hessian = self.state.derivatives()
        square, weight = neg_gradient**2, self.loss.weight
        square = np.divide(square, weight, out=np.zeros_like(square), where=weight > 0)
        noise = square.sum(axis=0).mean() / hessian.sum(axis=0).mean()
        return max(noise * self.loss.row_weight, self._least_noise)

    # -- steps ---------------------------------------------------------------------

    def sweep(self, leaf_penalty: float) -> None:
        """Replace each kept tree by its best pruning, one after the other."""
        for copies in tracked(self._independent(self.state.kept), "trees"):
            proposals = self.proposer.propose_copies(copies, leaf_penalty)
            for i, proposal in zip(copies, proposals):
                self.accept(i, proposal)
        self._update_constant()

    def add_trees(self, leaf_penalty: float) -> None:
        """Add trees, the one with the largest gain first, until none has a gain.

        The gain of a tree hardly rises while others are added. A tree whose last known
        gain is too small is therefore not evaluated again (lazy greedy, Minoux 1978).
        """
        state = self.state
        gains = np.full(len(state.trees), -np.inf)
        if self.n_trees < state.max_trees:
            outside = [i for i in range(len(state.trees)) if i not in state.kept]
            for copies in tracked(self._independent(outside), "trees"):
                proposals = self.proposer.propose_copies(copies, leaf_penalty)
                gains[copies] = [proposal.gain for proposal in proposals]
        n_at_sweep = self.n_trees
        while self.n_trees < state.max_trees:
            tick()
            i = int(np.argmax(gains))
            if gains[i] <= 0:
                return
            proposal = self.proposer.propose(i, leaf_penalty)
            gains[i] = proposal.gain
            if proposal.gain > 0 and proposal.gain >= gains.max():
                self.accept(i, proposal)
                gains[i] = -np.inf
                # one more among many trees hardly changes the best values of the others
                if self.n_trees > self.loss.sweep_factor * n_at_sweep:
                    self.sweep(leaf_penalty)
                    n_at_sweep = self.n_trees

    def accept(self, i: int, proposal: Proposal) -> None:
        """Keep a proposed pruning of tree i; remove the tree if it has no gain.

        A step that raises the objective is replaced by a shorter one.
        """
        if not self.loss.quadratic and self._may_diverge(i, proposal):
            self._accept_if_lower(i, proposal)
        else:
            self._put(i, proposal)
        if i not in self.state.kept:
            self.state.restore_nodes(i)

    def _put(self, i: int, proposal: Proposal) -> None:
        if proposal.gain > 0:
            self.state.keep(i, proposal.split, proposal.value, proposal.before)
        elif i in self.state.kept:
            self.state.remove(i, proposal.before)

    def _may_diverge(self, i: int, proposal: Proposal) -> bool:
        """Whether the score of a row may change by more than is safe."""
        state, largest = self.state, 0.0
        if i in state.kept:
            largest += np.abs(state.kept[i].value).max()
        if proposal.gain > 0:
            values = np.abs(proposal.value)
            if largest + values.max() > SAFE_CHANGE:
                # values below the leaves do not count
                reached = state.traversals[i].reached(proposal.split)
                values = values[reached]
            largest += values.max()
        return largest > SAFE_CHANGE

    def _accept_if_lower(self, i: int, proposal: Proposal) -> None:
        """Accept a proposal, or one with a shorter step, if the objective falls."""
        old, leaf_penalty = self.state.kept.get(i), proposal.leaf_penalty
        least = self._objective_with(i, leaf_penalty)
        self._put(i, proposal)
        for damping in DAMPING:
            if self._objective_with(i, leaf_penalty) <= least:
                return
            self._put_back(i, old)
            shorter = (
                proposal._replace(value=proposal.value / damping)
                if old is None
                else self.proposer.propose(i, leaf_penalty, damping)
            )
            self._put(i, shorter)
        if self._objective_with(i, leaf_penalty) > least:
            self._put_back(i, old)

    def _put_back(self, i: int, old: KeptTree | None) -> None:
        """Keep what was kept of tree i before."""
        before = self.state.prediction(i)
        if old is not None:
            self.state.keep(i, old.split, old.value, before)
        elif i in self.state.kept:
            self.state.remove(i, before)

    def _objective_with(self, i: int, leaf_penalty: float) -> float:
        """The minimised objective, as far as it depends on tree i."""
        doubled = self.loss.doubled(self.state.raw_prediction)
        if i not in self.state.kept:
            return doubled
        split, value, reached = self.state.kept[i]
        squares = float((value[reached & ~split] ** 2).sum())
        return doubled + self.proposer.l2 * squares + leaf_penalty * (split.sum() + 1)

    def _independent(self, trees: Iterable[int]) -> list[list[int]]:
        """Groups of trees whose best prunings do not depend on each other.

        These are the copies of one tree for separable outputs.
        """
        if not self.loss.separable:
            return [[i] for i in trees]
        groups: dict[int, list[int]] = {}
        for i in trees:
            # copies share a traversal until children are raised in one of them
            is_copy = self.state.trees[i].output is not None
            key = id(self.state.traversals[i]) if is_copy else i
            groups.setdefault(key, []).append(i)
        return list(groups.values())

    def _update_constant(self) -> None:
        """One Newton step of the constant, if the loss does not fix it."""
        if self.loss.constant is None:
            neg_gradient, hessian = self.state.derivatives()
            self.state.add_constant(neg_gradient.sum(axis=0) / hessian.sum(axis=0))

    # -- new trees ----------------------------------------------------------------

    def propose_new(
        self, tree: TreeArrays, ids: Array, leaf_penalty: float
    ) -> Proposal:
        """Append a tree, and compute its best pruning.

        `accept_new` or `discard_new` must follow.
        """
        self.state.append(tree, ids)
        return self.proposer.propose(len(self.state.trees) - 1, leaf_penalty)

    def accept_new(self, proposal: Proposal) -> bool:
        """Keep the tree that was appended last, or drop it if it has no gain.

        Returns
        -------
        bool
            Whether it is kept.
        """
        i = len(self.state.trees) - 1
        if proposal.gain > 0:
            self.accept(i, proposal)
        if i not in self.state.kept:
            self.state.pop()
        return i in self.state.kept

    def discard_new(self) -> None:
        """Drop the tree that was appended last."""
        self.state.pop()

    # -- raised children ----------------------------------------------------------

    def raise_child(self, i: int, parent: int, child: int, leaf_penalty: float) -> None:
        """Put a child in the position of its parent, and choose the tree again.

        The rows of the other child continue through this one.

        Parameters
        ----------
        i : int
            Position of the tree.
        parent, child : int
            Their places in its traversal.
        leaf_penalty : float
        """
        state, tree = self.state, self.state.trees[i]
        traversal, leaves = state.traversals[i], state.leaves[i]
        state.remove(i, state.prediction(i))
        kept = traversal.without_parent(parent, child)
        below = (leaves >= parent) & (leaves < traversal.end[parent])
        rows = np.flatnonzero(below & ~kept[leaves])
        left, right = traversal.children()
        leaves = leaves.copy()
        leaves[rows] = self.decision_paths.follow(
            tree.position,
            traversal.nodes,
            left,
            right,
            start=np.full(len(rows), child),
            rows=rows,
        )
        state.replace_nodes(
            i,
            traversal_through(traversal.nodes[kept], traversal.inner[kept]),
            (np.cumsum(kept, dtype=np.int32) - 1)[leaves],
        )
        self.accept(i, self.proposer.propose(i, leaf_penalty))

    def undo_raises(self, leaf_penalty: float) -> None:
        """Restore the original nodes of each tree where they gain more now."""
        for i in list(self.state.originals):
            if i in self.state.kept:
                raised = self.proposer.propose(i, leaf_penalty)
                before = raised.before
                original = self.proposer.propose_original(i, before, leaf_penalty)
                if original.gain > raised.gain:
                    self.state.remove(i, before)
                    self.state.restore_nodes(i)
                    self.accept(i, original._replace(before=NO_PREDICTION))

    # -- results ------------------------------------------------------------------

    def ensemble(self) -> Ensemble:
        """The kept trees."""
        return self.state.ensemble()

    def objective(self) -> Objective:
        """The minimised objective, without the leaf penalty."""
        doubled = self.loss.doubled(self.state.raw_prediction)
        return Objective(doubled, self.state.sum_of_squares(), self.proposer.l2)
