"""`PruningPathDisplay`: the path as a picture, and the table behind it."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklprune._units import plural

__all__ = ["PruningPathDisplay"]


class PruningPathDisplay:
    """Score against pruning ratio, with standard errors and the choice.

    Best made by :meth:`from_estimator`.

    Parameters
    ----------
    path : PruningPath
        The `path_` of a fitted `PrunedEstimator` or `FeaturePruningSelector`.
    granularity : str, default="unit"
        What one unit is, for the label of the axis.
    score_name : str, default="score"
        What was scored, for the label of the axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        After `plot`.
    figure_ : matplotlib Figure
        After `plot`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklprune import PrunedEstimator, PruningPathDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> pruned = PrunedEstimator(Ridge()).fit(X, y)
    >>> display = PruningPathDisplay(pruned.path_, "weight")
    >>> int(display.frame()["chosen"].sum())
    1
    """

    def __init__(self, path, granularity="unit", score_name="score"):
        self.path = path
        self.granularity = granularity
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, pruned, *, ax=None):
        """Draw the path of a fitted `PrunedEstimator` or `FeaturePruningSelector`.

        Parameters
        ----------
        pruned : estimator
            Fitted with a grid of ratios or "auto".
        ax : matplotlib Axes or None, default=None

        Returns
        -------
        PruningPathDisplay
        """
        check_is_fitted(pruned)
        report = pruned.report_
        return cls(pruned.path_, report.granularity, report.score["name"]).plot(ax=ax)

    def frame(self):
        """The table behind the picture, a pandas `DataFrame`."""
        return self.path.frame()

    def plot(self, *, ax=None):
        """Draw the path; needs matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            None makes a new figure.

        Returns
        -------
        self
        """
        table, chosen = self.path.table, self.path.chosen
        if chosen is None:
            raise ValueError(
                "There is no path to draw: pruning_ratio was a number. Fit with a "
                "sequence of ratios or 'auto'."
            )
        try:
            import matplotlib.pyplot as plt
        except ImportError as error:
            raise ImportError(
                "PruningPathDisplay.plot needs matplotlib: python -m pip install "
                '"sklprune[plot]"'
            ) from error
        if ax is None:
            _, ax = plt.subplots()
        mean, ratio = table["score_mean"], table["ratio"]
        error = np.nan_to_num(table["score_se"])
        ax.fill_between(ratio, mean - error, mean + error, alpha=0.2)
        ax.plot(ratio, mean, marker="o", label="mean, with its standard error")
        ax.plot(ratio[chosen], mean[chosen], "D", ms=9, label="chosen")
        ax.axhline(mean[0], ls=":", c="gray", label="unpruned")
        ax.set(
            xlabel=f"share of {plural(self.granularity)} removed",
            ylabel=self.score_name,
        )
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self
