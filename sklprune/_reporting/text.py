"""Parts of a printed report: tables, numbers and sentences."""

import math
from typing import Any

from sklearn.utils import get_tags

from sklprune._registry import family_of
from sklprune._typing import Estimator
from sklprune._unread import removable_columns

#: a row of a printed table
Row = tuple[str, ...]
#: at most this many classes or columns are printed
N_PRINTED = 10
#: rows of the printed table: field of `Cost`, title, unit
PRINTED = (
    ("features", "columns needed", 1),
    ("members", "members", 1),
    ("nodes", "nodes", 1),
    ("parameters", "parameters", 1),
    ("nonzero", "non-zero", 1),
    ("operations_per_row", "operations a row", 1),
    ("file_bytes", "file, bytes", 1),
    ("compressed_bytes", "file compressed, bytes", 1),
    ("lzma_bytes", "file with LZMA, bytes", 1),
    ("distinct_values", "distinct values", 1),
    ("bits_per_parameter", "bits a parameter", 1),
    ("memory_bytes", "memory, bytes", 1),
    ("latency_one_row", "one row, microseconds", 1e-6),
    ("latency_per_row", "a row of many, microseconds", 1e-6),
)


def limits_of(original: Estimator, pruned: Estimator) -> list[str]:
    """Sentences on what the original can do and the pruned model cannot."""
    before, after = (family_of(model).core(model) for model in (original, pruned))
    name = type(after).__name__
    nan_before, nan_after = (
        get_tags(model).input_tags.allow_nan for model in (before, after)
    )
    limits = []
    if nan_before and not nan_after:
        limits.append(f"{name} rejects missing values, which the original accepts.")
    why = family_of(after).why_not_continued(after)
    if why:
        limits.append(f"Training of {name} cannot be continued: {why}.")
    return limits


def unread_columns(original: Estimator, pruned: Estimator) -> list[str]:
    """Names of the columns that the original uses and the pruned model does not."""
    before, after = (
        family_of(model).unread_columns(model) for model in (original, pruned)
    )
    # columns that were removed from the model are not listed here
    if before is None or after is None or len(before) != len(after):
        return []
    if not (after & ~before).any():
        return []
    removable = removable_columns(pruned)
    names = family_of(pruned).input_names(pruned)
    return [str(name) for name in names[after & ~before & removable]]


def notes_on_rows(score: dict[str, Any]) -> list[str]:
    """Sentences on the rows that were used, and on the ratio that was reached."""
    n_pruned, n_unused = score["n_rows_pruned"], score["n_rows_unused"]
    n_scored = score["n_rows_scored"]
    if not n_scored:
        notes = [f"The result was pruned on all {n_pruned:,} rows."]
    elif score["score_of"] == "the result":
        notes = [
            f"The result was pruned on {n_pruned:,} rows. The score is its own, on "
            f"{n_unused:,} other rows."
        ]
    else:
        notes = [
            f"The result was pruned on all {n_pruned:,} rows. The score is not its "
            "own: it is that of candidates of the same ratio, each pruned on about "
            f"{score['n_rows_candidates']:,.0f} rows, on {score['n_splits']} held-out "
            + ("part." if score["n_splits"] == 1 else "parts.")
        ]
    if score["ratio_differs"]:
        requested, reached = score["requested_ratio"], score["reached_ratio"]
        notes.append(
            f"The requested ratio was {requested:g}, and {reached:.3g} was reached."
        )
    return notes


def without_nan(value: Any) -> Any:
    """The same dicts and lists with None in place of NaN."""
    if isinstance(value, dict):
        return {key: without_nan(each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def listed(names: list[str]) -> str:
    """The first of some names, and the number of the others."""
    hidden = len(names) - N_PRINTED
    more = f" and {hidden} more" if hidden > 0 else ""
    return ", ".join(names[:N_PRINTED]) + more


def aligned(rows: list[Row]) -> str:
    """Rows of text as a table; the first column is aligned left, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    )


def number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def times(before: float, after: float) -> str:
    return f"{before / after:,.1f}x" if after else ""


def compared(
    methods: list[dict[str, Any]], baseline: dict[str, Any] | None, size: str
) -> list[str]:
    """Lines that compare the best candidate of each method, and a baseline.

    Parameters
    ----------
    methods : list of dict
        See `best_of_each`.
    baseline : dict or None
        See `best_from_scratch`.
    size : str
        The field of `Cost` that is compared.
    """
    found = [*methods, baseline] if baseline else methods
    if not found:
        return []
    rows: list[Row] = [("compared", size.replace("_", " "), "score", "difference", "")]
    for each in found:
        error = each["difference_se"]
        error = "" if math.isnan(error) else f" +- {error:.4f}"
        rows.append(
            (
                each["method"],
                size_text(each[size]),
                f"{each['score']:.4f}",
                f"{each['difference']:+.4f}{error}",
                "" if each["accepted"] else "not accepted by the rule",
            )
        )
    lines = [aligned(rows)]
    if baseline:
        lines.append(f"The model trained from scratch is {baseline['description']}.")
    return lines


def size_text(value: float) -> str:
    """A size of any order of magnitude: bytes and counts, or seconds."""
    return f"{value:.3g}" if value < 1 else number(round(value))
