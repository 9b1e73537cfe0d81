"""How small does a forest get, and what does it lose on rows that nobody has seen?

    python benchmarks/forests.py [--data FOLDER] [--task binary] [--scoring roc_auc]
        [--sizes 50,100,250] [--depths 10,15,none] [--folds 5 | --quick]
        [--margin 1] [--tables NAME,NAME] [--ways "NAME" "NAME"]
        [--json FILE [--redo "NAME"]]

The protocol of LOP (Devos et al., ICML 2025): five folds, of which three fit the forest
and prune it, one chooses, and one tests. The smallest model whose score on the choosing
rows falls by no more than the tolerance is taken: 0.005 of ROC AUC, accuracy or
balanced accuracy, or two per cent of RMSE or log loss. With `--margin 1` there must be
room for one standard error of that fall, too. `leaves x` is the leaves of the forest
over those of the result, `loss` what the score loses on the test rows (a share where
the tolerance is one), `log loss` that of the result over the forest's. Files are those
of joblib with compress=3, against the stripped forest's; `one row x` and `batch x` say
how much faster probabilities, or values, come for one row and for 1000; `s / fit` is
the seconds of the way over those of the forest's own fit.

Means are means of logarithms, over folds, then over sizes and depths, then over tables;
a forest of unlimited depth has a table of its own. Tasks: binary, regression,
multiclass; hist prunes HistGradientBoosting of 31 leaves a tree; few_rows has a tenth
as many rows as fitted the forest, unseen ones, to prune and to choose on, and no
others; "boosting as good as ..." there is the smallest that reaches the score of a
pruned forest on the test rows themselves, or the best one. With balanced accuracy the
classes have equal weights in the fit too.

Beside the methods stands what a user would do instead: nothing, the first trees or as
many at random, a cap on the leaves of each tree, refits along `ccp_alpha`, a small
boosting from scratch, and a smaller forest from scratch whose file is no larger than
that of `backfitting, same`.

The JSON file has one object a line and grows with each result; a run with the same file
goes on where the last one stopped, and several may share it. `--redo` computes rows
anew, and so must be those that are compared with them.
"""

from command_line import Records, listed, parser_of
from forest_figures import (
    Scale,
    of_all_tables,
    of_one_table,
    show,
    show_limits,
    show_tables,
    timed,
)
from forest_problems import N_FOLDS, TASKS, Fold, settings_of
from forest_ways import ways_of
from threadpoolctl import threadpool_limits

KEY = ("task", "scoring", "margin", "table", "trees asked", "depth", "fold", "way")


def run_fold(key, options, records):
    """All ways on one fold of one table: those on record, the others computed."""
    missing = [
        way
        for way in options.ways
        if way in options.redo or records.get(**key, way=way) is None
    ]
    if missing:
        compute(key, missing, options, records)
    found = [records.get(**key, way=way) for way in options.ways]
    return [record for record in found if record is not None]


def compute(key, missing, options, records):
    """Fit the forest of a fold, and put on record what ways make of it."""
    fold = Fold(
        key["task"],
        key["table"],
        key["scoring"],
        (key["trees asked"], key["depth"]),
        key["fold"],
        options.data,
        options.margin,
    )
    forest, fit_seconds = timed(fold.forest.fit, *fold.rows(fold.fit))
    scale = Scale(fold, forest, fit_seconds)
    for way in missing:
        known = {record["way"]: record for record in records.having(**key)}
        model, seconds = timed(options.ways[way], fold, forest, known)
        if model is None:
            print(f"({way}: left out, what it is compared with is not on record)")
        else:
            records.add(key | {"way": way} | scale.weigh(model, seconds))


def summed_up(found):
    """Means over records of one table, by way."""
    by_way = {}
    for record in found:
        by_way.setdefault(record["way"], []).append(record)
    return {way: of_one_table(of_way) for way, of_way in by_way.items()}


def run_settings(title, settings, options, records):
    """All tables with forests of these sizes and depths, and the means over them."""
    by_table = {}
    for table in options.tables:
        found = []
        for size, depth in settings:
            key = {
                "task": options.task,
                "scoring": options.scoring,
                "margin": options.margin or None,
                "table": table,
                "trees asked": size,
                "depth": depth,
            }
            here = [
                record
                for fold in range(options.folds)
                for record in run_fold(key | {"fold": fold}, options, records)
            ]
            show(f"{table}: {named(options.task, size, depth)}", summed_up(here))
            found += here
        by_table[table] = summed_up(found)
        if len(settings) > 1:
            show(f"{table}: {title}", by_table[table])
    if len(by_table) > 1:
        show_together(title, by_table, options)


def show_together(title, by_table, options):
    together = {
        way: of_all_tables([rows[way] for rows in by_table.values() if way in rows])
        for way in dict.fromkeys(way for rows in by_table.values() for way in rows)
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


def asked_for():
    parser = parser_of(__doc__)
    parser.add_argument("--task", choices=tuple(TASKS), default="binary")
    parser.add_argument("--scoring", help="of two classes: roc_auc, accuracy, ...")
    parser.add_argument("--margin", type=float, default=0, help="standard errors")
    parser.add_argument("--sizes", "--trees", help="trees, or iterations")
    parser.add_argument("--depths", "--depth", default="10,15,none")
    parser.add_argument("--folds", type=int, default=N_FOLDS)
    parser.add_argument("--quick", action="store_true", help="one fold")
    parser.add_argument("--tables", help="names, with commas between them")
    parser.add_argument("--ways", nargs="+", help="names of rows, each in quotes")
    parser.add_argument("--redo", nargs="+", default=(), help="ways to compute anew")
    options = parser.parse_args()
    task, all_ways = TASKS[options.task], ways_of(options.task)
    options.scoring = options.scoring or task.scorings[0]
    if options.scoring not in task.scorings:
        parser.error(f"--scoring is one of {', '.join(task.scorings)}")
    for way in [*(options.ways or ()), *options.redo]:
        if way not in all_ways:
            parser.error(f"no way {way!r}; there are {', '.join(map(repr, all_ways))}")
    if not 1 <= options.folds <= N_FOLDS:
        parser.error(f"--folds is 1 to {N_FOLDS}")
    options.folds = 1 if options.quick else options.folds
    options.ways = {way: all_ways[way] for way in options.ways or all_ways}
    options.tables = listed(options.tables) if options.tables else task.tables
    options.sizes = [int(size) for size in listed(options.sizes or task.sizes)]
    options.depths = [
        None if depth == "none" else int(depth) for depth in listed(options.depths)
    ]
    return options


def main():
    options = asked_for()
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
