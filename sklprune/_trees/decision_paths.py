"""Which way rows go at the splits of scikit-learn's trees."""

import numpy as np


class DecisionPaths:
    """The way of some rows through trees, of which nodes may have been taken out.

    Parameters
    ----------
    trees : list of Tree of scikit-learn
        It may grow.
    X : ndarray of shape (n_rows, n_features), float32
        Rows as these trees compare them.
    """

    def __init__(self, trees, X):
        self.trees, self.X, self.values = trees, X, X.ravel()
        self.any_missing = bool(np.isnan(X).any())

    def follow(self, position, nodes, left, right, at, rows):
        """Where rows end.

        Parameters
        ----------
        position : int
            Which tree.
        nodes : ndarray of shape (n_places,), int
            The nodes of the tree that are left, each a place.
        left, right : ndarray of shape (n_places,), int
            The places of the children of each, -1 at leaves.
        at : ndarray of shape (n_few,), int
            The places that rows start from.
        rows : ndarray of shape (n_few,), int
            These rows, as positions in X.

        Returns
        -------
        ndarray of shape (n_few,), int
            Places of leaves.
        """
        tree, ends = self.trees[position], at.copy()
        feature, threshold = tree.feature[nodes], tree.threshold[nodes]
        missing = tree.missing_go_to_left[nodes] if self.any_missing else None
        # right and left child of each place side by side; takes from flat arrays are
        # several times as fast as indices of two axes
        child = np.stack([right, left], axis=1).ravel()
        going = np.flatnonzero(left.take(at) >= 0)
        here, first = at.take(going), rows.take(going) * self.X.shape[1]
        while len(going):
            value = self.values.take(first + feature.take(here))
            goes_left = value <= threshold.take(here)
            if missing is not None:
                goes_left |= np.isnan(value) & (missing.take(here) != 0)
            here = child.take(2 * here + goes_left)
            on = left.take(here) >= 0
            ends[going] = here
            going, here, first = going[on], here[on], first[on]
        return ends

    def ends(self, subtree):
        """The leaf of a subtree that each row ends in: positions in its `nodes`."""
        rows = np.arange(len(self.X))
        at = np.zeros(len(rows), dtype=np.intp)
        return self.follow(subtree.tree, subtree.nodes, *subtree.children(), at, rows)
