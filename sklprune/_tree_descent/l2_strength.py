"""The strength of the L2 penalty of leaf values, and its choice on held-out rows.

The best strength grows with the noise of the targets and with the number of trees.
Suppose that the true raw prediction has the variance V over the rows, and that M trees
contribute equally to it. Then the leaf values of a tree have the prior variance V / M.
With the noise variance N of a row, their posterior mean has the L2 penalty M N / V, in
units of rows. One factor N / V therefore serves models of all sizes.

For regression, one penalty for all sizes was as good or better on three tables. So it
was for several classes. For the trees of a forest, the loss of accuracy at a tenth of
the bytes was lower by 0.2 points on two tables, and the same at a twentieth. For grown
trees, the mean error over sizes was lower by 0.1 and 0.3 points on two tables, and the
same within 0.1 points on two. It was lower by 0.4 and 1.0 points on letter and usps,
which were looked at only afterwards.

The factor or the penalty is chosen on rows that neither the descent nor the trees were
fitted on. Estimates from the fitted rows themselves are too small: splits of unpruned
trees are adapted to the noise of these rows. Scores of two classes are calibrated on
the held-out rows first. Otherwise a strong penalty would be preferred for large models
only because their probabilities are less certain.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from sklprune._tree_descent.block_descent import BlockDescent
from sklprune._tree_descent.calibration import calibrate
from sklprune._tree_descent.forward_backward import PENALTY_FACTOR
from sklprune._typing import Array

#: L2 penalty of trees with equal shares of a probability, in units of rows. Their leaf
#: values are bounded; factors of a quarter and of 25 gave the same scores
SHARES_RHO = 40.0


class Search(NamedTuple):
    """How the strength is searched.

    Parameters
    ----------
    per_tree : bool
        Whether the penalty is a factor times the number of kept trees.
    first : tuple of float
        The factors that are tried in any case.
    lowest, highest : float
        Bounds of the factor.
    usual : float
        The factor where no rows can be held out.
    """

    per_tree: bool
    first: tuple[float, ...]
    lowest: float
    highest: float
    usual: float

    def parameters(self, trials: "Sequence[Trial]") -> dict[str, Any]:
        """The parameters `rho` and `per_tree` of a descent, by some trials."""
        rho = best_factor(trials, self) if trials else self.usual
        return {"rho": rho, "per_tree": self.per_tree}


#: a step from one factor to the next
STEP = 4.0
OF_CLASSES = Search(True, (1.0, 4.0, 16.0), 4.0**-3, 4.0**5, usual=4.0)
OF_SEVERAL_CLASSES = Search(False, (10.0, 40.0, 160.0), 2.5, 640.0, usual=40.0)
OF_VALUES = Search(False, (20.0, 80.0, 320.0), 1.25, 5120.0, usual=80.0)
#: steps of the leaf penalty that are taken at once
STRIDE = 2
#: sizes at which models are compared, in leaves
SMALLEST, LARGEST, N_SIZES = 16, 4000, 30
#: a size counts where its best loss exceeds the least loss by at most this share, of
#: the least loss or of the reduction of the loss, whichever is smaller
NEARLY = 0.1
#: a curve ends where this share of the reduction of the loss is lost again, or at so
#: many times the leaves of the first model that is as good as the best one
LOST_AGAIN, FAR_BEYOND = 0.1, 4
#: as good means up to a share as above: that of so many rows among all held-out ones,
#: within these bounds. Smaller differences on few rows are noise
ROWS_OF_NOISE, EQUALLY = 5, (0.01, 0.05)
#: but not at this many leaves or fewer, where curves are not smooth
SETTLED = 100


class Curve(NamedTuple):
    """The held-out loss of models of increasing size.

    Parameters
    ----------
    n_leaves : list of int
        The first model has no tree.
    loss : list of float
        Weighted sums over the held-out rows.
    n_rows : int
        Number of held-out rows.
    """

    n_leaves: list[int]
    loss: list[float]
    n_rows: int = 1000

    def at(self, sizes: Array) -> Array:
        """The loss at given numbers of leaves, interpolated."""
        leaves = np.maximum.accumulate(np.maximum(self.n_leaves, 1))
        return np.interp(np.log(sizes), np.log(leaves), self.loss)

    @property
    def has_ended(self) -> bool:
        """Whether larger models are hardly better than the best one so far."""
        if self.n_leaves[-1] <= SETTLED:
            return False
        loss, least = np.array(self.loss), min(self.loss)
        reduction = loss[0] - least
        equally = float(np.clip(ROWS_OF_NOISE / self.n_rows, *EQUALLY))
        enough = int(np.argmax(loss <= least + equally * min(least, reduction)))
        far = self.n_leaves[-1] > FAR_BEYOND * max(1, self.n_leaves[enough])
        return bool(far or loss[-1] - least > LOST_AGAIN * reduction)


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
    curve, leaf_penalty = Curve([], [], len(rows)), first_penalty

    def record() -> None:
        raw_prediction = descent.state.raw_prediction
        calibration = calibrate(descent.loss, raw_prediction, rows, held_out[rows])
        curve.n_leaves.append(descent.n_leaves)
        curve.loss.append(calibration.loss)

    record()
    while leaf_penalty > min_penalty * descent.noise():
        more = forward(leaf_penalty)
        if descent.n_trees:
            record()
        if curve.has_ended or not more or descent.n_leaves > max_leaves:
            break
        leaf_penalty /= PENALTY_FACTOR**STRIDE
    return curve


def best_factor(trials: Sequence[Trial], search: Search) -> float:
    """The factor with the least held-out loss.

    Some factors are tried, and then further ones while the first or the last one may be
    the best. The vertex of the parabola through the best one and its neighbours is
    returned.

    Parameters
    ----------
    trials : list of callable
        One for each fold.
    search : Search
    """
    sizes = np.geomspace(SMALLEST, LARGEST, N_SIZES)
    curves: dict[float, Array] = {}
    constant, factors = 0.0, list(search.first)
    while factors:
        for factor in factors:
            found = [trial(factor) for trial in trials]
            curves[factor] = np.array([curve.at(sizes) for curve in found])
            constant = sum(curve.loss[0] for curve in found)
        losses = _losses(curves, constant)
        factors = _further_factors(losses, search)
    tried = np.array(sorted(losses))
    return _vertex(tried, np.array([losses[factor].sum() for factor in tried]))


def _losses(curves: dict[float, Array], constant: float) -> dict[float, Array]:
    """The mean loss of each factor in each fold: (n_folds,).

    The mean is over sizes that are equally spaced in their log. A curve that ends early
    counts with its last model at all larger sizes. Only sizes count at which some model
    is nearly as good as the best of all, since a rule chooses among these.

    Parameters
    ----------
    curves : dict of float to ndarray of shape (n_folds, n_sizes)
    constant : float
        The loss of the model without trees.
    """
    least = np.min([curve.sum(axis=0) for curve in curves.values()], axis=0)
    best = least.min()
    near = least <= best + NEARLY * min(best, max(constant - best, 0.0))
    return {factor: curve[:, near].mean(axis=1) for factor, curve in curves.items()}


def _further_factors(losses: dict[float, Array], search: Search) -> list[float]:
    """The next factor to try: beyond the first or the last one, if that may be best.

    It may be best if its loss is within one standard error, over the folds, of the
    least loss. With the least loss alone, the search stopped at flat curves.
    """
    best = min(losses, key=lambda factor: float(losses[factor].sum()))

    def may_be_best(factor: float) -> bool:
        difference = losses[factor] - losses[best]
        error = 0.0
        if len(difference) > 1:
            error = float(difference.std(ddof=1)) * len(difference) ** 0.5
        return factor == best or float(difference.sum()) < error

    first, last = min(losses), max(losses)
    if first > search.lowest and may_be_best(first):
        return [first / STEP]
    if last < search.highest and may_be_best(last):
        return [last * STEP]
    return []


def _vertex(factors: Array, losses: Array) -> float:
    """The minimum of the parabola through the best factor and its neighbours."""
    best = int(np.argmin(losses))
    if not 0 < best < len(factors) - 1:
        return float(factors[best])
    before, least, after = losses[best - 1 : best + 2]
    curvature = before - 2 * least + after
    shift = (before - after) / (2 * curvature) if curvature > 0 else 0.0
    return float(factors[best] * STEP**shift)
