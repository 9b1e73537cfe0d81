"""Boosting models that hold the trees of another model."""

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)

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


def additive_shell(estimator, X, container="auto"):
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
    seed = estimator.random_state
    make = CLASSES[container][int(classifier)]
    shell = make(random_state=seed, **LEAST[container]).fit(rows, y)
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
    values = X.data if sparse.issparse(X) else np.asarray(X)
    return values.dtype.kind in "fO" and bool(np.isnan(values.astype(float)).any())
