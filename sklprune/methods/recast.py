"""Recast: converts a tree ensemble to a boosting class with the same predictions."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from sklprune._registry import family_of, register
from sklprune._tree_descent.containers import CONTAINERS, Container, check_container
from sklprune._trees.arrays import (
    Ensemble,
    Subtree,
    TreeArrays,
    levels_of,
    preorder,
)
from sklprune._trees.consistency import probe_of
from sklprune._typing import Array, Estimator
from sklprune._units import Candidate, Task, Units
from sklprune.methods._base import Method

#: evenly spaced probabilities that are added to the calibration, and their weight
EVEN_PROBABILITIES, EVEN_WEIGHT = np.linspace(0, 1, 21), 0.2
#: bounds of the logarithm of the scale of scores
MIN_LOG_SCALE, MAX_LOG_SCALE = -3.0, 6.0
#: bits of a float64 that sums of scores may use
BITS = 50


class Recast(Method):
    """Convert a tree ensemble to a boosting class with the same labels or values.

    Nothing is removed. A forest that is converted to gradient boosting predicts a
    single row many times faster. Gradient boosting can be converted to histogram
    boosting, which needs fewer bytes for each tree.

    For regression, predictions are the same up to rounding. For classification, the
    labels are the same, and so is the order of rows by score with its ties. The
    probabilities are close: the average of the trees becomes the raw score of the
    result. It is multiplied by the factor for which the link function is nearest to
    the probabilities of the forest on the given rows. `decision_function` returns the
    scores.

    With two classes there is one score. With more classes, each class has a copy of
    every tree, without the splits that do not concern the class.

    Parameters
    ----------
    container : {"auto", "gradient_boosting", "hist_gradient_boosting"}, \
default="auto"
        Class of the result. "auto" is `HistGradientBoosting*` if X or the rows of the
        forest have missing values, else `GradientBoosting*`, which is the fastest for
        a single row.

    Raises
    ------
    ValueError
        If `container` is another name, or if the container does not support X:
        missing values, or a sparse matrix.

    Notes
    -----
    Models with several outputs raise an error, since no boosting model has several. So
    does gradient boosting that starts from another model than a constant. The method
    determines the size itself: `pruning_ratio` must be "auto", and neither a rule nor
    `cv` is used. Ties between classes are ties of exact arithmetic. Where the rounding
    of a sum breaks such a tie in the forest, the result predicts the first of the tied
    classes.

    The classes differ in what they support. `GradientBoosting*` rejects missing values,
    while a forest accepts them even if it was fitted without any. It can be converted
    to ONNX, and its training can be continued with `warm_start`. SHAP explains it for
    values and two classes. `HistGradientBoosting*` accepts missing values, and SHAP
    explains any number of classes. Its training cannot be continued.

    A tree of scikit-learn rounds a value to float32 before the comparison. Histogram
    boosting does not. Its threshold is therefore moved to the last float64 that is
    rounded to the left side, so that every row takes the same path.

    References
    ----------
    Friedman, Greedy function approximation: a gradient boosting machine, Annals of
    Statistics 29, 2001 (additive scores and their link). Platt, Probabilistic outputs
    for support vector machines, 1999 (a fitted factor before the link).

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklprune import prune
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> fast = prune(forest, X, y, method="recast").estimator_
    >>> type(fast).__name__
    'GradientBoostingClassifier'
    >>> bool((fast.predict(X) == forest.predict(X)).all())
    True
    """

    granularity = "leaf"
    needs: tuple[str, ...] = ("trees", "as_boosting")
    decides = True
    recasts = True
    reason = "it was converted to another class"

    def __init__(
        self,
        container: Literal[
            "auto", "gradient_boosting", "hist_gradient_boosting"
        ] = "auto",
    ) -> None:
        self.container = container

    def misfit(self, family: Any, estimator: Estimator) -> str:
        why = ""
        if "trees" in family.capabilities(estimator):
            why = family.boosting_misfit(estimator)
        why = why or super().misfit(family, estimator)
        if why or family.output_kind(estimator) != "scores":
            return why
        if self.container == "hist_gradient_boosting":
            return ""
        return (
            "is gradient boosting already: "
            "only Recast(container='hist_gradient_boosting') applies to it"
        )

    def path(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> "RecastPath":
        check_container(self, CONTAINERS[1:])
        empty, trees, offset = family.as_boosting(estimator, task.X, self.container)
        boosting_family = family_of(empty)
        if family.output_kind(estimator) == "distributions":
            probabilities = family.raw_prediction(estimator, task.X)
            trees, offset = _as_scores(probabilities, task.sample_weight, trees, offset)
        subtrees = [_without_idle_splits(tree) for tree in trees]
        one_row = np.zeros((1, empty.n_features_in_))
        own_offset = boosting_family.offset(empty, one_row)[0]
        ensemble = Ensemble(subtrees, offset - own_offset)
        container = Container(
            boosting_family,
            empty,
            trees,
            sklearn_trees=family.sklearn_trees(estimator),
            loss=None,
            starts_whole=False,
        )
        return RecastPath(container, ensemble)

    def candidate(
        self,
        path: "RecastPath",
        family: Any,
        estimator: Estimator,
        units: Units,
        task: Task,
        ratio: float | None,
    ) -> Candidate:
        X = probe_of(task)
        leaf_ids = family.leaf_ids(estimator, X)
        model = path.container.build(path.ensemble, leaf_ids, X)
        everything = np.ones(units.count, dtype=bool)
        scores = np.zeros(units.count)
        return Candidate(0.0, everything, scores, family, estimator, units, model)


@dataclass(frozen=True)
class RecastPath:
    """A model as a sum of trees, and the container of the result."""

    container: Container
    ensemble: Ensemble


def _as_scores(
    probabilities: Array,
    sample_weight: Array | None,
    trees: list[TreeArrays],
    offset: Array,
) -> tuple[list[TreeArrays], Array]:
    """Scale trees and offset to scores, whose link is nearest to the probabilities.

    Values are rounded to multiples of a power of two. Their sums are then exact in any
    order of the trees, so that ties remain ties.
    """
    scale = softmax_scale(probabilities, sample_weight)
    largest = scale * sum(np.abs(tree.value).max() for tree in trees)
    grain = 2.0 ** (np.ceil(np.log2(max(largest, 1.0))) - BITS)
    trees = [
        tree._replace(value=grain * np.round(scale * tree.value / grain))
        for tree in trees
    ]
    if probabilities.shape[1] == 2:
        # as in a forest, the first class is predicted for a tie. The shift is smaller
        # than any difference that is not a tie
        return trees, offset - grain / 2
    return trees, offset


def softmax_scale(probabilities: Array, sample_weight: Array | None = None) -> float:
    """The factor for which the softmax of probabilities is nearest to themselves.

    The distance is the mean cross-entropy over the rows. An overfitted model predicts
    its own rows with certainty, and no factor would be large enough for them. Evenly
    spaced probabilities of two classes are therefore added, with a fixed weight.

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, n_classes)
    sample_weight : ndarray of shape (n_rows,) or None, default=None
    """
    n_rows, n_classes = probabilities.shape
    weight = np.ones(n_rows) if sample_weight is None else sample_weight
    even = np.zeros((len(EVEN_PROBABILITIES), n_classes))
    even[:, 0], even[:, 1] = EVEN_PROBABILITIES, 1 - EVEN_PROBABILITIES

    def cross_entropy(rows: Array, scale: float) -> Array:
        return logsumexp(scale * rows, axis=1) - scale * (rows**2).sum(axis=1)

    def distance(log_scale: float) -> float:
        scale = np.exp(log_scale)
        own = np.average(cross_entropy(probabilities, scale), weights=weight)
        added = cross_entropy(even, scale).mean()
        return (1 - EVEN_WEIGHT) * own + EVEN_WEIGHT * added

    bounds = (MIN_LOG_SCALE, MAX_LOG_SCALE)
    return float(np.exp(minimize_scalar(distance, bounds=bounds).x))


def _without_idle_splits(tree: TreeArrays) -> Subtree:
    """The tree without the splits below which all leaves have the same value."""
    levels = levels_of(tree.left, tree.right)
    lowest, highest = tree.value[:, 0].copy(), tree.value[:, 0].copy()
    for nodes, left, right in reversed(levels):
        lowest[nodes] = np.minimum(lowest[left], lowest[right])
        highest[nodes] = np.maximum(highest[left], highest[right])
    split = (tree.left >= 0) & (lowest < highest)
    nodes = preorder(split, levels)
    # a new leaf gets the value of the leaves below it; its own one is a rounded mean
    value = np.where(split, tree.value[:, 0], lowest)[nodes, None]
    return Subtree(tree.position, nodes, split[nodes], value, tree.output)


register("method", Recast)
