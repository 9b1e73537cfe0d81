"""Refits: fit the remaining values after a removal. One file for each.

A refit returns a fitted copy of a model without the removed units. To add one, write a
file here that ends in `register("refit", YourRefit)`, and import its class in one line
below. Another package derives from `Refit` and passes an object.
"""

from sklprune._registry import registered
from sklprune.refits._base import Refit as Refit
from sklprune.refits.clone import Clone as Clone
from sklprune.refits.masked_refit import MaskedRefit as MaskedRefit
from sklprune.refits.reconstruction import Reconstruction as Reconstruction
from sklprune.refits.shared_widths import SharedWidths as SharedWidths

__all__ = sorted(["Refit", *(cls.__name__ for cls in registered("refit").values())])
