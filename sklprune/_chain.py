"""How a pruning runs the methods of a `Chain` in sequence.

The sizes of all steps are chosen first, one after the other, on one part of the rows
that no step prunes on. The steps are then repeated on all rows at these sizes.
"""

import warnings
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from sklprune._estimators import seeded, unfitted
from sklprune._evaluation.splits import FROZEN_FRACTION, hold_out, splits_of
from sklprune._evaluation.training_rows import Reference, reference_for
from sklprune._plan import make_plan, make_scorer, seed_of, thawed
from sklprune._registry import family_of, named
from sklprune._reporting.chain import ChainReport
from sklprune._rule import as_rule
from sklprune._support import SUPPORT_ATTRIBUTES
from sklprune._units import Task
from sklprune._validation import check_rows
from sklprune.rules import Agreement, Budget, Tolerance

#: if more than this share of a tolerance remains, the last but one step gets it too
REST = 0.25


@dataclass
class _Allowance:
    """The part of the tolerance that the steps have not used."""

    rule: Any
    n_left: int
    n_steps: int = 0
    original: float = np.nan
    used: float = 0.0

    def __post_init__(self) -> None:
        self.n_steps = self.n_left

    @property
    def total(self) -> float:
        """The whole tolerance in units of the score."""
        scale = abs(self.original) if self.rule.relative else 1.0
        return float(self.rule.max_drop * scale)

    @property
    def is_used_up(self) -> bool:
        """Whether nothing is left for a further step."""
        if not isinstance(self.rule, Tolerance) or np.isnan(self.original):
            return False
        return self.used >= self.total > 0

    @property
    def has_rest(self) -> bool:
        """Whether much of the tolerance remains after all of several steps."""
        done = self.n_left == 0 and self.n_steps > 1
        if not done or not isinstance(self.rule, Tolerance) or np.isnan(self.original):
            return False
        return self.total - max(0.0, self.used) > REST * self.total > 0

    def rule_of(self, share: float) -> Any:
        """The rule for a step that may use a part of the tolerance."""
        return clone(self.rule).set_params(max_drop=share, relative=False)

    def next_rule(self) -> Any:
        """The rule of the next step."""
        if isinstance(self.rule, Agreement):
            share = 1 - (1 - self.rule.share) / self.n_steps
            return clone(self.rule).set_params(share=share)
        if not isinstance(self.rule, Tolerance):
            return self.rule
        if np.isnan(self.original):
            share = self.rule.max_drop / self.n_left
            return clone(self.rule).set_params(max_drop=share)
        share = max(0.0, self.total - max(0.0, self.used)) / self.n_left
        return self.rule_of(share)

    def after(self, report: Any) -> None:
        """Take the loss of a step into account."""
        self.n_left -= 1
        if np.isnan(self.original):
            self.original = report.score["original"]
        self.used = self.original - report.score["pruned"]


@dataclass
class _Run:
    """The steps that were done on some rows, and the current model."""

    model: Any
    parts: list[Any] = field(default_factory=list)


def fit_chain(pruned: Any, X: Any, y: Any, sample_weight: Any, groups: Any) -> None:
    """Fit a `PrunedEstimator` whose method is a `Chain`.

    Parameters
    ----------
    pruned : PrunedEstimator
        Its fitted attributes are set.
    X, y, sample_weight, groups : as in `fit`

    Raises
    ------
    ValueError
        Before any fit, for parameters that cannot be used with a chain.
    """
    methods = pruned.method.checked()
    rule = as_rule(named("rule", pruned.rule))
    _check(pruned, rule)
    rule.check()
    labels = y is not None
    first_of = {"method": methods[0], "refit": pruned.refit, "labels": labels}
    plan = replace(make_plan(pruned.estimator, **first_of), seen=pruned.seen)
    seed = seed_of(pruned.random_state)
    task = check_rows(plan.estimator, plan.frozen, X, y, sample_weight, groups)
    task = task.with_settings(
        scorer=make_scorer(plan, pruned.scoring, labels),
        random_state=seed,
        n_jobs=pruned.n_jobs,
    )
    first, second = _split(pruned, plan, task)
    start = pruned.estimator
    if not plan.frozen or _is_biased(plan, task, (first, second)):
        start = FrozenEstimator(_fitted(plan, task.take(first)))
    rows = (task.X, task.y, task.sample_weight, task.groups)
    choosing = _choose(pruned, methods, rule, start, rows, (first, second), seed)
    parts = choosing.parts
    if not (plan.frozen and pruned.cv is not None and start is pruned.estimator):
        parts = _repeat(pruned, methods, choosing, rows, seed)
    _store(pruned, parts, choosing.parts)


def _check(pruned: Any, rule: Any) -> None:
    """Raise an error for parameters that have no meaning for a chain."""
    if not isinstance(pruned.pruning_ratio, str) or pruned.pruning_ratio != "auto":
        raise ValueError(
            f"pruning_ratio={pruned.pruning_ratio!r} was given, but each step of a "
            "Chain has a ratio of its own: set pruning_ratio='auto'."
        )
    if isinstance(rule, Budget):
        raise ValueError(
            f"rule={rule!r} cannot be divided among the steps of a Chain. Use "
            "Tolerance(), or prune in one call for each method."
        )


def _split(pruned: Any, plan: Any, task: Task) -> tuple[Any, Any]:
    """The rows to prune on and the rows to choose on."""
    if pruned.cv is None:
        return hold_out(plan.estimator, task, FROZEN_FRACTION)
    splits = splits_of(plan, task, pruned.cv)
    if len(splits) != 1:
        raise ValueError(
            f"cv={pruned.cv!r} gives {len(splits)} splits, and a Chain uses one: set "
            "cv=None or cv=[(rows, held_out_rows)]."
        )
    return splits[0]


def _is_biased(plan: Any, task: Task, split: tuple[Any, Any]) -> bool:
    """Whether a fitted model has a biased score on the rows that choose."""
    return reference_for(plan, task, [split]) is not Reference.ITSELF


def _fitted(plan: Any, task: Task) -> Any:
    model = seeded(unfitted(thawed(plan.estimator)), task.random_state)
    return family_of(model).fit(model, *task.rows)


def _part(pruned: Any, model: Any, method: Any, seed: Any, **parameters: Any) -> Any:
    """An estimator for one step."""
    part = clone(pruned, safe=False)
    given = {"estimator": model, "method": method, "random_state": seed}
    return part.set_params(**given, **parameters)


def _fit(part: Any, rows: tuple[Any, ...]) -> Any:
    X, y, weight, groups = rows
    return part.fit(X, y, sample_weight=weight, groups=groups)


@dataclass
class _Chooser:
    """Chooses the sizes of the steps on the held-out rows."""

    pruned: Any
    methods: list[Any]
    rows: tuple[Any, ...]
    split: tuple[Any, Any]
    seed: Any

    def step(self, run: _Run, allowance: _Allowance, rule: Any) -> None:
        """Add the next step to a run."""
        i = len(run.parts)
        method = self.methods[i]
        part = _part(
            *(self.pruned, run.model, method, self.seed),
            rule=rule,
            cv=[self.split],
            seen=False,
            store_path=False,
            drop_unread=self.pruned.drop_unread and i == len(self.methods) - 1,
            baseline=self.pruned.baseline and i == 0 and not method.decides,
        )
        run.parts.append(_fit(part, self.rows))
        if method.decides:
            allowance.n_left -= 1
        else:
            allowance.after(part.report_)
        run.model = FrozenEstimator(part.estimator_)

    def with_the_rest(
        self, run: _Run, allowance: _Allowance, before: list[tuple[Any, float]]
    ) -> _Run:
        """The run after its last two steps have used what remains of the tolerance.

        Few sizes are possible in each step, so that much may remain. The last but one
        step is then repeated with it. The result is used if its file is smaller.

        Parameters
        ----------
        run : _Run
        allowance : _Allowance
            After the run.
        before : list of (estimator, float)
            For each step of the run, the model before it, and what was used before.
        """
        if not allowance.has_rest or any(each.decides for each in self.methods[-2:]):
            return run
        model, used = before[-2]
        by_last = max(0.0, allowance.used - before[-1][1])
        share = allowance.total - max(0.0, used) - by_last
        again = _Run(model, run.parts[:-2])
        rest = replace(allowance, n_left=2, used=used)
        self.step(again, rest, allowance.rule_of(share))
        if again.parts[-1].pruning_ratio_ <= run.parts[-2].pruning_ratio_:
            return run
        if rest.is_used_up:
            return run
        self.step(again, rest, rest.next_rule())
        old, new = (each.parts[-1].report_.pruned for each in (run, again))
        return again if new.compressed_bytes < old.compressed_bytes else run


def _choose(
    pruned: Any,
    methods: list[Any],
    rule: Any,
    start: Any,
    rows: tuple[Any, ...],
    split: tuple[Any, Any],
    seed: Any,
) -> _Run:
    """Choose the size of each step on the held-out rows."""
    chooser = _Chooser(pruned, methods, rows, split, seed)
    run, allowance = _Run(start), _Allowance(rule, len(methods))
    before = []
    for i in range(len(methods)):
        if allowance.is_used_up:
            skipped = ", ".join(repr(each) for each in methods[i:])
            warnings.warn(
                f"The steps before have used the whole {rule!r}; these are skipped: "
                f"{skipped}.",
                stacklevel=4,
            )
            break
        before.append((run.model, allowance.used))
        chooser.step(run, allowance, allowance.next_rule())
    return chooser.with_the_rest(run, allowance, before)


def _repeat(
    pruned: Any, methods: list[Any], choosing: _Run, rows: tuple[Any, ...], seed: Any
) -> list[Any]:
    """Repeat the steps on all rows at the chosen ratios."""
    run = _Run(pruned.estimator)
    for i, (method, chosen) in enumerate(zip(methods, choosing.parts)):
        table = chosen.path_.table
        ratio = "auto" if method.decides else float(table["ratio"][chosen.path_.chosen])
        last = i == len(choosing.parts) - 1
        part = _part(
            *(pruned, run.model, method, seed),
            pruning_ratio=ratio,
            cv=None,
            seen=pruned.seen if i == 0 else False,
            drop_unread=pruned.drop_unread and last,
            store_path=False,
            baseline=False,
        )
        run.parts.append(_fit(part, rows))
        run.model = FrozenEstimator(part.estimator_)
    return run.parts


def _store(pruned: Any, parts: list[Any], choosing: list[Any]) -> None:
    """Set the fitted attributes from those of the steps."""
    report = ChainReport(
        [part.report_ for part in parts], [part.report_ for part in choosing]
    )
    parameters = pruned.get_params(deep=False).items()
    report.settings = {name: repr(value) for name, value in parameters}
    pruned.estimator_ = _flat(parts[-1].estimator_)
    pruned.path_ = choosing[-1].path_
    pruned.report_ = report
    pruned.pruning_ratio_ = report.removed_share
    for name in (*SUPPORT_ATTRIBUTES, "_column_names"):
        found = [vars(part)[name] for part in parts if name in vars(part)]
        if found:
            setattr(pruned, name, found[-1])


def _flat(model: Any) -> Any:
    """A pipeline whose last step is a pipeline as one pipeline."""
    while isinstance(model, Pipeline) and isinstance(model.steps[-1][1], Pipeline):
        *first, (_, inner) = model.steps
        names = {name for name, _ in first}
        steps = [(n if n not in names else f"inner_{n}", s) for n, s in inner.steps]
        model = Pipeline([*first, *steps])
    return model
