"""`ColumnTransformer`: the columns that it reads, and its clone for fewer columns."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklprune._estimators import without
from sklprune._registry import family_of, register_family
from sklprune._typing import Array, Estimator
from sklprune.families._base import Family
from sklprune.families._column_links import Mask, all_of, is_all, with_inputs
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

    def with_short_numbers(self, estimator: Estimator, n_bits: int) -> Estimator:
        shorter = without(estimator, ())
        shorter.transformers_ = [
            (name, step, columns)
            if isinstance(step, str)
            else (name, family_of(step).with_short_numbers(step, n_bits), columns)
            for name, step, columns in estimator.transformers_
        ]
        return shorter

    # -- columns that are no longer read -----------------------------------------------

    def selects_columns(self, estimator: Estimator) -> bool:
        return True

    def linked_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> tuple[Mask, Mask]:
        if inputs is None or outputs is None:
            return all_of(inputs), all_of(outputs)
        inputs, outputs = inputs.copy(), outputs.copy()
        for part in _parts(estimator, outputs):
            inputs[part.positions[part.inputs]] = True
            outputs[part.where] = part.outputs
        return inputs, outputs

    def may_act_apart(self, estimator: Estimator) -> bool:
        # a transformer of a single column, such as one of texts, has one source
        several = [
            transformer
            for _, transformer, chosen in estimator.transformers
            if not isinstance(chosen, (str, int))
        ]
        return all(
            isinstance(each, str) or family_of(each).may_act_apart(each)
            for each in (*several, estimator.remainder)
        )

    def sources(self, estimator: Estimator, inputs: Array) -> Array | None:
        n_outputs = max((w.stop for w in estimator.output_indices_.values()), default=0)
        outputs = np.full(n_outputs, -1)
        for name, transformer, _ in estimator.transformers_:
            where = estimator.output_indices_.get(name, slice(0, 0))
            if where.start == where.stop:
                continue
            own = inputs[np.asarray(estimator._transformer_to_input_indices[name])]
            if not isinstance(transformer, str):
                own = family_of(transformer).sources(transformer, own)
            if own is None or len(own) != where.stop - where.start:
                return None
            outputs[where] = own
        return outputs

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        if inputs is None or outputs is None:
            return estimator
        if is_all(inputs) and is_all(outputs):
            return estimator
        return _on_parts(estimator, inputs, _parts(estimator, outputs))

    def reasons_to_keep(self, estimator: Estimator, outputs: Mask = None) -> list[str]:
        if outputs is None:
            return []
        return [
            reason
            for part in _parts(estimator, outputs)
            for reason in family_of(part.transformer).reasons_to_keep(
                part.transformer, outputs[part.where]
            )
        ]


@dataclass(frozen=True)
class _Part:
    """A fitted transformer whose outputs are needed.

    Parameters
    ----------
    name, transformer, chosen : as in `transformers_`
    positions : ndarray of int
        Positions of its columns among the inputs of the whole.
    where : slice
        Its outputs among those of the whole.
    inputs, outputs : ndarray of bool
        The masks of its columns and of its outputs that are kept.
    """

    name: str
    transformer: Any
    chosen: Any
    positions: Array
    where: slice
    inputs: Array
    outputs: Array

    @property
    def receives_vector(self) -> bool:
        """Whether the transformer receives one column as a vector, as of texts."""
        return isinstance(self.chosen, (str, int, np.integer))

    def smaller(self) -> Any:
        """The transformer for the kept columns."""
        inputs = None if self.receives_vector else self.inputs
        family = family_of(self.transformer)
        return family.on_columns(self.transformer, inputs, self.outputs)

    def columns(self, numbers: Array) -> Any:
        """The kept columns as in `transformers_`, given the new number of each."""
        if isinstance(self.chosen, str):
            return self.chosen
        kept = [int(number) for number in numbers[self.positions[self.inputs]]]
        if self.receives_vector:
            return kept[0]
        listed = [] if isinstance(self.chosen, slice) else list(self.chosen)
        if listed and isinstance(listed[0], str):
            return [name for name, keep in zip(listed, self.inputs) if keep]
        return kept


def _parts(whole: Estimator, outputs: Array) -> list[_Part]:
    """The transformers with outputs that are needed, and what they keep."""
    parts = []
    for name, transformer, chosen in whole.transformers_:
        where = whole.output_indices_.get(name, slice(0, 0))
        wanted = outputs[where]
        if isinstance(transformer, str) or not wanted.any():
            continue
        indices = whole._transformer_to_input_indices[name]
        part = _Part(
            name=name,
            transformer=transformer,
            chosen=chosen,
            positions=np.asarray(indices, dtype=int),
            where=where,
            inputs=np.zeros(len(indices), dtype=bool),
            outputs=wanted,
        )
        inputs = None if part.receives_vector else part.inputs
        linked = family_of(transformer).linked_columns(transformer, inputs, wanted)
        inputs = np.ones(1, dtype=bool) if linked[0] is None else linked[0]
        parts.append(replace(part, inputs=inputs, outputs=linked[1]))
    return parts


def _on_parts(whole: Estimator, inputs: Array, parts: list[_Part]) -> Estimator:
    """A copy of a fitted column transformer with some of its transformers."""
    smaller = with_inputs(whole, inputs)
    numbers, start = np.cumsum(inputs) - 1, 0
    smaller.transformers_ = []
    smaller._transformer_to_input_indices = {}
    smaller.output_indices_ = dict.fromkeys(whole.output_indices_, slice(0, 0))
    for part in parts:
        columns = part.columns(numbers)
        smaller.transformers_.append((part.name, part.smaller(), columns))
        kept = numbers[part.positions[part.inputs]]
        smaller._transformer_to_input_indices[part.name] = kept.tolist()
        end = start + int(part.outputs.sum())
        smaller.output_indices_[part.name] = slice(start, end)
        start = end
    # dense parts alone cannot be stacked as a sparse matrix
    sparse_parts = [_gives_sparse(*pair[1:]) for pair in whole.transformers_]
    if any(sparse_parts):
        kept_parts = [_gives_sparse(*pair[1:]) for pair in smaller.transformers_]
        smaller.sparse_output_ = whole.sparse_output_ and any(kept_parts)
    if isinstance(whole.remainder, str) and whole.remainder == "drop":
        # a clone then reads these columns only
        smaller.transformers = _parameters(whole, smaller, parts)
    return smaller


def _gives_sparse(transformer: Any, chosen: Any) -> bool:
    """Whether a transformer makes a sparse matrix of dense columns."""
    if isinstance(transformer, str):
        return False
    if isinstance(chosen, (str, int, np.integer)):
        return True  # a vectoriser of texts
    params = transformer.get_params().items()
    return any(
        (key.endswith("sparse_output") and value is True)
        or (key.endswith("encode") and value == "onehot")
        for key, value in params
    )


def _parameters(
    whole: Estimator, smaller: Estimator, parts: list[_Part]
) -> list[tuple[str, Any, Any]]:
    """The parameter `transformers` of a column transformer with some of its parts."""
    given = {name: transformer for name, transformer, _ in whole.transformers}
    names = getattr(whole, "feature_names_in_", None)
    if names is None:
        names = np.array([f"x{i}" for i in range(whole.n_features_in_)], dtype=object)
    parameters = []
    for part, (name, _, columns) in zip(parts, smaller.transformers_):
        transformer = given[name]
        if not isinstance(transformer, str) and not part.receives_vector:
            kept, own = np.flatnonzero(part.inputs), names[part.positions]
            with suppress(ValueError):  # a parameter that cannot be adapted
                transformer = family_of(transformer).narrow(transformer, kept, own)
        parameters.append((name, transformer, columns))
    return parameters


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
