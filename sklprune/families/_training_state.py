"""Removes training state from fitted models, and copies what a later fit changes.

In models of the generic family, attributes that no prediction reads are removed, also
from fitted models that such a model contains. A later fit with `warm_start`, or
`partial_fit`, changes some of the remaining ones in place. A copy must not share them
with the original.
"""

import copy
from contextlib import suppress
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sklprune._registry import family_of
from sklprune._typing import Estimator

#: attributes of scikit-learn's models with an entry for each training row, which no
#: prediction reads
ROW_ARRAYS = (
    "_x_scores",
    "_y_scores",
    "inlier_mask_",
    "oob_decision_function_",
    "oob_prediction_",
    "x_scores_",
    "y_scores_",
)
#: types of entries of a list that contains no model, such as positions of columns
DATA_TYPES = {bool, float, int, str}
#: generators of random numbers, from which a later fit draws
GENERATORS = (np.random.RandomState, np.random.Generator)


def with_own_state(model: Estimator) -> Estimator:
    """Give a shallow copy fitted state of its own, in place.

    `partial_fit` changes arrays. A fit with `warm_start` appends to lists and draws
    random numbers; its arrays and trees are not copied.
    """
    continues = hasattr(type(model), "partial_fit")
    params = model.get_params(deep=False)
    if not continues and "warm_start" not in params:
        return model
    state = {name: value for name, value in vars(model).items() if name not in params}
    if continues:
        # a long linked list, as that of `Birch`, can be neither copied nor pickled
        with suppress(RecursionError):
            model.__dict__.update(copy.deepcopy(state))
        return model
    for name, value in state.items():
        if isinstance(value, (list, dict)):
            setattr(model, name, copy.copy(value))
        elif isinstance(value, GENERATORS):
            setattr(model, name, copy.deepcopy(value))
    return model


def small_generator(
    generator: np.random.RandomState | int, *, draws: bool
) -> np.random.RandomState | int:
    """What a later fit uses in place of a generator of random numbers.

    The state of a generator is 5.4 kB in a file. A generator with a smaller state,
    such as PCG64 in a `RandomState`, cannot be loaded by skops.

    Parameters
    ----------
    generator : RandomState or int
        The generator of the fitted model, from which nothing is drawn.
    draws : bool
        Whether a fit draws from it. Otherwise it only passes it on as a
        `random_state`.

    Returns
    -------
    RandomState or int
        A copy of the generator if a fit draws from it, else a seed.
    """
    if isinstance(generator, int):
        return np.random.RandomState(generator) if draws else generator
    if generator is np.random.mtrand._rand:
        # the global generator of numpy has no state that belongs to the model
        return small_generator(0, draws=draws)
    own = copy.deepcopy(generator)
    return own if draws else int(own.randint(np.iinfo(np.int32).max))


def strip_models_inside(model: Estimator) -> Estimator:
    """Replace the fitted models inside a model by stripped copies, in place."""
    known: dict[int, Any] = {}
    for name, value in vars(model).items():
        if name.endswith("_"):
            setattr(model, name, _stripped(value, known))
    return model


def _stripped(value: Any, known: dict[int, Any]) -> Any:
    """A value with each fitted model stripped.

    `known` maps the identity of an object to its copy, so that an object that occurs
    twice remains one object.
    """
    if id(value) not in known:
        known[id(value)] = _with_models_stripped(value, known)
    return known[id(value)]


def _with_models_stripped(value: Any, known: dict[int, Any]) -> Any:
    if isinstance(value, BaseEstimator):
        return family_of(value).strip(value) if _is_fitted(value) else value
    if type(value) in (list, tuple):
        if set(map(type, value)) <= DATA_TYPES:
            return type(value)(value)
        return type(value)(_stripped(each, known) for each in value)
    if isinstance(value, dict):
        changed = copy.copy(value)
        changed.update({key: _stripped(each, known) for key, each in value.items()})
        return changed
    # a calibrated classifier is no BaseEstimator
    inner = getattr(value, "estimator", None)
    if isinstance(inner, BaseEstimator):
        holder = copy.copy(value)
        holder.estimator = _stripped(inner, known)
        return holder
    return value


def _is_fitted(estimator: Estimator) -> bool:
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True
