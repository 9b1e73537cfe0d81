"""Selectors of columns, such as `SelectKBest`."""

from typing import Any

import numpy as np

from sklprune._registry import register_family
from sklprune._typing import Array, Estimator
from sklprune.families._base import Family
from sklprune.families._column_links import (
    Mask,
    all_of,
    is_all,
    of_one_source,
    slice_attributes,
    with_inputs,
)

#: the parameters with which a selector of scikit-learn keeps all of its columns
KEEPING_ALL: dict[str, dict[str, Any]] = {
    "GenericUnivariateSelect": {"mode": "percentile", "param": 100},
    "RFE": {},
    "SelectFdr": {},
    "SelectFpr": {},
    "SelectFwe": {},
    "SelectKBest": {"k": "all"},
    "SelectPercentile": {"percentile": 100},
    "SequentialFeatureSelector": {},
    "VarianceThreshold": {},
}
PER_COLUMN = "pvalues_ ranking_ scores_ support_ variances_"


class SelectorFamily(Family):
    """Selectors that keep scores of the columns.

    They can lose each column that they remove, and each one that they select together
    with its output.
    """

    classes = tuple(KEEPING_ALL)
    exact = True

    def linked_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> tuple[Mask, Mask]:
        if inputs is None or outputs is None:
            return all_of(inputs), all_of(outputs)
        selected = np.flatnonzero(estimator.get_support())
        needed = np.zeros_like(inputs)
        needed[selected] = outputs
        if (inputs[selected] & ~outputs).any() or (inputs & ~needed).any():
            # it would have to select again among other columns
            return all_of(inputs), all_of(outputs)
        return needed, outputs

    def may_act_apart(self, estimator: Estimator) -> bool:
        return _judges_each_column(estimator)

    def sources(self, estimator: Estimator, inputs: Array) -> Array | None:
        selected = estimator.get_support()
        if _judges_each_column(estimator):
            return inputs[selected]
        return of_one_source(inputs, int(selected.sum()))

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        if inputs is None or is_all(inputs):
            return estimator
        smaller = with_inputs(estimator, inputs)
        slice_attributes(smaller, PER_COLUMN, inputs)
        for name, params in KEEPING_ALL.items():
            if any(cls.__name__ == name for cls in type(estimator).__mro__):
                smaller.set_params(**params)
        if hasattr(smaller, "n_features_"):
            smaller.n_features_ = int(inputs.sum())
        if hasattr(smaller, "n_features_to_select_"):
            smaller.n_features_to_select_ = int(inputs.sum())
        if _judges_each_column(estimator) and smaller.get_support().any():
            return smaller
        return smaller if smaller.get_support().all() else estimator

    def why_linked(self, estimator: Estimator) -> str:
        return "selects columns, and would select others among fewer"


def _judges_each_column(estimator: Estimator) -> bool:
    """Whether a column is selected whatever the other columns are."""
    return any(cls.__name__ == "VarianceThreshold" for cls in type(estimator).__mro__)


register_family(SelectorFamily())
