"""Tables of selected columns, next to those of other packages."""

import json
import pathlib

from markdown_tables import markdown

RESULTS = pathlib.Path(__file__).parent / "results"
NAMES = {
    "columns": "`columns`",
    "RFECV": "`RFECV(step=0.1)`",
    "SelectFromModel(L1)": "`SelectFromModel`, L1",
}


def selection():
    """Columns that are kept, and the accuracy of the model on them."""
    rows = []
    for row in _results("selection"):
        what = row["set"], row["model"], NAMES.get(row["what"], row["what"])
        if "kept" not in row:
            rows.append((*what, "-", "not finished", "-", f"over {row['seconds']:.0f}"))
            continue
        error = f" ± {row['standard error']:.3f}" if row["folds"] > 1 else ""
        numbers = (
            f"{row['folds']}",
            f"{row['kept']:,.1f} of {row['columns']:,}",
            f"{row['accuracy']:.3f}{error}",
            "-" if row["what"] == "unpruned" else f"{row['seconds']:.2f}",
        )
        rows.append((*what, *numbers))
    titles = "table", "model", "selection", "folds", "columns kept", "accuracy"
    return markdown((*titles, "CPU seconds"), rows)


def stability():
    """Stability of selections over bootstrap samples."""
    rows = [
        (
            row["set"],
            NAMES.get(row["what"], row["what"]),
            f"{row['kept']:.1f}",
            f"{row['accuracy']:.3f}",
            "-" if row["stability"] is None else f"{row['stability']:.2f}",
        )
        for row in _results("stability")
    ]
    titles = ("table", "selection", "columns kept", "accuracy", "stability")
    return markdown(titles, rows)


def _results(name):
    return json.loads((RESULTS / f"{name}.json").read_text())
