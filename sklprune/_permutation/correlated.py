"""Clusters of columns that carry nearly the same information, by rank correlation."""

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from sklprune._permutation.conditional import standard_ranks
from sklprune._sklearn_private import num_features, num_samples, safe_indexing
from sklprune._typing import Array, MatrixLike

#: smallest absolute Spearman correlation of any two columns of a cluster
MIN_CORRELATION = 0.95
#: largest number of rows from which correlations are computed
MAX_ROWS = 20_000
#: largest number of columns: the correlations of 10,000 columns take 800 MB
MAX_COLUMNS = 10_000


def correlated_clusters(X: MatrixLike) -> tuple[Array, Array]:
    """The cluster of each column, and how well a column represents its cluster.

    Any two columns of a cluster have an absolute Spearman correlation of at least 0.95
    (hierarchical clustering with complete linkage). Categories are ranked by name, and
    a missing value has a middle rank. Constant columns correlate with no other column.

    Parameters
    ----------
    X : array, sparse matrix or data frame of shape (n_rows, n_features)

    Returns
    -------
    labels : ndarray of shape (n_features,), int
        The position of the first column of the cluster.
    typical : ndarray of shape (n_features,), float
        The mean absolute correlation with the columns of the cluster, rounded.

    Raises
    ------
    ValueError
        If X has too many columns, or is sparse and too large to be made dense.
    """
    n_features, n_rows = num_features(X), num_samples(X)
    if n_features > MAX_COLUMNS:
        raise ValueError(
            f"feature_groups='correlated' compares all pairs of columns, and X has "
            f"{n_features:,} columns; up to {MAX_COLUMNS:,} are allowed. Pass lists of "
            "columns instead."
        )
    labels = np.arange(n_features)
    if n_features < 2 or n_rows < 2:
        return labels, np.ones(n_features)
    if n_rows > MAX_ROWS:
        # evenly spaced rows, so that the result does not depend on a seed
        rows = np.linspace(0, n_rows - 1, MAX_ROWS).astype(int)
        X = safe_indexing(X, rows)
    ranks = standard_ranks(X, "feature_groups='correlated'")
    strength = np.minimum(np.abs(ranks.T @ ranks) / len(ranks), 1.0)
    np.fill_diagonal(strength, 1.0)
    distance = squareform(1.0 - strength, checks=False)
    found = fcluster(linkage(distance, "complete"), 1 - MIN_CORRELATION, "distance")
    _, first, cluster = np.unique(found, return_index=True, return_inverse=True)
    same = cluster[:, None] == cluster[None]
    typical = (strength * same).sum(axis=1) / same.sum(axis=1)
    return first[cluster], np.round(typical, 9)


def superfluous(labels: Array, typical: Array, fixed: Array) -> Array:
    """The columns that another column of their cluster represents.

    One column of each cluster remains: the one that correlates most with the others,
    and the first of several such. If some of its columns are kept in any case, these
    remain instead.

    Parameters
    ----------
    labels, typical : ndarray of shape (n_columns,)
        As returned by `correlated_clusters`.
    fixed : ndarray of shape (n_columns,), bool
        Columns that are kept in any case.

    Returns
    -------
    ndarray of shape (n_columns,), bool
    """
    best_first = np.lexsort((np.arange(len(labels)), -typical))
    _, first = np.unique(labels[best_first], return_index=True)
    remains = fixed.copy()
    chosen = best_first[first]
    remains[chosen[~np.isin(labels[chosen], labels[fixed])]] = True
    return ~remains
