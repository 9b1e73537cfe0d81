"""Names of the fitted attributes that the methods of a class assign, from its code.

A subclass of another package may have fitted state that scikit-learn does not know. An
unfitted estimator does not show it, so the byte code of its class is read.
"""

import dis
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

#: fitted state that any estimator may have
COMMON_STATE = (
    "classes_",
    "coef_",
    "feature_names_in_",
    "intercept_",
    "n_features_in_",
    "n_iter_",
)
#: functions and attributes by which a method assigns attributes by their names
BY_NAME = ("setattr", "vars", "__dict__")


def fitted_attributes(cls: type) -> frozenset[str]:
    """Names with a trailing underscore that methods of a class assign to `self`."""
    functions = [_unwrapped(value) for value in vars(cls).values()]
    return frozenset(
        name
        for function in functions
        if function is not None and function.__code__.co_varnames
        for name in _assigned(function.__code__, function.__code__.co_varnames[0])
        if name.isidentifier() and name.endswith("_") and not name.startswith("__")
    )


def _unwrapped(value: Any) -> FunctionType | None:
    """The function that a method wraps, or None if it is not written in Python."""
    while isinstance(getattr(value, "__wrapped__", None), FunctionType):
        value = value.__wrapped__
    return value if isinstance(value, FunctionType) else None


def _assigned(code: CodeType, owner: str) -> Iterator[str]:
    """Names that code assigns as attributes of the variable `owner`."""
    before: Any = None
    for instruction in dis.get_instructions(code):
        if instruction.opname == "STORE_ATTR" and before == owner:
            yield instruction.argval
        before = instruction.argval
        if isinstance(before, tuple) and before:  # two variables are loaded at once
            before = before[-1]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _assigned(constant, owner)
        elif isinstance(constant, str) and set(BY_NAME) & set(code.co_names):
            yield constant
