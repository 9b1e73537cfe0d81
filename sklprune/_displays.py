"""What all displays share: matplotlib, and the axes that they draw on."""

from typing import Any


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
