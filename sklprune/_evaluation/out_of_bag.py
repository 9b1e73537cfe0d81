"""Out-of-bag predictions of an ensemble, and their score extrapolated to all members.

A row is out of bag for about a third of the members. The mean of fewer members has a
worse score than that of all members. `OutOfBag.extrapolated` estimates the score that
all members would have on rows that none of them was fitted on.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from sklprune._predictions import CachedPredictions

#: how often the out-of-bag members of each row are halved
N_HALVINGS = 2
#: the gain of a doubling is at most this share of the gain of the one before: squared
#: error falls by 1 / n_members
MAX_SHARE = 0.5


class OutOfBag(NamedTuple):
    """Predictions of an ensemble for training rows, by members not fitted on them.

    Parameters
    ----------
    predictions : CachedPredictions
        By all out-of-bag members of each row.
    by_halves, by_quarters : list of CachedPredictions
        By a half and by a quarter of these members.
    targets : CachedPredictions
        The targets as predictions: they have the best attainable score.
    n_more : float
        The number of doublings from the out-of-bag members to all members.
    """

    predictions: CachedPredictions
    by_halves: list
    by_quarters: list
    targets: CachedPredictions
    n_more: float

    def extrapolated(self, score, score_and_parts):
        """The score that all members would have on rows that none was fitted on.

        Two gains are known: from a quarter of the out-of-bag members to a half, and
        from a half to all of them. Each further doubling is assumed to gain the same
        share of the previous gain. The share is a half for squared error,
        which is the largest value used. It is less for log loss, where one member that
        is certain and wrong determines the loss. The result is bounded by the score of
        the targets.

        Parameters
        ----------
        score : callable
            `score(model)`, a float.
        score_and_parts : callable
            `score_and_parts(model)`: the same float, and the parts from which its
            standard error is computed, of shape (n_parts,).

        Returns
        -------
        score : float
        parts : ndarray of shape (n_parts,)

        References
        ----------
        Lopes, Wu and Lee, Measuring the algorithmic convergence of randomized
        ensembles: the regression setting, arXiv:1908.01251, 2019 (errors of many
        members from those of few).
        """
        whole, parts = score_and_parts(self.predictions)
        halves, parts_of_halves = zip(*map(score_and_parts, self.by_halves))
        half = np.mean(halves)
        quarter = np.mean([score(model) for model in self.by_quarters])
        factor = extrapolation_factor(whole - half, half - quarter, self.n_more)
        extrapolated = whole + factor * (whole - half)
        bounded = min(extrapolated, max(whole, score(self.targets)))
        gains = np.array(parts) - np.mean(parts_of_halves, axis=0)
        return float(bounded), parts + factor * gains + (bounded - extrapolated)


def extrapolation_factor(last, before, n_more):
    """The gain of `n_more` further doublings, relative to the last gain.

    It is the sum of a geometric series. Its ratio is `last / before`, at most a half.
    """
    falls = 0 < last < before * MAX_SHARE
    share = last / before if falls else MAX_SHARE
    return share * (1 - share**n_more) / (1 - share)


def out_of_bag(family, model, task, rows):
    """Out-of-bag predictions of a fitted ensemble for some of its training rows.

    Parameters
    ----------
    family, model : Family, estimator
    task : Task
        Some of the rows that the model was fitted on.
    rows : ndarray of shape (n_rows,), int
        Their positions among all of these rows.

    Returns
    -------
    OutOfBag
    """
    unseen = family.out_of_bag(model)[rows]
    # rows that every member was fitted on are predicted by all members
    unseen[~unseen.any(axis=1)] = True
    rng = check_random_state(task.random_state)
    halves = [half for _ in range(N_HALVINGS) for half in halves_of(unseen, rng)]
    quarters = [quarter for half in halves for quarter in halves_of(half, rng)]
    selections = np.stack([unseen, *halves, *quarters])
    raw = family.raw_predictions_by(model, task.X, selections)
    predictions, *others, targets = [
        CachedPredictions(model, partial(family.response, model, each))
        for each in [*raw, family.targets(model, task.y)]
    ]
    # the excess squared error of a row is inversely proportional to its members
    n_more = np.log2(unseen.shape[1] * (1 / unseen.sum(axis=1)).mean())
    parts = others[: len(halves)], others[len(halves) :]
    return OutOfBag(predictions, *parts, targets, n_more)


def halves_of(selected, rng):
    """Two random halves of the selected members of each row; a single one twice.

    `selected` and both halves are masks of shape (n_rows, n_members).
    """
    order = np.where(selected, rng.random_sample(selected.shape), 2.0).argsort(axis=1)
    rank = order.argsort(axis=1)
    n_members = selected.sum(axis=1, keepdims=True)
    first = rank < np.maximum(n_members // 2, 1)
    second = (rank >= n_members // 2) & (rank < n_members)
    return first, second
