"""Expressions: calls that are written to a pickle, and made when it is loaded.

An `Expression` has the operators of an array. Code that works on arrays therefore also
builds the expression that does the same at loading. An expression that occurs several
times is evaluated once.
"""

import operator
import pickle
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np


class Expression:
    """The call `function(*args)`, then `result[key] = value` for each of the items.

    Parameters
    ----------
    function : callable
        A function that a pickle refers to by its name. Not one of this package.
    *args : object
        Arguments, which may be or contain expressions.
    items : iterable of (key, value)
        Parts of the result that are set after the call.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *args: Any,
        items: Iterable[tuple[Any, Any]] = (),
    ) -> None:
        self.function = function
        self.args = args
        self.items = tuple(items)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        if not self.items:
            return self.function, self.args
        return self.function, self.args, None, None, iter(self.items)

    def __add__(self, other: Any) -> "Expression":
        return Expression(operator.add, self, other)

    def __sub__(self, other: Any) -> "Expression":
        return Expression(operator.sub, self, other)

    def __rsub__(self, other: Any) -> "Expression":
        return Expression(operator.sub, other, self)

    def __mul__(self, other: Any) -> "Expression":
        return Expression(operator.mul, self, other)

    def __truediv__(self, other: Any) -> "Expression":
        return Expression(operator.truediv, self, other)

    def __mod__(self, other: Any) -> "Expression":
        return Expression(operator.mod, self, other)

    def __xor__(self, other: Any) -> "Expression":
        return Expression(operator.xor, self, other)

    def __and__(self, other: Any) -> "Expression":
        return Expression(operator.and_, self, other)

    def __lshift__(self, other: Any) -> "Expression":
        return Expression(operator.lshift, self, other)

    def __rshift__(self, other: Any) -> "Expression":
        return Expression(operator.rshift, self, other)

    def __getitem__(self, key: Any) -> "Expression":
        return Expression(operator.getitem, self, key)

    def method(self, name: str, *args: Any) -> "Expression":
        """The call of a method of the result."""
        return Expression(operator.methodcaller(name, *args), self)

    def astype(self, dtype: str) -> "Expression":
        """The result as an array of another dtype."""
        return self.method("astype", dtype)

    def reshape(self, *shape: int) -> "Expression":
        """The result as an array of another shape."""
        return self.method("reshape", *shape)

    def value(self) -> Any:
        """The value that loading will give."""
        return pickle.loads(pickle.dumps(self, protocol=5))


def zeros(shape: Any, dtype: Any, items: Iterable[tuple[Any, Any]]) -> Expression:
    """An array of zeros, parts of which are set."""
    return Expression(np.zeros, shape, dtype, items=items)
