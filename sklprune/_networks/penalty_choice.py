"""Chooses the strength of the L2 penalty of a network on held-out rows."""

from collections.abc import Sequence

import numpy as np

from sklprune._networks.layer import Layer
from sklprune._networks.problem import LOSSES, Problem
from sklprune._networks.training import by_lbfgs
from sklprune._progress import tracked
from sklprune._typing import Array

#: strengths relative to the mean loss, the strongest first
STRENGTHS = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5)
#: iterations of L-BFGS for each strength, from the weights of the last one
ITERATIONS = 60
#: the search ends after this number of strengths without a lower loss
PATIENCE = 2
#: fraction of the rows that are held out
HELD_OUT = 0.25
#: penalties whose loss differs by fewer standard errors from the best count as equal
N_ERRORS = 2
#: with more rows the search is too slow; with few of many rows, it finds too strong a
#: penalty, since a network that is too small for all rows overfits those
MAX_ROWS = 20_000


def chosen_strength(
    layers: Sequence[Layer],
    masks: Sequence[Array],
    problem: Problem,
    rng: np.random.RandomState,
) -> float:
    """The strongest L2 penalty within two standard errors of the best held-out loss.

    The unpruned network was usually fitted on the held-out rows too, and these chose
    the kept weights. This favours weak penalties, which change the network least. The
    search therefore starts with the strongest penalty, and each weaker one starts from
    its weights. The strongest of about equal penalties is chosen.

    Parameters
    ----------
    layers : list of Layer
        The starting point; it is not changed.
    masks : list of ndarray of bool
        For each layer, the weights that are trained.
    problem : Problem
        All rows, with the penalty of the model. That penalty is the weakest candidate.
    rng : RandomState
        It draws the rows of the search, and those that are held out.

    Returns
    -------
    float
        The strength for all rows, relative to the mean loss. It times the number of
        rows is the same as in the search.
    """
    n_rows = len(problem.targets)
    order = rng.permutation(n_rows)[:MAX_ROWS]
    n_held_out = int(HELD_OUT * len(order))
    own = float(np.max(problem.l2))
    if n_held_out < 2:
        return own
    held_out, problem = (problem.take(rows) for rows in np.split(order, [n_held_out]))
    weaker = len(problem.targets) / n_rows
    strengths = [each for each in STRENGTHS if each * weaker > own] + [own / weaker]
    losses: list[Array] = []
    lowest, waited = np.inf, 0
    for strength in tracked(strengths, "strengths of the penalty"):
        current = problem._replace(l2=np.float32(strength))
        layers = by_lbfgs(layers, masks, current, max_iter=ITERATIONS)
        losses.append(_losses_of_rows(held_out, layers))
        waited = 0 if losses[-1].mean() < lowest else waited + 1
        lowest = min(lowest, losses[-1].mean())
        if waited == PATIENCE:
            break
    return strengths[_strongest_equal(np.array(losses))] * weaker


def _losses_of_rows(problem: Problem, layers: Sequence[Layer]) -> Array:
    outputs = problem.forward(layers)[-1]
    return np.asarray(problem.weight * LOSSES[problem.last](outputs, problem.targets))


def _strongest_equal(losses: Array) -> int:
    """The first strength that is about as good as the best one.

    The standard error is that of the mean difference to the best strength, over the
    rows: `losses` has the shape (n_strengths, n_rows).
    """
    differences = losses - losses[losses.mean(axis=1).argmin()]
    error = differences.std(axis=1, ddof=1) / np.sqrt(losses.shape[1])
    return int(np.flatnonzero(differences.mean(axis=1) <= N_ERRORS * error)[0])
