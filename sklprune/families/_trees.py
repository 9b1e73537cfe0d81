"""What all models made of scikit-learn's trees share: leaves as units."""

import copy

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.utils import check_array

from sklprune._trees.arrays import Ensemble, Subtree, TreeArrays, levels_of, pruned_to
from sklprune._trees.consistency import check_consistency, leaves_above, probe_of
from sklprune._trees.decision_paths import DecisionPaths
from sklprune._units import Units
from sklprune.families._base import Family

#: losses of boosting that do not bend
ROBUST_LOSSES = ("absolute_error", "huber", "quantile")
#: of fewer splits the counts of other rows may be the same by chance
SPLITS_THAT_TELL = 5
#: fields of a node that training measured, as numbers with a fraction
STATISTICS = ("impurity", "weighted_n_node_samples")
#: what stays of a tree that became a constant
ONLY_THE_ROOT = Subtree(0, np.zeros(1, dtype=int), np.zeros(1, dtype=bool))


class TreesFamily(Family):
    """Base of the families whose models add up, or average, binary trees.

    Units of granularity "leaf" are the leaves of all trees, tree after tree, in the
    order of their nodes; `units.where` holds for each tree its children arrays. Where
    at most one leaf below a split stays, the split becomes a leaf; a tree of which no
    leaf stays leaves altogether.
    """

    granularities = ("leaf",)

    # -- what a family of trees knows ----------------------------------------------

    def tree_arrays(self, estimator):
        """The trees as arrays, a list of `TreeArrays`."""
        raise NotImplementedError

    def sklearn_trees(self, estimator):
        """The trees of scikit-learn behind the tables."""
        raise NotImplementedError

    def leaf_ids(self, estimator, X):
        """The leaf that each row falls into: (n_trees, n_rows), int32 node ids."""
        raise NotImplementedError

    def decision_paths(self, estimator, X, trees=None):
        """The way of rows through its trees, or through others; a `DecisionPaths`.

        None where it is not known: of sparse rows, and in histogram boosting.
        """
        if sparse.issparse(X):
            return None
        X = check_array(X, dtype=np.float32, order="C", ensure_all_finite=False)
        return DecisionPaths(
            self.sklearn_trees(estimator) if trees is None else trees, X
        )

    def offset(self, estimator, X):
        """What the model says without its trees, (n_rows, n_outputs)."""
        raise NotImplementedError

    def raw_prediction(self, estimator, X):
        """The sum as the model itself predicts it, (n_rows, n_values)."""
        raise NotImplementedError

    def n_fitted(self, estimator):
        """How many rows the trees were fitted on, as far as they know."""
        return max(int(self.rows_of(tree)[0]) for tree in self.sklearn_trees(estimator))

    def rows_of(self, tree):
        """How many of the rows that it was fitted on came by each node of a tree."""
        return tree.n_node_samples

    def bootstrap_rows(self, estimator):
        """Which rows each tree was fitted on, an index."""
        return [slice(None)] * len(self.sklearn_trees(estimator))

    def fitted_on(self, estimator, X, sample_weight=None):
        """Whether the trees were fitted on these rows, all of them and in order.

        Others hardly come to all leaves in the same numbers; where there are too few
        leaves, or a tree saw a part of the rows that is not known, the answer is no.
        Some releases of scikit-learn count rows of no weight, others do not.
        """
        if X.shape[0] != self.n_fitted(estimator):
            return False
        counts = [self.rows_of(tree) for tree in self.sklearn_trees(estimator)]
        if sum(len(count) // 2 for count in counts) < SPLITS_THAT_TELL:
            return False
        weighs = np.ones(X.shape[0], dtype=bool)
        if sample_weight is not None:
            weighs = np.asarray(sample_weight) != 0
        known = counts, self.bootstrap_rows(estimator), self.leaf_ids(estimator, X)
        for count, bag, ids in zip(*known):
            found = np.bincount(ids[bag], minlength=len(count))
            some = np.bincount(ids[bag][weighs[bag]], minlength=len(count))
            if not (_are_of_leaves(found, count) or _are_of_leaves(some, count)):
                return False
        return True

    def output_kind(self, estimator):
        """What the sum of the trees is: "values", "distributions" over the classes,
        or "scores" that a loss is taken of."""
        raise NotImplementedError

    def loss(self, estimator):
        """The loss of the scores: one of scikit-learn."""
        raise NotImplementedError

    def response(self, estimator, total, response):
        """What the model answers rows whose trees, and the offset, sum up to `total`.

        Parameters
        ----------
        estimator : estimator
        total : ndarray of shape (n_rows, n_outputs)
        response : {"predict", "predict_proba", "decision_function"}
            The method of the estimator whose answer is wanted; it has this method.
        """
        raise NotImplementedError

    def n_distributions(self, estimator):
        """How many distributions lie side by side in what a tree says."""
        return 1

    def targets(self, estimator, y):
        """y as the sum is compared with it.

        (n_rows, n_values) for values and distributions, (n_rows,) for scores; float.
        """
        raise NotImplementedError

    def risks(self, estimator):
        """The training risk of each node as a leaf: for each tree (n_nodes,)."""
        return [
            tree.impurity
            * tree.weighted_n_node_samples
            / tree.weighted_n_node_samples[0]
            for tree in self.sklearn_trees(estimator)
        ]

    def from_arrays(self, estimator, ensemble, trees=None):
        """A copy of the estimator that holds a pruned `Ensemble`.

        `trees` are those that it was pruned from, where they are not its own.
        """
        raise NotImplementedError

    def with_subtrees(self, estimator, subtrees):
        """A copy that holds some subtrees, each of which says what it said before."""
        raise NotImplementedError

    def n_outputs(self, estimator):
        """How many columns y has, where the estimator knows it; else 1."""
        return getattr(estimator, "n_outputs_", 1)

    def boosting_misfit(self, estimator):
        """Why no boosting model can represent the trees, as a clause; "" if one can."""
        if self.n_outputs(estimator) > 1:
            return "has several outputs, and boosting has one"
        if len(getattr(estimator, "classes_", (0, 1))) == 1:
            return "knows a single class, and boosting needs two or more"
        return ""

    def as_boosting(self, estimator, X, container):
        """The same sum as scores of a boosting model.

        Parameters
        ----------
        estimator : estimator
        X : array-like of shape (n_samples, n_features)
            Rows as they will come.
        container : {"auto", "gradient_boosting", "hist_gradient_boosting"}

        Returns
        -------
        shell : estimator
            A boosting model without a say, to be filled with the trees.
        trees : list of TreeArrays
            What each of them adds to the score of an output.
        offset : ndarray of shape (n_outputs,)
            What is to be said without any tree.
        """
        raise NotImplementedError

    def method_of(self, estimator):
        if "rebuild" in self.capabilities(estimator):
            return self.default_method
        return "cost_complexity"

    # -- leaves as units --------------------------------------------------------------

    def capabilities(self, estimator):
        offers = {"trees", "fitted_on"}
        # other values in the leaves would break what was promised of them
        promised = getattr(estimator, "monotonic_cst", None) is not None
        # nothing tells how far a step on such a loss ought to go
        robust = getattr(estimator, "loss", None) in ROBUST_LOSSES
        return frozenset(offers | (set() if promised or robust else {"rebuild"}))

    def counts(self, estimator):
        trees = self.sklearn_trees(estimator)
        counts = self.count_nodes(trees) | {"members": len(trees)}
        return super().counts(estimator) | counts

    def count_nodes(self, trees):
        """Counts of the trees behind the tables, as in `counts`."""
        return tree_counts(trees)

    def own_units(self, estimator, granularity):
        trees = self.tree_arrays(estimator)
        # a report keeps them: half the bytes that scikit-learn takes
        where = tuple(
            (tree.left.astype(np.int32), tree.right.astype(np.int32)) for tree in trees
        )
        return Units("leaf", sum(tree.n_leaves for tree in trees), where=where)

    def own_names(self, units):
        return np.array(
            [
                f"tree {i} node {node}"
                for i, (left, _) in enumerate(units.where)
                for node in np.flatnonzero(left < 0)
            ]
        )

    def remove(self, estimator, units, keep, task=None):
        if units.granularity != "leaf" or task is None:
            return super().remove(estimator, units, keep, task)
        subtrees = self._subtrees(estimator, keep)
        smaller = self.with_subtrees(estimator, subtrees)
        self._check_cut(smaller, estimator, subtrees, task)
        return smaller

    def own_remove(self, estimator, units, keep):
        return self.with_subtrees(estimator, self._subtrees(estimator, keep))

    def _subtrees(self, estimator, keep):
        """What stays of the trees where some leaves do, and what its nodes say."""
        trees = self.tree_arrays(estimator)
        ends = np.cumsum([tree.n_leaves for tree in trees])[:-1]
        subtrees = []
        for i, (tree, kept) in enumerate(zip(trees, np.split(keep, ends))):
            if kept.any():
                nodes, split = pruned_to(tree.left, tree.right, kept)
                subtrees.append(Subtree(i, nodes, split, output=tree.output))
        return subtrees

    def _check_cut(self, smaller, estimator, subtrees, task):
        """Check a model of which leaves were cut on some of the rows."""
        X, trees = probe_of(task), self.tree_arrays(estimator)
        louder = self.rescaling(len(trees), len(subtrees))
        subtrees = [
            each._replace(value=louder * trees[each.tree].value[each.nodes])
            for each in subtrees
        ]
        offset, leaves = self.offset(estimator, X), self.leaf_ids(estimator, X)

        def ends(subtree):
            return leaves_above(subtree, trees[subtree.tree], leaves[subtree.tree])

        ensemble = Ensemble(subtrees, np.zeros(offset.shape[1]))
        check_consistency(
            smaller, self.raw_prediction(smaller, X), ensemble, ends, offset
        )

    def rescaling(self, n_trees, n_left):
        """How much louder each tree becomes in the sum where others leave."""
        return 1.0


class BoostedFamily(TreesFamily):
    """Base of the families whose trees add up to scores that a loss is taken of.

    Attributes
    ----------
    zero_is_second : bool
        Whether a score of exactly zero stands for the second one of two classes.
    """

    default_method = "backfitting"
    zero_is_second = False

    def output_kind(self, estimator):
        return "scores"

    def loss(self, estimator):
        return estimator._loss

    def targets(self, estimator, y):
        y = np.ravel(y)
        if not is_classifier(estimator):
            return y.astype(float)
        return np.searchsorted(estimator.classes_, y).astype(float)

    def response(self, estimator, total, response):
        raw = total if total.shape[1] > 1 else total[:, 0]
        if response == "decision_function":
            return raw
        if response == "predict_proba":
            return self.loss(estimator).predict_proba(raw)
        if not is_classifier(estimator):
            return self.loss(estimator).link.inverse(raw)
        if raw.ndim > 1:
            return estimator.classes_[raw.argmax(axis=1)]
        second = raw >= 0 if self.zero_is_second else raw > 0
        return estimator.classes_[second.astype(int)]


# -- scikit-learn's own tree object --------------------------------------------------


def table(tree, position=0, scale=1.0, output=None):
    """A fitted `Tree` of scikit-learn as arrays; values are multiplied by `scale`."""
    return TreeArrays(
        tree.children_left,
        tree.children_right,
        tree.value.reshape(tree.node_count, -1) * scale,
        tree.weighted_n_node_samples,
        output,
        position,
    )


def cut(tree, subtree, value=None, n_classes=None, *, coarse=False):
    """A `Tree` of scikit-learn that holds a subtree; statistics of nodes stay.

    Parameters
    ----------
    tree : Tree of scikit-learn
    subtree : Subtree
    value : ndarray of shape (n_kept, n_values), or None
        What the nodes say, as scikit-learn stores it; None for what they say now.
    n_classes : int or None
        Values of a node for each output, where that changes.
    coarse : bool, default=False
        Whether statistics come with the precision of a float32. Nothing that is
        predicted reads them, and the other half of their bits does not compress.
    """
    state = tree.__getstate__()
    nodes = records(state["nodes"], subtree.nodes)
    nodes["left_child"], nodes["right_child"] = subtree.children()
    if subtree.statistics is not None:
        count, weight, impurity = subtree.statistics
        nodes["n_node_samples"], nodes["impurity"] = count, impurity
        nodes["weighted_n_node_samples"] = weight
    for name in STATISTICS if coarse else ():
        nodes[name] = nodes[name].astype(np.float32)
    nodes["feature"][~subtree.split] = -2
    nodes["threshold"][~subtree.split] = -2
    value = state["values"][subtree.nodes] if value is None else value
    return filled(tree, nodes, value, n_classes=n_classes)


def _are_of_leaves(found, count):
    """Whether rows that came to leaves are as many as the tree was fitted on."""
    leaf = found > 0
    return found.sum() == count[0] and (found[leaf] == count[leaf]).all()


def filled(tree, nodes, value, *, n_features=None, n_classes=None):
    """A `Tree` of scikit-learn like another one, of other nodes.

    Node fields are read from the tree, so that a release may change them; memory is
    allocated for the nodes that it holds.

    Parameters
    ----------
    tree : Tree of scikit-learn
    nodes : ndarray of shape (n_nodes,)
        Records as the tree holds them.
    value : ndarray of shape (n_nodes, n_values)
        What they say, as scikit-learn stores it.
    n_features, n_classes : int or None
        Columns of X, and values of a node for each output, where they change.
    """
    make, (width, classes, n_outputs), state = tree.__reduce__()
    if n_classes is not None:
        classes, n_outputs = np.full(1, n_classes, dtype=classes.dtype), 1
    shape = (len(nodes), n_outputs, max(classes))
    other = make(n_features or width, classes, n_outputs)
    other.__setstate__(
        state
        | {
            "max_depth": len(levels_of(nodes["left_child"], nodes["right_child"])),
            "node_count": len(nodes),
            "nodes": nodes,
            "values": np.ascontiguousarray(value, dtype=float).reshape(shape),
        }
    )
    return other


def renumbered(tree, numbers, n_features):
    """A `Tree` of scikit-learn that asks for columns by other numbers.

    Parameters
    ----------
    tree : Tree of scikit-learn
    numbers : ndarray of shape (n_features of the tree,), int
        The new number of each column.
    n_features : int
        How many columns there are then.
    """
    state = tree.__getstate__()
    nodes = records(state["nodes"], np.arange(tree.node_count))
    split = nodes["feature"] >= 0
    nodes["feature"][split] = numbers[nodes["feature"][split]]
    return filled(tree, nodes, state["values"], n_features=n_features)


def records(nodes, which):
    """Some of the records of nodes; bytes between their fields are zero.

    Taken by position, those bytes would be what was in memory before: other ones in
    each run, that no file can compress.
    """
    taken = np.zeros(len(which), dtype=nodes.dtype)
    for field in nodes.dtype.names:
        taken[field] = nodes[field][which]
    return taken


def with_tree(estimator, tree):
    """A copy of a fitted tree estimator that holds another `Tree`."""
    model = copy.copy(estimator)
    model.tree_ = tree
    return model


def tree_counts(trees):
    """Counts of a list of scikit-learn's trees, as in `Family.counts`."""
    return node_counts(
        [tree.children_left < 0 for tree in trees],
        [tree.weighted_n_node_samples for tree in trees],
        per_leaf=int(np.prod(trees[0].value.shape[1:])),
    )


def node_counts(leaf, weight, per_leaf):
    """Counts from the leaves of each tree and the weight of rows in its nodes."""
    nodes = sum(map(len, leaf))
    leaves = sum(int(mask.sum()) for mask in leaf)
    return {
        "nodes": nodes,
        # a feature and a threshold for each split, values for each leaf
        "parameters": 2 * (nodes - leaves) + per_leaf * leaves,
        # comparisons that a training row meets on its way down, on average
        "operations_per_row": sum(
            float(rows[~mask].sum() / rows[0]) for mask, rows in zip(leaf, weight)
        ),
    }
