"""Makes boosting models to be filled with the trees of another model.

Gradient boosting stores shared values in fewer bytes than a forest, and histogram
boosting accepts missing values. `make_empty_boosting` fits a minimal model of either
kind, so that it has all attributes of a fitted one.
"""

import copy
from collections.abc import Sequence
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

from sklprune._estimators import without
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
#: parameters of the smallest fit. Its classes are equally frequent, so that its raw
#: scores are the sum of its trees
PARAMETERS: dict[str, dict[str, Any]] = {
    "gradient_boosting": {"n_estimators": 1, "learning_rate": 1.0},
    "hist_gradient_boosting": {"max_iter": 1, "early_stopping": False},
}
#: attributes with which histogram boosting continues a fit, from binned rows
BINNED_STATE = (
    "train_score_",
    "validation_score_",
    "_feature_subsample_rng",
    "_scorer",
)
#: rows of each class; with fewer, scikit-learn warns that y could be continuous
ROWS_PER_CLASS = 3


def make_empty_boosting(
    estimator: Estimator,
    X: MatrixLike,
    container: str = "auto",
    trees: Sequence[Any] = (),
) -> Estimator:
    """A boosting model with the classes and columns of another model.

    It is fitted on rows of zeros, equally many for each class. Its trees are to be
    replaced. Without them its raw scores are exactly zero.

    Parameters
    ----------
    estimator : estimator
        Its classes, columns and random_state are taken over.
    X : array-like of shape (n_samples, n_features)
        Rows in the form in which they will be predicted.
    container : {"auto", "gradient_boosting", "hist_gradient_boosting"}
        "auto" is histogram boosting if X or the training rows of the trees have missing
        values, else gradient boosting.
    trees : sequence of Tree of scikit-learn, default=()
        The trees that will be put in, as far as they may know missing values.

    Raises
    ------
    ValueError
        If models of the container do not accept X.
    """
    container = _resolve_container(X, container, trees)
    classifier = is_classifier(estimator)
    y = estimator.classes_ if classifier else np.zeros(1)
    y = np.repeat(y, ROWS_PER_CLASS)
    rows = np.zeros((len(y), estimator.n_features_in_))
    make = CLASSES[container][int(classifier)]
    empty = make(random_state=0, **PARAMETERS[container]).fit(rows, y)
    if container == "hist_gradient_boosting":
        # the trees come from elsewhere and know no bins: boosting cannot be continued
        empty = without(empty, BINNED_STATE)
    elif classifier and len(estimator.classes_) > 2:
        # the same constant without rounding, and twice as fast for a single row. With
        # `init=None` exporters ask the model for it. They read the priors of two
        # classes, whose logarithm of odds is exactly zero
        empty.init_ = "zero"
    # a generator belongs to the user: fitting must not have drawn numbers from it
    empty.set_params(random_state=copy.deepcopy(estimator.random_state))
    if hasattr(estimator, "feature_names_in_"):
        empty.feature_names_in_ = estimator.feature_names_in_
    return empty


def _resolve_container(X: MatrixLike, container: str, trees: Sequence[Any]) -> str:
    """The container, with "auto" resolved, after a check that it accepts X."""
    missing = _has_missing(X)
    if container == "auto":
        missing = missing or (not sparse.issparse(X) and _know_missing(trees))
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


def _know_missing(trees: Sequence[Any]) -> bool:
    """Whether trees were fitted on rows with missing values.

    Without any, each split sends missing values to the child with more rows.
    """
    for tree in trees:
        split = tree.children_left >= 0
        n_left, n_right = (
            tree.n_node_samples[child[split]]
            for child in (tree.children_left, tree.children_right)
        )
        if np.any((tree.missing_go_to_left[split] != 0) != (n_left > n_right)):
            return True
    return False


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
