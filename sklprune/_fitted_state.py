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
#: methods that assign parameters, which are not fitted
CONSTRUCTORS = ("__init__", "set_params", "__setstate__")
#: functions and attributes by which a method assigns attributes by their names
BY_NAME = ("setattr", "vars", "__dict__")


def fitted_attributes(cls: type) -> frozenset[str]:
    """Names that methods of a class assign to `self`, except for its parameters.

    Names that are assigned by other means, such as `setattr`, are included if they have
    a trailing underscore, as fitted attributes of scikit-learn have.
    """
    functions = {name: _unwrapped(value) for name, value in vars(cls).items()}
    return frozenset(
        name
        for method, function in functions.items()
        if function is not None and function.__code__.co_varnames
        for name, by_name in _assigned(
            function.__code__, function.__code__.co_varnames[0]
        )
        if name.isidentifier() and not name.startswith("__")
        if name.endswith("_") or not (by_name or method in CONSTRUCTORS)
    )


def _unwrapped(value: Any) -> FunctionType | None:
    """The function that a method wraps, or None if it is not written in Python."""
    while isinstance(getattr(value, "__wrapped__", None), FunctionType):
        value = value.__wrapped__
    return value if isinstance(value, FunctionType) else None


def _assigned(code: CodeType, owner: str) -> Iterator[tuple[str, bool]]:
    """Names that code assigns as attributes of the variable `owner`.

    Each comes with whether it is merely a text in code that assigns by name.
    """
    before: Any = None
    for instruction in dis.get_instructions(code):
        if instruction.opname == "STORE_ATTR" and before == owner:
            yield instruction.argval, False
        before = instruction.argval
        if isinstance(before, tuple) and before:  # two variables are loaded at once
            before = before[-1]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _assigned(constant, owner)
        elif isinstance(constant, str) and set(BY_NAME) & set(code.co_names):
            yield constant, True
