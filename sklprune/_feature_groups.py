"""Conversion of `feature_groups` and `always_keep` into limits on what is removed."""

import numbers
from difflib import get_close_matches
from typing import Any

import numpy as np

from sklprune._permutation.correlated import correlated_clusters, superfluous
from sklprune._sklearn_private import safe_indexing
from sklprune._typing import Array, FeatureGroups, MatrixLike

#: the value of `feature_groups` that forms groups of correlated columns
CORRELATED = "correlated"


def feature_limits(
    names: Array,
    positions: Array,
    feature_groups: FeatureGroups,
    always_keep: Any,
    n_features: int | None,
    X: MatrixLike | None = None,
) -> dict[str, Any]:
    """The fields of `Units` for groups of columns and for columns to keep.

    Parameters
    ----------
    names : ndarray of shape (n_features_in,), object
        Names of all columns of X.
    positions : ndarray of shape (n_units,), int
        The columns that the model reads, which are the units.
    feature_groups : sequence or mapping of lists of names or positions, str or None
        "correlated" forms clusters of columns, of which one column remains.
    always_keep : list of names or positions, or None
        A name may be of any type. An integer that is the name of a column is this
        name; any other integer is a position.
    n_features : int or None
        Maximum number of kept columns. None if a ratio is given instead.
    X : array, sparse matrix or data frame of shape (n_rows, n_features_in), or None
        Needed for "correlated" only.

    Returns
    -------
    dict
        Values of `groups`, `fixed`, `at_most` and `superfluous`, or nothing without any
        limit.

    Raises
    ------
    ValueError
        If a column is unknown or in two groups, if a group is empty, or if `n_features`
        is too small for the groups and the columns to keep.
    """
    if feature_groups is None and always_keep is None:
        return {}
    fixed = np.zeros(len(names), dtype=bool)
    fixed[positions_of(names, always_keep, "always_keep")] = True
    unread = names[np.setdiff1d(np.flatnonzero(fixed), positions)]
    if len(unread):
        raise ValueError(
            f"always_keep={always_keep!r}: the fitted model does not read "
            f"{unread.tolist()}."
        )
    if isinstance(feature_groups, str) and feature_groups == CORRELATED:
        limits = _correlated(safe_indexing(X, positions, axis=1), fixed[positions])
        limits["groups"] = positions[limits["groups"]]
    else:
        groups = _labels(names, feature_groups)[positions]
        fixed = np.isin(groups, groups[fixed[positions]])
        limits = {"groups": groups, "fixed": fixed, "superfluous": None}
    if n_features is not None:
        _check_room(**limits, always_keep=always_keep, n_features=n_features)
    return limits | {"at_most": n_features}


def _correlated(X: MatrixLike, fixed: Array) -> dict[str, Any]:
    """The limits of clusters of correlated columns.

    Columns that are kept in any case do not make others of their cluster be kept.
    """
    labels, typical = correlated_clusters(X)
    extra = superfluous(labels, typical, fixed)
    fixed = np.isin(labels, labels[fixed])
    return {
        "groups": labels,
        "fixed": fixed,
        "superfluous": extra if extra.any() else None,
    }


def _labels(names: Array, feature_groups: FeatureGroups) -> Array:
    """The group of each column, (n_features_in,): the position of its first column."""
    labels = np.arange(len(names))
    seen = np.zeros(len(names), dtype=bool)
    for group in _listed(feature_groups):
        columns = np.unique(positions_of(names, group, "feature_groups"))
        if not len(columns):
            raise ValueError(
                f"feature_groups={feature_groups!r}: a group is empty. Each group must "
                "have at least one column."
            )
        if seen[columns].any():
            raise ValueError(
                "feature_groups must not overlap: in more than one group is "
                f"{names[columns[seen[columns]]].tolist()}."
            )
        seen[columns] = True
        labels[columns] = columns.min()
    return labels


def _listed(feature_groups: FeatureGroups) -> list[Any]:
    if feature_groups is None:
        return []
    if hasattr(feature_groups, "values"):
        return list(feature_groups.values())
    if isinstance(feature_groups, str) or not np.iterable(feature_groups):
        raise ValueError(
            f"feature_groups={feature_groups!r} is not allowed: it must be a list of "
            "lists of columns, a mapping from names to such lists, or 'correlated'."
        )
    return list(feature_groups)


def positions_of(names: Array, columns: Any, parameter: str) -> Array:
    """Positions of columns that are given by name or position.

    Parameters
    ----------
    names : ndarray of shape (n_features,), object
        Names of all columns.
    columns : list of names or positions, or None
        An integer that is the name of a column is this name.
    parameter : str
        Where they were given, for errors.
    """
    if columns is None:
        return np.array([], dtype=int)
    index = _NameIndex(names)
    if isinstance(columns, str) or not np.iterable(columns) or index.is_one(columns):
        raise ValueError(
            f"{parameter}: {columns!r} is not allowed, where a list of names or "
            "positions of columns is expected."
        )
    columns = list(columns)
    positions = [index.position(column) for column in columns]
    unknown = [c for c, position in zip(columns, positions) if position is None]
    if unknown:
        raise ValueError(
            f"{parameter}: X has no column {unknown}.{index.suggestion(unknown)} Its "
            f"{len(names)} columns are named {_shortened(names)}; positions count "
            "from 0."
        )
    return np.array(positions, dtype=int)


class _NameIndex:
    """Look-up of columns by name, or by position.

    An integer that is the name of a column is this name. Any other integer is a
    position, which counts from the end if it is negative.
    """

    def __init__(self, names: Array) -> None:
        self._names = names.tolist()
        self._known = {_key(name): i for i, name in enumerate(self._names)}

    def position(self, column: Any) -> int | None:
        """The position of a column; None if X does not have it."""
        position = self._by_name(column)
        whole = isinstance(column, numbers.Integral) and not isinstance(column, bool)
        if position is None and whole:
            n = len(self._names)
            return int(column) % n if -n <= column < n else None
        return position

    def is_one(self, columns: Any) -> bool:
        """Whether a value that should be a list is the name of one column."""
        if not isinstance(columns, tuple) or self._by_name(columns) is None:
            return False
        return any(self.position(column) is None for column in columns)

    def suggestion(self, unknown: list[Any]) -> str:
        """A sentence with the names that are nearest to unknown ones, or nothing."""
        shown = {str(name): name for name in self._names}
        nearest = [
            repr(shown[match])
            for column in unknown
            for match in get_close_matches(str(column), shown, n=1)
            if not isinstance(column, numbers.Number)
        ]
        return f" Did you mean {', '.join(dict.fromkeys(nearest))}?" if nearest else ""

    def _by_name(self, column: Any) -> int | None:
        try:
            found = self._known.get(_key(column))
        except TypeError:  # it cannot be hashed
            return None
        if found is not None or not isinstance(column, (np.datetime64, np.timedelta64)):
            return found
        # a datetime64 equals a timestamp, but has another hash
        equal = (i for i, name in enumerate(self._names) if name == column)
        return next(equal, None)


def _key(name: Any) -> Any:
    """A key for a name: True is not 1, and a missing value is equal to another one."""
    if isinstance(name, (bool, np.bool_)):
        return (bool, bool(name))
    if isinstance(name, (float, np.floating)) and np.isnan(name):
        return (float, "nan")
    return name


def _shortened(names: Array) -> str:
    shown = [str(name) for name in names[:10]]
    return ", ".join(shown) + (", ..." if len(names) > 10 else "")


def _check_room(
    groups: Array,
    fixed: Array,
    superfluous: Array | None,
    always_keep: Any,
    n_features: int,
) -> None:
    """Refuse a number of columns that is too small for the limits."""
    if superfluous is not None:
        groups, fixed = groups[~superfluous], fixed[~superfluous]
    if fixed.sum() > n_features:
        raise ValueError(
            f"n_features_to_select={n_features} is too small for always_keep="
            f"{always_keep!r}. With the other columns of their groups these are "
            f"{fixed.sum()} columns."
        )
    smallest = np.unique(groups, return_counts=True)[1].min()
    if not fixed.any() and smallest > n_features:
        raise ValueError(
            f"n_features_to_select={n_features} is smaller than the smallest of "
            f"feature_groups, which has {smallest} columns."
        )
