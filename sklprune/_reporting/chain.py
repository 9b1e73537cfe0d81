"""`ChainReport`: what the steps of a `Chain` have removed, one line for each."""

import math
from typing import Any

from sklprune._reporting.page import ShownReport, chain_fragment
from sklprune._reporting.text import Row, aligned, number, times, without_nan
from sklprune._typing import MatrixLike

#: rows of the printed table: field of `Cost` and title
PRINTED = (
    ("features", "columns needed"),
    ("members", "members"),
    ("nodes", "nodes"),
    ("nonzero", "non-zero"),
    ("file_bytes", "file, bytes"),
    ("compressed_bytes", "file compressed, bytes"),
)


class ChainReport(ShownReport):
    """The report of several prunings in sequence; prints one line for each step.

    Parameters
    ----------
    steps : list of Report
        Of the steps that made the result.
    choosing : list of Report
        Of the same steps on the rows where their sizes were chosen.

    Attributes
    ----------
    settings : dict of str to str
        The parameters of the fit, as code.
    """

    def __init__(self, steps: list[Any], choosing: list[Any]) -> None:
        self.steps = steps
        self._choosing = choosing
        self.settings: dict[str, str] = {}

    @property
    def original(self) -> Any:
        """`Cost` of the unpruned model."""
        return self.steps[0].original

    @property
    def stripped(self) -> Any:
        """`Cost` of the unpruned model without training state."""
        return self.steps[0].stripped

    @property
    def pruned(self) -> Any:
        """`Cost` of the returned model."""
        return self.steps[-1].pruned

    @property
    def removed(self) -> list[dict[str, Any]]:
        """Name, importance and reason of the removed units of all steps."""
        return [unit for step in self.steps for unit in step.removed]

    @property
    def removed_share(self) -> float:
        """The share of the bytes of the compressed file that was removed."""
        return 1 - self.pruned.compressed_bytes / self.stripped.compressed_bytes

    @property
    def score(self) -> dict[str, Any]:
        """The scores of the unpruned model and the last one, where sizes were chosen.

        The entries are those of `Report.score`. `difference_se` is NaN, since the
        steps were not compared in one table.
        """
        scored = [r.score for r in self._choosing if not math.isnan(r.score["pruned"])]
        if not scored:
            return dict(self._choosing[-1].score)
        first, last = scored[0], scored[-1]
        return last | {
            "original": first["original"],
            "difference": last["pruned"] - first["original"],
            "difference_se": math.nan,
        }

    @property
    def summary(self) -> str:
        """One line for each step."""
        return "\n".join(
            f"{i}. {step.summary}" for i, step in enumerate(self.steps, start=1)
        )

    @property
    def baseline(self) -> dict[str, Any] | None:
        """The small model trained from scratch, or None: see `Report.baseline`."""
        best: dict[str, Any] | None = self._choosing[0].baseline
        return best

    def measure(self, X: MatrixLike) -> "ChainReport":
        """Measure latencies of the models of all steps; see `Report.measure`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows in the form in which you will predict them.

        Returns
        -------
        self : ChainReport
            The same report.
        """
        for step in self.steps:
            step.measure(X)
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
            "score": self.score,
            "baseline": self.baseline,
            "steps": [step.to_dict() for step in self.steps],
        }
        return without_nan(whole)

    def __str__(self) -> str:
        return "\n".join([self.summary, aligned(self.size_rows()), self.score_note])

    def _repr_html_(self) -> str:
        return chain_fragment(self)

    def size_rows(self) -> list[Row]:
        """The sizes after each step as rows of text; the first one is the head.

        Returns
        -------
        list of tuple of str
            One tuple for each row of the table.
        """
        names = [str(i) for i in range(1, len(self.steps) + 1)]
        rows: list[Row] = [("after step", "original", *names, "smaller")]
        for name, title in PRINTED:
            values = [getattr(self.stripped, name)]
            values += [getattr(step.pruned, name) for step in self.steps]
            if not math.isnan(values[0]):
                shown = map(number, values)
                rows.append((title, *shown, times(values[0], values[-1])))
        return rows

    @property
    def score_note(self) -> str:
        """A sentence on the scores before and after all steps."""
        score = self.score
        return (
            f"{score['name']} {score['original']:.4f} -> {score['pruned']:.4f}, "
            f"difference {score['difference']:+.4f}, on held-out rows that were also "
            "used to choose the sizes."
        )
