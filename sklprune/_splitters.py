"""The splitter that a parameter `cv` stands for, checked."""

import numbers
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, check_cv

from sklprune._typing import CV, ArrayLike

MIN_FOLDS = 2


def splitter_of(
    cv: CV,
    y: ArrayLike | None,
    classifier: bool,
    owner: str = "",
    groups: ArrayLike | None = None,
) -> Any:
    """The splitter for a number of folds, a splitter, or pairs of rows.

    Parameters
    ----------
    cv : int, splitter or iterable
    y : array-like of shape (n_rows,) or None
    classifier : bool
        Whether folds are stratified.
    owner : str
        The class of the parameter, for the error; "" for a meta-estimator.
    groups : array-like of shape (n_rows,) or None
        They are kept whole if `cv` is a number of folds.

    Raises
    ------
    ValueError
        For any other value.
    """
    given = cv
    if isinstance(cv, numbers.Integral):
        allowed = int(cv) >= MIN_FOLDS and not isinstance(cv, bool)
    elif isinstance(cv, (str, bytes)) or not hasattr(cv, "split"):
        cv = list(cv) if np.iterable(cv) else cv
        allowed = isinstance(cv, list) and all(map(_is_pair, cv))
    else:
        allowed = True
    if not allowed:
        name = f"{owner}(cv={given!r}): cv" if owner else f"cv={given!r}"
        raise ValueError(
            f"{name} must be a whole number, at least {MIN_FOLDS}, a splitter, or an "
            "iterable of pairs (first rows, second rows)."
        )
    if isinstance(cv, numbers.Integral) and groups is not None:
        stratify = classifier and y is not None
        return StratifiedGroupKFold(cv) if stratify else GroupKFold(cv)
    return check_cv(cv, y, classifier=classifier)


def _is_pair(value: Any) -> bool:
    return hasattr(value, "__len__") and len(value) == 2
