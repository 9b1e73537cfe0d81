"""The penalties at which groups of columns enter a path of the group lasso.

The loss is that of least squares. The penalty of a group is a multiple of the norm of
its contribution to the predictions, over all outputs. A group of one standardized
column is thus penalised as in the lasso. Within a group the columns are made
orthogonal, so that each step of block coordinate descent has a closed form.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sklprune._progress import tracked
from sklprune._typing import Array

#: smallest variance of a combination of columns, relative to the largest one
MIN_VARIANCE = 1e-8
#: largest change of a contribution in the last sweep, relative to that of the targets
TOLERANCE, MAX_SWEEPS = 1e-5, 200
#: the path ends if a further penalty explains less than this share more, or if nearly
#: all is explained
MIN_GAIN, MAX_EXPLAINED = 1e-5, 0.999


class _Problem(NamedTuple):
    """Orthogonal columns of all groups.

    Parameters
    ----------
    products : ndarray of shape (n_columns, n_columns)
        Means of products; the identity within a group.
    targets : ndarray of shape (n_columns, n_outputs)
        Means of products with the targets.
    groups : list of ndarray of int
    penalties : ndarray of shape (n_groups,)
        Relative penalties; 0 for groups that are always in.
    l1_ratio : float
    """

    products: Array
    targets: Array
    groups: list[Array]
    penalties: Array
    l1_ratio: float

    def bounds(self, coef: Array) -> Array:
        """The smallest penalty at which each group that is not in would remain out."""
        gradient = self.targets - self.products @ coef
        squares = (gradient**2).sum(axis=1)
        label = np.repeat(np.arange(len(self.groups)), [len(g) for g in self.groups])
        norms = np.sqrt(np.bincount(label, squares, len(self.groups)))
        allowed = self.penalties * self.l1_ratio
        return np.divide(norms, allowed, out=np.zeros_like(norms), where=allowed > 0)


def entry_penalties(
    products: Array,
    targets: Array,
    groups: Sequence[Array],
    factors: Array,
    l1_ratio: float,
    ratios: Array,
    total: float,
) -> Array:
    """The penalty at which each group enters: (n_groups,).

    Parameters
    ----------
    products : ndarray of shape (n_columns, n_columns)
        Means of products of centred columns.
    targets : ndarray of shape (n_columns, n_outputs)
        Means of their products with centred targets.
    groups : list of ndarray of int
        The columns of each group.
    factors : ndarray of shape (n_groups,)
        Relative penalty of each group; 0 for one that is always in.
    l1_ratio : float
        Share of the group penalty; the rest is an L2 penalty.
    ratios : ndarray of shape (n_penalties,)
        Penalties relative to the largest one, descending from 1.
    total : float
        Variance of all targets together.

    Returns
    -------
    ndarray of shape (n_groups,)
        A group that never enters has a value below the last penalty. One that is
        always in has twice the largest penalty.
    """
    problem = _orthogonal(products, targets, groups, factors, l1_ratio)
    coef = np.zeros(problem.targets.shape)
    free = problem.penalties == 0
    coef = _minimise(problem, coef, free.copy(), 0.0, total)[0]
    bounds = problem.bounds(coef)
    entries, entered = bounds.copy(), free.copy()
    alphas = bounds.max(initial=0.0) * ratios
    explained = _explained(problem, coef)
    pairs = list(zip(alphas, alphas[1:])) if alphas[0] > 0 else []
    for before, alpha in tracked(pairs, "penalties"):
        coef, active = _minimise(problem, coef, entered.copy(), alpha, total)
        new = active & ~entered
        entries[new] = np.clip(bounds[new], alpha, before)
        entered |= active
        bounds = problem.bounds(coef)
        entries[~entered] = np.minimum(bounds[~entered], alpha)
        gain = _explained(problem, coef) - explained
        explained += gain
        if entered.all() or explained > MAX_EXPLAINED * total:
            break
        if gain < MIN_GAIN * explained and entered.any():
            break
    entries[free] = 2 * max(alphas[0], np.finfo(float).tiny)
    return entries


def _orthogonal(
    products: Array,
    targets: Array,
    groups: Sequence[Array],
    factors: Array,
    l1_ratio: float,
) -> _Problem:
    """The same with columns that are orthogonal and of variance 1 within a group."""
    transforms, places, sizes, start = [], [], [], 0
    for group in groups:
        values, vectors = np.linalg.eigh(products[np.ix_(group, group)])
        largest = max(values.max(initial=0.0), 0.0)
        used = values > max(MIN_VARIANCE * largest, np.finfo(float).tiny)
        transforms.append(vectors[:, used] / np.sqrt(values[used]))
        sizes.append(int(used.sum()))
        places.append(np.arange(start, start + sizes[-1]))
        start += sizes[-1]
    whole = np.zeros((len(products), start))
    for group, place, transform in zip(groups, places, transforms):
        whole[np.ix_(group, place)] = transform
    penalties = factors * np.sqrt(np.maximum(sizes, 1))
    inner = whole.T @ products @ whole
    return _Problem(inner, whole.T @ targets, places, penalties, l1_ratio)


def _minimise(
    problem: _Problem, coef: Array, active: Array, alpha: float, total: float
) -> tuple[Array, Array]:
    """Block coordinate descent on the active groups, to which others are added.

    Returns
    -------
    coef : ndarray of shape (n_columns, n_outputs)
    active : ndarray of shape (n_groups,), bool
        Groups with a nonzero coefficient, and those that are always in.
    """
    coef = coef.copy()
    gradient = problem.targets - problem.products @ coef
    limit = TOLERANCE * np.sqrt(max(total, np.finfo(float).tiny))
    for _ in range(len(problem.groups) + 1):
        for _ in range(MAX_SWEEPS):
            change = 0.0
            for i in np.flatnonzero(active).tolist():
                group = problem.groups[i]
                old = coef[group]
                new = _shrunk(gradient[group] + old, problem, i, alpha)
                step = new - old
                size = float(np.abs(step).max(initial=0.0))
                if size > 0:
                    coef[group] = new
                    gradient -= problem.products[:, group] @ step
                    change = max(change, size)
            if change <= limit:
                break
        missing = ~active & (problem.bounds(coef) > alpha * (1 + 1e-9))
        if alpha == 0 or not missing.any():
            break
        active |= missing
    is_in = [bool(np.any(coef[group])) for group in problem.groups]
    return coef, np.array(is_in, bool) | (problem.penalties == 0)


def _shrunk(value: Array, problem: _Problem, i: int, alpha: float) -> Array:
    """The coefficients of one group that minimise the penalised loss."""
    penalty = alpha * problem.penalties[i]
    norm = float(np.linalg.norm(value))
    if norm <= penalty * problem.l1_ratio:
        return np.zeros_like(value)
    share = 1 - penalty * problem.l1_ratio / norm
    return np.asarray(share * value / (1 + penalty * (1 - problem.l1_ratio)))


def _explained(problem: _Problem, coef: Array) -> float:
    """By how much the mean squared error is smaller than without columns."""
    fitted = problem.products @ coef
    return float((coef * (2 * problem.targets - fitted)).sum())
