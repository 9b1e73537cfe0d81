"""`OneHotEncoder` and `OrdinalEncoder`: categories of each column."""

from typing import Any

import numpy as np

from sklprune._registry import register_family
from sklprune._typing import Array, Estimator
from sklprune.families._base import Family
from sklprune.families._column_links import (
    Mask,
    all_of,
    is_all,
    one_to_one,
    with_inputs,
)

#: lists of both encoders with an entry for each column
LISTS = ("categories_", "_infrequent_indices", "_default_to_infrequent_mappings")


class OrdinalEncoderFamily(Family):
    """`OrdinalEncoder`: one output for each input."""

    classes = ("OrdinalEncoder",)
    exact = True

    def linked_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> tuple[Mask, Mask]:
        return one_to_one(inputs, outputs)

    def sources(self, estimator: Estimator, inputs: Array) -> Array | None:
        return inputs

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        if inputs is None or is_all(inputs):
            return estimator
        smaller = _with_lists(estimator, inputs)
        numbers = np.cumsum(inputs) - 1
        smaller._missing_indices = {
            int(numbers[column]): position
            for column, position in estimator._missing_indices.items()
            if inputs[column]
        }
        return smaller


class OneHotEncoderFamily(Family):
    """`OneHotEncoder`: an output for each category of an input.

    A category can be lost alone only if it then gives zeros, as an unknown one. Without
    `handle_unknown="ignore"`, all categories of a column must be known.
    """

    classes = ("OneHotEncoder",)
    exact = True

    def linked_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> tuple[Mask, Mask]:
        widths = np.asarray(estimator._n_features_outs, dtype=int)
        if inputs is None or outputs is None or widths.sum() != len(outputs):
            return all_of(inputs), all_of(outputs)
        column = np.repeat(np.arange(len(widths)), widths)
        inputs, outputs = inputs.copy(), outputs.copy()
        inputs[column[outputs]] = True
        outputs |= inputs[column] & (not _loses_categories(estimator))
        for each in np.setdiff1d(np.flatnonzero(inputs), column[outputs]):
            # no column may be without categories
            outputs[np.flatnonzero(column == each)[:1]] = True
        return inputs, outputs

    def sources(self, estimator: Estimator, inputs: Array) -> Array | None:
        return np.repeat(inputs, np.asarray(estimator._n_features_outs, dtype=int))

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        if inputs is None or outputs is None or (is_all(inputs) and is_all(outputs)):
            return estimator
        smaller = _with_lists(estimator, inputs)
        for name in ("drop_idx_", "_drop_idx_after_grouping"):
            dropped: Any = getattr(estimator, name, None)
            if dropped is not None:
                setattr(smaller, name, dropped[inputs])
        if not isinstance(estimator.drop, (str, type(None))):
            smaller.drop = np.asarray(estimator.drop, dtype=object)[inputs]
        widths = np.asarray(estimator._n_features_outs, dtype=int)
        blocks = np.split(outputs, np.cumsum(widths)[:-1])
        blocks = [block for block, kept in zip(blocks, inputs) if kept]
        smaller._n_features_outs = [int(block.sum()) for block in blocks]
        if _loses_categories(estimator):
            categories = [
                known[block] for known, block in zip(smaller.categories_, blocks)
            ]
            smaller.categories_ = categories
            if not isinstance(estimator.categories, str):
                smaller.categories = categories
        return smaller

    def why_linked(self, estimator: Estimator) -> str:
        if estimator.drop is not None:
            return "drops a category of each column, and must know the others"
        if estimator.handle_unknown == "ignore":
            return "groups infrequent categories"
        return (
            f"must know all categories of a column (handle_unknown="
            f"{estimator.handle_unknown!r}; with 'ignore' it could lose some)"
        )


def _loses_categories(estimator: Estimator) -> bool:
    """Whether a category that is lost gives the zeros that it gave in other columns."""
    return (
        estimator.handle_unknown == "ignore"
        and estimator.drop is None
        and not estimator._infrequent_enabled
    )


def _with_lists(estimator: Estimator, inputs: Array) -> Estimator:
    """A copy whose lists have the entries of some columns."""
    smaller = with_inputs(estimator, inputs)
    for name in LISTS:
        entries: Any = getattr(estimator, name, None)
        if entries is not None:
            kept = [entry for entry, keep in zip(entries, inputs) if keep]
            setattr(smaller, name, kept)
    if not isinstance(estimator.categories, str):
        smaller.categories = list(smaller.categories_)
    return smaller


register_family(OrdinalEncoderFamily())
register_family(OneHotEncoderFamily())
