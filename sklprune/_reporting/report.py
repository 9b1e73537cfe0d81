"""`Report`: what was removed from a model, what it cost, and what was not changed."""

import math
from dataclasses import fields, replace
from typing import Any

import numpy as np

from sklprune._cost import LATENCIES, Cost, counts, sizes, weighed
from sklprune._plain import stripped
from sklprune._registry import family_of
from sklprune._reporting.notes import (
    lines_on_classes,
    notes_on_columns,
    notes_on_scores,
    notes_on_zeros,
    score_line,
)
from sklprune._reporting.page import ShownReport, fragment
from sklprune._reporting.storage import notes_on_storage, stored_otherwise
from sklprune._reporting.text import (
    PRINTED,
    Row,
    aligned,
    compared,
    limits_of,
    number,
    times,
    unread_columns,
    without_nan,
)
from sklprune._typing import Estimator, MatrixLike
from sklprune._units import Candidate, plural
from sklprune._unread import Unread

__all__ = ["Report"]


class Report(ShownReport):
    """The report of one pruning; prints as a table.

    Bytes are measured when they are first read, or when the report is pickled, and are
    then kept. The report holds the unpruned model for :meth:`measure` until it is
    pickled. A pickle contains only numbers.

    Parameters
    ----------
    original, pruned : estimator
        The unpruned model, and the returned one.
    method : Method
    candidate : Candidate
    score : dict
        `name`, `rows` ("held out", "chose the model" or "fitted"), `original`,
        `pruned`, `difference`, `difference_se`, `n_splits`, `kept_because` (the reason
        why nothing was removed, else None), `chosen_by` (the rule with its parameters,
        else None). For a
        classifier also `right_to_wrong`, `wrong_to_right` and `recall`. `agreement` if
        the rule needs it. `by_latency` is True if the rule needs latencies.
        `n_noisy` of `n_sizes` candidates were not considered, since they have columns
        that are hardly more important than noise, or a score that is lower by more than
        one standard error.
        `omitted` is True if the scores are NaN because they would be on rows of the
        fit. `n_rows_pruned` and `n_rows_unused` count the rows that pruned the result
        and those that did not. `n_rows_candidates` (a mean) and `n_rows_scored` are the
        rows that pruned and scored the candidates. `score_of` states to which model
        the score belongs. `requested_ratio` is None if no ratio was requested,
        `reached_ratio` is that of the result, and `ratio_differs` is True if the
        difference is larger than rounding.
        `original_out_of_bag` is True if the original was fitted on the rows and its
        score is out-of-bag. `original_fitted_anew` is True if both scores are means
        over similar models that were fitted without these rows.
    unread : Unread or None
        What `drop_unread=True` removed; None if that was not requested.
    comparison : dict or None
        Candidates of several methods, and a small model trained from scratch: see
        `Choice.comparison`. None if there is nothing to compare.
    stability : dict or None
        How far the splits agree on the kept columns, see `stability_of`: `measure` is
        1 if all keep the same, and `kept` has the share of the splits that keep each
        column. None for other units, and without several splits.
    curve : dict or None
        Score against size, see `PruningPath.curve`. None without scores.

    Attributes
    ----------
    settings : dict of str to str
        The parameters of the fit, as code. Only after a fit of a public estimator.
    """

    def __init__(
        self,
        original: Estimator,
        pruned: Estimator,
        method: Any,
        candidate: Candidate,
        score: dict[str, Any],
        unread: Unread | None = None,
        comparison: dict[str, Any] | None = None,
        curve: dict[str, Any] | None = None,
        stability: dict[str, Any] | None = None,
    ) -> None:
        self.score = score
        self.curve, self.stability = curve, stability
        self.settings: dict[str, str] = {}
        self._comparison = comparison or {"methods": [], "baseline": None, "size": ""}
        self._dropped = unread
        self._models = {
            "original": original,
            "stripped": stripped(original),
            "pruned": pruned,
        }
        removes_weights = candidate.units.granularity == "weight"
        self._other_storage, other = stored_otherwise(pruned, removes_weights)
        self._models |= {"stored otherwise": other} if self._other_storage else {}
        self._costs = {
            name: Cost(**counts(model)) for name, model in self._models.items()
        }
        self._weighed = False
        self._unread = [] if unread else unread_columns(original, pruned)
        self._limits = limits_of(original, pruned)
        if hasattr(candidate.units.where, "blocks") and not candidate.keep.all():
            opened = candidate.units.where.blocks is not None
            self._limits += family_of(original).notes_on_columns(original, opened)
        self._method = type(method).__name__
        self._reason = method.reason
        self._model_name = type(candidate.dense).__name__
        self._original_core, self._pruned_name = (
            type(family_of(model).core(model)).__name__ for model in (original, pruned)
        )
        self._recast, self._replaces = (
            method.recasts,
            getattr(method, "replaces", False),
        )
        self._trained = candidate.n_changes > 0
        self._n_added = _n_added(pruned, candidate) if self._trained else 0
        self._family, self._units = candidate.family, candidate.units
        self._keep, self._scores = candidate.keep, candidate.scores
        zero = self._family.zero_units(candidate.dense, candidate.units)
        self._n_zero = 0 if zero is None else int((zero & ~candidate.keep).sum())

    @property
    def original(self) -> Cost:
        """`Cost` of the unpruned model."""
        return self._cost_of("original")

    @property
    def stripped(self) -> Cost:
        """`Cost` of the unpruned model without training state."""
        return self._cost_of("stripped")

    @property
    def pruned(self) -> Cost:
        """`Cost` of the returned model."""
        return self._cost_of("pruned")

    @property
    def storage(self) -> dict[str, Cost]:
        """`Cost` of the returned model with its weights as "dense" and "sparse" arrays.

        Empty if no weights were pruned, or the model cannot predict with sparse ones.
        """
        if not self._other_storage:
            return {}
        form = "dense" if self._other_storage == "sparse" else "sparse"
        return {
            form: self._cost_of("pruned"),
            self._other_storage: self._cost_of("stored otherwise"),
        }

    @property
    def granularity(self) -> str:
        """What one unit is."""
        return self._units.granularity

    @property
    def n_units(self) -> int:
        """The number of units of the unpruned model."""
        return self._units.count

    @property
    def removed(self) -> list[dict[str, Any]]:
        """Name, importance and reason of each unit that was removed."""
        names = self._family.names(self._units)
        return [
            {
                "name": str(names[i]),
                "importance": float(self._scores[i]),
                "reason": self._reason,
            }
            for i in np.flatnonzero(~self._keep)
        ]

    @property
    def kept_columns(self) -> list[str]:
        """Names of the columns that were kept; empty if no columns were removed."""
        if self.granularity != "feature" or self._keep.all():
            return []
        names = self._family.names(self._units)
        return [str(names[i]) for i in np.flatnonzero(self._keep)]

    @property
    def parts(self) -> dict[str, tuple[int, int]]:
        """The number of kept units and of all units of each tree, layer or member."""
        names = [str(name).split() for name in self._family.names(self._units)]
        found: dict[str, tuple[int, int]] = {}
        for name, keep in zip(names, self._keep.tolist()):
            kept, count = found.get(" ".join(name[:2]), (0, 0))
            found[" ".join(name[:2])] = kept + keep, count + 1
        return found

    @property
    def n_zero_removed(self) -> int:
        """The number of removed weights that were zero before the pruning."""
        return self._n_zero

    @property
    def unread_columns(self) -> list[str]:
        """Names of columns that the model still receives and no longer uses.

        Their values do not change a prediction. They are named as the innermost model
        of a pipeline receives them; for texts they are terms. `drop_unread=True`
        removes them. Columns that it could not remove are not named.
        """
        return list(self._unread)

    @property
    def dropped_columns(self) -> list[str]:
        """Names of the columns that `drop_unread=True` removed from the model."""
        return list(self._dropped.names) if self._dropped else []

    @property
    def methods(self) -> list[dict[str, Any]]:
        """The best candidate of each method, if several were compared.

        Each dict contains `method`, `ratio`, `units`, sizes, `score`, `difference` to
        the unpruned model, and `difference_se`. They are means over the splits.
        `accepted` is False if the rule accepts no smaller candidate of the method; the
        one with the best score is then described.
        """
        return list(self._comparison["methods"])

    @property
    def baseline(self) -> dict[str, Any] | None:
        """The small model trained from scratch that the rule chooses, or None.

        The entries are those of `methods`, and `description`.
        """
        best: dict[str, Any] | None = self._comparison["baseline"]
        return best

    @property
    def compared_size(self) -> str:
        """The field of `Cost` by which methods are compared; "" if they are not."""
        return str(self._comparison["size"])

    def measure(self, X: MatrixLike) -> "Report":
        """Measure latencies and add them to the costs; takes a few seconds.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows in the form in which you will predict them; see
            :func:`sklprune.cost`.

        Returns
        -------
        self : Report
            Latencies depend on the machine and its load. They are the only part of a
            report that differs between runs.

        Raises
        ------
        ValueError
            If the report comes from a pickle, which has no unpruned model.
        """
        if self._models is None:
            raise ValueError(
                "This report comes out of a pickle, which does not contain the "
                "unpruned model, so that there is nothing to compare with. Call "
                "measure(X) before pickling, or cost(model, X) for each model."
            )
        for name, model in self._models.items():
            timed = sizes(model, LATENCIES, X)
            latencies = {field: timed[field] for field in LATENCIES}
            self._costs[name] = replace(self._cost_of(name), **latencies)
        return self

    def to_dict(self) -> dict[str, Any]:
        """The whole report as plain numbers and strings; None for unknown numbers.

        Returns
        -------
        dict
            Entries by name, which `json.dumps` accepts.
        """
        whole = {
            "summary": self.summary,
            "original": self.original.to_dict(),
            "stripped": self.stripped.to_dict(),
            "pruned": self.pruned.to_dict(),
            "storage": {name: each.to_dict() for name, each in self.storage.items()},
            "score": dict(self.score),
            "methods": self.methods,
            "baseline": self.baseline,
            "removed": self.removed,
            "kept_columns": self.kept_columns,
            "stability": self.stability,
            "n_zero_removed": self.n_zero_removed,
            "unread_columns": self.unread_columns,
            "dropped_columns": self.dropped_columns,
        }
        return without_nan(whole)

    @property
    def summary(self) -> str:
        """The first line: what was pruned, and by which method."""
        units = self._units
        removed = int((~self._keep).sum())
        if self._recast:
            return (
                f"{self._model_name}: nothing was pruned, {self._method} converted it "
                f"to a {self._pruned_name}."
            )
        if self._trained:
            several = plural(units.granularity)
            return (
                f"{self._model_name}: {removed} of {units.count} {several} removed and "
                f"{self._n_added} added by {self._method}, which has trained the rest."
            )
        if not removed:
            why = self.score["kept_because"]
            return (
                f"{self._model_name}: nothing was pruned, {why}; the model is the "
                "original, stripped."
            )
        several = plural(units.granularity)
        if self._replaces:
            left = units.count - removed
            return (
                f"{self._model_name}: replaced by {self._method}, {left} {several} "
                f"instead of {units.count}; the result is a {self._pruned_name}."
            )
        what = f"{removed} of {units.count} {several} removed by {self._method}"
        rest = "no other unit was removed"
        if self._pruned_name != self._original_core:
            rest = f"the result is a {self._pruned_name}"
        return f"{self._model_name}: {what}; {rest}."

    def _cost_of(self, name: str) -> Cost:
        if not self._weighed:
            self._costs = {key: weighed(model) for key, model in self._models.items()}
            if self._costs["stripped"].file_bytes > self._costs["original"].file_bytes:
                # nothing was stripped, and other padding made the copy larger
                self._costs["stripped"] = self._costs["original"]
            self._weighed = True
        return self._costs[name]

    def __getstate__(self) -> dict[str, Any]:
        self._cost_of("pruned")
        return self.__dict__ | {"_models": None}

    def _repr_html_(self) -> str:
        return fragment(self)

    def size_rows(self) -> list[Row]:
        """The table of sizes as rows of text; the first one is the head.

        Returns
        -------
        list of tuple of str
            One tuple for each row of the table.
        """
        rows: list[Row] = [("", "original", "stripped", "pruned", "smaller")]
        units, kept = plural(self.granularity), int(self._keep.sum()) + self._n_added
        if units not in {field.name for field in fields(Cost)}:
            # weights, leaves and neurons have no field of their own
            counts = [float(n) for n in (self.n_units, self.n_units, kept)]
            rows.append((units, *map(number, counts), times(*counts[1:])))
        for field, title, unit in PRINTED:
            values = [
                getattr(c, field) / unit
                for c in (self.original, self.stripped, self.pruned)
            ]
            if not math.isnan(values[0]):
                rows.append((title, *map(number, values), times(*values[1:])))
        return rows

    def __str__(self) -> str:
        parts = [self.summary, aligned(self.size_rows()), score_line(self.score)]
        if self.score.get("chosen_by"):
            parts[-1] += f" Chosen by {self.score['chosen_by']}."
        parts += compared(**self._comparison)
        return "\n".join([*parts, *lines_on_classes(self.score), *self.notes])

    @property
    def notes(self) -> list[str]:
        """Sentences on what the table does not show."""
        notes = notes_on_zeros(self.stripped, self.pruned)
        notes += notes_on_storage(self.storage)
        if self._n_zero:
            notes.append(
                f"{self._n_zero:,} of the removed {plural(self.granularity)} were zero "
                "already."
            )
        notes += notes_on_columns(
            self.kept_columns,
            self._unread,
            self.dropped_columns,
            self._dropped.kept if self._dropped else [],
            self.stability,
        )
        return notes + self._limits + notes_on_scores(self.score)


def _n_added(pruned: Estimator, candidate: Candidate) -> int:
    """The number of units of a pruned model that the unpruned one did not have."""
    core = family_of(pruned).core(pruned)
    units = family_of(core).own_units(core, candidate.units.granularity)
    return int(units.count - candidate.keep.sum())
