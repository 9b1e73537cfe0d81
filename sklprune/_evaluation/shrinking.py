"""Scores of linear models on fewer and fewer columns, for all numbers of columns.

Where a method knows the fits on all sets of columns from one fit, the held-out rows are
predicted for many sets by one product of matrices. A model for each of them would cost
a hundred times as much.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier

from sklprune._evaluation.class_counts import counts_of, lacks_classes
from sklprune._evaluation.held_out import blocks_of
from sklprune._evaluation.stability import packed
from sklprune._linear_fits.least_squares import IllConditioned
from sklprune._metadata import routing_enabled
from sklprune._permutation.scoring import Responses, Scoring
from sklprune._registry import family_of
from sklprune._sklearn_private import safe_indexing, scorer_takes_weights

#: columns on demand that are known without a model
KNOWN = {"parameters", "nonzero", "features", "operations_per_row", "agreement"}
#: sets of columns whose predictions are computed by one product
SETS_TOGETHER = 64
#: entries of all coefficients, and of the predictions that are held at a time
MAX_COEFFICIENTS, MAX_PREDICTIONS = 30_000_000, 10_000_000


class _Sets(NamedTuple):
    """Fits on several sets of columns.

    Parameters
    ----------
    coef : ndarray of shape (n_sets, n_outputs, n_columns)
    intercept : ndarray of shape (n_sets, n_outputs)
    n_units, n_columns : ndarray of shape (n_sets,), int
    keep : list of ndarray
        The `packed` mask of the kept units of each set.
    importances : ndarray of shape (n_units,)
        What the units were ordered by, down to the smallest set.
    """

    coef: np.ndarray
    intercept: np.ndarray
    n_units: np.ndarray
    n_columns: np.ndarray
    keep: list
    importances: np.ndarray


class _LinearResponses(Responses):
    """Responses of several sets of columns, from their linear predictors."""

    def __init__(self, family, model, raw):
        super().__init__(model, None, len(raw))
        self._family, self._raw = family, raw

    def response(self, name):
        if name not in self._known:
            arguments = (self.model, name, self._raw)
            self._known[name] = self._family.linear_response(*arguments)
        return self._known[name]

    def rows_of(self, repeat):
        """Positions instead of rows, since the responses are known."""
        return np.arange(self._raw.shape[1])

    def of_rows(self, rows):
        """The same for some of the rows."""
        return _LinearResponses(self._family, self.model, self._raw[:, rows])


@dataclass(frozen=True)
class Shrinking:
    """What is needed to score a linear model on all splits without fits of it.

    Parameters
    ----------
    plan : Plan
    task : Task
        All rows.
    units : Units
    rows : LinearRows
        The same rows. The splits share their sums of products.
    """

    plan: Any
    task: Any
    units: Any
    rows: Any

    def of_split(self, split, ratios, scoring):
        """A row of the table for each ratio, or None where columns are collinear.

        Parameters
        ----------
        split : (first rows, second rows)
        ratios : list of float
        scoring : object
            It has the attributes `columns`, `classes` and `by_blocks`: see the
            parameters of `held_out`.
        """
        first, second = (np.asarray(rows) for rows in split)
        estimator, columns = self.plan.estimator, self.units.where.columns
        family = family_of(estimator)
        second_rows = self.task.take(second)
        y = safe_indexing(self.task.y, first)
        if lacks_classes(estimator, y, self.task.y):
            return None
        is_partition = len(first) + len(second) == self.task.n_samples
        is_partition = is_partition and not np.isin(first, second).any()
        if is_partition and family.class_weight(estimator) is None:
            rows = self.rows.without(second)
        else:
            rows = family.linear_rows(estimator, self.task.take(first), columns)
        if rows is None:
            return None
        sets = _sets_of(self.plan.method, rows, self.units, ratios)
        if sets is None:
            return None
        model = family.linear_model(estimator, sets.coef[0], sets.intercept[0], y)
        blocks = None
        if scoring.by_blocks:
            blocks = blocks_of(second_rows, is_classifier(model))
        rows = safe_indexing(second_rows.X, columns, axis=1)
        return _table_rows(
            family, model, sets, second_rows.with_X(rows), blocks, scoring
        )


def shrinking_of(plan, task):
    """A `Shrinking` where all splits can be scored in this way, else None."""
    method, estimator = plan.method, plan.estimator
    if not _is_known(plan, task):
        return None
    family = family_of(estimator)
    if "shrinking_fits" not in family.capabilities(estimator):
        return None
    opened = plan.limited(family.units(estimator, method.granularity, task.X))
    rows = method.shrinking_rows(family, estimator, opened, task)
    if rows is None:
        return None
    # computed before the splits, which may be scored by several processes
    rows.prepare()
    return Shrinking(plan, task, opened, rows)


def shrinking_scores(plan, opened, ratios, measure):
    """The same for one split of a model that was fitted on the first rows.

    Parameters
    ----------
    plan : Plan
    opened : OpenedModel
    ratios : list of float
    measure : HeldOut
        The second rows.

    Returns
    -------
    list of dict, or None
    """
    if measure.out_of_bag is not None or not _is_known(plan, measure.task):
        return None
    family, model, units = opened.family, opened.model, opened.units
    rows = plan.method.shrinking_rows(family, model, units, opened.task)
    sets = None if rows is None else _sets_of(plan.method, rows, units, ratios)
    if sets is None:
        return None
    X = safe_indexing(opened.received(measure.task.X), units.where.columns, axis=1)
    task = measure.task.with_X(X)
    return _table_rows(family, model, sets, task, measure.blocks, measure)


def suffices(columns):
    """Whether all columns on demand are known without a model."""
    return set(columns) <= KNOWN


def with_scores(rows, known):
    """Rows of the table with the scores that are known without a model.

    They are thus the same bits whether or not models are needed for other columns.
    """
    names = ("score", "parts", "agreement", "counts")
    return [
        row | {name: other[name] for name in names if name in other}
        for row, other in zip(rows, known)
    ]


def _is_known(plan, task):
    """Whether scores follow from predictions of fits."""
    return (
        hasattr(plan.method, "shrinking_rows")
        and not plan.frozen
        and not plan.drop_unread
        and plan.refit is not None
        and plan.refit.fits_anew
        and task.scorer is not None
        and task.y is not None
        and not routing_enabled()
    )


def _sets_of(method, rows, units, ratios):
    """The fits at each ratio, ascending; None where columns are collinear."""
    numbers = [units.n_removed(ratio) for ratio in ratios]
    n_sets, n_columns = len(numbers), len(units.where.columns)
    try:
        elimination = method.elimination(rows, units)
        n_outputs = elimination.fit.coef.shape[1]
        if n_sets * n_columns * n_outputs > MAX_COEFFICIENTS:
            return None
        coef = np.zeros((n_sets, n_outputs, n_columns))
        intercept = np.zeros((n_sets, n_outputs))
        n_units, n_read = np.zeros((2, n_sets), int)
        last, kept = 0, []
        for keep in elimination.run(sorted(set(numbers))):
            fit, number = elimination.fit, numbers[last]
            while last < n_sets and numbers[last] == number:
                coef[last][:, fit.columns] = fit.coef.T
                intercept[last] = fit.intercept
                n_units[last], n_read[last] = keep.sum(), len(fit.columns)
                kept.append(packed(keep))
                last += 1
    except IllConditioned:
        return None
    importances = elimination.removals.scores(keep)
    return _Sets(coef, intercept, n_units, n_read, kept, importances)


def _table_rows(family, model, sets, task, blocks, scoring):
    """The rows of the table for all sets; None where a score is not finite."""
    X = task.X if sparse.issparse(task.X) else np.asarray(task.X, dtype=float)
    size = max(1, MAX_PREDICTIONS // max(1, task.n_samples * sets.coef.shape[1]))
    table, labels = [], None
    for start in range(0, len(sets.coef), size):
        part = slice(start, start + size)
        raw = _predictors(X, sets.coef[part], sets.intercept[part])
        responses = _LinearResponses(family, model, raw)
        scores = _scores_and_parts(model, task, responses, blocks)
        if scores is None:
            return None
        rows = [dict(zip(("score", "parts"), pair)) for pair in zip(*scores)]
        if scoring.classes is not None or "agreement" in scoring.columns:
            found = responses.response("predict")
            labels = found[0] if labels is None else labels
            for row, others in zip(rows, found):
                row |= _comparison(scoring, task, labels, others)
        table.extend(rows)
    for i, row in enumerate(table):
        row |= _sizes(sets, i, getattr(model, "fit_intercept", True))
    return table


def _predictors(X, coef, intercept):
    """Linear predictors of all sets, (n_sets, n_rows, n_outputs)."""
    n_sets, n_outputs, _ = coef.shape
    raw = np.empty((n_sets, n_outputs, X.shape[0]))
    for start in range(0, n_sets, SETS_TOGETHER):
        part = slice(start, start + SETS_TOGETHER)
        # later sets have no other columns
        read = np.flatnonzero(coef[start].any(axis=0))
        flat = coef[part][:, :, read].reshape(-1, len(read))
        found = (X[:, read] @ flat.T).T if sparse.issparse(X) else flat @ X[:, read].T
        raw[part] = np.asarray(found).reshape(-1, n_outputs, X.shape[0])
    raw += intercept[:, :, None]
    return np.moveaxis(raw, 1, 2)


def _scores_and_parts(model, task, responses, blocks):
    """The score of each set, and the parts of its standard error; None if not known.

    See `score_and_parts`, which does the same for one model.
    """
    whole = _scores(model, task, responses)
    if whole is None:
        return None
    if blocks is None:
        return whole, whole[:, None]
    n = blocks.max() + 1
    parts = np.empty((len(whole), n))
    for block in range(n):
        rows = np.flatnonzero(blocks != block)
        found = _scores(model, task.take(rows), responses.of_rows(rows))
        if found is None:
            return None
        parts[:, block] = n * whole - (n - 1) * found
    return whole, parts


def _scores(model, task, responses):
    metadata = {}
    if task.sample_weight is not None and scorer_takes_weights(task.scorer, model):
        metadata = {"sample_weight": task.sample_weight}
    scoring = Scoring(task.scorer, model, task.y, metadata)
    if not scoring.only_predicts(model):
        return None
    scores = scoring.of_responses(responses).get(None)
    finite = scores is not None and np.isfinite(scores).all()
    return np.asarray(scores, dtype=float) if finite else None


def _comparison(scoring, task, labels, others):
    """Columns of the table that compare predicted labels with those of all columns."""
    same = np.asarray(labels == others).reshape(len(labels), -1).all(axis=1)
    row = {"agreement": float(np.average(same, weights=task.sample_weight))}
    if scoring.classes is not None:
        row["counts"] = counts_of(scoring.classes, task.y, labels, others)
    return row


def _sizes(sets, i, has_intercept):
    """Sizes of the model of one set."""
    n_outputs, n_columns = sets.coef.shape[1], int(sets.n_columns[i])
    n_values = int(np.count_nonzero(sets.coef[i]))
    n_intercepts = n_outputs if has_intercept else 0
    return {
        "keep": sets.keep[i],
        "importances": sets.importances,
        "units": int(sets.n_units[i]),
        "removed": 1 - sets.n_units[i] / sets.n_units[0],
        "parameters": n_columns * n_outputs + n_intercepts,
        "nonzero": n_values + n_intercepts,
        "features": n_columns,
        "operations_per_row": n_columns * n_outputs,
    }
