"""`Bagging*`: whole members of any kind, and leaves where the members are trees."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.tree import BaseDecisionTree
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from sklprune._estimators import without
from sklprune._registry import family_of
from sklprune._sklearn_private import bags_can_be_drawn
from sklprune.families._averaging_ensembles import MembersFamily
from sklprune.families._base import Family
from sklprune.families._training_state import ROW_ARRAYS, strip_models_inside
from sklprune.families._trees import filled, renumbered


class BaggingFamily(MembersFamily):
    """`BaggingClassifier` and `BaggingRegressor`.

    A member sees some of the columns, under numbers of its own, and may know some of
    the classes; here its tree is one of all columns and all classes. Where trees were
    cut they are given only the columns that they read.
    """

    classes = ("BaggingClassifier", "BaggingRegressor")

    # -- what it is made of ----------------------------------------------------------

    def _holds_trees(self, estimator):
        """Whether members are trees that say what it averages."""
        members = getattr(estimator, "estimators_", [estimator.estimator])
        return all(
            member is None
            or isinstance(member, BaseDecisionTree)
            and is_classifier(member) == is_classifier(estimator)
            for member in members
        )

    def n_values(self, estimator):
        if is_classifier(estimator):
            return estimator.n_classes_
        return self.n_outputs(estimator)

    def n_outputs(self, estimator):
        if not hasattr(estimator, "estimators_"):
            return 1
        return getattr(estimator.estimators_[0], "n_outputs_", 1)

    def method_of(self, estimator):
        if not self._holds_trees(estimator):
            return Family.default_method
        return super().method_of(estimator)

    def own_misfit(self, estimator, granularity):
        if granularity == "leaf" and not self._holds_trees(estimator):
            inner = getattr(estimator, "estimators_", [estimator.estimator])[0]
            return (
                f"averages {type(inner).__name__}: leaves of trees do not say what it "
                "adds up"
            )
        return super().own_misfit(estimator, granularity)

    def capabilities(self, estimator):
        offers = super().capabilities(estimator)
        if not self._holds_trees(estimator):
            return offers & {"members", "out_of_bag"}
        # other values in the leaves would break what was promised of them
        if getattr(estimator.estimator, "monotonic_cst", None) is not None:
            offers -= {"rebuild"}
        return offers if bags_can_be_drawn(estimator) else offers - {"fitted_on"}

    def class_weight(self, estimator):
        of_class = getattr(estimator.estimator, "class_weight", None)
        if not isinstance(of_class, dict):
            return of_class
        # members know classes by their positions
        return {estimator.classes_[i]: each for i, each in of_class.items()}

    def counts(self, estimator):
        if self._holds_trees(estimator):
            return super().counts(estimator)
        of_members = [family_of(each).counts(each) for each in estimator.estimators_]
        known = set.intersection(*map(set, of_members)) - {"features", "members"}
        counts = {name: sum(each[name] for each in of_members) for name in known}
        own = {"members": len(of_members), "features": estimator.n_features_in_}
        return counts | own

    # -- rows and members ------------------------------------------------------------

    def bootstrap_rows_known(self, estimator):
        if not bags_can_be_drawn(estimator):
            return False
        return estimator.bootstrap or estimator._max_samples < estimator._n_samples

    def bootstrap_rows(self, estimator):
        # rows that were drawn twice are one row of twice the weight, where members
        # take weights
        drawn = zip(estimator.estimators_samples_, estimator.estimators_)
        return [
            rows if member.tree_.n_node_samples[0] == len(rows) else np.unique(rows)
            for rows, member in drawn
        ]

    def member_outputs(self, estimator, X):
        X = _rows(estimator, X)
        said = [
            self._said(estimator, member, X[:, columns])
            for member, columns in _with_columns(estimator)
        ]
        return np.stack(said, axis=1)

    def _said(self, estimator, member, X):
        """What a member says of its columns, (n_rows, n_outputs), float32."""
        if not is_classifier(estimator):
            return member.predict(X).reshape(X.shape[0], -1).astype(np.float32)
        said = np.zeros((X.shape[0], estimator.n_classes_), dtype=np.float32)
        if hasattr(member, "predict_proba"):
            said[:, member.classes_] = member.predict_proba(X)
        else:
            # a vote; members know classes by their numbers
            said[np.arange(len(said)), member.predict(X)] = 1
        return said

    # -- trees as arrays -------------------------------------------------------------

    def sklearn_trees(self, estimator):
        return [
            _of_all(member, columns, estimator)
            for member, columns in _with_columns(estimator)
        ]

    def rows_of_trees(self, estimator, X):
        X = _rows(estimator, X)
        return check_array(
            X, accept_sparse="csr", dtype=np.float32, ensure_all_finite=False
        )

    def holding(self, estimator, members, positions):
        model = super().holding(estimator, members, positions)
        columns = [estimator.estimators_features_[i] for i in positions]
        model.estimators_features_ = columns
        # each draws the rows of one member
        if len(estimator._seeds) == len(estimator.estimators_):
            model._seeds = estimator._seeds[positions]
        return model

    def _with_trees(self, estimator, subtrees, trees):
        model = super()._with_trees(estimator, subtrees, trees)
        read = [_columns_read(tree) for tree in trees]
        for member, columns in zip(model.estimators_, read):
            numbers = np.searchsorted(columns, np.arange(estimator.n_features_in_))
            member.tree_ = renumbered(member.tree_, numbers, len(columns))
            member.n_features_in_ = len(columns)
            if is_classifier(estimator):
                member.classes_ = np.arange(estimator.n_classes_)
                member.n_classes_ = estimator.n_classes_
        model.estimators_features_ = read
        return model

    def strip(self, estimator):
        weights = getattr(estimator, "_sample_weight", None)
        of_rows = ROW_ARRAYS if weights is None else (*ROW_ARRAYS, "_sample_weight")
        model = strip_models_inside(without(estimator, (*of_rows, "oob_score_")))
        # most members see the same columns: then they share the numbers
        met = {}
        model.estimators_features_ = [
            met.setdefault(columns.tobytes(), columns)
            for columns in estimator.estimators_features_
        ]
        return model


def _with_columns(estimator):
    """Members, and which columns each of them sees."""
    return zip(estimator.estimators_, estimator.estimators_features_)


def _rows(estimator, X):
    """Rows as members take them."""
    return validate_data(
        estimator,
        X,
        accept_sparse=["csr", "csc"],
        dtype=None,
        ensure_all_finite=False,
        reset=False,
    )


def _of_all(member, columns, estimator):
    """The tree of a member as one of all columns and all classes."""
    tree, width = member.tree_, estimator.n_features_in_
    if not np.array_equal(columns, np.arange(width)):
        tree = renumbered(tree, columns, width)
    if not is_classifier(estimator) or member.n_classes_ == estimator.n_classes_:
        return tree
    state = tree.__getstate__()
    value = np.zeros((tree.node_count, estimator.n_classes_))
    value[:, member.classes_] = state["values"][:, 0]
    return filled(tree, state["nodes"], value, n_classes=estimator.n_classes_)


def _columns_read(tree):
    """The columns that a tree asks for; one at least, as it must be given some."""
    read = np.unique(tree.feature[tree.feature >= 0])
    return read if len(read) else np.zeros(1, dtype=read.dtype)
