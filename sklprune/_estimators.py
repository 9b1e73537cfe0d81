"""Small helpers for any scikit-learn estimator: seed it, copy it, inspect its `fit`."""

import copy
from collections.abc import Iterable
from inspect import signature
from types import MethodType
from typing import Any

from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from sklprune._sklearn_private import CALLBACKS
from sklprune._typing import Estimator


def unfitted(estimator: Estimator) -> Estimator:
    """An unfitted clone, also of CatBoost, which copies parameters that are lists."""
    try:
        return clone(estimator)
    except RuntimeError:
        return with_params(estimator, estimator.get_params(deep=False))


def with_params(estimator: Estimator, params: dict[str, Any]) -> Estimator:
    """A new estimator of the same class, with other parameters of its constructor."""
    new = type(estimator)(**params)
    for name in ("_metadata_request", "_sklearn_output_config"):
        if name in vars(estimator):
            setattr(new, name, copy.deepcopy(getattr(estimator, name)))
    return new


def seeded(estimator: Estimator, random_state: int | None) -> Estimator:
    """Set each parameter `random_state` that is None, also of inner estimators.

    The estimator is changed in place and returned. Nothing changes if `random_state`
    is None.
    """
    if random_state is None:
        return estimator
    unset = {
        name: random_state
        for name, value in estimator.get_params(deep=True).items()
        if name.split("__")[-1] == "random_state" and value is None
    }
    return estimator.set_params(**unset)


def without(estimator: Estimator, attributes: Iterable[str]) -> Estimator:
    """A shallow copy without some attributes, and without callbacks of its fit.

    The copy shares its arrays with the original, so that no code may write to them.
    Methods of the class that are bound to the original are omitted too: histogram
    boosting leaves one behind, and the copy would predict what the original does.
    """
    stripped = copy.copy(estimator)
    bound = [
        name
        for name, value in vars(estimator).items()
        if isinstance(value, MethodType)
        and value.__self__ is estimator
        and value.__func__ is getattr(type(estimator), name, None)
    ]
    for name in (*attributes, *bound, CALLBACKS):
        stripped.__dict__.pop(name, None)
    return stripped


def takes_weights(estimator: Estimator) -> bool:
    """Whether `fit` has a parameter `sample_weight` or accepts any keyword."""
    if has_fit_parameter(estimator, "sample_weight"):
        return True
    parameters = signature(estimator.fit).parameters.values()
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
