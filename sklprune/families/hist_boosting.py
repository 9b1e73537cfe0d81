"""`HistGradientBoosting*`: iterations of trees that add up to raw scores.

A tree is a predictor here: an array of node records, with bitsets for the splits by
category. Missing values and categories follow the same branches after pruning.
"""

import copy
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split

from sklprune._estimators import without
from sklprune._registry import register_family
from sklprune._trees.arrays import Ensemble, Subtree, TreeArrays, levels_of
from sklprune._trees.permuted_columns import Splits, Summands
from sklprune._trees.quantized import Numbers
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune._units import Task
from sklprune.families._column_links import Mask, is_all, with_inputs
from sklprune.families._sklearn_tree import ROOT_ONLY, node_counts, take_nodes
from sklprune.families._training_state import with_own_state
from sklprune.families._trees import BoostedFamily

#: attributes with a number for each iteration, which no prediction reads. A fit with
#: `warm_start` appends to them
ITERATION_SCORES = ("train_score_", "validation_score_")


class HistBoostingFamily(BoostedFamily):
    """`HistGradientBoostingClassifier` and `HistGradientBoostingRegressor`.

    With more than two classes, each iteration has one tree for each class.
    """

    classes = ("BaseHistGradientBoosting",)

    def sklearn_trees(self, estimator: Estimator) -> list[Any]:
        return [tree for stage in estimator._predictors for tree in stage]

    def tree_arrays(self, estimator: Estimator) -> list[TreeArrays]:
        n_outputs = estimator.n_trees_per_iteration_
        return [
            _arrays_of_predictor(tree, i, i % n_outputs)
            for i, tree in enumerate(self.sklearn_trees(estimator))
        ]

    def risks(self, estimator: Estimator) -> list[Array]:
        # only the gains of splits are stored; the gains below a node add up to its risk
        # up to a constant, which cancels when risks are compared
        risks = []
        predictors, arrays = self.sklearn_trees(estimator), self.tree_arrays(estimator)
        for tree, each in zip(predictors, arrays):
            risk = np.zeros(len(tree.nodes))
            for nodes, left, right in reversed(levels_of(each.left, each.right)):
                risk[nodes] = tree.nodes["gain"][nodes] + risk[left] + risk[right]
            risks.append(risk)
        return risks

    def leaf_ids(self, estimator: Estimator, X: MatrixLike) -> Array:
        X = estimator._preprocess_X(X, reset=False)
        known = estimator._bin_mapper.make_known_categories_bitsets()
        ids = np.empty((len(self.sklearn_trees(estimator)), X.shape[0]), dtype=np.int32)
        for row, tree in zip(ids, self.sklearn_trees(estimator)):
            # a predictor without `apply`: each node gets its own number as its value
            nodes = tree.nodes.copy()
            nodes["value"] = np.arange(len(nodes))
            row[:] = self._with_nodes(tree, nodes).predict(X, *known, n_threads=1)
        return ids

    def decision_paths(
        self, estimator: Estimator, X: MatrixLike, trees: list[Any] | None = None
    ) -> None:
        return None

    def offset(self, estimator: Estimator, X: MatrixLike) -> Array:
        baseline = estimator._baseline_prediction.reshape(1, -1)
        return np.repeat(baseline, X.shape[0], axis=0)

    def raw_prediction(self, estimator: Estimator, X: MatrixLike) -> Array:
        return estimator._raw_predict(X)

    def rows_per_node(self, tree: Any) -> Array:
        return tree.nodes["count"]

    def fitted_on(
        self,
        estimator: Estimator,
        X: MatrixLike,
        y: ArrayLike | None = None,
        sample_weight: Array | None = None,
    ) -> bool:
        if not self._holds_rows_out(estimator) or y is None:
            return super().fitted_on(estimator, X, y, sample_weight)
        # the seed of the split that was held out for early stopping is known
        try:
            rows, _ = train_test_split(
                np.arange(X.shape[0]),
                test_size=estimator.validation_fraction,
                stratify=y if is_classifier(estimator) else None,
                random_state=int(estimator._random_seed),
            )
        except ValueError:
            # the fit would have raised the same error, for too few rows of a class
            return False
        drawn = Task(X, y, sample_weight).take(rows)
        return super().fitted_on(estimator, drawn.X, drawn.y, drawn.sample_weight)

    def _holds_rows_out(self, estimator: Estimator) -> bool:
        """Whether a part of the rows was held out for early stopping."""
        early = getattr(estimator, "do_early_stopping_", False)
        known = hasattr(estimator, "_random_seed")
        return early and known and estimator.validation_fraction is not None

    def n_rows_per_tree(self, estimator: Estimator, n_rows: int) -> int:
        if not self._holds_rows_out(estimator):
            return n_rows
        share = estimator.validation_fraction
        whole = isinstance(share, (int, np.integer))
        return n_rows - (int(share) if whole else math.ceil(n_rows * share))

    # -- the capability "fast_permutation" ---------------------------------------------

    def splits(self, estimator: Estimator) -> list[Splits]:
        known, place = estimator._bin_mapper.make_known_categories_bitsets()
        known = _unpacked(known)
        return [
            _splits_of_predictor(tree, known, place)
            for tree in self.sklearn_trees(estimator)
        ]

    def summands(self, estimator: Estimator) -> Summands:
        trees = self.sklearn_trees(estimator)
        values = [tree.nodes["value"][:, None] for tree in trees]
        return Summands(values, estimator.n_trees_per_iteration_, 1.0)

    def compared_rows(self, estimator: Estimator, X: MatrixLike) -> Array:
        return estimator._preprocess_X(X, reset=False)

    def compared_columns(self, estimator: Estimator) -> Array | None:
        if getattr(estimator, "_preprocessor", None) is None:
            return None
        # it moves the columns of categories to the front
        return np.argsort(np.argsort(~estimator.is_categorical_, kind="stable"))

    # -- the capability "tree_numbers" -------------------------------------------------

    def tree_numbers(self, estimator: Estimator) -> list[Numbers]:
        return [
            Numbers(
                splits,
                tree.nodes["num_threshold"],
                tree.nodes["value"][:, None],
                tree.nodes["count"].astype(float),
            )
            for splits, tree in zip(
                self.splits(estimator), self.sklearn_trees(estimator)
            )
        ]

    def with_numbers(
        self, estimator: Estimator, numbers: Sequence[Numbers]
    ) -> Estimator:
        trees = self.sklearn_trees(estimator)
        bins = _shared_bins(trees, numbers)
        changed = []
        for tree, each, own in zip(trees, numbers, bins):
            nodes = tree.nodes.copy()
            nodes["num_threshold"] = each.threshold
            nodes["value"] = each.value[:, 0]
            nodes["bin_threshold"] = own
            changed.append(self._with_nodes(tree, nodes))
        model = self.strip(estimator)
        n_outputs = estimator.n_trees_per_iteration_
        model._predictors = [
            changed[i : i + n_outputs] for i in range(0, len(changed), n_outputs)
        ]
        return model

    # -- models of pruned trees --------------------------------------------------------

    def from_arrays(
        self,
        estimator: Estimator,
        ensemble: Ensemble,
        trees: list[Any] | None = None,
    ) -> Estimator:
        own: Any = self.sklearn_trees(estimator)
        if trees is not None:
            # the first tree also gives the form of a constant
            used = {0, *(subtree.tree for subtree in ensemble.subtrees)}
            own = {i: _predictor_of(trees[i], own[0]) for i in used}
        model = self._with_predictors(estimator, ensemble.subtrees, own)
        shape = estimator._baseline_prediction.shape
        model._baseline_prediction = estimator._baseline_prediction + (
            ensemble.baseline.reshape(shape)
        )
        return model

    def with_subtrees(self, estimator: Estimator, subtrees: list[Subtree]) -> Estimator:
        return self._with_predictors(estimator, subtrees, self.sklearn_trees(estimator))

    def _with_predictors(
        self, estimator: Estimator, subtrees: list[Subtree], trees: Any
    ) -> Estimator:
        """A copy of the estimator that holds subtrees of some predictors.

        `trees` has the predictor at each position that a subtree names, and at 0.
        """
        columns: list[list[Any]] = [[] for _ in range(estimator.n_trees_per_iteration_)]
        for subtree in subtrees:
            smaller = self._pruned_predictor(trees[subtree.tree], subtree)
            columns[subtree.output or 0].append(smaller)
        model = self.strip(estimator)
        # scores of other iterations: early stopping starts again
        for name in set(ITERATION_SCORES) & set(vars(model)):
            setattr(model, name, np.empty(0))
        n_stages = max(map(len, columns))
        constant = self._pruned_predictor(trees[0], ROOT_ONLY)
        constant.nodes["value"] = 0
        model._predictors = [
            [column[i] if i < len(column) else constant for column in columns]
            for i in range(n_stages)
        ]
        model.max_iter = max(1, n_stages)
        return model

    def _pruned_predictor(self, tree: Any, subtree: Subtree) -> Any:
        """A predictor that holds a subtree.

        Training statistics of the subtree replace those of the predictor, where the
        subtree has some.
        """
        nodes, (left, right) = take_nodes(tree.nodes, subtree.nodes), subtree.children()
        nodes["left"] = np.where(subtree.split, left, 0)
        nodes["right"] = np.where(subtree.split, right, 0)
        nodes["is_leaf"] = ~subtree.split
        # `get_max_depth` reads the depth of the tree alone. Those of all nodes took a
        # tenth of a file
        nodes["depth"] = 0
        nodes["depth"][0] = len(levels_of(left, right))
        if subtree.statistics is not None:
            nodes["count"] = subtree.statistics.n_rows
        value = subtree.value
        if value is None:
            value = _arrays_of_predictor(tree).value[subtree.nodes]
        # no prediction reads the values of splits, and zeros take no bytes in a file
        nodes["value"] = np.where(subtree.split, 0.0, value[:, 0])
        by_category = subtree.split & (nodes["is_categorical"] != 0)
        kept, nodes["bitset_idx"][by_category] = np.unique(
            nodes["bitset_idx"][by_category], return_inverse=True
        )
        smaller = self._with_nodes(tree, nodes)
        smaller.raw_left_cat_bitsets = tree.raw_left_cat_bitsets[kept]
        smaller.binned_left_cat_bitsets = tree.binned_left_cat_bitsets[kept]
        return smaller

    @staticmethod
    def _with_nodes(tree: Any, nodes: Array) -> Any:
        """A copy of a predictor that holds other node records."""
        other = copy.copy(tree)
        other.nodes = nodes
        return other

    # -- columns that are no longer read -----------------------------------------------

    def split_columns(self, tree: Any) -> Array:
        return tree.nodes["feature_idx"][tree.nodes["is_leaf"] == 0]

    def unread_columns(self, estimator: Estimator) -> Array | None:
        # columns of categories are moved to the front, by a transformer inside
        if getattr(estimator, "is_categorical_", None) is not None:
            return None
        return super().unread_columns(estimator)

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        if inputs is None or is_all(inputs):
            return estimator
        model = with_inputs(self.strip(estimator), inputs)
        model._predictors = [
            [self._renumbered(tree, np.cumsum(inputs) - 1) for tree in stage]
            for stage in estimator._predictors
        ]
        mapper = copy.copy(model._bin_mapper)
        for name in ("n_bins_non_missing_", "is_categorical_"):
            setattr(mapper, name, np.asarray(getattr(mapper, name))[inputs])
        mapper.bin_thresholds_ = [
            each for each, kept in zip(mapper.bin_thresholds_, inputs) if kept
        ]
        model._bin_mapper = mapper
        model._n_features = int(inputs.sum())
        return model

    def _renumbered(self, tree: Any, numbers: Array) -> Any:
        """A predictor whose splits refer to columns by other numbers."""
        nodes = tree.nodes.copy()
        split = nodes["is_leaf"] == 0
        nodes["feature_idx"][split] = numbers[nodes["feature_idx"][split]]
        return self._with_nodes(tree, nodes)

    # -- counts and training state -----------------------------------------------------

    def numbers_of_tree(self, tree: Any) -> Array:
        leaf, nodes = tree.nodes["is_leaf"] != 0, tree.nodes
        return np.append(nodes["num_threshold"][~leaf], nodes["value"][leaf])

    def count_nodes(self, trees: list[Any]) -> dict[str, float]:
        leaf = [tree.nodes["is_leaf"] != 0 for tree in trees]
        weight = [tree.nodes["count"] for tree in trees]
        return node_counts(leaf, weight, per_leaf=1)

    def why_not_continued(self, estimator: Estimator) -> str:
        if "train_score_" in vars(estimator):
            return ""
        return "its trees know no bins, since they come from another model"

    def strip(self, estimator: Estimator) -> Estimator:
        model = with_own_state(without(estimator, ()))
        # early stopping compares the last scores only
        n_last = (model.n_iter_no_change or 0) + 1
        for name in set(ITERATION_SCORES) & set(vars(model)):
            setattr(model, name, getattr(model, name)[-n_last:].copy())
        if getattr(estimator, "_scorer", None) is not None and model.scoring is None:
            # the default scorer contains the original; this one gives the same numbers
            metric = "accuracy" if is_classifier(estimator) else "r2"
            model._scorer = get_scorer(metric)
        # a prediction reads the bin thresholds of categorical columns only, to
        # distinguish known categories from unknown ones; the others take 2 kB a column
        mapper = copy.copy(estimator._bin_mapper)
        mapper.bin_thresholds_ = [
            thresholds if categorical else thresholds[:0]
            for thresholds, categorical in zip(
                mapper.bin_thresholds_, mapper.is_categorical_
            )
        ]
        model._bin_mapper = mapper
        return model


def _arrays_of_predictor(
    tree: Any, position: int = 0, output: int | None = None
) -> TreeArrays:
    """A fitted predictor as arrays; inner nodes get the mean of the leaves below."""
    nodes, leaf = tree.nodes, tree.nodes["is_leaf"].astype(bool)
    left, right = (
        np.where(leaf, -1, nodes[side].astype(int)) for side in ("left", "right")
    )
    value, weight = nodes["value"][:, None], nodes["count"].astype(float)
    return TreeArrays(left, right, value, weight, output, position).averaged()


def _splits_of_predictor(tree: Any, known: Array, place: Array) -> Splits:
    """The splits of a fitted predictor.

    Parameters
    ----------
    tree : TreePredictor of scikit-learn
    known : ndarray of shape (n_category_columns, 256), bool
        The categories that the fit has seen. Others are treated as missing.
    place : ndarray of shape (n_features,), int
        The row of `known` of each column.
    """
    nodes, leaf = tree.nodes, tree.nodes["is_leaf"] != 0
    left, right = (
        np.where(leaf, -1, nodes[side].astype(int)) for side in ("left", "right")
    )
    missing_left = nodes["missing_go_to_left"] != 0
    by_category = np.flatnonzero(~leaf & (nodes["is_categorical"] != 0))
    category = np.full(len(nodes), -1)
    category[by_category] = np.arange(len(by_category))
    at = nodes[by_category]
    categories = _unpacked(tree.raw_left_cat_bitsets)[at["bitset_idx"]]
    if len(at):
        unseen = ~known[place[at["feature_idx"]]]
        categories = categories | (unseen & missing_left[by_category, None])
    feature, threshold = nodes["feature_idx"], nodes["num_threshold"]
    return Splits(left, right, feature, threshold, missing_left, category, categories)


def _shared_bins(trees: list[Any], numbers: Sequence[Numbers]) -> list[Array]:
    """Bins of the splits of each tree: one for all splits with the same threshold.

    Binned rows are compared with them, in a fit with `warm_start`. It is the bin of
    most splits, so that each threshold is in one bin.
    """
    masks = [each.at_threshold for each in numbers]
    nodes = np.concatenate([tree.nodes[mask] for tree, mask in zip(trees, masks)])
    new = np.concatenate([n.threshold[mask] for n, mask in zip(numbers, masks)])
    keys = np.column_stack([nodes["feature_idx"], new])
    _, which = np.unique(keys, axis=0, return_inverse=True)
    which = which.ravel()
    order = np.lexsort((nodes["bin_threshold"], which))
    starts = np.searchsorted(which[order], np.arange(which.max(initial=-1) + 1))
    ends = np.append(starts[1:], len(order))
    median = nodes["bin_threshold"][order[(starts + ends - 1) // 2]]
    bins = [tree.nodes["bin_threshold"].copy() for tree in trees]
    parts = np.split(median[which], np.cumsum([m.sum() for m in masks])[:-1])
    for own, mask, part in zip(bins, masks, parts):
        own[mask] = part
    return bins


def _unpacked(bitsets: Array) -> Array:
    """Bitsets of shape (n, 8) as masks of shape (n, 256)."""
    words = np.ascontiguousarray(bitsets, dtype="<u4").reshape(-1, 8)
    return np.unpackbits(words.view(np.uint8), axis=1, bitorder="little").astype(bool)


def _depths(left: Array, right: Array) -> Array:
    """The depth of each node, that of the root is zero: (n_nodes,), int."""
    depths = np.zeros(len(left), dtype=int)
    for depth, (_, *children) in enumerate(levels_of(left, right)):
        for child in children:
            depths[child] = depth + 1
    return depths


def _predictor_of(tree: Any, like: Any) -> Any:
    """Convert a `Tree` into a predictor with the same decision for every row.

    A `Tree` rounds a value to float32 before it compares it. A predictor compares the
    float64 value, so that its threshold is the last float64 that is rounded to the
    left.

    Parameters
    ----------
    tree : Tree of scikit-learn
    like : TreePredictor of scikit-learn
        Gives the fields of the node records.
    """
    nodes = np.zeros(tree.node_count, dtype=like.nodes.dtype)
    leaf = tree.children_left < 0
    nodes["is_leaf"] = leaf
    nodes["left"] = np.where(leaf, 0, tree.children_left)
    nodes["right"] = np.where(leaf, 0, tree.children_right)
    nodes["feature_idx"] = np.where(leaf, 0, tree.feature)
    nodes["num_threshold"] = last_rounded_below(tree.threshold)
    nodes["missing_go_to_left"] = tree.missing_go_to_left
    nodes["count"] = tree.n_node_samples
    nodes["value"] = tree.value[:, 0, 0]
    nodes["depth"] = _depths(tree.children_left, tree.children_right)
    predictor = copy.copy(like)
    predictor.nodes = nodes
    predictor.raw_left_cat_bitsets = like.raw_left_cat_bitsets[:0]
    predictor.binned_left_cat_bitsets = like.binned_left_cat_bitsets[:0]
    return predictor


def last_rounded_below(threshold: Array) -> Array:
    """The last float64 whose nearest float32 is not above a threshold."""
    below = threshold.astype(np.float32)
    below = np.where(below > threshold, np.nextafter(below, np.float32(-np.inf)), below)
    above = np.nextafter(below, np.float32(np.inf))
    half_way = (below.astype(float) + above) / 2
    # half-way between two float32, the one whose last bit is zero is nearest
    even = below.astype(np.float32).view(np.int32) % 2 == 0
    return np.where(even, half_way, np.nextafter(half_way, -np.inf))


register_family(HistBoostingFamily())
