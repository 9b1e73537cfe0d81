"""Plot of the weights of a network: `LayerDisplay`."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklprune._displays.base import axes_for
from sklprune._plain import plain
from sklprune._registry import family_of
from sklprune._typing import Array, Estimator

__all__ = ["LayerDisplay"]


class LayerDisplay:
    """Images of the weights of each layer; removed weights are white.

    Use :meth:`from_estimator` to create and draw it.

    Parameters
    ----------
    weights : list of ndarray of shape (n_inputs, n_outputs)
        One for each layer.

    Attributes
    ----------
    axes_ : list of matplotlib Axes
        One for each layer. Set by `plot`.
    figure_ : matplotlib Figure
        The figure of the plot. Set by `plot`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklprune import LayerDisplay, prune
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression(max_iter=500).fit(X, y)
    >>> small = prune(model, X, y, pruning_ratio=0.5)
    >>> LayerDisplay.of(small).n_removed
    [6]
    """

    axes_: Any
    figure_: Any

    def __init__(self, weights: Sequence[Array]) -> None:
        self.weights = [np.asarray(each) for each in weights]

    @property
    def n_removed(self) -> list[int]:
        """The number of weights of each layer that are zero."""
        return [int((weights == 0).sum()) for weights in self.weights]

    @classmethod
    def of(cls, model: Estimator) -> Self:
        """The display of a fitted linear model or MLP, without a plot.

        Parameters
        ----------
        model : estimator
            Fitted, also inside a pipeline; or a fitted `PrunedEstimator`.

        Raises
        ------
        ValueError
            If the model has no layers of weights.
        """
        check_is_fitted(model)
        model = plain(model)
        core = family_of(model).core(model)
        if "layers" not in family_of(core).capabilities(core):
            raise ValueError(
                f"{type(core).__name__} has no layers of weights to show. Linear "
                "models and MLPs have."
            )
        return cls([layer.coef for layer in family_of(core).layers(core)])

    @classmethod
    def from_estimator(cls, model: Estimator, *, ax: Any = None) -> Self:
        """Plot the weights of a fitted linear model or MLP.

        Parameters
        ----------
        model : estimator
            As in :meth:`of`.
        ax : matplotlib Axes, list of them, or None, default=None
            Axes to draw on, one for each layer. None creates a new figure.

        Returns
        -------
        LayerDisplay

        Raises
        ------
        NotFittedError
            If the model is not fitted.
        ValueError
            If the model has no layers of weights, or `ax` has another number of axes.
        ImportError
            If matplotlib is not installed.
        """
        return cls.of(model).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw the plot with matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes, list of them, or None, default=None
            Axes to draw on, one for each layer. None creates a new figure.

        Returns
        -------
        self : LayerDisplay
            The same display, with its figure.
        """
        n_layers = len(self.weights)
        axes = [] if ax is None else list(np.atleast_1d(ax))
        if ax is not None and len(axes) != n_layers:
            raise ValueError(
                f"ax has {len(axes)} axes, and the model has {n_layers} layers: pass "
                "one for each."
            )
        if ax is None:
            figure = axes_for(None, "LayerDisplay").figure
            figure.clear()
            figure.set_size_inches(3.2 * n_layers, 3.6)
            axes = list(np.atleast_1d(figure.subplots(1, n_layers)))
        for i, (each, weights) in enumerate(zip(axes, self.weights)):
            self._draw(each, i, weights)
        self.axes_, self.figure_ = axes, axes[0].figure
        self.figure_.tight_layout()
        return self

    def _draw(self, ax: Any, number: int, weights: Array) -> None:
        """One layer: the scale of colours is symmetric about zero."""
        limit = np.abs(weights).max() or 1.0
        shown = np.ma.masked_equal(weights, 0)
        ax.imshow(shown, cmap="coolwarm", vmin=-limit, vmax=limit, aspect="auto")
        share = self.n_removed[number] / weights.size
        ax.set(
            title=f"layer {number + 1}: {share:.0%} removed",
            xlabel="units",
            ylabel="inputs" if number == 0 else "units of the layer before",
        )
