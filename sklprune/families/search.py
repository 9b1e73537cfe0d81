"""Searches over parameters, such as `GridSearchCV`: their best estimator is pruned."""

from sklprune._registry import family_of, register_family
from sklprune._typing import Array, Estimator
from sklprune.families._base import Family


class SearchFamily(Family):
    """`GridSearchCV`, `RandomizedSearchCV` and the halving searches."""

    classes = ("BaseSearchCV",)
    replaces_class = True

    def core(self, estimator: Estimator) -> Estimator:
        return family_of(estimator.estimator).core(estimator.estimator)

    def resolve(self, estimator: Estimator) -> Estimator:
        if not hasattr(estimator, "best_estimator_"):
            raise ValueError(
                f"{type(estimator).__name__}(refit={estimator.refit!r}) keeps no best "
                "estimator that could be pruned. Set refit=True."
            )
        best = estimator.best_estimator_
        return family_of(best).resolve(best)

    def plain_counterpart(self, estimator: Estimator) -> Estimator | None:
        return getattr(estimator, "best_estimator_", None)

    def counts(self, estimator: Estimator) -> dict[str, float]:
        best = getattr(estimator, "best_estimator_", None)
        return {} if best is None else family_of(best).counts(best)

    def numbers(self, estimator: Estimator) -> Array | None:
        best = getattr(estimator, "best_estimator_", None)
        return None if best is None else family_of(best).numbers(best)

    def takes_nan(self, estimator: Estimator) -> bool:
        return family_of(estimator.estimator).takes_nan(estimator.estimator)

    def weights_of_fit(
        self, estimator: Estimator, sample_weight: Array
    ) -> dict[str, Array]:
        inner = estimator.estimator
        return family_of(inner).weights_of_fit(inner, sample_weight)


register_family(SearchFamily())
