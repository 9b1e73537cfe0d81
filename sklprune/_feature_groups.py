"""Conversion of `feature_groups` and `always_keep` into limits on what is removed."""

import numbers
from typing import Any

import numpy as np

from sklprune._typing import Array, FeatureGroups


def feature_limits(
    names: Array,
    positions: Array,
    feature_groups: FeatureGroups,
    always_keep: Any,
    n_features: int | None,
) -> dict[str, Any]:
    """The fields of `Units` for groups of columns and for columns to keep.

    Parameters
    ----------
    names : ndarray of shape (n_features_in,), object
        Names of all columns of X.
    positions : ndarray of shape (n_units,), int
        The columns that the model reads, which are the units.
    feature_groups : sequence or mapping of lists of names or positions, or None
    always_keep : list of names or positions, or None
    n_features : int or None
        Maximum number of kept columns. None if a ratio is given instead.

    Returns
    -------
    dict
        Values of `groups`, `fixed` and `at_most`, or nothing without any limit.

    Raises
    ------
    ValueError
        If a column is unknown or in two groups, or if `n_features` is too small for
        the groups and the columns to keep.
    """
    if feature_groups is None and always_keep is None:
        return {}
    groups = _labels(names, feature_groups)[positions]
    fixed = np.zeros(len(names), dtype=bool)
    fixed[_positions(names, always_keep, "always_keep")] = True
    unread = names[np.setdiff1d(np.flatnonzero(fixed), positions)]
    if len(unread):
        raise ValueError(
            f"always_keep={always_keep!r}: the fitted model does not read "
            f"{unread.tolist()}."
        )
    fixed = np.isin(groups, groups[fixed[positions]])
    if n_features is not None:
        _check_room(groups, fixed, always_keep, n_features)
    return {"groups": groups, "fixed": fixed, "at_most": n_features}


def _labels(names: Array, feature_groups: FeatureGroups) -> Array:
    """The group of each column, (n_features_in,): the position of its first column."""
    labels = np.arange(len(names))
    seen = np.zeros(len(names), dtype=bool)
    for group in _listed(feature_groups):
        columns = np.unique(_positions(names, group, "feature_groups"))
        if seen[columns].any():
            raise ValueError(
                "feature_groups must not overlap: in more than one group is "
                f"{names[columns[seen[columns]]].tolist()}."
            )
        seen[columns] = True
        labels[columns] = columns.min(initial=len(names))
    return labels


def _listed(feature_groups: FeatureGroups) -> list[Any]:
    if feature_groups is None:
        return []
    if hasattr(feature_groups, "values"):
        return list(feature_groups.values())
    if isinstance(feature_groups, str) or not np.iterable(feature_groups):
        raise ValueError(
            f"feature_groups={feature_groups!r} is not allowed: it must be a list of "
            "lists of columns, or a mapping from names to such lists."
        )
    return list(feature_groups)


def _positions(names: Array, columns: Any, parameter: str) -> Array:
    """Positions of columns that are given by name or position."""
    if columns is None:
        return np.array([], dtype=int)
    if isinstance(columns, str) or not np.iterable(columns):
        raise ValueError(
            f"{parameter}: {columns!r} is not allowed, where a list of names or "
            "positions of columns is expected."
        )
    known: dict[Any, int] = {
        name: i for i, name in enumerate(names) if isinstance(name, str)
    }
    known |= {i: i % len(names) for i in range(-len(names), len(names))}
    columns = list(columns)
    unknown = [c for c in columns if not _is_name_or_position(c) or c not in known]
    if unknown:
        raise ValueError(
            f"{parameter}: X has no column {unknown}. Its {len(names)} columns are "
            f"named {_shortened(names)}; positions count from 0."
        )
    return np.array([known[c] for c in columns], dtype=int)


def _is_name_or_position(value: Any) -> bool:
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return isinstance(value, str) or whole


def _shortened(names: Array) -> str:
    shown = [str(name) for name in names[:10]]
    return ", ".join(shown) + (", ..." if len(names) > 10 else "")


def _check_room(groups: Array, fixed: Array, always_keep: Any, n_features: int) -> None:
    """Refuse a number of columns that is too small for the limits."""
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
