"""Plot of what remains of each tree: `TreesDisplay`."""

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklprune._displays.base import axes_for
from sklprune._typing import Estimator
from sklprune._units import plural

__all__ = ["TreesDisplay"]


class TreesDisplay:
    """Bars for the units of each tree, layer or member, before and after a pruning.

    Use :meth:`from_estimator` to create and draw it.

    Parameters
    ----------
    parts : dict of {str: (int, int)}
        For each part the number of kept units, and of all units.
    granularity : str, default="leaf"
        Name of one unit.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot. Set by `plot`.
    figure_ : matplotlib Figure
        The figure of the plot. Set by `plot`.

    Examples
    --------
    >>> from sklprune import TreesDisplay
    >>> display = TreesDisplay({"tree 0": (3, 40), "tree 1": (0, 38)})
    >>> display.n_parts_kept
    1
    """

    ax_: Any
    figure_: Any

    def __init__(
        self, parts: dict[str, tuple[int, int]], granularity: str = "leaf"
    ) -> None:
        self.parts = parts
        self.granularity = granularity

    @property
    def n_parts_kept(self) -> int:
        """The number of parts of which some unit is kept."""
        return sum(kept > 0 for kept, _ in self.parts.values())

    @classmethod
    def from_estimator(cls, pruned: Estimator, *, ax: Any = None) -> Self:
        """Plot what a fitted `PrunedEstimator` has kept of each tree or layer.

        Parameters
        ----------
        pruned : PrunedEstimator
            Fitted.
        ax : matplotlib Axes or None, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        TreesDisplay

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ImportError
            If matplotlib is not installed.
        """
        check_is_fitted(pruned)
        report = pruned.report_
        return cls(report.parts, report.granularity).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw the plot with matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        self : TreesDisplay
            The same display, with its figure.
        """
        ax = axes_for(ax, "TreesDisplay")
        kept, count = np.array(list(self.parts.values())).T
        at = np.arange(len(count))
        units = plural(self.granularity)
        ax.bar(at, count, width=1.0, color="0.85", label=f"{units} before")
        ax.bar(at, kept, width=1.0, color="C0", label=f"{units} kept")
        # a few units of thousands are not visible on a linear axis
        if count.max() > 50 * max(1, kept.max()):
            ax.set_yscale("symlog")
        part = next(iter(self.parts)).split()[0]
        ax.set(xlabel=f"{part} (number in the model)", ylabel=units)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self
