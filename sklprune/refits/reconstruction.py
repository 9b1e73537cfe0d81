"""Reconstruction: the smaller model says what the larger one says."""

import numpy as np
from scipy import linalg, sparse
from scipy.sparse.linalg import LinearOperator, lsqr

from sklprune._frames import as_matrix
from sklprune._registry import register
from sklprune.refits._base import Refit

#: more inputs than these are solved without a matrix of their products
MAX_GRAM = 3000


class Reconstruction(Refit):
    """Least squares, layer by layer, so that the smaller model says what the larger
    one says. In closed form, without labels.

    The weights that stay in a layer are solved for so that, from what the already
    smaller layers before it give, they reproduce what the layer gave before its
    activation. A linear model is a network of one layer. Columns are the inputs of the
    first layer; without y those of a fitted linear model or network can leave so.

    Parameters
    ----------
    alpha : float, default=1e-4
        Strength of the pull towards the weights as they were, on standardised
        inputs.

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

    def __init__(self, alpha=1e-4):
        self.alpha = alpha

    def apply(self, family, dense, units, keep, task):
        layers = family.layers(dense)
        inputs = was = _numeric(task.X)
        solved = []
        for layer, mask in zip(layers, family.masks(units, keep)):
            goal = layer.forward(was)
            solved.append(
                reconstruct(layer, mask, inputs, goal, self.alpha, task.sample_weight)
            )
            was = family.activate(dense, goal) if len(solved) < len(layers) else None
            if was is not None:
                inputs = family.activate(dense, solved[-1].forward(inputs))
        return family.remove(family.with_layers(dense, solved), units, keep, task)


def _numeric(X):
    X = as_matrix(X)
    return X if X.dtype.kind == "f" else X.astype(float)


def reconstruct(layer, mask, inputs, goal, alpha, sample_weight=None):
    """Weights of one layer, on a support, that bring its outputs close to a goal.

    For each output the change d of the weights that stay solves

        min_d  mean_i w_i (inputs_i d + shift - gap_i)^2  +  alpha sum_j v_j d_j^2

    with gap the goal less what the kept weights give as they are, v_j the variance
    of input j, and the shift, free of penalty, added to the intercept. Outputs of
    equal support are solved together.

    Parameters
    ----------
    layer : Layer
    mask : ndarray broadcastable to (n_inputs, n_outputs), bool
        Weights that stay; the others are zero in the result.
    inputs : ndarray or sparse matrix of shape (n_rows, n_inputs)
    goal : ndarray of shape (n_rows, n_outputs)
    alpha : float
    sample_weight : ndarray of shape (n_rows,) or None

    Returns
    -------
    Layer
    """
    coef = np.where(mask, layer.coef, 0)
    kept = layer._replace(coef=coef)
    gap = goal - kept.forward(inputs)
    mask = np.broadcast_to(mask, coef.shape)
    solver = _Ridge(inputs, alpha, layer.intercept is not None, sample_weight)
    supports, label = np.unique(mask, axis=1, return_inverse=True)
    coef, intercept = coef.copy(), layer.intercept
    intercept = None if intercept is None else np.array(intercept, dtype=coef.dtype)
    for i, support in enumerate(supports.T):
        outputs = np.flatnonzero(label.ravel() == i)
        change, shift = solver.solve(np.flatnonzero(support), gap[:, outputs])
        coef[np.ix_(support, outputs)] += change
        if intercept is not None:
            intercept[outputs] += shift
    return layer._replace(coef=coef, intercept=intercept)


class _Ridge:
    """Ridge solutions on many supports of the same inputs, in standardised units."""

    def __init__(self, inputs, alpha, intercept, sample_weight):
        n_rows, n_inputs = inputs.shape
        weight = np.ones(n_rows) if sample_weight is None else np.asarray(sample_weight)
        self.weight = weight / weight.sum()
        self.alpha = alpha
        self.intercept = intercept
        self.mean = self.weight @ inputs if intercept else np.zeros(n_inputs)
        # dense inputs are centred, since products of large values with a small spread
        # would cancel; sparse ones stay sparse, and the offset is taken off later
        dense = not sparse.issparse(inputs)
        self.inputs = inputs - self.mean if dense else inputs
        self.offset = np.zeros(n_inputs) if dense else self.mean
        variance = self.weight @ _times(self.inputs, self.inputs) - self.offset**2
        # what does not vary cannot stand in for anything: it gets no say
        self.varies = variance > 1e-12 * self.mean**2
        self.scale = np.sqrt(np.where(self.varies, variance, 1.0))
        self.gram = self._gram() if n_inputs <= MAX_GRAM else None

    def _gram(self):
        gram = self.inputs.T @ _times(self.inputs, self.weight[:, None])
        gram = gram.toarray() if sparse.issparse(gram) else gram
        gram -= np.outer(self.offset, self.offset)
        return gram / np.outer(self.scale, self.scale)

    def solve(self, support, gap):
        """Change of the weights (n_support, n_outputs) and shift (n_outputs,)."""
        level = self.weight @ gap if self.intercept else np.zeros(gap.shape[1])
        change = np.zeros((len(support), gap.shape[1]))
        varies = self.varies[support]
        support = support[varies]
        if len(support) == 0:
            return change, level
        inputs, scale = self.inputs[:, support], self.scale[support]
        gap = gap - level
        if self.gram is not None:
            right = inputs.T @ (gap * self.weight[:, None]) / scale[:, None]
            left = self.gram[np.ix_(support, support)]
            left[np.diag_indices_from(left)] += self.alpha
            change[varies] = linalg.solve(left, right, assume_a="pos")
        else:
            change[varies] = self._iterate(inputs, self.offset[support], scale, gap)
        change[varies] /= scale[:, None]
        return change, level - self.mean[support] @ change[varies]

    def _iterate(self, inputs, offset, scale, gap):
        root = np.sqrt(self.weight)

        def forward(d):
            d = d.ravel() / scale
            return root * (inputs @ d - offset @ d)

        def backward(r):
            r = root * r.ravel()
            return (inputs.T @ r - offset * r.sum()) / scale

        centred = LinearOperator(inputs.shape, forward, rmatvec=backward, dtype=float)
        columns = [
            lsqr(centred, root * column, damp=np.sqrt(self.alpha))[0]
            for column in gap.T
        ]
        return np.column_stack(columns)


def _times(inputs, factor):
    """Elementwise product, sparse where the inputs are."""
    return inputs.multiply(factor) if sparse.issparse(inputs) else inputs * factor


register("refit", Reconstruction)
