"""Writes the generated parts of the README and the docs: tables of results, and lists.

    python benchmarks/tables.py [--check]

A generated part is between two comments, `<!-- figures: NAME -->` and
`<!-- end figures -->`. Tables of results come from the JSON files in
`benchmarks/results/`, which the other scripts write. Lists of methods, refits, rules
and families come from the registry of sklprune. With `--check` nothing is written; the
exit code is 1 if a page differs.
"""

import argparse
import itertools
import json
import pathlib
import re
import sys

import numpy as np
from command_line import Records
from forest_figures import of_all_tables, of_one_table
from forests import KEY

from sklprune._registry import _FAMILIES, registered
from sklprune._units import plural

ROOT = pathlib.Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGES = ("README.md", "CONTRIBUTING.md", "docs/*.md")
GENERATED = re.compile(
    r"(<!-- figures: ([\w ]+) -->\n).*?(<!-- end figures -->)", re.DOTALL
)


def markdown(head, rows):
    """A Markdown table; columns of numbers are aligned to the right."""
    rows = [[str(cell) for cell in row] for row in rows]
    right = [
        all(re.fullmatch(r"[-+]?[\d,.]+x?( ± [\d.]+)?|-", cell) for cell in column)
        for column in zip(*rows)
    ]
    lines = [head, ["--:" if number else "---" for number in right], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


#: names of contenders in the tables; others are shown as they are
NAMES = {
    "do nothing": "unpruned",
    "first trees": "the first trees only",
    "cap on leaves": "forest with a limit on leaves",
    "smaller from scratch": "smaller model from scratch",
    "backfitting, same": "`Backfitting()`",
    "backfitting, auto": '`Backfitting(container="auto")`',
    "backfitting, same, cv=5": "`Backfitting()`, `cv=5`",
    "backfitting, same, cv=5, half faithful": "`Backfitting()`, `cv=5`, `faithful=0.5`",
    "regrow": "`Regrow()`",
    "cost complexity": "`CostComplexity()`",
    "member selection": "`MemberSelection()`",
    "SelectFromModel": "`SelectFromModel` of scikit-learn",
    "RFECV, step=0.02": "`RFECV(step=0.02)` of scikit-learn",
    "magnitude": "`magnitude`",
    "neuron_elimination": "`neuron_elimination`",
    "permutation": "`permutation`",
    "recursive_elimination": "`RecursiveElimination(step=0.02)`",
    "elastic_net_path": "`elastic_net_path`",
}


#: names of the rows of `mixed_frames`
MIXED_NAMES = {
    "RFECV": "`RFECV(step=0.1)` on the encoded matrix",
    "permutation": "`permutation`",
    "recursive_elimination": "`RecursiveElimination(step=0.1)`",
    "columns": "`columns`",
}


def named(contender):
    return NAMES.get(contender, contender)


# -- tables of results ----------------------------------------------------------------


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


def in_bytes(number):
    for unit in ("B", "kB", "MB"):
        if number < 1000 or unit == "MB":
            return f"{number:.0f} B" if unit == "B" else f"{number:.3g} {unit}"
        number /= 1000


def forest_records(task):
    """The recorded results of a task: by contender, then by table."""
    records = Records(str(RESULTS / f"forests_{task}.json"), KEY)
    found = {}
    # the tables of two classes are in two files
    for record in records.having(task=task.removesuffix("_others")):
        of_contender = found.setdefault(record["contender"], {})
        of_contender.setdefault(record["table"], []).append(record)
    return found


def forests(task):
    """Sizes and losses of all contenders: means over the tables."""
    rows = []
    for name, by_table in forest_records(task).items():
        mean = of_all_tables([of_one_table(of) for of in by_table.values()])
        loss = f"{mean['loss']:.4f}"
        if np.isfinite(mean["error"]):
            loss += f" ± {mean['error']:.4f}"
        row = (named(name), times(mean["leaves x"]), times(mean["file x"]), loss)
        log_loss = mean["log loss"]
        rows.append(row if np.isnan(log_loss) else (*row, f"{log_loss:.3f}"))
    head = ("model", "leaves", "file", "loss on test rows", "log loss, ratio")
    return markdown(head[: len(rows[0])], rows)


def by_table(task):
    """The factor in leaves and the loss on test rows: one column for each table."""
    found = forest_records(task)
    tables = list(dict.fromkeys(itertools.chain.from_iterable(found.values())))
    rows = []
    for name, records in found.items():
        means = [of_one_table(records[table]) for table in tables if table in records]
        cells = [f"{times(mean['leaves x'])}, {mean['loss']:.4f}" for mean in means]
        rows.append((named(name), *cells))
    return markdown(("model", *tables), rows)


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


def mixed_frames():
    """Raw columns that pipelines over mixed frames keep: means over tables and runs."""
    records = json.loads((RESULTS / "mixed_frames.json").read_text())
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


def exports():
    """Which exporters take each pruned model."""
    rows = [
        (row["model"], row["removed"], *map(export_cell, row["exports"].values()))
        for row in export_records()["rows"]
    ]
    exporters = export_records()["rows"][0]["exports"]
    head = ("model", "removed", *(f"`{n}`" if "." in n else n for n in exporters))
    return markdown(head, rows)


def export_records():
    return json.loads((RESULTS / "exports.json").read_text())


def export_cell(both):
    """What an exporter does with a pruned model."""
    pruned = both["pruned"]
    if pruned["verdict"] == "works":
        return pruned.get("part", "yes")
    return "other values" if pruned["verdict"] == "differs" else "no"


def export_differences():
    """The largest difference, or the smallest share of equal labels, by exporter."""
    versions = export_records()["versions"]
    rows = []
    for exporter in export_records()["rows"][0]["exports"]:
        found = [row["exports"][exporter]["pruned"] for row in export_records()["rows"]]
        found = [result for result in found if result["verdict"] == "works"]
        package = versions.get(exporter.lower(), "")
        differences = [r["difference"] for r in found if "difference" in r]
        agreements = [r["agreement"] for r in found if "agreement" in r]
        rows.append(
            (
                f"{exporter} {package}".strip(),
                len(found),
                f"{max(differences):.1g}" if differences else "",
                f"{min(agreements):.3f}" if agreements else "",
            )
        )
    head = ("exporter", "models", "largest difference", "share of equal labels")
    return markdown(head, rows)


def export_refusals():
    """What the exporters answer to models that they do not take."""
    reasons = {}
    for row in export_records()["rows"]:
        for exporter, both in row["exports"].items():
            sentence = both["pruned"].get("sentence")
            if sentence:
                # array values differ in each model
                sentence = sentence.split(" and attributes=")[0].rstrip(".,")
                where = reasons.setdefault((exporter, sentence), {})
                where[row["pruned class"]] = None
    rows = [
        (exporter, ", ".join(f"`{name}`" for name in classes), sentence)
        for (exporter, sentence), classes in reasons.items()
        # the class is all that these state
        if not any(name in sentence for name in classes)
    ]
    return markdown(("exporter", "model", "its error"), rows)


def times(factor):
    """A factor with three digits."""
    return f"{factor:.0f}x" if factor >= 100 else f"{factor:.3g}x"


# -- lists from the registry ----------------------------------------------------------


def sentence(cls):
    """The first sentence of a docstring, without its full stop."""
    text = " ".join((cls.__doc__ or "").strip().split("\n\n")[0].split())
    return text.split(". ")[0].rstrip(".").replace("|", "\\|")


def units(granularity):
    """The units of a granularity, as the docs call them."""
    names = {"feature": "columns", "neuron": "hidden units"}
    return names.get(granularity, plural(granularity))


def methods():
    """All methods: what they remove, and whether the order needs labels."""
    rows = []
    for name, cls in registered("method").items():
        method = cls()
        removes = "nothing" if method.recasts else units(method.granularity)
        labels = "yes" if method.needs_labels else "no"
        rows.append((f"`{name}`", removes, labels, sentence(cls)))
    return markdown(("method", "removes", "needs labels", "what it does"), rows)


def linked(kind):
    """All rules or refits, each with a link to its reference."""
    rows = [
        (f'`"{name}"`', f"{{class}}`~sklprune.{kind}s.{cls.__name__}`", sentence(cls))
        for name, cls in registered(kind).items()
    ]
    return markdown((kind, "class", "what it does"), rows)


def families():
    """All families that have units of their own, besides columns."""
    rows = []
    for family in {id(family): family for family in _FAMILIES.values()}.values():
        if family.granularities:
            own = ", ".join(units(granularity) for granularity in family.granularities)
            default = f"`{family.default_method}`"
            rows.append((sentence(type(family)), own, default))
    return markdown(("model", "units, besides columns", '`method="auto"`'), rows)


PARTS = {
    "readme": readme,
    "readme forest": readme_forest,
    "networks": networks,
    "networks by table": networks_by_table,
    "networks of mnist": networks_of_mnist,
    "columns": columns,
    "mixed frames": mixed_frames,
    "elimination": elimination,
    "online electricity": lambda: online("electricity"),
    "online letter": lambda: online("letter"),
    "files": files,
    "fewer bits": fewer_bits,
    "exports": exports,
    "export differences": export_differences,
    "export refusals": export_refusals,
    "methods": methods,
    "rules": lambda: linked("rule"),
    "refits": lambda: linked("refit"),
    "families": families,
}
_TASKS = ("binary", "binary_others", "multiclass", "regression", "few_rows", "hist")
for _task in _TASKS:
    PARTS[f"forests {_task}"] = lambda task=_task: forests(task)
    PARTS[f"forests {_task} by table"] = lambda task=_task: by_table(task)


# -- pages ----------------------------------------------------------------------------


def generated(text):
    """The text of a page with all generated parts replaced."""

    def part(match):
        return f"{match[1]}\n{PARTS[match[2]]()}\n{match[3]}"

    return GENERATED.sub(part, text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    pages = sorted(page for pages in PAGES for page in ROOT.glob(pages))
    # all pages are made before any is written, so that an error changes none
    made = {page: generated(page.read_text()) for page in pages}
    differing = [page for page, text in made.items() if text != page.read_text()]
    if not differing:
        return 0
    if not options.check:
        for page in differing:
            page.write_text(made[page])
    names = ", ".join(str(page.relative_to(ROOT)) for page in differing)
    print("differs:" if options.check else "written:", names)
    return int(options.check)


if __name__ == "__main__":
    sys.exit(main())
