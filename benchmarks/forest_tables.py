"""Tables of results of forests, from the JSON files in `results/`."""

import itertools
import pathlib

import numpy as np
from command_line import Records
from forest_figures import of_all_tables, of_one_table
from forest_paths import KEY as KEY_OF_PATH
from forests import KEY
from markdown_tables import markdown, named, times

RESULTS = pathlib.Path(__file__).parent / "results"
#: the methods among which the smallest file is looked for
COMPARED = ("backfitting, same", "backfitting, auto", "regrow")
#: parts of the task "binary" that have a file of their own, and those of them whose
#: tables show the smallest file too
WITH_SMALLEST = ("binary_1000_rows", "binary_3000_rows", "binary_three_folds")
PARTS_OF_BINARY = ("binary_others", "binary_log_loss", *WITH_SMALLEST)


def forest_records(task):
    """The recorded results of a task: by contender, then by table."""
    records = Records(str(RESULTS / f"forests_{task}.json"), KEY)
    found = {}
    in_records = "binary" if task in PARTS_OF_BINARY else task
    for record in records.having(task=in_records):
        of_contender = found.setdefault(record["contender"], {})
        of_contender.setdefault(record["table"], []).append(record)
    return found


def _with_smallest(task, found):
    """The records of a task, and for some those of the smallest file as well."""
    if task not in WITH_SMALLEST:
        return found
    smallest = {}
    for table in found[COMPARED[0]]:
        of_table = [found[name][table] for name in COMPARED]
        smallest[table] = [
            min(r, key=lambda each: each["bytes"]) for r in zip(*of_table)
        ]
    return found | {"smallest": smallest}


def forests(task):
    """Sizes and losses of all contenders: means over the tables."""
    rows = []
    for name, by_table in _with_smallest(task, forest_records(task)).items():
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


def paths():
    """The worst step of each path: where a larger model is worse than a smaller one."""
    records = Records(str(RESULTS / "forest_paths.json"), KEY_OF_PATH).having()
    methods = list(dict.fromkeys(record["method"] for record in records))
    rows = []
    for table in dict.fromkeys(record["table"] for record in records):
        of_table = {r["method"]: r for r in records if r["table"] == table}
        cells = []
        for method in methods:
            record = of_table.get(method)
            if record is None:
                cells.append("")
            elif record["quotient"] == 0:
                cells.append("none")
            else:
                cells.append(
                    f"{record['quotient']:.1f} ({record['smaller']:,} to "
                    f"{record['larger']:,}: {record['difference']:.4f})"
                )
        rows.append((table, *cells))
    return markdown(("", *map(named, methods)), rows)
