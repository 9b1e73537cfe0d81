"""Markdown tables, and how sizes, factors and contenders are written in them."""

import re

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
    "smallest": "the smallest file of these three",
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


def markdown(head, rows):
    """A Markdown table; columns of numbers are aligned to the right."""
    rows = [[str(cell) for cell in row] for row in rows]
    right = [
        all(re.fullmatch(r"[-+]?[\d,.]+x?( ± [\d.]+)?|-", cell) for cell in column)
        for column in zip(*rows)
    ]
    lines = [head, ["--:" if number else "---" for number in right], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def named(contender):
    return NAMES.get(contender, contender)


def in_bytes(number):
    for unit in ("B", "kB", "MB"):
        if number < 1000 or unit == "MB":
            return f"{number:.0f} B" if unit == "B" else f"{number:.3g} {unit}"
        number /= 1000


def times(factor):
    """A factor with three digits."""
    return f"{factor:.0f}x" if factor >= 100 else f"{factor:.3g}x"
