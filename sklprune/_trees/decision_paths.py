"""Decision paths of rows through scikit-learn's trees, also through pruned ones."""

from typing import Any

import numpy as np

from sklprune._trees.arrays import Subtree
from sklprune._typing import Array


class DecisionPaths:
    """Sends rows down trees from which nodes may have been removed.

    Parameters
    ----------
    trees : list of Tree of scikit-learn
        More trees may be appended later.
    X : ndarray of shape (n_rows, n_features), float32
        Rows in the precision in which these trees compare them.
    """

    def __init__(self, trees: list[Any], X: Array) -> None:
        self.trees, self.X, self.values = trees, X, X.ravel()
        self.any_missing = bool(np.isnan(X).any())

    def follow(
        self,
        position: int,
        nodes: Array,
        left: Array,
        right: Array,
        start: Array,
        rows: Array,
    ) -> Array:
        """The leaves that rows reach from given nodes.

        Parameters
        ----------
        position : int
            Position of the tree in `trees`.
        nodes : ndarray of shape (n_places,), int
            Numbers of the kept nodes of the tree. A position in it is a place.
        left, right : ndarray of shape (n_places,), int
            Places of the children of each kept node, -1 at leaves.
        start : ndarray of shape (n_some,), int
            The place from which each row starts.
        rows : ndarray of shape (n_some,), int
            These rows, as positions in X.

        Returns
        -------
        ndarray of shape (n_some,), int
            Places of leaves.
        """
        tree, ends = self.trees[position], start.copy()
        feature, threshold = tree.feature[nodes], tree.threshold[nodes]
        missing = tree.missing_go_to_left[nodes] if self.any_missing else None
        # right and left child of each place side by side; takes from flat arrays are
        # several times as fast as indices of two axes
        child = np.stack([right, left], axis=1).ravel()
        moving = np.flatnonzero(left.take(start) >= 0)
        here, first = start.take(moving), rows.take(moving) * self.X.shape[1]
        while len(moving):
            value = self.values.take(first + feature.take(here))
            goes_left = value <= threshold.take(here)
            if missing is not None:
                goes_left |= np.isnan(value) & (missing.take(here) != 0)
            here = child.take(2 * here + goes_left)
            not_yet = left.take(here) >= 0
            ends[moving] = here
            moving, here, first = moving[not_yet], here[not_yet], first[not_yet]
        return ends

    def ends(self, subtree: Subtree) -> Array:
        """The leaf of a subtree that each row reaches: positions in its `nodes`."""
        rows = np.arange(len(self.X))
        start = np.zeros(len(rows), dtype=np.intp)
        left, right = subtree.children()
        return self.follow(subtree.tree, subtree.nodes, left, right, start, rows)
