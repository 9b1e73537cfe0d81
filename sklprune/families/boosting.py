"""`GradientBoosting*`: stages of small trees that add up."""

import numpy as np

from sklprune.families._base import without
from sklprune.families._trees import (
    ONLY_THE_ROOT,
    BoostedFamily,
    cut,
    table,
    with_tree,
)

#: written by training, read by nothing that predicts
LEFT_OVERS = (
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

    def trees(self, estimator):
        return [member.tree_ for member in estimator.estimators_.ravel()]

    def tables(self, estimator):
        n_outputs = estimator.estimators_.shape[1]
        return [
            table(tree, i, estimator.learning_rate, i % n_outputs).averaged()
            for i, tree in enumerate(self.trees(estimator))
        ]

    def leaves(self, estimator, X):
        ids = estimator.apply(X).reshape(X.shape[0], -1)
        return np.ascontiguousarray(ids.T, dtype=np.int32)

    def offset(self, estimator, X):
        first = estimator.estimators_[0, 0]
        return estimator._raw_predict_init(first._validate_X_predict(X, True))

    def from_tables(self, estimator, ensemble, trees=None):
        trees = self.trees(estimator) if trees is None else trees
        rate = estimator.learning_rate
        columns = [[] for _ in range(estimator.estimators_.shape[1])]
        for subtree in ensemble.subtrees:
            value = subtree.value / rate
            column = columns[subtree.output or 0]
            # the constant rides on the first tree
            if not column:
                value = value + ensemble.baseline[subtree.output or 0] / rate
            column.append(cut(trees[subtree.tree], subtree, value, n_classes=1))
        return self._holding(estimator, columns, trees[0], ensemble.baseline / rate)

    def with_subtrees(self, estimator, subtrees):
        trees = self.trees(estimator)
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
        return without(estimator, LEFT_OVERS)
