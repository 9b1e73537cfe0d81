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


class TextSteps(NamedTuple):
    """A pipeline that receives counts of terms, in place of one that receives texts.

    Parameters
    ----------
    model : estimator
        The pipeline on counts.
    counts : sparse array or matrix of shape (n_rows, n_terms)
        The texts as this pipeline receives them.
    terms : ndarray of shape (n_terms,), object
    close : callable
        `close(model)`: the pipeline on texts for one on counts, of which columns were
        removed or not. Its vocabulary has the terms of the remaining columns.
    """

    model: Estimator
    counts: MatrixLike
    terms: Array
    close: Callable[[Estimator], Estimator]


class TermCounts(NamedTuple):
    """What a vectoriser of texts consists of.

    Parameters
    ----------
    vectorizer : estimator
        The fitted vectoriser.
    counts : sparse array or matrix of shape (n_rows, n_terms)
    weights : estimator or None
        The transformer that the vectoriser applies to the counts.
    """

    vectorizer: Estimator
    counts: MatrixLike
    weights: Estimator | None


class Wrapping:
    """The part of a family that opens and closes wrappers.

    The defaults are for a model that is no wrapper.

    Attributes
    ----------
    reads_texts : bool
        Whether the input is texts, and the output has a column for each term.
    """

    reads_texts: bool = False

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

    def open_texts(
        self, estimator: Estimator, texts: MatrixLike, fitted: bool
    ) -> TextSteps | None:
        """The same model on counts of terms; None if it does not begin with them.

        Parameters
        ----------
        estimator : estimator
        texts : iterable of str
        fitted : bool
            Whether the estimator is fitted, so that its vocabulary is used.
        """
        return None

    def count_terms(
        self, estimator: Estimator, texts: MatrixLike, fitted: bool
    ) -> TermCounts | None:
        """The counts of terms from which a vectoriser computes its output.

        None for other models. The parameters are those of `open_texts`.
        """
        return None

    def with_terms(
        self, estimator: Estimator, kept: Array, weights: Estimator | None
    ) -> Estimator:
        """A copy of a fitted vectoriser with some of its terms.

        Parameters
        ----------
        estimator : estimator
        kept : ndarray of shape (n_terms,), bool
        weights : estimator or None
            What it applies to the counts of the kept terms.
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
