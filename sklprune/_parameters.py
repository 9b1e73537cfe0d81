"""Checks of single parameters, which families, methods and refits share."""

import math
import numbers
from typing import Any


def is_real(value: Any) -> bool:
    """Whether a parameter is a finite real number, and not a bool."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and math.isfinite(value)
