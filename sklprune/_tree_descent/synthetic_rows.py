"""Rows made up from rows at hand, for a model to be asked about."""

import numpy as np
from scipy import sparse
from scipy.stats import rankdata
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import check_random_state

from sklprune._frames import columns_of, from_columns

#: a made-up row has each value from one row, or as likely from one of its neighbours
N_NEIGHBOURS = 30
#: neighbours are looked for among as many rows
N_MATES = 2000


def with_synthetic_rows(X, n_rows, random_state, among=None):
    """The rows of X, and after them as many made-up ones as come to `n_rows`.

    Each made-up row takes each of its values from one row of X or, as likely, from one
    of the rows that are near it in the ranks of all columns: every value occurs in
    its column, missing ones too, and values go together as they do among neighbours.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Of a sparse matrix no rows are made up.
    n_rows : int
    random_state : int or None
    among : ndarray of int, or None
        The rows that others are made up from; None for all.

    Returns
    -------
    X : array or frame of shape (max(n_rows, n_samples), n_features)
    like : ndarray of int
        The first of the two rows of X that each row is from.

    References
    ----------
    Bucila, Caruana and Niculescu-Mizil, Model compression, KDD 2006, whose made-up
    rows swap values between nearest neighbours.
    """
    n_samples, rng = X.shape[0], check_random_state(random_state)
    like = np.arange(n_samples)
    n_synthetic = n_rows - n_samples
    if sparse.issparse(X) or n_synthetic <= 0 or n_samples < 2:
        return X, like
    among = like if among is None else among
    columns = [column[among] for column in columns_of(X)]
    first = np.resize(rng.permutation(len(among)), n_synthetic)
    second = among[_some_neighbour(columns, first, rng)]
    first, rows = among[first], []
    for _ in columns:
        swap = rng.rand(n_synthetic) < 0.5
        rows.append(np.concatenate([like, np.where(swap, second, first)]))
    return from_columns(X, rows), np.concatenate([like, first])


def _some_neighbour(columns, rows, rng):
    """For each of the rows one of those that are near it."""
    ranks = np.stack([_ranks(column) for column in columns], axis=1)
    n_samples = len(ranks)
    mates = rng.permutation(n_samples)[:N_MATES]
    n_neighbours = min(N_NEIGHBOURS, len(mates))
    search = NearestNeighbors(n_neighbors=n_neighbours).fit(ranks[mates])
    asked, place = np.unique(rows, return_inverse=True)
    near = mates[search.kneighbors(ranks[asked], return_distance=False)]
    return near[place, rng.randint(n_neighbours, size=len(rows))]


def _ranks(column):
    """Ranks of the values of a column, from 0 to 1; missing ones in the middle."""
    if column.dtype.kind not in "biuf":
        column = np.unique(column.astype(str), return_inverse=True)[1]
    ranks = rankdata(column, nan_policy="omit") / len(column)
    return np.nan_to_num(ranks, nan=0.5).astype(np.float32)
