"""Removes training state from models of the generic family.

Attributes that no prediction reads are removed, also from fitted models that such a
model contains.
"""

import copy
from typing import Any

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
