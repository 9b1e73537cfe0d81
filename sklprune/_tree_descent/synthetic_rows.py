"""Synthetic rows near the rows of X, on which a model is distilled."""

import numpy as np
from scipy import sparse
from scipy.stats import rankdata
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import check_random_state

from sklprune._frames import columns_of, from_columns
from sklprune._typing import Array, MatrixLike, RandomState

#: a synthetic row mixes the values of a row and of one of its nearest neighbours
N_NEIGHBOURS = 30
#: the neighbours are searched among at most this number of random rows
N_SEARCHED = 2000


def with_synthetic_rows(
    X: MatrixLike,
    n_rows: int,
    random_state: RandomState,
    among: Array | None = None,
) -> tuple[MatrixLike, Array]:
    """Append synthetic rows to X until there are `n_rows`.

    Each value of a synthetic row comes from a row of X or, with the same probability,
    from one of its near neighbours. Neighbours are near in the ranks of all columns.
    Every value occurs in its column, also a missing one, and neighbouring values
    remain together.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        A sparse matrix gets no synthetic rows.
    n_rows : int
    random_state : int or None
    among : ndarray of int, or None, default=None
        The rows that are mixed; None for all.

    Returns
    -------
    X : array or frame of shape (max(n_rows, n_samples), n_features)
        The first rows are those of X.
    like : ndarray of int
        For each row the position of the row of X that it comes from. For a synthetic
        row this is the first of the two mixed rows.

    References
    ----------
    Bucila, Caruana and Niculescu-Mizil, Model compression, KDD 2006, where values are
    swapped between nearest neighbours.
    """
    n_samples, rng = X.shape[0], check_random_state(random_state)
    like = np.arange(n_samples)
    n_synthetic = n_rows - n_samples
    if sparse.issparse(X) or n_synthetic <= 0 or n_samples < 2:
        return X, like
    among = like if among is None else among
    columns = [column[among] for column in columns_of(X)]
    first = np.resize(rng.permutation(len(among)), n_synthetic)
    second = among[_random_neighbour(columns, first, rng)]
    first, rows = among[first], []
    for _ in columns:
        swap = rng.rand(n_synthetic) < 0.5
        rows.append(np.concatenate([like, np.where(swap, second, first)]))
    return from_columns(X, rows), np.concatenate([like, first])


def _random_neighbour(
    columns: list[Array], rows: Array, rng: np.random.RandomState
) -> Array:
    """For each of the rows, the position of one of its near neighbours."""
    ranks = np.stack([_ranks(column) for column in columns], axis=1)
    n_samples = len(ranks)
    searched = rng.permutation(n_samples)[:N_SEARCHED]
    n_neighbours = min(N_NEIGHBOURS, len(searched))
    search = NearestNeighbors(n_neighbors=n_neighbours).fit(ranks[searched])
    distinct, place = np.unique(rows, return_inverse=True)
    near = searched[search.kneighbors(ranks[distinct], return_distance=False)]
    return near[place, rng.randint(n_neighbours, size=len(rows))]


def _ranks(column: Array) -> Array:
    """Ranks of the values of a column, from 0 to 1; 0.5 for missing values."""
    if column.dtype.kind not in "biuf":
        column = np.unique(column.astype(str), return_inverse=True)[1]
    ranks = rankdata(column, nan_policy="omit") / len(column)
    return np.nan_to_num(ranks, nan=0.5).astype(np.float32)
