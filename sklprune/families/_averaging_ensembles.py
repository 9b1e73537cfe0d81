"""Models that average members: whole members as units, beside the leaves of trees."""

import numpy as np

from sklprune._units import Units
from sklprune.families._averaged_trees import AveragedFamily, one_hot
from sklprune.families._trees import cut, table, with_tree

#: the share of rows that may be known to every tree, where all others have trees that
#: speak for them out of bag
MOST_SEEN_BY_ALL = 0.01


class MembersFamily(AveragedFamily):
    """Base of the families that average the outputs of members, mostly trees."""

    granularities = ("leaf", "member")
    default_method = "backfitting"
    #: what a member is called in a report
    member = "member"

    def own_units(self, estimator, granularity):
        if granularity == "leaf":
            return super().own_units(estimator, granularity)
        return Units("member", len(estimator.estimators_))

    def own_names(self, units):
        if units.granularity == "leaf":
            return super().own_names(units)
        return np.array([f"{self.member} {i}" for i in range(units.count)])

    def own_remove(self, estimator, units, keep):
        if units.granularity == "leaf":
            return super().own_remove(estimator, units, keep)
        positions = np.flatnonzero(keep)
        members = [estimator.estimators_[i] for i in positions]
        return self.holding(estimator, members, positions)

    def holding(self, estimator, members, positions):
        """A stripped copy of a model that averages other members.

        `positions` are those of the members that these stand for.
        """
        model = self.strip(estimator)
        model.estimators_ = members
        model.n_estimators = len(members)
        return model

    def capabilities(self, estimator):
        own = {"members"}
        own |= {"out_of_bag"} if self.bootstrap_rows_known(estimator) else set()
        own |= {"empty_boosting"} if self._boosting_holds(estimator) else set()
        return super().capabilities(estimator) | own

    def _boosting_holds(self, estimator):
        """Whether boosting can hold the trees: one output, of two classes or more."""
        classes = getattr(estimator, "classes_", (0, 1))
        return self.n_outputs(estimator) == 1 and len(classes) > 1

    # -- rows and members ------------------------------------------------------------

    def bootstrap_rows_known(self, estimator):
        """Whether there are rows that members have not seen, and which is known."""
        raise NotImplementedError

    def n_fitted(self, estimator):
        # a sample of the rows holds fewer of them
        return estimator._n_samples

    def out_of_bag(self, estimator):
        """Which rows of the training data each member has not seen, bool.

        Rows are in the order in which they were given to `fit`. (n_rows, n_members)
        """
        samples = estimator.estimators_samples_
        unseen = np.ones((estimator._n_samples, len(samples)), dtype=bool)
        for member, rows in enumerate(samples):
            unseen[rows, member] = False
        return unseen

    def out_of_bag_covers_rows(self, estimator):
        """Whether nearly every row has a tree that has not seen it."""
        seen_by_all = ~self.out_of_bag(estimator).any(axis=1)
        return bool(seen_by_all.mean() <= MOST_SEEN_BY_ALL)

    def raw_predictions_by(self, estimator, X, speaks):
        """What some trees say of each row, as a sum over as many as there are.

        Parameters
        ----------
        estimator : estimator
        X : array-like of shape (n_rows, n_features)
        speaks : ndarray of shape (n_choices, n_rows, n_members), bool
            Which trees speak of a row, one at least; several choices of them.

        Returns
        -------
        ndarray of shape (n_choices, n_rows, n_values)
        """
        total = np.stack([self.offset(estimator, X)] * len(speaks))
        known = (
            self.tree_arrays(estimator),
            self.leaf_ids(estimator, X),
            np.moveaxis(speaks, 2, 0),
        )
        for tree, ids, mine in zip(*known):
            np.add(total, tree.value[ids], out=total, where=mine[..., None])
        total *= speaks.shape[2] / speaks.sum(axis=2, keepdims=True)
        if self.output_kind(estimator) == "distributions":
            # rounding alone has made them larger
            np.minimum(total, 1.0, out=total)
        return total

    def member_outputs(self, estimator, X):
        """What each member says: (n_rows, n_members, n_outputs), float32.

        Probabilities of all classes of a classifier, values of a regressor. Of
        several outputs all are laid side by side.
        """
        raise NotImplementedError

    def member_targets(self, estimator, y):
        """What each member ought to say: (n_rows, n_outputs), float32."""
        return one_hot(estimator, y, padded=False).astype(np.float32)

    # -- trees as arrays -------------------------------------------------------------

    def rows_of_trees(self, estimator, X):
        """X as its trees take it: float32."""
        raise NotImplementedError

    def tree_arrays(self, estimator):
        trees = self.sklearn_trees(estimator)
        return [table(tree, i, 1 / len(trees)) for i, tree in enumerate(trees)]

    def leaf_ids(self, estimator, X):
        X = self.rows_of_trees(estimator, X)
        ids = np.empty((len(estimator.estimators_), X.shape[0]), dtype=np.int32)
        for row, tree in zip(ids, self.sklearn_trees(estimator)):
            row[:] = tree.apply(X)
        return ids

    def from_arrays(self, estimator, ensemble, trees=None):
        trees = self.sklearn_trees(estimator) if trees is None else trees
        subtrees = self.at_least_one(ensemble)
        # an average of n trees is the sum of what they say, each n times as loud
        said = [len(subtrees) * each.value + ensemble.baseline for each in subtrees]
        smaller = [
            cut(trees[each.tree], each, value) for each, value in zip(subtrees, said)
        ]
        return self._with_trees(estimator, subtrees, smaller)

    def with_subtrees(self, estimator, subtrees):
        trees = self.sklearn_trees(estimator)
        smaller = [cut(trees[each.tree], each) for each in subtrees]
        return self._with_trees(estimator, subtrees, smaller)

    def _with_trees(self, estimator, subtrees, trees):
        """A copy of the estimator with other trees in place of some of its own."""
        positions = [subtree.tree for subtree in subtrees]
        members = [
            with_tree(estimator.estimators_[i], tree)
            for i, tree in zip(positions, trees)
        ]
        return self.holding(estimator, members, positions)
