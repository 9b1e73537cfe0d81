"""Small operations on any scikit-learn estimator: seed it, copy it, ask what it takes."""

import copy
from inspect import signature

from sklearn.utils.validation import has_fit_parameter

from sklprune._sklearn_private import CALLBACKS


def seeded(estimator, random_state):
    """An unfitted estimator in which every `random_state` that is None is set."""
    if random_state is None:
        return estimator
    unset = {
        name: random_state
        for name, value in estimator.get_params(deep=True).items()
        if name.split("__")[-1] == "random_state" and value is None
    }
    return estimator.set_params(**unset)


def without(estimator, attributes):
    """A shallow copy without some attributes and without the callbacks of its fit.

    Arrays are shared with the original, and never written to.
    """
    stripped = copy.copy(estimator)
    for name in (*attributes, CALLBACKS):
        stripped.__dict__.pop(name, None)
    return stripped


def takes_weights(estimator):
    """Whether `fit` has a parameter sample_weight, or passes on further keywords."""
    if has_fit_parameter(estimator, "sample_weight"):
        return True
    parameters = signature(estimator.fit).parameters.values()
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
