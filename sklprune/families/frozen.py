"""`FrozenEstimator` inside another model: it cannot be refitted, so it is not pruned.

A model that is frozen as a whole does not reach this family: it is taken out of its
`FrozenEstimator` before.
"""

from typing import NoReturn

from sklprune._estimators import without
from sklprune._registry import family_of, register_family
from sklprune._typing import Array, Estimator
from sklprune.families._base import Family


class FrozenFamily(Family):
    """`FrozenEstimator` as a part of another model."""

    classes = ("FrozenEstimator",)

    def core(self, estimator: Estimator) -> NoReturn:
        raise ValueError(
            f"{_short(estimator)} is inside another model: it is frozen, so nothing "
            "can be removed from it there. Use the unfrozen model inside, fit the "
            "outer model, and call prune(outer, X, y)."
        )

    def counts(self, estimator: Estimator) -> dict[str, float]:
        return family_of(estimator.estimator).counts(estimator.estimator)

    def numbers(self, estimator: Estimator) -> Array | None:
        return family_of(estimator.estimator).numbers(estimator.estimator)

    def strip(self, estimator: Estimator) -> Estimator:
        frozen, inner = without(estimator, ()), estimator.estimator
        frozen.estimator = family_of(inner).strip(inner)
        return frozen

    def narrow(self, estimator: Estimator, columns: Array, names: Array) -> NoReturn:
        raise ValueError(
            f"{_short(estimator)} is frozen and cannot be fitted on fewer columns. Use "
            "the model without FrozenEstimator there, so that it is fitted again, or "
            "prune another granularity."
        )


def _short(frozen: Estimator) -> str:
    """The name of a frozen model in one line."""
    return f"FrozenEstimator({type(frozen.estimator).__name__})"


register_family(FrozenFamily())
