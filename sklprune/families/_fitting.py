"""`Fitting`: how a model is fitted with weights, and how a fitted one is stripped."""

from typing import Any

import numpy as np
from sklearn.utils import get_tags
from sklearn.utils.class_weight import compute_sample_weight

from sklprune._estimators import takes_weights, without
from sklprune._metadata import requested, routing_enabled
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune._units import Task
from sklprune.families._interruption import interruptible
from sklprune.families._training_state import (
    ROW_ARRAYS,
    strip_models_inside,
    with_own_state,
)


class Fitting:
    """The part of a family that fits, weights and strips estimators."""

    def fit(
        self,
        estimator: Estimator,
        X: MatrixLike,
        y: ArrayLike | None,
        sample_weight: Array | None = None,
        groups: Array | None = None,
    ) -> Estimator:
        """Fit an estimator in place, and return it.

        With metadata routing, weights and groups are passed where they are requested.
        Without it, weights are passed as `weights_of_fit` gives them, and groups are
        not passed.

        Raises
        ------
        ValueError
            If the fit divides by the weights of some rows, which are all zero.
        """
        known: dict[str, Any] = {}
        if routing_enabled():
            metadata = {"sample_weight": sample_weight, "groups": groups}
            known = requested(estimator, "fit", **metadata)
        elif sample_weight is not None:
            known = self.weights_of_fit(estimator, sample_weight)
        try:
            with interruptible(estimator):
                return estimator.fit(X, y, **known)
        except ZeroDivisionError as error:
            if sample_weight is None or np.all(sample_weight):
                raise
            # networks divide by the sum of the weights of each batch
            raise ValueError(
                f"sample_weight: {np.count_nonzero(sample_weight)} of "
                f"{len(sample_weight)} weights are not zero, and the fit of "
                f"{type(estimator).__name__} met a batch of rows without any. Omit the "
                "rows of weight zero, or give larger batches."
            ) from error

    def weights_of_fit(
        self, estimator: Estimator, sample_weight: Array
    ) -> dict[str, Array]:
        """Keywords that pass weights to `fit`.

        Raises
        ------
        ValueError
            If `fit` does not take weights.
        """
        if not takes_weights(estimator):
            raise ValueError(
                f"sample_weight was given, but {type(estimator).__name__}.fit "
                "does not take it. Omit it, or use a model that takes weights."
            )
        return {"sample_weight": sample_weight}

    def class_weight(self, estimator: Estimator) -> Any:
        """The parameter `class_weight` of scikit-learn's classifiers, or None."""
        return getattr(estimator, "class_weight", None)

    def row_weights(self, estimator: Estimator, task: Task) -> Array | None:
        """Weights of rows times weights of their classes; None without either."""
        of_class = self.class_weight(estimator)
        if of_class is None:
            return task.sample_weight
        if isinstance(of_class, str) and of_class == "balanced_subsample":
            # what is balanced in each bootstrap sample is balanced over all rows here
            of_class = "balanced"
        weight = compute_sample_weight(of_class, task.y)
        return weight if task.sample_weight is None else weight * task.sample_weight

    def takes_nan(self, estimator: Estimator) -> bool:
        """Whether X is passed on with missing values; the fit may still refuse them."""
        return bool(get_tags(estimator).input_tags.allow_nan)

    def why_not_continued(self, estimator: Estimator) -> str:
        """Why `warm_start` or `partial_fit` cannot follow, as a clause; "" if it can.

        `estimator` is a stripped model.
        """
        return ""

    def strip(self, estimator: Estimator) -> Estimator:
        """A shallow copy without training state that no prediction reads.

        Of a class of another package nothing is removed, since it is not known what
        its predictions read.
        """
        if not type(estimator).__module__.startswith("sklearn."):
            return without(estimator, ())
        return with_own_state(strip_models_inside(without(estimator, ROW_ARRAYS)))
