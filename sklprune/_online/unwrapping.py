"""Takes a fitted model out of its wrappers, such as a pipeline, and puts it back."""

from typing import Any, NamedTuple

from sklprune._registry import family_of
from sklprune._typing import Estimator
from sklprune._units import Task


class Unwrapped(NamedTuple):
    """The innermost model, and the rows in the form in which it receives them.

    Parameters
    ----------
    model : estimator
    task : Task
    wrappers : list of (Family, estimator)
        From the outermost to the innermost.
    """

    model: Estimator
    task: Task
    wrappers: list[Any]

    def close(self, model: Estimator) -> Estimator:
        """Copies of the wrappers around another model."""
        for family, wrapper in reversed(self.wrappers):
            model = family.close(wrapper, model)
        return model


def unwrapped(model: Estimator, task: Task) -> Unwrapped:
    """Take a fitted model out of its wrappers.

    Parameters
    ----------
    model : estimator
    task : Task
        Rows as the outermost wrapper receives them.
    """
    wrappers: list[Any] = []
    while True:
        family = family_of(model)
        inner, task = family.inside(model, task)
        if inner is model:
            return Unwrapped(model, task, wrappers)
        wrappers.append((family, model))
        model = inner
