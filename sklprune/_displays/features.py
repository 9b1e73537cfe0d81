"""Plot of the importances of columns: `FeatureImportanceDisplay`."""

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklprune._displays.base import axes_for
from sklprune._typing import Array, Estimator

__all__ = ["FeatureImportanceDisplay"]


class FeatureImportanceDisplay:
    """Bars for the importances of columns, with those that are kept set apart.

    Use :meth:`from_estimator` to create and draw it.

    Parameters
    ----------
    names : ndarray of shape (n_features,)
        Names of the columns.
    importances : ndarray of shape (n_features,)
        The scores by which the columns were ordered.
    support : ndarray of shape (n_features,), bool
        The kept columns.
    shares : ndarray of shape (n_features,) or None, default=None
        Share of the splits that keep each column.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot. Set by `plot`.
    figure_ : matplotlib Figure
        The figure of the plot. Set by `plot`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklprune import FeatureImportanceDisplay
    >>> display = FeatureImportanceDisplay(
    ...     np.array(["age", "noise"]), np.array([0.4, 0.0]), np.array([True, False]))
    >>> display.order(10).tolist()
    [0, 1]
    """

    ax_: Any
    figure_: Any

    def __init__(
        self,
        names: Array,
        importances: Array,
        support: Array,
        shares: Array | None = None,
    ) -> None:
        self.names = names
        self.importances = importances
        self.support = support
        self.shares = shares

    @classmethod
    def from_estimator(
        cls, pruned: Estimator, *, max_features: int = 30, ax: Any = None
    ) -> Self:
        """Plot the columns of a fitted `FeaturePruningSelector` or `PrunedEstimator`.

        Parameters
        ----------
        pruned : FeaturePruningSelector or PrunedEstimator
            Fitted; columns were pruned.
        max_features : int, default=30
            At most this many columns are shown, the most important ones.
        ax : matplotlib Axes or None, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        FeatureImportanceDisplay

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If no columns were pruned.
        ImportError
            If matplotlib is not installed.
        """
        check_is_fitted(pruned)
        if not hasattr(pruned, "support_"):
            raise ValueError(
                "There are no importances of columns: other units were pruned. Use a "
                "method for columns, for example method='columns'."
            )
        names = getattr(pruned, "feature_names_in_", None)
        if names is None:
            names = np.array([f"x{i}" for i in range(len(pruned.support_))])
        stability = getattr(pruned.report_, "stability", None)
        shares = None
        if stability is not None and len(stability["kept"]) == len(names):
            shares = np.array(list(stability["kept"].values()))
        display = cls(names, pruned.importances_, pruned.support_, shares)
        return display.plot(max_features=max_features, ax=ax)

    def order(self, max_features: int) -> Array:
        """Positions of the columns that are shown: kept ones first, then by importance.

        Parameters
        ----------
        max_features : int
            The largest number of columns.

        Returns
        -------
        ndarray of int
            At most `max_features` positions.
        """
        order = np.lexsort((-self.importances, ~self.support))
        return order[:max_features]

    def plot(self, *, max_features: int = 30, ax: Any = None) -> Self:
        """Draw the plot with matplotlib.

        Parameters
        ----------
        max_features : int, default=30
            At most this many columns are shown.
        ax : matplotlib Axes or None, default=None
            Axes to draw on. None creates a new figure.

        Returns
        -------
        self : FeatureImportanceDisplay
            The same display, with `ax_` and `figure_`.
        """
        ax = axes_for(ax, "FeatureImportanceDisplay")
        shown = self.order(max_features)
        at = np.arange(len(shown))
        for keep, label, color in ((True, "kept", "C0"), (False, "removed", "0.75")):
            rows = self.support[shown] == keep
            if rows.any():
                widths = self.importances[shown][rows]
                ax.barh(at[rows], widths, color=color, label=label)
        labels = [str(name) for name in self.names[shown]]
        if self.shares is not None:
            labels = [
                f"{name} ({share:.0%})"
                for name, share in zip(labels, self.shares[shown])
            ]
        ax.set_yticks(at, labels)
        ax.invert_yaxis()
        percent = (
            " (share of the splits that keep it)" if self.shares is not None else ""
        )
        ax.set(xlabel="importance", ylabel=f"column{percent}")
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self
