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
from sklprune._permutation.orders import Change
from sklprune._permutation.scoring import Responses, Scores, Scoring
from sklprune._permutation.tables import Stack, columnwise, reordered
from sklprune._progress import tracked
from sklprune._registry import family_of, own_method
from sklprune._sklearn_private import safe_indexing
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike, Scorer
from sklprune._units import check_score

#: largest number of values in stacked tables: 64 MB of float64
MAX_STACKED = 8_000_000
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

    def scoring(self, estimator: Estimator) -> Scoring:
        """The scores of a model on these rows."""
        return Scoring(self.scorer, estimator, self.y, self.metadata)

    def scores(self, estimator: Estimator) -> Scores:
        """The scores of a model without any change, by the scorer itself."""
        found = self.scoring(estimator).of_table(estimator, self.X)
        for value in found.values():
            check_score(estimator, float(value[0]))
        return found


def permuted_scores(
    estimator: Estimator, rows: Rows, changes: Sequence[Change], n_jobs: int | None
) -> tuple[Scores, list[Scores]]:
    """The scores of a model before any change, and after each change.

    Parameters
    ----------
    estimator : estimator
    rows : Rows
    changes : sequence of Change
    n_jobs : int or None
        Changes run in parallel.

    Returns
    -------
    unchanged : dict of ndarray of shape (1,)
        By the name of the metric, which is None for a scorer that gives a number.
    changed : list of dict of ndarray of shape (n_repeats,)
        The scores of a column that the model does not read are exactly the same as
        without a change.

    Raises
    ------
    ValueError
        If a score is not a finite number. The message names the columns.
    """
    unchanged = rows.scores(estimator)
    n_parts = min(effective_n_jobs(n_jobs), max(1, len(changes)))
    parts = [p for p in np.array_split(np.arange(len(changes)), n_parts) if len(p)]
    scores = Parallel(n_jobs=n_jobs)(
        delayed(_scores_of)(estimator, rows, unchanged, [changes[i] for i in part])
        for part in parts
    )
    return unchanged, [each for part in scores for each in part]


def _scores_of(
    estimator: Estimator, rows: Rows, unchanged: Scores, changes: list[Change]
) -> list[Scores]:
    """The scores after some of the changes."""
    named_rows, named_changes = rows, changes
    if not routing_enabled():
        estimator, rows, changes = _opened(estimator, rows, changes)
    scoring = rows.scoring(estimator)
    found = _found_fast(estimator, rows, scoring, unchanged, changes)
    if found is None:
        found = _found_in_tables(estimator, rows, scoring, changes)
    scores = []
    found = iter(found)
    for change in tracked(named_changes, "columns"):
        scores.append(_named(lambda: next(found), named_rows, change))
    return scores


def _opened(
    estimator: Estimator, rows: Rows, changes: list[Change]
) -> tuple[Estimator, Rows, list[Change]]:
    """The model after steps of a pipeline that transform each column apart.

    The rows are transformed once, and all columns that come from a permuted column are
    permuted together. Other models are returned as they are, and so are pipelines with
    a scorer that may read columns of X.
    """
    family = family_of(estimator)
    scoring = rows.scoring(estimator)
    if not (scoring.only_predicts(estimator) or _scores_itself(scoring, estimator)):
        return estimator, rows, changes
    opened = None if own_method(estimator) else family.open_columns(estimator, rows.X)
    if opened is None:
        return estimator, rows, changes
    steps, received = opened
    inner = [
        c._replace(columns=np.flatnonzero(np.isin(steps.sources, c.columns)))
        for c in changes
    ]
    return _opened(steps.model, rows._replace(X=columnwise(received)), inner)


def _named(score: Callable[[], Scores], rows: Rows, change: Change) -> Scores:
    """Scores after one change; an error names the columns."""
    columns = ", ".join(str(rows.names[i]) for i in change.columns[:5])
    columns = f"{columns}, ..." if len(change.columns) > 5 else columns
    try:
        found = score()
    except Exception as error:
        error.add_note(f"Raised by the score after a permutation of {columns}.")
        raise
    for name, values in found.items():
        if not np.isfinite(values).all():
            metric = "The score" if name is None else f"The score {name!r}"
            raise ValueError(
                f"{metric} is {values[~np.isfinite(values)][0]} after a permutation of "
                f"{columns}; it must be a finite number."
            )
    return found


# -- models whose families predict changed columns -------------------------------------


def _found_fast(
    estimator: Estimator,
    rows: Rows,
    scoring: Scoring,
    unchanged: Scores,
    changes: list[Change],
) -> Iterator[Scores] | None:
    """The scores from outputs that the family computes; None if it cannot."""
    family = family_of(estimator)
    if own_method(estimator) or "fast_permutation" not in family.capabilities(
        estimator
    ):
        return None
    model = family.output_model(estimator)
    if not (scoring.only_predicts(estimator) or _scores_itself(scoring, model)):
        return None
    outputs = family.permuted_outputs(estimator, rows.X, changes)
    if outputs is None:
        return None
    first = next(outputs)
    quick = family.predicted(estimator, first) is not None

    def scores(found: Array) -> Scores:
        flat = found.reshape(-1, found.shape[-1])
        predicted = partial(family.predicted, estimator, found) if quick else None
        return scoring.of_responses(Responses(model, flat, len(found), predicted))

    before = scores(first)
    if not all(
        np.allclose(before[name], unchanged[name], rtol=SAME_SCORE, atol=SAME_SCORE)
        for name in unchanged
    ):
        return None
    return _relative_to(before, unchanged, outputs, scores, len(changes[0].orders))


def _scores_itself(scoring: Scoring, model: Estimator) -> bool:
    """Whether scores come from the `score` method of a model of scikit-learn."""
    own_score = getattr(type(model), "score", None)
    module = getattr(own_score, "__module__", "")
    return scoring.passes_through and module.startswith("sklearn.")


def _relative_to(
    before: Scores,
    unchanged: Scores,
    outputs: Iterator[Array | None],
    scores: Callable[[Array], Scores],
    n_repeats: int,
) -> Iterator[Scores]:
    """The scores of outputs; those equal to `before` become exactly `unchanged`.

    The two may differ by rounding, and a permutation that changes nothing must have
    the importance zero.
    """
    for output in outputs:
        if output is None:
            yield {k: np.repeat(value, n_repeats) for k, value in unchanged.items()}
            continue
        yield {
            name: np.where(values == before[name], unchanged[name], values)
            for name, values in scores(output).items()
        }


# -- all other models ------------------------------------------------------------------


def _found_in_tables(
    estimator: Estimator, rows: Rows, scoring: Scoring, changes: list[Change]
) -> Iterator[Scores]:
    """The scores from predictions of permuted tables."""
    n_copies = min(len(changes[0].orders), MAX_STACKED // max(1, np.prod(rows.X.shape)))
    stack = None
    if n_copies > 1 and scoring.only_predicts(estimator):
        stack = None if sparse.issparse(rows.X) else Stack(rows.X, int(n_copies))
    for position, change in enumerate(changes):
        if stack is not None:
            found = _in_stack(estimator, scoring, stack, change, check=position == 0)
            stack = stack if found else None
        if stack is None:
            yield scoring.of_tables(estimator, reordered(rows.X, change))
        else:
            yield {name: np.concatenate([f[name] for f in found]) for name in found[0]}


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
