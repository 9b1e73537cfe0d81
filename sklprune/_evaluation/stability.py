"""How far the splits agree on which columns are kept."""

from typing import Any

import numpy as np


def nogueira(kept: Any) -> float:
    """Stability of a selection: 1 if it is always the same, about 0 if it is random.

    Parameters
    ----------
    kept : ndarray of shape (n_splits, n_columns), bool

    Returns
    -------
    float
        NaN for one split, or if all columns or none are kept.

    References
    ----------
    Nogueira, Sechidis and Brown, On the stability of feature selection algorithms,
    Journal of Machine Learning Research 18, 2018 (definition 4).

    Examples
    --------
    >>> import numpy as np
    >>> nogueira(np.array([[True, False, False], [True, False, False]]))
    1.0
    """
    kept = np.asarray(kept, dtype=float)
    n_splits, n_columns = kept.shape
    share = kept.sum() / kept.size
    if n_splits < 2 or share in (0.0, 1.0):
        return float("nan")
    frequency = kept.mean(axis=0)
    variance = n_splits / (n_splits - 1) * frequency * (1 - frequency)
    return float(1 - variance.mean() / (share * (1 - share)))


def packed(keep: Any) -> Any:
    """A mask in an eighth of the bytes."""
    return np.packbits(keep)


def stability_of(kept: Any, names: Any) -> dict[str, Any] | None:
    """What a report shows about the selections of several splits.

    Parameters
    ----------
    kept : list of ndarray or None
        The `packed` mask of the kept columns on each split.
    names : ndarray of shape (n_columns,)

    Returns
    -------
    dict or None
        `measure` is that of `nogueira`, and `kept` the share of the splits that keep
        each column. None with one split.
    """
    if kept is None or len(kept) < 2:
        return None
    masks = np.array([np.unpackbits(each, count=len(names)) for each in kept])
    shares = masks.mean(axis=0).tolist()
    return {
        "measure": nogueira(masks),
        "kept": {str(name): share for name, share in zip(names, shares)},
    }
