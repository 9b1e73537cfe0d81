"""What was pruned, what was left alone, and what it cost."""

import math

import numpy as np

from sklprune._cost import Cost, counts, weighed
from sklprune._plain import stripped

__all__ = ["Report"]

#: rows of the printed table: field of `Cost`, what it is called
PRINTED = (
    ("features", "columns needed"),
    ("members", "members"),
    ("nodes", "nodes"),
    ("parameters", "parameters"),
    ("nonzero", "non-zero"),
    ("operations_per_row", "operations a row"),
    ("file_bytes", "file, bytes"),
    ("compressed_bytes", "file compressed, bytes"),
    ("memory_bytes", "memory, bytes"),
)


class Report:
    """The report of one pruning; prints as a table.

    Counts are there from the start. Bytes are measured when they are first read, or
    when the report is pickled, and kept; then the unpruned model is let go.

    Parameters
    ----------
    original, pruned : estimator
        The model that came in, and the one that ships.
    method : Method
    candidate : Candidate
    score : dict
        `name`, `rows` ("held out", "chose the model" or "fitted"), `original`,
        `pruned`, `difference`, `difference_se`, `n_splits`, `kept_because`.
    """

    def __init__(self, original, pruned, method, candidate, score):
        self.score = score
        self._models = {
            "original": original,
            "stripped": stripped(original),
            "pruned": pruned,
        }
        self._costs = {
            name: Cost(**counts(model)) for name, model in self._models.items()
        }
        self._method = type(method).__name__
        self._reason = method.reason
        self._model_name = type(candidate.dense).__name__
        self._family, self._units = candidate.family, candidate.units
        self._keep, self._scores = candidate.keep, candidate.scores

    @property
    def original(self):
        """`Cost` of the model that came in."""
        return self._cost_of("original")

    @property
    def stripped(self):
        """`Cost` of that model without training left-overs."""
        return self._cost_of("stripped")

    @property
    def pruned(self):
        """`Cost` of the model that ships."""
        return self._cost_of("pruned")

    @property
    def granularity(self):
        """What one unit is."""
        return self._units.granularity

    @property
    def n_units(self):
        """How many units the unpruned model has."""
        return self._units.count

    @property
    def removed(self):
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

    def to_dict(self):
        """All of it as plain numbers and strings."""
        return {
            "summary": self.summary,
            "original": self.original.to_dict(),
            "stripped": self.stripped.to_dict(),
            "pruned": self.pruned.to_dict(),
            "score": dict(self.score),
            "removed": self.removed,
        }

    @property
    def summary(self):
        """The first line: what was pruned, by which method, what was left alone."""
        units = self._units
        removed = int((~self._keep).sum())
        if not removed:
            why = self.score["kept_because"]
            return (
                f"{self._model_name}: nothing was pruned, {why}; the model is the "
                "original, stripped."
            )
        return (
            f"{self._model_name}: {removed} of {units.count} {units.granularity}s "
            f"removed by {self._method}; everything else was left alone."
        )

    def _cost_of(self, name):
        if self._models is not None:
            self._costs = {key: weighed(model) for key, model in self._models.items()}
            self._models = None
        return self._costs[name]

    def __getstate__(self):
        self._cost_of("pruned")
        return self.__dict__.copy()

    def __repr__(self):
        # one line, since estimators show their attributes: a table would weigh models
        return self.summary

    def _repr_pretty_(self, printer, cycle):
        printer.text(str(self))

    def __str__(self):
        rows = [("", "original", "stripped", "pruned", "smaller")]
        for field, title in PRINTED:
            values = [
                getattr(c, field) for c in (self.original, self.stripped, self.pruned)
            ]
            if not math.isnan(values[0]):
                rows.append((title, *map(_number, values), _times(*values[1:])))
        widths = [max(map(len, column)) for column in zip(*rows)]
        table = "\n".join(
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths))
            ).rstrip()
            for row in rows
        )
        return f"{self.summary}\n{table}\n{self._score_line()}"

    def _score_line(self):
        score = self.score
        if score["rows"] is None:
            return "score: none, there is nothing to score with."
        error = score["difference_se"]
        error = "" if math.isnan(error) else f" +- {error:.4f}"
        rows = {
            "held out": "rows that were held out",
            "chose the model": "held-out rows that also chose the model",
            "fitted": "the rows it was pruned on (no rows were held out)",
        }[score["rows"]]
        return (
            f"{score['name']} {score['original']:.4f} -> {score['pruned']:.4f}, "
            f"difference {score['difference']:+.4f}{error}; on {rows}."
        )


def _number(value):
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def _times(before, after):
    return f"{before / after:,.1f}x" if after else ""
