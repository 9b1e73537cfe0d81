"""Searches over parameters: pruned as the best estimator that they found."""

from sklprune._registry import family_of
from sklprune.families._base import Family


class SearchFamily(Family):
    """`GridSearchCV` and its kin."""

    classes = ("BaseSearchCV",)

    def core(self, estimator):
        return family_of(estimator.estimator).core(estimator.estimator)

    def resolve(self, estimator):
        if not hasattr(estimator, "best_estimator_"):
            raise ValueError(
                f"{type(estimator).__name__}(refit={estimator.refit!r}) keeps no best "
                "estimator that could be pruned. Set refit=True."
            )
        best = estimator.best_estimator_
        return family_of(best).resolve(best)

    def counts(self, estimator):
        best = getattr(estimator, "best_estimator_", None)
        return {} if best is None else family_of(best).counts(best)

    def takes_nan(self, estimator):
        return family_of(estimator.estimator).takes_nan(estimator.estimator)

    def weights_of_fit(self, estimator, sample_weight):
        inner = estimator.estimator
        return family_of(inner).weights_of_fit(inner, sample_weight)
