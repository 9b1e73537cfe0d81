"""What displays share: matplotlib, their axes, and the plots of columns."""

from typing import Any

import numpy as np

from sklprune._typing import Array

#: the largest number of labels on an axis of sizes
N_LABELS = 12


def axes_for(ax: Any, name: str) -> Any:
    """The given axes, or those of a new figure.

    Parameters
    ----------
    ax : matplotlib Axes or None
    name : str
        The display, for the error.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f'{name} needs matplotlib: python -m pip install "sklprune[plot]"'
        ) from error
    return plt.subplots()[1] if ax is None else ax


def logarithmic(ax: Any) -> None:
    """Make the horizontal axis logarithmic, with whole numbers at 1, 2, 5, 10, ...

    Where the values span more than three powers of ten, only those are labelled: more
    numbers would overlap.
    """
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    ax.set_xscale("log")
    low, high = ax.get_xlim()
    subs = (1,) if high > 1000 * low else (1, 2, 5)
    ax.xaxis.set_major_locator(LogLocator(subs=subs, numticks=8))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def draw_support(ax: Any, selections: Any, max_features: int) -> None:
    """Draw which columns are kept along a path, and on which share of the splits.

    Parameters
    ----------
    ax : matplotlib Axes
    selections : Selections
    max_features : int
        At most this many columns are drawn, those that are kept longest.
    """
    shares = selections.shares
    order = _longest_kept(shares, selections.importances)[:max_features]
    # small models are at the left, as in the plot of scores
    rows = np.arange(len(shares))[::-1]
    at, n_rows = np.arange(len(order)), len(rows)
    image = ax.pcolormesh(
        np.arange(n_rows),
        at,
        shares[rows][:, order].T,
        cmap="Blues",
        vmin=0,
        vmax=1,
        shading="nearest",
    )
    chosen = int(np.flatnonzero(rows == selections.chosen)[0])
    ax.axvspan(chosen - 0.5, chosen + 0.5, fill=False, ec="C1", lw=2, label="chosen")
    shown = np.unique(np.linspace(0, n_rows - 1, min(n_rows, N_LABELS)).astype(int))
    counts = shares.sum(axis=1)[rows]
    ax.set_xticks(shown, [f"{counts[i]:.0f}" for i in shown])
    ax.set_yticks(at, [str(name) for name in selections.names[order]])
    ax.invert_yaxis()
    ax.set(xlabel="columns kept", ylabel="column")
    ax.legend(loc="lower right")
    ax.figure.colorbar(image, ax=ax, label="share of the splits that keep it")


def draw_importances(ax: Any, selections: Any, max_features: int) -> None:
    """Draw the mean importances of columns, with their spread over the splits.

    Parameters
    ----------
    ax : matplotlib Axes
    selections : Selections
    max_features : int
        At most this many columns are drawn, the most important ones.
    """
    mean = selections.importances.mean(axis=0)
    order = np.argsort(-mean, kind="stable")[:max_features]
    spread = None
    if len(selections.importances) > 1:
        spread = selections.importances.std(axis=0, ddof=1)
    at = np.arange(len(order))
    for keep, label, color in ((True, "kept", "C0"), (False, "removed", "0.75")):
        rows = selections.support[order] == keep
        if rows.any():
            some = order[rows]
            error = None if spread is None else spread[some]
            ax.barh(at[rows], mean[some], xerr=error, color=color, label=label)
    ax.set_yticks(at, [str(name) for name in selections.names[order]])
    ax.invert_yaxis()
    over = "" if spread is None else ", mean and standard deviation over the splits"
    ax.set(xlabel=f"importance{over}", ylabel="column")
    ax.legend(loc="lower right")


def _longest_kept(shares: Array, importances: Array) -> Array:
    """Positions of the columns, those that are kept on most of the path first."""
    return np.lexsort((-importances.mean(axis=0), -shares.sum(axis=0)))
