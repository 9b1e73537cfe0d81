"""Few distinct values that stand for many numbers: codebooks and short floats."""

import numpy as np

from sklprune._typing import Array

#: passes of the search for a codebook
N_PASSES = 30
#: bits of a float64 without its sign
WITHOUT_SIGN = np.int64(2**63 - 1)


def shorter(values: Array, n_bits: int) -> Array:
    """Values rounded to a floating-point number of 16 or 32 bits; the dtype is kept."""
    if n_bits > 32:
        return values
    dtype = np.float32 if n_bits > 16 else np.float16
    # values beyond the range of a short float are not rounded to it
    with np.errstate(over="ignore"):
        short = values.astype(dtype).astype(values.dtype)
    relative = np.abs(short - values) <= 2.0**-9 * np.abs(values)
    single = values.astype(np.float32).astype(values.dtype)
    return np.where(relative, short, single)


def significant(values: Array, n_bits: int) -> Array:
    """Values rounded to a number of significant bits; the dtype is kept."""
    fraction, exponent = np.frexp(values)
    return np.ldexp(np.round(np.ldexp(fraction, n_bits)), exponent - n_bits)


def codebook(
    values: Array, weight: Array, n_bits: int, uniform: bool, has_zero: bool
) -> Array:
    """Values of least weighted squared distance to given ones (k-means), ascending.

    Parameters
    ----------
    values, weight : ndarray of shape (n,)
    n_bits : int
    uniform : bool
        Whether the values have equal distances, between the extreme ones.
    has_zero : bool
        Whether zero is one of the values, so that there is one fewer.
    """
    size = 2**n_bits - has_zero
    distinct = np.unique(values)
    if len(distinct) <= size:
        return distinct
    if uniform:
        return np.linspace(distinct[0], distinct[-1], size)
    order = np.argsort(values)
    values = values[order]
    # an input without variance gets a small weight, so that its values count too
    weight = weight[order] + 1e-6 * weight.mean() + np.finfo(float).tiny
    total = np.append(0, np.cumsum(weight))
    moment = np.append(0, np.cumsum(weight * values))
    # between quantiles and equal distances, as the optimal density of values is
    spread = np.append(0, np.cumsum(np.diff(values, prepend=values[0])))[1:]
    mixed = total[1:] / total[-1] + spread / max(spread[-1], np.finfo(float).tiny)
    places = np.searchsorted(mixed, np.linspace(0, 2, 2 * size + 1)[1::2])
    book = np.unique(values[np.minimum(places, len(values) - 1)])
    for _ in range(N_PASSES):
        bounds = np.searchsorted(values, (book[1:] + book[:-1]) / 2)
        bounds = np.unique(np.concatenate([[0], bounds, [len(values)]]))
        means = np.diff(moment[bounds]) / np.diff(total[bounds])
        if len(means) == len(book) and np.allclose(means, book, rtol=1e-6):
            break
        book = np.unique(means)
    return book


def nearest(values: Array, book: Array) -> Array:
    """The nearest value of a codebook in ascending order."""
    return book[np.searchsorted((book[1:] + book[:-1]) / 2, values)]


def shortest_between(low: Array, high: Array) -> Array:
    """The number with the fewest significant bits in each interval [low, high).

    Parameters
    ----------
    low, high : ndarray of shape (n,)
        Finite numbers, each `low` below its `high`.

    Returns
    -------
    ndarray of shape (n,)
    """
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    negative = high <= 0
    # bits of positive floats are integers in the same order; [-high, -low) would not
    # contain -low, so that the ends of the intervals differ by one
    first = np.where(negative, _whole(-high) + 1, _whole(low))
    last = np.where(negative, _whole(-low), _whole(high) - 1)
    # the common leading bits of first - 1 and last, and one bit more
    differing = (first - 1) ^ last
    exponent = np.frexp(differing.astype(float))[1]
    # a rounding up to the next power of two would remove a bit too many
    exponent -= (np.int64(1) << np.clip(exponent - 1, 0, 62)) > differing
    kept = (last >> (exponent - 1).clip(0)) << (exponent - 1).clip(0)
    number = np.where(negative, -1.0, 1.0) * kept.view(np.float64)
    return np.where((low <= 0) & (high > 0), 0.0, number)


def _whole(values: Array) -> Array:
    """The bits of floats that are not negative; 0 for others."""
    return np.maximum(values, 0.0).view(np.int64) & WITHOUT_SIGN
