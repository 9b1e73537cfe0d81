"""`GradientBoosting*`: stages of small trees that add up."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_array

from sklprune._estimators import without
from sklprune.families._empty_boosting import make_empty_boosting
from sklprune.families._trees import (
    ONLY_THE_ROOT,
    BoostedFamily,
    cut,
    table,
    with_tree,
)

#: written by training, read by nothing that predicts
TRAINING_STATE = (
    "_rng",
    "oob_improvement_",
    "oob_score_",
    "oob_scores_",
    "train_score_",
)


class BoostingFamily(BoostedFamily):
    """`GradientBoostingClassifier` and `GradientBoostingRegressor`.

    Of several classes every stage holds one tree for each.
    """

    classes = ("BaseGradientBoosting",)
    zero_is_second = True

    def sklearn_trees(self, estimator):
        return [member.tree_ for member in estimator.estimators_.ravel()]

    def tree_arrays(self, estimator):
        n_outputs = estimator.estimators_.shape[1]
        return [
            table(tree, i, estimator.learning_rate, i % n_outputs).averaged()
            for i, tree in enumerate(self.sklearn_trees(estimator))
        ]

    def leaf_ids(self, estimator, X):
        ids = estimator.apply(_values(X)).reshape(X.shape[0], -1)
        return np.ascontiguousarray(ids.T, dtype=np.int32)

    def offset(self, estimator, X):
        return estimator._raw_predict_init(_values(X))

    def raw_prediction(self, estimator, X):
        score = estimator.decision_function if is_classifier(estimator) else None
        return (score or estimator.predict)(X).reshape(X.shape[0], -1)

    def capabilities(self, estimator):
        # other models may stand at the beginning than a constant
        constant = estimator.init is None or isinstance(estimator.init, str)
        own = {"as_boosting"} if constant else set()
        return super().capabilities(estimator) | own

    def as_boosting(self, estimator, X, container):
        # of the exponential loss scores are half the log odds
        loud = 2.0 if estimator.loss == "exponential" else 1.0
        trees = [
            tree._replace(value=loud * tree.value)
            for tree in self.tree_arrays(estimator)
        ]
        offset = self.offset(estimator, np.zeros((1, estimator.n_features_in_)))
        return make_empty_boosting(estimator, X, container), trees, loud * offset[0]

    def from_arrays(self, estimator, ensemble, trees=None):
        own = trees is None
        trees = self.sklearn_trees(estimator) if own else trees
        rate = estimator.learning_rate
        columns = [[] for _ in range(estimator.estimators_.shape[1])]
        for subtree in ensemble.subtrees:
            value = subtree.value / rate
            column = columns[subtree.output or 0]
            # the constant rides on the first tree
            if not column:
                value = value + ensemble.baseline[subtree.output or 0] / rate
            tree = trees[subtree.tree]
            column.append(cut(tree, subtree, value, n_classes=1, coarse=not own))
        return self._holding(estimator, columns, trees[0], ensemble.baseline / rate)

    def with_subtrees(self, estimator, subtrees):
        trees = self.sklearn_trees(estimator)
        columns = [[] for _ in range(estimator.estimators_.shape[1])]
        for subtree in subtrees:
            tree = trees[subtree.tree]
            value = table(tree).averaged().value[subtree.nodes]
            columns[subtree.output].append(cut(tree, subtree, value))
        return self._holding(estimator, columns, trees[0], np.zeros(len(columns)))

    def _holding(self, estimator, columns, any_tree, baseline):
        """A copy of the estimator with a list of trees for each output."""
        model = self.strip(estimator)
        n_stages = max(1, *(len(column) for column in columns))
        shell = with_tree(estimator.estimators_[0, 0], None)
        # a shared state of random numbers, 2.5 kB in every pickled tree
        shell.random_state = None
        model.estimators_ = np.empty((n_stages, len(columns)), dtype=object)
        for k, column in enumerate(columns):
            for stage in range(n_stages):
                if stage < len(column):
                    tree = column[stage]
                else:
                    value = baseline[k] * (stage == 0)
                    tree = cut(
                        any_tree, ONLY_THE_ROOT, np.array([[value]]), n_classes=1
                    )
                model.estimators_[stage, k] = with_tree(shell, tree)
        model.n_estimators = model.n_estimators_ = n_stages
        return model

    def strip(self, estimator):
        return without(estimator, TRAINING_STATE)


def _values(X):
    """Rows as the trees take them: they were fitted without the names of a frame."""
    return check_array(X, dtype=np.float32, order="C", accept_sparse="csr")
