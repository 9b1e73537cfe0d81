"""Base class of forests and bagging: ensembles that average their members.

Whole members are a second kind of unit, beside the leaves of trees. The base class also
implements the capabilities "members" and "out_of_bag".
"""

from typing import Any

import numpy as np
from sklearn.tree import BaseDecisionTree

from sklprune._progress import tracked
from sklprune._registry import family_of
from sklprune._trees.arrays import Ensemble, Subtree, TreeArrays
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune._units import Units
from sklprune.families._averaged_trees import AveragedFamily, one_hot
from sklprune.families._base import Family
from sklprune.families._sklearn_tree import (
    ROOT_ONLY,
    pruned_tree,
    tree_arrays_of,
    with_tree,
)

#: largest share of rows without an out-of-bag tree that still counts as "nearly none"
MAX_SHARE_WITHOUT = 0.01


def is_tree(estimator: Estimator) -> bool:
    """Whether an estimator is a tree of scikit-learn that predicts what it stores."""
    return isinstance(estimator, BaseDecisionTree) and "leaf" in (
        family_of(estimator).granularities
    )


class MembersFamily(AveragedFamily):
    """Base of the families that average the outputs of members, mostly of trees.

    Units of granularity "member" are the entries of `estimators_`.

    Attributes
    ----------
    member : str
        Name of a member in a report.
    """

    granularities = ("leaf", "member")
    default_method = "backfitting"
    member: str = "member"

    def own_units(self, estimator: Estimator, granularity: str) -> Units:
        if granularity == "leaf":
            return super().own_units(estimator, granularity)
        return Units("member", len(estimator.estimators_))

    def own_names(self, units: Units) -> Array:
        if units.granularity == "leaf":
            return super().own_names(units)
        return np.array([f"{self.member} {i}" for i in range(units.count)])

    def own_remove(self, estimator: Estimator, units: Units, keep: Array) -> Estimator:
        if units.granularity == "leaf":
            return super().own_remove(estimator, units, keep)
        positions = np.flatnonzero(keep)
        members = [estimator.estimators_[i] for i in positions]
        return self.with_members(estimator, members, positions)

    def with_members(
        self, estimator: Estimator, members: list[Estimator], positions: Any
    ) -> Estimator:
        """A stripped copy that averages other members.

        Parameters
        ----------
        estimator : estimator
        members : list of estimator
        positions : sequence of int
            For each member the position of the original member that it replaces.
        """
        model = self.strip(estimator)
        model.estimators_ = members
        model.n_estimators = len(members)
        return model

    # -- members that are no trees -----------------------------------------------------

    def _averages_trees(self, estimator: Estimator) -> bool:
        """Whether the members are trees whose values are the averaged outputs."""
        members = getattr(estimator, "estimators_", [estimator.estimator])
        return all(is_tree(member) for member in members)

    def method_of(self, estimator: Estimator) -> str:
        if not self._averages_trees(estimator):
            return Family.default_method
        return super().method_of(estimator)

    def own_misfit(self, estimator: Estimator, granularity: str) -> str:
        if granularity == "leaf" and not self._averages_trees(estimator):
            inner = getattr(estimator, "estimators_", [estimator.estimator])[0]
            name = "a default of its own" if inner is None else type(inner).__name__
            return (
                f"averages {name}: leaves of trees do not hold the "
                "values that it averages"
            )
        return super().own_misfit(estimator, granularity)

    def capabilities(self, estimator: Estimator) -> frozenset[str]:
        own = {"members"}
        own |= {"out_of_bag"} if self.has_out_of_bag_rows(estimator) else set()
        if not self._averages_trees(estimator):
            return frozenset(own)
        own |= {"empty_boosting"} if self._fits_into_boosting(estimator) else set()
        return super().capabilities(estimator) | own

    def unread_columns(self, estimator: Estimator) -> Array | None:
        known = self._averages_trees(estimator)
        return super().unread_columns(estimator) if known else None

    def _fits_into_boosting(self, estimator: Estimator) -> bool:
        """Whether the model has one output, and two classes or more if it has any."""
        classes = getattr(estimator, "classes_", (0, 1))
        return self.n_outputs(estimator) == 1 and len(classes) > 1

    # -- the capability "members" ------------------------------------------------------

    def member_outputs(self, estimator: Estimator, X: MatrixLike) -> Array:
        """The outputs of each member: (n_rows, n_members, n_values), float32.

        They are the probabilities of all classes, or the values of a regressor, with
        several outputs side by side.
        """
        raise NotImplementedError

    def member_targets(self, estimator: Estimator, y: ArrayLike) -> Array:
        """Targets of the outputs of a member: (n_rows, n_values), float32."""
        return one_hot(estimator, y, padded=False).astype(np.float32)

    # -- the capability "out_of_bag" ---------------------------------------------------

    def has_out_of_bag_rows(self, estimator: Estimator) -> bool:
        """Whether members have out-of-bag rows, and it is known which these are."""
        raise NotImplementedError

    def draws_with_equal_weights(self, estimator: Estimator) -> bool:
        """Whether trees are known to differ in bootstrap samples of unweighted rows."""
        return False

    def n_fitted(self, estimator: Estimator) -> int:
        # the root of a tree counts its bootstrap sample only
        return estimator._n_samples

    def out_of_bag(self, estimator: Estimator) -> Array:
        """The training rows that each member was not fitted on.

        Returns
        -------
        ndarray of shape (n_fitted, n_members), bool
            In the order of the rows in `fit`.
        """
        samples = estimator.estimators_samples_
        unseen = np.ones((estimator._n_samples, len(samples)), dtype=bool)
        for member, rows in enumerate(samples):
            unseen[rows, member] = False
        return unseen

    def out_of_bag_covers_rows(self, estimator: Estimator) -> bool:
        """Whether nearly every training row is out of bag for a member."""
        without = ~self.out_of_bag(estimator).any(axis=1)
        return bool(without.mean() <= MAX_SHARE_WITHOUT)

    def raw_predictions_by(
        self, estimator: Estimator, X: MatrixLike, chosen: Array
    ) -> Array:
        """Raw predictions by some of the trees, scaled up to the number of all trees.

        Parameters
        ----------
        estimator : estimator
        X : array-like of shape (n_rows, n_features)
        chosen : ndarray of shape (n_choices, n_rows, n_members), bool
            The trees that predict a row, at least one; several such choices.

        Returns
        -------
        ndarray of shape (n_choices, n_rows, n_values)
        """
        raw = np.stack([self.offset(estimator, X)] * len(chosen))
        trees = (
            tracked(self.tree_arrays(estimator), "trees"),
            self.leaf_ids(estimator, X),
            np.moveaxis(chosen, 2, 0),
        )
        for tree, ids, predicts in zip(*trees):
            np.add(raw, tree.value[ids], out=raw, where=predicts[..., None])
        raw *= chosen.shape[2] / chosen.sum(axis=2, keepdims=True)
        if self.output_kind(estimator) == "distributions":
            # only rounding makes a probability larger than one
            np.minimum(raw, 1.0, out=raw)
        return raw

    # -- trees as arrays ---------------------------------------------------------------

    def checked_rows(self, estimator: Estimator, X: MatrixLike) -> MatrixLike:
        """X in the form that its `Tree` objects take: float32, dense or CSR."""
        raise NotImplementedError

    def tree_arrays(self, estimator: Estimator) -> list[TreeArrays]:
        trees = self.sklearn_trees(estimator)
        return [tree_arrays_of(tree, i, 1 / len(trees)) for i, tree in enumerate(trees)]

    def leaf_ids(self, estimator: Estimator, X: MatrixLike) -> Array:
        X = self.checked_rows(estimator, X)
        ids = np.empty((len(estimator.estimators_), X.shape[0]), dtype=np.int32)
        trees = tracked(self.sklearn_trees(estimator), "trees")
        for row, tree in zip(ids, trees):
            row[:] = tree.apply(X)
        return ids

    def from_arrays(
        self,
        estimator: Estimator,
        ensemble: Ensemble,
        trees: list[Any] | None = None,
    ) -> Estimator:
        trees = self.sklearn_trees(estimator) if trees is None else trees
        subtrees = self.at_least_one(ensemble)
        # the average over n trees is the sum only if each value is multiplied by n
        n_trees = len(subtrees)
        values: list[Any] = [each.value for each in subtrees]
        equal_weights = self.draws_with_equal_weights(estimator)
        smaller = [
            pruned_tree(
                trees[each.tree],
                each,
                self.stored_values(estimator, n_trees * value + ensemble.baseline),
                short_statistics=True,
                equal_weights=equal_weights,
            )
            for each, value in zip(subtrees, values)
        ]
        return self._with_trees(estimator, subtrees, smaller)

    def with_trees(self, estimator: Estimator, trees: list[Any]) -> Estimator:
        subtrees = [ROOT_ONLY._replace(tree=i) for i in range(len(trees))]
        return self._with_trees(estimator, subtrees, trees)

    def with_subtrees(self, estimator: Estimator, subtrees: list[Subtree]) -> Estimator:
        trees = self.sklearn_trees(estimator)
        smaller = [pruned_tree(trees[each.tree], each) for each in subtrees]
        return self._with_trees(estimator, subtrees, smaller)

    def _with_trees(
        self, estimator: Estimator, subtrees: list[Subtree], trees: list[Any]
    ) -> Estimator:
        """A copy of the estimator whose members hold given trees, one per subtree."""
        positions = [subtree.tree for subtree in subtrees]
        members = [
            with_tree(estimator.estimators_[i], tree)
            for i, tree in zip(positions, trees)
        ]
        return self.with_members(estimator, members, positions)
