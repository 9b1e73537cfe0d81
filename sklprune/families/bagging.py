"""`Bagging*`: units are whole members of any kind, or leaves if members are trees."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from sklprune._estimators import without
from sklprune._progress import tracked
from sklprune._registry import family_of, register_family
from sklprune._sklearn_private import BAGGING_SAMPLES_BY_WEIGHT
from sklprune._trees.arrays import Subtree
from sklprune._typing import Array, Estimator, MatrixLike
from sklprune.families._averaging_ensembles import MembersFamily, is_tree
from sklprune.families._column_links import (
    Mask,
    at_least_first,
    is_all,
    with_inputs,
)
from sklprune.families._sklearn_tree import (
    renumber_columns,
    tree_of_nodes,
    tree_on_columns,
)
from sklprune.families._training_state import ROW_ARRAYS, strip_models_inside


class BaggingFamily(MembersFamily):
    """`BaggingClassifier` and `BaggingRegressor`.

    A member is fitted on some of the columns, which it numbers from zero. It may lack
    some of the classes. `sklearn_trees` gives its tree for all columns and all classes.
    A member whose tree was pruned receives only the columns that the tree reads.
    """

    classes = ("BaggingClassifier", "BaggingRegressor")

    # -- structure ---------------------------------------------------------------------

    def _averages_trees(self, estimator: Estimator) -> bool:
        """Whether the members are trees whose values are the averaged outputs."""
        members = getattr(estimator, "estimators_", [estimator.estimator])
        # a class of another package may have another default than a tree
        own_default = type(estimator).__module__.startswith("sklearn.")
        return all(
            (member is None and own_default)
            or is_tree(member)
            and is_classifier(member) == is_classifier(estimator)
            for member in members
        )

    def n_values(self, estimator: Estimator) -> int:
        if is_classifier(estimator):
            return estimator.n_classes_
        return self.n_outputs(estimator)

    def n_outputs(self, estimator: Estimator) -> int:
        if not hasattr(estimator, "estimators_"):
            return 1
        return getattr(estimator.estimators_[0], "n_outputs_", 1)

    def capabilities(self, estimator: Estimator) -> frozenset[str]:
        offered = super().capabilities(estimator)
        if not self._averages_trees(estimator):
            return offered
        # other leaf values might violate the constraint
        if getattr(estimator.estimator, "monotonic_cst", None) is not None:
            offered -= {"rebuild"}
        return offered if _samples_known(estimator) else offered - {"fitted_on"}

    def class_weight(self, estimator: Estimator) -> Any:
        weight = getattr(estimator.estimator, "class_weight", None)
        if not isinstance(weight, dict):
            return weight
        # members are fitted on the positions of the classes
        return {estimator.classes_[i]: each for i, each in weight.items()}

    # -- columns that are no longer read -----------------------------------------------

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        if inputs is None or is_all(inputs):
            return estimator
        model = with_inputs(self.strip(estimator), inputs)
        numbers = np.cumsum(inputs) - 1
        model.estimators_, model.estimators_features_ = [], []
        for member, columns in _with_columns(estimator):
            # a tree without splits may receive any column
            kept = at_least_first(inputs[columns])
            model.estimators_.append(tree_on_columns(member, kept))
            own = np.maximum(numbers[columns[kept]], 0)
            model.estimators_features_.append(own)
        return model

    def counts(self, estimator: Estimator) -> dict[str, float]:
        if self._averages_trees(estimator):
            return super().counts(estimator)
        members = [family_of(each).counts(each) for each in estimator.estimators_]
        common = set.intersection(*map(set, members)) - {"features", "members"}
        counts = {name: sum(each[name] for each in members) for name in common}
        own = {"members": len(members), "features": estimator.n_features_in_}
        return counts | own

    # -- rows and members --------------------------------------------------------------

    def has_out_of_bag_rows(self, estimator: Estimator) -> bool:
        if not _samples_known(estimator):
            return False
        return estimator.bootstrap or estimator._max_samples < estimator._n_samples

    def bootstrap_rows(self, estimator: Estimator) -> Sequence[Any]:
        # a member that takes weights counts a row once that was drawn twice
        drawn = zip(estimator.estimators_samples_, estimator.estimators_)
        return [
            rows if member.tree_.n_node_samples[0] == len(rows) else np.unique(rows)
            for rows, member in drawn
        ]

    def member_outputs(self, estimator: Estimator, X: MatrixLike) -> Array:
        X = _validated(estimator, X)
        outputs = [
            self._outputs(estimator, member, X[:, columns])
            for member, columns in tracked(_with_columns(estimator), "members")
        ]
        return np.stack(outputs, axis=1)

    def _outputs(self, estimator: Estimator, member: Estimator, X: MatrixLike) -> Array:
        """Outputs of a member for its columns of X: (n_rows, n_values), float32."""
        if not is_classifier(estimator):
            return member.predict(X).reshape(X.shape[0], -1).astype(np.float32)
        proba = np.zeros((X.shape[0], estimator.n_classes_), dtype=np.float32)
        if hasattr(member, "predict_proba"):
            proba[:, member.classes_] = member.predict_proba(X)
        else:
            # its votes are averaged; it predicts positions of classes
            proba[np.arange(len(proba)), member.predict(X)] = 1
        return proba

    # -- trees as arrays ---------------------------------------------------------------

    def sklearn_trees(self, estimator: Estimator) -> list[Any]:
        return [
            _full_tree(member, columns, estimator)
            for member, columns in _with_columns(estimator)
        ]

    def checked_rows(self, estimator: Estimator, X: MatrixLike) -> MatrixLike:
        X = _validated(estimator, X)
        return check_array(
            X, accept_sparse="csr", dtype=np.float32, ensure_all_finite=False
        )

    def with_members(
        self, estimator: Estimator, members: list[Estimator], positions: Any
    ) -> Estimator:
        model = super().with_members(estimator, members, positions)
        columns = [estimator.estimators_features_[i] for i in positions]
        model.estimators_features_ = columns
        # the sample of a member is drawn from the seed at its position
        if len(estimator._seeds) == len(estimator.estimators_):
            model._seeds = estimator._seeds[positions]
        return model

    def _with_trees(
        self, estimator: Estimator, subtrees: list[Subtree], trees: list[Any]
    ) -> Estimator:
        model = super()._with_trees(estimator, subtrees, trees)
        read = [_columns_read(tree) for tree in trees]
        for member, columns in zip(model.estimators_, read):
            numbers = np.searchsorted(columns, np.arange(estimator.n_features_in_))
            member.tree_ = renumber_columns(member.tree_, numbers, len(columns))
            member.n_features_in_ = len(columns)
            if is_classifier(estimator):
                member.classes_ = np.arange(estimator.n_classes_)
                member.n_classes_ = estimator.n_classes_
        model.estimators_features_ = read
        return model

    def strip(self, estimator: Estimator) -> Estimator:
        weights = getattr(estimator, "_sample_weight", None)
        of_rows = ROW_ARRAYS if weights is None else (*ROW_ARRAYS, "_sample_weight")
        model = strip_models_inside(without(estimator, (*of_rows, "oob_score_")))
        # members with equal columns, mostly all of them, share one array
        shared: dict[bytes, Array] = {}
        model.estimators_features_ = [
            shared.setdefault(columns.tobytes(), columns)
            for columns in estimator.estimators_features_
        ]
        return model


def _samples_known(bagging: Estimator) -> bool:
    """Whether the rows that each member was fitted on can be drawn again.

    They cannot if they were drawn by weights that are gone, or if a warm start has
    added members and so replaced the seeds.
    """
    seeds, members = vars(bagging).get("_seeds"), vars(bagging).get("estimators_")
    if seeds is None or members is None or len(seeds) != len(members):
        return False
    return not BAGGING_SAMPLES_BY_WEIGHT or hasattr(bagging, "_sample_weight")


def _with_columns(estimator: Estimator) -> Iterator[tuple[Estimator, Array]]:
    """Each member with the positions of its columns."""
    return zip(estimator.estimators_, estimator.estimators_features_)


def _validated(estimator: Estimator, X: MatrixLike) -> MatrixLike:
    """X in the form of which members take columns."""
    return validate_data(
        estimator,
        X,
        accept_sparse=["csr", "csc"],
        dtype=None,
        ensure_all_finite=False,
        reset=False,
    )


def _full_tree(member: Estimator, columns: Array, estimator: Estimator) -> Any:
    """The tree of a member with the numbers of all columns and all classes."""
    tree, width = member.tree_, estimator.n_features_in_
    if not np.array_equal(columns, np.arange(width)):
        tree = renumber_columns(tree, columns, width)
    if not is_classifier(estimator) or member.n_classes_ == estimator.n_classes_:
        return tree
    state = tree.__getstate__()
    value = np.zeros((tree.node_count, estimator.n_classes_))
    value[:, member.classes_] = state["values"][:, 0]
    return tree_of_nodes(tree, state["nodes"], value, n_classes=estimator.n_classes_)


def _columns_read(tree: Any) -> Array:
    """The columns that a tree reads; at least one, since X needs a column."""
    read = np.unique(tree.feature[tree.feature >= 0])
    return read if len(read) else np.zeros(1, dtype=read.dtype)


register_family(BaggingFamily())
