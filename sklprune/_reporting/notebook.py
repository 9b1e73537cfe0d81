"""`ResultDiagramMixin`: the diagram of a fitted estimator, with its result."""

import math
from html import escape
from typing import Any

from sklprune._reporting.html import html_table

#: on which rows a score was measured, by the entry `rows` of a report's score
ROWS = {
    "held out": "held-out rows",
    "chose the model": "held-out rows, also used for the choice",
    "fitted": "rows of the fit",
}


class ResultDiagramMixin:
    """Show ratio, bytes and score below the parameters in scikit-learn's HTML diagram.

    Only a fitted estimator has a result. Notebooks read `_repr_mimebundle_` and the
    docs `_repr_html_`; both exist in scikit-learn 1.6 and later.
    """

    @property
    def _repr_html_(self) -> Any:
        # without a diagram, the base class raises AttributeError
        diagram = super()._repr_html_  # type: ignore[misc]
        return lambda: diagram() + self._result_html()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]
        if "text/html" in bundle:
            bundle["text/html"] += self._result_html()
        return bundle

    def _result_html(self) -> str:
        """The result of the last fit as a small table; "" before a fit."""
        report = vars(self).get("report_")
        return "" if report is None else result_html(report, self.pruning_ratio_)  # type: ignore[attr-defined]


def result_html(report: Any, ratio: float) -> str:
    """A small table of what a pruning has changed.

    Parameters
    ----------
    report : Report or ChainReport
    ratio : float
        The fraction of units that was removed.
    """
    before, after, score = report.stripped, report.pruned, report.score
    rows = [
        ("", "unpruned", "pruned"),
        ("pruning ratio", "0", f"{ratio:.4g}"),
        ("file, bytes", f"{before.file_bytes:,.0f}", f"{after.file_bytes:,.0f}"),
    ]
    if not math.isnan(score["pruned"]):
        scores = (f"{score['original']:.4f}", f"{score['pruned']:.4f}")
        rows.append((f"{score['name']}, {ROWS[score['rows']]}", *scores))
    summary = escape(report.summary).replace("\n", "<br>")
    return (
        '<div class="sklprune-result" style="margin: .5em 0"><p>'
        f"{summary}</p>{html_table(rows)}</div>"
    )
