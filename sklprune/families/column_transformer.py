"""`ColumnTransformer`: the columns that it reads, and its clone for fewer columns."""

from typing import Any

import numpy as np

from sklprune._registry import family_of, register_family
from sklprune._typing import Array, Estimator
from sklprune.families._base import Family
from sklprune.families._column_parameters import clone_for_columns
from sklprune.families._column_values import follow_list


class ColumnTransformerFamily(Family):
    """`ColumnTransformer` as a step of a pipeline.

    Its number of features is that of the columns that some transformer reads. Dropped
    columns are not counted.
    """

    classes = ("ColumnTransformer",)

    def takes_nan(self, estimator: Estimator) -> bool:
        # each of its transformers checks its own columns
        return True

    def counts(self, estimator: Estimator) -> dict[str, float]:
        needed: set[int] = set()
        for name, transformer, _ in estimator.transformers_:
            if isinstance(transformer, str) and transformer == "drop":
                continue
            needed.update(estimator._transformer_to_input_indices[name])
        return {"features": len(needed)}

    def narrow(self, estimator: Estimator, columns: Array, names: Array) -> Estimator:
        apart = [name for name, _, _ in estimator.transformers]
        narrowed = clone_for_columns(estimator, columns, names, apart)
        transformers = [
            (
                name,
                _narrowed(transformer, chosen, columns, names),
                _follow(chosen, columns, names),
            )
            for name, transformer, chosen in narrowed.transformers
        ]
        return narrowed.set_params(transformers=transformers)


def _narrowed(transformer: Any, chosen: Any, columns: Array, names: Array) -> Any:
    """A transformer for those of its columns that are kept, in their new order."""
    if isinstance(transformer, str):
        return transformer
    if callable(chosen):
        # its columns are not known before a fit: only to raise errors
        family_of(transformer).narrow(transformer, np.arange(len(names)), names)
        return transformer
    positions, in_order = _chosen_positions(chosen, names)
    kept = np.flatnonzero(np.isin(positions, columns))
    if len(kept) == 0:
        return transformer
    if not in_order:
        kept = kept[np.argsort(positions[kept], kind="stable")]
    return family_of(transformer).narrow(transformer, kept, names[positions])


def _chosen_positions(chosen: Any, names: Array) -> tuple[Array, bool]:
    """The positions of columns, and whether `_follow` keeps their order."""
    if isinstance(chosen, slice):
        return np.array(_positions(chosen, names), dtype=int), False
    if isinstance(chosen, (str, int, np.integer)):
        chosen = [chosen]
    chosen = np.asarray(chosen)
    if chosen.dtype == bool:
        return np.flatnonzero(chosen), False
    if chosen.dtype.kind in "iu":
        return chosen % len(names), False
    index = {name: i for i, name in enumerate(names)}
    known = [index[name] for name in chosen.tolist() if name in index]
    return np.array(known, dtype=int), True


def _follow(chosen: Any, columns: Array, names: Array) -> Any:
    """The columns of one transformer in a table of the kept columns."""
    if callable(chosen):
        # the fit calls it with the smaller table
        return chosen
    if isinstance(chosen, slice):
        chosen = _positions(chosen, names)
    if isinstance(chosen, (str, int, np.integer)):
        # its transformer receives a vector: it must not become a list of one column
        kept = follow_list([chosen], columns, names)
        return [] if kept is None else kept[0]
    kept = None if len(chosen) == 0 else follow_list(chosen, columns, names)
    return [] if kept is None else kept


def _positions(chosen: slice, names: Array) -> list[int]:
    """The positions of a slice of positions or of names."""
    if isinstance(chosen.start, str) or isinstance(chosen.stop, str):
        known = names.tolist()
        start = 0 if chosen.start is None else known.index(chosen.start)
        stop = len(known) if chosen.stop is None else known.index(chosen.stop) + 1
        return list(range(start, stop, chosen.step or 1))
    return list(range(*chosen.indices(len(names))))


register_family(ColumnTransformerFamily())
