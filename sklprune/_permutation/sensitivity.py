"""How much the responses of a model change when columns are permuted.

This is an importance for a model whose columns have none, such as a pipeline with
principal components. Unlike a loss of score, it needs no rows that the model was not
fitted on. For a linear model it is the coefficient times the standard deviation of the
column, up to a factor.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import check_random_state

from sklprune._frames import from_columns
from sklprune._permutation.orders import Change
from sklprune._permutation.tables import columnwise, reordered
from sklprune._sklearn_private import num_features
from sklprune._typing import Array, Estimator, MatrixLike
from sklprune._units import Task

#: bounds of the number of rows that are permuted
MIN_ROWS, MAX_ROWS = 50, 300
#: number of rows that are predicted in all, within these bounds
N_PREDICTED = 30_000
#: entries of the largest table that is predicted at once
MAX_ENTRIES = 2_000_000


def sensitivities(
    model: Estimator, task: Task, blocks: Sequence[Array], random_state: Any
) -> Array:
    """Root mean square of the changes of the responses, (n_blocks,).

    Parameters
    ----------
    model : estimator
    task : Task
        Its rows. Some of them are used, fewer if there are many blocks.
    blocks : sequence of ndarray of int
        Positions of columns that are permuted together.
    random_state : int or None
    """
    rng = check_random_state(random_state)
    n_rows = int(np.clip(N_PREDICTED // max(1, len(blocks)), MIN_ROWS, MAX_ROWS))
    if task.n_samples > n_rows:
        chosen = np.sort(rng.choice(task.n_samples, n_rows, replace=False))
        task = task.take(chosen)
    order = rng.permutation(task.n_samples)
    before = _responses(model, task.X)
    changes = []
    for tables in _permuted(task.X, blocks, order):
        after = _responses(model, tables).reshape(-1, *before.shape)
        difference = after - before if before.dtype.kind == "f" else after != before
        squares = (difference.astype(float) ** 2).sum(axis=2)
        changes.append(np.average(squares, axis=1, weights=task.sample_weight))
    return np.sqrt(np.concatenate(changes))


def _responses(model: Estimator, X: MatrixLike) -> Array:
    """The responses that change with the rows, of shape (n_rows, n_outputs)."""
    for name in ("decision_function", "predict_proba", "predict"):
        if hasattr(model, name):
            found = getattr(model, name)(X)
            break
    parts = found if isinstance(found, list) else [found]
    return np.hstack([np.asarray(part).reshape(len(part), -1) for part in parts])


def _permuted(X: Any, blocks: Sequence[Array], order: Array) -> Iterator[MatrixLike]:
    """Tables of X with the columns of one block permuted, several below each other."""
    if sparse.issparse(X):
        X = columnwise(X)
        for block in blocks:
            yield from reordered(X, Change(block, order[None]))
        return
    n_rows, n_features = len(order), num_features(X)
    n_tables = max(1, MAX_ENTRIES // (n_rows * n_features))
    for start in range(0, len(blocks), n_tables):
        some = blocks[start : start + n_tables]
        own = np.tile(np.arange(n_rows), len(some))
        rows = [own] * n_features
        for i, block in enumerate(some):
            for column in block:
                rows[column] = rows[column].copy()
                rows[column][i * n_rows : (i + 1) * n_rows] = order
        yield from_columns(X, rows)
