"""Is a larger model on a path ever worse on unseen rows than a smaller one?

    python benchmarks/forest_paths.py [--data FOLDER] [--task binary]
        [--tables published | NAME,NAME] [--rows all] [--trees 100] [--depth 15]
        [--fold 0] [--methods "NAME" "NAME"] [--json FILE]

A forest is pruned at a grid of ratios, with two sizes for each factor of two. Each
model is scored on the test rows of the fold and on those used for the choice, which a
path does not see. For each pair of models, the score of the larger one minus that of
the smaller one is divided by its standard error, which is paired. The lowest quotient
is the worst step of the path. It is the lowest of many, and may be below -2 by chance.
`allowed` is the quotient that one of twenty paths of equally good models reaches, if
the steps are independent (Bonferroni).

The score is ROC AUC for two classes, accuracy for several, and the squared error for
values. The standard error of a difference of ROC AUC is that of DeLong et al. (1988).

The JSON file has one object a line, and grows with each path. A run with the same file
continues where the last run stopped.
"""

import numpy as np
from command_line import Records, listed, parser_of
from forest_contenders import METHODS, n_leaves
from forest_problems import TASKS, Fold
from scipy.stats import norm, rankdata
from threadpoolctl import threadpool_limits

from sklprune import prune
from sklprune.rules import Best

KEY = ("task", "table", "rows", "trees", "depth", "fold", "method")
#: two sizes for each factor of two
RATIOS = [float(1 - 2 ** (-k / 2)) for k in range(2, 33)]


def components(model, X, y, n_classes):
    """The parts of a score, whose mean over each group of rows is added up.

    Returns a list of arrays. The score is the sum of their means, and its variance is
    the sum of the variances of these means.
    """
    if not n_classes:
        return [-((y - model.predict(X)) ** 2)]
    if n_classes > 2:
        return [(model.predict(X) == y).astype(float)]
    score, positive = model.predict_proba(X)[:, 1], np.asarray(y, dtype=bool)
    # share of the other class that is ranked correctly; each counts one half
    rank, n = rankdata(score), len(y)
    n_positive = positive.sum()
    above = (rank[positive] - rankdata(score[positive])) / (n - n_positive)
    below = 1 - (rank[~positive] - rankdata(score[~positive])) / n_positive
    return [above / 2, below / 2]


def step(smaller, larger):
    """The difference of two scores, and its paired standard error."""
    changes = [after - before for before, after in zip(smaller, larger)]
    difference = float(sum(change.mean() for change in changes))
    # of ROC AUC each half stands for the whole score of its class
    parts = len(changes)
    variance = sum(parts**2 * change.var(ddof=1) / len(change) for change in changes)
    return difference, float(np.sqrt(variance))


def worst_step(models, X, y, n_classes):
    """The pair of models with the lowest quotient, models in ascending order."""
    scored = [(n_leaves(m), components(m, X, y, n_classes)) for m in models]
    worst = {"quotient": 0.0, "difference": 0.0, "smaller": 0, "larger": 0}
    n_pairs = 0
    for i, (smaller, before) in enumerate(scored):
        for larger, after in scored[i + 1 :]:
            difference, error = step(before, after)
            n_pairs += 1
            quotient = difference / error if error else 0.0
            if quotient < worst["quotient"]:
                worst = {
                    "quotient": quotient,
                    "difference": difference,
                    "smaller": smaller,
                    "larger": larger,
                }
    allowed = float(norm.ppf(0.05 / max(1, n_pairs)))
    return worst | {"models": len(models), "allowed": allowed}


def models_of(fold, forest, method):
    """The models of a path, in ascending order of leaves."""
    pruned = prune(
        forest,
        *fold.rows(np.concatenate([fold.learn, fold.choose])),
        method=method,
        pruning_ratio=RATIOS,
        rule=Best(),
        scoring=fold.scoring,
        cv=[
            (
                np.arange(len(fold.learn)),
                len(fold.learn) + np.arange(len(fold.choose)),
            )
        ],
        store_path=True,
        random_state=0,
    )
    by_size = {}
    for ratio in RATIOS:
        model = pruned.path_.at(ratio)
        by_size[n_leaves(model)] = model
    return [by_size[size] for size in sorted(by_size)]


def run(table, n_rows, options, records):
    """Yield the worst step of each method on one table; missing ones are computed."""
    depth = None if options.task == "hist" else options.depth
    key = {
        "task": options.task,
        "table": table,
        "rows": n_rows,
        "trees": options.trees,
        "depth": depth,
        "fold": options.fold,
    }
    known = {name: records.get(**key, method=name) for name in options.methods}
    yield from filter(None, known.values())
    missing = [name for name, record in known.items() if record is None]
    if not missing:
        return
    fold = Fold(
        options.task,
        table,
        TASKS[options.task].scorings[0],
        (options.trees, depth),
        options.fold,
        options.data,
        n_rows=n_rows,
    )
    forest = fold.forest.fit(*fold.rows(fold.fit))
    X, y = fold.rows(np.concatenate([fold.choose, fold.test]))
    for name in missing:
        models = models_of(fold, forest, METHODS[name])
        record = key | {"method": name} | worst_step(models, X, y, fold.n_classes)
        records.add(record)
        yield record


def show(row):
    title = f"{row['table']}{', ' + str(row['rows']) if row['rows'] else ''}"
    print(
        f"{title:26}{row['method']:20}{row['quotient']:7.2f} (allowed "
        f"{row['allowed']:.2f})  difference {row['difference']:+.4f}  leaves "
        f"{row['smaller']} -> {row['larger']}",
        flush=True,
    )


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--task", choices=tuple(TASKS), default="binary")
    parser.add_argument(
        "--tables", help="names, with commas between them; or published"
    )
    parser.add_argument("--rows", default="all", help="sizes of samples, or all")
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--depth", type=int, default=15)
    parser.add_argument("--fold", type=int, default=0)
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=tuple(METHODS),
        default=("backfitting, same", "backfitting, auto", "regrow"),
    )
    options = parser.parse_args()
    task = TASKS[options.task]
    tables = task.published if options.tables == "published" else task.tables
    if options.tables not in (None, "published"):
        tables = listed(options.tables)
    results, records = [], Records(options.json, KEY)
    with threadpool_limits(1):
        for table in tables:
            for rows in listed(options.rows):
                n_rows = None if rows == "all" else int(rows)
                for row in run(table, n_rows, options, records):
                    show(row)
                    results.append(row)
    print("\nthe worst step over all tables")
    for name in options.methods:
        show(
            min(
                (row for row in results if row["method"] == name),
                key=lambda row: row["quotient"],
            )
        )


if __name__ == "__main__":
    main()
