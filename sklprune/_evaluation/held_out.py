"""What a model is worth on held-out rows, and the table that a rule sees."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics.cluster import contingency_matrix

from sklprune._cost import sizes
from sklprune._evaluation.class_counts import outcomes_of
from sklprune._predictions import with_cached_predictions, with_positions
from sklprune._sklearn_private import safe_indexing
from sklprune._units import score
from sklprune.rules import standard_error

#: the probability of a class that is never likely
NEXT_TO_NOTHING = 1e-12
#: blocks of rows for a standard error where there is one split
N_BLOCKS = 10


def table_of(ratios, splits, wanted):
    """The table of `sklprune.rules`.

    Parameters
    ----------
    ratios : list of float
        The first one is 0.
    splits : list of list of dict
        For each split what `HeldOut.row` says at each ratio.
    wanted : tuple of str
        Columns on demand.

    Returns
    -------
    dict of ndarray
    """
    rows = [[rows[i] for rows in splits] for i in range(len(ratios))]
    table = {"ratio": np.array(ratios)}
    for name in ("units", "parameters", "nonzero", *wanted):
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


@dataclass(frozen=True)
class HeldOut:
    """The rows of one split that score, and what is asked of a model on them.

    Parameters
    ----------
    task : Task
    blocks : ndarray of shape (n_rows,) or None
        See `blocks_of`.
    wanted : tuple of str
        Columns on demand.
    classes : ndarray or None
        See `classes_of`.
    labels : ndarray or None
        What the unpruned model predicts of rows that it has not seen, where predictions
        are compared.
    own_labels : ndarray or None
        What it predicts of them as it is: to agree is to say that.
    unseen : OutOfBag or None
        What the unpruned model says of the rows where it has seen them.
    as_told : tuple or None
        Rows, classes and weights as the unpruned model sees them, see `as_told_by`.
    """

    task: object
    blocks: object
    wanted: tuple
    classes: object
    labels: object
    own_labels: object
    as_told: object
    unseen: object = None

    def row(self, pruned):
        """What the table says of one model on one split."""
        model, X = pruned.model, self.task.X
        whole = pruned.candidate.keep.all()
        asked = with_cached_predictions(model, self.task)
        if whole and self.unseen is not None:
            asked = self.unseen.said, with_positions(self.task)
        value, parts = self._scored(*asked, whole)
        row = sizes(model, ("parameters", "nonzero", *self.wanted), X)
        row |= {"score": value, "parts": parts}
        row["units"] = int(pruned.candidate.keep.sum())
        if self.as_told is not None:
            row["fidelity"] = self._fidelity(*asked)
        if self.labels is None:
            return row
        labels = self.labels if whole else asked[0].predict(asked[1].X)
        row["agreement"] = 1.0 if whole else _agreement(self.own_labels, labels)
        if self.classes is not None:
            row["outcomes"] = outcomes_of(
                self.classes, self.task.y, self.labels, labels
            )
        return row

    def _scored(self, model, task, whole):
        """Its score, and the parts that the standard error comes from."""
        if not whole or self.unseen is None or task.scorer is None:
            return _score(model, task, self.blocks)
        return self.unseen.extrapolated(
            lambda model: score(model, task),
            lambda model: _score(model, task, self.blocks),
        )

    def _fidelity(self, model, task):
        """The score where rows are what the unpruned model says."""
        rows, y, weight = self.as_told
        X = safe_indexing(task.X, rows)
        try:
            value = float(task.scorer(model, X, y, sample_weight=weight))
        except ValueError as error:
            raise ValueError(
                "Fidelity is the score of rows that are weighted by the probabilities "
                f"of the unpruned model, and this score fails: {error} Give another "
                "scoring, or a rule that does not ask for fidelity."
            ) from error
        if not np.isfinite(value):
            raise ValueError(
                f"The fidelity of {type(model).__name__} is {value}; it must be a "
                "finite number. Is the unpruned model certain of one class?"
            )
        return value


def held_out(task, dense, classes, wanted, by_blocks, unseen=None):
    """Make ready to measure pruned models beside the unpruned one.

    Parameters
    ----------
    task : Task
        The rows that score.
    dense : estimator
        The unpruned model.
    classes : ndarray or None
        Labels by which rows are counted, see `classes_of`.
    wanted : tuple of str
        Columns on demand.
    by_blocks : bool
        Whether a standard error must come from within these rows.
    unseen : OutOfBag or None
        What the unpruned model says of these rows where it was fitted on them.

    Returns
    -------
    HeldOut
    """
    blocks = blocks_of(task, is_classifier(dense)) if by_blocks else None
    compare = classes is not None or "agreement" in wanted
    says, rows = (
        (dense, task) if unseen is None else (unseen.said, with_positions(task))
    )
    labels = says.predict(rows.X) if compare else None
    own = labels if unseen is None or not compare else dense.predict(task.X)
    as_told = as_told_by(says, rows) if "fidelity" in wanted else None
    return HeldOut(task, blocks, wanted, classes, labels, own, as_told, unseen)


def as_told_by(model, task):
    """Each row as often as it may be of a class, weighted with how probable that is.

    Returns
    -------
    rows : ndarray of shape (n_told,), int
    y : ndarray of shape (n_told,)
    weight : ndarray of shape (n_told,)
    """
    probability = model.predict_proba(task.X)
    # scores want to see every class, were it for next to nothing
    likely = probability.sum(axis=0) > 0
    probability = np.where(likely, probability, NEXT_TO_NOTHING)
    rows, classes = np.nonzero(probability)
    weight = probability[rows, classes]
    if task.sample_weight is not None:
        weight = weight * np.asarray(task.sample_weight)[rows]
    return rows, model.classes_[classes], weight


def _agreement(labels, others):
    """The share of rows for which two models say the same."""
    same = np.asarray(labels) == np.asarray(others)
    return float(same.reshape(len(same), -1).all(axis=1).mean())


def _score(model, task, blocks):
    """A score, and the parts that its standard error comes from.

    Without blocks the one part is the score itself. With blocks they are the
    pseudo-values of the jackknife over them, whose mean has the standard error of
    the jackknife (Efron and Stein 1981); of a mean they are the means of the blocks.
    Without y there may be no score: NaN.
    """
    if task.scorer is None:
        return np.nan, [np.nan]

    def score_of(rows):
        return score(model, task.take(rows))

    whole = score(model, task)
    if blocks is None:
        return whole, [whole]
    n = blocks.max() + 1
    left_out = [score_of(np.flatnonzero(blocks != b)) for b in range(n)]
    return whole, n * whole - (n - 1) * np.array(left_out)


def blocks_of(task, classifier):
    """A block for each row, (n_rows,): about equal in size and in y, groups whole.

    None where leaving out a block would leave out a class, or too few rows to score.
    """
    n_rows = task.n_samples
    y = np.zeros(n_rows) if task.y is None else np.asarray(task.y)
    codes = np.unique(y.reshape(n_rows, -1)[:, 0], return_inverse=True)[1].ravel()
    # neighbours in y go to different blocks
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
