"""Raw predictions of trees for rows in which some of the columns are permuted.

Most paths of rows through trees test none of the changed columns. Only the others are
followed again, from the first split at which a row turns to the other side. The values
of the trees are then added up in the same order as the model does it, so that the
result has the same bits.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from sklprune._typing import Array

#: largest number of pairs of a row and a tree, times repeats, that are handled at once
MAX_PAIRS = 4_000_000
#: largest number of values of raw predictions of several changes: 64 MB
MAX_VALUES = 8_000_000
#: number of categories that a split by category distinguishes
N_CATEGORIES = 256


class Splits(NamedTuple):
    """The splits of one tree, in the order of its nodes.

    Parameters
    ----------
    left, right : ndarray of shape (n_nodes,), int
        Children of each node, -1 at leaves.
    feature : ndarray of shape (n_nodes,), int
    threshold : ndarray of shape (n_nodes,)
        A row goes left if its value is not larger. The dtype is that of the rows.
    missing_left : ndarray of shape (n_nodes,), bool
        Whether a missing value goes left.
    category : ndarray of shape (n_nodes,), int, or None
        For a split by category its row in `categories`, else -1. None without any.
    categories : ndarray of shape (n_category_splits, 256), bool, or None
        Whether each category goes left.
    """

    left: Array
    right: Array
    feature: Array
    threshold: Array
    missing_left: Array
    category: Array | None = None
    categories: Array | None = None


class Summands(NamedTuple):
    """What the trees add up to.

    Parameters
    ----------
    values : list of ndarray of shape (n_nodes, n_values)
        For each tree what its leaves add: (n_nodes, 1) where each tree adds to one
        output only, in turn.
    n_outputs : int
    divisor : float
        The sum is divided by it.
    """

    values: list[Array]
    n_outputs: int
    divisor: float


class Table(NamedTuple):
    """The rows in the form in which trees compare them.

    Parameters
    ----------
    X : ndarray or CSC matrix of shape (n_rows, n_columns)
    leaf_ids : callable
        `leaf_ids(rows)`: the node of the leaf that some rows reach in each tree,
        (n_trees, n_some). `rows` is a slice.
    start : callable
        `start(rows)`: the sum without any tree, (n_some, n_outputs).
    """

    X: Any
    leaf_ids: Callable[[slice], Array]
    start: Callable[[slice], Array]

    def block(self, rows: slice) -> Array:
        """Some rows as an array in C order."""
        X = self.X[rows]
        X = X.toarray() if sparse.issparse(X) else X
        return np.ascontiguousarray(X)

    def column(self, position: int) -> Array:
        """The values of one column: (n_rows,)."""
        if sparse.issparse(self.X):
            return self.X[:, [position]].toarray().ravel()
        return self.X[:, position]


class Forest:
    """All trees of a model in one set of arrays, in preorder.

    A *place* is the position of a node in these arrays. The left child of a node is at
    the next place.

    Parameters
    ----------
    trees : list of Splits
    summands : Summands
    """

    def __init__(self, trees: list[Splits], summands: Summands) -> None:
        sizes = np.array([len(tree.left) for tree in trees])
        self.first = np.cumsum(sizes) - sizes
        left, right = (
            np.concatenate(
                [np.where(c >= 0, c + i, -1) for c, i in zip(side, self.first)]
            )
            for side in ([t.left for t in trees], [t.right for t in trees])
        )
        self.place, self.end = _places(left, right, self.first)
        nodes = np.empty(len(left), dtype=np.intp)
        nodes[self.place] = np.arange(len(left))
        self.is_split = left[nodes] >= 0
        self.right = np.where(self.is_split, self.place[right[nodes]], 0)
        self.tree = np.repeat(np.arange(len(trees)), sizes)
        feature, threshold, missing = (
            np.concatenate(field)[nodes]
            for field in (
                [tree.feature for tree in trees],
                [tree.threshold for tree in trees],
                [tree.missing_left for tree in trees],
            )
        )
        self.feature = np.where(self.is_split, feature, -1).astype(np.intp)
        self.threshold, self.missing_left = threshold, missing.astype(bool)
        self._set_categories(trees, nodes)
        self.values = np.concatenate(summands.values)[nodes]
        self.n_outputs, self.divisor = summands.n_outputs, summands.divisor
        self.n_trees, self.in_turn = len(trees), self.values.shape[1] == 1
        # splits of one column, the lower ones first
        order = np.lexsort((-np.arange(len(nodes)), self.feature))
        self._by_feature = order[np.searchsorted(self.feature[order], 0) :]
        self._features = self.feature[self._by_feature]

    def _set_categories(self, trees: list[Splits], nodes: Array) -> None:
        """The splits by category of all trees, in one table."""
        self.category: Array | None = None
        if any(tree.categories is None for tree in trees):
            return
        tables: Any = [tree.categories for tree in trees]
        if sum(map(len, tables)) == 0:
            return
        first = np.cumsum([0, *map(len, tables)])
        own: Any = [tree.category for tree in trees]
        numbers = [np.where(c >= 0, c + start, -1) for c, start in zip(own, first)]
        self.category = np.concatenate(numbers)[nodes].astype(np.intp)
        self.categories = np.concatenate(tables)

    def splits_at(self, columns: Array) -> Array:
        """The places of the splits of some columns, those below others first."""
        found = [
            self._by_feature[slice(*np.searchsorted(self._features, [c, c + 1]))]
            for c in columns
        ]
        if len(found) == 1:
            return found[0]
        return np.sort(np.concatenate([*found, np.empty(0, dtype=np.intp)]))[::-1]

    def goes_left(self, places: Array, values: Array, any_missing: bool) -> Array:
        """Whether values go left at splits; the two arrays broadcast."""
        left = values <= self.threshold.take(places)
        if any_missing:
            left |= np.isnan(values) & self.missing_left.take(places)
        if self.category is not None:
            numbers = np.broadcast_to(self.category.take(places), left.shape)
            at = np.nonzero(numbers >= 0)
            if len(at[0]):
                places = np.broadcast_to(places, left.shape)[at]
                left[at] = self._category_goes_left(places, values[at])
        return left

    def _category_goes_left(self, places: Array, values: Array) -> Array:
        number: Any = self.category
        known = values >= 0  # a missing value is not
        code = np.where(known, values, 0).astype(np.intp) % N_CATEGORIES
        left = self.categories[number[places], code]
        return np.where(known, left, self.missing_left[places])

    def permuted_sums(
        self, table: Table, changes: Sequence[Any]
    ) -> Iterator[Array | None]:
        """The raw predictions of the rows, and then after each change.

        Parameters
        ----------
        table : Table
        changes : sequence of Change
            Positions of columns of `table.X`, and orders of the rows.

        Yields
        ------
        ndarray of shape (n_repeats, n_rows, n_outputs), or None
            None if no tree tests a column of the change.
        """
        n_rows = table.X.shape[0]
        n_repeats = len(changes[0].orders) if len(changes) else 1
        size = max(1, MAX_PAIRS // (n_repeats * self.n_trees * self.n_outputs))
        slices = [slice(i, min(i + size, n_rows)) for i in range(0, n_rows, size)]
        before = np.empty((1, n_rows, self.n_outputs))
        for rows in slices:
            block = _Block(self, table, rows)
            before[0, rows] = block.before
        yield before
        n_at_once = max(1, MAX_VALUES // (n_repeats * n_rows * self.n_outputs))
        for first in range(0, len(changes), n_at_once):
            some = changes[first : first + n_at_once]
            found = [
                np.empty((n_repeats, *before.shape[1:]))
                if len(self.splits_at(change.columns))
                else None
                for change in some
            ]
            for rows in slices:
                if len(slices) > 1:
                    block = _Block(self, table, rows)
                for change, sums in zip(some, found):
                    if sums is not None:
                        block.fill(change, sums[:, rows])
            yield from found


class _Block:
    """Some of the rows, with the nodes that they reach and the values of all trees.

    Parameters
    ----------
    forest : Forest
    table : Table
    rows : slice
    """

    def __init__(self, forest: Forest, table: Table, rows: slice) -> None:
        self.forest, self.table, self.rows = forest, table, rows
        self.X = table.block(rows)
        self.any_missing = bool(np.isnan(self.X).any())
        self.flat = self.X.ravel()
        self.n_rows = len(self.X)
        leaves = forest.place.take(table.leaf_ids(rows) + forest.first[:, None])
        # the rows of each tree in the order of their leaves: those that reach a node
        # are next to each other
        order = np.argsort(leaves, axis=1)
        self.order = order.ravel()
        ranked = np.take_along_axis(leaves, order, axis=1).ravel()
        self.begin = np.searchsorted(ranked, np.arange(len(forest.place)))
        self.stop = np.searchsorted(ranked, forest.end)
        self._set_values(leaves, table.start(rows))

    def _set_values(self, leaves: Array, start: Array) -> None:
        """The summands of each output in the order of the sum: its start, then trees.

        `base` is the position of each tree in the flat array of all summands.
        """
        forest, n_rows = self.forest, self.n_rows
        n_outputs, tree = forest.n_outputs, np.arange(forest.n_trees)
        n_terms = 1 + forest.n_trees
        output = np.zeros_like(tree)
        if forest.in_turn:
            n_terms = 1 + forest.n_trees // n_outputs
            tree, output = tree // n_outputs, tree % n_outputs
        self.terms = np.empty((n_outputs, n_terms, n_rows))
        self.terms[:, 0] = start.T
        for k in range(forest.values.shape[1]):
            self.terms[output + k, 1 + tree] = forest.values[:, k].take(leaves)
        self.all_terms = self.terms.reshape(-1)
        self.base = (output * n_terms + 1 + tree) * n_rows
        self.output = output
        self.stride = n_terms * n_rows
        self.before = self._sums(range(n_outputs), np.empty((n_rows, n_outputs)))

    def _sums(self, outputs: Iterable[int], out: Array) -> Array:
        """Add up the terms of some outputs, one after the other as a model does."""
        for k in outputs:
            out[:, k] = np.add.reduce(self.terms[k], axis=0)
            if self.forest.divisor != 1:
                out[:, k] /= self.forest.divisor
        return out

    def fill(self, change: Any, out: Array) -> None:
        """Write the raw predictions after a change to `out`, (n_repeats, n_rows, k)."""
        orders = change.orders[:, self.rows]
        new = [self.table.column(c).take(orders) for c in change.columns]
        pair, repeat, ends = self._turned(change.columns, new)
        out[:] = self.before
        trees = self.forest.tree.take(ends)
        bounds = np.searchsorted(repeat, np.arange(len(out) + 1))
        position = self.base.take(trees) + pair
        n_values = self.forest.values.shape[1]
        for r in range(len(out)):
            some = slice(bounds[r], bounds[r + 1])
            if some.start == some.stop:
                continue
            at, leaves = position[some], ends[some]
            stored = []
            for k in range(n_values):
                stored.append(self.all_terms.take(at + k * self.stride))
                # where a row turns at two splits of a path, the upper one comes last
                values = self.forest.values[:, k].take(leaves)
                self.all_terms[at + k * self.stride] = values
            outputs: Iterable[int] = range(self.forest.n_outputs)
            if self.forest.in_turn and self.forest.n_outputs > 1:
                outputs = np.unique(self.output[trees[some]]).tolist()
            self._sums(outputs, out[r])
            for k, old in enumerate(stored):
                self.all_terms[at + k * self.stride] = old

    def _turned(self, columns: Array, new: list[Array]) -> tuple[Array, Array, Array]:
        """Where rows turn to the other side of a split, and the leaves they reach.

        Parameters
        ----------
        columns : ndarray of int
        new : list of ndarray of shape (n_repeats, n_rows)
            The values of each of these columns.

        Returns
        -------
        row, repeat, leaf : ndarray of shape (n_turns,), int
            Ordered by repeat. A row may turn at several splits of one tree. The
            uppermost of them then comes last.
        """
        forest = self.forest
        places = forest.splits_at(columns)
        count = self.stop[places] - self.begin[places]
        before = np.cumsum(count) - count
        position = np.arange(count.sum())
        position += np.repeat(self.begin[places] - before, count)
        row = self.order.take(position)
        was_left = position < np.repeat(self.begin[forest.right[places]], count)
        any_missing = self.any_missing or any(bool(np.isnan(v).any()) for v in new)
        each = np.repeat(places, count)
        if len(columns) == 1:
            values = new[0].take(row, axis=1)
        else:
            which = np.searchsorted(columns, forest.feature.take(each))
            values = np.stack(new, axis=1)[:, which, row]
        turns = np.flatnonzero(forest.goes_left(each, values, any_missing) != was_left)
        repeat, pair = np.divmod(turns, max(1, len(row)))
        here = each.take(pair)
        here = np.where(was_left.take(pair), forest.right.take(here), here + 1)
        row = row.take(pair)
        ends = self._ends(columns, new, here, repeat, row, any_missing)
        return row, repeat, ends

    def _ends(
        self,
        columns: Array,
        new: list[Array],
        here: Array,
        repeat: Array,
        row: Array,
        any_missing: bool,
    ) -> Array:
        """The leaves that rows reach from given places."""
        forest, ends = self.forest, here.copy()
        moving = np.flatnonzero(forest.is_split.take(here))
        here, first = here.take(moving), row.take(moving) * self.X.shape[1]
        while len(moving):
            feature = forest.feature.take(here)
            values = self.flat.take(first + feature)
            for column, of_column in zip(columns, new):
                at = np.flatnonzero(feature == column)
                if len(at):
                    pairs = moving.take(at)
                    values[at] = of_column[repeat.take(pairs), row.take(pairs)]
            left = forest.goes_left(here, values, any_missing)
            here = np.where(left, here + 1, forest.right.take(here))
            ends[moving] = here
            going_on = np.flatnonzero(forest.is_split.take(here))
            moving, here = moving.take(going_on), here.take(going_on)
            first = first.take(going_on)
        return ends


def _places(left: Array, right: Array, roots: Array) -> tuple[Array, Array]:
    """The place of each node in preorder, and for each place the end of its subtree.

    Parameters
    ----------
    left, right : ndarray of shape (n_nodes,), int
        Children of the nodes of all trees, one tree after the other; -1 at leaves.
    roots : ndarray of shape (n_trees,), int
    """
    levels, nodes = [], roots
    while True:
        nodes = nodes[left[nodes] >= 0]
        if len(nodes) == 0:
            break
        levels.append(nodes)
        nodes = np.concatenate([left[nodes], right[nodes]])
    size = np.ones(len(left), dtype=np.intp)
    for nodes in reversed(levels):
        size[nodes] += size[left[nodes]] + size[right[nodes]]
    place = np.empty(len(left), dtype=np.intp)
    place[roots] = roots
    for nodes in levels:
        place[left[nodes]] = place[nodes] + 1
        place[right[nodes]] = place[left[nodes]] + size[left[nodes]]
    end = np.empty_like(place)
    end[place] = place + size
    return place, end
