"""Checks of single parameters, which families, methods and refits share."""

import math
import numbers
from collections.abc import Callable
from inspect import signature
from typing import Any


def is_real(value: Any) -> bool:
    """Whether a parameter is a finite real number, and not a bool."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and math.isfinite(value)


def takes(function: Callable[..., Any], n_arguments: int) -> bool:
    """Whether a callable takes so many positional arguments, and needs no others."""
    try:
        signature(function).bind(*[None] * n_arguments)
    except TypeError:
        return False
    except ValueError:
        # some functions written in C have no signature
        return True
    return True


def check_takes(name: str, function: Callable[..., Any], *arguments: str) -> None:
    """Raise an error for a callable that does not take some positional arguments.

    Parameters
    ----------
    name : str
        The parameter of which it is the value.
    function : callable
    *arguments : str
        The names of the arguments that it is called with.
    """
    if takes(function, len(arguments)):
        return
    raise TypeError(
        f"{name}={function!r} is called as {name}({', '.join(arguments)}), but its "
        f"signature is {signature(function)}."
    )
