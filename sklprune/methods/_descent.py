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

from sklprune._tables import Ensemble, Subtree, alive, levels_of, sum_up, walked

#: how much cheaper a leaf is at each step of a path
STEP = 1.3
#: ratios of leaves: from a half down, four sizes for each factor of two
LEAF_GRID = tuple(float(1 - 2 ** (-k / 4)) for k in range(4, 65))


class Standing(NamedTuple):
    """What stands of one tree.

    Parameters
    ----------
    split : ndarray of shape (n_nodes,), bool
        Nodes that are split.
    value : ndarray of shape (n_nodes, n_values)
        What each node says; below a leaf what the leaf says.
    """

    split: np.ndarray
    value: np.ndarray


class Proposal(NamedTuple):
    """The best pruning of one tree as the others are: what stands, and its gain."""

    standing: Standing
    gain: float
    said: np.ndarray


class Descent:
    """The state of a descent over all trees of an ensemble.

    Parameters
    ----------
    trees : list of Tree
    leaves : ndarray of shape (n_trees, n_rows), int
        The leaf of each row.
    goal : Goal
        Loss, targets and weights, see `_goals`.
    offset : ndarray of shape (n_rows, n_outputs)
        What the model says without its trees.
    rho : float
        Strength of the pull of values towards zero, in rows.
    """

    def __init__(self, trees, leaves, goal, offset, rho):
        self.trees, self.leaves, self.goal = trees, leaves, goal
        # copies of a tree, one for each class, have the same nodes
        of_position = {tree.position: tree for tree in trees}
        levels = {i: levels_of(t.left, t.right) for i, t in of_position.items()}
        self.levels = [levels[tree.position] for tree in trees]
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
            leaf, value = tree.left < 0, tree.value - part
            weight = np.where(leaf, tree.weight, 0.0)[:, None]
            prior = np.hstack([weight * value, weight])
            self.prior.append(prior.astype(np.float32))
            self.standing[i] = Standing(~leaf, value)
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
        return sum(int(split.sum()) + 1 for split, _ in self.standing.values())

    # -- steps ---------------------------------------------------------------------

    def sweep(self, price):
        """Choose every standing tree anew, one after the other."""
        for i in list(self.standing):
            self._accept(i, self._propose(i, price))
        self._shift()

    def enter(self, price):
        """Let trees in, the one that brings most first, until no other one pays.

        What a tree brings hardly rises while others come in, so that one whose last
        known gain is too small is not looked at again (Minoux 1978).
        """
        gains = np.full(len(self.trees), np.inf)
        gains[list(self.standing)] = -np.inf
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
        self.trees.append(tree)
        self.leaves.append(ids)
        self.levels.append(levels_of(tree.left, tree.right))
        return self._propose(len(self.trees) - 1, price)

    def accept_last(self, proposal):
        """Let the last tree in."""
        self._accept(len(self.trees) - 1, proposal)

    def forget_last(self):
        """Take the last tree away again, which does not stand."""
        for known in (self.trees, self.leaves, self.levels):
            known.pop()

    def _propose(self, i, price):
        """The best pruning of one tree, the others being as they are."""
        tree, levels, ids = self.trees[i], self.levels[i], self.leaves[i]
        pull, curvature = self.parabola(tree.output)
        said = np.zeros((1, 1))
        if i in self.standing:
            said = self.standing[i].value[ids]
            pull = pull + curvature * said
        n_nodes = len(tree.left)
        sums = _sums(ids, (*pull.T, *curvature.T), n_nodes)
        if self.prior is not None:
            sums += self.pull * self.prior[i]
        sum_up(sums, levels)
        pulls, curvatures = np.split(sums, [pull.shape[1]], axis=1)
        curvatures += self.rho
        value = self.goal.within(pulls / curvatures)
        best = (2 * value * pulls - curvatures * value**2).sum(axis=1) - price
        split = np.zeros(n_nodes, dtype=bool)
        for nodes, left, right in reversed(levels):
            both = best[left] + best[right]
            better = both > best[nodes]
            split[nodes] = better
            best[nodes] = np.where(better, both, best[nodes])
        # a tree of one leaf is a constant, and there is one already
        gain = best[0] if split[0] else 0.0
        return Proposal(Standing(split, value), gain, said)

    def _accept(self, i, proposal):
        """Put the proposal in the place of what stood; without a gain nothing."""
        if proposal.gain <= 0:
            if i in self.standing:
                del self.standing[i]
                self._add(i, -proposal.said)
            return
        (split, value), levels = proposal.standing, self.levels[i]
        split = split & alive(split, levels)
        for nodes, left, right in levels:
            leaf = ~split[nodes]
            value[left[leaf]] = value[right[leaf]] = value[nodes[leaf]]
        self.standing[i] = Standing(split, value)
        self._add(i, value[self.leaves[i]] - proposal.said)

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
        if self._known is None:
            self._known = self.goal.parabola(self.sum)
        if output is None:
            return self._known
        return tuple(part[:, [min(output, part.shape[1] - 1)]] for part in self._known)

    # -- what comes out ---------------------------------------------------------------

    def ensemble(self):
        """What stands now."""
        loudness = self.goal.loudness(self.sum)
        subtrees = []
        for i, (split, value) in sorted(self.standing.items()):
            # a path keeps many of these: half the bytes of a position
            nodes = walked(split, self.levels[i]).astype(np.int32)
            output = self.trees[i].output
            position = self.trees[i].position
            subtrees.append(
                Subtree(position, nodes, split[nodes], loudness * value[nodes], output)
            )
        return Ensemble(subtrees, loudness * self.baseline)


def _sums(ids, columns, n_nodes):
    """Sums over the rows in each node, (n_nodes, n_columns)."""
    sums = [np.bincount(ids, column, minlength=n_nodes) for column in columns]
    return np.stack(sums, axis=1)
