"""What a model is worth on held-out rows, and the table that a rule sees."""

import numpy as np
from sklearn.metrics.cluster import contingency_matrix

from sklprune._cost import counts
from sklprune._units import score
from sklprune.rules import standard_error

#: blocks of rows for a standard error where there is one split
N_BLOCKS = 10


def table_of(ratios, splits):
    """The table of `sklprune.rules`.

    Parameters
    ----------
    ratios : list of float
        The first one is 0.
    splits : list of list of dict
        For each split what `row_of` says at each ratio.

    Returns
    -------
    dict of ndarray
    """
    rows = [[rows[i] for rows in splits] for i in range(len(ratios))]
    table = {"ratio": np.array(ratios)}
    for name in ("units", "parameters", "nonzero"):
        table[name] = np.array([np.mean([cell[name] for cell in row]) for row in rows])
    table["score_mean"] = np.array(
        [np.mean([cell["score"] for cell in row]) for row in rows]
    )
    table["scores"] = np.array(
        [np.concatenate([cell["parts"] for cell in row]) for row in rows]
    )
    table["score_se"] = standard_error(table["scores"])
    table["difference_mean"] = table["score_mean"] - table["score_mean"][0]
    table["difference_se"] = standard_error(table["scores"] - table["scores"][0])
    return table


def row_of(pruned, held_out, blocks):
    """What the table says of one model on one split."""
    score, parts = _score(pruned.model, held_out, blocks)
    sizes = {"parameters": np.nan, "nonzero": np.nan} | counts(pruned.model)
    units = int(pruned.candidate.keep.sum())
    return sizes | {"score": score, "parts": parts, "units": units}


def _score(model, task, blocks):
    """A score, and the parts that its standard error comes from.

    Without blocks the one part is the score itself. With blocks they are the
    pseudo-values of the jackknife over them, whose mean has the standard error of
    the jackknife (Efron and Stein 1981); of a mean they are the means of the blocks.
    """
    whole = score(model, task)
    if blocks is None:
        return whole, [whole]
    n = blocks.max() + 1
    left_out = [score(model, task.take(np.flatnonzero(blocks != b))) for b in range(n)]
    return whole, n * whole - (n - 1) * np.array(left_out)


def blocks_of(task, classifier):
    """A block for each row, (n_rows,): about equal in size and in y, groups whole.

    None where leaving out a block would leave out a class, or too few rows to score.
    """
    n_rows = task.n_samples
    y = np.zeros(n_rows) if task.y is None else np.asarray(task.y)
    codes = np.unique(y.reshape(n_rows, -1)[:, 0], return_inverse=True)[1].ravel()
    # neighbours in y go to different blocks
    unit, blocks = np.arange(n_rows), np.empty(n_rows, dtype=int)
    blocks[np.argsort(codes, kind="stable")] = np.arange(n_rows) % N_BLOCKS
    if task.groups is not None:
        unit = np.unique(task.groups, return_inverse=True)[1].ravel()
        blocks = unit % N_BLOCKS
    blocks = np.unique(blocks, return_inverse=True)[1].ravel()
    rest = n_rows - np.bincount(blocks)
    if unit.max() < 1 or rest.min() < 2:
        return None
    if classifier:
        rows_of_class = contingency_matrix(codes, blocks)
        if (rows_of_class.max(axis=1) == rows_of_class.sum(axis=1)).any():
            return None
    return blocks
