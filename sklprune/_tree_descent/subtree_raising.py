"""Subtree raising: a child takes the position of its parent in a tree.

The split of the parent and the whole other child are removed. The rows of the other
child continue through the raised one.

Trees of a forest that are fitted on the same rows have similar splits near their roots.
What one tree adds to the others is then found deep in it. Bottom-up pruning keeps the
shared splits near the root. Raising removes them.

References
----------
Quinlan, C4.5: Programs for Machine Learning, 1993 (subtree raising).
"""

import numpy as np

from sklprune._progress import tracked
from sklprune._tree_descent.block_descent import BlockDescent
from sklprune._trees.arrays import children_of, sums_at
from sklprune._typing import Array

#: least gain of a raise, as a share of the leaf penalty: less is rounding
MARGIN = 1e-9


def raise_children(descent: BlockDescent, leaf_penalty: float) -> None:
    """Raise children in every kept tree while that lowers the objective.

    In each tree the raise with the largest gain comes first. A raise without a gain is
    tried again only if the nodes below it changed, or at the next penalty.
    """
    if descent.decision_paths is None:
        return
    kept = descent.state.kept
    for i in tracked(list(kept), "trees"):
        tried: set[bytes] = set()
        while i in kept:
            found = RaiseSearch(descent, i, leaf_penalty).best_raise(tried)
            if found is None:
                break
            parent, child = found
            descent.raise_child(i, parent, child, leaf_penalty)


class RaiseSearch:
    """Searches the best raise in the kept part of one tree.

    Nodes are in preorder and rows are sorted by leaf. The nodes and the rows of a
    subtree are therefore slices.

    Parameters
    ----------
    descent : BlockDescent
    i : int
        Position of the tree.
    leaf_penalty : float
    """

    def __init__(self, descent: BlockDescent, i: int, leaf_penalty: float) -> None:
        self.decision_paths, self.proposer = descent.decision_paths, descent.proposer
        self.leaf_penalty = leaf_penalty
        state = descent.state
        self.tree = state.trees[i]
        traversal, leaves = state.traversals[i], state.leaves[i]
        split, value, reached = state.kept[i]
        #: places of the kept nodes in the traversal
        self.places = np.flatnonzero(reached)
        self.nodes, self.split = traversal.nodes[reached], split[reached]
        self.end = np.searchsorted(self.places, traversal.end[reached])
        self.left, self.right = children_of(self.split, self.end)
        neg_gradient, hessian = state.derivatives(self.tree.output)
        neg_gradient = neg_gradient + hessian * value.take(leaves, axis=0)
        self.columns = [*neg_gradient.T, *hessian.T]
        # the last kept node up to a place is the leaf at or above it
        self._sort_rows((np.cumsum(reached) - 1)[leaves])

    def _sort_rows(self, leaf: Array) -> None:
        n_kept = len(self.nodes)
        if n_kept < np.iinfo(np.int16).max:
            leaf = leaf.astype(np.int16)  # numpy sorts these in one pass
        self.rows = np.argsort(leaf, kind="stable")
        self.start = np.searchsorted(leaf[self.rows], np.arange(n_kept + 1))
        self.sums = sums_at(leaf, self.columns, n_kept)

    def best_raise(self, tried: set[bytes]) -> tuple[int, int] | None:
        """The raise with the largest gain.

        Parameters
        ----------
        tried : set of bytes
            Subtrees that were evaluated before; the method adds to it. A subtree is
            not evaluated again while all its nodes are the same.

        Returns
        -------
        (parent, child) or None
            Their places in the traversal; None if no raise has a gain.
        """
        if self.split.sum() < 2:
            return None
        best = self._best_gains(slice(0, len(self.nodes)), self.sums)
        most, found = MARGIN * self.leaf_penalty, None
        for place in np.flatnonzero(self.split):
            subtree = self.nodes[place : self.end[place]].tobytes()
            if subtree in tried:
                continue
            tried.add(subtree)
            children = self.left[place], self.right[place]
            for child, other in (children, children[::-1]):
                if self.split[child]:
                    gain = self._gain_of_raised(child, other) - best[place]
                    if gain > most:
                        most, found = gain, (self.places[place], self.places[child])
        return found

    def _gain_of_raised(self, child: int, other: int) -> float:
        """Gain of a child that also has the rows of the other child."""
        rows = self.rows[self.start[other] : self.start[self.end[other]]]
        leaves = self.decision_paths.follow(
            self.tree.position,
            self.nodes,
            self.left,
            self.right,
            start=np.full(len(rows), child),
            rows=rows,
        )
        subtree = slice(child, self.end[child])
        columns = [column[rows] for column in self.columns]
        added = sums_at(leaves - child, columns, subtree.stop - child)
        return self._best_gains(subtree, self.sums[subtree] + added)[0]

    def _best_gains(self, subtree: slice, sums: Array) -> list[float]:
        """Gain of the best pruning below each node, from sums at the leaves."""
        first = subtree.start
        total = np.zeros((len(sums) + 1, sums.shape[1]))
        np.cumsum(sums, axis=0, out=total[1:])
        sums = total[self.end[subtree] - first] - total[:-1]
        _, gain = self.proposer.values_and_gains(sums, self.leaf_penalty)
        best = gain.tolist()
        split, right = self.split[subtree], self.right[subtree] - first
        for place in np.flatnonzero(split)[::-1].tolist():
            both = best[place + 1] + best[right[place]]
            best[place] = max(best[place], both)
        return best
