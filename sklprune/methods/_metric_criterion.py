"""The loss of a metric when a split of a fitted tree ensemble becomes a leaf.

`MetricCriterion` updates the predictions of the rows below the split, and calls the
metric again. It does not predict the other rows again.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer, get_scorer_names, make_scorer

from sklprune._parameters import takes
from sklprune._predictions import UpdatablePredictions
from sklprune._scores import raw_score
from sklprune._sklearn_private import is_scorer
from sklprune._trees.arrays import TreeArrays, levels_of, sum_up
from sklprune._typing import Array, Estimator, Scorer
from sklprune._units import Task

#: raw predictions are rounded to these decimals: sums in another order remain ties
DECIMALS = 12
#: a metric has not fallen if it fell by less than this share of itself
RELATIVE_TOLERANCE = 1e-12


class MetricCriterion:
    """What a metric loses on rows when splits of a fitted model become leaves.

    A split concerns only the rows below it. Their raw predictions change by the
    difference of two node values.

    Parameters
    ----------
    criterion : str, scorer or callable
        As in `CostComplexity`.
    family, estimator : Family, estimator
    task : Task
        The rows on which the metric is computed.
    unseen : ndarray of shape (n_rows, n_trees), bool, or None, default=None
        Which trees predict each row; None for all of them.

    Attributes
    ----------
    task : Task
        The rows that at least one tree predicts.
    score : float
        The current metric.
    """

    def __init__(
        self,
        criterion: str | Scorer,
        family: Any,
        estimator: Estimator,
        task: Task,
        unseen: Array | None = None,
    ) -> None:
        self.criterion = criterion
        self._scale = np.ones((task.n_samples, 1))
        if unseen is not None:
            # no tree may predict a row that all trees were fitted on
            rows = np.flatnonzero(unseen.any(axis=1))
            task, unseen = task.take(rows), unseen[rows]
            # the average is over fewer trees
            self._scale = unseen.shape[1] / unseen.sum(axis=1, keepdims=True)
        self.task = replace(task, scorer=scorer_of(criterion))
        trees = family.tree_arrays(estimator)
        leaf_ids = family.leaf_ids(estimator, task.X)
        self.trees = [
            TreeRows(tree, ids, None if unseen is None else unseen[:, tree.position])
            for tree, ids in zip(trees, leaf_ids)
        ]
        self.raw_prediction = np.array(family.offset(estimator, task.X), dtype=float)
        for tree in self.trees:
            self.raw_prediction[tree.rows, tree.output] += tree.value[tree.node]
        # the errors of scikit-learn name the model, so it is scored first
        raw_score(estimator, self.task)
        self.predictions = UpdatablePredictions(
            family, estimator, self._scaled(self.raw_prediction, slice(None))
        )
        self.score = self._after = self._compute()

    def loss(self, tree: int, node: int) -> float:
        """What the metric loses when a split becomes a leaf; at least zero."""
        rows, raw = self._collapsed(tree, node)
        before, changed = self.predictions.change(rows, self._scaled(raw, rows))
        self._after = self._compute() if changed else self.score
        self.predictions.restore(rows, before)
        loss = self.score - self._after
        least = RELATIVE_TOLERANCE * max(abs(self.score), abs(self._after))
        return loss if loss > least else 0.0

    def collapse(self, tree: int, node: int) -> None:
        """Make a leaf of the split for which `loss` was called last."""
        rows, raw = self._collapsed(tree, node)
        self.raw_prediction[rows] = raw
        self.trees[tree].collapse(node)
        self.predictions.change(rows, self._scaled(raw, rows))
        self.score = self._after

    def _collapsed(self, tree: int, node: int) -> tuple[Array, Array]:
        """The rows below a split, and their raw predictions if it were a leaf."""
        rows, change = self.trees[tree].change(node)
        raw = self.raw_prediction[rows]
        raw[:, self.trees[tree].output] += change
        return rows, raw

    def _scaled(self, raw: Array, rows: Array | slice) -> Array:
        return np.round(raw * self._scale[rows], DECIMALS)

    def _compute(self) -> float:
        value = raw_score(self.predictions, self.task)
        if not np.isfinite(value):
            raise ValueError(
                f"CostComplexity(criterion={self.criterion!r}) gave {value}; it must "
                "give a finite number. Do the rows that links are ordered on hold what "
                "it needs, for example all classes?"
            )
        return value


class TreeRows:
    """The rows of one tree in an order in which the rows below a node are one slice.

    Parameters
    ----------
    tree : TreeArrays
    ids : ndarray of shape (n_rows,), int
        The leaf of each row, by node number.
    used : ndarray of shape (n_rows,), bool, or None, default=None
        The rows that the tree predicts; None for all of them.

    Attributes
    ----------
    rows : ndarray of shape (n_used,), int
        Positions of the rows, in this order.
    node : ndarray of shape (n_used,), int
        The current leaf of each of these rows.
    """

    def __init__(self, tree: TreeArrays, ids: Array, used: Array | None = None) -> None:
        self.output = slice(None)
        if tree.output is not None:
            self.output = slice(tree.output, tree.output + 1)
        self.value = tree.value
        levels = levels_of(tree.left, tree.right)
        n_leaves = sum_up((tree.left < 0).astype(int), levels)
        rank = np.zeros(len(n_leaves), dtype=int)
        for nodes, left, right in levels:
            rank[left] = rank[nodes]
            rank[right] = rank[nodes] + n_leaves[left]
        rows = np.arange(len(ids)) if used is None else np.flatnonzero(used)
        ranks = rank[ids[rows]]
        in_order = np.argsort(ranks, kind="stable")
        self.rows = rows[in_order].astype(np.int32)
        self.node = ids[self.rows]
        ends = np.cumsum(np.bincount(ranks, minlength=n_leaves[0]))
        ends = np.append(0, ends)
        self._start, self._stop = ends[rank], ends[rank + n_leaves]

    def change(self, node: int) -> tuple[Array, Array]:
        """The rows below a node, and how their raw predictions change if it is a leaf.

        Returns
        -------
        rows : ndarray of shape (n_below,), int
        change : ndarray of shape (n_below, n_values)
        """
        below = slice(self._start[node], self._stop[node])
        return self.rows[below], self.value[node] - self.value[self.node[below]]

    def collapse(self, node: int) -> None:
        """Make a leaf of a split."""
        self.node[self._start[node] : self._stop[node]] = node


def scorer_of(criterion: str | Scorer) -> Scorer:
    """The scorer of a criterion: a name, a scorer, or a metric of predictions.

    Raises
    ------
    ValueError
        If no scorer has the name.
    TypeError
        If the criterion is neither a name nor a callable with (y_true, y_pred).
    """
    if isinstance(criterion, str):
        if criterion not in get_scorer_names():
            raise ValueError(
                f"CostComplexity(criterion={criterion!r}): no scorer has this name; "
                "sklearn.metrics.get_scorer_names() lists the valid names."
            )
        return get_scorer(criterion)
    if is_scorer(criterion):
        return criterion
    if not callable(criterion) or not takes(criterion, 2):
        raise TypeError(
            f"CostComplexity(criterion={criterion!r}): criterion must be None, the "
            "name of a scorer, a callable criterion(y_true, y_pred), or what "
            "sklearn.metrics.make_scorer gives."
        )
    return make_scorer(criterion)
