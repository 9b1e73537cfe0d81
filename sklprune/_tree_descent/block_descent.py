"""Penalised block descent over trees: which splits stay, and what the leaves say.

With y the targets, F the sum of an ensemble and a loss, the descent lowers

    2 sum_i w_i loss(y_i, F_i)  +  rho sum_leaves |g|^2  +  price (leaves)

over all prunings of all trees and all values g of their leaves. One tree at a time
has a closed form: the loss is replaced by its parabola around the present F (of
squared error it is the loss itself), pulls and curvatures are added up in the leaves
and then up the tree, and the best pruning follows from the leaves to the root by
comparing what each split brings with what it costs.
"""

from typing import NamedTuple

import numpy as np

from sklprune._trees.arrays import Ensemble, Statistics, Subtree
from sklprune._trees.traversal import traversal_of, traversal_through

#: ratios of leaves: from a half down, four sizes for each factor of two
LEAF_GRID = tuple(float(1 - 2 ** (-k / 4)) for k in range(4, 65))


class Standing(NamedTuple):
    """What stands of one tree, by place in its walk.

    Parameters
    ----------
    split : ndarray of shape (n_nodes,), bool
        Nodes that are split.
    value : ndarray of shape (n_nodes, n_values)
        What each node says; below a leaf what the leaf says.
    reached : ndarray of shape (n_nodes,), bool, or None
        Nodes that stand; None of what is only proposed.
    """

    split: np.ndarray
    value: np.ndarray
    reached: np.ndarray | None = None


class Proposal(NamedTuple):
    """The best pruning of one tree as the others are: what stands, and its gain."""

    standing: Standing
    gain: float
    said: np.ndarray


class Descent:
    """The state of a descent over all trees of an ensemble.

    Parameters
    ----------
    trees : list of TreeArrays
    leaves : ndarray of shape (n_trees, n_rows), int
        The leaf of each row, by its number in the tree.
    goal : Goal
        Loss, targets and weights, see `_goals`.
    offset : ndarray of shape (n_rows, n_outputs)
        What the model says without its trees.
    rho : float
        Strength of the pull of values towards zero, in rows.
    routes : DecisionPaths or None
        The way of the rows through the trees, which lets children take the place of
        their parents.
    """

    def __init__(self, trees, leaves, goal, offset, rho, routes=None):
        self.trees, self.goal, self.routes = list(trees), goal, routes
        # copies of a tree, one for each class, have the same nodes
        of_position = {}
        for tree, ids in zip(trees, leaves):
            if tree.position not in of_position:
                of_position[tree.position] = _walked(tree, ids)
        walks = [of_position[tree.position] for tree in trees]
        self.walks, self.leaves = [walk for walk, _ in walks], [at for _, at in walks]
        #: of trees of which nodes were taken out: what they were before
        self.whole = {}
        #: statistics of nodes of these, where they were asked for
        self.measured = {}
        self.standing = {}
        self.sum = np.array(offset, dtype=float)
        self.baseline = np.zeros(self.sum.shape[1])
        self.prior, self.pull = None, 0.0
        self._moved()
        # a row resists as it does where nothing is known yet
        curvature = self.parabola(None)[1].sum(axis=0).mean() / goal.weight.sum()
        self.rho = rho * goal.rho_share * curvature
        self._least_noise = 0.0

    def start_empty(self):
        """Begin without trees, at the best constant."""
        if self.goal.constant is not None:
            self._lift(self.goal.constant)
        for _ in range(5):
            self._shift()
        self._least_noise = 1e-4 * self.noise()

    def _lift(self, constant, output=None):
        """Add a constant to the sum, of one output or of all."""
        which = slice(None) if output is None else [output]
        self.baseline[which] += constant
        self.sum[:, which] += constant
        self._moved()

    def start_whole(self):
        """Begin at the trees as they are, and be pulled towards them: as if each
        training row of a leaf had asked `pull` times for what the leaf says."""
        parts = [self._part_of_constant(tree) for tree in self.trees]
        for tree, part in zip(self.trees, parts):
            self._lift(part, tree.output)
        self._least_noise = 1e-4 * self.noise()
        self.prior = []
        for i, (tree, part) in enumerate(zip(self.trees, parts)):
            walk = self.walks[i]
            value, inner = (tree.value - part)[walk.nodes], walk.inner
            weight = np.where(inner, 0.0, tree.weight[walk.nodes])
            prior = walk.subtree_sums([*(weight * value.T), weight])
            self.prior.append(prior.astype(np.float32))
            self.standing[i] = Standing(inner, value, np.ones(len(inner), dtype=bool))
            self._add(i, value[self.leaves[i]])

    def _part_of_constant(self, tree):
        """What a tree says of all rows alike: it belongs to the constant, which is not
        pulled towards zero."""
        if self.goal.constant is None:
            return tree.value[0]
        return self.goal.constant / len(self.trees)

    def first_price(self):
        """A price of leaves at which no tree pays."""
        return max(self._propose(i, 0.0).gain for i in range(len(self.trees))) / 2

    def noise(self):
        """What a leaf brings, were all that is left noise; never nothing."""
        pull, curvature = self.parabola(None)
        weight = self.goal.weight
        square = np.divide(pull**2, weight, out=np.zeros_like(pull), where=weight > 0)
        noise = square.sum(axis=0).mean() / curvature.sum(axis=0).mean()
        return max(noise, self._least_noise)

    @property
    def n_leaves(self):
        return sum(int(split.sum()) + 1 for split, *_ in self.standing.values())

    # -- steps ---------------------------------------------------------------------

    def sweep(self, price):
        """Choose every standing tree anew, one after the other."""
        for copies in self._together(self.standing):
            for i, proposal in zip(copies, self._propose_all(copies, price)):
                self._accept(i, proposal)
        self._shift()

    def enter(self, price):
        """Let trees in, the one that brings most first, until no other one pays.

        What a tree brings hardly rises while others come in, so that one whose last
        known gain is too small is not looked at again (Minoux 1978).
        """
        gains = np.full(len(self.trees), -np.inf)
        if len(self.standing) < self.goal.room:
            outside = [i for i in range(len(self.trees)) if i not in self.standing]
            for copies in self._together(outside):
                proposals = self._propose_all(copies, price)
                gains[copies] = [proposal.gain for proposal in proposals]
        n_settled = len(self.standing)
        while len(self.standing) < self.goal.room:
            i = int(np.argmax(gains))
            if gains[i] <= 0:
                return
            proposal = self._propose(i, price)
            gains[i] = proposal.gain
            if proposal.gain > 0 and proposal.gain >= gains.max():
                self._accept(i, proposal)
                gains[i] = -np.inf
                # among many trees one more hardly changes what the others say
                if len(self.standing) > 1.1 * n_settled:
                    self.sweep(price)
                    n_settled = len(self.standing)

    def propose_new(self, tree, ids, price):
        """Put one more tree last; the best pruning of it."""
        walk, at = _walked(tree, ids)
        for known, new in zip(self._lists(), (tree, walk, at)):
            known.append(new)
        return self._propose(len(self.trees) - 1, price)

    def accept_last(self, proposal):
        """Let the last tree in."""
        self._accept(len(self.trees) - 1, proposal)

    def forget_last(self):
        """Take the last tree away again, which does not stand."""
        for known in self._lists():
            known.pop()

    def _lists(self):
        return self.trees, self.walks, self.leaves

    def _together(self, trees):
        """Lists of trees whose prunings do not depend on each other: copies of one, for
        outputs that are apart."""
        if not self.goal.outputs_apart:
            return [[i] for i in trees]
        copies = {}
        for i in trees:
            # copies share a walk, until nodes of one are taken out
            apart = self.trees[i].output is not None
            copies.setdefault(id(self.walks[i]) if apart else i, []).append(i)
        return list(copies.values())

    def _propose_all(self, copies, price):
        """The best pruning of each of some trees that are chosen together."""
        if len(copies) == 1:
            return [self._propose(copies[0], price)]
        walk, at = self.walks[copies[0]], self.leaves[copies[0]]
        outputs = [self.trees[i].output for i in copies]
        pull, curvature = self.goal.parabola(self.sum, outputs)
        said = np.zeros(pull.shape)
        for k, i in enumerate(copies):
            if i in self.standing:
                said[:, k] = self.standing[i].value[:, 0].take(at)
        pull += curvature * said
        sums = walk.sums(at, (*pull.T, *curvature.T))
        pulls, curvatures = sums[:, :-1], sums[:, -1:]
        if self.prior is not None:
            priors = np.stack([self.prior[i] for i in copies], axis=2)
            pulls = pulls + self.pull * priors[:, 0]
            curvatures = curvatures + self.pull * priors[:, 1]
        value, brought = self._brought(pulls, curvatures)
        split, best = walk.best_splits(brought - price)
        gain = np.where(split[0], best, 0.0)
        return [
            Proposal(Standing(split[:, k], value[:, [k]]), gain[k], said[:, [k]])
            for k in range(len(copies))
        ]

    def _propose(self, i, price):
        """The best pruning of one tree, the others being as they are."""
        walk, at = self.walks[i], self.leaves[i]
        said = np.zeros((1, 1))
        if i in self.standing:
            said = self.standing[i].value.take(at, axis=0)
        return self._pruned(i, walk, at, said, price)

    def _pruned(self, i, walk, at, said, price):
        """The best pruning of a tree in the place of one that says so much."""
        pull, curvature = self.parabola(self.trees[i].output)
        if i in self.standing:
            pull = pull + curvature * said
        sums = walk.sums(at, (*pull.T, *curvature.T))
        if self.prior is not None:
            sums += self.pull * self.prior[i]
        value, gain = self.worth(sums, price)
        split, best = walk.best_splits(gain)
        # a tree of one leaf is a constant, and there is one already
        return Proposal(Standing(split, value), best if split[0] else 0.0, said)

    def worth(self, sums, price):
        """What nodes say as leaves, and what that brings.

        Parameters
        ----------
        sums : ndarray of shape (n_nodes, n_columns)
            Of the pulls and the curvatures of the rows that come by, in this order.

        Returns
        -------
        value : ndarray of shape (n_nodes, n_values)
        gain : ndarray of shape (n_nodes,)
        """
        n_values = self.baseline.size if sums.shape[1] > 2 else 1
        value, brought = self._brought(sums[:, :n_values], sums[:, n_values:])
        return value, brought.sum(axis=1) - price

    def _brought(self, pulls, curvatures):
        """What nodes say as leaves, and what each value brings."""
        curvatures = curvatures + self.rho
        value = self.goal.within(pulls / curvatures)
        return value, 2 * value * pulls - curvatures * value**2

    def _accept(self, i, proposal):
        """Put the proposal in the place of what stood; without a gain nothing."""
        if proposal.gain <= 0:
            if i in self.standing:
                del self.standing[i]
                self._add(i, -proposal.said)
            self._make_whole(i)
            return
        split, value, _ = proposal.standing
        reached = self.walks[i].reached(split)
        # what is below a leaf comes after it
        leaf_above = np.maximum.accumulate(np.where(reached, np.arange(len(split)), 0))
        value = value[leaf_above]
        self.standing[i] = Standing(split & reached, value, reached)
        self._add(i, value.take(self.leaves[i], axis=0) - proposal.said)

    # -- nodes taken out ----------------------------------------------------------

    def take_out(self, i, node, child, price):
        """Put a child in the place of its parent, and choose the tree anew.

        Rows of the other child go on through this one.

        Parameters
        ----------
        i : int
            Which tree.
        node, child : int
            Their places.
        price : float
        """
        walk, at = self.walks[i], self.leaves[i]
        self.whole.setdefault(i, (walk, at))
        self._add(i, -self.standing.pop(i).value[at])
        left = walk.without_parent(node, child)
        rows = np.flatnonzero((at >= node) & (at < walk.end[node]) & ~left[at])
        from_child = np.full(len(rows), child)
        way = self.trees[i].position, walk.nodes, *walk.children()
        at = at.copy()
        at[rows] = self.routes.follow(*way, from_child, rows)
        self.walks[i] = traversal_through(walk.nodes[left], walk.inner[left])
        self.leaves[i] = (np.cumsum(left, dtype=np.int32) - 1)[at]
        self.measured.pop(i, None)
        self._accept(i, self._propose(i, price))

    def restore(self, price):
        """Put the nodes back that were taken out, in each tree to which it now pays."""
        for i in list(self.whole):
            if i in self.standing:
                raised = self._propose(i, price)
                whole = self._pruned(i, *self.whole[i], raised.said, price)
                if whole.gain > raised.gain:
                    self._make_whole(i)
                    self._accept(i, whole)

    def whole_leaves(self, rows):
        """The leaves of some rows in all trees before nodes were taken out, by their
        numbers in the tree."""
        as_they_are = enumerate(zip(self.walks, self.leaves))
        whole = [self.whole.get(i, now) for i, now in as_they_are]
        return [walk.nodes[at[rows]] for walk, at in whole]

    def _make_whole(self, i):
        """Put the nodes back that were taken out of a tree, if any were."""
        if i in self.whole:
            self.walks[i], self.leaves[i] = self.whole.pop(i)
            self.measured.pop(i, None)

    def _measured(self, i):
        """Statistics of the nodes of a tree of which some were taken out, or None."""
        if i in self.whole and i not in self.measured:
            told, n_averaged = self.goal.told()
            weight = self.goal.weight[:, 0]
            columns = [weight > 0, weight, weight * (told**2).sum(axis=1)]
            columns += [weight * column for column in told.T]
            sums = self.walks[i].sums(self.leaves[i], columns)
            count, weight, squares, *sums = sums.T
            some = np.where(weight > 0, weight, 1.0)
            variance = squares / some - sum((each / some) ** 2 for each in sums)
            impurity = np.maximum(variance, 0.0) / n_averaged
            # a path keeps many of these: half the bytes
            self.measured[i] = Statistics(
                count.astype(np.int32), *np.float32((weight, impurity))
            )
        return self.measured.get(i)

    def _add(self, i, change):
        output = self.trees[i].output
        if output is None:
            self.sum += change
        else:
            self.sum[:, output] += change[:, 0]
        self._moved()

    def _shift(self):
        """One step of the constant, where it is free."""
        if self.goal.constant is None:
            pull, curvature = self.parabola(None)
            step = pull.sum(axis=0) / curvature.sum(axis=0)
            self.baseline += step
            self.sum += step
            self._moved()

    def _moved(self):
        self._known = None

    def parabola(self, output):
        """Pull and curvature of each row around the present sum."""
        if output is not None and self.goal.outputs_apart:
            return self.goal.parabola(self.sum, [output])
        if self._known is None:
            self._known = self.goal.parabola(self.sum)
        if output is None:
            return self._known
        return tuple(part[:, [min(output, part.shape[1] - 1)]] for part in self._known)

    # -- there and back ---------------------------------------------------------------

    def state(self):
        """All that steps change, to `resume` from."""
        lists = [list(known) for known in self._lists()]
        known = dict(self.standing), dict(self.whole), dict(self.measured)
        return *lists, *known, self.sum.copy(), self.baseline.copy(), self.goal.room

    def resume(self, state):
        """Be as it was."""
        self.trees, self.walks, self.leaves, *others, room = state
        self.standing, self.whole, self.measured, self.sum, self.baseline = others
        self.goal.share_among(room)
        self._moved()

    # -- what comes out ---------------------------------------------------------------

    def ensemble(self):
        """What stands now."""
        loudness = self.goal.loudness(self.sum)
        subtrees = []
        for i, (split, value, reached) in sorted(self.standing.items()):
            tree, nodes = self.trees[i], self.walks[i].nodes[reached]
            said, statistics = loudness * value[reached], self._measured(i)
            if statistics is not None:
                statistics = statistics.of(reached)
            kept = nodes, split[reached], said, tree.output, statistics
            subtrees.append(Subtree(tree.position, *kept))
        return Ensemble(subtrees, loudness * self.baseline).packed()

    def objective(self):
        """What the descent lowers, but for the price of leaves."""
        squares = 0.0
        for split, value, reached in self.standing.values():
            squares += float((value[reached & ~split] ** 2).sum())
        return self.goal.lost(self.sum) + self.rho * squares


def _walked(tree, ids):
    """The walk through a tree, and the places of leaves given by their numbers."""
    walk = traversal_of(tree.left, tree.right)
    if (walk.nodes == np.arange(len(walk.nodes))).all():
        return walk, ids
    return walk, walk.places()[ids]
