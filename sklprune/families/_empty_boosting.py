"""Makes boosting models to be filled with the trees of another model.

Gradient boosting stores shared values in fewer bytes than a forest, and histogram
boosting accepts missing values. `make_empty_boosting` fits a minimal model of either
kind, so that it has all attributes of a fitted one.
"""

import copy
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)

from sklprune._frames import columns_of
from sklprune._typing import Array, Estimator, MatrixLike

#: for each container its regressor and its classifier
CLASSES = {
    "gradient_boosting": (GradientBoostingRegressor, GradientBoostingClassifier),
    "hist_gradient_boosting": (
        HistGradientBoostingRegressor,
        HistGradientBoostingClassifier,
    ),
}
#: parameters of the smallest fit whose raw scores are the sum of its trees
PARAMETERS: dict[str, dict[str, Any]] = {
    "gradient_boosting": {"n_estimators": 1, "learning_rate": 1.0, "init": "zero"},
    "hist_gradient_boosting": {"max_iter": 1, "early_stopping": False},
}


def make_empty_boosting(
    estimator: Estimator, X: MatrixLike, container: str = "auto"
) -> Estimator:
    """A boosting model with the classes and columns of another model.

    It is fitted on one row of zeros for each class, or on two for a regressor. Its
    trees are to be replaced.

    Parameters
    ----------
    estimator : estimator
        Its classes, columns and random_state are taken over.
    X : array-like of shape (n_samples, n_features)
        Rows in the form in which they will be predicted.
    container : {"auto", "gradient_boosting", "hist_gradient_boosting"}
        "auto" is histogram boosting if X has missing values, else gradient boosting.

    Raises
    ------
    ValueError
        If models of the container do not accept X.
    """
    container = _resolve_container(X, container)
    classifier = is_classifier(estimator)
    y = estimator.classes_ if classifier else np.zeros(2)
    rows = np.zeros((len(y), estimator.n_features_in_))
    make = CLASSES[container][int(classifier)]
    empty = make(random_state=0, **PARAMETERS[container]).fit(rows, y)
    # a generator belongs to the user: fitting must not have drawn numbers from it
    empty.set_params(random_state=copy.deepcopy(estimator.random_state))
    if hasattr(estimator, "feature_names_in_"):
        empty.feature_names_in_ = estimator.feature_names_in_
    return empty


def _resolve_container(X: MatrixLike, container: str) -> str:
    """The container, with "auto" resolved, after a check that it accepts X."""
    missing = _has_missing(X)
    if container == "auto":
        return "hist_gradient_boosting" if missing else "gradient_boosting"
    if container == "gradient_boosting" and missing:
        raise ValueError(
            "container='gradient_boosting' takes no missing values, and X has some: "
            "container must be 'auto' or 'hist_gradient_boosting'."
        )
    if container == "hist_gradient_boosting" and sparse.issparse(X):
        raise ValueError(
            "container='hist_gradient_boosting' takes no sparse X: container must be "
            "'auto' or 'gradient_boosting'."
        )
    return container


def _has_missing(X: MatrixLike) -> bool:
    if sparse.issparse(X):
        return bool(np.isnan(X.data).any())
    return any(_column_has_missing(column) for column in columns_of(X))


def _column_has_missing(column: Array) -> bool:
    if column.dtype.kind == "f":
        return bool(np.isnan(column).any())
    # a nullable column of a frame becomes objects, with one of several missing markers
    return column.dtype.kind == "O" and any(
        str(each) in ("None", "<NA>", "nan", "NaT") for each in column
    )
