"""The lines of a printed report on scores and classes, and its notes."""

import math
from collections.abc import Sequence
from typing import Any

from sklprune._cost import Cost
from sklprune._evaluation.summary import REFERENCE_KEYS
from sklprune._evaluation.training_rows import Reference
from sklprune._reporting.text import N_PRINTED, Row, aligned, listed, notes_on_rows

#: all kept columns are printed if they are at most this many
N_KEPT = 30
#: notes on references other than the unpruned model itself
REFERENCE_NOTES = {
    Reference.OUT_OF_BAG: (
        "The original was fitted on these rows: its score is out-of-bag, extrapolated "
        "to all trees; the counts are out-of-bag, not extrapolated."
    ),
    Reference.REFITTED: (
        "The original was fitted on these rows: the scores are those of similar "
        "models, fitted without the rows used for the choice, before and after pruning "
        "at the same ratio."
    ),
}
#: what `score["rows"]` means
ROWS = {
    "held out": "rows that were held out",
    "chose the model": "held-out rows that were also used to choose the model",
    "fitted": "the rows it was pruned on (no rows were held out)",
}


def score_line(score: dict[str, Any]) -> str:
    """The scores before and after, and their rows; or the reason why there are none.

    Parameters
    ----------
    score : dict
        See `Report`; the same in the other functions.
    """
    if score["rows"] is None:
        return (
            "score: none, since y was not given, the model has no score, or the "
            "score failed."
        )
    if score.get("omitted"):
        return (
            "score: none, since no rows were held out. The model was fitted on "
            "these rows, where scores are biased upwards. Score the result on "
            "other rows, or request several ratios."
        )
    parts = []
    if not math.isnan(score["original"]):
        error = score["difference_se"]
        error = "" if math.isnan(error) else f" +- {error:.4f}"
        parts.append(
            f"{score['name']} {score['original']:.4f} -> {score['pruned']:.4f}, "
            f"difference {score['difference']:+.4f}{error}"
        )
    if "agreement" in score:
        share = f"{score['agreement']:.4f}"
        parts.append(f"agrees with the original on {share} of the rows")
    return f"{'; '.join(parts)}; on {ROWS[score['rows']]}."


def lines_on_classes(score: dict[str, Any]) -> list[str]:
    """Lines about the classes of a classifier; if many, those that lose most."""
    if "recall" not in score:
        return []
    recall = score["recall"]
    worst_first = sorted(recall, key=lambda each: each["pruned"] - each["original"])
    shown = [each for each in recall if each in worst_first[:N_PRINTED]]
    rows: list[Row] = [("recall of class", "rows", "original", "pruned")]
    for each in shown:
        recalls = f"{each['original']:.4f}", f"{each['pruned']:.4f}"
        rows.append((str(each["class"]), f"{each['rows']:,}", *recalls))
    lines = [
        f"rows that went from right to wrong: {score['right_to_wrong']:,}, "
        f"from wrong to right: {score['wrong_to_right']:,}.",
        aligned(rows),
    ]
    hidden = len(recall) - len(shown)
    return lines + [f"and {hidden} classes that lose less."] * bool(hidden)


def notes_on_zeros(before: Cost, after: Cost) -> list[str]:
    """A sentence on zeros in dense arrays, if the pruned model has more of them."""
    zeros = [cost.parameters - cost.nonzero for cost in (before, after)]
    if zeros[1] <= zeros[0] or after.file_bytes < before.file_bytes:
        return []
    compressed = after.compressed_bytes < before.compressed_bytes
    return [
        "Single weights in a dense array are zeros: "
        + ("the compressed file is smaller, " if compressed else "")
        + "the raw file and the latency are not"
        + ("." if compressed else " smaller.")
    ]


def notes_on_columns(
    kept: list[str],
    unread: list[str],
    dropped: list[str],
    why_kept: Sequence[str],
    stability: dict[str, Any] | None,
) -> list[str]:
    """Sentences on the columns of the pruned model.

    Parameters
    ----------
    kept : list of str
        The remaining columns, where columns were pruned.
    unread : list of str
        Columns that the model receives, and whose values change no prediction.
    dropped : list of str
        Unread columns that were removed.
    why_kept : sequence of str
        Reasons why unread columns were kept.
    stability : dict or None
        How much the selections of the splits differ.
    """
    notes = []
    if 0 < len(kept) <= N_KEPT:
        notes.append(f"Columns kept: {', '.join(kept)}.")
    if unread:
        notes.append(
            f"Columns that no longer count: {listed(unread)}; their values "
            "do not change a prediction. drop_unread=True removes them."
        )
    if dropped:
        notes.append(f"Columns removed, since nothing read them: {listed(dropped)}.")
    if why_kept:
        why = "; ".join(why_kept)
        notes.append(f"Columns are kept that the model does not read: {why}.")
    if stability and not math.isnan(stability["measure"]):
        notes.append(
            "Stability of the selection over the splits: "
            f"{stability['measure']:.2f} (1 if all keep the same columns, 0 "
            "if they keep random ones)."
        )
    return notes


def notes_on_scores(score: dict[str, Any]) -> list[str]:
    """Sentences on the rows that were used, and on the reference of the scores."""
    notes = notes_on_rows(score)
    for reference, note in REFERENCE_NOTES.items():
        if score.get(REFERENCE_KEYS[reference]):
            notes.append(note)
    if score.get("by_latency"):
        notes.append(
            "The choice depends on latencies, which vary with the machine and from "
            "run to run."
        )
    if score.get("n_noisy"):
        notes.append(
            f"{score['n_noisy']} of {score['n_sizes']} sizes were not considered, "
            "since they keep columns that are hardly more important than noise, or "
            "score lower than another candidate by more than one standard error."
        )
    return notes
