"""A method that removes units at random, as a baseline for all other methods."""

import numpy as np

from sklprune.methods import Method


class RandomOrder(Method):
    """Removes units in a random order.

    Parameters
    ----------
    granularity : str, default="feature"
        The kind of unit.
    """

    def __init__(self, granularity="feature"):
        self.granularity = granularity

    def score(self, family, estimator, units, task):
        return np.random.RandomState(task.random_state).rand(units.count)
