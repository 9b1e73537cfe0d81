"""How far the splits agree on which columns are kept."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklprune._typing import Array


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


def unpacked(masks: Any, n_columns: int) -> Any:
    """The masks that `packed` has made: an array (..., n_columns) of bool.

    Parameters
    ----------
    masks : array-like of shape (..., n_bytes), uint8
    n_columns : int
    """
    return np.unpackbits(np.asarray(masks), axis=-1, count=n_columns).astype(bool)


@dataclass(frozen=True)
class Selections:
    """The columns along a path, on all splits.

    Parameters
    ----------
    names : ndarray of shape (n_columns,)
    packed_masks : ndarray of shape (n_ratios, n_splits, n_bytes), uint8
        The `packed` mask of the kept columns at each ratio on each split.
    importances : ndarray of shape (n_splits, n_columns)
        What the columns were ordered by.
    chosen : int
        The position of the chosen ratio.
    support : ndarray of shape (n_columns,), bool
        The columns that the result keeps.
    """

    names: Array
    packed_masks: Array
    importances: Array
    chosen: int
    support: Array

    @property
    def shares(self) -> Array:
        """Share of the splits that keep each column: (n_ratios, n_columns)."""
        masks = unpacked(self.packed_masks, len(self.names))
        return np.asarray(masks.mean(axis=1))


def selections_of(choice: Any, names: Array, support: Array) -> Selections | None:
    """The columns along a path; None for other units, and where no rows were held out.

    Parameters
    ----------
    choice : Choice
    names : ndarray of shape (n_columns,)
    support : ndarray of shape (n_columns,), bool
        The columns that the result keeps.
    """
    if choice.selections is None or choice.position is None:
        return None
    masks, importances = choice.selections
    return Selections(
        names, np.array(masks), np.asarray(importances), choice.position, support
    )


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
    masks = unpacked(kept, len(names))
    shares = masks.mean(axis=0).tolist()
    return {
        "measure": nogueira(masks),
        "kept": {str(name): share for name, share in zip(names, shares)},
    }
