"""Neuron elimination: remove the hidden units whose output the other units of their
layer can replace by least squares."""

from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from sklprune._frames import as_matrix
from sklprune._networks.elimination import covariance, relative_errors
from sklprune._networks.row_blocks import BLOCK, MAX_BLOCKS, hidden_covariances
from sklprune._networks.weight_scores import check_finite
from sklprune._registry import register
from sklprune._sklearn_private import NOT_NEGATIVE
from sklprune._typing import Array, Estimator
from sklprune._units import Task, Units
from sklprune.methods._base import Method


class NeuronElimination(Method):
    """Remove the hidden units that the other units of their layer replace best.

    The units of each hidden layer are eliminated one after the other. In each step
    the outgoing weights of the remaining units are solved by least squares, so that
    they reproduce the input of the next layer. The unit whose elimination adds the
    smallest squared error is eliminated, until one unit is left.

    The score of a unit is the total error after its elimination, divided by the
    variance of the original input of the next layer. Scores of different layers are
    compared on this relative scale. One of two identical units is eliminated without
    any error, which no comparison of single weights can detect. The method needs no
    labels.

    Parameters
    ----------
    alpha : float, default=1e-4
        L2 penalty on the change of the outgoing weights, on standardized
        activations; as in :class:`sklprune.refits.Reconstruction`.

    Notes
    -----
    All errors follow from the inverse of the Gram matrix of the activations. For each
    eliminated unit it is updated by a matrix of rank one. A layer of m units costs
    m^3 operations, and n m^2 for the Gram matrix of n rows.

    A hidden layer that is an affine map on the rows is removed as a whole, since it and
    the next layer are one affine map: a layer of the identity, or of ReLU units that
    are all positive, or of constant units. The predictions on the rows are the same. At
    least one hidden layer is kept.

    In the benchmarks, an MLP with few remaining hidden units is more accurate than
    with :class:`Magnitude`.

    References
    ----------
    Hassibi and Stork, Second order derivatives for network pruning: optimal brain
    surgeon, NIPS 1992. Frantar and Alistarh, Optimal brain compression, NeurIPS 2022.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sklprune import prune
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((60,), max_iter=30, random_state=0).fit(X, y)
    >>> small = prune(model, X, method="neuron_elimination", pruning_ratio=0.5)
    >>> small.estimator_.hidden_layer_sizes
    (30,)
    >>> bool(small.score(X, y) > model.score(X, y) - 0.03)
    True
    """

    granularity = "neuron"
    needs = ("layers",)
    uses = ("structure",)
    reason = "the other units of its layer can replace it"

    _parameter_constraints: ClassVar = {"alpha": [NOT_NEGATIVE]}

    def __init__(self, alpha: float = 1e-4) -> None:
        self.alpha = alpha

    def finished(self, family: Any, model: Estimator, task: Task) -> Estimator:
        if "structure" not in family.capabilities(model):
            return model
        smaller: Estimator = family.without_affine_layers(model, task.X)
        return smaller

    def score(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Array:
        """Scores of all hidden units, (n_units,)."""
        first, *rest = family.layers(estimator)
        check_finite("NeuronElimination", [first, *rest])
        X = as_matrix(task.X)
        if X.shape[0] * first.coef.shape[1] > MAX_BLOCKS * BLOCK:
            return self._score_in_blocks(family, estimator, X, task)
        preactivations = first.forward(X)
        scores = []
        for layer in rest:
            activations = family.activate(estimator, preactivations)
            gram = covariance(activations, task.sample_weight)
            scores.append(relative_errors(gram, layer.coef, self.alpha))
            preactivations = layer.forward(activations)
        return np.concatenate(scores)

    def _score_in_blocks(
        self, family: Any, estimator: Estimator, X: Any, task: Task
    ) -> Array:
        """The same scores where the activations of all rows need too much memory."""
        layers = family.layers(estimator)
        grams = hidden_covariances(
            layers,
            lambda outputs: family.activate(estimator, outputs),
            X.tocsr() if sparse.issparse(X) else X,
            task.sample_weight,
        )
        return np.concatenate(
            [
                relative_errors(gram, layer.coef, self.alpha)
                for gram, layer in zip(grams, layers[1:])
            ]
        )


register("method", NeuronElimination)
