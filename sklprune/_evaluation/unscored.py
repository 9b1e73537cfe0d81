"""The table of a path without a choice: sizes of the unpruned model and the result."""

import numpy as np

from sklprune._cost import sizes
from sklprune._plain import stripped


def unscored_table(dense, models, store_path):
    """The columns of `PruningPath.frame` that need no scores, for a given ratio.

    Parameters
    ----------
    dense : Dense
        The unpruned model.
    models : list of Pruned
        The result, and the other models of a stored path.
    store_path : bool
        Whether file sizes are measured.

    Returns
    -------
    dict of ndarray
    """
    count = len(models[0].candidate.keep)
    rows = [(0.0, count, stripped(dense.model))] + [
        (each.candidate.ratio, int(each.candidate.keep.sum()), each.model)
        for each in models
        if not each.candidate.keep.all()
    ]
    names = ("parameters", "nonzero", *(("file_bytes",) if store_path else ()))
    measured = [sizes(model, names) for _, _, model in rows]
    return {
        "ratio": np.array([ratio for ratio, _, _ in rows]),
        "units": np.array([n_kept for _, n_kept, _ in rows], dtype=float),
    } | {name: np.array([each[name] for each in measured]) for name in names}
