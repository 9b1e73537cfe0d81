"""What every order of units must beat: none at all."""

import numpy as np

from sklprune.methods import Method


class RandomOrder(Method):
    """Units leave at random.

    Parameters
    ----------
    granularity : str, default="feature"
        What a unit is.
    """

    def __init__(self, granularity="feature"):
        self.granularity = granularity

    def score(self, family, estimator, units, task):
        return np.random.RandomState(task.random_state).rand(units.count)
