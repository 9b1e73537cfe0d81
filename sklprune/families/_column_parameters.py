"""Parameters that name columns, and how they follow the columns that stay.

Each function takes a value, the positions of the columns that stay, and the names of
all columns, and gives the value for a table of just those columns in that order.
"""

import numpy as np


def follow_list(value, columns, names):
    """Column lists: a mask, positions, or names; None where none of them stays."""
    value = np.asarray(value)
    if value.dtype == bool:
        value = value[columns]
        return value if value.any() else None
    if value.dtype.kind in "iu":
        value = value % len(names)
        kept = [new for new, old in enumerate(columns) if old in value]
    else:
        stay = set(names[columns])
        kept = [name for name in value.tolist() if name in stay]
    return kept or None


def follow_values(value, columns, names):
    """One value for each column, or a mapping from names to values."""
    if isinstance(value, dict):
        stay = set(names[columns])
        return {name: v for name, v in value.items() if name in stay} or None
    return np.asarray(value)[columns]


def follow_sets(value, columns, names):
    """Sets of positions that may interact."""
    new = {old: position for position, old in enumerate(columns.tolist())}
    sets = [{new[old] for old in group if old in new} for group in value]
    return [group for group in sets if group] or None


#: how each parameter that names columns follows them
FOLLOWS = {
    "categorical_features": follow_list,
    "interaction_cst": follow_sets,
    "monotonic_cst": follow_values,
}
