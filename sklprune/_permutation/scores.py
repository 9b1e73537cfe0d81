"""Scores of a model on rows in which some of the columns are permuted.

A family that offers "fast_permutation" computes what the model gives for a permuted
column from what it gives for the rows as they are. For all other models the tables of
the repeats are stacked and predicted in one call, where that gives the same responses.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from joblib import effective_n_jobs
from scipy import sparse
from sklearn.utils.parallel import Parallel, delayed

from sklprune._metadata import routing_enabled
from sklprune._permutation.moved import Moved
from sklprune._permutation.orders import Change
from sklprune._permutation.scoring import (
    Responses,
    Scores,
    Scoring,
    equal_responses,
)
from sklprune._permutation.tables import Stack, columnwise, reordered
from sklprune._progress import part
from sklprune._registry import family_of, own_method
from sklprune._scores import check_score
from sklprune._sklearn_private import safe_indexing
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike, Scorer

#: largest number of values in stacked tables: 64 MB of float64
MAX_STACKED = 8_000_000
#: number of outputs that are computed at once for changes of single columns: 4 MB
MAX_AT_ONCE = 500_000
#: parts of the columns for each process
PARTS_EACH = 4
#: number of rows for which outputs are compared with the model
N_COMPARED = 100
#: largest relative difference between a score and the same score by a fast path
SAME_SCORE = 1e-6


class Rows(NamedTuple):
    """Rows of which some columns are permuted, and how a model is scored on them.

    Parameters
    ----------
    X : array, sparse matrix or data frame
        As returned by `columnwise`.
    y : array-like or None
    scorer : callable
    metadata : dict
        Keywords of the scorer.
    names : ndarray of shape (n_features,)
        Names of the columns, for errors.
    """

    X: MatrixLike
    y: ArrayLike | None
    scorer: Scorer
    metadata: dict[str, Any]
    names: Array

    def take(self, chosen: Array) -> "Rows":
        """Some of the rows."""
        return self._replace(
            X=safe_indexing(self.X, chosen),
            y=None if self.y is None else safe_indexing(self.y, chosen),
            metadata={k: safe_indexing(v, chosen) for k, v in self.metadata.items()},
        )

    def columns(self, change: Change) -> str:
        """The names of the columns of a change, the first five of them."""
        names = ", ".join(str(self.names[i]) for i in change.columns[:5])
        return f"{names}, ..." if len(change.columns) > 5 else names

    def scoring(self, estimator: Estimator) -> Scoring:
        """The scores of a model on these rows."""
        return Scoring(self.scorer, estimator, self.y, self.metadata)

    def scores(self, estimator: Estimator) -> Scores:
        """The scores of a model without any change, by the scorer itself."""
        found = self.scoring(estimator).of_table(estimator, self.X)
        for values in found.values():
            for value in values.flat:
                try:
                    check_score(estimator, float(value))
                except ValueError as error:
                    error.add_note(self._cause())
                    raise
        return found

    def _cause(self) -> str:
        """What may be the cause of a score that is not finite, as a sentence."""
        names = [
            str(name)
            for j, name in enumerate(self.names)
            if not _is_finite(safe_indexing(self.X, [j], axis=1))
        ]
        if not names:
            return "No column was permuted yet, and all numbers in X are finite."
        some = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        return (
            f"No column was permuted yet. X has values that are not finite in {some}."
        )


def _is_finite(column: Any) -> bool:
    """Whether all numbers of a table with one column are finite."""
    values = np.asarray(column.data if sparse.issparse(column) else column)
    return values.dtype.kind != "f" or bool(np.isfinite(values).all())


def permuted_scores(
    estimator: Estimator, rows: Rows, changes: Sequence[Change], n_jobs: int | None
) -> tuple[Scores, Scores]:
    """The scores of a model before any change, and after each change.

    Parameters
    ----------
    estimator : estimator
    rows : Rows
    changes : sequence of Change
        All of them have the same number of repeats.
    n_jobs : int or None
        Changes run in parallel.

    Returns
    -------
    unchanged : dict of ndarray of shape (1,)
        By the name of the metric, which is None for a scorer that gives a number. A
        scorer that gives an array adds the shape of this array.
    changed : dict of ndarray of shape (n_changes, n_repeats)
        The scores of a column that the model does not read are exactly the same as
        without a change.

    Raises
    ------
    ValueError
        If a score is not a finite number. The message names the columns.
    """
    n_parts = min(effective_n_jobs(n_jobs), max(1, len(changes)))
    if n_parts == 1:
        unchanged, changed = _scores_of(estimator, rows, None, list(changes))
    else:
        unchanged = rows.scores(estimator)
        found = []
        # several parts for each process, so that the progress is reported
        parts = np.array_split(np.arange(len(changes)), n_parts * PARTS_EACH)
        parts = [positions for positions in parts if len(positions)]
        results = Parallel(n_jobs=n_jobs, return_as="generator")(
            delayed(_scores_of)(estimator, rows, unchanged, [changes[i] for i in some])
            for some in parts
        )
        with part("columns", len(changes)) as progress:
            for positions, of_part in zip(parts, results):
                found.append(of_part)
                for _ in positions:
                    progress.advance()
        changed = {
            name: np.concatenate([of_part[name] for _, of_part in found])
            for name in unchanged
        }
    _check_finite(changed, rows, changes)
    return unchanged, changed


def _check_finite(changed: Scores, rows: Rows, changes: Sequence[Change]) -> None:
    for name, values in changed.items():
        finite = np.isfinite(values)
        if not finite.all():
            each = finite.reshape(len(finite), -1)
            position = np.flatnonzero(~each.all(axis=1))[0]
            value = values[position][~finite[position]][0]
            metric = "The score" if name is None else f"The score {name!r}"
            raise ValueError(
                f"{metric} is {value} after a permutation of "
                f"{rows.columns(changes[position])}; it must be a finite number."
            )


def _scores_of(
    estimator: Estimator,
    rows: Rows,
    unchanged: Scores | None,
    changes: list[Change],
) -> tuple[Scores, Scores]:
    """The scores without a change, unless they are given, and after the changes."""
    inside = estimator, rows, changes
    if not routing_enabled():
        inside = _opened(estimator, rows, changes)
    shape = len(changes), len(changes[0].orders)
    stream: Iterator[tuple[Any, Scores | None]]
    fast = _found_fast(estimator, rows, unchanged, *inside)
    if fast is None:
        unchanged = rows.scores(estimator) if unchanged is None else unchanged
        stream = _found_in_tables(*inside)
    else:
        unchanged, stream = fast
    changed = {
        name: np.full((*shape, *value.shape[1:]), value, dtype=float)
        for name, value in unchanged.items()
    }
    n_done = 0
    with part("columns", len(changes)) as progress:
        while n_done < len(changes):
            try:
                positions, scores = next(stream)
            except Exception as error:
                columns = rows.columns(changes[n_done])
                error.add_note(f"Raised by the score after a permutation of {columns}.")
                raise
            n_done += len(positions)
            for _ in positions:
                progress.advance()
            for name, values in ({} if scores is None else scores).items():
                changed[name][positions] = values.reshape(-1, *changed[name].shape[1:])
    return unchanged, changed


def _opened(
    estimator: Estimator, rows: Rows, changes: list[Change]
) -> tuple[Estimator, Rows, list[Change]]:
    """The model after steps of a pipeline that transform each column apart.

    The rows are transformed once, and all columns that come from a permuted column are
    permuted together. Other models are returned as they are, and so are pipelines with
    a scorer that may read columns of X.
    """
    family = family_of(estimator)
    opened = None if own_method(estimator) else family.open_columns(estimator, rows.X)
    if opened is None:
        return estimator, rows, changes
    scoring = rows.scoring(estimator)
    if not (scoring.only_predicts(estimator) or _scores_itself(scoring, estimator)):
        return estimator, rows, changes
    steps, received = opened
    inner = [
        c._replace(columns=np.flatnonzero(np.isin(steps.sources, c.columns)))
        for c in changes
    ]
    return _opened(steps.model, rows._replace(X=columnwise(received)), inner)


# -- models whose families predict changed columns -------------------------------------


def _found_fast(
    whole: Estimator,
    whole_rows: Rows,
    unchanged: Scores | None,
    estimator: Estimator,
    rows: Rows,
    changes: list[Change],
) -> tuple[Scores, Iterator[tuple[Any, Scores | None]]] | None:
    """Scores from outputs that the family computes; None if it cannot.

    Parameters
    ----------
    whole, whole_rows : estimator, Rows
        The model that is scored, which may be a pipeline around `estimator`.
    unchanged : dict or None
        Its scores without a change, if they are known.
    estimator, rows, changes
        The model inside, the rows that it receives, and their changes.

    Returns
    -------
    unchanged : dict
    scores : iterator of (positions of changes, scores of all their repeats or None)
        None stands for changes that affect no output.
    """
    family, scoring = family_of(estimator), rows.scoring(estimator)
    offered = family.capabilities(estimator)
    if own_method(estimator) or "fast_permutation" not in offered:
        return None
    model = family.output_model(estimator)
    if not (scoring.only_predicts(estimator) or _scores_itself(scoring, model)):
        return None
    n_at_once = 1
    if scoring.is_computed:
        n_at_once = max(1, MAX_AT_ONCE // max(1, changes[0].orders.size))
    outputs = family.permuted_outputs(estimator, rows.X, changes, n_at_once)
    if outputs is None:
        return None
    _, first = next(outputs)
    quick = family.predicted(estimator, first) is not None
    predicted = partial(family.predicted, estimator) if quick else None

    def scores(found: Any) -> Scores:
        if isinstance(found, Moved):
            n_repeats = found.n_repeats
        else:
            n_repeats, found = len(found), found.reshape(-1, found.shape[-1])
        return scoring.of_responses(Responses(model, found, n_repeats, predicted))

    before = scores(first)
    if unchanged is None:
        finite = all(np.isfinite(value).all() for value in before.values())
        if scoring.is_computed and finite and _agree(whole, whole_rows, model, first):
            unchanged = before
        else:
            unchanged = whole_rows.scores(whole)
    for name, value in unchanged.items():
        if not np.allclose(before[name], value, rtol=SAME_SCORE, atol=SAME_SCORE):
            return None
    return unchanged, _relative_to(before, unchanged, outputs, scores)


def _agree(whole: Estimator, rows: Rows, model: Estimator, outputs: Array) -> bool:
    """Whether the model itself predicts some rows as the outputs do.

    Its checks of the rows, for example of their names, are then made too.
    """
    n_rows = min(N_COMPARED, outputs.shape[1])
    own = np.asarray(whole.predict(safe_indexing(rows.X, np.arange(n_rows))))
    return equal_responses(own, np.asarray(model.predict(outputs[0, :n_rows])))


def _scores_itself(scoring: Scoring, model: Estimator) -> bool:
    """Whether scores come from the `score` method of a model of scikit-learn."""
    own_score = getattr(type(model), "score", None)
    module = getattr(own_score, "__module__", "")
    return scoring.passes_through and module.startswith("sklearn.")


def _relative_to(
    before: Scores,
    unchanged: Scores,
    outputs: Iterator[tuple[Any, Any]],
    scores: Callable[[Any], Scores],
) -> Iterator[tuple[Any, Scores | None]]:
    """The scores of outputs; those equal to `before` become exactly `unchanged`.

    The two may differ by rounding, and a permutation that changes nothing must have
    the importance zero.
    """
    same = all(np.array_equal(before[name], unchanged[name]) for name in unchanged)
    for positions, output in outputs:
        found = None if output is None else scores(output)
        if found is not None and not same:
            found = {
                name: np.where(values == before[name], unchanged[name], values)
                for name, values in found.items()
            }
        yield positions, found


# -- all other models ------------------------------------------------------------------


def _found_in_tables(
    estimator: Estimator, rows: Rows, changes: list[Change]
) -> Iterator[tuple[Any, Scores | None]]:
    """The scores from predictions of permuted tables."""
    scoring = rows.scoring(estimator)
    n_copies = min(len(changes[0].orders), MAX_STACKED // max(1, np.prod(rows.X.shape)))
    stack, checked = None, False
    if n_copies > 1 and scoring.only_predicts(estimator):
        stack = None if sparse.issparse(rows.X) else Stack(rows.X, int(n_copies))
    for position, change in enumerate(changes):
        if len(change.columns) == 0:
            yield [position], None
            continue
        if stack is not None:
            found = _in_stack(estimator, scoring, stack, change, check=not checked)
            checked = True
            stack = stack if found else None
        if stack is None:
            yield [position], scoring.of_tables(estimator, reordered(rows.X, change))
        else:
            whole = {n: np.concatenate([f[n] for f in found]) for n in found[0]}
            yield [position], whole


def _in_stack(
    estimator: Estimator, scoring: Scoring, stack: Stack, change: Change, check: bool
) -> list[Scores]:
    """The scores of the repeats, as many in one prediction as the stack has copies.

    The list is empty if `check` is set and the model gives other responses for the
    last of these tables on its own. It then does not predict each row alone.
    """
    found = []
    for start in range(0, len(change.orders), stack.n_copies):
        some = change._replace(orders=change.orders[start : start + stack.n_copies])
        responses = Responses(estimator, stack.changed(some), len(some.orders))
        found.append(scoring.of_responses(responses))
        if check:
            (table,) = reordered(stack.X, some._replace(orders=some.orders[-1:]))
            if not responses.end_with(Responses(estimator, table, 1)):
                return []
    stack.restore(change)
    return found
