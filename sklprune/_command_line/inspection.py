"""`sklprune inspect`: the parts of a model, their sizes, and what could be removed."""

import time
import warnings
from typing import Any

import numpy as np

from sklprune._command_line.tables import Rows
from sklprune._cost import cost, file_bytes
from sklprune._plain import plain, strip
from sklprune._plan import suitable_methods
from sklprune._pruned_estimator import prune
from sklprune._registry import snake_case
from sklprune._report_text import Row, aligned
from sklprune._sklearn_private import num_samples, safe_indexing
from sklprune._typing import Estimator, Ratio
from sklprune._units import plural

#: rows on which a pruning is timed
N_TIMED = 400
#: prunings of a call without splits of its own: one for each fold, and the last one
N_PRUNINGS = 6


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
        `units` and `seconds`.
    """
    model = plain(model)
    X = None if rows is None else rows.X
    return {
        "model": type(model).__name__,
        "cost": cost(model, X).to_dict(),
        "stripped_bytes": file_bytes(strip(model)),
        "parts": [
            {"name": name, "class": type(part).__name__, "file_bytes": file_bytes(part)}
            for name, part in parts_of(model)
        ],
        "methods": [_method(model, method, rows) for method in suitable_methods(model)],
    }


def parts_of(model: Estimator) -> list[tuple[str, Estimator]]:
    """The steps, transformers or members of a fitted model, with their names."""
    named: dict[str, Any] = {}
    for attribute in ("steps", "transformers_", "named_estimators_"):
        parts = getattr(model, attribute, None)
        if isinstance(parts, dict):
            named |= parts
        elif parts:
            named |= {name: part for name, part, *_ in parts}
    return [(name, part) for name, part in named.items() if hasattr(part, "get_params")]


def _method(model: Estimator, method: Any, rows: Rows | None) -> dict[str, Any]:
    """What one method can remove, and how long a pruning takes."""
    shown: dict[str, Any] = {
        "method": snake_case(type(method).__name__),
        "removes": "nothing" if method.recasts else plural(method.granularity),
    }
    if rows is None:
        return shown
    n_rows = num_samples(rows.X)
    chosen = np.linspace(0, n_rows - 1, min(n_rows, N_TIMED)).astype(int)
    X, y = (None if v is None else safe_indexing(v, chosen) for v in rows)
    ratio: Ratio = "auto" if method.decides else 0.5
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pruned = prune(model, X, y, method=method, pruning_ratio=ratio)
    except ValueError as error:
        return shown | {"problem": str(error)}
    seconds = (time.perf_counter() - start) * n_rows / len(chosen)
    repeats = 1 if method.decides else N_PRUNINGS
    return shown | {"units": pruned.report_.n_units, "seconds": seconds * repeats}


def as_text(found: dict[str, Any]) -> str:
    """The result of `inspect` as it is printed."""
    counts = [
        f"{value:,.0f} {name.replace('_', ' ')}"
        for name, value in found["cost"].items()
        if np.isfinite(value) and not name.startswith("latency")
    ]
    lines = [f"{found['model']}: {', '.join(counts)}."]
    latency = found["cost"]["latency_one_row"]
    if np.isfinite(latency):
        lines.append(f"One row is predicted in {latency * 1e6:,.0f} microseconds.")
    saved = found["cost"]["file_bytes"] - found["stripped_bytes"]
    lines.append(f"Training state that predictions do not need: {saved:,.0f} bytes.")
    if found["parts"]:
        rows: list[Row] = [("part", "class", "bytes")]
        rows += [
            (str(part["name"]), part["class"], f"{part['file_bytes']:,}")
            for part in found["parts"]
        ]
        lines += ["", aligned(rows)]
    lines += ["", aligned(_method_rows(found["methods"]))]
    if not any("seconds" in each for each in found["methods"]):
        lines.append("Pass a table and --target to estimate the time of each method.")
    return "\n".join(lines)


def _method_rows(methods: list[dict[str, Any]]) -> list[Row]:
    rows: list[Row] = [("method", "removes", "units", "time")]
    for each in methods:
        if "problem" in each:
            short = each["problem"].split(". ")[0]
            rows.append((each["method"], each["removes"], "", f"not possible: {short}"))
            continue
        seconds = f"about {each['seconds']:,.0f} s" if "seconds" in each else ""
        units = f"{each['units']:,}" if "units" in each else ""
        rows.append((each["method"], each["removes"], units, seconds))
    return rows
