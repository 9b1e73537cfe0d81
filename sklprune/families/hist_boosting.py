"""`HistGradientBoosting*`: iterations of trees that add up."""

import copy

import numpy as np

from sklprune._estimators import without
from sklprune._trees.arrays import TreeArrays, levels_of
from sklprune.families._trees import ONLY_THE_ROOT, BoostedFamily, node_counts, records

#: written by training, read by nothing that predicts
TRAINING_STATE = (
    "train_score_",
    "validation_score_",
    "_feature_subsample_rng",
    "_scorer",
)


class HistBoostingFamily(BoostedFamily):
    """`HistGradientBoostingClassifier` and `HistGradientBoostingRegressor`.

    Of several classes every iteration holds one tree for each. Missing values and
    categorical splits go where they went.
    """

    classes = ("BaseHistGradientBoosting",)

    def sklearn_trees(self, estimator):
        return [tree for stage in estimator._predictors for tree in stage]

    def tree_arrays(self, estimator):
        n_outputs = estimator.n_trees_per_iteration_
        return [
            _table(tree, i, i % n_outputs)
            for i, tree in enumerate(self.sklearn_trees(estimator))
        ]

    def risks(self, estimator):
        # the gains of splits are kept alone: what those below a node add up to is its
        # risk, up to a constant that no comparison meets
        risks = []
        for tree, table in zip(
            self.sklearn_trees(estimator), self.tree_arrays(estimator)
        ):
            risk = np.zeros(len(tree.nodes))
            for nodes, left, right in reversed(levels_of(table.left, table.right)):
                risk[nodes] = tree.nodes["gain"][nodes] + risk[left] + risk[right]
            risks.append(risk)
        return risks

    def leaf_ids(self, estimator, X):
        X = estimator._preprocess_X(X, reset=False)
        known = estimator._bin_mapper.make_known_categories_bitsets()
        ids = np.empty((len(self.sklearn_trees(estimator)), X.shape[0]), dtype=np.int32)
        for row, tree in zip(ids, self.sklearn_trees(estimator)):
            # a tree that says the number of the node that it ends in
            nodes = tree.nodes.copy()
            nodes["value"] = np.arange(len(nodes))
            row[:] = self._tree(tree, nodes).predict(X, *known, n_threads=1)
        return ids

    def decision_paths(self, estimator, X, trees=None):
        return None

    def offset(self, estimator, X):
        baseline = estimator._baseline_prediction.reshape(1, -1)
        return np.repeat(baseline, X.shape[0], axis=0)

    def raw_prediction(self, estimator, X):
        return estimator._raw_predict(X)

    def rows_of(self, tree):
        return tree.nodes["count"]

    # -- building ----------------------------------------------------------------------

    def from_arrays(self, estimator, ensemble, trees=None):
        own = self.sklearn_trees(estimator)
        if trees is not None:
            own = [_converted(tree, own[0]) for tree in trees]
        model = self.with_subtrees(estimator, ensemble.subtrees, own)
        shape = estimator._baseline_prediction.shape
        model._baseline_prediction = estimator._baseline_prediction + (
            ensemble.baseline.reshape(shape)
        )
        return model

    def with_subtrees(self, estimator, subtrees, trees=None):
        trees = self.sklearn_trees(estimator) if trees is None else trees
        columns = [[] for _ in range(estimator.n_trees_per_iteration_)]
        for subtree in subtrees:
            smaller = self._cut(trees[subtree.tree], subtree)
            columns[subtree.output or 0].append(smaller)
        model = self.strip(estimator)
        n_stages = max(map(len, columns))
        silent = self._cut(trees[0], ONLY_THE_ROOT)
        silent.nodes["value"] = 0
        model._predictors = [
            [column[i] if i < len(column) else silent for column in columns]
            for i in range(n_stages)
        ]
        model.max_iter = max(1, n_stages)
        return model

    def _cut(self, tree, subtree):
        """A predictor that holds a subtree; statistics of nodes stay."""
        nodes = records(tree.nodes, subtree.nodes)
        for side, child in zip(("left", "right"), subtree.children()):
            nodes[side] = np.where(subtree.split, child, 0)
        nodes["is_leaf"] = ~subtree.split
        if subtree.statistics is not None:
            nodes["count"] = subtree.statistics.count
        value = subtree.value
        if value is None:
            value = _table(tree).value[subtree.nodes]
        nodes["value"] = value[:, 0]
        by_category = subtree.split & (nodes["is_categorical"] != 0)
        kept, nodes["bitset_idx"][by_category] = np.unique(
            nodes["bitset_idx"][by_category], return_inverse=True
        )
        smaller = self._tree(tree, nodes)
        smaller.raw_left_cat_bitsets = tree.raw_left_cat_bitsets[kept]
        smaller.binned_left_cat_bitsets = tree.binned_left_cat_bitsets[kept]
        return smaller

    @staticmethod
    def _tree(tree, nodes):
        other = copy.copy(tree)
        other.nodes = nodes
        return other

    # -- the rest ----------------------------------------------------------------------

    def count_nodes(self, trees):
        leaf = [tree.nodes["is_leaf"] != 0 for tree in trees]
        weight = [tree.nodes["count"] for tree in trees]
        return node_counts(leaf, weight, per_leaf=1)

    def strip(self, estimator):
        model = without(estimator, TRAINING_STATE)
        # thresholds of numbers are read while binning alone, those of categories tell
        # known ones from unknown ones: 2 kB a column
        mapper = copy.copy(estimator._bin_mapper)
        categorical = mapper.is_categorical_
        mapper.bin_thresholds_ = [
            known if is_one else known[:0]
            for known, is_one in zip(mapper.bin_thresholds_, categorical)
        ]
        model._bin_mapper = mapper
        return model


def _table(tree, position=0, output=None):
    """A fitted predictor as arrays."""
    nodes, leaf = tree.nodes, tree.nodes["is_leaf"].astype(bool)
    left, right = (
        np.where(leaf, -1, nodes[side].astype(int)) for side in ("left", "right")
    )
    value, weight = nodes["value"][:, None], nodes["count"].astype(float)
    return TreeArrays(left, right, value, weight, output, position).averaged()


def _converted(tree, like):
    """A `Tree` of scikit-learn as a predictor that sends every row where it went.

    Trees round a value to float32 before they compare it; here it is compared as it
    is, with the last float64 that rounds to the left.
    """
    nodes = np.zeros(tree.node_count, dtype=like.nodes.dtype)
    leaf = tree.children_left < 0
    nodes["is_leaf"] = leaf
    nodes["left"] = np.where(leaf, 0, tree.children_left)
    nodes["right"] = np.where(leaf, 0, tree.children_right)
    nodes["feature_idx"] = np.where(leaf, 0, tree.feature)
    nodes["num_threshold"] = last_that_rounds_below(tree.threshold)
    nodes["missing_go_to_left"] = tree.missing_go_to_left
    nodes["count"] = tree.n_node_samples
    nodes["value"] = tree.value[:, 0, 0]
    for depth, (level, _, _) in enumerate(
        levels_of(tree.children_left, tree.children_right)
    ):
        for side in ("left", "right"):
            nodes["depth"][nodes[side][level]] = depth + 1
    converted = copy.copy(like)
    converted.nodes = nodes
    converted.raw_left_cat_bitsets = like.raw_left_cat_bitsets[:0]
    converted.binned_left_cat_bitsets = like.binned_left_cat_bitsets[:0]
    return converted


def last_that_rounds_below(threshold):
    """The last float64 whose float32 is not above a threshold."""
    below = threshold.astype(np.float32)
    below = np.where(below > threshold, np.nextafter(below, np.float32(-np.inf)), below)
    above = np.nextafter(below, np.float32(np.inf))
    half_way = (below.astype(float) + above) / 2
    # half-way between two, rounding takes the one whose last bit is zero
    even = below.astype(np.float32).view(np.int32) % 2 == 0
    return np.where(even, half_way, np.nextafter(half_way, -np.inf))
