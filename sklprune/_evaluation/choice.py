"""`Choice`, a chosen ratio, and the checks before and after a rule is called."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from sklprune._cost import Cost
from sklprune._evaluation.training_rows import Reference
from sklprune._rule import RuleTable
from sklprune._sklearn_private import scorer_takes_weights


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A ratio, and how it was chosen.

    Parameters
    ----------
    ratio : float or None
        None where the method determines the size.
    ratios : list of float
        All ratios of the path, ascending; the first one is 0.
    requested : list of float
        Those of them that the user or the method's grid requested.
    rule : Rule or None
        None where the ratio was given.
    table : dict of ndarray
        What the rule received; see `sklprune.rules`.
    counts : list of ClassCounts, or None
        One for each ratio, over the rows of all splits.
    candidates : list of Pruned, or None
        The models that were scored, where one of them is returned.
    splits : list of (first rows, second rows)
        The splits on which models were pruned and scored; empty without a rule.
    by_user : bool
        Whether the user requested the ratio, by a number or in a sequence.
    reference : Reference
        The model whose score the others are compared with.
    """

    ratio: float | None
    ratios: list
    requested: list
    rule: Any = None
    table: Any = None
    counts: Any = None
    candidates: Any = None
    splits: Any = ()
    by_user: bool = True
    reference: Reference = Reference.ITSELF

    @property
    def kept_share(self):
        """Mean share of the units that the candidates at the chosen ratio keep.

        None without a rule, or where the scored candidate itself is returned.
        """
        if self.rule is None or self.candidates is not None:
            return None
        units = self.table["units"]
        return float(units[self.position_of(self.ratio)] / units[0])

    def position_of(self, ratio):
        """The position of a ratio in the table; None where no rule chose."""
        return None if self.rule is None else self.ratios.index(ratio)


def choose_position(rule, table):
    """The position in the table that a rule returns, checked."""
    position = rule.choose(RuleTable(table))
    n = len(table["ratio"])
    if not isinstance(position, (int, np.integer)) or not 0 <= position < n:
        raise ValueError(
            f"rule={rule!r} gave {position!r}; it must give a position in a table of "
            f"{n} rows."
        )
    return int(position)


def check_rule(rule, plan, task):
    """Raise an error for a rule that cannot choose here, before anything is fitted."""
    rule.check()
    known = {field.name for field in fields(Cost)} | {"agreement", "fidelity"}
    unknown = [name for name in rule.needs if name not in known]
    if unknown:
        raise ValueError(
            f"rule={rule!r} needs {', '.join(unknown)}, which no table has. Columns on "
            f"demand are {', '.join(sorted(known))}."
        )
    if "agreement" in rule.needs and not is_classifier(plan.estimator):
        raise ValueError(
            f"rule={rule!r} compares predicted classes, and "
            f"{type(plan.estimator).__name__} is not a classifier. Use Tolerance(), "
            "which compares scores."
        )
    _check_fidelity(rule, plan, task)
    if task.scorer is None and rule.needs_scores:
        raise ValueError(
            "Choosing a ratio by scores requires y to be passed, but the target y is "
            "None, or the model has no score: give pruning_ratio as a number, or, for "
            "a classifier, rule=Agreement(), which compares predictions."
        )


def _check_fidelity(rule, plan, task):
    """Raise an error for fidelity if the unpruned model cannot give it."""
    if "fidelity" not in rule.needs or task.scorer is None:
        return
    name, model = type(plan.estimator).__name__, plan.estimator
    if not is_classifier(model) or not hasattr(model, "predict_proba"):
        raise ValueError(
            f"rule={rule!r} scores models by the probabilities of the unpruned one, "
            f"and {name} gives none. Give a rule that does not use fidelity."
        )
    if not scorer_takes_weights(task.scorer, model):
        raise ValueError(
            f"rule={rule!r} weights rows by the probabilities of the unpruned model, "
            "and the score takes no sample_weight: give another scoring, or a rule "
            "that does not use fidelity."
        )
    if np.ndim(task.y) > 1 and np.shape(task.y)[1] > 1:
        raise ValueError(
            f"rule={rule!r} is for one output, and y has {np.shape(task.y)[1]}. Give a "
            "rule that does not use fidelity."
        )


def columns_for(rule, store_path):
    """The columns on demand that the table must contain."""
    stored = ("file_bytes",) if store_path else ()
    return tuple(dict.fromkeys([*rule.needs, *stored]))
