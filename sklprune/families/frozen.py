"""Frozen models inside other models: what cannot be fitted anew cannot be pruned.

A model that is frozen as a whole is taken out of its `FrozenEstimator` before its
family is asked for.
"""

from sklprune._estimators import without
from sklprune._registry import family_of
from sklprune.families._base import Family


class FrozenFamily(Family):
    """`FrozenEstimator` as a part of something else."""

    classes = ("FrozenEstimator",)

    def core(self, estimator):
        raise ValueError(
            f"{estimator!r} stands inside another model: which rows it was fitted on "
            "is not known there, and it cannot be fitted on fewer columns. Put the "
            "model itself there, fit the whole, and freeze the whole: "
            "prune(whole, X, y)."
        )

    def counts(self, estimator):
        return family_of(estimator.estimator).counts(estimator.estimator)

    def strip(self, estimator):
        frozen, inner = without(estimator, ()), estimator.estimator
        frozen.estimator = family_of(inner).strip(inner)
        return frozen

    def narrow(self, estimator, columns, names):
        raise ValueError(
            f"{estimator!r} is frozen and cannot be fitted on fewer columns. Leave "
            "FrozenEstimator out, or prune another granularity."
        )
