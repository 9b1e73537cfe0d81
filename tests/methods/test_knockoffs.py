"""Knockoffs: moments of the copies, the threshold, and the false discovery rate."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklprune import FeaturePruningSelector
from sklprune._linear_fits.gaussian_knockoffs import differences, knockoffs_of
from sklprune.methods import Knockoffs
from sklprune.methods.knockoffs import threshold_at


def correlated(n_rows, n_columns, rho, seed):
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n_rows, n_columns))
    for j in range(1, n_columns):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    return X, rng


def test_moments_of_knockoffs():
    """Covariances with other columns are those of the columns themselves."""
    X, _ = correlated(40_000, 6, 0.7, 0)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    copies = knockoffs_of(X, np.ones(len(X)), np.random.default_rng(0))
    covariance = X.T @ X / len(X)
    np.testing.assert_allclose(copies.T @ copies / len(X), covariance, atol=0.03)
    cross = X.T @ copies / len(X)
    others = ~np.eye(6, dtype=bool)
    np.testing.assert_allclose(cross[others], covariance[others], atol=0.03)
    smaller = 1 - differences(covariance)
    np.testing.assert_allclose(np.diagonal(cross), smaller, atol=0.03)


def test_differences_minimise_the_trace_of_the_inverse():
    X, rng = correlated(300, 5, 0.8, 1)
    correlation = np.corrcoef(X.T)

    def trace(values):
        inner = 2 * correlation - np.diag(values)
        if np.linalg.eigvalsh(inner)[0] <= 0:
            return np.inf
        return (1 / values).sum() + np.trace(np.linalg.inv(inner))

    found = differences(correlation)
    for _ in range(200):
        other = np.clip(found + rng.normal(size=5) * 0.1, 1e-3, 1)
        assert trace(found) <= trace(other) * (1 + 1e-3)


def test_independent_columns_have_independent_knockoffs():
    np.testing.assert_allclose(differences(np.eye(4)), 1, rtol=2e-3)


def test_the_threshold():
    values = np.array([9, 8, 7, 6, -5, 4, 3, -2, 1.0, 0])
    # above 6 there are 4 columns, and 0 below -6: (1 + 0) / 4
    assert threshold_at(values, 0.25) == 6
    # above 3 there are 6 columns, and 1 below -3: (1 + 1) / 6
    assert threshold_at(values, 0.34) == 3
    assert threshold_at(values, 0.2) == np.inf
    assert threshold_at(np.zeros(3), 0.5) == np.inf


def test_false_discoveries_over_many_data_sets():
    shares, n_found = [], 0
    for seed in range(40):
        X, rng = correlated(250, 40, 0.5, seed)
        real = rng.choice(40, 15, replace=False)
        y = X[:, real] @ rng.choice([-1, 1], 15) + 2 * rng.normal(size=250)
        selector = FeaturePruningSelector(
            Ridge(), method=Knockoffs(0.2), random_state=seed
        )
        support = selector.fit(X, y).get_support(indices=True)
        shares.append(np.mean(~np.isin(support, real)))
        n_found += np.isin(real, support).sum()
    error = np.std(shares) / np.sqrt(len(shares))
    assert np.mean(shares) <= 0.2 + 3 * error
    assert n_found > 0.7 * 40 * 15


def test_columns_made_with_the_same_seed_are_not_their_own_knockoffs():
    X = np.random.RandomState(0).normal(size=(300, 20))
    y = X[:, :12].sum(axis=1)
    selector = FeaturePruningSelector(
        Ridge(), method=Knockoffs(0.1), random_state=0
    ).fit(X, y)
    assert selector.support_[:12].all()


@pytest.mark.parametrize("kind", ["classes", "several outputs", "sparse", "frame"])
def test_other_targets_and_tables(kind):
    X, rng = correlated(300, 25, 0.3, 0)
    signal = X[:, :12] @ rng.choice([-1, 1], 12)
    model, y = Ridge(), signal + rng.normal(size=300)
    if kind == "classes":
        model, y = LogisticRegression(), np.digitize(signal, [-2, 2]).astype(str)
    elif kind == "several outputs":
        y = np.column_stack([y, rng.normal(size=300)])
    elif kind == "sparse":
        X = sparse.csr_array(X)
    else:
        X = pd.DataFrame(X, columns=[f"c{j}" for j in range(25)])
        X.iloc[::9, 3] = np.nan
        model = make_pipeline("passthrough", KNeighborsClassifier())
        X, y = X.fillna(0), y > 0
    selector = FeaturePruningSelector(model, method=Knockoffs(0.2), random_state=0).fit(
        X, y
    )
    assert selector.support_[:12].sum() >= 8
    assert selector.support_[12:].sum() <= 9


def test_blocks_and_groups_are_kept_together():
    X, rng = correlated(300, 12, 0.0, 0)
    coarse = np.digitize(X, [-0.7, 0.7]).astype(float)
    y = coarse[:, :10] @ rng.choice([-1, 1], 10) + 0.3 * rng.normal(size=300)
    model = make_pipeline(OneHotEncoder(sparse_output=False), Ridge())
    selector = FeaturePruningSelector(
        model,
        method=Knockoffs(0.3),
        feature_groups=[[0, 1], [10, 11]],
        random_state=0,
    ).fit(coarse, y)
    assert selector.support_[0] == selector.support_[1]
    assert selector.support_[10] == selector.support_[11]
    assert selector.support_[:10].sum() >= 8


def test_no_discovery_is_a_warning():
    X, rng = correlated(100, 8, 0.0, 0)
    selector = FeaturePruningSelector(Ridge(), method="knockoffs", random_state=0)
    with pytest.warns(UserWarning, match="found no column"):
        selector.fit(X, rng.normal(size=100))
    assert selector.support_.sum() == 1
    with pytest.warns(UserWarning, match="found no column"):
        selector.set_params(always_keep=[2, 3]).fit(X, np.ones(100))
    assert selector.get_support(indices=True).tolist() == [2, 3]


def test_invalid_parameters_are_errors():
    X, rng = correlated(60, 5, 0.0, 0)
    for fdr in (0, 1, -0.1):
        with pytest.raises(ValueError, match=r"Knockoffs\(fdr="):
            FeaturePruningSelector(Ridge(), method=Knockoffs(fdr)).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="determines the size itself"):
        FeaturePruningSelector(Ridge(), method="knockoffs", n_features_to_select=2).fit(
            X, X[:, 0]
        )
