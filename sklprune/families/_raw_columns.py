"""The first steps of a pipeline, as far as they transform each column of X apart.

Such steps are fitted once. What they make of a column does not depend on the other
columns, so that their fitted values are also those of a fit on fewer columns. Each
family of steps states the source of its outputs: see `_column_links`. It is checked on
some rows, since a function of the user may do something else.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from sklprune._estimators import without
from sklprune._registry import family_of
from sklprune._sklearn_private import num_features, num_samples, safe_indexing
from sklprune._typing import Array, Estimator, MatrixLike

#: number of rows on which smaller steps are compared with the given ones
N_COMPARED = 100
#: parameters that hold fitted steps by name
STEPS = ("steps", "transformer_list")


class Stage(NamedTuple):
    """A step of a pipeline, and where its inputs and its outputs come from.

    Parameters
    ----------
    name, step : str, estimator
    inputs, outputs : ndarray of int
        The column of X that each input and each output comes from.
    """

    name: str
    step: Any
    inputs: Array
    outputs: Array


def is_passthrough(step: Any) -> bool:
    """Whether a step of a pipeline does nothing."""
    return step is None or isinstance(step, str)


def stages_apart(pipeline: Estimator, n_features: int) -> list[Stage]:
    """The first steps that transform each column of X apart, without the last step."""
    sources, stages = np.arange(n_features), []
    for name, step in pipeline.steps[:-1]:
        outputs = sources
        if not is_passthrough(step):
            # samplers of imbalanced-learn have no transform, and change the rows
            if not hasattr(step, "transform"):
                break
            outputs = family_of(step).sources(step, sources)
        if outputs is None:
            break
        stages.append(Stage(name, step, sources, outputs))
        sources = outputs
    return stages


def transformed(steps: Sequence[Any], X: MatrixLike) -> MatrixLike:
    """The rows as the next step receives them."""
    for step in steps:
        if not is_passthrough(step):
            X = step.transform(X)
    return X


def smaller_steps(stages: Sequence[Stage], kept: Array) -> list[Any]:
    """Copies of steps for some columns of X, with the same fitted values."""
    return [
        stage.step
        if is_passthrough(stage.step)
        else family_of(stage.step).on_columns(
            stage.step, np.isin(stage.inputs, kept), np.isin(stage.outputs, kept)
        )
        for stage in stages
    ]


def with_params_of(fitted: Any, narrowed: Any) -> Any:
    """A copy of a fitted step with the parameters of its clone for fewer columns."""
    if is_passthrough(fitted) or is_passthrough(narrowed):
        return fitted
    copied = without(fitted, ())
    for name, value in narrowed.get_params(deep=False).items():
        if name in STEPS:
            clones = dict(value)
            # a union may have lost transformers
            value = [
                (key, with_params_of(step, clones[key]))
                for key, step in getattr(fitted, name)
            ]
        setattr(copied, name, value)
    return copied


def are_apart(stages: Sequence[Stage], X: MatrixLike, received: MatrixLike) -> bool:
    """Whether copies of steps for fewer columns give the same on some rows of X.

    `received` is what the steps make of X.
    """
    if not stages:
        return True
    sources = stages[-1].outputs
    if num_features(received) != len(sources):
        return False
    rows = np.unique(np.linspace(0, num_samples(X) - 1, N_COMPARED).astype(int))
    some, whole = safe_indexing(X, rows), safe_indexing(received, rows)
    for kept in _parts(stages, num_features(X)):
        expected = np.flatnonzero(np.isin(sources, kept))
        if len(expected) == 0:
            continue
        try:
            columns = safe_indexing(some, kept, axis=1)
            values = transformed(smaller_steps(stages, kept), columns)
        except Exception:  # noqa: BLE001  a step that does not accept fewer columns
            return False
        if not _equal(values, safe_indexing(whole, expected, axis=1)):
            return False
    return True


def _parts(stages: Sequence[Stage], n_features: int) -> Iterator[Array]:
    """Sets of columns that are transformed without the others.

    It is every second column. A function of the user is checked with more sets: any two
    columns are in different sets of some pair.
    """
    columns = np.arange(n_features)
    if not any(_has_function(stage.step) for stage in stages):
        yield columns[::2]
        return
    for bit in range(max(1, int(n_features - 1).bit_length())):
        in_first = columns >> bit & 1 == 0
        yield columns[in_first]
        yield columns[~in_first]


def _has_function(step: Any) -> bool:
    if is_passthrough(step):
        return False
    functions = [v for k, v in step.get_params().items() if k.endswith("func")]
    return any(f is not None and not isinstance(f, np.ufunc) for f in functions)


def _equal(values: Any, expected: Any) -> bool:
    # a ColumnTransformer is sparse or dense by the share of zeros in its columns
    values, expected = (
        each.toarray() if sparse.issparse(each) else each for each in (values, expected)
    )
    if list(getattr(values, "columns", ())) != list(getattr(expected, "columns", ())):
        return False
    values, expected = np.asarray(values), np.asarray(expected)
    if values.shape != expected.shape:
        return False
    if values.dtype.kind in "fc" and expected.dtype.kind in "fc":
        return bool(np.allclose(values, expected, 1e-9, 1e-12, equal_nan=True))
    # missing values are not equal to themselves
    same = (values == expected) | (values != values) & (expected != expected)
    return bool(np.all(same))


def put_together(
    stages: Sequence[Stage], narrowed: Estimator, kept: Array
) -> list[tuple[str, Any]]:
    """The first steps for some columns of X by name, with parameters of a clone."""
    smaller, clones = smaller_steps(stages, kept), dict(narrowed.steps)
    return [
        (stage.name, with_params_of(step, clones[stage.name]))
        for stage, step in zip(stages, smaller)
    ]
