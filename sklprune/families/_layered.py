"""Base class of linear models and multi-layer perceptrons: layers of weights.

A linear model is a network of one layer. The two families therefore share the names,
the masks and the removal of weights, and the removal of columns without a refit.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.base import is_classifier

from sklprune._frames import as_matrix
from sklprune._networks.layer import Layer as Layer
from sklprune._networks.problem import Problem
from sklprune._typing import Array, ArrayLike, Estimator
from sklprune._units import Task, Units
from sklprune.families._base import Family
from sklprune.families._column_links import Mask, ReadingColumns, is_all


class LayeredFamily(ReadingColumns, Family):
    """Base of the families whose models are layers of weights.

    Units of granularity "weight" are the entries of all coefficients, layer by layer,
    each in C order. `units.where` holds the shapes of the layers.
    """

    default_method = "magnitude"
    default_refit = "reconstruction"

    # -- the capability "layers" -------------------------------------------------------

    def layers(self, estimator: Estimator) -> list[Layer]:
        """The layers of a fitted estimator, from the inputs to the outputs."""
        raise NotImplementedError

    def with_layers(self, estimator: Estimator, layers: Sequence[Layer]) -> Estimator:
        """A copy of the estimator with other values in its layers.

        The shapes may only differ in the number of inputs and of hidden units.
        """
        raise NotImplementedError

    def activate(self, estimator: Estimator, outputs: Array) -> Array:
        """Apply the activation of the hidden layers; the identity without any."""
        return outputs

    def training_problem(
        self, estimator: Estimator, task: Task, *, labels: bool
    ) -> Problem:
        """The rows and the loss that the layers were fitted with.

        Parameters
        ----------
        estimator : estimator
        task : Task
        labels : bool
            Whether the targets are `task.y`. Otherwise they are the predictions of
            the estimator, and `task.y` may be None.

        Returns
        -------
        Problem
            Rows and targets have the dtype for computations with the layers: float32
            for networks, and float64 for linear models.
        """
        raise NotImplementedError

    def narrow_fitted(self, estimator: Estimator, keep: Array, task: Task) -> Estimator:
        """A copy for the kept columns, with all remaining weights as they were.

        The weighted mean of each removed column, times its weights, is added to the
        intercepts. Without intercepts the removed columns count as zero.

        Parameters
        ----------
        estimator : estimator
        keep : ndarray of shape (n_features,), bool
        task : Task
            Its rows give the means.
        """
        first, *rest = self.layers(estimator)
        coef, intercept = first.coef[keep], first.intercept
        if intercept is not None:
            removed = as_matrix(task.X)[:, ~keep].astype(float)
            weight = np.ones(task.n_samples)
            weight = weight if task.sample_weight is None else task.sample_weight
            means = weight @ removed / weight.sum()
            intercept = intercept + means @ first.coef[~keep]
        return self._with_inputs(estimator, [Layer(coef, intercept), *rest], keep)

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        if inputs is None or is_all(inputs):
            return estimator
        first, *rest = self.layers(estimator)
        layers = [first._replace(coef=first.coef[inputs]), *rest]
        return self._with_inputs(estimator, layers, inputs)

    def _with_inputs(
        self, estimator: Estimator, layers: Sequence[Layer], keep: Array
    ) -> Estimator:
        """A copy with layers for some of the columns of X."""
        model = self.with_layers(estimator, layers)
        model.n_features_in_ = int(np.sum(keep))
        if hasattr(model, "feature_names_in_"):
            model.feature_names_in_ = model.feature_names_in_[keep]
        return model

    # -- the capability "sparse_weights" -----------------------------------------------

    def with_sparse_weights(self, estimator: Estimator) -> Estimator:
        """A copy whose weights are sparse arrays that the model can predict with."""
        raise NotImplementedError

    def with_dense_weights(self, estimator: Estimator) -> Estimator:
        """A copy whose weights are dense arrays; also of a model that has them."""
        raise NotImplementedError

    def has_sparse_weights(self, estimator: Estimator) -> bool:
        """Whether the weights are stored as sparse arrays."""
        return False

    def why_missing(self, estimator: Estimator, name: str) -> str:
        if name != "sparse_weights":
            return super().why_missing(estimator, name)
        return "cannot predict with sparse weights: use storage='dense'"

    # -- weights as units --------------------------------------------------------------

    def capabilities(self, estimator: Estimator) -> frozenset[str]:
        return frozenset({"layers", "training_problem"})

    def own_units(self, estimator: Estimator, granularity: str) -> Units:
        shapes = tuple(layer.coef.shape for layer in self.layers(estimator))
        return Units("weight", sum(rows * cols for rows, cols in shapes), where=shapes)

    def own_names(self, units: Units) -> Array:
        return np.array(
            [
                f"layer {layer + 1} weight [{i}, {j}]"
                for layer, shape in enumerate(units.where)
                for i, j in np.ndindex(shape)
            ]
        )

    def zero_units(self, estimator: Estimator, units: Units) -> Array | None:
        if units.granularity != "weight":
            return super().zero_units(estimator, units)
        return np.concatenate(
            [layer.coef.ravel() == 0 for layer in self.layers(estimator)]
        )

    def own_masks(self, units: Units, keep: Array) -> list[Array]:
        ends = np.cumsum([rows * cols for rows, cols in units.where])
        return [
            part.reshape(shape)
            for part, shape in zip(np.split(keep, ends[:-1]), units.where)
        ]

    def own_remove(self, estimator: Estimator, units: Units, keep: Array) -> Estimator:
        layers = [
            layer._replace(coef=np.where(mask, layer.coef, 0))
            for layer, mask in zip(self.layers(estimator), self.own_masks(units, keep))
        ]
        return self.with_layers(estimator, layers)

    def unread_columns(self, estimator: Estimator) -> Array | None:
        return ~np.any(self.layers(estimator)[0].coef, axis=1)

    def numbers(self, estimator: Estimator) -> Array | None:
        layers = self.layers(estimator)
        arrays = [array for layer in layers for array in layer if array is not None]
        return np.concatenate([np.ravel(array) for array in arrays])

    def counts(self, estimator: Estimator) -> dict[str, float]:
        layers = self.layers(estimator)
        arrays = [array for layer in layers for array in layer if array is not None]
        count = np.count_nonzero if self.has_sparse_weights(estimator) else np.size
        n_products = sum(int(count(layer.coef)) for layer in layers)
        return super().counts(estimator) | {
            "parameters": sum(array.size for array in arrays),
            "nonzero": sum(int(np.count_nonzero(array)) for array in arrays),
            "operations_per_row": n_products,
        }


def labels_of(estimator: Estimator, y: ArrayLike, all_classes: bool = False) -> Array:
    """Labels as an array, with a column vector flattened.

    Parameters
    ----------
    estimator : estimator
    y : array-like of shape (n_rows,) or (n_rows, n_outputs)
    all_classes : bool, default=False
        Whether a classifier needs rows of every class that it was fitted on.

    Raises
    ------
    ValueError
        If a class has no rows.
    """
    y = np.asarray(y)
    y = y.ravel() if y.ndim == 2 and y.shape[1] == 1 else y
    if not all_classes or y.ndim > 1 or not is_classifier(estimator):
        return y
    lacking = set(estimator.classes_.tolist()) - set(np.unique(y).tolist())
    if lacking:
        raise ValueError(
            f"y has no rows of the classes {sorted(lacking)}, which "
            f"{type(estimator).__name__} was fitted on: it cannot be fitted to these "
            "labels. Use refit='reconstruction', which needs no labels."
        )
    return y
