"""Groups of correlated columns, of which one column represents the others."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.stats import spearmanr
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.tree import DecisionTreeRegressor

from sklprune import FeaturePruningSelector, permutation_importance
from sklprune._permutation.correlated import correlated_clusters, superfluous
from sklprune.methods import Knockoffs, Probe, RecursiveElimination

METHODS = [
    "permutation",
    "columns",
    "elastic_net_path",
    "sequential",
    Knockoffs(0.5),
    Probe(),
    RecursiveElimination(step=2),
    RecursiveElimination("coef"),
]


def rows_with_copies(seed=0):
    """Columns 0, 1, 2 matter; 3 is a copy of 0, and 4 nearly one of -1."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(150, 9))
    X[:, 3] = X[:, 0]
    X[:, 4] = -X[:, 1] + 0.01 * rng.normal(size=150)
    return X, X[:, 0] + X[:, 1] + X[:, 2] + 0.1 * rng.normal(size=150)


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_exactly_one_of_two_copies_is_kept(method):
    X, y = rows_with_copies()
    selector = FeaturePruningSelector(
        Ridge(), method=method, feature_groups="correlated", random_state=0
    )
    if not getattr(method, "decides", False):
        selector.set_params(n_features_to_select=3)
    support = selector.fit(X, y).support_
    assert support[0] + support[3] == 1
    assert support[1] + support[4] == 1
    assert support[2]
    selector.transform(X)


@pytest.mark.parametrize("ratio", [0.12, 0.3, 0.6])
@pytest.mark.parametrize("step", [1, 0.5])
def test_copies_are_removed_before_other_columns(ratio, step):
    X, y = rows_with_copies()
    for model in (Ridge(), DecisionTreeRegressor(random_state=0)):
        selector = FeaturePruningSelector(
            model,
            method=RecursiveElimination(step=step),
            pruning_ratio=[ratio],
            rule="best",
            feature_groups="correlated",
            random_state=0,
        )
        support = selector.fit(X, y).support_
        assert not support[[3, 4]].any()
        assert support.sum() == min(7, 9 - int(ratio * 9 + 1e-9))


def test_permutation_does_not_split_the_importance_of_copies():
    X, y = rows_with_copies()
    forest = RandomForestRegressor(10, max_features=0.5, random_state=0).fit(X, y)
    together = permutation_importance(
        forest, X, y, feature_groups="correlated", random_state=0
    )
    expected = permutation_importance(
        forest, X, y, feature_groups=[[0, 3], [1, 4]], random_state=0
    )
    np.testing.assert_array_equal(together.importances, expected.importances)


def test_always_keep_names_the_column_that_represents_its_copies():
    X, y = rows_with_copies()
    selector = FeaturePruningSelector(
        Ridge(),
        n_features_to_select=2,
        feature_groups="correlated",
        always_keep=[3],
        method="permutation",
        random_state=0,
    )
    support = selector.fit(X, y).support_
    assert support[3] and not support[0] and support.sum() == 2
    both = selector.set_params(always_keep=[0, 3]).fit(X, y)
    np.testing.assert_array_equal(both.get_support(indices=True), [0, 3])


def test_without_correlated_columns_each_column_is_alone():
    X = np.random.default_rng(0).normal(size=(60, 4))
    y = X @ [1.0, 2.0, 3.0, 0.0]
    common = {"n_features_to_select": 2, "random_state": 0, "method": "permutation"}
    plain = FeaturePruningSelector(Ridge(), **common).fit(X, y)
    grouped = FeaturePruningSelector(Ridge(), feature_groups="correlated", **common)
    grouped.fit(X, y)
    np.testing.assert_array_equal(plain.ranking_, grouped.ranking_)


def test_clusters_have_correlations_of_at_least_the_limit():
    rng = np.random.default_rng(0)
    base = rng.normal(size=(200, 3))
    noise = rng.normal(size=(200, 12)) * np.linspace(0.01, 0.6, 12)
    X = np.repeat(base, 4, axis=1) + noise
    labels, _ = correlated_clusters(X)
    found = np.abs(spearmanr(X).statistic)
    same = labels[:, None] == labels[None]
    assert found[same].min() >= 0.95
    assert len(np.unique(labels)) < 12
    # a monotone change of a column keeps its ranks
    np.testing.assert_array_equal(correlated_clusters(np.exp(X))[0], labels)
    np.testing.assert_array_equal(correlated_clusters(sparse.csr_array(X))[0], labels)


def test_the_most_typical_column_represents_a_cluster():
    labels = np.array([0, 0, 0, 3, 3])
    typical = np.array([0.96, 0.98, 0.96, 1.0, 1.0])
    none = np.zeros(5, bool)
    expected = [True, False, True, False, True]
    np.testing.assert_array_equal(superfluous(labels, typical, none), expected)
    fixed = np.array([True, False, True, False, False])
    expected = [False, True, False, False, True]
    np.testing.assert_array_equal(superfluous(labels, typical, fixed), expected)


def test_constant_and_missing_columns_and_texts():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=50), "constant": 1.0, "empty": np.nan})
    frame["text"] = rng.choice(["x", "y"], 50)
    frame["copy"] = frame["text"]
    labels, _ = correlated_clusters(frame)
    np.testing.assert_array_equal(labels, [0, 1, 2, 3, 3])


def test_bad_input_is_refused():
    X, y = rows_with_copies()
    labels = (y > 0).astype(int)
    selector = FeaturePruningSelector(LogisticRegression(), feature_groups="corelated")
    with pytest.raises(ValueError, match="'corelated' is not allowed.*'correlated'"):
        selector.fit(X, labels)
    selector.set_params(feature_groups="correlated", always_keep=[0, 3])
    with pytest.raises(ValueError, match="too small for always_keep"):
        selector.set_params(n_features_to_select=1).fit(X, labels)
    wide = sparse.csr_array((3, 10_001))
    with pytest.raises(ValueError, match="10,001 columns; up to 10,000 are allowed"):
        correlated_clusters(wide)
