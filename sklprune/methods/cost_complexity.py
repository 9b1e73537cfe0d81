"""Cost complexity: the weakest link of all trees is cut first."""

import heapq
from dataclasses import dataclass

import numpy as np

from sklprune._registry import register
from sklprune._tables import levels_of, sum_up
from sklprune._units import Candidate
from sklprune.methods._base import Method


class CostComplexity(Method):
    """Cut subtrees of fitted trees, those first that save least for their leaves.

    The weakest link is the split below which the training risk falls least for each
    leaf; it becomes a leaf, and so on until only roots are left. Trees are cut as they
    are: nothing is fitted anew and no rows are asked, where `ccp_alpha` of
    scikit-learn fits every tree again. The links of all trees of an ensemble are
    compared with each other.

    Notes
    -----
    On one tree the sequence is the one of
    `DecisionTreeClassifier.cost_complexity_pruning_path`; links of equal strength are
    cut one by one, in the order of their nodes. The importance of a leaf is the
    strength of the link with which it leaves. Time grows with nodes times depth.

    References
    ----------
    Breiman, Friedman, Olshen and Stone, Classification and Regression Trees, 1984,
    section 3.3.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklprune import PrunedEstimator
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> tree = DecisionTreeClassifier(random_state=0)
    >>> pruned = PrunedEstimator(tree, method="cost_complexity", random_state=0)
    >>> pruned = pruned.fit(X, y)
    >>> bool(pruned.estimator_.get_n_leaves() < tree.fit(X, y).get_n_leaves())
    True
    """

    granularity = "leaf"
    needs = ("tables", "risks")
    reason = "the split above it saves little risk for its leaves"

    def path(self, family, estimator, units, task):
        risks = family.risks(estimator)
        links = [
            _Links(left, right, risk) for (left, right), risk in zip(units.where, risks)
        ]
        return _cut_all(links, units.count)

    def candidate(self, path, family, estimator, units, task, ratio):
        n_cuts = np.searchsorted(path.n_removed, units.n_removed(ratio), side="right")
        keep = path.cut > n_cuts
        return Candidate(ratio, keep, path.strength, family, estimator, units)


@dataclass(frozen=True)
class Cuts:
    """The sequence of cuts.

    Parameters
    ----------
    cut : ndarray of shape (n_leaves,), int
        The cut with which each leaf leaves, from 1; a large number for those that
        stay to the end.
    strength : ndarray of shape (n_leaves,)
        The strength of the link that was cut then.
    n_removed : ndarray of shape (n_cuts,), int
        How many leaves have left after each cut.
    """

    cut: np.ndarray
    strength: np.ndarray
    n_removed: np.ndarray


class _Links:
    """The splits of one tree, and what stands below each of them."""

    def __init__(self, left, right, risk):
        levels = levels_of(left, right)
        self.parent = np.full(len(left), -1)
        first = np.arange(len(left))
        for nodes, below, beside in reversed(levels):
            self.parent[below] = self.parent[beside] = nodes
            first[nodes] = first[below]
        leaf = left < 0
        number = np.cumsum(leaf) - 1
        # lists: single numbers are read and written one at a time
        self.first_leaf = number[first].tolist()
        self.n_leaves = sum_up(leaf.astype(int), levels).tolist()
        self.risk = np.asarray(risk, dtype=float).tolist()
        self.risk_below = sum_up(np.where(leaf, risk, 0.0), levels).tolist()
        self.parent = self.parent.tolist()
        self.left, self.right = left.tolist(), right.tolist()
        self.splits = np.flatnonzero(~leaf).tolist()

    def strength(self, node):
        """What the split saves for each leaf that it costs."""
        saved = max(self.risk[node] - self.risk_below[node], 0.0)
        return saved / (self.n_leaves[node] - 1)

    def is_cut(self, node):
        """Whether a node is a leaf by now, or below one."""
        return self.n_leaves[node] <= 1

    def cut(self, node):
        """Make a leaf of a split; the leaves below it that leave, by number."""
        gone = [self.first_leaf[leaf] for leaf in self._take_leaves(node)]
        risk = self.risk[node] - self.risk_below[node]
        above = node
        while above >= 0:
            self.n_leaves[above] -= len(gone)
            self.risk_below[above] += risk
            above = self.parent[above]
        return gone

    def _take_leaves(self, node):
        """The leaves that stand below a split, but the first one."""
        standing, below = [], [node]
        while below:
            top = below.pop()
            if self.n_leaves[top] == 1:
                standing.append(top)
                continue
            below += [self.right[top], self.left[top]]
            if top != node:
                self.n_leaves[top] = 0
        return standing[1:]


def _cut_all(links, n_leaves):
    """Cut the weakest link of all trees until only roots are left."""
    start = np.cumsum([0, *(link.n_leaves[0] for link in links)])
    heap = [
        (link.strength(node), i, node)
        for i, link in enumerate(links)
        for node in link.splits
    ]
    heapq.heapify(heap)
    cut = np.full(n_leaves, np.iinfo(int).max)
    strength = np.full(n_leaves, np.inf)
    n_removed = []
    while heap:
        known, i, node = heapq.heappop(heap)
        if links[i].is_cut(node):
            continue
        now = links[i].strength(node)
        # a link only gets stronger when weaker ones below it have gone
        if now > known:
            heapq.heappush(heap, (now, i, node))
            continue
        gone = start[i] + np.array(links[i].cut(node))
        n_removed.append(len(gone) + (n_removed[-1] if n_removed else 0))
        cut[gone], strength[gone] = len(n_removed), now
    last = strength[np.isfinite(strength)]
    strength[np.isinf(strength)] = last.max() if len(last) else 0.0
    return Cuts(cut, strength, np.array(n_removed, dtype=int))


register("method", CostComplexity)
