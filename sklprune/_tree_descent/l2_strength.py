"""The strength of the L2 penalty of leaf values, and its choice on held-out rows.

The best strength grows with the noise of the targets and with the number of trees.
Suppose that the true raw prediction has the variance V over the rows, and that M trees
contribute equally to it. Then the leaf values of a tree have the prior variance V / M.
With the noise variance N of a row, their posterior mean has the L2 penalty M N / V, in
units of rows. One factor N / V therefore serves models of all sizes.

That factor is chosen on rows that neither the descent nor the trees were fitted on.
Estimates from the fitted rows themselves are too small: splits of unpruned trees are
adapted to the noise of these rows.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from sklprune._tree_descent.block_descent import BlockDescent
from sklprune._tree_descent.forward_backward import PENALTY_FACTOR
from sklprune._typing import Array

#: the factor where no rows can be held out
USUAL_FACTOR = 4.0
#: L2 penalty of trees with equal shares of a probability, in units of rows. Their leaf
#: values are bounded; factors of a quarter and of 25 gave the same scores
SHARES_RHO = 40.0
#: factors of the search: a step from one to the next, the first two, and the bounds
STEP, FIRST, LOWEST, HIGHEST = 4.0, (2.0, 8.0), 2.0**-3, 2.0**9
#: steps of the leaf penalty that are taken at once
STRIDE = 2
#: sizes at which models are compared, in leaves
SMALLEST, LARGEST, N_SIZES = 16, 2000, 30
#: a curve ends where this share of the reduction of the loss is lost again
LOST_AGAIN = 0.1


class Curve(NamedTuple):
    """The held-out loss of models of increasing size.

    Parameters
    ----------
    n_leaves : list of int
    loss : list of float
        Weighted sums over the held-out rows.
    """

    n_leaves: list[int]
    loss: list[float]

    def at(self, sizes: Array) -> Array:
        """The loss at given numbers of leaves, interpolated."""
        leaves = np.maximum.accumulate(np.maximum(self.n_leaves, 1))
        return np.interp(np.log(sizes), np.log(leaves), self.loss)


#: runs a descent with a given factor, and measures its models on held-out rows
Trial = Callable[[float], Curve]


def held_out_curve(
    descent: BlockDescent,
    forward: Callable[[float], bool],
    first_penalty: float,
    min_penalty: float,
    held_out: Array,
    max_leaves: float = LARGEST,
) -> Curve:
    """Take forward steps from no tree, and measure each model on held-out rows.

    Parameters
    ----------
    descent : BlockDescent
        At its best constant. Held-out rows have the weight zero.
    forward : callable
        `forward(leaf_penalty)`, see `ForwardBackwardPath`.
    first_penalty, min_penalty : float
        See `ForwardBackwardPath.run`.
    held_out : ndarray of shape (n_rows,)
        Weights of the held-out rows, zero for others.
    max_leaves : float
        The curve ends at the first model with more leaves.
    """
    rows = np.flatnonzero(held_out)
    curve, leaf_penalty = Curve([], []), first_penalty

    def record() -> None:
        losses = descent.loss.losses(descent.state.raw_prediction)
        curve.n_leaves.append(descent.n_leaves)
        curve.loss.append(float(held_out[rows] @ losses[rows]))

    record()
    while leaf_penalty > min_penalty * descent.noise():
        more = forward(leaf_penalty)
        if descent.n_trees:
            record()
        lost = curve.loss[-1] - min(curve.loss)
        if lost > LOST_AGAIN * (curve.loss[0] - min(curve.loss)) > 0:
            break
        if not more or descent.n_leaves > max_leaves:
            break
        leaf_penalty /= PENALTY_FACTOR**STRIDE
    return curve


def best_factor(trials: Sequence[Trial]) -> float:
    """The factor with the least held-out loss over all sizes.

    Two factors are tried, and then further ones in the better direction while they are
    better. The vertex of the parabola through the best one and its neighbours is
    returned.

    Parameters
    ----------
    trials : list of callable
        One for each fold.
    """

    def loss(factor: float) -> float:
        return _total([trial(factor) for trial in trials])

    losses = {factor: loss(factor) for factor in FIRST}
    low, high = FIRST
    while losses[low] <= min(losses.values()) and low > LOWEST:
        low /= STEP
        losses[low] = loss(low)
    while losses[high] <= min(losses.values()) and high < HIGHEST:
        high *= STEP
        losses[high] = loss(high)
    factors = np.array(sorted(losses))
    return _vertex(factors, np.array([losses[factor] for factor in factors]))


def _total(curves: Sequence[Curve]) -> float:
    """The mean loss of all folds over sizes that are equally spaced in their logarithm.

    A curve that ends early counts with its last model at all larger sizes.
    """
    sizes = np.geomspace(SMALLEST, LARGEST, N_SIZES)
    return float(sum(curve.at(sizes).mean() for curve in curves))


def _vertex(factors: Array, losses: Array) -> float:
    """The minimum of the parabola through the best factor and its neighbours."""
    best = int(np.argmin(losses))
    if not 0 < best < len(factors) - 1:
        return float(factors[best])
    before, least, after = losses[best - 1 : best + 2]
    curvature = before - 2 * least + after
    shift = (before - after) / (2 * curvature) if curvature > 0 else 0.0
    return float(factors[best] * STEP**shift)
