"""`ColumnTransformer`: which columns it reads, and how it follows those that stay."""

import numpy as np

from sklprune.families._base import Family
from sklprune.families._column_parameters import follow_list


class ColumnTransformerFamily(Family):
    """Its columns are those that some transformer reads; dropped ones do not count."""

    classes = ("ColumnTransformer",)

    def takes_nan(self, estimator):
        return True  # each of its transformers says for itself

    def counts(self, estimator):
        needed = set()
        for name, transformer, _ in estimator.transformers_:
            if isinstance(transformer, str) and transformer == "drop":
                continue
            needed.update(estimator._transformer_to_input_indices[name])
        return {"features": len(needed)}

    def narrow(self, estimator, columns, names):
        narrowed = super().narrow(estimator, columns, names)
        transformers = [
            (name, transformer, _follow(chosen, columns, names))
            for name, transformer, chosen in narrowed.transformers
        ]
        return narrowed.set_params(transformers=transformers)


def _follow(chosen, columns, names):
    """The columns of one transformer in a table of those that stay."""
    if callable(chosen):  # asked anew, of the smaller table
        return chosen
    if isinstance(chosen, slice):
        chosen = _positions(chosen, names)
    if isinstance(chosen, (str, int, np.integer)):
        # a single column is handed on as a vector, and stays a single column or goes
        kept = follow_list([chosen], columns, names)
        return [] if kept is None else kept[0]
    kept = None if len(chosen) == 0 else follow_list(chosen, columns, names)
    return [] if kept is None else kept


def _positions(chosen, names):
    """A slice of positions or of names, as positions."""
    if isinstance(chosen.start, str) or isinstance(chosen.stop, str):
        known = names.tolist()
        start = 0 if chosen.start is None else known.index(chosen.start)
        stop = len(known) if chosen.stop is None else known.index(chosen.stop) + 1
        return list(range(start, stop, chosen.step or 1))
    return list(range(*chosen.indices(len(names))))
