"""Refits: what stays is fitted anew, and what was removed stays removed.

Adding one is a file here, its test file, and a line below.
"""

from sklprune.refits._base import Refit
from sklprune.refits.clone import Clone
from sklprune.refits.masked_refit import MaskedRefit
from sklprune.refits.reconstruction import Reconstruction

__all__ = ["Clone", "MaskedRefit", "Reconstruction", "Refit"]
