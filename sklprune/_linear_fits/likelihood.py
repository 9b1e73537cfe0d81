"""`Likelihood`: a generalised linear model, from which columns are removed.

After a removal the coefficients move by the step of Newton's method that least squares
would make, and the gradient then states how far they are from the solution. Further
steps use the same inverse of the Hessian matrix, which is computed anew only where the
gradient does not fall fast enough.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import lapack
from scipy.special import expit, logsumexp, softmax

from sklprune._linear_fits.least_squares import IllConditioned
from sklprune._typing import Array

#: largest component of the gradient at the solution, per unit of weight
TOLERANCE = 1e-7
#: a step with an old Hessian must reduce the gradient by at least this factor
MIN_REDUCTION = 0.2
MAX_STEPS = 60
#: without a penalty, larger linear predictors mean that there is no finite solution
MAX_PREDICTOR = 20.0


class Derivatives(NamedTuple):
    """Derivatives of the loss of each row by its linear predictors.

    Predictors and targets have the shape (n_outputs, n_rows).

    Parameters
    ----------
    value : callable
        `value(predictor, target)`: the losses, whose sum is minimised.
    first, second : callable
        The same for the derivatives. Of several classes, `second` returns the
        probabilities p: the derivative by two predictors is -p * p, plus p if they are
        the same.
    """

    value: Callable[[Array, Array], Array]
    first: Callable[[Array, Array], Array]
    second: Callable[[Array, Array], Array]


def _log_second(eta: Array, y: Array) -> Array:
    p = expit(eta)
    return np.asarray(p * (1 - p))


#: by the name of the distribution; targets of "logistic" are 0 and 1, and those of
#: "multinomial" are the indicators of the classes
DERIVATIVES = {
    "multinomial": Derivatives(
        lambda eta, y: logsumexp(eta, axis=0) - (y * eta).sum(axis=0),
        lambda eta, y: softmax(eta, axis=0) - y,
        lambda eta, y: softmax(eta, axis=0),
    ),
    "logistic": Derivatives(
        lambda eta, y: np.logaddexp(0, eta) - y * eta,
        lambda eta, y: expit(eta) - y,
        _log_second,
    ),
    "poisson": Derivatives(
        lambda eta, y: np.exp(eta) - y * eta,
        lambda eta, y: np.exp(eta) - y,
        lambda eta, y: np.exp(eta),
    ),
    "gamma": Derivatives(
        lambda eta, y: eta + y * np.exp(-eta),
        lambda eta, y: 1 - y * np.exp(-eta),
        lambda eta, y: y * np.exp(-eta),
    ),
}


class Likelihood:
    """A penalised maximum-likelihood fit on columns that are removed one by one.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
    y : ndarray of shape (n_rows, n_outputs)
        With several outputs, these are the classes of one distribution.
    weight : ndarray of shape (n_rows,) or None
    derivatives : Derivatives
    alpha : float
        Half of it, times the sum of the squared coefficients, is added to the summed
        loss.
    fit_intercept : bool
    start : tuple, or None, default=None
        Coefficients (n_columns, n_outputs) and intercepts (n_outputs,) near the
        solution.

    Attributes
    ----------
    columns : ndarray of int
        The remaining columns.

    Raises
    ------
    IllConditioned
        Here or in `remove`, if Newton's method does not converge.
    """

    def __init__(
        self,
        X: Array,
        y: Array,
        weight: Array | None,
        derivatives: Derivatives,
        alpha: float,
        fit_intercept: bool,
        start: tuple[Array, Array] | None = None,
    ) -> None:
        n_rows, n_columns = X.shape
        n_outputs = y.shape[1]
        shift = X.mean(axis=0) if fit_intercept else np.zeros(n_columns)
        # row by row a column; the last one is that of the intercept
        self._rows = np.empty((n_columns + fit_intercept, n_rows))
        np.subtract(X.T, shift[:, None], out=self._rows[:n_columns])
        scale = np.sqrt(np.einsum("ij,ij->i", self._rows, self._rows) / n_rows)[
            :n_columns
        ]
        if not np.isfinite(scale).all() or not np.isfinite(y).all():
            raise IllConditioned
        scale[scale <= 1e-10 * np.abs(shift)] = 0.0
        varies = scale > 0
        self._rows[:n_columns][~varies] = 0.0
        self._scale = np.where(varies, scale, 1.0)
        self._rows[:n_columns] /= self._scale[:, None]
        self._rows[n_columns:] = 1.0
        self._shift, self._y = shift, y.T
        self._weight, self._derivatives = weight, derivatives
        total = n_rows if weight is None else weight.sum()
        self._tolerance = TOLERANCE * total
        self._ids = np.arange(len(self._rows))
        self._n_columns, self._has_intercept = n_columns, bool(fit_intercept)
        self._is_penalised = alpha > 0
        self._penalty = np.append(alpha / self._scale**2, np.zeros(int(fit_intercept)))
        # a constant column has the coefficient zero
        self._penalty[:n_columns][~varies] += total
        # the sum over the classes is not determined, and has the penalty of zero
        self._sum_penalty = total if n_outputs > 1 else 0.0
        self._beta = np.zeros((len(self._rows), n_outputs))
        self._predictor = np.zeros((n_outputs, n_rows))
        self._inverse: Any = None
        if start is not None:
            coef, intercept = start
            scaled = coef * self._scale[:, None]
            self._beta[:n_columns] = np.where(varies[:, None], scaled, 0.0)
            if fit_intercept:
                self._beta[-1] = intercept + shift @ coef
            self._beta -= self._beta.mean(axis=1, keepdims=True) * (n_outputs > 1)
            self._predictor = self._beta.T @ self._rows
        self._minimise(self._invert())

    @property
    def columns(self) -> Array:
        return self._ids[: len(self._ids) - self._has_intercept]

    @property
    def coef(self) -> Array:
        columns = self.columns
        return np.asarray(self._beta[: len(columns)] / self._scale[columns, None])

    @property
    def intercept(self) -> Array:
        if not self._has_intercept:
            return np.zeros(self._beta.shape[1])
        return np.asarray(self._beta[-1] - self._shift[self.columns] @ self.coef)

    def remove(self, columns: Sequence[int]) -> None:
        """Remove columns, and fit the others again."""
        if not len(columns):
            # nothing is made of a raw column without any value
            return
        kept = np.ones(len(self._ids), bool)
        kept[np.searchsorted(self._ids, columns)] = False
        # a column has as many neighbouring rows of the inverse as there are outputs
        kept_values = np.repeat(kept, self._beta.shape[1])
        removed = np.flatnonzero(~kept_values)
        rows = self._inverse[removed]
        try:
            solved = np.linalg.solve(rows[:, removed], rows)
        except np.linalg.LinAlgError:
            raise IllConditioned from None
        change = (-self._beta[~kept].ravel() @ solved).reshape(self._beta.shape)
        self._predictor += change.T @ self._rows
        self._beta = (self._beta + change)[kept]
        inverse = self._inverse[np.ix_(kept_values, kept_values)]
        inverse -= rows[:, kept_values].T @ solved[:, kept_values]
        self._inverse = inverse
        self._ids, self._penalty = self._ids[kept], self._penalty[kept]
        self._drop_rows(kept)
        self._minimise(is_new=False)

    def _drop_rows(self, kept: Array) -> None:
        """Move the rows after the removed ones up, in place."""
        if kept.sum() < len(kept) - 1:
            self._rows = self._rows[kept]
            return
        i = int(np.argmin(kept))
        self._rows[i:-1] = self._rows[i + 1 :]
        self._rows = self._rows[:-1]

    # -- Newton's method ----------------------------------------------------------

    def _weighted(self, values: Array) -> Array:
        return values if self._weight is None else values * self._weight

    def _gradient(self) -> Array:
        first = self._weighted(self._derivatives.first(self._predictor, self._y))
        gradient = self._rows @ first.T + self._penalty[:, None] * self._beta
        gradient += self._sum_penalty * self._beta.sum(axis=1, keepdims=True)
        return np.asarray(gradient)

    def _loss(self, beta: Array, predictor: Array) -> float:
        losses = self._weighted(self._derivatives.value(predictor, self._y))
        penalty = self._penalty @ (beta**2).sum(axis=1)
        penalty += self._sum_penalty * (beta.sum(axis=1) ** 2).sum()
        return float(losses.sum() + 0.5 * penalty)

    def _invert(self) -> bool:
        """Compute the inverse of the Hessian matrix here."""
        second = self._derivatives.second(self._predictor, self._y)
        hessian = self._hessian_of_one(second[0])
        if len(second) > 1:
            hessian = self._hessian_of_classes(second)
        penalty = np.repeat(self._penalty, len(second))
        hessian.flat[:: len(hessian) + 1] += penalty
        factor, failed = lapack.dpotrf(hessian, lower=1)
        if not failed:
            inverse, failed = lapack.dpotri(factor, lower=1)
        if failed or not np.isfinite(inverse.flat[:: len(hessian) + 1]).all():
            raise IllConditioned
        lower = np.tril(inverse)
        inverse = lower + lower.T
        inverse.flat[:: len(hessian) + 1] /= 2
        self._inverse = inverse
        return True

    def _hessian_of_one(self, second: Array) -> Array:
        # half precision of the inverse suffices: the gradient corrects it
        scaled = self._rows * np.sqrt(self._weighted(second))
        return np.asarray(scaled @ scaled.T)

    def _hessian_of_classes(self, probability: Array) -> Array:
        n, k = self._beta.shape
        hessian = np.empty((n, k, n, k))
        for i, of_class in enumerate(probability):
            for j in range(i + 1):
                second = of_class * ((i == j) - probability[j])
                block = (self._rows * self._weighted(second)) @ self._rows.T
                hessian[:, i, :, j] = hessian[:, j, :, i] = block
        columns = np.arange(n)
        hessian[columns, :, columns, :] += self._sum_penalty
        return hessian.reshape(n * k, n * k)

    def _minimise(self, is_new: bool) -> None:
        gradient = self._gradient()
        size = np.abs(gradient).max(initial=0.0)
        for _ in range(MAX_STEPS):
            if size <= self._tolerance:
                break
            step = -(self._inverse @ gradient.ravel()).reshape(gradient.shape)
            along = step.T @ self._rows
            before = size
            gradient, size = self._moved(step, along, gradient, before, is_new)
            if size > self._tolerance and size > MIN_REDUCTION * before:
                is_new = self._invert()
            else:
                is_new = False
        else:
            raise IllConditioned
        if not self._is_penalised and np.abs(self._predictor).max() > MAX_PREDICTOR:
            raise IllConditioned

    def _moved(
        self, step: Array, along: Array, gradient: Array, size: float, is_new: bool
    ) -> tuple[Array, float]:
        """Go along a step, halved while the loss rises; the gradient there."""
        beta, predictor = self._beta, self._predictor
        loss, slope = None, float(np.vdot(step, gradient))
        for _ in range(30):
            self._beta, self._predictor = beta + step, predictor + along
            new = self._gradient()
            new_size = float(np.abs(new).max(initial=0.0))
            if new_size <= MIN_REDUCTION * size:
                return new, new_size
            if loss is None:
                loss = self._loss(beta, predictor)
            if self._loss(self._beta, self._predictor) <= loss + 1e-4 * slope:
                return new, new_size
            step, along, slope = step / 2, along / 2, slope / 2
        raise IllConditioned
