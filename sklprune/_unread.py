"""Removes the columns that a pruned model no longer reads, with the same predictions.

The model must not change for any row. Each family states which of its columns can be
removed exactly: see `families/_column_links.py`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from sklprune._column_step import column_step
from sklprune._registry import family_of
from sklprune._sklearn_private import num_features, num_samples, safe_indexing
from sklprune._typing import Array, Estimator, MatrixLike

#: number of rows on which the predictions are compared
N_COMPARED = 200
#: the predictions that are compared
RESPONSES = ("predict", "predict_proba", "decision_function", "transform")
#: differences of sums whose terms are added in another order
TOLERANCE = {"rtol": 1e-6, "atol": 1e-9}


@dataclass(frozen=True)
class Unread:
    """What was, or could be, removed from a model because nothing reads it.

    Parameters
    ----------
    names : tuple of str
        Columns that the innermost model no longer receives. For texts they are terms.
    kept : tuple of str
        Why some columns are kept that the innermost model does not read: clauses.
    """

    names: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def removable_columns(model: Estimator) -> Array | None:
    """The columns of the innermost model that `without_unread` would remove.

    Parameters
    ----------
    model : estimator
        A fitted plain model.

    Returns
    -------
    ndarray of shape (n_inner_columns,), bool, or None
        None where it is not known which columns are read.
    """
    family = family_of(model)
    core = family.core(model)
    unread: Any = family_of(core).unread_columns(core)
    if unread is None:
        return None
    inputs = family.linked_columns(model, family.no_input(model))[0]
    kept = family.inner_columns(model, inputs)
    if kept is None or len(kept) != len(unread):
        return np.zeros_like(unread)
    return np.logical_not(kept)


def _unread_of(model: Estimator) -> Unread:
    """What can be removed from a model, and why the rest is kept."""
    family, removable = family_of(model), removable_columns(model)
    if removable is None:
        return Unread()
    core = family.core(model)
    unread: Any = family_of(core).unread_columns(core)
    names: tuple[str, ...] = ()
    if removable.any():
        names = tuple(str(name) for name in family.input_names(model)[removable])
    reasons = family.reasons_to_keep(model) if (unread & ~removable).any() else []
    return Unread(names, tuple(dict.fromkeys(reasons)))


def without_unread(model: Estimator, X: MatrixLike) -> tuple[Estimator, Unread]:
    """A copy without the columns that no prediction reads, and what was removed.

    Parameters
    ----------
    model : estimator
        A fitted plain model.
    X : array-like of shape (n_samples, n_features)
        Rows in the form in which the model receives them.

    Returns
    -------
    model : estimator
        The given one if nothing can be removed.
    unread : Unread
    """
    unread = _unread_of(model)
    n_columns = _width(X)
    inputs = None if n_columns is None else np.zeros(n_columns, dtype=bool)
    inputs = family_of(model).linked_columns(model, inputs)[0]
    smaller = _on_columns(model, inputs, X)
    if smaller is model:
        return model, Unread((), unread.kept)
    if not _predicts_the_same(model, smaller, X):
        reason = "its predictions would have changed on some rows"
        return model, Unread((), (*unread.kept, reason))
    return smaller, unread


def _on_columns(model: Estimator, inputs: Any, X: MatrixLike) -> Estimator:
    family = family_of(model)
    if inputs is None:
        return family.on_columns(model, None)
    if family.selects_columns(model):
        # it selects among all columns by itself
        return family.on_columns(model, np.ones_like(inputs))
    smaller = family.on_columns(model, inputs)
    if smaller is model or inputs.all():
        return smaller
    step = column_step(np.flatnonzero(inputs), X)
    return Pipeline([("columns", step), ("model", smaller)])


def _width(X: Any) -> int | None:
    """The number of columns of X; None for rows without columns, such as texts."""
    try:
        return int(num_features(X))
    except TypeError:
        return None


def _predicts_the_same(model: Estimator, smaller: Estimator, X: MatrixLike) -> bool:
    """Whether two models have the same predictions on some rows."""
    rows = np.unique(np.linspace(0, num_samples(X) - 1, N_COMPARED).astype(int))
    some = safe_indexing(X, rows)
    for name in RESPONSES:
        if hasattr(model, name):
            try:
                before = getattr(model, name)(some)
            except Exception:  # noqa: BLE001  a response that the model does not give
                continue
            try:
                after = getattr(smaller, name)(some)
            except Exception:  # noqa: BLE001  a step that does not accept fewer columns
                return False
            if not _equal(before, after):
                return False
    return True


def _equal(before: Any, after: Any) -> bool:
    if isinstance(before, list):
        return all(map(_equal, before, after))
    if hasattr(before, "toarray"):
        before, after = before.toarray(), after.toarray()
    before, after = np.asarray(before), np.asarray(after)
    if before.dtype.kind not in "fc":
        return np.array_equal(before, after)
    scale = np.nanmax(np.abs(before), initial=0.0)
    absolute = TOLERANCE["atol"] * max(1.0, float(scale))
    return np.allclose(before, after, TOLERANCE["rtol"], absolute, equal_nan=True)
