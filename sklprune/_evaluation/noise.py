"""Candidates that a rule may choose, if some columns are hardly better than noise.

The score of a candidate hardly changes with a column without information. The best
score of many candidates is therefore often that of one with many such columns. The
importances of columns have less noise, since they compare the same rows.
"""

import numpy as np
from scipy.stats import t as student_t

from sklprune._evaluation.stability import unpacked
from sklprune._rule import standard_error

#: level of the t test by which a candidate with noise must have a better score
LEVEL = 0.01
#: standard errors of the unpruned model's score that the floor may cost. A smaller loss
#: is often chance. The error of a paired difference would allow a large loss where few
#: columns are good in some splits only.
MOST_LOST = 2.5
#: from this mean number of columns on, a candidate has noise
N_COLUMNS = 1.0


def without_noise(table, kept, importances, floor):
    """Mask of the candidates without columns below a floor, and of better ones.

    The floor must not cost more than two and a half standard errors of the unpruned
    model's score. If all candidates without noise are worse than that, those with the
    least noise are used that are not.

    If the best candidate of all has columns below the floor, those without such columns
    must be within one standard error of it, or the best of their kind.

    Parameters
    ----------
    table : dict of ndarray
        As in `sklprune.rules`.
    kept : list of list of ndarray
        For each ratio and split the `packed` mask of the kept columns.
    importances : ndarray of shape (n_splits, n_columns)
    floor : float
        Columns with an importance up to it are noise. Those that the smallest candidate
        keeps do not count: they are always kept, or there are no others.

    Returns
    -------
    ndarray of shape (n_ratios,), bool
    """
    masks = unpacked(kept, importances.shape[1])
    noise = (masks & (importances <= floor)).sum(axis=-1).mean(axis=-1)
    clean = noise - noise[-1] < N_COLUMNS
    mean = table["score_mean"]
    if np.isnan(mean).any():
        return np.ones(len(mean), bool)
    n_scores = table["scores"].shape[1]
    # without a standard error, no difference is known to be more than noise
    lost = MOST_LOST * np.nan_to_num(standard_error(table["scores"][0]))
    enough = (mean >= mean[0] - lost) | (n_scores < 2)
    if not (clean & enough).any():
        clean = enough & (noise - noise[enough].min() < N_COLUMNS)
    top, best = int(np.argmax(mean)), _best(mean, clean & enough)
    if top == best:
        return clean
    # a rule that prefers small candidates must not go further down from the best one
    near = enough & _near(table["scores"], top)
    near[best] = True
    if n_scores < 2:
        return clean & near
    difference = table["scores"] - table["scores"][best]
    least = student_t.isf(LEVEL, n_scores - 1) * standard_error(difference)
    return clean & near | (difference.mean(axis=1) > least)


def _best(mean, among):
    """The position of the best candidate among those of a mask."""
    return int(np.argmax(np.where(among, mean, -np.inf)))


def _near(scores, position):
    """Which candidates are within one paired standard error of one of them, a mask."""
    difference = scores - scores[position]
    return difference.mean(axis=1) >= -np.nan_to_num(standard_error(difference))
