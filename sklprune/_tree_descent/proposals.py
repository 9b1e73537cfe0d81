"""The best pruning of one tree and its leaf values, with all other trees fixed.

The loss is replaced by its second-order expansion at the current raw prediction. For
squared error this is the loss itself. The current contribution of the tree is taken
out. Let G and H be the sums of the negative gradients and of the Hessians over the rows
of a leaf. A leaf with the value v lowers the objective by

    2 v G - (H + l2) v^2 - leaf_penalty

The best value is v = G / (H + l2), or the nearest one that the loss allows. G and H of
all nodes are sums over subtrees. The best pruning follows from the leaves to the root:
a node is split if its children gain more than the node as a leaf.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sklprune._tree_descent.state import EnsembleState
from sklprune._trees.traversal import Traversal
from sklprune._typing import Array


class Proposal(NamedTuple):
    """The best pruning of one tree, with all other trees fixed.

    Parameters
    ----------
    split : ndarray of shape (n_nodes,), bool
        Whether each node is split, by place.
    value : ndarray of shape (n_nodes, n_values)
        The best value of each node as a leaf.
    gain : float
        By how much the tree lowers the objective; zero if it should be removed.
    before : ndarray
        The current prediction of the tree, see `EnsembleState.prediction`.
    leaf_penalty : float
    """

    split: Array
    value: Array
    gain: float
    before: Array
    leaf_penalty: float


class Proposer:
    """Computes leaf values, gains and best prunings. It changes no tree.

    Parameters
    ----------
    state : EnsembleState
    rho : float
        L2 penalty of the leaf values, in units of rows.
    per_tree : bool, default=False
        Whether the penalty is `rho` times the number of kept trees, see
        `l2_strength.py`. This does not hold while there is a prior.
    """

    def __init__(
        self, state: EnsembleState, rho: float, per_tree: bool = False
    ) -> None:
        self.state, self.loss = state, state.loss
        # the unit of rho is the mean Hessian of a row at the start
        hessian = state.derivatives()[1].sum(axis=0).mean()
        hessian /= (self.loss.weight > 0).sum()
        self._full_l2 = rho * self.loss.l2_factor * hessian
        self._l2_factor, self._per_tree = 1.0, per_tree
        self._prior: list[Array] | None = None
        self._prior_weight = 0.0

    @property
    def l2(self) -> float:
        """The L2 penalty of the leaf values at the current number of trees."""
        l2 = self._full_l2 * self._l2_factor
        # with a prior, values that are shrunk to zero would be worse than the original
        if self._per_tree and self._prior is None:
            return l2 * self.state.n_trees_per_output
        return l2

    def set_prior(self, prior: list[Array]) -> None:
        """Shrink leaf values towards prior values.

        Parameters
        ----------
        prior : list of ndarray of shape (n_nodes, n_values + 1)
            For each tree and node, by place: the sums over its leaves of weight times
            prior value, and of the weight.
        """
        self._prior = prior

    def regularize(self, l2_factor: float, prior_weight: float) -> None:
        """Set the strength of the L2 penalty, relative to its full one, and the prior.

        Parameters
        ----------
        l2_factor : float
        prior_weight : float
            The prior counts as so many copies of the training rows.
        """
        self._l2_factor = l2_factor
        self._prior_weight = prior_weight

    def propose(self, i: int, leaf_penalty: float, damping: float = 1.0) -> Proposal:
        """The best pruning of tree i.

        Parameters
        ----------
        i : int
        leaf_penalty : float
        damping : float, default=1.0
            Factor of the Hessian of each row. A larger one gives shorter steps.
        """
        state = self.state
        traversal, leaves = state.traversals[i], state.leaves[i]
        before = state.prediction(i)
        return self._best_pruning(i, traversal, leaves, before, leaf_penalty, damping)

    def propose_original(self, i: int, before: Array, leaf_penalty: float) -> Proposal:
        """The best pruning of tree i with the nodes that it had before any raise."""
        traversal, leaves = self.state.originals[i]
        return self._best_pruning(i, traversal, leaves, before, leaf_penalty)

    def _best_pruning(
        self,
        i: int,
        traversal: Traversal,
        leaves: Array,
        before: Array,
        leaf_penalty: float,
        damping: float = 1.0,
    ) -> Proposal:
        """The best pruning of some nodes of tree i, which predicts `before` now."""
        neg_gradient, hessian = self.state.derivatives(self.state.trees[i].output)
        if damping != 1:
            hessian = damping * hessian
        if i in self.state.kept:
            neg_gradient = neg_gradient + hessian * before
        sums = traversal.sums(leaves, neg_gradient, hessian)
        if self._prior is not None:
            sums += self._prior_weight * self._prior[i]
        value, gain = self.values_and_gains(sums, leaf_penalty)
        split, best = traversal.best_splits(gain)
        # a tree of one leaf is a constant, and the ensemble has one already
        gain_of_tree = best if split[0] else 0.0
        return Proposal(split, value, gain_of_tree, before, leaf_penalty)

    def propose_copies(
        self, copies: Sequence[int], leaf_penalty: float
    ) -> list[Proposal]:
        """The best prunings of several copies of one tree, for separable outputs."""
        if len(copies) == 1:
            return [self.propose(copies[0], leaf_penalty)]
        state = self.state
        traversal, leaves = state.traversals[copies[0]], state.leaves[copies[0]]
        outputs = [state.trees[i].output for i in copies]
        neg_gradient, hessian = self.loss.derivatives_of(outputs, state.raw_prediction)
        before = np.zeros(neg_gradient.shape)
        for k, i in enumerate(copies):
            if i in state.kept:
                before[:, k] = state.kept[i].value[:, 0].take(leaves)
        neg_gradient += hessian * before
        sums = traversal.sums(leaves, neg_gradient, hessian)
        neg_gradients, hessians = sums[:, :-1], sums[:, -1:]
        if self._prior is not None:
            priors = np.stack([self._prior[i] for i in copies], axis=2)
            neg_gradients = neg_gradients + self._prior_weight * priors[:, 0]
            hessians = hessians + self._prior_weight * priors[:, 1]
        value, gains = self._values_and_gains(neg_gradients, hessians)
        split, best = traversal.best_splits(gains - leaf_penalty)
        gain = np.where(split[0], best, 0.0)
        return [
            Proposal(split[:, k], value[:, [k]], gain[k], before[:, [k]], leaf_penalty)
            for k in range(len(copies))
        ]

    def values_and_gains(self, sums: Array, leaf_penalty: float) -> tuple[Array, Array]:
        """The best value of each node as a leaf, and its gain.

        Parameters
        ----------
        sums : ndarray of shape (n_nodes, n_columns)
            Sums over the rows of each node: first the columns of the negative
            gradient, then those of the Hessian.
        leaf_penalty : float

        Returns
        -------
        value : ndarray of shape (n_nodes, n_values)
        gain : ndarray of shape (n_nodes,)
        """
        n_values = self.state.baseline.size if sums.shape[1] > 2 else 1
        value, gains = self._values_and_gains(sums[:, :n_values], sums[:, n_values:])
        return value, gains.sum(axis=1) - leaf_penalty

    def _values_and_gains(
        self, neg_gradients: Array, hessians: Array
    ) -> tuple[Array, Array]:
        """The best value of each node as a leaf, and the gain of each value."""
        hessians = hessians + self.l2
        value = self.loss.projected(neg_gradients / hessians, self.state.max_trees)
        return value, 2 * value * neg_gradients - hessians * value**2
