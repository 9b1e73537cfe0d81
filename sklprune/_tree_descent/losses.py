"""Losses that block coordinate descent minimises, with their gradients and Hessians.

A loss holds the targets and the weights of rows, and no state of the descent. All
losses share the interface of `Loss`.
"""

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from sklprune._trees.arrays import Ensemble
from sklprune._typing import Array

#: lower bound of the Hessian: Newton steps of rows that are predicted with certainty
#: would diverge
MIN_HESSIAN = 0.02

#: factor by which distributions in leaves are shrunk towards the class frequencies, so
#: that no probability is exactly 0 or 1
SHRINKAGE = 1 - 1e-4

#: bits of the mean of the probabilities of all trees. The leaves of many trees store
#: fewer bits, but at least `LEAF_BITS` up to 16 classes. On four tables files were a
#: seventh smaller than with 10 bits in each node, and the same labels were right. With
#: two classes a leaf has more bits, since equal scores lower the ROC AUC
MEAN_BITS, LEAF_BITS, BITS_OF_TWO_CLASSES = 10, 6, 12
#: values of splits, which no prediction reads, have so many bits fewer than those of
#: leaves. On two tables files were a fortieth smaller than with two bits fewer
FEWER_BITS_OF_SPLITS = 4
#: bits of the least probability above zero
LEAST_PROBABILITY_BITS = 14


class Loss:
    """A loss function of scikit-learn on rows.

    Parameters
    ----------
    sklearn_loss : loss of scikit-learn
        A `sklearn._loss.loss.BaseLoss`.
    y : ndarray of shape (n_rows,)
        Targets in the form that the loss takes.
    sample_weight : ndarray of shape (n_rows,) or None, default=None

    Attributes
    ----------
    equal_shares : bool
        Whether each kept tree contributes an equal share of a probability. The number
        of trees is then limited.
    forward_share : float
        Share of all leaves up to which models are grown from no tree; larger models
        are pruned from the whole ensemble.
    more_shares_from : float
        Share of all leaves from which a model may have more than `n_shares` trees, for
        losses with `equal_shares`.
    raised_share : float
        Children are raised up to this share of all leaves, see `subtree_raising.py`.
    constant : ndarray of shape (n_outputs,) or None
        Fixed constant of the raw prediction; None where the descent fits it.
    stride : int
        Steps of the leaf penalty from one model to the next in backward pruning.
    backward_up_to : float
        No backward phase begins at more leaves. From 1600 of 190,000 leaves it took a
        third of the total time.
    sweep_factor : float
        While trees are added, all are chosen again whenever their number has grown by
        this factor.
    l2_factor : float
        Factor of the L2 penalty.
    separable : bool
        Whether the derivatives of one output depend on no other output.
    quadratic : bool
        Whether the loss equals its second-order expansion.
    """

    equal_shares = False
    forward_share = 0.25
    more_shares_from: float = np.inf
    raised_share = 0.01
    constant: Array | None = None
    stride = 2
    backward_up_to: float = 1000
    sweep_factor = 1.1
    l2_factor = 1.0
    separable = False
    quadratic = False

    def __init__(
        self, sklearn_loss: Any, y: Array, sample_weight: Array | None = None
    ) -> None:
        self.sklearn_loss = sklearn_loss
        self.quadratic = bool(getattr(sklearn_loss, "constant_hessian", False))
        self.y = np.ascontiguousarray(y, dtype=float)
        self.weight = _weights(sample_weight, len(y))

    def derivatives(self, raw_prediction: Array) -> tuple[Array, Array]:
        """Negative gradient and Hessian of the loss of each row.

        Parameters
        ----------
        raw_prediction : ndarray of shape (n_rows, n_outputs)

        Returns
        -------
        neg_gradient : ndarray of shape (n_rows, n_outputs)
        hessian : ndarray of shape (n_rows, 1 or n_outputs)
            Its diagonal.
        """
        raw = self._as_sklearn(raw_prediction)
        gradient, hessian = self.sklearn_loss.gradient_hessian(self.y, raw)
        shape = (len(raw_prediction), -1)
        hessian = np.maximum(hessian.reshape(shape), MIN_HESSIAN)
        return -self.weight * gradient.reshape(shape), self.weight * hessian

    def derivatives_of(
        self, outputs: list[Any], raw_prediction: Array
    ) -> tuple[Array, Array]:
        """`derivatives` of some outputs alone, for separable losses."""
        raise NotImplementedError

    def losses(self, raw_prediction: Array) -> Array:
        """The loss of each row without its weight: (n_rows,)."""
        return self.sklearn_loss.loss(self.y, self._as_sklearn(raw_prediction))

    def doubled(self, raw_prediction: Array) -> float:
        """Twice the weighted sum of the losses of all rows."""
        return 2 * float(self.weight[:, 0] @ self.losses(raw_prediction))

    @property
    def row_weight(self) -> float:
        """The mean weight of a row, without rows of weight zero."""
        return float(self.weight.sum() / (self.weight > 0).sum())

    def _as_sklearn(self, raw_prediction: Array) -> Array:
        several = self.sklearn_loss.is_multiclass
        return raw_prediction if several else raw_prediction[:, 0]

    def impurity_targets(self) -> tuple[Array, int]:
        """Targets whose variance is the impurity of a node.

        Returns
        -------
        targets : ndarray of shape (n_rows, n_columns)
        n_averaged : int
            The sum of the variances of the columns is divided by this number.
        """
        y, n_classes = self.y, self.sklearn_loss.n_classes
        if n_classes is None or n_classes < 2:
            return y[:, None], 1
        if n_classes == 2:
            return np.column_stack([1 - y, y]), 1
        return (y[:, None] == np.arange(n_classes)).astype(float), 1

    def prior_weight(self, kept_share: float) -> float:
        """Weight of the original leaf values, where this share of the leaves is kept.

        Leaf values are shrunk towards the original ones, with the weight of so many
        copies of the training rows of the leaf.
        """
        return 1.0

    def projected(self, value: Array, max_trees: float) -> Array:
        """The nearest leaf values that are allowed; here all are.

        Parameters
        ----------
        value : ndarray of shape (n_nodes, n_values)
        max_trees : float
            The number of equal shares, for losses with `equal_shares`.
        """
        return value

    def scale(self, raw_prediction: Array) -> float:
        """The factor by which all values are multiplied at the end."""
        return 1.0

    def rounded(self, ensemble: Ensemble) -> Ensemble:
        """An ensemble with leaf values of fewer bits, where a model stores those."""
        return ensemble


class SquaredLoss(Loss):
    """Half the squared error, summed over the outputs.

    Parameters
    ----------
    y : ndarray of shape (n_rows, n_outputs)
    sample_weight : ndarray of shape (n_rows,) or None, default=None
    """

    separable = True
    quadratic = True

    def __init__(self, y: Array, sample_weight: Array | None = None) -> None:
        self.y = np.asarray(y, dtype=float).reshape(len(y), -1)
        self.weight = _weights(sample_weight, len(y))

    def derivatives(self, raw_prediction: Array) -> tuple[Array, Array]:
        return (self.y - raw_prediction) * self.weight, self.weight

    def derivatives_of(
        self, outputs: list[Any], raw_prediction: Array
    ) -> tuple[Array, Array]:
        if len(outputs) == 1:
            k = outputs[0]
            residual = (self.y[:, k] - raw_prediction[:, k])[:, None]
        else:
            # a tenth of the time of indices of two axes
            residual = (self.y - raw_prediction).take(outputs, axis=1)
        residual *= self.weight
        return residual, self.weight

    def losses(self, raw_prediction: Array) -> Array:
        return ((self.y - raw_prediction) ** 2).sum(axis=1) / 2

    def impurity_targets(self) -> tuple[Array, int]:
        return self.y, 1


class RegressionLoss(SquaredLoss):
    """The squared error of an ensemble of regression trees.

    On six tables, pruning the whole ensemble was better than growing one from no tree
    down to a fiftieth of the leaves. The best prior weight fell with the number of
    leaves: 10 at a third of them, 1 at a thirtieth.
    """

    forward_share = 0.02
    stride = 1
    backward_up_to = np.inf

    def impurity_targets(self) -> tuple[Array, int]:
        return self.y, self.y.shape[1]

    def prior_weight(self, kept_share: float) -> float:
        return min(10.0, 30.0 * kept_share)


class OneVsRestLoss(SquaredLoss):
    """The squared error of the indicator of each class, for a model with a softmax.

    At the same number of leaves, labels are clearly more accurate than with the
    softmax loss itself. The scores are scaled at the end, so that their softmax is
    nearest to the probabilities of the whole ensemble. Labels of rows that it was
    fitted on would make the softmax far too certain.

    Each tree adds to one class only, so that all trees are chosen again less often.

    Parameters
    ----------
    y : ndarray of shape (n_rows, n_classes)
    sample_weight : ndarray of shape (n_rows,) or None, default=None
    probabilities : ndarray of shape (n_rows, n_classes), or None, default=None
        The predicted probabilities of the whole ensemble; None for y.
    """

    sweep_factor = 1.2

    def __init__(
        self,
        y: Array,
        sample_weight: Array | None = None,
        probabilities: Array | None = None,
    ) -> None:
        super().__init__(y, sample_weight)
        self.probabilities = self.y if probabilities is None else probabilities
        self.l2_factor = class_l2_factor(self.y.shape[1])

    def scale(self, raw_prediction: Array) -> float:
        shifted = raw_prediction - raw_prediction.max(axis=1, keepdims=True)
        expected = (self.probabilities * shifted).sum(axis=1)

        def cross_entropy(log_scale: float) -> float:
            scale = np.exp(log_scale)
            losses = np.log(np.exp(scale * shifted).sum(axis=1)) - scale * expected
            return np.average(losses, weights=self.weight[:, 0])

        return float(np.exp(minimize_scalar(cross_entropy, bounds=(-3.0, 5.0)).x))


class BrierLoss(SquaredLoss):
    """The Brier score of probabilities to which each tree gives an equal share.

    Every tree remains a distribution over the classes, and the model averages
    `max_trees` of them. The prediction is therefore a probability for any row.

    With several classes, large models need more trees than small ones. On four tables,
    growing models with one more tree at each penalty was better than pruning the whole
    ensemble. At a quarter of the bytes, 0.4 points less of accuracy were lost. Raising
    children in large models too made files of three tables smaller by a fifth.

    Parameters
    ----------
    y : ndarray of shape (n_rows, n_classes)
        One column for each class.
    sample_weight : ndarray of shape (n_rows,) or None
    n_distributions : int, default=1
        Number of distributions, each over equally many classes, side by side in y.
    """

    equal_shares = True
    forward_share = 0.5
    more_shares_from = 0.05
    raised_share = 0.2
    constant: Array

    def __init__(
        self, y: Array, sample_weight: Array | None, n_distributions: int = 1
    ) -> None:
        super().__init__(y, sample_weight)
        self.n_distributions = n_distributions
        self.l2_factor = class_l2_factor(self.y.shape[1] // n_distributions)
        self.constant = np.average(self.y, axis=0, weights=self.weight[:, 0])

    def impurity_targets(self) -> tuple[Array, int]:
        return self.y, self.n_distributions

    def projected(self, value: Array, max_trees: float) -> Array:
        """The nearest leaf values for which the tree remains a distribution."""
        probability = max_trees * value + self.constant
        # a class without a row keeps the probability zero
        probability[:, self.constant == 0] = -np.inf
        side_by_side = probability.reshape(len(value) * self.n_distributions, -1)
        probability = nearest_distribution(side_by_side).reshape(value.shape)
        return SHRINKAGE * (probability - self.constant) / max_trees

    def rounded(self, ensemble: Ensemble) -> Ensemble:
        """The same distributions in the nodes, with probabilities of few bits.

        The smallest tree alone keeps small probabilities above zero, and those of the
        model are above zero too. Zeros take fewer bytes than small numbers.
        """
        n_trees, constant = len(ensemble.subtrees), ensemble.baseline
        n_nodes = [len(subtree.nodes) for subtree in ensemble.subtrees]
        smallest = int(np.argmin(n_nodes)) if n_nodes else 0
        subtrees = []
        for i, subtree in enumerate(ensemble.subtrees):
            probability = n_trees * subtree.value + constant
            least_of = n_trees if i == smallest else 0
            short = self._short(probability, subtree.split, n_trees, least_of)
            value = (short - constant) / n_trees
            subtrees.append(subtree._replace(value=value))
        return ensemble._replace(subtrees=subtrees)

    def _short(
        self, probability: Array, split: Array, n_trees: int, least_of: int
    ) -> Array:
        """Short probabilities of the nodes of one of `n_trees` trees.

        `least_of` is the number of trees whose least probability this one holds.
        """
        n_distributions = self.n_distributions
        side_by_side = probability.reshape(len(probability) * n_distributions, -1)
        n_classes = side_by_side.shape[1]
        n_bits = bits_of_leaves(n_classes, n_trees)
        least = least_probability(n_bits, n_classes, least_of)
        split = split.repeat(n_distributions)
        short = _short_nodes(side_by_side, split, n_bits, least)
        return short.reshape(probability.shape)


class BinaryBrierLoss(BrierLoss):
    """The Brier score of two classes, with the probability of the second one only.

    Parameters
    ----------
    y : ndarray of shape (n_rows, 1)
        Probability of the second class.
    sample_weight : ndarray of shape (n_rows,) or None
    """

    forward_share = Loss.forward_share
    more_shares_from = Loss.more_shares_from
    raised_share = Loss.raised_share

    def impurity_targets(self) -> tuple[Array, int]:
        return np.hstack([1 - self.y, self.y]), 1

    def projected(self, value: Array, max_trees: float) -> Array:
        probability = np.clip(max_trees * value + self.constant, 0, 1)
        if self.constant in (0, 1):  # all rows are of one class
            probability[:] = self.constant
        return SHRINKAGE * (probability - self.constant) / max_trees

    def _short(
        self, probability: Array, split: Array, n_trees: int, least_of: int
    ) -> Array:
        both = np.hstack([1 - probability, probability])
        # a score that differs between trees is worth more than a few bytes
        least = least_probability(BITS_OF_TWO_CLASSES, 2)
        return _short_nodes(both, split, BITS_OF_TWO_CLASSES, least)[:, 1:]


def class_l2_factor(n_classes: int) -> float:
    """Factor of the L2 penalty where the classes share the rows; 1 for two classes."""
    return min(1.0, 2.0 / n_classes)


def _weights(sample_weight: Array | None, n_rows: int) -> Array:
    """A weight for each row, (n_rows, 1)."""
    if sample_weight is None:
        return np.ones((n_rows, 1))
    return np.asarray(sample_weight, dtype=float)[:, None]


def nearest_distribution(points: Array) -> Array:
    """Euclidean projection of each row onto the simplex: (n_points, n_classes).

    References
    ----------
    Held, Wolfe and Crowder, Validation of subgradient optimization, 1974.
    """
    if points.shape[1] == 2:
        first = np.clip((1 + points[:, 0] - points[:, 1]) / 2, 0, 1)
        return np.stack([first, 1 - first], axis=1)
    ordered = -np.sort(-points, axis=1)
    excess = (np.cumsum(ordered, axis=1) - 1) / np.arange(1, points.shape[1] + 1)
    last = (ordered > excess).sum(axis=1) - 1
    return np.maximum(points - excess[np.arange(len(points)), last, None], 0)


def bits_of_leaves(n_classes: int, n_trees: int) -> int:
    """Bits of the probabilities in the leaves of a forest."""
    n_bits = max(LEAF_BITS, MEAN_BITS - int(np.log2(n_trees)))
    # a probability of 1 / n_classes should not vanish
    return n_bits + max(0, int(np.ceil(np.log2(n_classes))) - 4)


def _short_nodes(points: Array, split: Array, n_bits: int, least: float) -> Array:
    """Distributions of nodes in few bits; those of splits have fewer than leaves."""
    # files are smaller if all nodes have the same least probability
    short = short_distribution(points, n_bits, least)
    fewer = n_bits - FEWER_BITS_OF_SPLITS
    short[split] = short_distribution(points[split], fewer, least)
    return short


def least_probability(n_bits: int, n_classes: int, n_trees: int = 1) -> float:
    """The least probability above zero in a tree, for `short_distribution`.

    Parameters
    ----------
    n_bits : int
        The sum over all classes is at most the last one of so many bits.
    n_classes : int
    n_trees : int, default=1
        Number of averaged trees for which this tree alone has it; zero for none.
    """
    if not n_trees:
        return 0.0
    bits_of_classes = int(np.ceil(np.log2(n_classes)))
    least = 2.0 ** -max(LEAST_PROBABILITY_BITS, n_bits + 2 * bits_of_classes)
    most = 2.0 ** -(n_bits + bits_of_classes)
    return min(least * 2.0 ** int(np.ceil(np.log2(n_trees))), most)


def short_distribution(points: Array, n_bits: int, least: float) -> Array:
    """Round distributions to multiples of ``2**-n_bits`` with the sum one.

    A small probability that would become zero is kept above zero, so that the log loss
    remains finite. The largest probability of the row is lower by as much. All sums are
    exact, since the numbers are short.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_classes)
        Distributions.
    n_bits : int
    least : float
        The probability instead of zero, see `least_probability`. If it is zero, small
        probabilities become zero.

    Returns
    -------
    ndarray of shape (n_points, n_classes)
    """
    scale = 2.0**n_bits
    scaled = np.maximum(points, 0) * scale
    short = np.floor(scaled)
    n_missing = np.rint(scale - short.sum(axis=1, keepdims=True))
    # the largest remainders are rounded up. Classes with the same number of rows have
    # equal ones, and rounding errors should not decide between them
    order = np.argsort(-np.round(scaled - short, 3), axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(points.shape[1])[None], axis=1)
    short = (short + (rank < n_missing)) / scale
    vanished = (points > 0) & (short == 0)
    rows, largest = np.arange(len(points)), short.argmax(axis=1)
    short[rows, largest] -= least * vanished.sum(axis=1)
    short[vanished] = least
    return short
