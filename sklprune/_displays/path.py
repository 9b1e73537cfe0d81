"""Plots of scores and columns along the pruning ratios: `PruningPathDisplay`."""

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklprune._displays.base import (
    axes_for,
    draw_importances,
    draw_support,
    logarithmic,
)
from sklprune._pruning_path import PruningPath
from sklprune._typing import Estimator
from sklprune._units import plural

__all__ = ["PruningPathDisplay"]

#: columns of the table that are not numbers of one model
NOT_SIZES = ("scores", "asked", "method")
#: the plots of columns, by the values of `kind`
OF_COLUMNS = {"support": draw_support, "importances": draw_importances}


class PruningPathDisplay:
    """Plot of score against pruning ratio, with standard errors and the chosen ratio.

    After a pruning of columns, it can also show which columns are kept along the path,
    and their importances.

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
    def from_estimator(
        cls,
        pruned: Estimator,
        *,
        kind: str = "score",
        size: str | None = None,
        label: str | None = None,
        max_features: int = 30,
        ax: Any = None,
    ) -> Self:
        """Plot the path of a fitted `PrunedEstimator` or `FeaturePruningSelector`.

        Parameters
        ----------
        pruned : PrunedEstimator or FeaturePruningSelector
            Fitted with a sequence of ratios or "auto" as `pruning_ratio`.
        kind : {"score", "support", "importances"}, default="score"
            What is plotted, as in :meth:`plot`.
        size : str or None, default=None
            Column of the table on the horizontal axis, as in :meth:`plot`.
        label : str or None, default=None
            Name of the line in the legend.
        max_features : int, default=30
            At most this many columns are shown in plots of columns.
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
            If it was fitted at a single ratio, or the path has no such size.
        ImportError
            If matplotlib is not installed.
        """
        check_is_fitted(pruned)
        report = pruned.report_
        display = cls(pruned.path_, report.granularity, report.score["name"])
        return display.plot(
            kind=kind, size=size, label=label, max_features=max_features, ax=ax
        )

    def frame(self) -> Any:
        """The plotted table; see `PruningPath.frame`.

        Returns
        -------
        DataFrame
            A data frame of pandas with one row for each candidate.
        """
        return self.path.frame()

    def plot(
        self,
        *,
        kind: str = "score",
        size: str | None = None,
        label: str | None = None,
        max_features: int = 30,
        ax: Any = None,
    ) -> Self:
        """Draw the plot with matplotlib.

        Parameters
        ----------
        kind : {"score", "support", "importances"}, default="score"
            What is plotted:

            - "score": score against size.
            - "support": the columns that are kept at each number of columns, and the
              share of the splits that keep them. Only after a pruning of columns.
            - "importances": the values by which the columns were ordered, as means and
              standard deviations over the splits. Only after a pruning of columns.

            With several methods, columns are those of the chosen method.
        size : str or None, default=None
            Column of the table on the horizontal axis, which is logarithmic: "units",
            "nonzero" or "file_bytes" for example. None is "units", and "file_bytes" if
            several methods were compared. `store_path=True` or the rule adds columns.
        label : str or None, default=None
            Name of the line in the legend, to compare several paths in one axes.
        max_features : int, default=30
            At most this many columns are shown, with kind "support" or "importances".
        ax : matplotlib Axes or None, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        self : PruningPathDisplay
            The same display, with `ax_` and `figure_`.

        Raises
        ------
        ValueError
            If the path has a single ratio, or no such size, or no columns were pruned.
        ImportError
            If matplotlib is not installed.
        """
        if kind not in ("score", *OF_COLUMNS):
            raise ValueError(
                f"kind={kind!r} is not allowed: it must be 'score', 'support' or "
                "'importances'."
            )
        if not self.path.has_scores:
            raise ValueError(
                "There is no path to plot: pruning_ratio was a number. Fit with a "
                "sequence of ratios or 'auto'."
            )
        if kind in OF_COLUMNS:
            return self._plot_columns(kind, max_features, ax)
        table, chosen = self.path.table, self.path.chosen
        several = "method" in table
        mean, name_of_score = self._scores()
        size = size or ("file_bytes" if several else "units")
        if size not in table or size in ("scores", "asked", "method"):
            known = [
                name for name in table if name not in ("scores", "asked", "method")
            ]
            raise ValueError(
                f"size={size!r} is not a column of the path. It has {', '.join(known)}."
            )
        ax = axes_for(ax, "PruningPathDisplay")
        for name, rows in self._lines(label):
            self._draw(ax, name, size, rows)
        # small models are of interest, and a logarithmic axis sets them apart
        sizes = np.maximum(table[size], 1)
        ax.plot(sizes[chosen], mean[chosen], "D", ms=9, label=_with(label, "chosen"))
        ax.axhline(mean[0], ls=":", c="gray", label=_with(label, "unpruned"))
        units = f"{plural(self.granularity)} kept"
        ax.set(
            xlabel=units if size == "units" else size.replace("_", " "),
            ylabel=name_of_score,
        )
        logarithmic(ax)
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _plot_columns(self, kind: str, max_features: int, ax: Any) -> Self:
        """Draw a plot of columns."""
        selections = self.path.selections
        if selections is None:
            raise ValueError(
                f"kind={kind!r} shows columns, and other units were pruned "
                f"({plural(self.granularity)}). Use a method for columns, for example "
                "method='columns', or kind='score'."
            )
        ax = axes_for(ax, "PruningPathDisplay")
        OF_COLUMNS[kind](ax, selections, max_features)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _scores(self) -> tuple[Any, str]:
        """The plotted values and their name: without labels, the agreement."""
        table = self.path.table
        if "agreement" in table and np.isnan(table["score_mean"]).all():
            return table["agreement"], "share of equal predictions"
        return table["score_mean"], self.score_name

    def _lines(self, label: str | None) -> list[tuple[str, Any]]:
        """The name and the positions of each line."""
        shown = self.path.distinct
        if "method" not in self.path.table:
            return [(_with(label, "mean, with its standard error"), shown)]
        method = self.path.table["method"][shown]
        # the unpruned model is the end of every line
        return [
            (_with(label, str(name)), shown[(method == name) | (shown == 0)])
            for name in dict.fromkeys(method[shown > 0])
        ]

    def _draw(self, ax: Any, name: str, size: str, rows: Any) -> None:
        """One line with its standard errors."""
        table = self.path.table
        # largest first, as in the table
        rows = rows[np.argsort(-table[size][rows], kind="stable")]
        rows = rows[np.isfinite(table[size][rows])]
        sizes, mean = np.maximum(table[size][rows], 1), self._scores()[0][rows]
        error = np.nan_to_num(table["score_se"][rows])
        ax.fill_between(sizes, mean - error, mean + error, alpha=0.2)
        ax.plot(sizes, mean, marker="o", label=name)


def _with(label: str | None, name: str) -> str:
    return name if label is None else f"{label}: {name}"
