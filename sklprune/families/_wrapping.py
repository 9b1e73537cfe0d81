"""`Wrapping`: how a model is taken out of a pipeline or a search, and put back."""

from collections.abc import Callable
from typing import NamedTuple

from sklprune._typing import Array, Estimator, MatrixLike
from sklprune._units import Task


class ColumnSteps(NamedTuple):
    """Steps that transform each column of X apart, and the model after them.

    Parameters
    ----------
    model : estimator
    transform : callable
        `transform(X)`: the rows as the model receives them.
    sources : ndarray of int
        For each column that the model receives the position in X of the column that
        this one comes from.
    """

    model: Estimator
    transform: Callable[[MatrixLike], MatrixLike]
    sources: Array


class Wrapping:
    """The part of a family that opens and closes wrappers.

    The defaults are for a model that is no wrapper.
    """

    def open_columns(
        self, estimator: Estimator, X: MatrixLike
    ) -> tuple[ColumnSteps, MatrixLike] | None:
        """The steps that transform each column of X apart; None without any.

        X in the form in which the model after these steps receives it is returned too.
        """
        return None

    def opens_columns(self, estimator: Estimator) -> bool:
        """Whether columns of X can be removed by fits of the innermost model alone.

        This is known of an unfitted estimator, except for functions of the user.
        """
        return self.core(estimator) is estimator

    def notes_on_columns(self, estimator: Estimator, opened: bool) -> list[str]:
        """Sentences on the steps that a removal of columns has fitted again.

        `opened`: whether `open_columns` has opened the estimator.
        """
        return []

    def close_columns(
        self, estimator: Estimator, model: Estimator, kept: Array, X: MatrixLike
    ) -> Estimator:
        """A copy of a wrapper for some columns of X, with another model inside.

        Parameters
        ----------
        estimator : estimator
            A wrapper that `open_columns` has opened.
        model : estimator
            A pipeline of a column step and a model, as `refit` returns it, or a model
            for all columns.
        kept : ndarray of int
            Positions of the kept columns in X.
        X : array-like of shape (n_rows, n_features)
            Some rows.
        """
        raise NotImplementedError

    def inside(self, estimator: Estimator, task: Task) -> tuple[Estimator, Task]:
        """The fitted model inside a wrapper, and the rows as it receives them.

        The default, for a model that is no wrapper, returns both arguments.
        """
        return estimator, task

    def names_inside(self, estimator: Estimator, names: Array) -> Array:
        """Names of the columns that the model inside receives, given those of X."""
        return names

    def core(self, estimator: Estimator) -> Estimator:
        """The innermost estimator, fitted or not, whose units are removed."""
        return estimator

    def resolve(self, estimator: Estimator) -> Estimator:
        """A fitted estimator without searches: each becomes its best estimator."""
        return estimator

    def plain_counterpart(self, estimator: Estimator) -> Estimator | None:
        """What replaces an estimator with objects of sklprune inside, in a plain copy.

        None means that only these objects are replaced.
        """
        return None

    def close(self, estimator: Estimator, model: Estimator) -> Estimator:
        """A copy of a wrapper with another model inside."""
        return model
