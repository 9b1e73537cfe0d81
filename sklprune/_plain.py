"""Plain copies of models, which load and predict without sklprune: `to_plain`, `strip`.

An object of sklprune has a method `__sklprune_plain__`, which returns the plain object
that takes its place in the copy.
"""

import copy
from collections.abc import Iterable
from functools import partial
from types import MethodType, ModuleType
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklprune._registry import family_of
from sklprune._typing import Estimator

__all__ = ["plain", "strip", "to_plain"]

#: objects of these libraries contain data, never an estimator
DATA_LIBRARIES = ("numpy", "pandas", "polars", "scipy")


def to_plain(fitted: Any) -> Any:
    """Copy a model, with plain scikit-learn objects in the place of sklprune's.

    Objects are replaced at any depth:

    - a fitted `PrunedEstimator` by its `estimator_`, and an unfitted one, such as a
      parameter of a stacking model, by the estimator that it wraps;
    - a fitted `FeaturePruningSelector` by a `ColumnTransformer`, and an unfitted one
      by "passthrough";
    - a fitted search that contains one of them by its `best_estimator_`.

    Parameters
    ----------
    fitted : object
        Usually a fitted estimator. It is not changed.

    Returns
    -------
    object
        A copy that loads and predicts without sklprune.

    See Also
    --------
    strip : Remove what only training needs.

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
    plain_of: dict[int, Any] = {}
    _find(fitted, plain_of, set())
    return copy.deepcopy(fitted, dict(plain_of))


def plain(model: Estimator) -> Estimator:
    """The model itself if it contains no object of sklprune, else its plain copy."""
    plain_of: dict[int, Any] = {}
    _find(model, plain_of, set())
    return copy.deepcopy(model, dict(plain_of)) if plain_of else model


def _find(value: Any, plain_of: dict[int, Any], visited: set[int]) -> None:
    """Enter the replacements of all objects of sklprune inside `value`, by their id."""
    if id(value) in visited:
        return
    visited.add(id(value))
    if hasattr(type(value), "__sklprune_plain__"):
        plain_of[id(value)] = to_plain(value.__sklprune_plain__())
        return
    n_before = len(plain_of)
    for part in _parts(value):
        _find(part, plain_of, visited)
    if isinstance(value, MethodType) and id(value.__self__) in plain_of:
        plain_of[id(value)] = getattr(plain_of[id(value.__self__)], value.__name__)
    if len(plain_of) > n_before:
        counterpart = family_of(value).plain_counterpart(value)
        if counterpart is not None:
            plain_of[id(value)] = to_plain(counterpart)


def _parts(value: Any) -> Iterable[Any]:
    """The objects directly inside a value."""
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


def strip(fitted: Estimator) -> Estimator:
    """Copy a fitted model without the state that only training needs.

    Predictions are identical. Examples of removed state are the moments of an
    optimiser, copies of the best weights, out-of-bag predictions, and coefficients
    along a regularisation path.

    Training can be continued with `warm_start` or `partial_fit`, and does not change
    the original. Optimisers and averages of weights start again. Gradient boosting
    draws other random numbers than the original would. There are two exceptions.
    `partial_fit` of an `SGDClassifier` with averaged weights needs the weights before
    the average, so `fit` with `warm_start` must be used there. Histogram boosting that
    replaces a forest (see :class:`sklprune.methods.Recast`) has no binned rows to
    continue from.

    Parameters
    ----------
    fitted : estimator
        A fitted scikit-learn estimator. It is not changed, and shares its remaining
        arrays with the copy.

    Returns
    -------
    estimator
        The smaller copy.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.

    See Also
    --------
    to_plain : Replace objects of sklprune by plain ones.

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


def stripped(model: Estimator) -> Estimator:
    """`strip` without the check that the model is fitted."""
    return family_of(model).strip(model)
