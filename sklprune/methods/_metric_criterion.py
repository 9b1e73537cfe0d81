"""A metric on rows, asked anew whenever a split of a model becomes a leaf."""

import inspect
from dataclasses import replace

import numpy as np
from sklearn.metrics import get_scorer, get_scorer_names, make_scorer

from sklprune._predictions import UpdatablePredictions
from sklprune._sklearn_private import is_scorer
from sklprune._trees.arrays import levels_of, sum_up
from sklprune._units import raw_score

#: sums that differ in later decimals are equal: they were added in another order
DECIMALS = 12
#: a metric that falls by less than this share of itself has not fallen
SAME = 1e-12


class Criterion:
    """What a metric loses on rows when splits of a fitted model become leaves.

    A split speaks for the rows below it alone: their sums over all trees change by
    the difference of two values, and nothing is predicted anew.

    Parameters
    ----------
    criterion : str, scorer or callable
        As in `CostComplexity`.
    family, estimator : Family, estimator
    task : Task
        The rows that the metric is taken on.
    unseen : ndarray of shape (n_rows, n_trees), bool, or None
        Which trees speak for each row; None for all of them.
    """

    def __init__(self, criterion, family, estimator, task, unseen=None):
        self.criterion = criterion
        self._loudness = np.ones((task.n_samples, 1))
        if unseen is not None:
            # a row that all trees have seen says nothing of them
            rows = np.flatnonzero(unseen.any(axis=1))
            task, unseen = task.take(rows), unseen[rows]
            # the average is over fewer trees
            self._loudness = unseen.shape[1] / unseen.sum(axis=1, keepdims=True)
        self.task = replace(task, scorer=scorer_of(criterion))
        trees, leaves = (
            family.tree_arrays(estimator),
            family.leaf_ids(estimator, task.X),
        )
        self.trees = [
            TreeRows(tree, ids, None if unseen is None else unseen[:, tree.position])
            for tree, ids in zip(trees, leaves)
        ]
        self.total = np.array(family.offset(estimator, task.X), dtype=float)
        for tree in self.trees:
            self.total[tree.rows, tree.output] += tree.value[tree.standing]
        # scikit-learn's own errors name the model, so it is asked first
        raw_score(estimator, self.task)
        self.answers = UpdatablePredictions(
            family, estimator, self._said(self.total, slice(None))
        )
        self.now = self.then = self._score()

    def loss(self, tree, node):
        """What the metric loses when a split becomes a leaf; no less than zero."""
        rows, total = self._after(tree, node)
        before, moved = self.answers.change(rows, self._said(total, rows))
        self.then = self._score() if moved else self.now
        self.answers.restore(rows, before)
        loss = self.now - self.then
        return loss if loss > SAME * max(abs(self.now), abs(self.then)) else 0.0

    def cut(self, tree, node):
        """Make a leaf of the split that was asked of last, for good."""
        rows, total = self._after(tree, node)
        self.total[rows] = total
        self.trees[tree].cut(node)
        self.answers.change(rows, self._said(total, rows))
        self.now = self.then

    def _after(self, tree, node):
        """The rows below a split, and their sums were it a leaf."""
        rows, change = self.trees[tree].change(node)
        total = self.total[rows]
        total[:, self.trees[tree].output] += change
        return rows, total

    def _said(self, total, rows):
        return np.round(total * self._loudness[rows], DECIMALS)

    def _score(self):
        value = raw_score(self.answers, self.task)
        if not np.isfinite(value):
            raise ValueError(
                f"CostComplexity(criterion={self.criterion!r}) gave {value}; it must "
                "give a finite number. Do the rows that links are ordered on hold what "
                "it needs, all classes say?"
            )
        return value


class TreeRows:
    """The rows of one tree, so laid out that those below a node are neighbours.

    Parameters
    ----------
    tree : TreeArrays
    ids : ndarray of shape (n_rows,), int
        The leaf of each row.
    mine : ndarray of shape (n_rows,), bool, or None
        The rows that the tree speaks for; None for all of them.
    """

    def __init__(self, tree, ids, mine=None):
        self.output = slice(None)
        if tree.output is not None:
            self.output = slice(tree.output, tree.output + 1)
        self.value = tree.value
        levels = levels_of(tree.left, tree.right)
        n_leaves = sum_up((tree.left < 0).astype(int), levels)
        place = np.zeros(len(n_leaves), dtype=int)
        for nodes, left, right in levels:
            place[left] = place[nodes]
            place[right] = place[nodes] + n_leaves[left]
        rows = np.arange(len(ids)) if mine is None else np.flatnonzero(mine)
        places = place[ids[rows]]
        in_order = np.argsort(places, kind="stable")
        self.rows = rows[in_order].astype(np.int32)
        self.standing = ids[self.rows]
        ends = np.cumsum(np.bincount(places, minlength=n_leaves[0]))
        ends = np.append(0, ends)
        self._start, self._stop = ends[place], ends[place + n_leaves]

    def change(self, node):
        """The rows below a node, and by how much what they are told would change."""
        below = slice(self._start[node], self._stop[node])
        return self.rows[below], self.value[node] - self.value[self.standing[below]]

    def cut(self, node):
        """Let the rows below a node stand at it."""
        self.standing[self._start[node] : self._stop[node]] = node


def scorer_of(criterion):
    """The scorer behind a criterion: a name, a scorer, or a metric of predictions."""
    if isinstance(criterion, str):
        if criterion not in get_scorer_names():
            raise ValueError(
                f"CostComplexity(criterion={criterion!r}): no scorer has this name; "
                "sklearn.metrics.get_scorer_names() lists those that there are."
            )
        return get_scorer(criterion)
    if is_scorer(criterion):
        return criterion
    if not callable(criterion) or not _takes_two(criterion):
        raise TypeError(
            f"CostComplexity(criterion={criterion!r}): criterion must be None, the "
            "name of a scorer, a callable criterion(y_true, y_pred), or what "
            "sklearn.metrics.make_scorer gives."
        )
    return make_scorer(criterion)


def _takes_two(function):
    """Whether a function can be called with y_true and y_pred."""
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        return False
    except ValueError:
        # some functions written in C do not say what they take
        return True
    return True
