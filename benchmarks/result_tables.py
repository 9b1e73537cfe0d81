"""Tables of results but those of forests, from the JSON files in `results/`."""

import itertools
import json
import pathlib

import numpy as np
from markdown_tables import in_bytes, markdown, named

RESULTS = pathlib.Path(__file__).parent / "results"
#: names of the rows of `mixed_frames`
MIXED_NAMES = {
    "RFECV": "`RFECV(step=0.1)` on the encoded matrix",
    "permutation": "`permutation`",
    "recursive_elimination": "`RecursiveElimination(step=0.1)`",
    "columns": "`columns`",
}


def readme():
    """The four results of the README."""
    names = {
        "unpruned": "unpruned",
        "pruned": "**pruned**, `{method}`",
        "from scratch": "small model trained from scratch at the same size",
    }
    rows = []
    for case in json.loads((RESULTS / "readme.json").read_text()):
        for which, name in names.items():
            records = [r for r in case["records"] if r["which"] == which]
            size, file, score = (
                float(np.median([record[key] for record in records]))
                for key in ("size", "bytes", "score")
            )
            first = f"{case['model']}, {case['data']} ({case['rows']:,} rows)"
            rows.append(
                (
                    first if which == "unpruned" else "",
                    name.format(method=case["method"]),
                    f"{size:,.0f} {case['unit']}",
                    in_bytes(file),
                    f"{case['metric']} {score:.3f}",
                )
            )
    return markdown(("model and data", "", "size", "file", "score on test rows"), rows)


def readme_forest():
    """The first of the four results, for the start page."""
    lines = readme().splitlines()
    return "\n".join(lines[:5]) + "\n"


def networks():
    """Hidden units and weights at fixed ratios."""
    results = json.loads((RESULTS / "networks.json").read_text())
    rows, seen = [], set()
    for row in itertools.chain.from_iterable(results.values()):
        cells = (
            named(row["contender"]),
            row["removed"],
            f"{row['non-zero numbers']:,}",
            f"{row['test accuracy']:.3f}",
            f"{row['change']:+.3f} ± {row['+-']:.3f}",
        )
        if cells not in seen:  # the unpruned model is there for each ratio
            rows.append(cells)
            seen.add(cells)
    head = ("method", "removed", "non-zero parameters", "accuracy", "difference")
    return markdown(head, rows)


def networks_by_table():
    """Weights and hidden units of networks on tables: mean scores of the seeds."""
    text = (RESULTS / "network_tables.json").read_text()
    records = [json.loads(line) for line in text.splitlines()]
    tables = list(dict.fromkeys(record["name"] for record in records))
    scores = {}
    for record in records:
        key = record["removed"], record["contender"]
        scores.setdefault(key, {}).setdefault(record["name"], []).append(
            record["score"]
        )
    rows = [
        (contender, removed, *(f"{np.mean(found[name]):.3f}" for name in tables))
        for (removed, contender), found in scores.items()
    ]
    return markdown(("network", "removed", *tables), rows)


def networks_of_mnist():
    """Accuracy of a network of MNIST at each share of removed weights."""
    text = (RESULTS / "network_mnist.json").read_text()
    scores, shares = {}, {}
    for record in map(json.loads, text.splitlines()):
        share = record["removed"].split()[0]
        shares[share] = None
        of_contender = scores.setdefault(record["contender"], {})
        of_contender.setdefault(share, []).append(record["score"])
    rows = [
        (name, *(f"{np.mean(of[s]):.4f}" if s in of else "-" for s in shares))
        for name, of in scores.items()
    ]
    return markdown(("network", *shares), rows)


def columns():
    """Columns that selectors keep, and the accuracy on them."""
    rows = [
        (
            named(row["what"]),
            f"{row['columns kept']:.0f}",
            f"{row['test accuracy']:.3f}",
        )
        for row in json.loads((RESULTS / "columns.json").read_text())
    ]
    return markdown(("selector", "columns kept", "accuracy on test rows"), rows)


def mixed_frames(name="mixed_frames"):
    """Raw columns that models of mixed frames keep: means over tables and runs."""
    records = json.loads((RESULTS / f"{name}.json").read_text())
    by_way = {}
    for record in records:
        by_way.setdefault(record["what"], []).append(record)

    def mean(of_way, key):
        return np.mean([record[key] for record in of_way])

    rows = [
        (
            MIXED_NAMES.get(way, way),
            f"{mean(of_way, 'kept'):.1f}",
            f"{mean(of_way, 'noise kept'):.1f}",
            f"{mean(of_way, 'accuracy'):.4f}",
            f"{mean(of_way, 'CPU seconds'):.1f}",
        )
        for way, of_way in by_way.items()
    ]
    head = ("", "columns kept", "noise kept", "accuracy on test rows", "CPU seconds")
    return markdown(head, rows)


def text_columns():
    """Terms that text models keep, and their accuracy and files."""
    names = {
        "counts": "counts, `TfidfTransformer`: `columns`",
        "texts": "texts, `TfidfVectorizer`: `columns`",
        "pairs": "texts, with pairs of terms: `columns`",
        "weights": "texts, `TfidfVectorizer(norm=None)`: `magnitude`",
    }
    rows = [
        (
            names[record["what"]],
            f"{record['terms']:,}",
            f"{record['kept']:,}",
            f"{record['accuracy']:.4f} ± {record['standard error']:.4f}",
            f"{record['accuracy of pruned']:.4f}",
            f"{record['file bytes'] / record['file bytes of pruned']:.1f}x",
            f"{record['seconds']:.1f}",
            f"{record['seconds'] / record['seconds of a fit']:.1f}",
        )
        for record in json.loads((RESULTS / "text_columns.json").read_text())
    ]
    head = ("logistic regression on", "terms", "kept", "accuracy", "pruned")
    return markdown((*head, "file smaller", "CPU seconds", "in fits"), rows)


def online(name):
    """Networks on a stream, or on another task."""
    rows = []
    for row in json.loads((RESULTS / "online.json").read_text())[name]:
        units = row.get("mean units", row["units"])
        change = "-" if not rows else f"{row['change']:+.4f} ± {row['+-']:.4f}"
        rows.append(
            (row["contender"], f"{units:.0f}", f"{row['accuracy']:.4f}", change)
        )
    head = ("network", "mean hidden units", "accuracy", "difference to the first row")
    return markdown(head, rows)


def elimination():
    """Processor seconds of selectors that remove or add columns one by one."""
    records = json.loads((RESULTS / "elimination.json").read_text())
    rows = [
        (
            name.replace(": ", " on "),
            "{:,} x {:,}".format(*row["shape"]),
            f"{row['columns kept']}",
            "yes" if row["same columns"] else "no",
            "-" if row["same ranks"] is None else f"{row['same ranks']:.2f}",
            f"{row['seconds of scikit-learn']:.1f}",
            f"{row['seconds of sklprune']:.2f}",
            f"{row['factor']:.0f}x",
        )
        for name, row in records.items()
        if "factor" in row
    ]
    head = ("scikit-learn", "rows x columns", "kept", "same columns", "same ranks")
    return markdown((*head, "seconds", "sklprune", "factor"), rows)


def files():
    """How many times smaller other files of a model are than its pickle."""
    rows = []
    for row in file_records():
        n_bytes = dict(row["bytes"])
        pickled = n_bytes.pop("pickle")
        smaller = [
            "not installed" if n is None else f"{pickled / n:.1f}x"
            for n in n_bytes.values()
        ]
        rows.append((row["model"], row["table"], f"{pickled:,}", *smaller))
    return markdown(("model", "table", "pickle, bytes", *n_bytes), rows)


def fewer_bits():
    """How many times smaller `dump` is than the pickle, with numbers of fewer bits."""
    rows = []
    for row in file_records():
        for each in row["fewer bits"]:
            rows.append(
                (
                    row["model"],
                    row["table"],
                    each["bits"],
                    f"{row['bytes']['pickle'] / each['dump']:.0f}x",
                    f"{each['agreement']:.4f}",
                    f"{each['change']:+.4f}",
                )
            )
    head = ("model", "table", "bits", "smaller", "agreement", "change of the score")
    return markdown(head, rows)


def file_records():
    return json.loads((RESULTS / "files.json").read_text())


def many_rows():
    """Peaks of memory with many rows: a fit alone, and with the pruning."""
    rows = []
    for row in json.loads((RESULTS / "many_rows.json").read_text()):
        peaks = [f"{row[key]:,.0f}" for key in ("fit", "pruned", "more")]
        seconds = [f"{row[key]:,.0f}" for key in ("fit seconds", "seconds")]
        rows.append((row["model"], *peaks, *seconds))
    head = ("model", "fit, MiB", "fitted and pruned, MiB", "more, MiB")
    return markdown((*head, "fit, CPU seconds", "and pruned, CPU seconds"), rows)
