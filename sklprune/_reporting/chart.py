"""A chart of score against size as SVG, for the report page."""

import math
from collections.abc import Sequence
from html import escape

import numpy as np

from sklprune._typing import Array

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 72, 16, 16, 44
#: about this number of lines across the chart
N_TICKS = 5


def chart(
    sizes: Array, scores: Array, errors: Array, chosen: int, x_title: str, y_title: str
) -> str:
    """Score against size, with error bars, the unpruned model and the chosen one.

    Parameters
    ----------
    sizes : ndarray of shape (n_models,)
        Positive numbers; the axis is logarithmic.
    scores, errors : ndarray of shape (n_models,)
        Standard errors may be NaN; no bar is drawn then.
    chosen : int
        The position of the chosen model. That of the unpruned one is 0.
    x_title, y_title : str

    Returns
    -------
    str
        An `svg` element.
    """
    known = np.isfinite(sizes) & np.isfinite(scores) & (sizes > 0)
    errors = np.nan_to_num(errors)
    if known.sum() < 2:
        return ""
    log = np.log10(np.where(known, sizes, 1.0))
    low, high = (scores - errors)[known].min(), (scores + errors)[known].max()
    x = _Scale(log[known].min(), log[known].max(), LEFT, WIDTH - RIGHT)
    y = _Scale(low, high, HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(f"{y_title} against {x_title}")}">',
        *_axes(x, y, x_title, y_title),
        _line("reference", LEFT, y(scores[0]), WIDTH - RIGHT, y(scores[0])),
    ]
    for i in np.flatnonzero(known):
        at = x(log[i])
        if errors[i] > 0:
            top, bottom = y(scores[i] + errors[i]), y(scores[i] - errors[i])
            parts.append(_line("error", at, top, at, bottom))
        kind = "chosen" if i == chosen else "unpruned" if i == 0 else "model"
        radius = 6 if i == chosen else 3.5
        title = f"{sizes[i]:,.0f} {x_title}: {scores[i]:.4f} +- {errors[i]:.4f}"
        parts.append(
            f'<circle class="{kind}" cx="{at:.1f}" cy="{y(scores[i]):.1f}" '
            f'r="{radius}"><title>{escape(title)}</title></circle>'
        )
    return "\n".join([*parts, "</svg>"])


class _Scale:
    """Maps values to positions on an axis."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        if high <= low:
            low, high = low - 0.5, high + 0.5
        self.low, self.high, self.start, self.end = low, high, start, end

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def _axes(x: _Scale, y: _Scale, x_title: str, y_title: str) -> list[str]:
    bottom = HEIGHT - BOTTOM
    parts = [_line("axis", LEFT, bottom, WIDTH - RIGHT, bottom)]
    for power in _powers(x.low, x.high):
        at = x(math.log10(power))
        parts += [
            _line("tick", at, bottom, at, bottom + 4),
            _text(at, bottom + 17, f"{power:,.0f}", "middle"),
        ]
    for value in _round_values(y.low, y.high):
        parts += [
            _line("grid", LEFT, y(value), WIDTH - RIGHT, y(value)),
            _text(LEFT - 6, y(value) + 4, f"{value:.4g}", "end"),
        ]
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(_text(middle, HEIGHT - 6, x_title, "middle"))
    parts.append(
        f'<text class="label" transform="translate(12 {(TOP + bottom) / 2:.0f}) '
        f'rotate(-90)" text-anchor="middle">{escape(y_title)}</text>'
    )
    return parts


def _powers(low: float, high: float) -> Sequence[float]:
    """One, two and five times powers of ten between two logarithms, a few of them."""
    exponents = range(math.floor(low), math.ceil(high) + 1)
    wide = high - low > 2
    factors = (1,) if wide else (1, 2, 5)
    values = [factor * 10.0**exponent for exponent in exponents for factor in factors]
    return [v for v in values if low - 1e-9 <= math.log10(v) <= high + 1e-9]


def _round_values(low: float, high: float) -> Array:
    """Multiples of one, two or five times a power of ten between two values."""
    exact = (high - low) / N_TICKS
    power = 10.0 ** math.floor(math.log10(exact))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= exact)
    return np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" '
        f'y2="{y2:.1f}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text class="label" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )
