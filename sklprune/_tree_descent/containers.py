"""Containers: the model that holds the result of a descent, its trees and its loss.

The result of a descent is a sum of trees. Either a copy of the pruned model holds it,
or a boosting model that is filled with these trees.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sklprune._registry import family_of
from sklprune._tree_descent.losses import (
    BinaryBrierLoss,
    BrierLoss,
    Loss,
    OneVsRestLoss,
    RegressionLoss,
)
from sklprune._trees.arrays import Ensemble, Subtree, TreeArrays, both_classes
from sklprune._trees.consistency import check_consistency, leaves_above
from sklprune._typing import Array, Estimator, MatrixLike

#: allowed values of the parameter `container`: the class of the pruned model, or one
#: of boosting
CONTAINERS = ("same", "auto", "gradient_boosting", "hist_gradient_boosting")


def check_container(method: Any, allowed: tuple[str, ...] = CONTAINERS) -> None:
    """Raise an error if the `container` of a method is not among the allowed values."""
    if method.container not in allowed:
        names = ", ".join(map(repr, allowed[:-1]))
        raise ValueError(
            f"{type(method).__name__}(container={method.container!r}): container must "
            f"be {names} or {allowed[-1]!r}."
        )


@dataclass(frozen=True)
class Container:
    """A model that can be filled with trees, and the trees as it adds them up.

    Parameters
    ----------
    family, model : Family, estimator
        The model that is copied and filled.
    trees : list of TreeArrays
    sklearn_trees : list or None
        The scikit-learn trees behind `trees`, if they are not those of `model`.
    loss : Loss or None
        The loss that a descent minimises; None where no descent runs.
    starts_whole : bool
        Whether large models are pruned from all trees. Their leaf values must be on the
        scale of the raw prediction.
    second_class_only : bool, default=False
        Whether the values of `trees` are probabilities of the second of two classes.
    """

    family: Any
    model: Estimator
    trees: list[TreeArrays]
    sklearn_trees: list[Any] | None
    loss: Any
    starts_whole: bool
    second_class_only: bool = False

    def offset(self, X: MatrixLike) -> Array:
        """Raw prediction of the model without its trees, (n_rows, n_outputs)."""
        offset = self.family.offset(self.model, X)
        return offset[:, 1:] if self.second_class_only else offset

    def build(
        self,
        ensemble: Ensemble,
        leaf_ids: Sequence[Array] | Array,
        X: MatrixLike,
        decision_paths: Any = None,
    ) -> Estimator:
        """Build the plain model that holds an ensemble, and check it on some rows.

        Parameters
        ----------
        ensemble : Ensemble
        leaf_ids : ndarray of shape (n_trees, n_rows)
            The leaf of each of these rows in each unpruned tree, by node number.
        X : array-like of shape (n_rows, n_features)
            The rows of the check.
        decision_paths : DecisionPaths or None, default=None
            Sends these rows down the trees in which children were raised.
        """
        ensemble = ensemble.unpacked()
        ensemble = ensemble if self.loss is None else self.loss.rounded(ensemble)
        ensemble = both_classes(ensemble) if self.second_class_only else ensemble
        model = self.family.from_arrays(self.model, ensemble, self.sklearn_trees)
        predicted = self.family.raw_prediction(model, X)
        trees = {tree.position: tree for tree in self.trees}

        def ends(subtree: Subtree) -> Array:
            if subtree.statistics is not None:
                return decision_paths.ends(subtree)
            return leaves_above(subtree, trees[subtree.tree], leaf_ids[subtree.tree])

        offset = self.family.offset(self.model, X)
        check_consistency(model, predicted, ensemble, ends, offset)
        return model


class LastBuilt:
    """Remembers the last built model.

    Half of the ratios of a grid give the same model as the ratio before.
    """

    def __init__(self) -> None:
        self.ensemble: Ensemble | None = None
        self.model: Estimator = None

    def model_of(self, ensemble: Ensemble, build: Callable[[], Estimator]) -> Estimator:
        """The model of an ensemble, built if it is not the last one."""
        if self.ensemble is not ensemble:
            self.ensemble, self.model = ensemble, build()
        return self.model


def own_container(
    family: Any, estimator: Estimator, task: Any, targets: Array
) -> Container:
    """The pruned model as the container of its own trees.

    Parameters
    ----------
    family, estimator : Family, estimator
    task : Task
    targets : ndarray
        Training targets of the rows of the task, as in `training_rows`.
    """
    kind, weight = family.output_kind(estimator), task.sample_weight
    loss: Loss
    trees, second_class_only = family.tree_arrays(estimator), False
    if kind == "scores":
        loss = Loss(family.loss(estimator), targets, weight)
    elif kind == "values":
        loss = RegressionLoss(targets, weight)
    else:
        n_distributions = family.n_distributions(estimator)
        second_class_only = n_distributions == 1 and targets.shape[1] == 2
        if second_class_only:
            loss = BinaryBrierLoss(targets[:, 1:], weight)
            trees = [tree._replace(value=tree.value[:, 1:]) for tree in trees]
        else:
            loss = BrierLoss(targets, weight, n_distributions)
    return Container(family, estimator, trees, None, loss, True, second_class_only)


def boosting_container(
    family: Any,
    estimator: Estimator,
    task: Any,
    targets: Array,
    container: str = "auto",
) -> Container:
    """A boosting model as the container of the trees of a forest.

    Parameters are those of `own_container`, and the name of the container.
    """
    empty, offset, loss = empty_boosting(family, estimator, task, targets, container)
    n_outputs, tree_arrays = offset.shape[1], family.tree_arrays(estimator)
    # two classes have one score, that of the second class. With more classes, each has
    # a copy of every tree
    copies = [
        tree._replace(value=tree.value[:, [output - n_outputs]], output=output)
        for output in range(n_outputs)
        for tree in tree_arrays
    ]
    # with copies for each class, large models have more leaves than the forest
    starts_whole = family.output_kind(estimator) == "values"
    trees = family.sklearn_trees(estimator)
    return Container(family_of(empty), empty, copies, trees, loss, starts_whole)


def empty_boosting(
    family: Any,
    estimator: Estimator,
    task: Any,
    targets: Array,
    container: str = "auto",
) -> tuple[Estimator, Array, Loss]:
    """A boosting model without trees, its raw prediction, and the loss of it.

    Parameters are those of `boosting_container`.

    Returns
    -------
    empty : estimator
    offset : ndarray of shape (n_rows, n_outputs)
    loss : Loss
    """
    empty = family.empty_boosting(estimator, task.X, container)
    boosting_family, weight = family_of(empty), task.sample_weight
    offset = boosting_family.offset(empty, task.X)
    if family.output_kind(estimator) == "values":
        return empty, offset, RegressionLoss(targets, weight)
    if offset.shape[1] > 1:
        probabilities = family.raw_prediction(estimator, task.X)
        return empty, offset, OneVsRestLoss(targets, weight, probabilities)
    # two classes have one target, the probability of the second class
    loss = Loss(boosting_family.loss(empty), targets[:, 1], weight)
    return empty, offset, loss
