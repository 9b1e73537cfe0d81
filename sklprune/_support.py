"""Computes `support_`, `importances_` and `ranking_` of pruned columns."""

from typing import Any, NamedTuple

import numpy as np
from scipy.stats import rankdata
from sklearn.utils.metaestimators import available_if

from sklprune._frames import column_names
from sklprune._registry import family_of
from sklprune._typing import Array, ArrayLike, MatrixLike
from sklprune._units import Units

#: the fitted attributes that describe kept columns
SUPPORT_ATTRIBUTES = ("support_", "importances_", "ranking_")


class Support(NamedTuple):
    """Attributes of kept columns, each of shape (n_features,).

    Parameters
    ----------
    support_ : ndarray of bool
        The columns that are kept.
    importances_ : ndarray of float
        What the columns were ordered by; larger is more important.
    ranking_ : ndarray of int
        1 for kept columns; the higher, the earlier a column was removed.
    """

    support_: Array
    importances_: Array
    ranking_: Array


def has_support(units: Units) -> bool:
    """Whether units are columns of X, so that a support describes the kept ones."""
    return hasattr(units.where, "positions")


def support_of(units: Units, keep: Array, scores: Array, n_features: int) -> Support:
    """The support of a pruning of columns.

    Columns that the unpruned model did not use are not kept, and rank last.

    Parameters
    ----------
    units : Units
    keep : ndarray of shape (n_units,), bool
    scores : ndarray of shape (n_units,)
    n_features : int
        Number of columns of X.
    """
    positions = units.where.positions
    support = np.zeros(n_features, dtype=bool)
    support[positions] = keep
    importances = np.zeros(n_features)
    importances[positions] = scores
    of_units = _ranking(keep, units.of_groups(scores))
    ranking = np.full(n_features, of_units.max() + 1)
    ranking[positions] = of_units
    return Support(support, importances, ranking)


def _ranking(keep: Array, scores: Array) -> Array:
    """1 for kept columns, then 2, 3, ... by descending score for removed columns."""
    ranking = np.ones(len(keep), dtype=int)
    ranking[~keep] = rankdata(-scores[~keep], method="dense") + 1
    return ranking


def _without(support: Support, read: Array) -> Support:
    """A support without the kept columns that the result does not read.

    They are those that `drop_unread` has removed, and rank next to the kept ones.
    """
    unread = support.support_.copy()
    unread[read] = False
    if not unread.any():
        return support
    ranking = support.ranking_ + (support.ranking_ > 1) + unread
    return support._replace(support_=support.support_ & ~unread, ranking_=ranking)


class ColumnSupportMixin:
    """Fitted attributes of an estimator that may have pruned columns."""

    support_: Array
    importances_: Array
    ranking_: Array

    def _clear_support(self) -> None:
        """Remove the attributes of an earlier fit."""
        for name in SUPPORT_ATTRIBUTES:
            self.__dict__.pop(name, None)

    def _set_support(self, X: MatrixLike, result: Any) -> None:
        """Set the attributes that describe kept columns, if columns were pruned."""
        if not has_support(result.units):
            return
        if result.terms is None:
            rows = X if hasattr(X, "shape") else np.asarray(X)
            names = column_names(rows)
            read = family_of(result.estimator).columns(result.estimator, X)
        else:
            names, vectorizer = result.terms, result.estimator[0]
            read = np.flatnonzero(np.isin(names, vectorizer.get_feature_names_out()))
        support = support_of(result.units, result.keep, result.scores, len(names))
        self._column_names = names
        self.support_, self.importances_, self.ranking_ = _without(support, read)

    @available_if(lambda self: hasattr(self, "support_"))
    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> Array:
        """Names of the kept columns. Only after columns were pruned.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of all columns. None takes the names seen in `fit`, or x0, x1, ...

        Returns
        -------
        ndarray of shape (n_kept,), object
            The names of the kept columns.
        """
        names = self._column_names if input_features is None else input_features
        return np.asarray(names, dtype=object)[self.support_]
