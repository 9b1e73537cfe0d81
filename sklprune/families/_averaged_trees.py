"""Models whose trees average values, or distributions of classes."""

import numpy as np
from sklearn.base import clone, is_classifier

from sklprune._estimators import seeded
from sklprune.families._empty_boosting import make_empty_boosting
from sklprune.families._trees import ONLY_THE_ROOT, TreesFamily

#: so many trees say how large they come out on rows
SOME_TREES = 5


class AveragedFamily(TreesFamily):
    """Base of the families whose trees average values, or distributions of classes."""

    def offset(self, estimator, X):
        return np.zeros((X.shape[0], self.n_values(estimator)))

    def n_values(self, estimator):
        """How many values a tree says of a row."""
        return self.sklearn_trees(estimator)[0].value[0].size

    def output_kind(self, estimator):
        return "distributions" if is_classifier(estimator) else "values"

    def n_distributions(self, estimator):
        return self.n_outputs(estimator)

    def targets(self, estimator, y):
        return one_hot(estimator, y)

    def raw_prediction(self, estimator, X):
        if not is_classifier(estimator):
            return estimator.predict(X).reshape(X.shape[0], -1)
        said = estimator.predict_proba(X)
        if not isinstance(said, list):
            return said
        width = max(block.shape[1] for block in said)
        return np.hstack([_padded(block, width) for block in said])

    def rescaling(self, n_trees, n_left):
        return n_trees / n_left

    def empty_boosting(self, estimator, X, container="auto"):
        """A boosting model without a say that can hold the trees."""
        return make_empty_boosting(estimator, X, container)

    def capabilities(self, estimator):
        own = {"as_boosting"} if self.n_outputs(estimator) == 1 else set()
        return super().capabilities(estimator) | own | {"as_fitted"}

    def as_fitted(self, estimator, task):
        """Whether its parameters make trees of its size of these rows of its own.

        Of trees that were pruned, or whose parameters were changed since, they do not.
        Some are fitted; none, where that fails.
        """
        known = estimator.get_params(deep=False)
        n_trees = min(SOME_TREES, len(self.sklearn_trees(estimator)))
        params = {"n_estimators": n_trees, "oob_score": False, "warm_start": False}
        params = {name: value for name, value in params.items() if name in known}
        some = seeded(clone(estimator).set_params(**params), task.random_state)
        try:
            self.fit(some, *task.rows)
        except ValueError:
            return False
        sizes = [
            np.mean([tree.node_count for tree in self.sklearn_trees(model)])
            for model in (some, estimator)
        ]
        share = task.n_samples / self.n_fitted(estimator)
        return bool(0.6 * share * sizes[1] <= sizes[0] <= 1.25 * sizes[1])

    def as_boosting(self, estimator, X, container):
        shell, tables = (
            self.empty_boosting(estimator, X, container),
            self.tree_arrays(estimator),
        )
        if is_classifier(estimator) and len(estimator.classes_) == 2:
            # the one score of two classes is how far the second is ahead
            tables = [
                tree._replace(value=tree.value[:, [1]] - tree.value[:, [0]])
                for tree in tables
            ]
        n_outputs = tables[0].value.shape[1]
        trees = [
            tree._replace(value=tree.value[:, [output]], output=output)
            for output in range(n_outputs)
            for tree in tables
        ]
        return shell, trees, np.zeros(n_outputs)

    def response(self, estimator, total, response):
        if not is_classifier(estimator):
            return total[:, 0] if total.shape[1] == 1 else total
        several = self.n_outputs(estimator) > 1
        classes = estimator.classes_ if several else [estimator.classes_]
        shares = [
            block[:, : len(known)]
            for block, known in zip(np.split(total, len(classes), axis=1), classes)
        ]
        if response == "predict_proba":
            return shares if several else shares[0]
        labels = [known[share.argmax(axis=1)] for known, share in zip(classes, shares)]
        return np.column_stack(labels) if several else labels[0]

    @staticmethod
    def at_least_one(ensemble):
        """The subtrees of an ensemble; where none stands, one that says nothing."""
        silent = np.zeros((1, len(ensemble.baseline)))
        return ensemble.subtrees or [ONLY_THE_ROOT._replace(value=silent)]


def one_hot(estimator, y, padded=True):
    """What a tree that averages ought to say of each row, (n_rows, n_values), float.

    One column for each class of a classifier, of several outputs side by side; y
    itself of a regressor. Padded, every output has as many columns as the one of the
    most classes, as the values of a tree do.
    """
    y = np.asarray(y).reshape(len(y), -1)
    if not hasattr(estimator, "classes_"):
        return y.astype(float)
    classes = estimator.classes_ if y.shape[1] > 1 else [estimator.classes_]
    hot = [column[:, None] == known for column, known in zip(y.T, classes)]
    if padded:
        width = max(len(known) for known in classes)
        hot = [_padded(block, width) for block in hot]
    return np.hstack(hot).astype(float)


def _padded(block, width):
    """A block of columns, and as many of zeros as are wanting."""
    return np.pad(block, ((0, 0), (0, width - block.shape[1])))
