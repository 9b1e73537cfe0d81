"""Boosting models that hold the trees of another model."""

import copy

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

#: for each container the class that holds values, and the one that holds scores
CLASSES = {
    "gradient_boosting": (GradientBoostingRegressor, GradientBoostingClassifier),
    "hist_gradient_boosting": (
        HistGradientBoostingRegressor,
        HistGradientBoostingClassifier,
    ),
}
#: parameters with which the least is fitted, and nothing is said but by trees
LEAST = {
    "gradient_boosting": {"n_estimators": 1, "learning_rate": 1.0, "init": "zero"},
    "hist_gradient_boosting": {"max_iter": 1, "early_stopping": False},
}


def make_empty_boosting(estimator, X, container="auto"):
    """A boosting model without a say, to be filled with trees of another model.

    It is fitted on one row of each class, so that all that scikit-learn keeps in a
    fitted one is there.

    Parameters
    ----------
    estimator : estimator
        Whose classes, columns and seed it takes over.
    X : array-like of shape (n_samples, n_features)
        Rows as they will come.
    container : {"auto", "gradient_boosting", "hist_gradient_boosting"}
        "auto" is histogram boosting where X has missing values.

    Raises
    ------
    ValueError
        If the container does not take X as it is.
    """
    container = _container_for(X, container)
    classifier = is_classifier(estimator)
    y = estimator.classes_ if classifier else np.zeros(2)
    rows = np.zeros((len(y), estimator.n_features_in_))
    make = CLASSES[container][int(classifier)]
    shell = make(random_state=0, **LEAST[container]).fit(rows, y)
    # a generator of random numbers is the user's: no fit of ours may draw from it
    shell.set_params(random_state=copy.deepcopy(estimator.random_state))
    if hasattr(estimator, "feature_names_in_"):
        shell.feature_names_in_ = estimator.feature_names_in_
    return shell


def _container_for(X, container):
    """The container that was asked for, or that X asks for; checked against X."""
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


def _has_missing(X):
    if sparse.issparse(X):
        return bool(np.isnan(X.data).any())
    return any(_lacks(column) for column in columns_of(X))


def _lacks(column):
    if column.dtype.kind == "f":
        return bool(np.isnan(column).any())
    # numbers of a nullable column: what stands for none has no number
    return column.dtype.kind == "O" and any(
        str(each) in ("None", "<NA>", "nan", "NaT") for each in column
    )
