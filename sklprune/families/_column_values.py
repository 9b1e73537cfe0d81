"""Adapts values that refer to columns, when columns of X are removed.

Each `follow_` function takes the value of a parameter, the positions of the kept
columns and the names of all columns. It returns the value for a table of the kept
columns, in their order. Values are lists, arrays, mappings, or texts in the forms of
LightGBM, XGBoost and CatBoost.
"""

import json
from collections.abc import Callable, Iterable
from numbers import Integral, Number
from typing import Any

import numpy as np

from sklprune._typing import Array

Follow = Callable[[Any, Array, Array], Any]


def follow_list(value: Any, columns: Array, names: Array) -> Any:
    """Adapt a list of columns: a mask, positions or names; None if none is kept."""
    if callable(value):
        # the fit calls it with the smaller table
        return value
    if isinstance(value, str):
        return _follow_listed_text(value, columns, names)
    items = [value] if isinstance(value, Integral) else entries_of(value)
    if items and all(isinstance(item, (bool, np.bool_)) for item in items):
        mask = [bool(items[old]) for old in columns]
        return mask if any(mask) else None
    if all(isinstance(item, Integral) for item in items):
        listed = {int(item) % len(names) for item in items}
        kept = [new for new, old in enumerate(columns.tolist()) if old in listed]
    else:
        new_names = _new_positions(columns, names)
        kept = [new_names[item] for item in items if item in new_names]
    return kept or None


def follow_values(value: Any, columns: Array, names: Array) -> Any:
    """Adapt an array of values of columns, or a mapping from columns to values."""
    if callable(value) or not hasattr(value, "__len__"):
        return value
    if isinstance(value, str):
        return _follow_valued_text(value, columns, names)
    if isinstance(value, dict):
        new = _new_positions(columns, names)
        return {new[old]: v for old, v in value.items() if old in new} or None
    if isinstance(value, np.ndarray):
        return value[columns]
    # some libraries accept fewer values than columns
    kept = [value[old] for old in columns if old < len(value)]
    return tuple(kept) if isinstance(value, tuple) else kept


def follow_each(value: Any, columns: Array, names: Array) -> Any:
    """Adapt a list with one entry for each column; any other value is kept."""
    listed = isinstance(value, (list, tuple, np.ndarray)) and len(value) == len(names)
    return follow_values(value, columns, names) if listed else value


def follow_sets(value: Any, columns: Array, names: Array) -> Any:
    """Adapt sets of columns that may interact, each of positions or names.

    None is returned if no listed column is kept.
    """
    if callable(value):
        return value
    if isinstance(value, str):
        return _follow_text_of_sets(value, columns, names)
    new = _new_positions(columns, names)
    sets = [_like(group, [new[old] for old in group if old in new]) for group in value]
    return _like(value, [group for group in sets if len(group)]) or None


def follow_groups(value: Any, columns: Array, names: Array) -> Any:
    """The same as `follow_sets`, for libraries where no group means no limit.

    Raises
    ------
    ValueError
        If no listed column is kept, since None would then allow all interactions.
    """
    followed = follow_sets(value, columns, names)
    if followed is None:
        raise ValueError("none of its columns is kept")
    return followed


def follow_prefixed(value: Any, columns: Array, names: Array) -> Any:
    """Adapt a text, or a list of texts, such as "3:border_count=1024"."""
    new = _new_positions(columns, names)
    kept = []
    for entry in [value] if isinstance(value, str) else value:
        column, colon, rest = entry.partition(":")
        old = _column_in_text(column)
        if old in new:
            kept.append(f"{new[old]}{colon}{rest}")
    if isinstance(value, str):
        return kept[0] if kept else None
    return kept or None


def _new_positions(columns: Array, names: Array) -> dict[Any, Any]:
    """The new name or position of each kept column, by its old name or position."""
    positions: dict[Any, Any] = {}
    for new, old in enumerate(columns.tolist()):
        positions[old] = positions[old - len(names)] = new
    # where numbers are names too, libraries read them as positions
    kept = {name: name for name in names[columns] if not isinstance(name, Number)}
    return positions | kept


class NoColumns(ValueError):
    """None of the columns of a transformer is kept, which then changes nothing."""


def follow_labels(value: Any, columns: Array, names: Array) -> Any:
    """Drop the names of removed columns from a list, or from the keys of a mapping.

    Other entries are kept, such as names of columns that an earlier step makes.
    Integers are positions unless they are names.

    Raises
    ------
    NoColumns
        If nothing remains.
    """
    if callable(value):
        # the fit calls it with the smaller table
        return value
    items = [value] if isinstance(value, (str, Number)) else entries_of(value)
    if are_positions(items, names):
        kept = follow_list(items, columns, names)
    else:
        removed = set(names) - set(names[columns])
        kept = [item for item in items if item not in removed]
    if not kept:
        raise NoColumns("none of its columns is kept")
    if isinstance(value, dict):
        return {item: value[item] for item in kept}
    return value if kept == items else kept


def follow_encoded(value: Any, columns: Array, names: Array) -> Any:
    """The same as `follow_labels`, where an empty list stands for no column."""
    try:
        return follow_labels(value, columns, names)
    except NoColumns:
        return []


def follow_mappings(value: Any, columns: Array, names: Array) -> Any:
    """Adapt a list of mappings that contain the name of a column as "col"."""
    kept = follow_encoded([each["col"] for each in value], columns, names)
    return [each for each in value if each["col"] in kept]


def are_positions(items: list[Any], names: Array) -> bool:
    """Whether entries are numbers of columns, and not their names."""
    known = set(names)
    numbers = [isinstance(item, Integral) and item not in known for item in items]
    return bool(numbers) and all(numbers)


def follow_file(value: Any, columns: Array, names: Array) -> Any:
    """Refuse a file that names columns; without a file nothing changes."""
    if len(value):
        raise ValueError("its columns are in a file")
    return value


def entries_of(value: Iterable[Any]) -> list[Any]:
    return value.tolist() if isinstance(value, np.ndarray) else list(value)


def _like(value: Any, items: list[Any]) -> Any:
    """Items in a container of the same kind as a value."""
    kinds = (list, tuple, set, frozenset)
    return next((kind for kind in kinds if isinstance(value, kind)), list)(items)


# -- values that are texts -------------------------------------------------------------


def _column_in_text(text: str) -> Any:
    """A position or a name that is a part of a text."""
    text = text.strip()
    return int(text) if text.lstrip("-").isdigit() else text


def _follow_listed_text(text: str, columns: Array, names: Array) -> str | None:
    """Adapt "0,3" or "name:a,b"; another word is kept, such as "auto"."""
    prefix = "name:" if text.startswith("name:") else ""
    entries = [_column_in_text(each) for each in text[len(prefix) :].split(",")]
    known = set(names) | set(range(-len(names), len(names)))
    if not prefix and not any(entry in known for entry in entries):
        return text
    new = _new_positions(columns, names)
    kept = [str(new[entry]) for entry in entries if entry in new]
    return prefix + ",".join(kept) if kept else None


def _follow_valued_text(text: str, columns: Array, names: Array) -> str | None:
    """Adapt "(0,1,-1)", "[0,1,-1]", "0,1,-1", or "a:1,b:-1"."""
    body = text.strip()
    start, end = (body[0], body[-1]) if body[:1] in ("(", "[") else ("", "")
    entries = body[len(start) : len(body) - len(end)].split(",")
    if all(":" in entry for entry in entries):
        new = _new_positions(columns, names)
        pairs = [entry.rpartition(":")[::2] for entry in entries]
        old = [_column_in_text(column) for column, _ in pairs]
        kept = [f"{new[o]}:{v}" for o, (_, v) in zip(old, pairs) if o in new]
    else:
        for entry in entries:
            float(entry)  # anything but numbers is not known
        kept = [entries[old].strip() for old in columns if old < len(entries)]
    return start + ",".join(kept) + end if kept else None


def _follow_text_of_sets(text: str, columns: Array, names: Array) -> str | None:
    """Adapt "[[0,1],[2,3]]" or "[0,1],[2,3]"; a word such as "pairwise" is kept."""
    if text.isidentifier():
        return text
    nested = text.replace(" ", "").startswith("[[")
    followed = follow_sets(json.loads(text if nested else f"[{text}]"), columns, names)
    if followed is None:
        return None
    new = json.dumps(followed, separators=(",", ":"))
    return new if nested else new[1:-1]
