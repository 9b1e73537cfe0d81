"""`KeepBorder`: remove the stored rows that are far from other targets first."""

from sklearn.metrics import pairwise_distances

from sklprune.methods import Method


class KeepBorder(Method):
    """The importance of a row falls with its distance to a row with another target.

    Parameters
    ----------
    metric : str, default="euclidean"
    """

    granularity = "row"
    needs = ("stored_rows",)
    reason = "it is far from rows with other targets"

    def __init__(self, metric="euclidean"):
        self.metric = metric

    def score(self, family, estimator, units, task):
        rows, targets = family.stored_rows(estimator)
        distance = pairwise_distances(rows, metric=self.metric)
        distance[targets[:, None] == targets] = distance.max()
        return -distance.min(axis=1)
