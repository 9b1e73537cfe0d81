"""Growing one new tree on gradients and Hessians, exactly or on binned values."""

from typing import Any

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from sklprune._sklearn_private import BinMapper, TreeGrower
from sklprune._trees.arrays import levels_of, sum_up, sums_at
from sklprune._trees.decision_paths import DecisionPaths
from sklprune._typing import Array, MatrixLike

#: bins of each column; one more bin is for missing values
N_BINS = 255
#: more threads are used for more values in X only. With fewer values, threads wait for
#: each other longer than they work: on a busy machine 400 rows took 90 s instead of 8 s
MANY_VALUES = 1_000_000


def make_grower(
    X: MatrixLike,
    decision_paths: DecisionPaths | None,
    weight: Array,
    *,
    regression: bool,
    **params: Any,
) -> "ExactGrower | HistogramGrower":
    """Choose how trees are grown: on bins for classification of dense rows, or exactly.

    Regression needs splits at any value. With bins, the score of the forest was never
    reached on wine_quality, and the RMSE on test rows of cpu_act was 13 % worse.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_rows, n_features)
    decision_paths : DecisionPaths or None
        Holds the dense rows in the precision of scikit-learn's trees.
    weight : ndarray of shape (n_rows,)
        Rows of weight zero are ignored.
    regression : bool
        Whether the targets are values, not classes.
    **params
        `max_leaf_nodes`, `min_samples_leaf` and `random_state`.
    """
    if regression or decision_paths is None:
        return ExactGrower(X, **params)
    return HistogramGrower(decision_paths.X, weight > 0, **params)


class ExactGrower:
    """Grows trees with splits at any value, by `DecisionTreeRegressor`."""

    def __init__(self, X: MatrixLike, **params: Any) -> None:
        self.X, self.tree = X, DecisionTreeRegressor(**params)

    def grow(self, neg_gradient: Array, hessian: Array, l2: float) -> tuple[Any, Array]:
        """Grow a tree that minimises the second-order expansion of a loss.

        Parameters
        ----------
        neg_gradient, hessian : ndarray of shape (n_rows,)
        l2 : float
            L2 penalty of the leaf values; exact splits are found without it.

        Returns
        -------
        tree : Tree of scikit-learn
        ids : ndarray of shape (n_rows,), int32
            The leaf of each row, by node number.
        """
        newton_step = _divided(neg_gradient, hessian)
        tree = self.tree.fit(self.X, newton_step, sample_weight=hessian).tree_
        return tree, self.tree.apply(self.X).astype(np.int32)


class HistogramGrower:
    """Grows trees with splits between bins, by the grower of histogram boosting.

    On 45,000 rows it takes a tenth of the time.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), float32
    used : ndarray of shape (n_rows,), bool
        The rows that trees are grown on.
    max_leaf_nodes, min_samples_leaf : int
    random_state : int or None
    """

    def __init__(
        self,
        X: Array,
        used: Array,
        max_leaf_nodes: int,
        min_samples_leaf: int,
        random_state: int | None,
    ) -> None:
        self.X, self.used = X, used
        rows = X[used].astype(float)
        # a column without any value has no bins; a constant is never split
        rows[:, np.isnan(rows).all(axis=0)] = 0.0
        threads = {"n_threads": None if rows.size > MANY_VALUES else 1}
        bins = BinMapper(n_bins=N_BINS + 1, random_state=random_state, **threads)
        self.bins = bins.fit(rows)
        self.binned = self.bins.transform(rows)
        self.params = {
            "max_leaf_nodes": max_leaf_nodes,
            "min_samples_leaf": min_samples_leaf,
            "n_bins": N_BINS + 1,
            "n_bins_non_missing": self.bins.n_bins_non_missing_,
            "has_missing_values": np.isnan(rows).any(axis=0).astype(np.uint8),
        } | threads
        two_rows = np.zeros((2, X.shape[1]))
        self.template = DecisionTreeRegressor().fit(two_rows, [0, 1]).tree_.__reduce__()

    def grow(self, neg_gradient: Array, hessian: Array, l2: float) -> tuple[Any, Array]:
        """Grow a tree; parameters and results as in `ExactGrower.grow`."""
        # the grower takes float32, and has fixed limits for small numbers
        unit = hessian[self.used].mean()
        grower = TreeGrower(
            self.binned,
            (-neg_gradient[self.used] / unit).astype(np.float32),
            (hessian[self.used] / unit).astype(np.float32),
            l2_regularization=l2 / unit,
            **self.params,
        )
        grower.grow()
        nodes = grower.make_predictor(self.bins.bin_thresholds_).nodes
        return self._as_tree(nodes, neg_gradient, hessian)

    def _as_tree(
        self, nodes: Array, neg_gradient: Array, hessian: Array
    ) -> tuple[Any, Array]:
        """Nodes of histogram boosting as a `Tree`, and the leaf of each row."""
        make, arguments, state = self.template
        leaf = nodes["is_leaf"] != 0
        records = np.zeros(len(nodes), state["nodes"].dtype)
        for side in ("left", "right"):
            records[f"{side}_child"] = np.where(leaf, -1, nodes[side].astype(int))
        records["feature"] = np.where(leaf, -2, nodes["feature_idx"])
        records["threshold"] = np.where(leaf, -2, nodes["num_threshold"])
        records["missing_go_to_left"] = nodes["missing_go_to_left"]
        records["n_node_samples"] = nodes["count"]
        levels = levels_of(records["left_child"], records["right_child"])
        state = state | {
            "max_depth": len(levels),
            "node_count": len(nodes),
            "nodes": records,
            "values": np.zeros((len(nodes), 1, 1)),
        }
        ids = _tree_from(make, arguments, state).apply(self.X).astype(np.int32)
        newton_step = _divided(neg_gradient, hessian)
        columns = (hessian, neg_gradient, neg_gradient * newton_step)
        sums = sums_at(ids, columns, len(nodes))
        weight, gradients, squares = sum_up(sums, levels).T
        variance = _divided(squares, weight) - _divided(gradients, weight) ** 2
        records["weighted_n_node_samples"] = weight
        records["impurity"] = np.maximum(variance, 0.0)
        return _tree_from(make, arguments, state), ids


def _tree_from(make: Any, arguments: Any, state: dict[str, Any]) -> Any:
    """A `Tree` of scikit-learn with the given state."""
    tree = make(*arguments)
    tree.__setstate__(state)
    return tree


def _divided(numerator: Array, divisor: Array) -> Array:
    """Elementwise division, 0 where the divisor is 0."""
    zeros = np.zeros_like(numerator)
    return np.divide(numerator, divisor, out=zeros, where=divisor > 0)
