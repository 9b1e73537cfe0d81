"""`FeatureUnion`: transformers side by side, each on all columns."""

from typing import Any

import numpy as np

from sklprune._registry import family_of, register_family
from sklprune._typing import Array, Estimator
from sklprune.families._base import Family
from sklprune.families._column_links import Mask, all_of, is_all, with_inputs


class FeatureUnionFamily(Family):
    """`FeatureUnion`: its outputs are those of its transformers, side by side.

    It can lose columns only if all of its transformers name their outputs, which tells
    their number.
    """

    classes = ("FeatureUnion",)

    def linked_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> tuple[Mask, Mask]:
        blocks = _blocks(estimator, outputs)
        if blocks is None:
            return all_of(inputs), all_of(outputs)
        for _ in range(len(blocks) + 1):
            # columns that one transformer needs are given to the others too
            for i, (_, step) in enumerate(_acting(estimator)):
                if not blocks[i].any():
                    continue
                family = family_of(step)
                inputs, blocks[i] = family.linked_columns(step, inputs, blocks[i])
        return inputs, np.concatenate(blocks)

    def may_act_apart(self, estimator: Estimator) -> bool:
        return all(
            isinstance(step, str) or family_of(step).may_act_apart(step)
            for _, step in estimator.transformer_list
        )

    def sources(self, estimator: Estimator, inputs: Array) -> Array | None:
        blocks = [
            inputs if step == "passthrough" else family_of(step).sources(step, inputs)
            for _, step in _acting(estimator)
        ]
        known = [block for block in blocks if block is not None]
        return np.concatenate(known) if known and len(known) == len(blocks) else None

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        blocks = _blocks(estimator, outputs)
        if blocks is None or (is_all(inputs) and is_all(outputs)):
            return estimator
        smaller = {
            name: family_of(step).on_columns(step, inputs, block)
            for (name, step), block in zip(_acting(estimator), blocks)
            if block.any()
        }
        # a transformer without outputs is removed
        empty = {
            name
            for (name, _), block in zip(_acting(estimator), blocks)
            if not block.any()
        }
        union = with_inputs(estimator, inputs)
        union.transformer_list = [
            (name, smaller.get(name, step))
            for name, step in estimator.transformer_list
            if name not in empty
        ]
        if estimator.transformer_weights is not None:
            union.transformer_weights = {
                name: weight
                for name, weight in estimator.transformer_weights.items()
                if name not in empty
            }
        return union

    def reasons_to_keep(self, estimator: Estimator, outputs: Mask = None) -> list[str]:
        blocks = _blocks(estimator, outputs)
        if blocks is None:
            return super().reasons_to_keep(estimator, outputs)
        return [
            reason
            for (_, step), block in zip(_acting(estimator), blocks)
            if block.any()
            for reason in family_of(step).reasons_to_keep(step, block)
        ]


def _acting(union: Estimator) -> list[tuple[str, Any]]:
    """The transformers that are not dropped."""
    return [(name, step) for name, step in union.transformer_list if step != "drop"]


def _blocks(union: Estimator, outputs: Mask) -> list[Any] | None:
    """The mask of the outputs of each transformer; None if their number is unknown."""
    if outputs is None:
        return None
    widths = []
    for _, step in _acting(union):
        if step == "passthrough":
            return None
        try:
            widths.append(len(step.get_feature_names_out()))
        except (AttributeError, ValueError):
            return None
    ends = np.cumsum(widths)
    if len(ends) == 0 or ends[-1] != len(outputs):
        return None
    return np.split(outputs, ends[:-1])


register_family(FeatureUnionFamily())
