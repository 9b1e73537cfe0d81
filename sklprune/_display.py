"""Plot of the scores along the pruning ratios: `PruningPathDisplay`."""

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklprune._pruning_path import PruningPath
from sklprune._typing import Estimator
from sklprune._units import plural

__all__ = ["PruningPathDisplay"]


class PruningPathDisplay:
    """Plot of score against pruning ratio, with standard errors and the chosen ratio.

    Use :meth:`from_estimator` to create and draw it.

    Parameters
    ----------
    path : PruningPath
        The `path_` of a fitted `PrunedEstimator` or `FeaturePruningSelector`.
    granularity : str, default="unit"
        Name of one unit, for the label of the horizontal axis.
    score_name : str, default="score"
        Name of the metric, for the label of the vertical axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot. Set by `plot`.
    figure_ : matplotlib Figure
        The figure of the plot. Set by `plot`.

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

    ax_: Any
    figure_: Any

    def __init__(
        self,
        path: PruningPath,
        granularity: str = "unit",
        score_name: str = "score",
    ) -> None:
        self.path = path
        self.granularity = granularity
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, pruned: Estimator, *, ax: Any = None) -> Self:
        """Plot the path of a fitted `PrunedEstimator` or `FeaturePruningSelector`.

        Parameters
        ----------
        pruned : PrunedEstimator or FeaturePruningSelector
            Fitted with a sequence of ratios or "auto" as `pruning_ratio`.
        ax : matplotlib Axes or None, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        PruningPathDisplay
            The display, with the plot drawn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If it was fitted at a single ratio.
        ImportError
            If matplotlib is not installed.
        """
        check_is_fitted(pruned)
        report = pruned.report_
        return cls(pruned.path_, report.granularity, report.score["name"]).plot(ax=ax)

    def frame(self) -> Any:
        """The plotted table, a pandas `DataFrame`; see `PruningPath.frame`."""
        return self.path.frame()

    def plot(self, *, ax: Any = None) -> Self:
        """Draw the plot with matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        self : PruningPathDisplay

        Raises
        ------
        ValueError
            If the path has a single ratio.
        ImportError
            If matplotlib is not installed.
        """
        table, chosen = self.path.table, self.path.chosen
        if not self.path.has_scores:
            raise ValueError(
                "There is no path to plot: pruning_ratio was a number. Fit with a "
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
        # small models are of interest, and a logarithmic axis sets them apart
        mean, units = table["score_mean"], np.maximum(table["units"], 1)
        se, shown = np.nan_to_num(table["score_se"]), self.path.distinct
        area = (units[shown], (mean - se)[shown], (mean + se)[shown])
        ax.fill_between(*area, alpha=0.2)
        ax.plot(
            units[shown], mean[shown], marker="o", label="mean, with its standard error"
        )
        ax.plot(units[chosen], mean[chosen], "D", ms=9, label="chosen")
        ax.axhline(mean[0], ls=":", c="gray", label="unpruned")
        ax.set(
            xlabel=f"{plural(self.granularity)} kept",
            xscale="log",
            ylabel=self.score_name,
        )
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self
