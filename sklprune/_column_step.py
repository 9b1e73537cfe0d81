"""The first step of a pipeline whose columns were pruned: it selects columns of X."""

from collections.abc import Iterable

import numpy as np
from scipy import sparse
from sklearn.compose import ColumnTransformer

from sklprune._frames import frame_kind
from sklprune._sklearn_private import num_samples, safe_indexing
from sklprune._typing import MatrixLike

#: name and transformer of the one entry of the column transformer
COLUMN_STEP = ("kept", "passthrough")


def column_step(indices: Iterable[int], X: MatrixLike) -> ColumnTransformer:
    """A fitted transformer that selects columns of X by position.

    If X is a data frame, the output is a frame of the same kind with the same dtypes.
    A frame at prediction time may then consist of the selected columns only. An array
    must always have all columns.
    """
    step = ColumnTransformer(
        [(*COLUMN_STEP, [int(i) for i in indices])],
        sparse_threshold=1.0,
        verbose_feature_names_out=False,
    )
    if frame_kind(X) is not None:
        step.set_output(transform=frame_kind(X))
    if not sparse.issparse(X):
        # the fit reads names and dtypes only
        X = safe_indexing(X, np.arange(min(2, num_samples(X))))
    return step.fit(X)


def selected_columns(step: ColumnTransformer, X: MatrixLike) -> MatrixLike:
    """What a step of `column_step` makes of X, without its checks of X."""
    ((_, _, indices),) = step.transformers
    names = getattr(X, "columns", ())
    if sparse.issparse(X) or not all(isinstance(name, str) for name in names):
        # the step names the columns of a frame by strings
        return step.transform(X)
    if isinstance(X, np.ndarray):
        return np.take(X, indices, axis=1)
    return safe_indexing(X, np.array(indices), axis=1)
