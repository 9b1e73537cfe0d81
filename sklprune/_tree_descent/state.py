"""The state of block coordinate descent: kept trees, and raw predictions of the rows.

Only `EnsembleState` writes these fields. The proposer and the descent read them and
call its methods.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sklprune._tree_descent.losses import Loss
from sklprune._trees.arrays import Ensemble, Statistics, Subtree, TreeArrays
from sklprune._trees.traversal import Traversal, traversal_of
from sklprune._typing import Array

#: the prediction of a tree that is not kept; it broadcasts over rows and values
NO_PREDICTION = np.zeros((1, 1))


class KeptTree(NamedTuple):
    """The kept part of one tree, by place in its traversal.

    Parameters
    ----------
    split : ndarray of shape (n_nodes,), bool
        Whether a node is kept and split.
    value : ndarray of shape (n_nodes, n_values)
        Raw prediction of each node; below a leaf that of the leaf.
    reached : ndarray of shape (n_nodes,), bool
        Whether a node is kept.
    """

    split: Array
    value: Array
    reached: Array


class EnsembleState:
    """Kept trees, a constant, and the sum of both for each row.

    Parameters
    ----------
    trees : list of TreeArrays
    leaf_ids : ndarray of shape (n_trees, n_rows), int
        The leaf of each row in each tree, by node number.
    loss : Loss
    offset : ndarray of shape (n_rows, n_outputs)
        Raw prediction of the model without its trees.
    max_trees : float
        How many trees may be kept, for losses with `equal_shares`. For other losses
        the number is not limited.

    Attributes
    ----------
    traversals : list of Traversal
        Of each tree.
    leaves : list of ndarray of shape (n_rows,), int
        The place of the leaf of each row in each tree.
    originals : dict of int to (Traversal, ndarray)
        Traversal and leaves of each tree in which children were raised, from before.
    kept : dict of int to KeptTree
        By position in `trees`.
    raw_prediction : ndarray of shape (n_rows, n_outputs)
    baseline : ndarray of shape (n_outputs,)
        The constant, without the offset.
    """

    def __init__(
        self,
        trees: Sequence[TreeArrays],
        leaf_ids: Sequence[Array],
        loss: Loss,
        offset: Array,
        max_trees: float,
    ) -> None:
        self.loss = loss
        self.max_trees: float = np.inf
        self.limit_trees(max_trees)
        self.trees = list(trees)
        # copies of a tree, one for each class, have the same nodes
        of_position = {}
        for tree, ids in zip(trees, leaf_ids):
            if tree.position not in of_position:
                of_position[tree.position] = _in_preorder(tree, ids)
        pairs = [of_position[tree.position] for tree in trees]
        self.traversals = [traversal for traversal, _ in pairs]
        self.leaves = [leaves for _, leaves in pairs]
        self.originals: dict[int, tuple[Traversal, Array]] = {}
        self.kept: dict[int, KeptTree] = {}
        self.raw_prediction = np.array(offset, dtype=float)
        self.baseline = np.zeros(self.raw_prediction.shape[1])
        self._statistics: dict[int, Statistics] = {}
        self._derivatives: tuple[Array, Array] | None = None

    # -- reading ------------------------------------------------------------------

    @property
    def n_leaves(self) -> int:
        """Leaves of all kept trees."""
        return sum(int(split.sum()) + 1 for split, *_ in self.kept.values())

    @property
    def n_trees_per_output(self) -> float:
        """Mean number of kept trees that contribute to an output; at least 1."""
        n_copies = float(len(self.kept))
        if self.trees and self.trees[0].output is not None:
            n_copies /= self.baseline.size
        return max(n_copies, 1)

    def prediction(self, i: int) -> Array:
        """The part of the raw prediction that tree i contributes to each row."""
        if i not in self.kept:
            return NO_PREDICTION
        return self.kept[i].value.take(self.leaves[i], axis=0)

    def derivatives(self, output: int | None = None) -> tuple[Array, Array]:
        """Negative gradient and Hessian of each row at the raw prediction.

        Parameters
        ----------
        output : int or None, default=None
            None for all outputs.

        Returns
        -------
        neg_gradient, hessian : ndarray of shape (n_rows, n_columns)
        """
        if output is not None and self.loss.separable:
            return self.loss.derivatives_of([output], self.raw_prediction)
        if self._derivatives is None:
            self._derivatives = self.loss.derivatives(self.raw_prediction)
        if output is None:
            return self._derivatives
        neg_gradient, hessian = (
            part[:, [min(output, part.shape[1] - 1)]] for part in self._derivatives
        )
        return neg_gradient, hessian

    def sum_of_squares(self) -> float:
        """Sum of the squared values of all leaves."""
        squares = 0.0
        for split, value, reached in self.kept.values():
            squares += float((value[reached & ~split] ** 2).sum())
        return squares

    def original_leaves(self, rows: Array) -> list[Array]:
        """The leaf of some rows in each tree as it was given, by node number."""
        current = enumerate(zip(self.traversals, self.leaves))
        pairs = [self.originals.get(i, pair) for i, pair in current]
        return [traversal.nodes[leaves[rows]] for traversal, leaves in pairs]

    def ensemble(self) -> Ensemble:
        """The kept trees as an ensemble, with the final scale of the loss."""
        scale = self.loss.scale(self.raw_prediction)
        subtrees = []
        for i, (split, value, reached) in sorted(self.kept.items()):
            tree, nodes = self.trees[i], self.traversals[i].nodes[reached]
            statistics = self._statistics_of(i)
            subtree = Subtree(
                tree.position,
                nodes,
                split[reached],
                value=scale * value[reached],
                output=tree.output,
                statistics=None if statistics is None else statistics.of(reached),
            )
            subtrees.append(subtree)
        return Ensemble(subtrees, scale * self.baseline).packed()

    def _statistics_of(self, i: int) -> Statistics | None:
        """Statistics of the nodes of tree i if children were raised in it."""
        if i in self.originals and i not in self._statistics:
            targets, n_averaged = self.loss.impurity_targets()
            weight = self.loss.weight[:, 0]
            columns = [weight > 0, weight, weight * (targets**2).sum(axis=1)]
            columns += [weight * column for column in targets.T]
            n_rows, weight, squares, *sums = (
                self.traversals[i].sums(self.leaves[i], np.column_stack(columns)).T
            )
            divisor = np.where(weight > 0, weight, 1.0)
            variance = squares / divisor - sum((each / divisor) ** 2 for each in sums)
            impurity = np.maximum(variance, 0.0) / n_averaged
            # a path keeps many of these: single precision takes half the bytes
            self._statistics[i] = Statistics(
                n_rows.astype(np.int32),
                weight.astype(np.float32),
                impurity.astype(np.float32),
            )
        return self._statistics.get(i)

    # -- writing ------------------------------------------------------------------

    def limit_trees(self, max_trees: float) -> None:
        """Set how many trees may be kept, if the loss limits their number."""
        if self.loss.equal_shares:
            self.max_trees = max_trees

    def add_constant(self, constant: Array, output: int | None = None) -> None:
        """Add a constant to the raw prediction of one output, or of all."""
        columns = slice(None) if output is None else [output]
        self.baseline[columns] += constant
        self.raw_prediction[:, columns] += constant
        self._derivatives = None

    def keep(self, i: int, split: Array, value: Array, before: Array) -> None:
        """Keep a pruning of tree i.

        Parameters
        ----------
        i : int
        split : ndarray of shape (n_nodes,), bool
            Whether each node is split, by place. Splits below a leaf do not count.
        value : ndarray of shape (n_nodes, n_values)
            Raw prediction of each node as a leaf.
        before : ndarray
            The prediction of the tree that is replaced, see `prediction`.
        """
        reached = self.traversals[i].reached(split)
        # the nodes below a leaf come after it
        leaf_above = np.maximum.accumulate(np.where(reached, np.arange(len(split)), 0))
        value = value[leaf_above]
        self.kept[i] = KeptTree(split & reached, value, reached)
        self._add(i, value.take(self.leaves[i], axis=0) - before)

    def remove(self, i: int, before: Array) -> None:
        """Remove tree i, whose prediction was `before`."""
        del self.kept[i]
        self._add(i, -before)

    def _add(self, i: int, change: Array) -> None:
        output = self.trees[i].output
        if output is None:
            self.raw_prediction += change
        else:
            self.raw_prediction[:, output] += change[:, 0]
        self._derivatives = None

    def append(self, tree: TreeArrays, ids: Array) -> None:
        """Append a tree that is not kept yet; `ids` as a row of `leaf_ids`."""
        traversal, leaves = _in_preorder(tree, ids)
        self.trees.append(tree)
        self.traversals.append(traversal)
        self.leaves.append(leaves)

    def pop(self) -> None:
        """Drop the last tree, which is not kept."""
        for each in (self.trees, self.traversals, self.leaves):
            each.pop()

    def replace_nodes(self, i: int, traversal: Traversal, leaves: Array) -> None:
        """Give tree i other nodes; `restore_nodes` returns to its original ones."""
        self.originals.setdefault(i, (self.traversals[i], self.leaves[i]))
        self.traversals[i], self.leaves[i] = traversal, leaves
        self._statistics.pop(i, None)

    def restore_nodes(self, i: int) -> None:
        """Give tree i its original nodes again, if it has others."""
        if i in self.originals:
            self.traversals[i], self.leaves[i] = self.originals.pop(i)
            self._statistics.pop(i, None)

    # -- snapshots ----------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """A copy of all fields, for `restore`."""
        return {
            "trees": list(self.trees),
            "traversals": list(self.traversals),
            "leaves": list(self.leaves),
            "kept": dict(self.kept),
            "originals": dict(self.originals),
            "_statistics": dict(self._statistics),
            "raw_prediction": self.raw_prediction.copy(),
            "baseline": self.baseline.copy(),
            "max_trees": self.max_trees,
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Return to a snapshot, which must not be used again."""
        for name, value in snapshot.items():
            setattr(self, name, value)
        self._derivatives = None


def _in_preorder(tree: TreeArrays, ids: Array) -> tuple[Traversal, Array]:
    """The traversal of a tree, and the places of leaves given by their numbers."""
    traversal = traversal_of(tree.left, tree.right)
    if (traversal.nodes == np.arange(len(traversal.nodes))).all():
        return traversal, ids
    return traversal, traversal.places()[ids]
