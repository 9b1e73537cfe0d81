"""What linear models and multi-layer perceptrons share: layers of weights.

A linear model is a network of one layer, so one way of naming, masking and
refitting weights serves both.
"""

from typing import NamedTuple

import numpy as np
from sklearn.base import is_classifier

from sklprune._frames import as_matrix
from sklprune._units import Units
from sklprune.families._base import Family


class Layer(NamedTuple):
    """One layer: `inputs @ coef + intercept`.

    Parameters
    ----------
    coef : ndarray of shape (n_inputs, n_outputs)
    intercept : ndarray of shape (n_outputs,) or None
        None where the model has no intercept.
    """

    coef: np.ndarray
    intercept: np.ndarray | None

    def forward(self, inputs):
        """What the layer says before its activation."""
        outputs = inputs @ self.coef
        return outputs if self.intercept is None else outputs + self.intercept


class LayeredFamily(Family):
    """Base of the families whose models are layers of weights.

    Units of granularity "weight" are the entries of all coefficients in the order of
    the layers, each in C order; `units.where` holds the shapes.
    """

    default_method = "magnitude"
    default_refit = "reconstruction"

    def layers(self, estimator):
        """The layers of a fitted estimator, from the inputs to the outputs."""
        raise NotImplementedError

    def with_layers(self, estimator, layers):
        """A copy of the estimator with other values in layers of the same shape."""
        raise NotImplementedError

    def activate(self, estimator, outputs):
        """The activation of the hidden layers: none where there are no hidden layers."""
        return outputs

    def capabilities(self, estimator):
        return frozenset({"layers"})

    def own_units(self, estimator, granularity):
        shapes = tuple(layer.coef.shape for layer in self.layers(estimator))
        return Units("weight", sum(rows * cols for rows, cols in shapes), where=shapes)

    def own_names(self, units):
        return np.array(
            [
                f"layer {layer + 1} weight [{i}, {j}]"
                for layer, shape in enumerate(units.where)
                for i, j in np.ndindex(shape)
            ]
        )

    def own_masks(self, units, keep):
        ends = np.cumsum([rows * cols for rows, cols in units.where])
        return [
            part.reshape(shape)
            for part, shape in zip(np.split(keep, ends[:-1]), units.where)
        ]

    def own_remove(self, estimator, units, keep):
        layers = [
            layer._replace(coef=np.where(mask, layer.coef, 0))
            for layer, mask in zip(self.layers(estimator), self.own_masks(units, keep))
        ]
        return self.with_layers(estimator, layers)

    def unread_columns(self, estimator):
        return ~self.layers(estimator)[0].coef.any(axis=1)

    def narrow_fitted(self, estimator, keep, task):
        """A copy for the columns that stay; its other values stay as they are.

        A column that leaves stands at its mean, which goes into the intercept; at zero
        in a model that has none.
        """
        first, *rest = self.layers(estimator)
        coef, intercept = first.coef[keep], first.intercept
        if intercept is not None:
            gone = as_matrix(task.X)[:, ~keep].astype(float)
            weight = np.ones(task.n_samples)
            weight = weight if task.sample_weight is None else task.sample_weight
            intercept = intercept + (weight @ gone / weight.sum()) @ first.coef[~keep]
        model = self.with_layers(estimator, [Layer(coef, intercept), *rest])
        model.n_features_in_ = len(coef)
        if hasattr(model, "feature_names_in_"):
            model.feature_names_in_ = model.feature_names_in_[keep]
        return model

    def counts(self, estimator):
        layers = self.layers(estimator)
        values = [v for layer in layers for v in layer if v is not None]
        return super().counts(estimator) | {
            "parameters": sum(v.size for v in values),
            "nonzero": sum(int(np.count_nonzero(v)) for v in values),
            "operations_per_row": sum(layer.coef.size for layer in layers),
        }


def labels_of(estimator, y, every=False):
    """Labels as an array; `every` class that the model knows, if it is asked."""
    y = np.asarray(y)
    y = y.ravel() if y.ndim == 2 and y.shape[1] == 1 else y
    if not every or y.ndim > 1 or not is_classifier(estimator):
        return y
    lacking = set(estimator.classes_.tolist()) - set(np.unique(y).tolist())
    if lacking:
        raise ValueError(
            f"y lacks of the classes of {type(estimator).__name__} {sorted(lacking)}: "
            "it cannot be fitted to these labels. Use refit='reconstruction', which "
            "needs none."
        )
    return y
