"""What a descent lowers: a loss around the present sum, as a parabola in each row."""

import numpy as np
from scipy.optimize import minimize_scalar

#: a row resists at least this much: one that is said for certain would else weigh
#: nothing, and a step towards it be endless
MIN_CURVATURE = 0.02

#: no probability is nearer to 0 or 1 than this leaves it: none is worth a certainty
CERTAINTY = 1 - 1e-4


class Goal:
    """A loss of scikit-learn on rows.

    Parameters
    ----------
    loss : loss of scikit-learn
    y : ndarray of shape (n_rows,)
        Targets as the loss takes them.
    sample_weight : ndarray of shape (n_rows,) or None
    n_shares : int or None
        For goals of shares; here it does not matter.
    """

    #: how many trees may stand
    room = np.inf
    #: larger models than this share of the leaves are sought from the whole ensemble
    #: downwards, smaller ones from nothing upwards
    boundary = 0.25
    #: what is added to all rows; None where the descent may choose it
    constant = None
    #: steps of a price from one model to the next, on the way down
    stride = 2
    #: no way back begins at more leaves: from 1600 of 190,000 it took a third of the
    #: time of all
    turns_up_to = 1000
    #: the part of rho that is meant
    rho_share = 1.0
    #: whether what is left of one output depends on no other one
    outputs_apart = False

    def __init__(self, loss, y, sample_weight=None, n_shares=None):
        self.loss = loss
        self.y = np.ascontiguousarray(y, dtype=float)
        self.weight = _weights(sample_weight, len(y))

    def parabola(self, total):
        """Pull (minus the gradient) and curvature of each row.

        Parameters
        ----------
        total : ndarray of shape (n_rows, n_outputs)

        Returns
        -------
        pull : ndarray of shape (n_rows, n_outputs)
        curvature : ndarray of shape (n_rows, 1 or n_outputs)
        """
        raw = total if self.loss.is_multiclass else total[:, 0]
        gradient, curvature = self.loss.gradient_hessian(self.y, raw)
        shape = (len(total), -1)
        curvature = np.maximum(curvature.reshape(shape), MIN_CURVATURE)
        return -self.weight * gradient.reshape(shape), self.weight * curvature

    def lost(self, total):
        """Twice the loss of all rows."""
        raw = total if self.loss.is_multiclass else total[:, 0]
        return 2 * float(self.weight[:, 0] @ self.loss.loss(self.y, raw))

    def told(self):
        """What rows are told, in columns, of which the variance is the impurity of a
        node, and over how many outputs it is averaged."""
        y, n_classes = self.y, self.loss.n_classes
        if n_classes is None or n_classes < 2:
            return y[:, None], 1
        if n_classes == 2:
            return np.column_stack([1 - y, y]), 1
        return (y[:, None] == np.arange(n_classes)).astype(float), 1

    def share_among(self, n_shares):
        """Let so many trees stand; here any number may."""

    def pull(self, share):
        """How often a training row asks for what its leaf says in the whole ensemble,
        where a share of the leaves stands."""
        return 1.0

    def within(self, value):
        """Values of leaves as they may be: any."""
        return value

    def loudness(self, total):
        """What all values are multiplied by in the end."""
        return 1.0


class SquaredGoal(Goal):
    """Half the squared error, of several outputs their sum.

    Parameters
    ----------
    y : ndarray of shape (n_rows, n_outputs)
    sample_weight : ndarray of shape (n_rows,) or None
    """

    outputs_apart = True

    def __init__(self, y, sample_weight=None, n_shares=None):
        self.y = np.asarray(y, dtype=float).reshape(len(y), -1)
        self.weight = _weights(sample_weight, len(y))

    def parabola(self, total, outputs=slice(None)):
        """The same, or of some outputs alone."""
        return (self.y[:, outputs] - total[:, outputs]) * self.weight, self.weight

    def lost(self, total):
        return float((self.weight * (self.y - total) ** 2).sum())

    def told(self):
        return self.y, 1


class ValuesGoal(SquaredGoal):
    """The squared error of values.

    What an ensemble says of values is hard to rebuild from nothing: on six tables the
    way down was the better one up to a fiftieth of the leaves. The pull that did best
    there fell with the leaves: 10 at a third of them, 1 at a thirtieth.
    """

    boundary = 0.02
    stride = 1
    turns_up_to = np.inf

    def told(self):
        return self.y, self.y.shape[1]

    def pull(self, share):
        return min(10.0, 30.0 * share)


class OneAgainstRestGoal(SquaredGoal):
    """The squared error of the indicator of each class, for a model with a softmax.

    For the same number of leaves labels come out clearly better than with the
    softmax itself as the loss. The scores are then made as loud as brings their
    softmax nearest to what the whole ensemble says: labels of rows that it was fitted
    on would have it far too certain.

    Parameters
    ----------
    y : ndarray of shape (n_rows, n_classes)
    sample_weight : ndarray of shape (n_rows,) or None
    said : ndarray of shape (n_rows, n_classes), or None
        The probabilities of the whole ensemble; None for y.
    """

    def __init__(self, y, sample_weight=None, said=None, n_shares=None):
        super().__init__(y, sample_weight)
        self.said = self.y if said is None else said
        self.rho_share = of_one_class(self.y.shape[1])

    def loudness(self, total):
        below = total - total.max(axis=1, keepdims=True)
        wanted = (self.said * below).sum(axis=1)

        def log_loss(log_scale):
            loud = np.exp(log_scale)
            apart = np.log(np.exp(loud * below).sum(axis=1)) - loud * wanted
            return np.average(apart, weights=self.weight[:, 0])

        return float(np.exp(minimize_scalar(log_loss, bounds=(-3.0, 5.0)).x))


class ShareGoal(SquaredGoal):
    """The Brier score of probabilities to which each tree gives an equal share.

    Every tree stays a distribution over the classes, n of which are averaged, so that
    whatever rows may come the sum is a probability.

    Parameters
    ----------
    y : ndarray of shape (n_rows, n_classes)
        One column for each class.
    sample_weight : ndarray of shape (n_rows,) or None
    n_distributions : int, default=1
        How many distributions of as many classes lie side by side in y.
    n_shares : int
    """

    def __init__(self, y, sample_weight, n_distributions=1, *, n_shares):
        super().__init__(y, sample_weight)
        self.n_distributions = n_distributions
        self.share_among(n_shares)
        self.rho_share = of_one_class(self.y.shape[1] // n_distributions)
        self.constant = np.average(self.y, axis=0, weights=self.weight[:, 0])

    def told(self):
        return self.y, self.n_distributions

    def share_among(self, n_shares):
        """Let so many trees stand, each with an equal share."""
        self.n_shares = self.room = n_shares

    def within(self, value):
        """The nearest values that leave the share of the tree a distribution."""
        share = self.n_shares * value + self.constant
        # a class that nobody has seen stays without a share
        share[:, self.constant == 0] = -np.inf
        side_by_side = share.reshape(len(share) * self.n_distributions, -1)
        share = nearest_distribution(side_by_side).reshape(value.shape)
        return CERTAINTY * (share - self.constant) / self.n_shares


class SecondShareGoal(ShareGoal):
    """The same of two classes, where what is said of the second one says all.

    Parameters
    ----------
    y : ndarray of shape (n_rows, 1)
        How far a row is of the second class.
    sample_weight : ndarray of shape (n_rows,) or None
    n_shares : int
    """

    def told(self):
        return np.hstack([1 - self.y, self.y]), 1

    def within(self, value):
        share = np.clip(self.n_shares * value + self.constant, 0, 1)
        if self.constant in (0, 1):  # of one class alone
            share[:] = self.constant
        return CERTAINTY * (share - self.constant) / self.n_shares


def of_one_class(n_classes):
    """The part of rho that is meant where classes share the rows; of two all of it."""
    return min(1.0, 2.0 / n_classes)


def _weights(sample_weight, n_rows):
    """A weight for each row, (n_rows, 1)."""
    if sample_weight is None:
        return np.ones((n_rows, 1))
    return np.asarray(sample_weight, dtype=float)[:, None]


def nearest_distribution(points):
    """The nearest point of the simplex to each row: (n_points, n_classes).

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
