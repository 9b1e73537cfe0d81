"""Pipelines: the last step is pruned, and columns are those of the pipeline's input."""

from functools import partial
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from sklprune._column_step import COLUMN_STEP, column_step
from sklprune._estimators import without
from sklprune._frames import column_names
from sklprune._registry import family_of, register_family
from sklprune._sklearn_private import num_features
from sklprune._typing import Array, Estimator, MatrixLike
from sklprune._units import Task
from sklprune.families._base import Family
from sklprune.families._column_links import Mask, all_of
from sklprune.families._column_parameters import check_has_columns, clone_for_columns
from sklprune.families._raw_columns import (
    are_apart,
    put_together,
    stages_apart,
    transformed,
)
from sklprune.families._wrapping import ColumnSteps, TextSteps


class PipelineFamily(Family):
    """`Pipeline`: its last step is pruned, on rows that the other steps transform.

    Columns are those of the input of the pipeline. A pipeline that sklprune made of a
    model with fewer columns can be pruned again without becoming nested.
    """

    classes = ("Pipeline",)

    def inside(self, estimator: Estimator, task: Task) -> tuple[Estimator, Task]:
        X = task.X
        for _, step in estimator.steps[:-1]:
            # step by step: a slice of a pipeline refuses stateless steps as unfitted.
            # Samplers of imbalanced-learn have no transform; predict skips them too
            if not _is_passthrough(step) and hasattr(step, "transform"):
                X = step.transform(X)
        return estimator[-1], task if X is task.X else task.with_X(X)

    def open_columns(
        self, estimator: Estimator, X: MatrixLike
    ) -> tuple[ColumnSteps, MatrixLike] | None:
        if not _fits_steps_apart(estimator):
            return None
        n_features = num_features(X)
        stages = stages_apart(estimator, n_features)
        if len(estimator) > 1 and not stages:
            return None
        n = len(stages)
        model = estimator[-1] if n == len(estimator) - 1 else estimator[n:]
        if _is_passthrough(model):
            return None
        transform = partial(transformed, [stage.step for stage in stages])
        received = transform(X)
        if not are_apart(stages, X, received):
            return None
        sources = stages[-1].outputs if stages else np.arange(n_features)
        return ColumnSteps(model, transform, sources), received

    def close_columns(
        self, estimator: Estimator, model: Estimator, kept: Array, X: MatrixLike
    ) -> Estimator:
        stages = stages_apart(estimator, num_features(X))
        after = estimator.steps[len(stages) :]
        pipeline = without(estimator, ())
        if not _is_pruned_on_columns(model):
            pipeline.steps = estimator.steps[: len(stages)] + _as_steps(after, model)
            return pipeline
        step, last = column_step(kept, X), model[-1]
        if _is_pruned_on_columns(estimator):
            return Pipeline([("columns", step), ("model", last)])
        narrowed = self.narrow(_without_last(estimator), kept, column_names(X))
        before = put_together(stages, narrowed, kept)
        pipeline.steps = before + _as_steps(after, last)
        return Pipeline([("columns", step), ("model", pipeline)])

    def open_texts(
        self, estimator: Estimator, texts: MatrixLike, fitted: bool
    ) -> TextSteps | None:
        (name, first), *after = estimator.steps
        if not (after and _fits_steps_apart(estimator)) or _is_passthrough(first):
            return None
        found = family_of(first).count_terms(first, texts, fitted)
        if found is None:
            return None
        weights = [] if found.weights is None else [(name, found.weights)]
        model = without(estimator, ())
        model.steps = weights + after
        close = partial(_on_texts, estimator, found.vectorizer, len(weights))
        terms = found.vectorizer.get_feature_names_out()
        return TextSteps(model, found.counts, terms, close)

    def names_inside(self, estimator: Estimator, names: Array) -> Array:
        if len(estimator) == 1:
            return names
        try:
            # some transformers of other packages return a list
            return np.asarray(estimator[:-1].get_feature_names_out(names), dtype=object)
        except (AttributeError, ValueError) as error:
            raise ValueError(
                "The steps of the pipeline before the last one do not name the "
                f"columns that they make of X: {error} No names are "
                "needed with importance='auto' or importance='permutation'."
            ) from error

    def columns(self, estimator: Estimator, X: MatrixLike) -> Array:
        if not _is_pruned_on_columns(estimator):
            return super().columns(estimator, X)
        ((_, _, positions),) = estimator[0].transformers
        return np.array(positions)

    def without_step(self, estimator: Estimator) -> Estimator:
        # so that a second pruning of columns does not nest pipelines
        return estimator[-1] if _is_pruned_on_columns(estimator) else estimator

    def narrow(self, estimator: Estimator, columns: Array, names: Array) -> Estimator:
        # the first step that does anything receives the columns of X
        steps = [pair for pair in estimator.steps if not _is_passthrough(pair[1])]
        name, first = steps[0] if steps else ("", None)
        narrowed = clone_for_columns(estimator, columns, names, apart=[name])
        if first is not None:
            first = family_of(first).narrow(first, columns, names)
            narrowed.set_params(**{name: first})
        return narrowed

    def may_act_apart(self, estimator: Estimator) -> bool:
        return all(_may_act_apart(step) for _, step in estimator.steps)

    def opens_columns(self, estimator: Estimator) -> bool:
        last = estimator[-1]
        before = [step for _, step in estimator.steps[:-1]]
        apart = _fits_steps_apart(estimator) and all(map(_may_act_apart, before))
        return apart and bool(family_of(last).opens_columns(last))

    def notes_on_columns(self, estimator: Estimator, opened: bool) -> list[str]:
        if _is_pruned_on_columns(estimator):
            last = estimator[-1]
            return family_of(last).notes_on_columns(last, opened)
        acting = [name for name, step in estimator.steps if not _is_passthrough(step)]
        if acting and family_of(estimator.named_steps[acting[0]]).reads_texts:
            again = f"Fitted again for each number of terms: {', '.join(acting[1:])}."
            return ["The vocabulary is that of all rows.", again]
        stages = stages_apart(estimator, getattr(estimator, "n_features_in_", 2))
        apart = [stage.name for stage in stages if stage.name in acting]
        rest = acting[len(apart) :]
        if not acting[:-1]:
            return []
        if opened:
            return [
                f"Each column is transformed apart by {', '.join(apart)}, fitted once. "
                f"Fitted again for each number of columns: {', '.join(rest)}."
            ]
        why = f", since {rest[0]} may mix columns" if rest[1:] else ""
        return [f"All steps were fitted again for each number of columns{why}."]

    def check_removal(
        self, estimator: Estimator, granularity: str, refit: Any, X: MatrixLike
    ) -> None:
        try:
            super().check_removal(estimator, granularity, refit, X)
        except ValueError:
            check_has_columns(estimator, X)
            # columns that a parameter of the last step names can be followed if the
            # steps before it transform each column apart: see `open_columns`
            if any(not _may_act_apart(step) for _, step in estimator.steps[:-1]):
                raise
            before, last = _without_last(estimator), estimator[-1]
            super().check_removal(before, granularity, refit, X)
            family_of(last).check_removal(last, granularity, refit, X)

    def close(self, estimator: Estimator, model: Estimator) -> Estimator:
        pipeline = self.strip(estimator)
        pipeline.steps[-1] = (estimator.steps[-1][0], model)
        return pipeline

    def with_short_numbers(self, estimator: Estimator, n_bits: int) -> Estimator:
        pipeline = without(estimator, ())
        pipeline.steps = [
            (name, family_of(step).with_short_numbers(step, n_bits))
            if not _is_passthrough(step)
            else (name, step)
            for name, step in estimator.steps
        ]
        return pipeline

    def resolve(self, estimator: Estimator) -> Estimator:
        last = estimator[-1]
        best = family_of(last).resolve(last)
        return estimator if best is last else self.close(estimator, best)

    def core(self, estimator: Estimator) -> Estimator:
        return family_of(estimator[-1]).core(estimator[-1])

    def input_names(self, estimator: Estimator) -> Array:
        last, before = estimator[-1], estimator[:-1]
        if len(before) == 0 or family_of(last).core(last) is not last:
            return family_of(last).input_names(last)
        try:
            names = np.asarray(before.get_feature_names_out(), dtype=object)
        except (AttributeError, ValueError):
            names = None
        # a step may not name its output columns; samplers give None
        if names is None or names.ndim != 1:
            return super().input_names(estimator)
        return names

    def weights_of_fit(
        self, estimator: Estimator, sample_weight: Array
    ) -> dict[str, Array]:
        name, last = estimator.steps[-1]
        of_last = family_of(last).weights_of_fit(last, sample_weight)
        return {f"{name}__{key}": value for key, value in of_last.items()}

    def takes_nan(self, estimator: Estimator) -> bool:
        first = next((s for _, s in estimator.steps if not _is_passthrough(s)), None)
        return first is not None and family_of(first).takes_nan(first)

    def strip(self, estimator: Estimator) -> Estimator:
        pipeline = without(estimator, ())
        pipeline.steps = [
            (name, step if _is_passthrough(step) else family_of(step).strip(step))
            for name, step in estimator.steps
        ]
        return pipeline

    # -- columns that are no longer read -----------------------------------------------

    def selects_columns(self, estimator: Estimator) -> bool:
        first = next((step for _, step in _acting(estimator)), None)
        return first is not None and family_of(first).selects_columns(first)

    def no_input(self, estimator: Estimator) -> Mask:
        # a pipeline whose first step is "passthrough" states no number of columns
        for _, first in _acting(estimator):
            return family_of(first).no_input(first)
        return super().no_input(estimator)

    def linked_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> tuple[Mask, Mask]:
        masks = _stages(estimator, inputs, outputs)
        return masks[0], masks[-1]

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        masks = _stages(estimator, inputs, outputs)
        smaller = {
            name: family_of(step).on_columns(step, *masks[i : i + 2])
            for i, (name, step) in enumerate(_acting(estimator))
        }
        steps = [(name, smaller.get(name, step)) for name, step in estimator.steps]
        if all(new is old for (_, new), (_, old) in zip(steps, estimator.steps)):
            return estimator
        pipeline = without(estimator, ())
        pipeline.steps = steps
        return pipeline

    def sources(self, estimator: Estimator, inputs: Array) -> Array | None:
        for _, step in _acting(estimator):
            of_step = family_of(step).sources(step, inputs)
            if of_step is None:
                return None
            inputs = of_step
        return inputs

    def inner_columns(self, estimator: Estimator, inputs: Mask) -> Mask:
        masks, last = _stages(estimator, inputs, None), estimator[-1]
        return family_of(last).inner_columns(last, masks[-2])

    def reasons_to_keep(self, estimator: Estimator, outputs: Mask = None) -> list[str]:
        reasons: list[str] = []
        for _, step in reversed(_acting(estimator)):
            family = family_of(step)
            reasons = family.reasons_to_keep(step, outputs) + reasons
            outputs = family.linked_columns(step, family.no_input(step), outputs)[0]
        return reasons

    def counts(self, estimator: Estimator) -> dict[str, float]:
        steps = [step for _, step in estimator.steps if not _is_passthrough(step)]
        counts = [family_of(step).counts(step) for step in steps]
        total: dict[str, float] = {}
        for of_step in counts:
            for name, value in of_step.items():
                total[name] = total.get(name, 0) + value
        # a pipeline reads the columns that its first step reads
        total.pop("features", None)
        return total | {k: v for k, v in counts[0].items() if k == "features"}


def _is_pruned_on_columns(pipeline: Estimator) -> bool:
    """Whether a pipeline was made by `Family.refit`, to select columns."""
    names = [name for name, _ in pipeline.steps]
    return names == ["columns", "model"] and (
        [t[:2] for t in getattr(pipeline[0], "transformers", ())] == [COLUMN_STEP]
    )


def _on_texts(
    estimator: Estimator, vectorizer: Estimator, n_before: int, model: Estimator
) -> Estimator:
    """A pipeline on texts for one on counts: see `TextSteps.close`.

    The vectoriser takes the place of the first `n_before` steps.
    """
    kept = np.ones(len(vectorizer.vocabulary_), bool)
    if _is_pruned_on_columns(model):
        ((_, _, positions),) = model[0].transformers
        kept[:] = False
        kept[positions] = True
        model = model[-1]
    weights = model[0] if n_before else None
    smaller = family_of(vectorizer).with_terms(vectorizer, kept, weights)
    pipeline = without(estimator, ())
    pipeline.steps = [(estimator.steps[0][0], smaller), *model.steps[n_before:]]
    return pipeline


def _fits_steps_apart(pipeline: Estimator) -> bool:
    """Whether the fit of a pipeline fits each step on the rows of the one before."""
    own = type(pipeline).fit
    known = own is Pipeline.fit or type(pipeline).__module__.startswith("imblearn.")
    return known and getattr(pipeline, "transform_input", None) is None


def _without_last(pipeline: Estimator) -> Estimator:
    """A pipeline without its last step, whose parameters are then not adapted."""
    last, _ = pipeline.steps[-1]
    return Pipeline([*pipeline.steps[:-1], (last, "passthrough")])


def _may_act_apart(step: Any) -> bool:
    """Whether it is possible that a step transforms each column apart."""
    return _is_passthrough(step) or bool(family_of(step).may_act_apart(step))


def _as_steps(steps: list[tuple[str, Any]], model: Any) -> list[tuple[str, Any]]:
    """The last steps of a pipeline with another model in their place."""
    if len(steps) == 1:
        return [(steps[0][0], model)]
    return [(name, step) for (name, _), (_, step) in zip(steps, model.steps)]


def _acting(pipeline: Estimator) -> list[tuple[str, Estimator]]:
    """The steps that change rows in a prediction, and the last one."""
    *before, last = pipeline.steps
    acting = [
        (name, step)
        for name, step in before
        if not _is_passthrough(step) and hasattr(step, "transform")
    ]
    return acting if _is_passthrough(last[1]) else [*acting, last]


def _stages(pipeline: Estimator, inputs: Mask, outputs: Mask) -> list[Mask]:
    """The masks of the columns before each step that acts, and after the last one.

    They contain the given masks. A step that can lose no column enlarges the masks on
    its two sides, and the next steps then enlarge theirs, until nothing changes.
    """
    steps = [step for _, step in _acting(pipeline)]
    if not steps:
        return [all_of(inputs), all_of(outputs)]
    masks = [inputs, *(family_of(s).no_input(s) for s in steps[1:]), outputs]
    while True:
        before = list(masks)
        for i in reversed(range(len(steps))):
            linked = family_of(steps[i]).linked_columns(steps[i], *masks[i : i + 2])
            masks[i : i + 2] = linked
        if all(map(np.array_equal, before, masks)):
            return masks


def _is_passthrough(step: Any) -> bool:
    return step is None or step == "passthrough"


register_family(PipelineFamily())
