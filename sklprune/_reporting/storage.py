"""The two forms in which weights can be stored: dense or sparse arrays."""

import copy
import math
from typing import Any

from sklearn.frozen import FrozenEstimator

from sklprune._registry import family_of
from sklprune._typing import Estimator


def stored_otherwise(model: Estimator, needed: bool = True) -> tuple[str, Estimator]:
    """The other form in which weights can be stored, and a model with this form.

    Parameters
    ----------
    model : estimator
        A fitted plain model; weights may be those of a model inside.
    needed : bool, default=True
        Whether the copy is needed.

    Returns
    -------
    tuple of str and estimator
        "dense" or "sparse", and a copy. "" and the model itself if a copy is not
        needed, if it has no weights, or if it cannot predict with sparse ones.
    """
    core = family_of(model).core(model)
    family = family_of(core)
    if not needed or "sparse_weights" not in family.capabilities(core):
        return "", model
    if family.has_sparse_weights(core):
        return "dense", _with_core(model, core, family.with_dense_weights(core))
    return "sparse", _with_core(model, core, family.with_sparse_weights(core))


def _with_core(value: Any, core: Estimator, new: Estimator) -> Any:
    """A model, or a list of its steps, with another innermost model.

    Nothing else is copied.
    """
    if value is core:
        return new
    if type(value) in (list, tuple):
        return type(value)(_with_core(each, core, new) for each in value)
    if not hasattr(value, "get_params") or isinstance(value, (type, FrozenEstimator)):
        # nothing is pruned inside a frozen step
        return value
    if family_of(value).core(value) is not core:
        return value
    copied = copy.copy(value)
    for name, part in vars(value).items():
        setattr(copied, name, _with_core(part, core, new))
    return copied


def notes_on_storage(costs: dict[str, Any]) -> list[str]:
    """A sentence that compares the two forms, where sparse arrays matter.

    Parameters
    ----------
    costs : dict of {str: Cost}
        Of the model with "dense" and "sparse" weights; the first is the form it has.
        May be empty.
    """
    if not costs:
        return []
    (form, stored), (other, otherwise) = costs.items()
    if form == "dense" and otherwise.file_bytes >= stored.file_bytes:
        return []
    note = (
        f"The weights are stored as {form} arrays: the file has {stored.file_bytes:,} "
        f"bytes, and {otherwise.file_bytes:,} with storage={other!r}"
    )
    if not math.isnan(stored.latency_per_row):
        own, theirs = (
            f"{1e6 * each.latency_one_row:,.0f} and {1e6 * each.latency_per_row:,.2f}"
            for each in (stored, otherwise)
        )
        note += (
            f". One row, and a row of many, take {own} microseconds, and {theirs} with "
            f"storage={other!r}"
        )
    return [note + "."]
