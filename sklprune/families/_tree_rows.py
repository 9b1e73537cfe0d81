"""`RecognisingRows`: whether trees were fitted on some rows, from counts in leaves."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune.families._recognition import SIGNIFICANCE, log_chance

#: with fewer splits, other rows may reach the leaves in the same numbers by chance
MIN_SPLITS_TO_RECOGNISE = 5


class RecognisingRows:
    """The part of `TreesFamily` that recognises the rows of a fit.

    The attributes below are methods of that family.
    """

    sklearn_trees: Any
    tree_arrays: Any
    leaf_ids: Any
    n_fitted: Any

    def fitted_on(
        self,
        estimator: Estimator,
        X: MatrixLike,
        y: ArrayLike | None = None,
        sample_weight: Array | None = None,
    ) -> bool:
        """Whether the trees were fitted on these rows: capability "fitted_on".

        The number of rows that reach each leaf is compared with the number that the
        tree recorded in training. Other rows hardly ever give the same numbers. Trees
        of bootstrap samples recognise all rows in their order. Other trees recognise
        them in any order, and a part of them if the leaves are many and small. The
        result is False where there are too few splits to decide, or where the rows of
        a tree are not known.
        """
        recorded = [self.rows_per_node(tree) for tree in self.sklearn_trees(estimator)]
        if sum(len(count) // 2 for count in recorded) < MIN_SPLITS_TO_RECOGNISE:
            return False
        if X.shape[0] != self.n_fitted(estimator):
            return self._fitted_on_other_number(estimator, X, recorded)
        weighted = np.ones(X.shape[0], dtype=bool)
        if sample_weight is not None:
            weighted = np.asarray(sample_weight) != 0
        trees = recorded, self.bootstrap_rows(estimator), self.leaf_ids(estimator, X)
        for count, rows, ids in zip(*trees):
            # some releases of scikit-learn count rows of weight zero, others do not
            every = np.bincount(ids[rows], minlength=len(count))
            some = np.bincount(ids[rows][weighted[rows]], minlength=len(count))
            if not (_equal_at_leaves(every, count) or _equal_at_leaves(some, count)):
                return False
        return True

    def _fitted_on_other_number(
        self, estimator: Estimator, X: MatrixLike, recorded: list[Array]
    ) -> bool:
        """Whether X is a part of the rows of the fit, or each tree had a part of X."""
        n_rows, n_recorded = X.shape[0], self.n_fitted(estimator)
        if n_rows > n_recorded != self.n_rows_per_tree(estimator, n_rows):
            return False
        if not all(isinstance(each, slice) for each in self.bootstrap_rows(estimator)):
            return False
        least = 0.0
        trees = recorded, self.tree_arrays(estimator), self.leaf_ids(estimator, X)
        for count, tree, ids in zip(*trees):
            leaf = tree.left < 0
            found = np.bincount(ids, minlength=len(count))[leaf]
            chance = log_chance(found, count[leaf], n_rows, n_recorded)
            if chance > 0:
                return False
            # that no tree contradicts is not more likely than that one does not
            least = min(least, chance)
        return least < np.log(SIGNIFICANCE)

    def rows_agree(
        self,
        estimator: Estimator,
        X: MatrixLike,
        y: ArrayLike | None = None,
        sample_weight: Array | None = None,
    ) -> bool | None:
        n_fitted = self.n_fitted(estimator)
        n_rows = X.shape[0]
        same = n_fitted in (n_rows, self.n_rows_per_tree(estimator, n_rows))
        # as many rows may be those of the fit in another order
        return None if same else False

    def n_rows_per_tree(self, estimator: Estimator, n_rows: int) -> int:
        """The number of rows that each tree receives in a fit on `n_rows` rows."""
        return n_rows

    def rows_per_node(self, tree: Any) -> Array:
        """Number of training rows that reached each node of a tree: (n_nodes,)."""
        return tree.n_node_samples

    def bootstrap_rows(self, estimator: Estimator) -> Sequence[Any]:
        """The rows that each tree was fitted on: an index into the rows for each."""
        return [slice(None)] * len(self.sklearn_trees(estimator))


def _equal_at_leaves(found: Array, recorded: Array) -> bool:
    """Whether rows that reached leaves are as many as a tree recorded.

    Parameters
    ----------
    found, recorded : ndarray of shape (n_nodes,), int
        Rows whose leaf is a node, and rows that reached a node in training.
    """
    leaf = found > 0
    return found.sum() == recorded[0] and (found[leaf] == recorded[leaf]).all()
