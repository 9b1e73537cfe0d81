"""`ColumnTransformer`: the columns that it reads, and its clone for fewer columns."""

from typing import Any

import numpy as np

from sklprune._registry import register_family
from sklprune._typing import Array, Estimator
from sklprune.families._base import Family
from sklprune.families._column_parameters import follow_list


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
        narrowed = super().narrow(estimator, columns, names)
        transformers = [
            (name, transformer, _follow(chosen, columns, names))
            for name, transformer, chosen in narrowed.transformers
        ]
        return narrowed.set_params(transformers=transformers)


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
