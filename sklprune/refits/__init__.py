"""Refits: fit the remaining values of a pruned model again, without the removed units.

Each refit is a file of its own. To add one, write the file and its test, and import
the class below.
"""

from sklprune.refits._base import Refit
from sklprune.refits.clone import Clone
from sklprune.refits.masked_refit import MaskedRefit
from sklprune.refits.reconstruction import Reconstruction

__all__ = ["Clone", "MaskedRefit", "Reconstruction", "Refit"]
