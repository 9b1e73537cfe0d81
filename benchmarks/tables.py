"""Writes the generated parts of the README and the docs: tables of results, and lists.

    python benchmarks/tables.py [--check]

A generated part is between two comments, `<!-- figures: NAME -->` and
`<!-- end figures -->`. Tables of results come from the JSON files in
`benchmarks/results/`, which the other scripts write. Lists of methods, refits, rules
and families come from the registry of sklprune. With `--check` nothing is written; the
exit code is 1 if a page differs.
"""

import argparse
import pathlib
import re
import sys

import column_tables
import export_tables
import file_tables
import forest_tables
import registry_tables
import result_tables
import weight_tables

ROOT = pathlib.Path(__file__).parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "docs/*.md")
GENERATED = re.compile(
    r"(<!-- figures: ([\w ]+) -->\n).*?(<!-- end figures -->)", re.DOTALL
)

PARTS = {
    "readme": result_tables.readme,
    "readme forest": result_tables.readme_forest,
    "networks": result_tables.networks,
    "networks by table": result_tables.networks_by_table,
    "networks of mnist": result_tables.networks_of_mnist,
    "linear": weight_tables.linear,
    "hidden units": weight_tables.hidden_units,
    "hidden units faster": weight_tables.faster,
    "columns": result_tables.columns,
    "mixed frames": result_tables.mixed_frames,
    "boosting of mixed frames": lambda: result_tables.mixed_frames(
        "mixed_frames_boosting"
    ),
    "text columns": result_tables.text_columns,
    "selection": column_tables.selection,
    "stability": column_tables.stability,
    "elimination": result_tables.elimination,
    "online electricity": lambda: result_tables.online("electricity"),
    "online letter": lambda: result_tables.online("letter"),
    "files": result_tables.files,
    "fewer bits": result_tables.fewer_bits,
    "files lenet": file_tables.lenet,
    "files sequence": file_tables.sequence,
    "files widths": file_tables.widths,
    "many rows": result_tables.many_rows,
    "exports": export_tables.exports,
    "export differences": export_tables.export_differences,
    "export refusals": export_tables.export_refusals,
    "methods": registry_tables.methods,
    "rules": lambda: registry_tables.linked("rule"),
    "refits": lambda: registry_tables.linked("refit"),
    "families": registry_tables.families,
}
PARTS["forest paths"] = forest_tables.paths
_TASKS = (
    "binary",
    *forest_tables.PARTS_OF_BINARY,
    "multiclass",
    "regression",
    "few_rows",
    "hist",
)
for _task in _TASKS:
    PARTS[f"forests {_task}"] = lambda task=_task: forest_tables.forests(task)
    PARTS[f"forests {_task} by table"] = lambda task=_task: forest_tables.by_table(task)


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
