"""Training left-overs of models that have no family of their own."""

import copy

from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sklprune._registry import family_of

#: one entry for each row of training, in models of scikit-learn that never read them
ROW_ARRAYS = (
    "_x_scores",
    "_y_scores",
    "inlier_mask_",
    "oob_decision_function_",
    "oob_prediction_",
    "x_scores_",
    "y_scores_",
)


def strip_models_inside(model):
    """Strip the fitted models that a model holds, in place; they are copied."""
    met = {}
    for name, value in vars(model).items():
        if name.endswith("_"):
            setattr(model, name, _stripped(value, met))
    return model


def _stripped(value, met):
    """The same with each fitted model stripped; what is met twice stays one object."""
    if id(value) not in met:
        met[id(value)] = _with_models_stripped(value, met)
    return met[id(value)]


def _with_models_stripped(value, met):
    if isinstance(value, BaseEstimator):
        return family_of(value).strip(value) if _is_fitted(value) else value
    if type(value) in (list, tuple):
        return type(value)(_stripped(each, met) for each in value)
    if isinstance(value, dict):
        changed = copy.copy(value)
        changed.update({key: _stripped(each, met) for key, each in value.items()})
        return changed
    if isinstance(getattr(value, "estimator", None), BaseEstimator):  # calibrated
        changed = copy.copy(value)
        changed.estimator = _stripped(value.estimator, met)
        return changed
    return value


def _is_fitted(estimator):
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True
