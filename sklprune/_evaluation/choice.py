"""`Choice`, a chosen ratio, and the checks before and after a rule is called."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from sklprune._cost import Cost
from sklprune._evaluation.prices import FEATURE_COST, check_prices
from sklprune._evaluation.training_rows import Reference
from sklprune._registry import guess_of
from sklprune._rule import DEFAULT_SIZE, RuleTable
from sklprune._sklearn_private import scorer_takes_weights


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A ratio, and how it was chosen.

    Parameters
    ----------
    ratio : float or None
        None where the method determines the size.
    ratios : list of float or None
        All ratios of the path, ascending; the first one is 0.
    requested : list of float
        Those of them that the user or the method's grid requested.
    rule : Rule or None
        None where the ratio was given.
    method : int
        The index of the method, where there are several.
    position : int or None
        The position of the ratio in `table`; None without a rule.
    table : dict of ndarray
        The rows of the method, as a rule receives them; see `sklprune.rules`.
    whole : WholeTable or None
        The rows of all methods, where there are several.
    baseline : dict or None
        The small model trained from scratch that the rule chose; see `baseline_of`.
    counts : list of ClassCounts, or None
        One for each ratio, over the rows of all splits.
    kept : list of ndarray, or None
        For each split the `packed` mask of the columns that the candidate keeps.
    selections : tuple, or None
        The same masks at all ratios, and the importances of the columns on each split.
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
    method: int = 0
    position: int | None = None
    table: Any = None
    whole: Any = None
    baseline: Any = None
    counts: Any = None
    kept: Any = None
    selections: Any = None
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
        return float(units[self.position] / units[0])

    @property
    def n_asked(self):
        """The number of candidates that the rule could choose."""
        table = self.table if self.whole is None else self.whole.table
        return int(table["asked"].sum())

    @property
    def shown(self):
        """The table that `path_` shows, and the position of the choice in it."""
        if self.whole is None:
            return self.table, self.position
        return self.whole.table, self.whole.position(self.method, self.position)

    @property
    def name(self):
        """The name of the chosen method, where there are several."""
        return "" if self.whole is None else self.whole.names[self.method]

    @property
    def comparison(self):
        """The best candidate of each method, the baseline, and the compared size.

        None if there are neither several methods nor a baseline.
        """
        if self.whole is None and self.baseline is None:
            return None
        return {
            "methods": [] if self.whole is None else self.whole.best,
            "baseline": self.baseline,
            "size": self.rule.size or DEFAULT_SIZE,
        }

    def at(self, ratio):
        """The same choice at another ratio of the path.

        If the method determines the size, it is the ratio that was reached.
        """
        if self.rule is None or self.ratio is None:
            return replace(self, ratio=ratio)
        return replace(self, ratio=ratio, position=self.ratios.index(ratio))


def check_no_baseline(baseline, pruning_ratio):
    """Raise an error for a baseline where no rows are held out to compare with it."""
    if baseline:
        raise ValueError(
            f"baseline=True compares scores on rows that are held out, and none are "
            f"with pruning_ratio={pruning_ratio!r} and this method. Request several "
            "ratios, for example pruning_ratio=[0.9], or baseline=False."
        )


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
    known = {field.name for field in fields(Cost)}
    known |= {"agreement", "fidelity", FEATURE_COST}
    _check_size(rule)
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
    check_prices(rule, plan, task.X)
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


def _check_size(rule):
    """Raise an error for a size that is no field of `Cost`."""
    names = [field.name for field in fields(Cost)]
    is_name = isinstance(rule.size, str) and rule.size in names
    if rule.size is not None and not is_name:
        guess = guess_of(str(rule.size), names)
        raise ValueError(
            f"rule={rule!r}: size={rule.size!r} is not a field of Cost.{guess} The "
            f"fields are {', '.join(names)}."
        )


def columns_for(rule, *, bytes_too):
    """The columns on demand that each split must measure.

    Costs of columns follow from the kept ones. `bytes_too`: whether "file_bytes" is
    needed besides the columns of the rule.
    """
    also = (DEFAULT_SIZE,) if bytes_too else ()
    columns = dict.fromkeys([*rule.columns, *also])
    return tuple(name for name in columns if name != FEATURE_COST)
