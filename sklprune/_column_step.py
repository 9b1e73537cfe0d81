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
    # the fit reads names and dtypes only
    n_rows = min(2, num_samples(X))
    if sparse.issparse(X):
        # of a table without zeros it would make a dense one
        return step.fit(sparse.csr_array((n_rows, X.shape[1]), dtype=X.dtype))
    return step.fit(safe_indexing(X, np.arange(n_rows)))


def selected_columns(step: ColumnTransformer, X: MatrixLike) -> MatrixLike:
    """What a step of `column_step` makes of X, without its checks of X."""
    ((_, _, indices),) = step.transformers
    names = getattr(X, "columns", ())
    if not all(isinstance(name, str) for name in names):
        # the step names the columns of a frame by strings
        return step.transform(X)
    if sparse.issparse(X):
        return X.tocsr()[:, indices]
    if isinstance(X, np.ndarray):
        return np.take(X, indices, axis=1)
    return safe_indexing(X, np.array(indices), axis=1)
