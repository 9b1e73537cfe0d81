"""What a descent lowers: a loss around the present sum, as a parabola in each row."""

import numpy as np

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
    """

    #: how many trees may stand
    room = np.inf
    #: what is added to all rows; None where the descent may choose it
    constant = None

    def __init__(self, loss, y, sample_weight=None):
        self.loss = loss
        self.y = np.ascontiguousarray(y, dtype=float)
        self.weight = None if sample_weight is None else np.asarray(sample_weight)

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
        gradient, curvature = self.loss.gradient_hessian(self.y, raw, self.weight)
        n_rows = len(total)
        return -gradient.reshape(n_rows, -1), curvature.reshape(n_rows, -1)

    def within(self, value):
        """Values of leaves as they may be: any."""
        return value


class SquaredGoal(Goal):
    """Half the squared error, of several outputs their sum.

    Parameters
    ----------
    y : ndarray of shape (n_rows, n_outputs)
    sample_weight : ndarray of shape (n_rows,) or None
    """

    def __init__(self, y, sample_weight=None):
        self.y = np.asarray(y, dtype=float).reshape(len(y), -1)
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        self.weight = np.asarray(weight, dtype=float)[:, None]

    def parabola(self, total):
        return (self.y - total) * self.weight, self.weight


class ShareGoal(SquaredGoal):
    """The Brier score of probabilities to which each tree gives an equal share.

    Every tree stays a distribution over the classes, n of which are averaged, so that
    whatever rows may come the sum is a probability.

    Parameters
    ----------
    y : ndarray of shape (n_rows, n_classes)
        One column for each class.
    sample_weight : ndarray of shape (n_rows,) or None
    n_shares : int
    n_distributions : int, default=1
        How many distributions of as many classes lie side by side in y.
    """

    def __init__(self, y, sample_weight, n_shares, n_distributions=1):
        super().__init__(y, sample_weight)
        self.n_distributions = n_distributions
        self.n_shares = self.room = n_shares
        self.constant = np.average(self.y, axis=0, weights=self.weight[:, 0])

    def within(self, value):
        """The nearest values that leave the share of the tree a distribution."""
        share = self.n_shares * value + self.constant
        # a class that nobody has seen stays without a share
        share[:, self.constant == 0] = -np.inf
        side_by_side = share.reshape(len(share) * self.n_distributions, -1)
        share = nearest_distribution(side_by_side).reshape(value.shape)
        return CERTAINTY * (share - self.constant) / self.n_shares


def nearest_distribution(points):
    """The nearest point of the simplex to each row: (n_points, n_classes).

    References
    ----------
    Held, Wolfe and Crowder, Validation of subgradient optimization, 1974.
    """
    ordered = -np.sort(-points, axis=1)
    excess = (np.cumsum(ordered, axis=1) - 1) / np.arange(1, points.shape[1] + 1)
    last = (ordered > excess).sum(axis=1) - 1
    return np.maximum(points - excess[np.arange(len(points)), last, None], 0)
