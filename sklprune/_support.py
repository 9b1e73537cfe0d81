"""Computes `support_`, `importances_` and `ranking_` of pruned columns."""

from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from sklprune._typing import Array
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
