"""Models that store rows of their fit: neighbours, kernel methods and support vectors.

Their units are columns, as those of any model. The stored rows show whether a model
was fitted on the rows on which it is pruned.
"""

from typing import Any

from scipy import sparse

from sklprune._frames import as_matrix
from sklprune._registry import register_family
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune.families._base import Family
from sklprune.families._recognition import are_stored

#: attributes that hold rows of the fit
STORED = ("_fit_X", "X_train_", "X_fit_", "X_")


class StoredRowsFamily(Family):
    """Nearest neighbours, Gaussian processes, kernel ridge, and support vectors."""

    classes = (
        "BaseLabelPropagation",
        "BaseLibSVM",
        "GaussianProcessClassifier",
        "GaussianProcessRegressor",
        "KernelRidge",
        "NeighborsBase",
    )
    recognises_parts = True
    recognises_rows = True

    def fitted_on(
        self,
        estimator: Estimator,
        X: MatrixLike,
        y: ArrayLike | None = None,
        sample_weight: Array | None = None,
    ) -> bool:
        """Whether rows are among the stored ones, in any order."""
        stored, n_fitted = _stored_rows(estimator)
        if stored is None or getattr(stored, "dtype", None) is None:
            return False
        if len(stored.shape) != 2 or stored.dtype.kind not in "biuf":
            return False
        try:
            X = as_matrix(X)
        except (TypeError, ValueError):
            return False
        numeric = sparse.issparse(X) or X.dtype.kind in "biuf"
        return numeric and are_stored(X, stored, n_fitted)


def _stored_rows(estimator: Any) -> tuple[Any, int | None]:
    """The rows that a fitted model has stored, and the number of rows of its fit."""
    if hasattr(estimator, "support_vectors_"):
        return estimator.support_vectors_, estimator.shape_fit_[0]
    # a Gaussian process for classes holds one for each class, all of the same rows
    inner = getattr(estimator, "base_estimator_", estimator)
    inner = getattr(inner, "estimators_", [inner])[0]
    for name in STORED:
        rows = getattr(inner, name, None)
        if rows is not None:
            return rows, None
    return None, None


register_family(StoredRowsFamily())
