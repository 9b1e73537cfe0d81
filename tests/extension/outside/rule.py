"""`AtMost`: the best score with a limited number of parameters."""

import numpy as np

from sklprune.rules import Rule


class AtMost(Rule):
    """Among the models with few parameters, the one with the best score.

    Parameters
    ----------
    parameters : int
    """

    needs = ("parameters",)

    def __init__(self, parameters=100):
        self.parameters = parameters

    def choose(self, table):
        small = np.asarray(table["parameters"]) <= self.parameters
        return int(np.argmax(np.where(small, table["score_mean"], -np.inf)))
