"""Small data sets and a counting model that many tests share."""

import numpy as np
import pytest
import sklearn
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import RandomForestClassifier

from sklprune._registry import family_of
from sklprune._tree_descent.block_descent import BlockDescent
from sklprune._tree_descent.losses import SquaredLoss
from sklprune.families import _small_models


@pytest.fixture(scope="session")
def binary_rows():
    """200 rows, 8 columns of which the first 3 matter; no test may change them."""
    X, y = make_classification(
        200,
        8,
        n_informative=3,
        n_redundant=0,
        n_clusters_per_class=1,
        class_sep=1.5,
        shuffle=False,
        random_state=0,
    )
    rows = np.random.RandomState(0).permutation(200)
    return X[rows], y[rows]


@pytest.fixture
def binary(binary_rows):
    """The rows of `binary_rows` as copies, which a test may change."""
    X, y = binary_rows
    return X.copy(), y.copy()


@pytest.fixture
def classes():
    """240 rows, 8 columns, 3 classes with labels that are strings."""
    X, y = make_classification(
        240, 8, n_informative=5, n_classes=3, class_sep=2.0, random_state=0
    )
    return X, np.array(["ant", "bee", "cat"])[y]


@pytest.fixture
def regression():
    """200 rows, 6 columns of which 3 matter, on very different scales."""
    X, y = make_regression(
        200, 6, n_informative=3, shuffle=False, noise=5.0, random_state=0
    )
    return X * np.array([1, 100, 0.01, 1, 100, 0.01]), y


class CountingForest(RandomForestClassifier):
    """Counts the fits of all its copies."""

    fits = 0

    def fit(self, X, y, sample_weight=None):
        type(self).fits += 1
        return super().fit(X, y, sample_weight)


@pytest.fixture
def counting():
    """A small forest that counts fits; `type(counting).fits` is the number so far."""
    CountingForest.fits = 0
    return CountingForest(6)


@pytest.fixture
def descent_over():
    """A function that prepares the descent over the trees of a fitted model."""

    def prepare(model, X, y, rho, weight=None, raising=False):
        family = family_of(model)
        return BlockDescent(
            family.tree_arrays(model),
            family.leaf_ids(model, X),
            SquaredLoss(family.targets(model, y), weight),
            family.offset(model, X),
            rho,
            family.decision_paths(model, X) if raising else None,
        )

    return prepare


@pytest.fixture(scope="module")
def few_small_models():
    """Fewer boosting models that are trained from scratch for a comparison."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_small_models, "LEAVES", (4,))
        patch.setattr(_small_models, "STAGES", (1, 8))
        yield


@pytest.fixture
def polars():
    """The polars module, if this scikit-learn keeps names of its columns."""
    if sklearn.__version__.startswith("1.6."):
        pytest.skip("ColumnTransformer of scikit-learn 1.6 renames polars columns")
    return pytest.importorskip("polars")
