"""Scores of pruned models on held-out rows, and the table that a rule receives."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics.cluster import contingency_matrix

from sklprune._cost import sizes
from sklprune._evaluation.class_counts import counts_of
from sklprune._evaluation.stability import packed
from sklprune._predictions import (
    RESPONSES,
    with_cached_predictions,
    with_positions,
)
from sklprune._progress import tracked
from sklprune._rule import standard_error
from sklprune._scores import score
from sklprune._sklearn_private import safe_indexing
from sklprune._support import has_support
from sklprune._units import TooLittleLeft

#: lower bound of a class probability, so that every class has a weight
MIN_PROBABILITY = 1e-12
#: columns that are the same for a model inside a pipeline
INSIDE = {"agreement", "fidelity", "nodes", "members", "parameters", "nonzero"}
#: blocks of rows for a standard error where there is one split
N_BLOCKS = 10


def table_of(ratios, splits, columns):
    """The table of `sklprune.rules`.

    Parameters
    ----------
    ratios : list of float or None
        The first one is 0. None, where the method determines the size, becomes the
        mean ratio that was reached.
    splits : list of list of dict
        For each split the result of `HeldOut.row` at each ratio.
    columns : tuple of str
        Columns on demand.

    Returns
    -------
    dict of ndarray
    """
    rows = [[rows[i] for rows in splits] for i in range(len(ratios))]
    reached = [np.mean([cell["removed"] for cell in row]) for row in rows]
    ratios = [r if ratio is None else ratio for ratio, r in zip(ratios, reached)]
    table = {"ratio": np.array(ratios)}
    for name in ("units", "parameters", "nonzero", *columns):
        table[name] = np.array([np.mean([cell[name] for cell in row]) for row in rows])
    table["score_mean"] = np.array(
        [np.mean([cell["score"] for cell in row]) for row in rows]
    )
    table["scores"] = np.array(
        [np.concatenate([cell["parts"] for cell in row]) for row in rows]
    )
    table["score_se"] = standard_error(table["scores"])
    table["difference_mean"] = table["score_mean"] - table["score_mean"][0]
    table["difference_se"] = standard_error(table["scores"] - table["scores"][0])
    return table


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """The held-out rows of one split, and what is measured on them.

    Parameters
    ----------
    task : Task
    columns : tuple of str
        Columns on demand.
    blocks : ndarray of shape (n_rows,) or None
        See `blocks_of`.
    classes : ndarray or None
        See `classes_of`.
    labels : ndarray or None
        Unbiased predictions of the unpruned model, where predictions are compared.
    agreement_labels : ndarray or None
        Predictions of the unpruned model itself, which `agreement` compares with.
    soft_labels : tuple or None
        Rows, classes and weights, see `soft_labels_of`.
    out_of_bag : OutOfBag or None
        Predictions of the unpruned model where it was fitted on these rows.
    """

    task: Any
    columns: tuple
    blocks: Any = None
    classes: Any = None
    labels: Any = None
    agreement_labels: Any = None
    soft_labels: Any = None
    out_of_bag: Any = None

    def row(self, pruned):
        """The row of the table for one model on one split.

        Raises
        ------
        TooLittleLeft
            If a smaller model cannot predict the rows.
        """
        keep = pruned.candidate.keep
        try:
            row = self._row_of_pruned(pruned)
            row |= {"units": int(keep.sum()), "removed": float((~keep).mean())}
            # only columns are the same units on all splits
            if not has_support(pruned.candidate.units):
                return row
            columns = {"keep": packed(keep), "importances": pruned.candidate.scores}
            return row | columns
        except Exception as error:
            if keep.all() or prediction_error(pruned.model, self.task.X) is None:
                raise
            units = pruned.candidate.units
            raise TooLittleLeft.at(
                pruned.candidate.ratio, keep, units.granularity, error
            ) from error

    def _row_of_pruned(self, pruned):
        unpruned = pruned.candidate.keep.all()
        if not INSIDE.issuperset(self.columns):
            return self.row_of(pruned.model, unpruned)
        model, task = pruned.to_score(self.task)
        return self.row_of(model, unpruned, task)

    def row_of(self, model, unpruned=False, task=None):
        """The same without numbers of units, for any model.

        `task` holds the rows in another form, if the model does not receive X.
        """
        X = self.task.X
        predictor, task = with_cached_predictions(model, task or self.task)
        if unpruned and self.out_of_bag is not None:
            predictor, task = self.out_of_bag.predictions, with_positions(self.task)
        value, parts = self._scored(predictor, task, unpruned)
        row = sizes(model, ("parameters", "nonzero", *self.columns), X)
        row |= {"score": value, "parts": parts}
        if self.soft_labels is not None:
            row["fidelity"] = self._fidelity(predictor, task)
        if self.labels is None:
            return row
        labels = self.labels if unpruned else predictor.predict(task.X)
        row["agreement"] = (
            1.0
            if unpruned
            else _agreement(self.agreement_labels, labels, self.task.sample_weight)
        )
        if self.classes is not None:
            row["counts"] = counts_of(self.classes, self.task.y, self.labels, labels)
        return row

    def _scored(self, model, task, unpruned):
        """The score, and the parts from which its standard error is computed."""
        if not unpruned or self.out_of_bag is None or task.scorer is None:
            return score_and_parts(model, task, self.blocks)
        return self.out_of_bag.extrapolated(
            lambda model: score(model, task),
            lambda model: score_and_parts(model, task, self.blocks),
        )

    def _fidelity(self, model, task):
        """The score against the soft labels of the unpruned model."""
        rows, y, weight = self.soft_labels
        X = safe_indexing(task.X, rows)
        try:
            value = float(task.scorer(model, X, y, sample_weight=weight))
        except ValueError as error:
            raise ValueError(
                "Fidelity is the score of rows that are weighted by the probabilities "
                f"of the unpruned model, and this score fails: {error} Give another "
                "scoring, or a rule that does not use fidelity."
            ) from error
        if not np.isfinite(value):
            raise ValueError(
                f"The fidelity of {type(model).__name__} is {value}; it must be a "
                "finite number. Is the unpruned model certain of one class?"
            )
        return value


def held_out(task, dense, *, classes, columns, by_blocks, out_of_bag=None):
    """Prepare to measure pruned models and the unpruned one on the same rows.

    Parameters
    ----------
    task : Task
        The held-out rows.
    dense : estimator
        The unpruned model.
    classes : ndarray or None
        Labels by which rows are counted, see `classes_of`.
    columns : tuple of str
        Columns on demand.
    by_blocks : bool
        Whether a standard error must come from blocks of these rows.
    out_of_bag : OutOfBag or None
        Predictions of the unpruned model where it was fitted on these rows.

    Returns
    -------
    HeldOut
    """
    blocks = blocks_of(task, is_classifier(dense)) if by_blocks else None
    compare = classes is not None or "agreement" in columns
    reference, rows = dense, task
    if out_of_bag is not None:
        reference, rows = out_of_bag.predictions, with_positions(task)
    labels = reference.predict(rows.X) if compare else None
    own_labels = labels
    if compare and out_of_bag is not None:
        own_labels = dense.predict(task.X)
    return HeldOut(
        task=task,
        columns=columns,
        blocks=blocks,
        classes=classes,
        labels=labels,
        agreement_labels=own_labels,
        soft_labels=soft_labels_of(reference, rows) if "fidelity" in columns else None,
        out_of_bag=out_of_bag,
    )


def prediction_error(model, X, names=(*RESPONSES, "transform")):
    """The error that a model raises for rows, or None if it predicts them.

    `names` are the methods that are called if the model has them.
    """
    names = [name for name in names if hasattr(model, name)]
    with warnings.catch_warnings():
        # the model has warned before, where it was asked for all rows
        warnings.simplefilter("ignore")
        for name in names:
            try:
                getattr(model, name)(X)
            except Exception as error:
                return error
    return None


def soft_labels_of(model, task):
    """One copy of each row per class, weighted by the model's probability.

    Returns
    -------
    rows : ndarray of shape (n_copies,), int
    y : ndarray of shape (n_copies,)
    weight : ndarray of shape (n_copies,)
    """
    probability = model.predict_proba(task.X)
    # scores need every class, with however little weight
    likely = probability.sum(axis=0) > 0
    probability = np.where(likely, probability, MIN_PROBABILITY)
    rows, classes = np.nonzero(probability)
    weight = probability[rows, classes]
    if task.sample_weight is not None:
        weight = weight * np.asarray(task.sample_weight)[rows]
    return rows, model.classes_[classes], weight


def _agreement(labels, others, weight):
    """The weighted share of rows for which two models predict the same."""
    same = np.asarray(labels) == np.asarray(others)
    same = same.reshape(len(same), -1).all(axis=1)
    return float(np.average(same, weights=weight))


def score_and_parts(model, task, blocks):
    """A score, and the parts from which its standard error is computed.

    Without blocks the single part is the score itself. With blocks the parts are the
    pseudo-values of the jackknife over them (Efron and Stein 1981). Their mean has the
    standard error of the jackknife. For a score that is a mean over rows, they are the
    means of the blocks. Without y there may be no score: NaN.
    """
    if task.scorer is None:
        return np.nan, [np.nan]
    whole = score(model, task)
    if blocks is None:
        return whole, [whole]
    n = blocks.max() + 1
    without_block = [
        score(model, task.take(np.flatnonzero(blocks != block)))
        for block in tracked(range(n), "blocks of rows")
    ]
    return whole, n * whole - (n - 1) * np.array(without_block)


def blocks_of(task, classifier):
    """A block number for each row: blocks of similar size and y, groups kept whole.

    None if the rows without one block would lack a class, or be too few to score.
    """
    n_rows = task.n_samples
    y = np.zeros(n_rows) if task.y is None else np.asarray(task.y)
    codes = np.unique(y.reshape(n_rows, -1)[:, 0], return_inverse=True)[1].ravel()
    # rows that are neighbours in y go to different blocks
    unit, blocks = np.arange(n_rows), np.empty(n_rows, dtype=int)
    blocks[np.argsort(codes, kind="stable")] = np.arange(n_rows) % N_BLOCKS
    if task.groups is not None:
        unit = np.unique(task.groups, return_inverse=True)[1].ravel()
        blocks = unit % N_BLOCKS
    blocks = np.unique(blocks, return_inverse=True)[1].ravel()
    rest = n_rows - np.bincount(blocks)
    if unit.max() < 1 or rest.min() < 2:
        return None
    if classifier:
        rows_of_class = contingency_matrix(codes, blocks)
        if (rows_of_class.max(axis=1) == rows_of_class.sum(axis=1)).any():
            return None
    return blocks
