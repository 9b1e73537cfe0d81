"""Trees grown on pulls and curvatures: the one that lowers a parabola most."""

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from sklprune._sklearn_private import BinMapper, TreeGrower
from sklprune._trees.arrays import levels_of, sum_up, sums_at

#: a bin more is where missing values are
N_BINS = 255
#: with fewer values in X threads wait for each other longer than they work: on a busy
#: machine 400 rows took 90 seconds instead of 8
MANY_VALUES = 1_000_000


def splits_of(X, routes, weight, *, of_values, **params):
    """What grows trees on rows: for classes on bins of their values, if X is dense.

    Values ask for splits anywhere: with bins wine_quality was never reached, and on
    cpu_act 13 % of RMSE were lost on test rows.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_rows, n_features)
    routes : DecisionPaths or None
        Which has the rows as scikit-learn's trees compare them.
    weight : ndarray of shape (n_rows,)
        Rows of no weight are not seen.
    of_values : bool
        Whether the trees are to say values.
    **params
        `max_leaf_nodes`, `min_samples_leaf` and `random_state`.
    """
    if of_values or routes is None:
        return SortedSplits(X, **params)
    return BinnedSplits(routes.X, weight > 0, **params)


class SortedSplits:
    """Splits at any value, as `DecisionTreeRegressor` finds them."""

    def __init__(self, X, **params):
        self.X, self.tree = X, DecisionTreeRegressor(**params)

    def grow(self, pull, curvature, rho):
        """A `Tree` of scikit-learn, and the leaf of each row.

        Parameters
        ----------
        pull, curvature : ndarray of shape (n_rows,)
        rho : float
            Strength of the pull of its values towards zero; splits at any value are
            found without it.
        """
        step = _ratio(pull, curvature)
        tree = self.tree.fit(self.X, step, sample_weight=curvature).tree_
        return tree, self.tree.apply(self.X).astype(np.int32)


class BinnedSplits:
    """Splits between bins of values, as histogram boosting finds them: on 45,000 rows
    in a tenth of the time."""

    def __init__(self, X, seen, max_leaf_nodes, min_samples_leaf, random_state):
        self.X, self.seen = X, seen
        rows = X[seen].astype(float)
        # a column without a value has no bins, and nothing to say
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
        self.like = DecisionTreeRegressor().fit(two_rows, [0, 1]).tree_.__reduce__()

    def grow(self, pull, curvature, rho):
        """A `Tree` of scikit-learn, and the leaf of each row, as above."""
        # the grower takes float32, and fixed limits of what is too little
        unit = curvature.mean()
        gradient = (-pull[self.seen] / unit).astype(np.float32)
        resistance = (curvature[self.seen] / unit).astype(np.float32)
        grower = TreeGrower(
            self.binned,
            gradient,
            resistance,
            l2_regularization=rho / unit,
            **self.params,
        )
        grower.grow()
        nodes = grower.make_predictor(self.bins.bin_thresholds_).nodes
        return self._tree(nodes, pull, curvature)

    def _tree(self, nodes, pull, curvature):
        """Nodes of histogram boosting as a `Tree`, and the leaf of each row."""
        make, arguments, state = self.like
        leaf, records = (
            nodes["is_leaf"] != 0,
            np.zeros(len(nodes), state["nodes"].dtype),
        )
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
        ids = self._filled(make, arguments, state).apply(self.X).astype(np.int32)
        columns = (curvature, pull, pull * _ratio(pull, curvature))
        sums = sums_at(ids, columns, len(nodes))
        weight, sum_of, squares = sum_up(sums, levels).T
        variance = _ratio(squares, weight) - _ratio(sum_of, weight) ** 2
        records["weighted_n_node_samples"] = weight
        records["impurity"] = np.maximum(variance, 0.0)
        return self._filled(make, arguments, state), ids

    @staticmethod
    def _filled(make, arguments, state):
        tree = make(*arguments)
        tree.__setstate__(state)
        return tree


def _ratio(one, other):
    """One over the other, zero where that is nothing."""
    return np.divide(one, other, out=np.zeros_like(one), where=other > 0)
