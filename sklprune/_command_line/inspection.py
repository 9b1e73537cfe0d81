"""`sklprune inspect`: the parts of a model, their sizes, and what could be removed."""

import time
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from sklprune._command_line.messages import notice
from sklprune._command_line.tables import Rows
from sklprune._command_line.time_limit import TimeIsUp, time_limit
from sklprune._cost import cost, file_bytes
from sklprune._plain import plain, strip
from sklprune._plan import suitable_methods
from sklprune._pruned_estimator import prune
from sklprune._registry import snake_case
from sklprune._reporting.text import PRINTED, Row, aligned
from sklprune._sklearn_private import num_samples, safe_indexing
from sklprune._typing import Estimator, Ratio
from sklprune._units import plural

#: rows on which a pruning is timed
N_TIMED = 400
#: a method that takes longer on these rows is interrupted, and a bound is shown
SECONDS_PER_METHOD = 5.0
#: prunings of a call without splits of its own: one for each fold, and the last one
N_PRUNINGS = 6
#: parts of at least this share of the bytes of a model are shown, and of these bytes
SHARE_OF_PART, SMALLEST_PART = 0.01, 600


def inspect(model: Estimator, rows: Rows | None) -> dict[str, Any]:
    """What `sklprune inspect` shows.

    Parameters
    ----------
    model : estimator
        Fitted.
    rows : Rows or None
        With rows, latencies are measured, and the time of a pruning is estimated.

    Returns
    -------
    dict
        `model`, `cost`, `stripped_bytes`, `parts` and `methods`. Each part has `name`,
        `class` and `file_bytes`; each method has `method`, `removes`, and with rows
        `units`, `seconds`, and `interrupted`: whether it takes longer than `seconds`,
        and was not timed to the end.
    """
    model = plain(model)
    X = None if rows is None else rows.X
    return {
        "model": type(model).__name__,
        "cost": cost(model, X).to_dict(),
        "stripped_bytes": file_bytes(strip(model)),
        "parts": parts_of(model),
        "methods": [_method(model, method, rows) for method in suitable_methods(model)],
    }


def parts_of(model: Estimator) -> list[dict[str, Any]]:
    """The parts of a fitted model, from the outside to the inside, with their bytes.

    Parameters
    ----------
    model : estimator

    Returns
    -------
    list of dict
        `name`, with the names of the parts around it before a slash, `class` and
        `file_bytes`. Parts are the steps, transformers and named members of a model,
        and the fitted attributes of those that have none. Small parts are omitted.
    """
    least = max(SMALLEST_PART, SHARE_OF_PART * file_bytes(model))
    return [part for part in _parts(model, "") if part["file_bytes"] >= least]


def _parts(model: Estimator, prefix: str) -> Iterator[dict[str, Any]]:
    named: dict[str, Any] = {}
    for attribute in ("steps", "transformers_", "named_estimators_"):
        parts = getattr(model, attribute, None)
        if isinstance(parts, dict):
            named |= parts
        elif parts:
            named |= {name: part for name, part, *_ in parts}
    estimators = {k: v for k, v in named.items() if hasattr(v, "get_params")}
    for name, part in estimators.items():
        yield _part(prefix + name, part, type(part).__name__)
        yield from _parts(part, f"{prefix}{name} / ")
    if not estimators:
        yield from _attributes(model, prefix)


def _attributes(model: Estimator, prefix: str) -> Iterator[dict[str, Any]]:
    """The fitted attributes of a model, each array of a list by itself."""
    for name, value in vars(model).items():
        if name in model.get_params(deep=False):
            continue
        arrays = isinstance(value, list) and all(
            isinstance(v, np.ndarray) for v in value
        )
        values = {f"{name}[{i}]": v for i, v in enumerate(value)} if arrays else {}
        for shown, each in (values or {name: value}).items():
            yield _part(prefix + shown, each, _described(each))


def _part(name: str, value: Any, described: str) -> dict[str, Any]:
    return {"name": name, "class": described, "file_bytes": file_bytes(value)}


def _described(value: Any) -> str:
    """The class of a value, with the shape of an array and the length of a list."""
    name = type(value).__name__
    if isinstance(value, list) and value:
        return f"{len(value)} x {type(value[0]).__name__}"
    shape = " x ".join(map(str, getattr(value, "shape", ())))
    return f"{name} of {shape}" if shape else name


def _method(model: Estimator, method: Any, rows: Rows | None) -> dict[str, Any]:
    """What one method can remove, and how long a pruning takes."""
    shown: dict[str, Any] = {
        "method": snake_case(type(method).__name__),
        "removes": "nothing" if method.recasts else plural(method.granularity),
    }
    if rows is None:
        return shown
    notice(f"timing {shown['method']} ...")
    n_rows = num_samples(rows.X)
    chosen = np.linspace(0, n_rows - 1, min(n_rows, N_TIMED)).astype(int)
    X, y = (None if v is None else safe_indexing(v, chosen) for v in rows)
    ratio: Ratio = "auto" if method.decides else 0.5
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with time_limit(SECONDS_PER_METHOD):
                pruned = prune(model, X, y, method=method, pruning_ratio=ratio)
        shown |= {"units": pruned.report_.n_units, "interrupted": False}
    except ValueError as error:
        return shown | {"problem": str(error)}
    except TimeIsUp:
        shown["interrupted"] = True
    seconds = (time.perf_counter() - start) * n_rows / len(chosen)
    repeats = 1 if method.decides else N_PRUNINGS
    return shown | {"seconds": seconds * repeats}


def as_text(found: dict[str, Any]) -> str:
    """The result of `inspect` as it is printed."""
    size = found["cost"]
    counts: list[Row] = [(found["model"], "")]
    counts += [
        (title, f"{size[name] / unit:,.0f}")
        for name, title, unit in PRINTED
        if np.isfinite(size[name])
    ]
    saved = max(0, size["file_bytes"] - found["stripped_bytes"])
    counts.append(("of it training state, bytes", f"{saved:,.0f}"))
    parts: list[Row] = [("part", "class", "bytes")]
    parts += [
        (part["name"], part["class"], f"{part['file_bytes']:,}")
        for part in found["parts"]
    ]
    possible = [each for each in found["methods"] if "problem" not in each]
    tables = [counts, parts, _method_rows(possible)]
    blocks = [aligned(table) for table in tables if table[1:]]
    if not any("seconds" in each for each in possible):
        blocks.append("Pass a table and --target to estimate the time of each method.")
    for each in found["methods"]:
        if "problem" in each:
            short = each["problem"].split(". ")[0].rstrip(".")
            blocks.append(f"{each['method']} is not possible: {short}.")
    return "\n\n".join(blocks)


def _method_rows(methods: list[dict[str, Any]]) -> list[Row]:
    rows: list[Row] = [("method", "removes", "units", "time")]
    for each in methods:
        about = "over" if each.get("interrupted") else "about"
        seconds = f"{about} {each['seconds']:,.0f} s" if "seconds" in each else ""
        units = f"{each['units']:,}" if "units" in each else ""
        rows.append((each["method"], each["removes"], units, seconds))
    return rows
