"""Raising: a child takes the place of its parent, and the other child is gone.

Trees of a forest that see the same rows split them near their roots in the same way.
What a tree adds to the others is then found deep in it, and pruned from below alone it
has to keep the splits above. Raising takes out a split and all that is on one side of
it; rows of that side go on through the other one.

References
----------
Quinlan, C4.5: Programs for Machine Learning, 1993 (subtree raising).
"""

import numpy as np

from sklprune._trees.arrays import children_of, sums_at

#: by how much of a price something must be better than what stands
MARGIN = 1e-9


def raise_children(descent, price):
    """Put children in the place of their parents, in every standing tree, where that
    pays: first where it pays most. What paid less waits for the next price, if what
    is below it did not change."""
    if descent.routes is None:
        return
    for i in list(descent.standing):
        seen = set()
        while i in descent.standing:
            found = _Standing(descent, i, price).best_raise(seen)
            if found is None:
                break
            descent.take_out(i, *found, price)


class _Standing:
    """What stands of one tree, in the order of a walk, and its rows by leaf.

    What is below a place is then a slice, of places and of rows.
    """

    def __init__(self, descent, i, price):
        self.descent, self.price = descent, price
        self.tree, walk, at = descent.trees[i], descent.walks[i], descent.leaves[i]
        split, value, reached = descent.standing[i]
        #: the places in the walk of what stands
        self.places = np.flatnonzero(reached)
        self.nodes, self.split = walk.nodes[reached], split[reached]
        self.end = np.searchsorted(self.places, walk.end[reached])
        self.left, self.right = children_of(self.split, self.end)
        pull, curvature = descent.parabola(self.tree.output)
        pull = pull + curvature * value.take(at, axis=0)
        self.columns = [*pull.T, *curvature.T]
        # the last that stands up to a place is the leaf at or above it
        self._by_leaf((np.cumsum(reached) - 1)[at])

    def _by_leaf(self, leaf):
        n_places = len(self.nodes)
        if n_places < np.iinfo(np.int16).max:
            leaf = leaf.astype(np.int16)  # which sorts in one pass
        self.rows = np.argsort(leaf, kind="stable")
        self.start = np.searchsorted(leaf[self.rows], np.arange(n_places + 1))
        self.sums = sums_at(leaf, self.columns, n_places)

    def best_raise(self, seen):
        """The node to take out and its child that stays, their places in the walk; or
        None.

        What was looked at once is put on record in `seen`, and not looked at again
        while all below it is as it was.
        """
        if self.split.sum() < 2:
            return None
        best = self._best(slice(0, len(self.nodes)), self.sums)
        most, found = MARGIN * self.price, None
        for place in np.flatnonzero(self.split):
            all_below = self.nodes[place : self.end[place]].tobytes()
            if all_below in seen:
                continue
            seen.add(all_below)
            below = self.left[place], self.right[place]
            for child, other in (below, below[::-1]):
                if self.split[child]:
                    gain = self._raised(child, other) - best[place]
                    if gain > most:
                        most, found = gain, (self.places[place], self.places[child])
        return found

    def _raised(self, child, other):
        """What the splits below a child bring once they have the rows of the other."""
        rows = self.rows[self.start[other] : self.start[self.end[other]]]
        at = np.full(len(rows), child)
        links = self.nodes, self.left, self.right
        at = self.descent.routes.follow(self.tree.position, *links, at, rows) - child
        below = slice(child, self.end[child])
        columns = [column[rows] for column in self.columns]
        sums = self.sums[below] + sums_at(at, columns, below.stop - child)
        return self._best(below, sums)[0]

    def _best(self, below, sums):
        """What each place brings at best, from sums in the leaves among them."""
        first = below.start
        total = np.zeros((len(sums) + 1, sums.shape[1]))
        np.cumsum(sums, axis=0, out=total[1:])
        sums = total[self.end[below] - first] - total[:-1]
        best = self.descent.worth(sums, self.price)[1].tolist()
        split, right = self.split[below], self.right[below] - first
        for place in np.flatnonzero(split)[::-1].tolist():
            both = best[place + 1] + best[right[place]]
            best[place] = max(best[place], both)
        return best
