"""Plain scikit-learn objects: what ships must load where sklprune is not installed.

Our own objects are known by a method that they carry, `__sklprune_plain__`, which
gives the plain object that one stands for.
"""

import copy
from functools import partial
from types import MethodType, ModuleType

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklprune._registry import family_of
from sklprune._sklearn_private import BaseSearchCV

__all__ = ["plain", "strip", "to_plain"]

#: objects of these libraries hold data, never an estimator
DATA_LIBRARIES = ("numpy", "pandas", "polars", "scipy")


def to_plain(fitted):
    """A copy in which every sklprune object is the plain object it stands for.

    At any depth: a fitted `PrunedEstimator` becomes its `estimator_`, a fitted
    `FeaturePruningSelector` a `ColumnTransformer`, and a fitted search that holds
    one of them its plain `best_estimator_`. An unfitted one, among the parameters
    of a stacking model say, becomes the estimator that it wraps, and an unfitted
    selector "passthrough".

    Parameters
    ----------
    fitted : object
        An estimator, as a rule fitted.

    Returns
    -------
    object
        The copy; it loads and predicts without sklprune.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklprune import FeaturePruningSelector, to_plain
    >>> X, y = load_diabetes(return_X_y=True)
    >>> selector = FeaturePruningSelector(Ridge(), n_features_to_select=4)
    >>> model = make_pipeline(selector, Ridge()).fit(X, y)
    >>> type(to_plain(model)[0]).__name__
    'ColumnTransformer'
    """
    plain_of = {}
    _find(fitted, plain_of, set())
    return copy.deepcopy(fitted, dict(plain_of))


def plain(model):
    """The model itself where it holds no object of ours, else its plain copy."""
    plain_of = {}
    _find(model, plain_of, set())
    return copy.deepcopy(model, dict(plain_of)) if plain_of else model


def _find(value, plain_of, met):
    """Fill in what each object of ours inside `value` stands for, by its id."""
    if id(value) in met:
        return
    met.add(id(value))
    if hasattr(type(value), "__sklprune_plain__"):
        plain_of[id(value)] = to_plain(value.__sklprune_plain__())
        return
    known = len(plain_of)
    for part in _parts(value):
        _find(part, plain_of, met)
    if isinstance(value, MethodType) and id(value.__self__) in plain_of:
        plain_of[id(value)] = getattr(plain_of[id(value.__self__)], value.__name__)
    if (
        len(plain_of) > known
        and isinstance(value, BaseSearchCV)
        and hasattr(value, "best_estimator_")
    ):
        plain_of[id(value)] = to_plain(value.best_estimator_)


def _parts(value):
    if isinstance(value, dict):
        return [*value, *value.values()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return value
    if isinstance(value, partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, MethodType):
        return [value.__self__]
    if isinstance(value, np.ndarray):
        return value.ravel() if value.dtype == object else ()
    foreign = str(type(value).__module__).split(".")[0] in DATA_LIBRARIES
    if foreign or isinstance(value, (type, ModuleType)):
        return ()
    return [*getattr(value, "__dict__", {}).values()]


def strip(fitted):
    """A copy without what training left behind; predictions are identical.

    Optimiser moments, best-so-far copies, out-of-bag arrays, coefficients along a
    regularisation path: what predict never reads. Training cannot be continued from
    a stripped model.

    Parameters
    ----------
    fitted : estimator
        A fitted scikit-learn estimator; it is not changed. Arrays that stay are
        shared with it.

    Returns
    -------
    estimator

    Raises
    ------
    NotFittedError
        If the estimator is not fitted: there is nothing to leave out yet.

    Examples
    --------
    >>> import pickle
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sklprune import strip
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((50, 50), max_iter=600, random_state=0).fit(X, y)
    >>> len(pickle.dumps(model)) > 3 * len(pickle.dumps(strip(model)))
    True
    """
    check_is_fitted(
        fitted,
        msg="strip() takes a fitted model, and this %(name)s is not fitted. Fit it "
        "first.",
    )
    return stripped(fitted)


def stripped(model):
    """`strip` of a model that is known to be fitted."""
    return family_of(model).strip(model)
