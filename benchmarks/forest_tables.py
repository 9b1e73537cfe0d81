"""Tables of results of forests, from the JSON files in `results/`."""

import itertools
import pathlib

import numpy as np
from command_line import Records
from forest_figures import of_all_tables, of_one_table
from forests import KEY
from markdown_tables import markdown, named, times

RESULTS = pathlib.Path(__file__).parent / "results"


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
