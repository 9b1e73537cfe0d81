"""The report as an HTML page: one file without scripts and without other files."""

import platform
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import sklearn

from sklprune._reporting.chart import chart
from sklprune._reporting.html import html_table, scrollable
from sklprune._reporting.text import Row, size_text
from sklprune._units import plural
from sklprune._version import __version__

#: at most this many units are listed by name
N_LISTED = 300
#: tables of at most this many lines, with their head, are open
N_OPEN = 13
#: units that are listed one by one; others are counted for each layer or tree
LISTED = ("feature", "neuron", "member")
STYLE = """
.sklprune { --ink: #1b1f24; --soft: #59636e; --line: #d1d9e0; --back: #ffffff;
  --card: #f6f8fa; --accent: #0a5fb4; color: var(--ink); background: var(--back);
  font: 15px/1.5 system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { .sklprune { --ink: #e6edf3; --soft: #9aa4af;
  --line: #3d444d; --back: #0d1117; --card: #161b22; --accent: #5aa9ff; } }
.sklprune main { max-width: 58rem; margin: 0 auto; padding: 1rem;
  overflow-wrap: anywhere; }
.sklprune h1 { font-size: 1.35rem; line-height: 1.3; }
.sklprune h2 { font-size: 1.05rem; margin: 1.8rem 0 .5rem; }
.sklprune .cards { display: grid; gap: .7rem;
  grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); }
.sklprune .card { background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; padding: .7rem .9rem; }
.sklprune .card b { display: block; font-size: 1.3rem; }
.sklprune .card span, .sklprune .soft { color: var(--soft); }
.sklprune .wide { overflow-x: auto; }
.sklprune table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.sklprune th, .sklprune td { padding: .3rem .8rem .3rem 0; text-align: right;
  border-bottom: 1px solid var(--line); white-space: nowrap; }
.sklprune th:first-child, .sklprune td:first-child { text-align: left; }
.sklprune th { color: var(--soft); font-weight: 600; }
.sklprune summary { cursor: pointer; color: var(--accent); }
.sklprune summary:focus-visible, .sklprune .wide:focus-visible {
  outline: 2px solid var(--accent); }
.sklprune .chart { width: 100%; min-width: 32rem; max-width: 44rem; height: auto; }
.sklprune .chart .label { font-size: 12px; fill: var(--soft); }
.sklprune .chart .axis, .sklprune .chart .tick { stroke: var(--soft); }
.sklprune .chart .grid { stroke: var(--line); }
.sklprune .chart .reference { stroke: var(--soft); stroke-dasharray: 5 4; }
.sklprune .chart .error { stroke: var(--accent); opacity: .45; }
.sklprune .chart .model { fill: var(--accent); }
.sklprune .chart .unpruned { fill: var(--soft); }
.sklprune .chart .chosen { fill: var(--back); stroke: var(--accent);
  stroke-width: 3; }
@media (max-width: 34rem) {
  .sklprune .cards { grid-template-columns: repeat(2, 1fr); }
  .sklprune .card b { font-size: 1.1rem; }
  .sklprune th, .sklprune td { padding-right: .5rem; font-size: .85rem; }
  .sklprune th:first-child, .sklprune td:first-child { white-space: normal;
    overflow-wrap: normal; } }
"""


class ShownReport(ABC):
    """How reports are shown: one line, a table, a notebook cell, or a page."""

    @property
    @abstractmethod
    def summary(self) -> str:
        """The first lines of the report."""

    @abstractmethod
    def _repr_html_(self) -> str:
        """The content of the page, which a notebook shows."""

    def __repr__(self) -> str:
        # one line, since estimators show their attributes, and a table measures bytes
        return self.summary

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write the report as one HTML page that needs no other file.

        Parameters
        ----------
        path : str or path-like
            An existing file is replaced. Names from the data are escaped.
        """
        title = escape(self.summary.replace("\n", " "))
        page = (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n"
            "<style>body { margin: 0; }</style>\n</head>\n<body>\n"
            f"{self._repr_html_()}\n</body>\n</html>\n"
        )
        Path(path).write_text(page, encoding="utf-8")


def fragment(report: Any) -> str:
    """The content of the page, which a notebook shows."""
    content = _cards(report) + _sections(report)
    settings = _section("To repeat this pruning", _settings(report.settings))
    return _content(report.summary, content + settings)


def chain_fragment(report: Any) -> str:
    """The content of the page of a `ChainReport`: all steps, and then each of them."""
    steps = "".join(
        f"<details><summary>{escape(f'Step {i}: {step.summary}')}</summary>"
        f"{_sections(step)}</details>"
        for i, step in enumerate(report.steps, start=1)
    )
    content = [
        _cards(report),
        _section("Size after each step", html_table(report.size_rows())),
        _section("Steps", steps),
        _section("Notes", _list([report.score_note])),
        _section("To repeat this pruning", _settings(report.settings)),
    ]
    return _content(report.summary, "".join(content))


def _content(title: str, content: str) -> str:
    lines = "<br>".join(map(escape, title.split("\n")))
    return (
        f'<div class="sklprune"><style>{STYLE}</style><main>\n'
        f"<h1>{lines}</h1>\n{content}</main></div>"
    )


def _sections(report: Any) -> str:
    """What is known about one pruning, in sections with a title each."""
    sections = [
        _section("Score against size", _chart(report)),
        _section("Size", html_table(report.size_rows())),
        _section("Methods and baseline", _compared(report)),
        _section("Classes", _classes(report.score)),
        _section("What was removed", _removed(report)),
        _section("How often the splits keep each column", _stability(report)),
        _section("Notes", _list(report.notes)),
    ]
    return "".join(sections)


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>\n" if content else ""


def _cards(report: Any) -> str:
    before, after, score = report.stripped, report.pruned, report.score
    cards = [("file", f"{after.file_bytes:,.0f} bytes", f"of {before.file_bytes:,.0f}")]
    if np.isfinite(after.latency_one_row):
        seconds = f"{after.latency_one_row * 1e6:,.0f} µs"
        cards.append(
            ("one row", seconds, f"before {before.latency_one_row * 1e6:,.0f} µs")
        )
    if np.isfinite(score["original"]):
        error = score["difference_se"]
        error = "" if np.isnan(error) else f" ± {error:.4f}"
        change = f"{score['difference']:+.4f}{error} to the original"
        cards.append((str(score["name"]), f"{score['pruned']:.4f}", change))
    # units of several steps cannot be added
    if hasattr(report, "n_units"):
        kept = f"{report.n_units - len(report.removed):,}"
        units = plural(report.granularity)
        cards.append((f"{units} kept", kept, f"of {report.n_units:,}"))
    return '<div class="cards">' + "".join(_card(*each) for each in cards) + "</div>\n"


def _card(title: str, value: str, note: str) -> str:
    # a name such as RandomForestClassifier.score may break after its point
    shown = escape(title).replace(".", ".<wbr/>")
    return (
        f'<div class="card"><span>{shown}</span><b>{escape(value)}</b>'
        f"<span>{escape(note)}</span></div>"
    )


def _chart(report: Any) -> str:
    curve = report.curve
    if curve is None:
        return ""
    drawn = chart(
        np.asarray(curve["sizes"], dtype=float),
        np.asarray(curve["scores"], dtype=float),
        np.asarray(curve["errors"], dtype=float),
        curve["chosen"],
        curve["what"],
        str(report.score["name"]),
    )
    if not drawn:
        return ""
    return (
        scrollable(drawn, f"Chart: {report.score['name']} by size")
        + '<p class="soft">The ring is the chosen model, and the dashed line the score '
        "of the original. Bars are one standard error of the difference to the "
        "original.</p>"
    )


def _compared(report: Any) -> str:
    found = [*report.methods, *([report.baseline] if report.baseline else [])]
    if not found:
        return ""
    size = report.compared_size
    rows: list[Row] = [("method", size.replace("_", " "), "score", "difference", "")]
    for each in found:
        rows.append(
            (
                each["method"],
                size_text(each[size]),
                f"{each['score']:.4f}",
                f"{each['difference']:+.4f}",
                "" if each["accepted"] else "not accepted by the rule",
            )
        )
    if not report.baseline:
        return html_table(rows)
    what = escape(report.baseline["description"])
    return f"{html_table(rows)}<p>The model trained from scratch is {what}.</p>"


def _classes(score: dict[str, Any]) -> str:
    if "recall" not in score:
        return ""
    rows: list[Row] = [("recall of class", "rows", "original", "pruned")]
    rows += [
        (
            str(each["class"]),
            f"{each['rows']:,}",
            f"{each['original']:.4f}",
            f"{each['pruned']:.4f}",
        )
        for each in score["recall"]
    ]
    changed = (
        f"<p>{score['right_to_wrong']:,} rows went from right to wrong, and "
        f"{score['wrong_to_right']:,} from wrong to right.</p>"
    )
    return changed + html_table(rows)


def _removed(report: Any) -> str:
    removed = report.removed
    if not removed:
        return ""
    units, reason = plural(report.granularity), removed[0]["reason"]
    why = f"<p>{len(removed):,} {escape(units)}. Reason for each: {escape(reason)}.</p>"
    if report.granularity not in LISTED:
        groups = Counter(" ".join(each["name"].split()[:2]) for each in removed)
        rows: list[Row] = [("part", "removed")]
        rows += [(name, f"{n:,}") for name, n in list(groups.items())[:N_LISTED]]
        return why + _details(f"{len(groups):,} parts", rows)
    rows = [("name", "importance")]
    rows += [(each["name"], f"{each['importance']:.4g}") for each in removed[:N_LISTED]]
    hidden = len(removed) - N_LISTED
    more = f'<p class="soft">and {hidden:,} more.</p>' if hidden > 0 else ""
    return why + _details("all names" if not more else "names", rows, more)


def _stability(report: Any) -> str:
    if not report.stability:
        return ""
    kept = sorted(report.stability["kept"].items(), key=lambda each: -each[1])
    rows: list[Row] = [("column", "share of the splits")]
    rows += [(name, f"{share:.0%}") for name, share in kept[:N_LISTED] if share > 0]
    return _details(f"{len(rows) - 1} columns", rows)


def _settings(settings: dict[str, str]) -> str:
    versions = {
        "sklprune": __version__,
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "Python": platform.python_version(),
    }
    rows: list[Row] = [("parameter or version", "value")]
    rows += [*settings.items(), *versions.items()]
    return _details("parameters and versions", rows)


def _details(title: str, rows: list[Row], more: str = "") -> str:
    """A table behind a title; a short one is open."""
    is_open = " open" if len(rows) <= N_OPEN else ""
    return (
        f"<details{is_open}><summary>{escape(title)}</summary>{html_table(rows)}{more}"
        "</details>"
    )


def _list(sentences: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(each)}</li>" for each in sentences)
    return f"<ul>{items}</ul>" if items else ""
