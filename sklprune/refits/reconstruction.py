"""Reconstruction: fit the kept weights so that each layer keeps its outputs.

The weights of each layer have a closed form by least squares. No targets are needed.
"""

from typing import Any

import numpy as np
from scipy import linalg, sparse
from scipy.sparse.linalg import LinearOperator, lsqr

from sklprune._frames import as_matrix
from sklprune._progress import tracked
from sklprune._registry import register
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune._units import Task, Units
from sklprune.refits._base import Refit

#: with more inputs than this, no Gram matrix is formed and LSQR is used
MAX_GRAM = 3000


class Reconstruction(Refit):
    """Fit the kept weights, layer by layer, to the outputs of the unpruned model.

    For each layer, the kept weights are the least-squares solution that reproduces
    the outputs of the unpruned layer before its activation. The inputs are those that
    the layers before it, already pruned, give. A linear model is treated as a network
    of one layer. The solution has a closed form, and no labels are used.

    The refit also follows the removal of columns, which are the inputs of the first
    layer. A fitted linear model or MLP can therefore lose columns without y.

    Parameters
    ----------
    alpha : float, default=1e-4
        L2 penalty on the change of the weights, on standardized inputs.

    References
    ----------
    Dong, Chen and Pan, Learning to prune deep neural networks via layer-wise optimal
    brain surgeon, NeurIPS 2017. He, Zhang and Sun, Channel pruning, ICCV 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklprune import prune
    >>> X = np.random.RandomState(0).normal(size=(200, 3))
    >>> X = np.column_stack([X, X[:, 0] + X[:, 1]])
    >>> model = Ridge().fit(X, X @ [1.0, 1.0, 3.0, 0.9])
    >>> small = prune(model, X, method="magnitude", pruning_ratio=0.5)
    >>> bool(np.abs(model.predict(X) - small.estimator_.predict(X)).max() < 0.02)
    True
    """

    needs = ("layers",)
    of_columns = True

    def __init__(self, alpha: float = 1e-4) -> None:
        self.alpha = alpha

    def apply(
        self, family: Any, dense: Estimator, units: Units, keep: Array, task: Task
    ) -> Estimator:
        """A smaller copy of the model, fitted to the outputs of its layers."""
        layers = family.layers(dense)
        inputs = dense_inputs = _numeric(task.X)
        solved: list[Any] = []
        for layer, mask in zip(layers, family.masks(units, keep)):
            outputs = layer.forward(dense_inputs)
            solved.append(
                reconstruct(
                    layer, mask, inputs, outputs, self.alpha, task.sample_weight
                )
            )
            if len(solved) < len(layers):
                dense_inputs = family.activate(dense, outputs)
                inputs = family.activate(dense, solved[-1].forward(inputs))
        return family.remove(family.with_layers(dense, solved), units, keep, task)


def _numeric(X: MatrixLike) -> Any:
    X = as_matrix(X)
    return X if X.dtype.kind == "f" else X.astype(float)


def reconstruct(
    layer: Any,
    mask: Array,
    inputs: Any,
    outputs: Array,
    alpha: float,
    sample_weight: ArrayLike | None = None,
) -> Any:
    """The layer with the weights on a support that reproduce given outputs best.

    For each output, the change d of the kept weights and the change c of the
    intercept solve

        min_{c,d}  mean_i w_i (inputs_i d + c - r_i)^2  +  alpha sum_j v_j d_j^2

    where r are the residuals with the kept weights as they are, w the sample weights,
    and v_j the variance of input j. Outputs with the same support are solved together.

    Parameters
    ----------
    layer : Layer
        The weights before the change.
    mask : ndarray broadcastable to (n_inputs, n_outputs), bool
        The kept weights; the others are zero in the result.
    inputs : ndarray or sparse matrix of shape (n_rows, n_inputs)
    outputs : ndarray of shape (n_rows, n_outputs)
        Outputs to reproduce, before the activation.
    alpha : float
        L2 penalty on the change, relative to the variance of the inputs.
    sample_weight : ndarray of shape (n_rows,), default=None

    Returns
    -------
    Layer
    """
    coef = np.where(mask, layer.coef, 0)
    kept = layer._replace(coef=coef)
    residual = outputs - kept.forward(inputs)
    mask = np.broadcast_to(mask, coef.shape)
    ridge = _Ridge(inputs, alpha, layer.intercept is not None, sample_weight)
    supports, label = np.unique(mask, axis=1, return_inverse=True)
    coef, intercept = coef.copy(), layer.intercept
    intercept = None if intercept is None else np.array(intercept, dtype=coef.dtype)
    for i, support in enumerate(tracked(supports.T, "supports")):
        alike = np.flatnonzero(label.ravel() == i)
        change, shift = ridge.solve(np.flatnonzero(support), residual[:, alike])
        coef[np.ix_(support, alike)] += change
        if intercept is not None:
            intercept[alike] += shift
    return layer._replace(coef=coef, intercept=intercept)


class _Ridge:
    """Ridge regression on many supports of the same standardized inputs."""

    def __init__(
        self,
        inputs: Any,
        alpha: float,
        fit_intercept: bool,
        sample_weight: ArrayLike | None,
    ) -> None:
        n_rows, n_inputs = inputs.shape
        weight = np.ones(n_rows) if sample_weight is None else np.asarray(sample_weight)
        self.weight = weight / weight.sum()
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.mean = self.weight @ inputs if fit_intercept else np.zeros(n_inputs)
        # dense inputs are centred, because the squares of large values with a small
        # variance would cancel; sparse inputs remain sparse, and the offset is
        # subtracted later
        dense = not sparse.issparse(inputs)
        self.inputs = inputs - self.mean if dense else inputs
        self.offset = np.zeros(n_inputs) if dense else self.mean
        variance = self.weight @ _times(self.inputs, self.inputs) - self.offset**2
        # a constant input cannot reproduce anything, and its weight is not changed
        self.varies = variance > 1e-12 * self.mean**2
        self.scale = np.sqrt(np.where(self.varies, variance, 1.0))
        self.gram = self._gram() if n_inputs <= MAX_GRAM else None

    def _gram(self) -> Array:
        gram = self.inputs.T @ _times(self.inputs, self.weight[:, None])
        gram = gram.toarray() if sparse.issparse(gram) else gram
        gram -= np.outer(self.offset, self.offset)
        return gram / np.outer(self.scale, self.scale)

    def solve(self, support: Array, residual: Array) -> tuple[Array, Array]:
        """Change of the weights (n_support, n_outputs) and intercepts (n_outputs,)."""
        n_outputs = residual.shape[1]
        mean = self.weight @ residual if self.fit_intercept else np.zeros(n_outputs)
        change = np.zeros((len(support), n_outputs))
        varies = self.varies[support]
        support = support[varies]
        if len(support) == 0:
            return change, mean
        inputs, scale = self.inputs[:, support], self.scale[support]
        residual = residual - mean
        if self.gram is not None:
            right = inputs.T @ (residual * self.weight[:, None]) / scale[:, None]
            left = self.gram[np.ix_(support, support)]
            left[np.diag_indices_from(left)] += self.alpha
            change[varies] = linalg.solve(left, right, assume_a="pos")
        else:
            offset = self.offset[support]
            change[varies] = self._iterate(inputs, offset, scale, residual)
        change[varies] /= scale[:, None]
        return change, mean - self.mean[support] @ change[varies]

    def _iterate(
        self, inputs: Any, offset: Array, scale: Array, residual: Array
    ) -> Array:
        """The solution by LSQR, on centred inputs that are never formed."""
        root = np.sqrt(self.weight)

        def forward(d: Array) -> Array:
            d = d.ravel() / scale
            return root * (inputs @ d - offset @ d)

        def backward(r: Array) -> Array:
            r = root * r.ravel()
            return (inputs.T @ r - offset * r.sum()) / scale

        centred = LinearOperator(inputs.shape, forward, rmatvec=backward, dtype=float)
        columns = [
            lsqr(centred, root * column, damp=np.sqrt(self.alpha))[0]
            for column in residual.T
        ]
        return np.column_stack(columns)


def _times(inputs: Any, factor: Any) -> Any:
    """Elementwise product, sparse if the inputs are sparse."""
    return inputs.multiply(factor) if sparse.issparse(inputs) else inputs * factor


register("refit", Reconstruction)
