"""Base class of the families whose trees average values or class distributions.

Single trees, forests and bagged trees share it. The values of each tree are divided by
the number of trees, so that the raw prediction is a sum, as in boosting.
"""

from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier

from sklprune._estimators import seeded
from sklprune._trees.arrays import Ensemble, Subtree, TreeArrays
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune._units import Task
from sklprune.families._empty_boosting import make_empty_boosting
from sklprune.families._sklearn_tree import ROOT_ONLY
from sklprune.families._trees import TreesFamily

#: number of trees that are fitted to compare their size with those of a model
N_COMPARED = 5
#: probabilities are stored as multiples of one over this number: a few roundings
PROBABILITY_SCALE = 2.0**50


class AveragedFamily(TreesFamily):
    """Base of the families whose trees average values or class distributions.

    The raw prediction of a classifier consists of the probabilities of all classes.
    With several outputs, they are side by side, padded with zeros to equal widths.
    """

    # -- the capability "trees" --------------------------------------------------------

    def offset(self, estimator: Estimator, X: MatrixLike) -> Array:
        return np.zeros((X.shape[0], self.n_values(estimator)))

    def n_values(self, estimator: Estimator) -> int:
        """Number of columns of the raw prediction."""
        return self.sklearn_trees(estimator)[0].value[0].size

    def output_kind(self, estimator: Estimator) -> str:
        return "distributions" if is_classifier(estimator) else "values"

    def n_distributions(self, estimator: Estimator) -> int:
        return self.n_outputs(estimator)

    def targets(self, estimator: Estimator, y: ArrayLike) -> Array:
        return one_hot(estimator, y)

    def raw_prediction(self, estimator: Estimator, X: MatrixLike) -> Array:
        if not is_classifier(estimator):
            return estimator.predict(X).reshape(X.shape[0], -1)
        proba = estimator.predict_proba(X)
        if not isinstance(proba, list):
            return proba
        width = max(block.shape[1] for block in proba)
        return np.hstack([_padded(block, width) for block in proba])

    def response(
        self, estimator: Estimator, raw_prediction: Array, response: str
    ) -> Array | list[Array]:
        if not is_classifier(estimator):
            one_column = raw_prediction.shape[1] == 1
            return raw_prediction[:, 0] if one_column else raw_prediction
        several = self.n_outputs(estimator) > 1
        classes = estimator.classes_ if several else [estimator.classes_]
        blocks = np.split(raw_prediction, len(classes), axis=1)
        proba = [block[:, : len(known)] for block, known in zip(blocks, classes)]
        if response == "predict_proba":
            return proba if several else proba[0]
        labels = [known[block.argmax(axis=1)] for known, block in zip(classes, proba)]
        return np.column_stack(labels) if several else labels[0]

    def weight_factor(self, n_trees: int, n_kept: int) -> float:
        # an average over fewer trees
        return n_trees / n_kept

    @staticmethod
    def at_least_one(ensemble: Ensemble) -> list[Subtree]:
        """The subtrees of an ensemble; without any, a tree whose only value is zero."""
        zero = np.zeros((1, len(ensemble.baseline)))
        return ensemble.subtrees or [ROOT_ONLY._replace(value=zero)]

    def stored_values(self, estimator: Estimator, value: Array) -> Array:
        """Values of nodes without the rounding errors of the sum that they come from.

        Probabilities that were short numbers are short again.
        """
        if self.output_kind(estimator) != "distributions":
            return value
        return np.round(value * PROBABILITY_SCALE) / PROBABILITY_SCALE

    # -- further capabilities ----------------------------------------------------------

    def capabilities(self, estimator: Estimator) -> frozenset[str]:
        own = {"as_boosting"} if self.n_outputs(estimator) == 1 else set()
        return super().capabilities(estimator) | own | {"as_fitted"}

    def unfitted_like(
        self, estimator: Estimator, max_trees: int, random_state: int | None
    ) -> Estimator:
        n_trees = min(max_trees, len(self.sklearn_trees(estimator)))
        changed = {"n_estimators": n_trees, "oob_score": False, "warm_start": False}
        params = estimator.get_params(deep=False)
        changed = {name: value for name, value in changed.items() if name in params}
        return seeded(clone(estimator).set_params(**changed), random_state)

    def as_fitted(self, estimator: Estimator, task: Task) -> bool:
        """Whether a clone fitted on its training rows would be a model like this one.

        This is the capability of the same name. The result is False for trees that
        were pruned, and after a change of parameters. A few trees are fitted on the
        rows of the task, and their mean number of nodes is compared; False where the
        fit fails.
        """
        few = self.unfitted_like(estimator, N_COMPARED, task.random_state)
        try:
            self.fit(few, *task.rows)
        except ValueError:
            return False
        n_nodes = [
            np.mean([tree.node_count for tree in self.sklearn_trees(model)])
            for model in (few, estimator)
        ]
        share = task.n_samples / self.n_fitted(estimator)
        return bool(0.6 * share * n_nodes[1] <= n_nodes[0] <= 1.25 * n_nodes[1])

    def empty_boosting(
        self, estimator: Estimator, X: MatrixLike, container: str = "auto"
    ) -> Estimator:
        """A boosting model to be filled with the trees: capability "empty_boosting".

        See `make_empty_boosting`.
        """
        trees = self.sklearn_trees(estimator)
        return make_empty_boosting(estimator, X, container, trees)

    def as_boosting(
        self, estimator: Estimator, X: MatrixLike, container: str
    ) -> tuple[Estimator, list[TreeArrays], Array]:
        empty = self.empty_boosting(estimator, X, container)
        arrays = self.tree_arrays(estimator)
        if is_classifier(estimator) and len(estimator.classes_) == 2:
            # two classes have one raw score: the margin of the second class
            arrays = [
                tree._replace(value=tree.value[:, [1]] - tree.value[:, [0]])
                for tree in arrays
            ]
        n_outputs = arrays[0].value.shape[1]
        trees = [
            tree._replace(value=tree.value[:, [output]], output=output)
            for output in range(n_outputs)
            for tree in arrays
        ]
        return empty, trees, np.zeros(n_outputs)


def one_hot(estimator: Any, y: ArrayLike, padded: bool = True) -> Array:
    """Targets of a model that averages values or class distributions, as floats.

    Parameters
    ----------
    estimator : estimator
    y : array-like of shape (n_rows,) or (n_rows, n_outputs)
    padded : bool, default=True
        Whether each output of a classifier has as many columns as the output with the
        most classes, as the values of a tree have.

    Returns
    -------
    ndarray of shape (n_rows, n_values)
        y itself for a regressor; for a classifier a column for each class, with several
        outputs side by side.
    """
    y = np.asarray(y).reshape(len(y), -1)
    if not hasattr(estimator, "classes_"):
        return y.astype(float)
    classes = estimator.classes_ if y.shape[1] > 1 else [estimator.classes_]
    blocks = [column[:, None] == known for column, known in zip(y.T, classes)]
    if padded:
        width = max(len(known) for known in classes)
        blocks = [_padded(block, width) for block in blocks]
    return np.hstack(blocks).astype(float)


def _padded(block: Array, width: int) -> Array:
    """A block of columns with columns of zeros on its right, up to a width."""
    return np.pad(block, ((0, 0), (0, width - block.shape[1])))
