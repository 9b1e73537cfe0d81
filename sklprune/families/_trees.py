"""Base classes of the families whose models sum or average decision trees.

`TreesFamily` implements the capability "trees": it gives methods the trees of a model
as plain arrays, and builds models from pruned trees. Its unit is the leaf.
`BoostedFamily` adds the parts that all boosting models share.
"""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import clone, is_classifier
from sklearn.utils import check_array

from sklprune._estimators import seeded
from sklprune._trees.arrays import Ensemble, Subtree, TreeArrays, pruned_to
from sklprune._trees.consistency import check_consistency, leaves_above, probe_of
from sklprune._trees.decision_paths import DecisionPaths
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune._units import Task, Units
from sklprune.families._base import Family
from sklprune.families._column_links import ReadingColumns
from sklprune.families._permuted_trees import PermutedTrees
from sklprune.families._sklearn_tree import tree_counts
from sklprune.families._small_models import Trained, small_boosting, smaller_clones
from sklprune.families._tree_numbers import TreeNumbers
from sklprune.families._tree_rows import RecognisingRows

#: losses of boosting models without a Hessian that could scale a step
ROBUST_LOSSES = ("absolute_error", "huber", "quantile")
#: numbers of leaves and of trees of small models from scratch
MAX_LEAVES, N_TREES = (4, 8, 16, 32, 64), (1, 3, 10)
#: number of stages of the clone that is compared with a boosting model
N_STAGES_COMPARED = 3
#: the clone's mean number of nodes, relative to that of a similar model
MIN_NODES, MAX_NODES = 0.6, 1.6


class TreesFamily(PermutedTrees, TreeNumbers, RecognisingRows, ReadingColumns, Family):
    """Base of the families whose models sum or average binary trees.

    The *raw prediction* of a model is its offset plus the sum over its trees of the
    value of the leaf that a row reaches. The values of an averaging model are divided
    by the number of trees, so that this holds for it as well.

    Units of granularity "leaf" are the leaves of all trees, tree by tree, in the order
    of their nodes. `units.where` holds the arrays of children of each tree. A split
    with at most one kept leaf below it becomes a leaf. A tree without a kept leaf is
    removed.
    """

    granularities: tuple[str, ...] = ("leaf",)

    # -- the capability "trees" --------------------------------------------------------
    #
    # n_values is the number of columns of the raw prediction. A family writes the
    # first eight methods; the others have defaults.

    def sklearn_trees(self, estimator: Estimator) -> list[Any]:
        """The fitted tree objects of scikit-learn, a list of length n_trees.

        They are `Tree` objects, or the predictors of histogram boosting.
        """
        raise NotImplementedError

    def tree_arrays(self, estimator: Estimator) -> list[TreeArrays]:
        """The trees as arrays, a list of length n_trees.

        Their values are on the scale of the raw prediction: (n_nodes, n_values), or
        (n_nodes, 1) for a tree that adds to one output.
        """
        raise NotImplementedError

    def leaf_ids(self, estimator: Estimator, X: MatrixLike) -> Array:
        """The node of the leaf that each row reaches: (n_trees, n_rows), int32."""
        raise NotImplementedError

    def offset(self, estimator: Estimator, X: MatrixLike) -> Array:
        """The raw prediction without any tree: (n_rows, n_values)."""
        raise NotImplementedError

    def raw_prediction(self, estimator: Estimator, X: MatrixLike) -> Array:
        """The raw prediction, computed by the model itself: (n_rows, n_values)."""
        raise NotImplementedError

    def output_kind(self, estimator: Estimator) -> str:
        """The kind of the raw prediction: "values", "distributions" or "scores".

        Values are predictions of a regressor. Distributions are probabilities of all
        classes. Scores are the raw scores of a boosting model, the input of its loss.
        """
        raise NotImplementedError

    def response(
        self, estimator: Estimator, raw_prediction: Array, response: str
    ) -> Array | list[Array]:
        """Compute the output of a prediction method from the raw prediction.

        Parameters
        ----------
        estimator : estimator
        raw_prediction : ndarray of shape (n_rows, n_values)
        response : {"predict", "predict_proba", "decision_function"}
            A prediction method that the estimator has.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_outputs), or list of ndarray
            As the estimator returns it.
        """
        raise NotImplementedError

    def targets(self, estimator: Estimator, y: ArrayLike) -> Array:
        """y in the form in which the raw prediction is compared with it, as floats.

        The shape is (n_rows, n_values) for values and distributions. For scores it is
        (n_rows,), with classes as their positions in `classes_`.
        """
        raise NotImplementedError

    def loss(self, estimator: Estimator) -> Any:
        """The loss object of scikit-learn behind raw scores; None without scores."""
        return None

    def decision_paths(
        self, estimator: Estimator, X: MatrixLike, trees: list[Any] | None = None
    ) -> DecisionPaths | None:
        """The decisions of rows at the splits of the trees, or of other `trees`.

        None where they are not known: for sparse rows, and in histogram boosting.
        """
        if sparse.issparse(X):
            return None
        known = {"dtype": np.float32, "order": "C", "ensure_all_finite": False}
        X = check_array(X, accept_sparse="csr", **known)
        if sparse.issparse(X):
            # a data frame of sparse columns
            return None
        return DecisionPaths(
            self.sklearn_trees(estimator) if trees is None else trees, X
        )

    def n_fitted(self, estimator: Estimator) -> int:
        """Number of rows that the trees were fitted on, as far as they record it."""
        return max(
            int(self.rows_per_node(tree)[0]) for tree in self.sklearn_trees(estimator)
        )

    def unfitted_like(
        self, estimator: Estimator, max_trees: int, random_state: int | None
    ) -> Estimator:
        """An unfitted clone; of an average of trees with at most `max_trees` trees."""
        return seeded(clone(estimator), random_state)

    def n_distributions(self, estimator: Estimator) -> int:
        """Number of distributions side by side in the values of a node."""
        return 1

    def n_outputs(self, estimator: Estimator) -> int:
        """Number of columns of y, where the estimator records it; else 1."""
        return getattr(estimator, "n_outputs_", 1)

    def risks(self, estimator: Estimator) -> list[Array]:
        """The training risk R(t) of each node as a leaf: for each tree (n_nodes,)."""
        return [
            tree.impurity
            * tree.weighted_n_node_samples
            / tree.weighted_n_node_samples[0]
            for tree in self.sklearn_trees(estimator)
        ]

    def boosting_misfit(self, estimator: Estimator) -> str:
        """The reason why no boosting model can represent the trees; "" if one can.

        The reason is a clause whose subject is the model.
        """
        if self.n_outputs(estimator) > 1:
            return "has several outputs, and boosting has one"
        if len(getattr(estimator, "classes_", (0, 1))) == 1:
            return "has a single class, and boosting needs two or more"
        return ""

    # -- further capabilities ----------------------------------------------------------

    def from_arrays(
        self,
        estimator: Estimator,
        ensemble: Ensemble,
        trees: list[Any] | None = None,
    ) -> Estimator:
        """A copy of the estimator that holds a pruned `Ensemble`: capability "rebuild".

        Parameters
        ----------
        estimator : estimator
        ensemble : Ensemble
            Its subtrees have values on the scale of the raw prediction.
        trees : list of Tree or None
            The trees that `ensemble` was pruned from; None for those of the estimator.
        """
        raise NotImplementedError

    def as_boosting(
        self, estimator: Estimator, X: MatrixLike, container: str
    ) -> tuple[Estimator, list[TreeArrays], Array]:
        """The raw prediction as that of a boosting model: capability "as_boosting".

        Parameters
        ----------
        estimator : estimator
        X : array-like of shape (n_samples, n_features)
            Rows in the form in which they will be predicted.
        container : {"auto", "gradient_boosting", "hist_gradient_boosting"}

        Returns
        -------
        empty : estimator
            A boosting model to be filled with the trees.
        trees : list of TreeArrays
            Values of the trees on the scale of the raw scores.
        offset : ndarray of shape (n_outputs,)
            The raw scores without any tree.
        """
        raise NotImplementedError

    # -- columns that are no longer read -----------------------------------------------

    def split_columns(self, tree: Any) -> Array:
        """The columns at the splits of a tree of scikit-learn; they may repeat."""
        return tree.feature[tree.feature >= 0]

    def unread_columns(self, estimator: Estimator) -> Array | None:
        unread = np.ones(estimator.n_features_in_, dtype=bool)
        for tree in self.sklearn_trees(estimator):
            unread[self.split_columns(tree)] = False
        return unread

    # -- what these capabilities need of a family --------------------------------------

    def with_subtrees(self, estimator: Estimator, subtrees: list[Subtree]) -> Estimator:
        """A copy that holds some subtrees, each with the values of its nodes."""
        raise NotImplementedError

    def weight_factor(self, n_trees: int, n_kept: int) -> float:
        """Factor by which the values of kept trees grow when others are removed."""
        return 1.0

    def count_nodes(self, trees: list[Any]) -> dict[str, float]:
        """Counts of the trees of scikit-learn, with the keys of `counts`."""
        return tree_counts(trees)

    # -- leaves as units ---------------------------------------------------------------

    def method_of(self, estimator: Estimator) -> str:
        if "rebuild" in self.capabilities(estimator):
            return self.default_method
        return "cost_complexity"

    def capabilities(self, estimator: Estimator) -> frozenset[str]:
        offered = {"trees", "tree_numbers", "fitted_on", "fast_permutation"}
        # other leaf values might violate the constraint
        monotonic = getattr(estimator, "monotonic_cst", None) is not None
        robust = getattr(estimator, "loss", None) in ROBUST_LOSSES
        return frozenset(offered | (set() if monotonic or robust else {"rebuild"}))

    def why_missing(self, estimator: Estimator, name: str) -> str:
        if name != "rebuild":
            return super().why_missing(estimator, name)
        loss = getattr(estimator, "loss", None)
        if loss in ROBUST_LOSSES:
            return f"has loss={loss!r}, without a Hessian from which to fit leaf values"
        return "has monotonic constraints, which new leaf values might violate"

    def numbers(self, estimator: Estimator) -> Array | None:
        if "trees" not in self.capabilities(estimator):
            return super().numbers(estimator)
        trees = self.sklearn_trees(estimator)
        return np.concatenate([self.numbers_of_tree(tree) for tree in trees])

    def numbers_of_tree(self, tree: Any) -> Array:
        """The thresholds of the splits and the values of the leaves of a tree."""
        split = tree.children_left >= 0
        return np.append(tree.threshold[split], tree.value[~split])

    def counts(self, estimator: Estimator) -> dict[str, float]:
        trees = self.sklearn_trees(estimator)
        counts = self.count_nodes(trees) | {"members": len(trees)}
        return super().counts(estimator) | counts

    def own_units(self, estimator: Estimator, granularity: str) -> Units:
        trees = self.tree_arrays(estimator)
        # a report keeps these arrays: int32 halves the memory of scikit-learn's
        where = tuple(
            (tree.left.astype(np.int32), tree.right.astype(np.int32)) for tree in trees
        )
        return Units("leaf", sum(tree.n_leaves for tree in trees), where=where)

    def own_names(self, units: Units) -> Array:
        return np.array(
            [
                f"tree {i} node {node}"
                for i, (left, _) in enumerate(units.where)
                for node in np.flatnonzero(left < 0)
            ]
        )

    def remove(
        self,
        estimator: Estimator,
        units: Units,
        keep: Array,
        task: Task | None = None,
    ) -> Estimator | None:
        if units.granularity != "leaf" or task is None:
            return super().remove(estimator, units, keep, task)
        subtrees = self._subtrees(estimator, keep)
        smaller = self.with_subtrees(estimator, subtrees)
        # a rebuilt model must predict what its trees add up to
        self._check_pruned(smaller, estimator, subtrees, task)
        return smaller

    def own_remove(self, estimator: Estimator, units: Units, keep: Array) -> Estimator:
        return self.with_subtrees(estimator, self._subtrees(estimator, keep))

    def _subtrees(self, estimator: Estimator, keep: Array) -> list[Subtree]:
        """The subtree of each tree that has kept leaves, without new values."""
        trees = self.tree_arrays(estimator)
        ends = np.cumsum([tree.n_leaves for tree in trees])[:-1]
        subtrees = []
        for i, (tree, kept) in enumerate(zip(trees, np.split(keep, ends))):
            if kept.any():
                nodes, split = pruned_to(tree.left, tree.right, kept)
                subtrees.append(Subtree(i, nodes, split, output=tree.output))
        return subtrees

    def _check_pruned(
        self,
        smaller: Estimator,
        estimator: Estimator,
        subtrees: list[Subtree],
        task: Task,
    ) -> None:
        """Check the predictions of a pruned model on some rows of the task."""
        X, trees = probe_of(task), self.tree_arrays(estimator)
        factor = self.weight_factor(len(trees), len(subtrees))
        subtrees = [
            each._replace(value=factor * trees[each.tree].value[each.nodes])
            for each in subtrees
        ]
        offset, leaves = self.offset(estimator, X), self.leaf_ids(estimator, X)

        def ends(subtree: Subtree) -> Array:
            return leaves_above(subtree, trees[subtree.tree], leaves[subtree.tree])

        ensemble = Ensemble(subtrees, np.zeros(offset.shape[1]))
        check_consistency(
            smaller, self.raw_prediction(smaller, X), ensemble, ends, offset
        )

    def small_models(self, estimator: Estimator, units: Units, task: Task) -> Trained:
        if units.granularity == "feature":
            return super().small_models(estimator, units, task)
        if self.n_outputs(estimator) == 1:
            return small_boosting(estimator, task)
        # boosting has one output: smaller models of the same class remain
        shapes: list[dict[str, Any]] = [{"max_leaf_nodes": n} for n in MAX_LEAVES]
        if "n_estimators" in estimator.get_params(deep=False):
            shapes = [{"n_estimators": n, **each} for n in N_TREES for each in shapes]
        return smaller_clones(estimator, task, shapes)


class BoostedFamily(TreesFamily):
    """Base of the families whose trees add up to the raw scores of a loss.

    Attributes
    ----------
    zero_is_second : bool
        Whether a raw score of exactly zero predicts the second of two classes.
    """

    default_method = "backfitting"
    zero_is_second: bool = False

    def capabilities(self, estimator: Estimator) -> frozenset[str]:
        return super().capabilities(estimator) | {"as_fitted"}

    def as_fitted(self, estimator: Estimator, task: Task) -> bool:
        """Whether a clone fitted on its training rows would be a model like this one.

        This is the capability of the same name. The first stages are fitted on the
        rows of the task. Their mean number of nodes is compared with that of all stages
        of the model, since pruning removes more of the later ones. The result is False
        for pruned trees, and where the fit fails.
        """
        params = estimator.get_params(deep=False)
        name = "max_iter" if "max_iter" in params else "n_estimators"
        n_stages = min(N_STAGES_COMPARED, params[name])
        changed = {name: n_stages, "warm_start": False, "n_iter_no_change": None}
        if "early_stopping" in params:
            changed |= {"early_stopping": False, "n_iter_no_change": 1}
        few = seeded(clone(estimator).set_params(**changed), task.random_state)
        try:
            self.fit(few, *task.rows)
        except ValueError:
            return False
        fitted, own = (
            np.mean([len(self.rows_per_node(tree)) for tree in each])
            for each in (self.sklearn_trees(few), self.sklearn_trees(estimator))
        )
        share = min(1.0, task.n_samples / self.n_fitted(estimator))
        return bool(MIN_NODES * share * own <= fitted <= MAX_NODES * own)

    def output_kind(self, estimator: Estimator) -> str:
        return "scores"

    def loss(self, estimator: Estimator) -> Any:
        return estimator._loss

    def targets(self, estimator: Estimator, y: ArrayLike) -> Array:
        y = np.ravel(y)
        if not is_classifier(estimator):
            return y.astype(float)
        return np.searchsorted(estimator.classes_, y).astype(float)

    def response(
        self, estimator: Estimator, raw_prediction: Array, response: str
    ) -> Array:
        one_column = raw_prediction.shape[1] == 1
        raw = raw_prediction[:, 0] if one_column else raw_prediction
        if response == "decision_function":
            return raw
        if response == "predict_proba":
            return self.loss(estimator).predict_proba(raw)
        if not is_classifier(estimator):
            return self.loss(estimator).link.inverse(raw)
        if raw.ndim > 1:
            return estimator.classes_[raw.argmax(axis=1)]
        second = raw >= 0 if self.zero_is_second else raw > 0
        return estimator.classes_[second.astype(int)]
