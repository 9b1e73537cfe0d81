"""Pipelines: a lens on the last step, not a model."""

import copy

from sklprune._registry import family_of
from sklprune.families._base import Family


class PipelineFamily(Family):
    """A pipeline is pruned as its last step; its columns are the raw ones."""

    classes = ("Pipeline",)

    def inside(self, estimator, task):
        if len(estimator) == 1:
            return estimator[-1], task
        return estimator[-1], task.seen_as(estimator[:-1].transform(task.X))

    def close(self, estimator, model):
        pipeline = copy.copy(estimator)
        pipeline.steps = [*estimator.steps[:-1], (estimator.steps[-1][0], model)]
        return pipeline

    def core(self, estimator):
        return family_of(estimator[-1]).core(estimator[-1])

    def weights_of_fit(self, estimator, sample_weight):
        name, last = estimator.steps[-1]
        of_last = family_of(last).weights_of_fit(last, sample_weight)
        return {f"{name}__{key}": value for key, value in of_last.items()}

    def strip(self, estimator):
        pipeline = copy.copy(estimator)
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
        return total | {"features": counts[0].get("features", 0)}


def _is_a_pass(step):
    return step is None or step == "passthrough"
