"""Adapts parameters that refer to columns, when columns of X are removed.

`clone_for_columns` clones an estimator and adapts its parameters. Each `follow_`
function takes the value of a parameter, the positions of the kept columns and the names
of all columns. It returns the value for a table of the kept columns, in their order.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.base import clone

from sklprune._typing import Array, Estimator


def follow_list(value: Any, columns: Array, names: Array) -> Any:
    """Adapt a list of columns: a mask, positions or names; None if none is kept."""
    value = np.asarray(value)
    if value.dtype == bool:
        value = value[columns]
        return value if value.any() else None
    if value.dtype.kind in "iu":
        value = value % len(names)
        kept = [new for new, old in enumerate(columns) if old in value]
    else:
        kept_names = set(names[columns])
        kept = [name for name in value.tolist() if name in kept_names]
    return kept or None


def follow_values(value: Any, columns: Array, names: Array) -> Any:
    """Adapt an array of values of columns, or a mapping from names to values."""
    if isinstance(value, dict):
        kept = set(names[columns])
        return {name: v for name, v in value.items() if name in kept} or None
    return np.asarray(value)[columns]


def follow_sets(
    value: Iterable[set[int]], columns: Array, names: Array
) -> list[set[int]] | None:
    """Adapt sets of positions, as of columns that may interact."""
    new = {old: position for position, old in enumerate(columns.tolist())}
    sets = [{new[old] for old in group if old in new} for group in value]
    return [group for group in sets if group] or None


#: the function for each parameter that refers to columns
FOLLOWS: dict[str, Any] = {
    "categorical_features": follow_list,
    "interaction_cst": follow_sets,
    "monotonic_cst": follow_values,
}


def clone_for_columns(estimator: Estimator, columns: Array, names: Array) -> Estimator:
    """An unfitted clone for the kept columns: see `Family.narrow`."""
    narrowed = clone(estimator)
    for name, value in estimator.get_params().items():
        own = name.split("__")[-1]
        if own not in FOLLOWS or value is None or isinstance(value, str):
            continue
        if own != name:
            raise ValueError(
                f"{name}={value!r} of {type(estimator).__name__} names columns as "
                "an inner step sees them, and columns of X are about to be "
                f"removed: it cannot follow them. Set {name} to None, or prune "
                "another granularity."
            )
        narrowed.set_params(**{name: FOLLOWS[name](value, columns, names)})
    return narrowed
