"""`GradientBoosting*`: stages of small trees that add up to raw scores."""

import copy
import math
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_array

from sklprune._estimators import without
from sklprune._registry import register_family
from sklprune._trees.arrays import Ensemble, Subtree, TreeArrays
from sklprune._trees.permuted_columns import Summands
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune.families._column_links import Mask, is_all, with_inputs
from sklprune.families._empty_boosting import make_empty_boosting
from sklprune.families._sklearn_tree import (
    ROOT_ONLY,
    pruned_tree,
    tree_arrays_of,
    tree_on_columns,
    with_tree,
)
from sklprune.families._training_state import small_generator
from sklprune.families._trees import BoostedFamily

#: losses that scikit-learn doubles before it records them
HALVED_LOSSES = ("HalfBinomialLoss", "HalfSquaredError")
#: relative difference of a loss that is computed twice
SAME_LOSS = 1e-9
#: the loss on the rows of a fit is at most this multiple of the last loss, which is
#: that of the rows drawn for the last stage
MAX_LOSS_RATIO = 2.0
#: attributes with a number for each stage, which no prediction reads. A fit with
#: `warm_start` extends them
STAGE_SCORES = ("oob_improvement_", "oob_scores_", "train_score_")


class BoostingFamily(BoostedFamily):
    """`GradientBoostingClassifier` and `GradientBoostingRegressor`.

    With more than two classes, each stage has one tree for each class.
    """

    classes = ("BaseGradientBoosting",)
    zero_is_second = True

    def sklearn_trees(self, estimator: Estimator) -> list[Any]:
        return [member.tree_ for member in estimator.estimators_.ravel()]

    def tree_arrays(self, estimator: Estimator) -> list[TreeArrays]:
        n_outputs = estimator.estimators_.shape[1]
        return [
            tree_arrays_of(tree, i, estimator.learning_rate, i % n_outputs).averaged()
            for i, tree in enumerate(self.sklearn_trees(estimator))
        ]

    def leaf_ids(self, estimator: Estimator, X: MatrixLike) -> Array:
        ids = estimator.apply(_checked_rows(X)).reshape(X.shape[0], -1)
        return np.ascontiguousarray(ids.T, dtype=np.int32)

    def offset(self, estimator: Estimator, X: MatrixLike) -> Array:
        return estimator._raw_predict_init(_checked_rows(X))

    def raw_prediction(self, estimator: Estimator, X: MatrixLike) -> Array:
        classifier = is_classifier(estimator)
        predict = estimator.decision_function if classifier else estimator.predict
        return predict(X).reshape(X.shape[0], -1)

    def capabilities(self, estimator: Estimator) -> frozenset[str]:
        # an `init` estimator depends on the row: no other model can represent it, and
        # it may read any column
        constant = estimator.init is None or isinstance(estimator.init, str)
        offered = super().capabilities(estimator)
        if not constant:
            return offered - {"fast_permutation"}
        return offered | {"as_boosting"}

    def summands(self, estimator: Estimator) -> Summands:
        values = [
            estimator.learning_rate * tree.value[:, 0]
            for tree in self.sklearn_trees(estimator)
        ]
        return Summands(values, estimator.estimators_.shape[1], 1.0)

    def as_boosting(
        self, estimator: Estimator, X: MatrixLike, container: str
    ) -> tuple[Estimator, list[TreeArrays], Array]:
        # with the exponential loss, the raw score is half of the log odds
        scale = 2.0 if estimator.loss == "exponential" else 1.0
        trees = [
            tree._replace(value=scale * tree.value)
            for tree in self.tree_arrays(estimator)
        ]
        offset = self.offset(estimator, np.zeros((1, estimator.n_features_in_)))
        empty = make_empty_boosting(estimator, X, container)
        return empty, trees, scale * offset[0]

    def from_arrays(
        self,
        estimator: Estimator,
        ensemble: Ensemble,
        trees: list[Any] | None = None,
    ) -> Estimator:
        own = trees is None
        trees = self.sklearn_trees(estimator) if trees is None else trees
        rate = estimator.learning_rate
        columns: list[list[Any]] = [[] for _ in range(estimator.estimators_.shape[1])]
        for subtree in ensemble.subtrees:
            value = subtree.value / rate
            output = subtree.output or 0
            # the first tree of an output carries its constant
            if not columns[output]:
                value = value + ensemble.baseline[output] / rate
            smaller = pruned_tree(
                trees[subtree.tree],
                subtree,
                value,
                n_classes=1,
                short_statistics=not own,
            )
            columns[output].append(smaller)
        return self._with_columns(
            estimator, columns, trees[0], ensemble.baseline / rate
        )

    def with_trees(self, estimator: Estimator, trees: list[Any]) -> Estimator:
        model = self.strip(estimator)
        members = model.estimators_.ravel()
        new = [with_tree(member, tree) for member, tree in zip(members, trees)]
        model.estimators_ = np.array(new, dtype=object).reshape(model.estimators_.shape)
        return model

    def with_subtrees(self, estimator: Estimator, subtrees: list[Subtree]) -> Estimator:
        trees = self.sklearn_trees(estimator)
        columns: list[list[Any]] = [[] for _ in range(estimator.estimators_.shape[1])]
        for subtree in subtrees:
            tree = trees[subtree.tree]
            value = tree_arrays_of(tree).averaged().value[subtree.nodes]
            columns[subtree.output or 0].append(pruned_tree(tree, subtree, value))
        return self._with_columns(estimator, columns, trees[0], np.zeros(len(columns)))

    def _with_columns(
        self,
        estimator: Estimator,
        columns: list[list[Any]],
        any_tree: Any,
        constant: Array,
    ) -> Estimator:
        """A copy of the estimator with other trees.

        Parameters
        ----------
        estimator : estimator
        columns : list of list of Tree
            The trees of each output. Shorter lists are filled up with constant trees.
        any_tree : Tree
            The model for constant trees.
        constant : ndarray of shape (n_outputs,)
            Value of the first tree of an output that has no tree.
        """
        model = self.strip(estimator)
        n_stages = max(1, *(len(column) for column in columns))
        member = with_tree(model.estimators_[0, 0], None)
        model.estimators_ = np.empty((n_stages, len(columns)), dtype=object)
        for k, column in enumerate(columns):
            for stage in range(n_stages):
                if stage < len(column):
                    tree = column[stage]
                else:
                    value = np.array([[constant[k] * (stage == 0)]])
                    tree = pruned_tree(any_tree, ROOT_ONLY, value, n_classes=1)
                model.estimators_[stage, k] = with_tree(member, tree)
        model.n_estimators = model.n_estimators_ = n_stages
        return model

    def unread_columns(self, estimator: Estimator) -> Array | None:
        # an `init` estimator may read every column
        constant = estimator.init is None or isinstance(estimator.init, str)
        return super().unread_columns(estimator) if constant else None

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        if inputs is None or is_all(inputs):
            return estimator
        model = with_inputs(self.strip(estimator), inputs)
        model.estimators_ = np.empty_like(estimator.estimators_)
        for place, member in np.ndenumerate(estimator.estimators_):
            model.estimators_[place] = tree_on_columns(member, inputs)
        if not isinstance(estimator.init_, str):
            model.init_ = with_inputs(estimator.init_, inputs)
        return model

    def fitted_on(
        self,
        estimator: Estimator,
        X: MatrixLike,
        y: ArrayLike | None = None,
        sample_weight: Array | None = None,
    ) -> bool:
        if super().fitted_on(estimator, X, y, sample_weight):
            return True
        # stumps have few leaves; the last loss of a fit on all rows is exact
        if estimator.subsample < 1 or estimator.n_iter_no_change is not None:
            return False
        ratio = self._loss_ratio(estimator, X, y, sample_weight)
        return ratio is not None and abs(ratio - 1) < SAME_LOSS

    def rows_agree(
        self,
        estimator: Estimator,
        X: MatrixLike,
        y: ArrayLike | None = None,
        sample_weight: Array | None = None,
    ) -> bool | None:
        agree = super().rows_agree(estimator, X, y, sample_weight)
        ratio = self._loss_ratio(estimator, X, y, sample_weight)
        if agree is False or ratio is None:
            return agree
        return None if ratio < MAX_LOSS_RATIO else False

    def _loss_ratio(
        self,
        estimator: Any,
        X: MatrixLike,
        y: ArrayLike | None,
        sample_weight: Array | None,
    ) -> float | None:
        """The loss on rows relative to the last training loss, or None if unknown."""
        recorded = getattr(estimator, "train_score_", np.empty(0))
        if y is None or len(recorded) != len(estimator.estimators_):
            return None
        raw = self.raw_prediction(estimator, X)
        loss = estimator._loss(
            y_true=self.targets(estimator, y),
            raw_prediction=raw[:, 0] if raw.shape[1] == 1 else raw,
            sample_weight=sample_weight,
        )
        factor = 2 if type(estimator._loss).__name__ in HALVED_LOSSES else 1
        return float(factor * loss / recorded[-1]) if recorded[-1] > 0 else None

    def n_rows_per_tree(self, estimator: Estimator, n_rows: int) -> int:
        if estimator.n_iter_no_change is not None:
            n_rows -= math.ceil(n_rows * estimator.validation_fraction)
        return max(1, int(estimator.subsample * n_rows))

    def strip(self, estimator: Estimator) -> Estimator:
        model = without(estimator, ())
        state = vars(estimator)
        # `warm_start` resizes each array to the number of stages: one number that is
        # not known becomes as many of them
        unknown = {name: np.array([np.nan]) for name in STAGE_SCORES if name in state}
        model.__dict__.update(unknown)
        if "oob_score_" in state:
            model.oob_score_ = np.nan
        if "_rng" in state:
            # each stage draws its sample of the rows, and each tree takes a seed
            draws = estimator.subsample < 1
            model._rng = small_generator(estimator._rng, draws=draws)
        model.estimators_ = np.empty_like(estimator.estimators_)
        for place, member in np.ndenumerate(estimator.estimators_):
            model.estimators_[place] = _without_generator(member)
        return model


def _without_generator(member: Estimator) -> Estimator:
    """A copy of a tree estimator without the generator of the ensemble."""
    # it adds 2.5 kB to a file, and no prediction reads it
    member = copy.copy(member)
    member.random_state = None
    return member


def _checked_rows(X: MatrixLike) -> MatrixLike:
    """X as the trees take it: float32, without the names of a data frame."""
    return check_array(X, dtype=np.float32, order="C", accept_sparse="csr")


register_family(BoostingFamily())
