"""Chooses among several methods: one table of all, and the best candidate of each."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklprune._evaluation.choice import Choice, choose_position
from sklprune._evaluation.noise import without_noise
from sklprune._evaluation.prices import FEATURE_COST, costs_of_paths
from sklprune._registry import snake_case
from sklprune._rule import DEFAULT_SIZE

#: the entry of the unpruned model in the column `method`
UNPRUNED = "unpruned"
#: the name of a small model trained from scratch, in place of a method
FROM_SCRATCH = "trained from scratch"


@dataclass(frozen=True)
class WholeTable:
    """The rows of all methods in one table, largest model first.

    Position 0 is the unpruned model.

    Parameters
    ----------
    table : dict of ndarray
        As in `sklprune.rules`, with a column `method`.
    method : ndarray of shape (n_rows,), int
        Index of the method of each row; -1 for the unpruned model.
    row : ndarray of shape (n_rows,), int
        Position of each row in the table of its method.
    names : dict of {int: str}
        The name of each method.
    ratios : dict of {int: list of float or None}
        The ratios of each method.
    best : list of dict
        See `best_of_each`.
    """

    table: dict
    method: Any
    row: Any
    names: dict
    ratios: dict
    best: list

    def position(self, method, row):
        """The position of a row of one method."""
        if row == 0:
            return 0
        return int(np.flatnonzero((self.method == method) & (self.row == row))[0])


def choose(ways, scored, *, rule, by_user, X, **known):
    """The method and the ratio that a rule chooses.

    Parameters
    ----------
    ways : list of Alternative
    scored : list of ScoredPath or None
        One for each way; None where it is omitted.
    rule : Rule
    by_user : bool
        Whether the user requested ratios. The unpruned model may otherwise be chosen.
    X : array-like of shape (n_rows, n_features)
    **known
        Further fields of the choice.

    Returns
    -------
    Choice

    Raises
    ------
    ValueError
        If all ways are omitted.
    """
    tables = {
        i: path.table
        | {"asked": _asked(rule, way, path, by_user)}
        | _costs(rule, way, path, X)
        for i, (way, path) in enumerate(zip(ways, scored))
        if path is not None
    }
    if not tables:
        raise ValueError("No method could prune the model; see the warnings above.")
    whole, method = None, 0
    if len(ways) == 1:
        row = choose_position(rule, tables[0])
    else:
        whole = _whole_table(ways, tables, rule)
        position = choose_position(rule, whole.table)
        row = int(whole.row[position])
        method = int(whole.method[position]) if row else min(tables)
    way, path, table = ways[method], scored[method], tables[method]
    # the largest ratios may be missing: too few units remain there
    ratios = way.ratios[: len(table["ratio"])]
    return Choice(
        ratio=ratios[row],
        ratios=ratios,
        requested=[ratio for ratio in way.requested if ratio in ratios],
        rule=rule,
        method=method,
        position=row,
        table=table,
        whole=whole,
        counts=path.counts,
        kept=None if path.kept is None else path.kept[row],
        selections=None if path.kept is None else (path.kept, path.importances),
        candidates=path.candidates,
        by_user=by_user,
        **known,
    )


def _asked(rule, way, path, by_user):
    """The candidates that the rule may choose."""
    asked = np.full(len(path.table["ratio"]), True)
    asked[0] = not by_user or 0.0 in way.requested
    floor = way.plan.method.floor
    if by_user or rule.needs_unpruned or floor is None or path.kept is None:
        return asked
    return asked & without_noise(path.table, path.kept, path.importances, floor)


def _costs(rule, way, path, X):
    """The column with the costs of the kept columns, if the rule states prices."""
    costs = costs_of_paths(rule, way.plan.estimator, X, path.kept)
    return {} if costs is None else {FEATURE_COST: costs}


def _whole_table(ways, tables, rule):
    """The tables of all ways as one."""
    names = dict(zip(tables, method_names([ways[i].plan.method for i in tables])))
    table, method, row = whole_table(names, tables, rule.size or DEFAULT_SIZE)
    return WholeTable(
        table,
        method,
        row,
        names,
        {i: ways[i].ratios[: len(t["ratio"])] for i, t in tables.items()},
        best_of_each(rule, names, tables),
    )


def whole_table(names, tables, size):
    """Join the tables of several methods of one model, the largest model first.

    Parameters
    ----------
    names : dict of {int: str}
        The name of each method.
    tables : dict of {int: dict of ndarray}
        The table of each method. All have the same columns, and the unpruned model at
        position 0.
    size : str
        The column by which rows are sorted.

    Returns
    -------
    table : dict of ndarray
    method, row : ndarray of shape (n_rows,), int
        See `WholeTable`.
    """
    rows = [np.arange(1, len(table["ratio"])) for table in tables.values()]
    method = np.repeat(list(tables), [len(each) for each in rows])
    row, (first, *_) = np.concatenate(rows), tables.values()
    joined = {
        name: np.concatenate([table[name][1:] for table in tables.values()])
        for name in first
    }
    order = np.argsort(-joined[size], kind="stable")
    table = {
        name: np.append([first[name][0]], values[order], axis=0)
        for name, values in joined.items()
    }
    # units of the methods differ
    table["units"][0] = np.nan
    table["method"] = np.array([UNPRUNED, *(names[i] for i in method[order])])
    return table, np.append(-1, method[order]), np.append(0, row[order])


def method_names(methods):
    """A name for each method: the registered one, or its code if names repeat."""
    names = [snake_case(type(method).__name__) for method in methods]
    codes = [repr(method) for method in methods]
    return [
        name if names.count(name) == 1 or code.endswith("()") else code
        for name, code in zip(names, codes)
    ]


def best_of_each(rule, names, tables):
    """The candidate that a rule chooses if only one method is compared.

    Returns
    -------
    list of dict
        For each method `method`, `ratio`, `score`, `difference`, `difference_se`, the
        sizes in the table, and `accepted`. It is False where the rule keeps the
        unpruned model, or accepts none; the best smaller candidate is then described.
    """
    return [_best_of(rule, names[i], tables[i]) for i in tables]


def _best_of(rule, name, table):
    position, accepted = _chosen(rule, table)
    return {"method": name, "accepted": accepted, **_numbers(table, position)}


def _chosen(rule, table):
    """The position that a rule chooses, and whether it accepts a smaller candidate.

    If it does not, the position is that of the candidate with the best score.
    """
    try:
        position = choose_position(rule, table)
    except ValueError:
        # a budget that no candidate meets
        position = 0
    if position > 0:
        return position, True
    score = np.nan_to_num(table["score_mean"][1:], nan=-np.inf)
    return 1 + int(np.argmax(score)), False


def _numbers(table, position):
    """The numbers of one row, as a report shows them."""
    hidden = ("scores", "asked", "score_se", "method")
    row = {
        name: float(values[position])
        for name, values in table.items()
        if name not in hidden
    }
    row["score"] = row.pop("score_mean")
    row["difference"] = row.pop("difference_mean")
    return row


def best_from_scratch(rule, scored):
    """The small model trained from scratch that a rule chooses, as `best_of_each`.

    Parameters
    ----------
    rule : Rule
    scored : ScoredPath
        Its table has the unpruned model at position 0.

    Returns
    -------
    dict or None
        With `description`, which states what model it is. None if none was trained.
    """
    n_rows = len(scored.names)
    if n_rows == 1:
        return None
    # they have no ratio, and are compared by their size: largest first
    order = np.append(0, 1 + np.argsort(-scored.table["file_bytes"][1:], kind="stable"))
    table = {name: values[order] for name, values in scored.table.items()}
    table |= {
        "asked": np.full(n_rows, True),
        "method": np.array([UNPRUNED] + [FROM_SCRATCH] * (n_rows - 1)),
    }
    position, accepted = _chosen(rule, table)
    numbers = _numbers(table, position)
    return {
        "method": FROM_SCRATCH,
        "accepted": accepted,
        "description": scored.names[order[position]],
        **{k: v for k, v in numbers.items() if k not in ("ratio", "units")},
    }
