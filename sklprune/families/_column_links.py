"""`ColumnLinks`: which columns a fitted step can lose with the same results.

A step of a pipeline links its inputs to its outputs. A scaler can lose an input
together with the output of the same position. A one-hot encoder can lose a category,
and the input once all its categories are lost. A step that mixes columns can lose none.

A step that transforms each column apart also states the *source* of each output: the
input that it comes from. A pipeline of such steps links the columns of X to the columns
that its last step receives.

A *mask* has an entry for each column, which is True if the column is kept. It is None
where there are no columns, as for texts, or where their number is not known.
"""

from typing import Any, TypeAlias

import numpy as np

from sklprune._estimators import without
from sklprune._typing import Array, Estimator

Mask: TypeAlias = Array | None


class ColumnLinks:
    """The part of a family that removes columns which no prediction reads.

    The base class is for a model or a step that can lose no column.
    """

    #: whether subclasses that change predictions or fitted state are not of the family
    exact: bool = False

    def selects_columns(self, estimator: Estimator) -> bool:
        """Whether an estimator selects columns of X itself, as a `ColumnTransformer`.

        It then receives all columns, also those that it no longer reads.
        """
        return False

    def no_input(self, estimator: Estimator) -> Mask:
        """A mask with none of the inputs of an estimator."""
        n_features = getattr(estimator, "n_features_in_", None)
        return None if n_features is None else np.zeros(n_features, dtype=bool)

    def linked_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> tuple[Mask, Mask]:
        """The columns that a smaller copy must have if it has certain columns.

        Parameters
        ----------
        estimator : estimator
            A fitted step or model.
        inputs, outputs : ndarray of bool, or None
            Masks of the inputs and the outputs that the copy must have. A model has no
            outputs.

        Returns
        -------
        inputs, outputs : ndarray of bool, or None
            The smallest masks that contain the given ones and can be realised.
        """
        return all_of(inputs), all_of(outputs)

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        """A copy with some of the columns, whose remaining results are the same.

        Parameters
        ----------
        estimator : estimator
        inputs, outputs : ndarray of bool, or None
            Masks that `linked_columns` returned.

        Returns
        -------
        estimator
            The estimator itself if nothing changes.
        """
        return estimator

    def may_act_apart(self, estimator: Estimator) -> bool:
        """Whether a step, fitted or not, may transform each column apart."""
        return type(self).sources is not ColumnLinks.sources

    def sources(self, estimator: Estimator, inputs: Array) -> Array | None:
        """The source of each output of a step, given that of each input.

        Parameters
        ----------
        estimator : estimator
            A fitted step.
        inputs : ndarray of shape (n_inputs,), int
            The source of each input: a position in X.

        Returns
        -------
        ndarray of shape (n_outputs,), int, or None
            None if an output may come from several sources, or if the fitted values
            for one source may depend on the others. Then a step for fewer columns must
            be fitted again.
        """
        return None

    def inner_columns(self, estimator: Estimator, inputs: Mask) -> Mask:
        """The mask of the columns that the innermost model keeps, given its inputs."""
        return inputs

    def reasons_to_keep(self, estimator: Estimator, outputs: Mask = None) -> list[str]:
        """Why outputs are kept that are not among the given ones: a clause for each."""
        linked = self.linked_columns(estimator, self.no_input(estimator), outputs)[1]
        if outputs is None or linked is None or np.array_equal(linked, outputs):
            return []
        return [f"{type(estimator).__name__} {self.why_linked(estimator)}"]

    def why_linked(self, estimator: Estimator) -> str:
        """Why an estimator cannot lose single outputs, as a clause."""
        return "may combine columns"


class ReadingColumns(ColumnLinks):
    """Mixin for families of models whose unread columns can be removed."""

    def linked_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> tuple[Mask, Mask]:
        unread: Any = self.unread_columns(estimator)  # type: ignore[attr-defined]
        if inputs is None or unread is None or len(unread) != len(inputs):
            return all_of(inputs), all_of(outputs)
        return at_least_first(inputs | ~unread), outputs


def of_one_source(inputs: Array, n_outputs: int) -> Array | None:
    """The sources of the outputs of a step that mixes its inputs: one, or None."""
    if len(inputs) == 0 or (inputs != inputs[0]).any():
        return None
    return np.full(n_outputs, inputs[0])


def all_of(mask: Mask) -> Mask:
    """A mask with all of the columns."""
    return None if mask is None else np.ones_like(mask)


def one_to_one(inputs: Mask, outputs: Mask) -> tuple[Mask, Mask]:
    """The linked masks of a step whose outputs each depend on the input beside."""
    if inputs is None or outputs is None or len(inputs) != len(outputs):
        return all_of(inputs), all_of(outputs)
    return inputs | outputs, inputs | outputs


def at_least_first(mask: Array) -> Array:
    """The mask itself, or with the first column if it is empty."""
    if not mask.any():
        mask = mask.copy()
        mask[0] = True
    return mask


def is_all(mask: Mask) -> bool:
    """Whether a mask removes nothing."""
    return mask is None or bool(mask.all())


def with_inputs(estimator: Estimator, inputs: Mask) -> Estimator:
    """A shallow copy that states fewer columns of X."""
    smaller = without(estimator, ())
    if inputs is not None:
        if "n_features_in_" in vars(smaller):
            smaller.n_features_in_ = int(inputs.sum())
        if "feature_names_in_" in vars(smaller):
            smaller.feature_names_in_ = smaller.feature_names_in_[inputs]
    return smaller


def slice_attributes(model: Estimator, names: str, keep: Array) -> None:
    """Set attributes with one entry for each column, in their last axis, to some."""
    for name in names.split():
        value: Any = getattr(model, name, None)
        if np.ndim(value) and np.shape(value)[-1] == len(keep):
            setattr(model, name, np.asarray(value)[..., keep])
