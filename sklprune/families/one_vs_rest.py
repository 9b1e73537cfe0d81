"""`OneVsRestClassifier`, `OneVsOneClassifier`, `OutputCodeClassifier`, `MultiOutput*`.

Each member that is a linear model is a row of weights.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from scipy import sparse

from sklprune._estimators import without
from sklprune._networks.problem import Problem
from sklprune._networks.settings import RefitSettings
from sklprune._registry import family_of, register_family
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune._units import Task
from sklprune.families._base import Family
from sklprune.families._layered import Layer, LayeredFamily


class OneVsRestFamily(LayeredFamily):
    """`OneVs*`, `OutputCodeClassifier` and `MultiOutput*` of linear models.

    The members are the outputs of one layer, so that their weights are compared with
    each other. A member without weights has a constant output. Members that are
    constants already, for classes without rows, remain as they are.

    A member of `OneVsOneClassifier` is fitted to the rows of two classes. Without y,
    the pruning keeps its outputs on all rows.

    Members of other kinds have no weights here, as in the generic family.
    """

    classes = (
        "MultiOutputClassifier",
        "MultiOutputRegressor",
        "OneVsOneClassifier",
        "OneVsRestClassifier",
        "OutputCodeClassifier",
    )
    granularities = ("weight",)
    recognises_rows = True

    # -- members -----------------------------------------------------------------------

    def _is_linear(self, estimator: Estimator) -> bool:
        """Whether all members, fitted or not, are linear models of one output."""
        fitted = getattr(estimator, "estimators_", None)
        members = [estimator.estimator]
        if fitted is not None:
            members = [member for member, _ in self._members(estimator)]
        return bool(members) and all(
            family_of(each).has_coefficients
            and family_of(each).granularities == ("weight",)
            and (fitted is None or np.atleast_2d(each.coef_).shape[0] == 1)
            for each in members
        )

    @staticmethod
    def _members(estimator: Estimator) -> Iterator[tuple[Estimator, int]]:
        """The members that are no constants, and their positions."""
        for position, member in enumerate(estimator.estimators_):
            if type(member).__name__ != "_ConstantPredictor":
                yield member, position

    def _own_tasks(
        self, estimator: Estimator, task: Task, all_rows: bool = False
    ) -> Iterator[Task]:
        """The rows and the targets that each member is fitted to.

        With `all_rows`, other rows have the target zero.
        """
        y = None if task.y is None else _targets_of_members(estimator, task.y)
        rows = None if y is None or all_rows else _rows_of_members(estimator, task.y)
        for _, position in self._members(estimator):
            own = task if y is None else replace(task, y=y[:, position])
            yield own if rows is None else own.take(np.flatnonzero(rows[:, position]))

    def _with_members(
        self, estimator: Estimator, members: Sequence[Estimator]
    ) -> Estimator:
        """A copy with other members in place of those that are no constants."""
        model = without(estimator, ())
        model.estimators_ = list(estimator.estimators_)
        for (_, position), new in zip(self._members(estimator), members):
            model.estimators_[position] = new
        model.estimators_ = type(estimator.estimators_)(model.estimators_)
        return model

    def _changed(self, estimator: Estimator, name: str) -> Estimator:
        """A copy after a method of the family of each member was applied to it."""
        members = [
            getattr(family_of(member), name)(member)
            for member, _ in self._members(estimator)
        ]
        return self._with_members(estimator, members)

    # -- the generic family if members are not linear ----------------------------------

    def method_of(self, estimator: Estimator) -> str:
        linear = self._is_linear(estimator)
        return "magnitude" if linear else str(Family.default_method)

    def own_misfit(self, estimator: Estimator, granularity: str) -> str:
        if granularity == "weight" and not self._is_linear(estimator):
            inner = type(estimator.estimator).__name__
            return f"consists of {inner}, not of linear models with one output each"
        return super().own_misfit(estimator, granularity)

    def capabilities(self, estimator: Estimator) -> frozenset[str]:
        if not self._is_linear(estimator):
            return Family.capabilities(self, estimator)
        members = [estimator.estimator]
        if hasattr(estimator, "estimators_"):
            members = [member for member, _ in self._members(estimator)]
        common = frozenset.intersection(
            *(family_of(member).capabilities(member) for member in members)
        )
        shared = {"masked_refit", "sparse_weights"}
        return super().capabilities(estimator) | (common & shared)

    def counts(self, estimator: Estimator) -> dict[str, float]:
        if not self._is_linear(estimator):
            return Family.counts(self, estimator)
        return super().counts(estimator)

    def numbers(self, estimator: Estimator) -> Array | None:
        return super().numbers(estimator) if self._is_linear(estimator) else None

    def unread_columns(self, estimator: Estimator) -> Array | None:
        return super().unread_columns(estimator) if self._is_linear(estimator) else None

    # -- the capabilities of linear models ---------------------------------------------

    def layers(self, estimator: Estimator) -> list[Layer]:
        parts = [
            family_of(member).layers(member)[0]
            for member, _ in self._members(estimator)
        ]
        coef = np.hstack([part.coef for part in parts])
        if parts[0].intercept is None:
            return [Layer(coef, None)]
        return [Layer(coef, np.hstack([part.intercept for part in parts]))]

    @staticmethod
    def _of_member(layer: Layer, k: int) -> Layer:
        intercept = None if layer.intercept is None else layer.intercept[[k]]
        return Layer(layer.coef[:, [k]], intercept)

    def with_layers(self, estimator: Estimator, layers: Sequence[Layer]) -> Estimator:
        (layer,) = layers
        members = [
            family_of(member).with_layers(member, [self._of_member(layer, k)])
            for k, (member, _) in enumerate(self._members(estimator))
        ]
        return self._with_members(estimator, members)

    def _with_inputs(
        self, estimator: Estimator, layers: Sequence[Layer], keep: Array
    ) -> Estimator:
        model = super()._with_inputs(estimator, layers, keep)
        for member, _ in self._members(model):
            # `with_layers` has made copies of the members
            member.n_features_in_ = int(np.sum(keep))
            if hasattr(member, "feature_names_in_"):
                member.feature_names_in_ = member.feature_names_in_[keep]
        return model

    def with_sparse_weights(self, estimator: Estimator) -> Estimator:
        return self._changed(estimator, "with_sparse_weights")

    def with_dense_weights(self, estimator: Estimator) -> Estimator:
        return self._changed(estimator, "with_dense_weights")

    def has_sparse_weights(self, estimator: Estimator) -> bool:
        return any(
            family_of(member).has_sparse_weights(member)
            for member, _ in self._members(estimator)
        )

    def training_problem(
        self, estimator: Estimator, task: Task, *, labels: bool
    ) -> Problem:
        """The losses of all members; rows have the mean of their weights in members.

        The target of a row that a member was not fitted on is its prediction.
        """
        rows = None if task.y is None else _rows_of_members(estimator, task.y)
        known = labels and rows is None
        members = [member for member, _ in self._members(estimator)]
        problems = [
            family_of(member).training_problem(member, own, labels=known)
            for member, own in zip(members, self._own_tasks(estimator, task, True))
        ]
        targets = np.hstack([each.targets for each in problems])
        if labels and rows is not None:
            for k, own in enumerate(self._own_tasks(estimator, task)):
                fitted = family_of(members[k]).training_problem(
                    members[k], own, labels=True
                )
                targets[rows[:, k], [k]] = fitted.targets[:, 0]
        return problems[0]._replace(
            targets=targets,
            weight=np.mean([each.weight for each in problems], axis=0),
            l2=np.array([float(np.ravel(each.l2)[0]) for each in problems]),
        )

    def masked_refit(
        self, estimator: Estimator, task: Task, settings: RefitSettings
    ) -> Estimator:
        """A copy whose members are fitted on their own columns.

        Parameters
        ----------
        estimator : estimator
        task : Task
        settings : RefitSettings
        """
        fitted = []
        tasks = self._own_tasks(estimator, task)
        for k, ((member, _), own) in enumerate(zip(self._members(estimator), tasks)):
            target = None if settings.target is None else settings.target[:, [k]]
            of_member = settings._replace(target=target)
            fitted.append(family_of(member).masked_refit(member, own, of_member))
        return self._with_members(estimator, fitted)

    def fitted_on(
        self,
        estimator: Estimator,
        X: MatrixLike,
        y: ArrayLike | None = None,
        sample_weight: Array | None = None,
    ) -> bool:
        """Whether a member recognises these rows: see `fitted_on` of its family."""
        tasks = self._own_tasks(estimator, Task(X, y, sample_weight))
        return any(
            family_of(member).can_recognise(member)
            and family_of(member).fitted_on(member, own.X, own.y, own.sample_weight)
            for (member, _), own in zip(self._members(estimator), tasks)
        )


def _targets_of_members(estimator: Estimator, y: ArrayLike) -> Array:
    """The targets of the members that are fitted to all rows or some of them.

    Returns
    -------
    ndarray of shape (n_rows, n_members)
    """
    if hasattr(estimator, "label_binarizer_"):
        targets = estimator.label_binarizer_.transform(y)
        return targets.toarray() if sparse.issparse(targets) else np.asarray(targets)
    if hasattr(estimator, "pairwise_indices_"):
        of_class = np.ravel(y)[:, None] == estimator.classes_
        return of_class[:, _pairs(estimator)[1]].astype(int)
    if hasattr(estimator, "code_book_"):
        position = (np.ravel(y)[:, None] == estimator.classes_).argmax(axis=1)
        return np.asarray(estimator.code_book_[position].astype(int))
    return np.asarray(y)


def _rows_of_members(estimator: Estimator, y: ArrayLike) -> Array | None:
    """The rows of each member of one against one, (n_rows, n_members), bool.

    None if the members are fitted to all rows.
    """
    if not hasattr(estimator, "pairwise_indices_"):
        return None
    of_class = np.ravel(y)[:, None] == estimator.classes_
    first, second = _pairs(estimator)
    return np.asarray(of_class[:, first] | of_class[:, second])


def _pairs(estimator: Estimator) -> tuple[Array, Array]:
    """The positions of the two classes of each member of one against one."""
    return np.triu_indices(len(estimator.classes_), k=1)


register_family(OneVsRestFamily())
