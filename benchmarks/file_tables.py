"""Tables of the files of pruned networks."""

import json

import numpy as np
from markdown_tables import markdown
from result_tables import RESULTS


def lenet():
    """Errors and bytes of LeNet-300-100 after pruning and quantisation."""
    rows = [
        (row["what"], f"{row['nonzero']:,}", f"{row['bytes']:,}", f"{row['error']:.2%}")
        for row in records("lenet")
    ]
    return markdown(("model", "non-zero", "dump, bytes", "error on test rows"), rows)


def sequence():
    """Bytes after one kind of pruning, and after several in sequence."""
    rows = []
    for row in records("sequence"):
        table, kind = row["what"].split(", ", 1)
        if kind == "unpruned":
            whole = row["score"]
        loss = f"{whole - row['score']:+.4f}"
        rows.append((table, kind, f"{row['nonzero']:,}", f"{row['bytes']:,}", loss))
    return markdown(("table", "kinds", "non-zero", "dump, bytes", "loss on test"), rows)


def widths():
    """Scores of shared widths, and of networks that were trained alone."""
    found = {}
    for row in records("widths"):
        found.setdefault(row["what"], []).append(row)
    rows = []
    for what, runs in found.items():
        shared, alone, n = (
            np.mean([run[name] for run in runs]) for name in ("score", "alone", "rows")
        )
        error = np.sqrt(alone * (1 - alone) / n)
        numbers = (f"{value:.4f}" for value in (shared, alone, error))
        rows.append((*what.split(", "), *numbers))
    head = ("table", "width", "shared", "trained alone", "standard error")
    return markdown(head, rows)


def records(problem):
    """The results of one problem, in the order of their run."""
    lines = (RESULTS / "files_networks.json").read_text().splitlines()
    return [row for row in map(json.loads, lines) if row["problem"] == problem]
