"""Pipelines: a lens on the last step, not a model."""

import numpy as np

from sklprune._column_step import COLUMN_STEP
from sklprune._estimators import without
from sklprune._registry import family_of
from sklprune.families._base import Family


class PipelineFamily(Family):
    """A pipeline is pruned as its last step; its columns are the raw ones."""

    classes = ("Pipeline",)

    def inside(self, estimator, task):
        if len(estimator) == 1:
            return estimator[-1], task
        return estimator[-1], task.with_X(estimator[:-1].transform(task.X))

    def names_inside(self, estimator, names):
        if len(estimator) == 1:
            return names
        try:
            return estimator[:-1].get_feature_names_out(names)
        except (AttributeError, ValueError) as error:
            raise ValueError(
                "The steps of the pipeline before the last one do not say what they "
                f"make of the columns of X: {error}"
            ) from error

    def columns(self, estimator, X):
        if not _is_pruned_on_columns(estimator):
            return super().columns(estimator, X)
        ((_, _, positions),) = estimator[0].transformers
        return np.array(positions)

    def without_step(self, estimator):
        # a second pruning of columns composes with the first instead of nesting
        return estimator[-1] if _is_pruned_on_columns(estimator) else estimator

    def narrow(self, estimator, columns, names):
        first = estimator[0]
        narrowed = super().narrow(estimator, columns, names)
        if not _is_a_pass(first):
            name = estimator.steps[0][0]
            first = family_of(first).narrow(first, columns, names)
            narrowed.set_params(**{name: first})
        return narrowed

    def close(self, estimator, model):
        pipeline = self.strip(estimator)
        pipeline.steps[-1] = (estimator.steps[-1][0], model)
        return pipeline

    def resolve(self, estimator):
        last = estimator[-1]
        best = family_of(last).resolve(last)
        return estimator if best is last else self.close(estimator, best)

    def core(self, estimator):
        return family_of(estimator[-1]).core(estimator[-1])

    def input_names(self, estimator):
        last, before = estimator[-1], estimator[:-1]
        if len(before) == 0 or family_of(last).core(last) is not last:
            return family_of(last).input_names(last)
        try:
            return before.get_feature_names_out()
        except (AttributeError, ValueError):
            # a step that cannot name what it gives
            return super().input_names(estimator)

    def weights_of_fit(self, estimator, sample_weight):
        name, last = estimator.steps[-1]
        of_last = family_of(last).weights_of_fit(last, sample_weight)
        return {f"{name}__{key}": value for key, value in of_last.items()}

    def takes_nan(self, estimator):
        first = next((s for _, s in estimator.steps if not _is_a_pass(s)), None)
        return first is not None and family_of(first).takes_nan(first)

    def strip(self, estimator):
        pipeline = without(estimator, ())
        pipeline.steps = [
            (name, step if _is_a_pass(step) else family_of(step).strip(step))
            for name, step in estimator.steps
        ]
        return pipeline

    def counts(self, estimator):
        steps = [step for _, step in estimator.steps if not _is_a_pass(step)]
        counts = [family_of(step).counts(step) for step in steps]
        total = {}
        for of_step in counts:
            for name, value in of_step.items():
                total[name] = total.get(name, 0) + value
        # the columns that a pipeline needs are those that its first step needs
        total.pop("features", None)
        return total | {k: v for k, v in counts[0].items() if k == "features"}


def _is_pruned_on_columns(pipeline):
    """Whether it is what `Family.refit` makes of columns."""
    names = [name for name, _ in pipeline.steps]
    return names == ["columns", "model"] and (
        [t[:2] for t in getattr(pipeline[0], "transformers", ())] == [COLUMN_STEP]
    )


def _is_a_pass(step):
    return step is None or step == "passthrough"
