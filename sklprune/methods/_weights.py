"""The base class of methods for weights: the form in which the weights are stored."""

from typing import Any

from sklprune._typing import Estimator
from sklprune._units import Task
from sklprune.methods._base import Method

STORAGES = ("dense", "sparse")


class WeightMethod(Method):
    """Base of the methods that remove weights of linear models and networks.

    Attributes
    ----------
    storage : {"dense", "sparse"}
        The form of the weights in the result.
    """

    uses = ("sparse_weights",)
    storage: str = "dense"

    def misfit(self, family: Any, estimator: Estimator) -> str:
        if self.storage not in STORAGES:
            raise ValueError(
                f"{type(self).__name__}(storage={self.storage!r}): storage must be "
                "'dense' or 'sparse'."
            )
        why = super().misfit(family, estimator)
        if why or self.storage == "dense":
            return why
        if "sparse_weights" in family.capabilities(estimator):
            return ""
        return str(family.why_missing(estimator, "sparse_weights"))

    def finished(self, family: Any, model: Estimator, task: Task) -> Estimator:
        """The model with its weights in the requested form."""
        if self.storage == "dense":
            return model
        stored: Estimator = family.with_sparse_weights(model)
        return stored
