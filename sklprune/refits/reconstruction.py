"""Reconstruction: fit the kept weights so that each layer keeps its outputs.

The weights of each layer have a closed form by least squares. No targets are needed.
"""

from typing import Any, ClassVar

import numpy as np
from scipy import linalg, sparse
from scipy.sparse.linalg import LinearOperator, lsqr

from sklprune._frames import as_matrix
from sklprune._networks.row_blocks import (
    BLOCK,
    MAX_BLOCKS,
    layer_blocks,
    reconstruct_from_blocks,
)
from sklprune._progress import tracked
from sklprune._registry import register
from sklprune._sklearn_private import NOT_NEGATIVE
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune._units import Task, Units
from sklprune.refits._base import Refit

#: with more inputs than this, no Gram matrix is formed and LSQR is used
MAX_GRAM = 3000
#: with a smaller penalty, no Gram matrix is formed either: its condition is not bounded
MIN_ALPHA = 1e-10


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
        L2 penalty on the change of the weights, on standardized inputs. Where smaller
        weights reproduce the outputs better, it is a penalty on the weights.

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

    _parameter_constraints: ClassVar = {"alpha": [NOT_NEGATIVE]}

    def __init__(self, alpha: float = 1e-4) -> None:
        self.alpha = alpha

    def apply(
        self, family: Any, dense: Estimator, units: Units, keep: Array, task: Task
    ) -> Estimator:
        """A smaller copy of the model, fitted to the outputs of its layers."""
        layers = family.layers(dense)
        inputs = dense_inputs = _numeric(task.X)
        solved: list[Any] = []
        if self._needs_blocks(layers, inputs):
            for layer, mask in zip(layers, family.masks(units, keep)):
                blocks = layer_blocks(
                    layers,
                    solved,
                    lambda outputs: family.activate(dense, outputs),
                    inputs,
                    task.sample_weight,
                )
                solved.append(reconstruct_from_blocks(layer, mask, blocks, self.alpha))
            return family.remove(family.with_layers(dense, solved), units, keep, task)
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

    def _needs_blocks(self, layers: list[Any], inputs: Any) -> bool:
        """Whether the outputs of a layer on all rows would need too much memory."""
        width = max(max(layer.coef.shape) for layer in layers)
        direct = width <= MAX_GRAM and self.alpha >= MIN_ALPHA
        many = inputs.shape[0] * width > MAX_BLOCKS * BLOCK
        return bool(many and direct and not sparse.issparse(inputs))

    def continued(
        self,
        start: Estimator,
        family: Any,
        dense: Estimator,
        units: Units,
        keep: Array,
        task: Task,
    ) -> Estimator:
        """The values of the method, which reproduce the unpruned model already."""
        return start


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

    For each output, the kept weights b and the intercept c solve

        min_{c,b}  mean_i w_i (inputs_i b + c - t_i)^2  +  alpha sum_j v_j (b_j - p_j)^2

    where t are the outputs to reproduce, w the sample weights, and v_j the variance of
    input j. The prior p is the weights as they are, or zero, whichever gives the lower
    minimum. Zero is better where very large weights of collinear inputs cancelled each
    other before some were removed. With it, the error is at most that of a constant.
    Outputs with the same support are solved together.

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
    outputs = np.asarray(outputs, dtype=float)
    mask = np.broadcast_to(mask, layer.coef.shape)
    ridge = _Ridge(inputs, alpha, layer.intercept is not None, sample_weight)
    as_they_are = np.where(mask, layer.coef, 0).astype(float)
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.square(ridge.rows @ as_they_are).sum(axis=0)
    as_they_are[:, ~np.isfinite(squares)] = 0
    priors = np.stack([as_they_are, np.zeros(mask.shape)])
    solutions = _solutions(layer, mask, ridge, outputs, priors)
    minima = np.stack(
        [
            ridge.objective(solution, prior, outputs)
            for solution, prior in zip(solutions, priors)
        ]
    )
    kept = np.nan_to_num(minima[0], nan=np.inf) <= minima[1]
    first, second = solutions
    intercept = layer.intercept
    if intercept is not None:
        intercept = np.where(kept, first.intercept, second.intercept)
    return layer._replace(
        coef=np.where(kept, first.coef, second.coef), intercept=intercept
    )


def _solutions(
    layer: Any, mask: Array, ridge: "_Ridge", outputs: Array, priors: Array
) -> list[Any]:
    """The solution of `reconstruct` for each prior, in the dtype of the layer."""
    coef, intercept = priors.copy(), np.zeros((len(priors), outputs.shape[1]))
    if layer.intercept is not None:
        intercept[0] = layer.intercept
    # an unchanged layer has no residual at all, so that its zeros remain exactly zero
    as_they_are = layer._replace(coef=priors[0].astype(layer.coef.dtype))
    residuals = [outputs - as_they_are.forward(ridge.rows), outputs]
    supports, label = np.unique(mask, axis=1, return_inverse=True)
    for i, support in enumerate(tracked(supports.T, "supports")):
        alike = np.flatnonzero(label.ravel() == i)
        both = np.hstack([residual[:, alike] for residual in residuals])
        change, shift = ridge.solve(np.flatnonzero(support), both)
        for k, columns in enumerate(np.split(np.arange(len(shift)), len(priors))):
            coef[k][np.ix_(support, alike)] += change[:, columns]
            intercept[k][alike] += shift[columns]
    coef, intercept = (a.astype(layer.coef.dtype) for a in (coef, intercept))
    without = layer.intercept is None
    return [
        layer._replace(coef=coef[k], intercept=None if without else intercept[k])
        for k in range(len(priors))
    ]


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
        self.rows = inputs
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
        direct = n_inputs <= MAX_GRAM and alpha >= MIN_ALPHA
        self.gram = self._gram() if direct else None

    def _gram(self) -> Array:
        gram = self.inputs.T @ _times(self.inputs, self.weight[:, None])
        gram = gram.toarray() if sparse.issparse(gram) else gram
        gram -= np.outer(self.offset, self.offset)
        return gram / np.outer(self.scale, self.scale)

    def objective(self, layer: Any, prior: Array, outputs: Array) -> Array:
        """The minimised function for each output, of weights as they are stored."""
        with np.errstate(over="ignore", invalid="ignore"):
            error = outputs - layer.forward(self.rows)
            change = self.scale[:, None] * (layer.coef.astype(float) - prior)
            penalty = self.alpha * np.square(change).sum(axis=0)
            return self.weight @ np.square(error) + penalty

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
        elif sparse.issparse(inputs) or len(support) > MAX_GRAM:
            offset = self.offset[support]
            change[varies] = self._iterate(inputs, offset, scale, residual)
        else:
            change[varies] = self._least_squares(inputs / scale, residual)
        change[varies] /= scale[:, None]
        return change, mean - self.mean[support] @ change[varies]

    def _least_squares(self, inputs: Array, residual: Array) -> Array:
        """The solution by a singular value decomposition, which cuts off null space."""
        root, n_inputs = np.sqrt(self.weight)[:, None], inputs.shape[1]
        left = np.vstack([root * inputs, np.sqrt(self.alpha) * np.eye(n_inputs)])
        right = np.vstack([root * residual, np.zeros((n_inputs, residual.shape[1]))])
        return linalg.lstsq(left, right, cond=MIN_ALPHA)[0]

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
