"""How small does a forest get, and how much score does it lose on unseen rows?

    python benchmarks/forests.py [--data FOLDER] [--task binary] [--scoring roc_auc]
        [--sizes 50,100,250] [--depths 10,15,none] [--folds 5 | --quick]
        [--margin 1] [--tables published | NAME,NAME] [--rows 1000,3000,all]
        [--contenders "NAME" "NAME"] [--vary "NAME: PARAMETER=VALUE,VALUE"]
        [--json FILE [--redo "NAME"]] [--no-times]

The protocol is that of LOP (Devos et al., ICML 2025). Three of five folds fit the
forest and prune it. The size is chosen on one fold, and one is the test set. The
smallest model within the tolerance on the rows used for the choice is taken. The
tolerance is 0.005 of ROC AUC, accuracy or balanced accuracy, or two per cent of RMSE or
log loss. With `--margin 1` the loss plus one standard error must be within the
tolerance.

`leaves x` is the leaves of the forest over those of the model. `loss` is the loss of
score on the test rows, as a fraction where the tolerance is one. `log loss` is the log
loss of the model over that of the forest. Files are written by joblib with compress=3;
the file of the forest is that of the stripped forest. `one row x` and `batch x` are the
speed-ups of predictions for one row and for 1000 rows. `s / fit` is the seconds of the
pruning over those of the fit of the forest. With `--no-times` nothing is timed.

Means are geometric: over folds, then over sizes and depths, then over tables. Forests
of unlimited depth have a table of their own.

Tasks: binary, regression, multiclass, bagging. The task hist prunes
HistGradientBoosting with 31 leaves a tree. In the task few_rows, the forest is pruned,
and the size is chosen, on a tenth as many rows as it was fitted on. They are unseen
rows, and no others are available. "boosting as good as ..." is the smallest boosting
model that reaches the score of a pruned forest on the test rows, or else the best one.
With balanced accuracy, the fit weights the classes equally.

With `--rows` samples of each table are additional tables. A sample of 1000 rows is
split into the five folds, and all other rows of the table are test rows.

`--vary` is the leave-one-table-out mode. The contender is run with each value of a
parameter, or of a constant of sklprune such as `_tree_descent.l2_strength.NEARLY`. The
line "..., by other tables" takes for each table the value that is best on all other
tables: the smallest models whose mean loss is within the limit.

`forest_paths.py` shows whether larger models on a path are worse than smaller ones.

The other contenders show the alternatives to pruning. They are the unpruned forest, its
first trees, random trees, and a limit on the leaves of each tree. Further ones are
refits along `ccp_alpha`, and a small boosting model from scratch. A smaller forest from
scratch is also there; its file is at most as large as that of `backfitting, same`.

The JSON file has one object a line, and grows with each result. A run with the same
file continues where the last run stopped, and several runs may share it. `--redo`
computes contenders again; also redo those that are compared with them.
"""

import itertools

from command_line import Records, listed, parser_of
from forest_contenders import contenders_of
from forest_figures import (
    Measurement,
    of_all_tables,
    of_one_table,
    show,
    show_limits,
    show_tables,
    timed,
)
from forest_problems import N_FOLDS, TASKS, Fold, settings_of
from forest_variations import Variation
from threadpoolctl import threadpool_limits

KEY = (
    "task",
    "scoring",
    "margin",
    "table",
    "rows",
    "size",
    "depth",
    "fold",
    "contender",
)


def run_fold(key, options, records):
    """The records of all contenders on one fold; missing ones are computed."""
    missing = [
        name
        for name in options.contenders
        if name in options.redo or records.get(**key, contender=name) is None
    ]
    if missing:
        compute(key, missing, options, records)
    found = [records.get(**key, contender=name) for name in options.contenders]
    return [record for record in found if record is not None]


def compute(key, missing, options, records):
    """Fit the forest of a fold, and record the missing contenders."""
    fold = Fold(
        key["task"],
        key["table"],
        key["scoring"],
        (key["size"], key["depth"]),
        key["fold"],
        options.data,
        options.margin,
        key["rows"],
    )
    forest, fit_seconds = timed(fold.forest.fit, *fold.rows(fold.fit))
    measurement = Measurement(fold, forest, fit_seconds, timed=not options.no_times)
    for name in missing:
        known = {record["contender"]: record for record in records.having(**key)}
        model, seconds = timed(options.contenders[name], fold, forest, known)
        if model is None:
            print(f"({name}: skipped, there is no record of what it is compared with)")
        else:
            record = measurement.record(model, seconds)
            records.add(key | {"contender": name} | record)


def summed_up(found):
    """Means over the records of one table, by contender."""
    by_contender = {}
    for record in found:
        by_contender.setdefault(record["contender"], []).append(record)
    return {name: of_one_table(records) for name, records in by_contender.items()}


def run_settings(title, settings, options, records):
    """Run all tables with forests of these sizes and depths, and print the means."""
    by_table = {}
    for table, rows in itertools.product(options.tables, options.rows):
        name = f"{table}, {rows} rows" if rows else table
        found = []
        for size, depth in settings:
            key = {
                "task": options.task,
                "scoring": options.scoring,
                "margin": options.margin or None,
                "table": table,
                "rows": rows,
                "size": size,
                "depth": depth,
            }
            here = [
                record
                for fold in range(options.folds)
                for record in run_fold(key | {"fold": fold}, options, records)
            ]
            show(f"{name}: {named(options.task, size, depth)}", summed_up(here))
            found += here
        by_table[name] = summed_up(found)
        if len(settings) > 1:
            show(f"{name}: {title}", by_table[name])
    if len(by_table) > 1:
        limit = TASKS[options.task].limits(options.scoring)[0]
        for variation in options.variations:
            variation.add_choice(by_table, limit)
        show_together(title, by_table, options)


def show_together(title, by_table, options):
    names = dict.fromkeys(name for rows in by_table.values() for name in rows)
    together = {
        name: of_all_tables([rows[name] for rows in by_table.values() if name in rows])
        for name in names
    }
    show(f"all tables: {title}", together)
    show_tables("leaves x", by_table, "leaves x", "12.1f")
    show_tables("loss on test rows", by_table, "loss", "12.4f")
    limits = TASKS[options.task].limits(options.scoring)
    show_limits(by_table, together, *limits)


def named(task, size, depth):
    if task == "hist":
        return f"{size} iterations"
    return f"{size} trees, depth {depth or 'unlimited'}"


def parsed_options():
    parser = parser_of(__doc__)
    parser.add_argument("--task", choices=tuple(TASKS), default="binary")
    parser.add_argument("--scoring", help="of two classes: roc_auc, accuracy, ...")
    parser.add_argument("--margin", type=float, default=0, help="standard errors")
    parser.add_argument("--sizes", "--trees", help="trees, or iterations")
    parser.add_argument("--depths", "--depth", default="10,15,none")
    parser.add_argument("--folds", type=int, default=N_FOLDS)
    parser.add_argument("--quick", action="store_true", help="one fold")
    parser.add_argument(
        "--tables", help="names, with commas between them; or published"
    )
    parser.add_argument("--rows", default="all", help="sizes of samples, or all")
    parser.add_argument(
        "--vary", nargs="+", default=(), help='"NAME: PARAMETER=VALUE,VALUE"'
    )
    parser.add_argument(
        "--contenders", "--ways", nargs="+", help="names of rows, each in quotes"
    )
    parser.add_argument("--redo", nargs="+", default=(), help="rows to compute again")
    parser.add_argument("--no-times", action="store_true", help="measure no seconds")
    options = parser.parse_args()
    task, contenders = TASKS[options.task], contenders_of(options.task)
    options.variations = [Variation(text, contenders) for text in options.vary]
    for variation in options.variations:
        contenders |= variation.contenders
    options.scoring = options.scoring or task.scorings[0]
    if options.scoring not in task.scorings:
        parser.error(f"--scoring is one of {', '.join(task.scorings)}")
    for name in [*(options.contenders or ()), *options.redo]:
        if name not in contenders:
            names = ", ".join(map(repr, contenders))
            parser.error(f"no contender {name!r}; there are {names}")
    if not 1 <= options.folds <= N_FOLDS:
        parser.error(f"--folds is 1 to {N_FOLDS}")
    options.folds = 1 if options.quick else options.folds
    options.contenders = {
        name: contenders[name]
        for name in (
            *(options.contenders or contenders),
            *(name for each in options.variations for name in each.contenders),
        )
    }
    options.rows = [
        None if rows == "all" else int(rows) for rows in listed(options.rows)
    ]
    if options.tables == "published":
        options.tables = task.published
    else:
        options.tables = listed(options.tables) if options.tables else task.tables
    options.sizes = [int(size) for size in listed(options.sizes or task.sizes)]
    options.depths = [
        None if depth == "none" else int(depth) for depth in listed(options.depths)
    ]
    return options


def main():
    options = parsed_options()
    records = Records(options.json, KEY)
    settings = settings_of(options.task, options.sizes, options.depths)
    unlimited = [setting for setting in settings if setting[1] is None]
    limited = [setting for setting in settings if setting not in unlimited]
    with threadpool_limits(1):
        for group in filter(None, (limited, unlimited)):
            names = [named(options.task, *setting) for setting in group]
            run_settings("; ".join(names), group, options, records)


if __name__ == "__main__":
    main()
