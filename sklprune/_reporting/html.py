"""HTML that reports, paths and estimators share; all text is escaped."""

from collections.abc import Sequence
from html import escape


def html_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as a table; the first one is the head."""
    head, *body = rows
    cells = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n"
        for row in body
    )
    table = f"<table><thead><tr>{cells}</tr></thead>\n<tbody>{lines}</tbody></table>"
    return scrollable(table, f"Table: {', '.join(filter(None, head))}")


def scrollable(content: str, label: str) -> str:
    """HTML that scrolls sideways where it is wide, also by keys.

    Parameters
    ----------
    content : str
        HTML.
    label : str
        Its name for screen readers.
    """
    name = f'role="region" aria-label="{escape(label)}"'
    return f'<div class="wide" tabindex="0" {name}>{content}</div>'
