"""`FeaturePruningSelector`: selection, transformed tables, groups and limits."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from sklprune import FeaturePruningSelector, PrunedEstimator, to_plain


def test_it_selects_the_informative_columns(binary):
    selector = FeaturePruningSelector(
        LogisticRegression(), n_features_to_select=2, random_state=0
    ).fit(*binary)
    assert set(np.flatnonzero(selector.support_)) <= {0, 1, 2}
    assert selector.transform(binary[0]).shape == (200, 2)


def test_ranking_follows_the_importances(regression):
    selector = FeaturePruningSelector(Ridge(), n_features_to_select=3, random_state=0)
    selector.fit(*regression)
    assert (selector.ranking_[selector.support_] == 1).all()
    removed = ~selector.support_
    assert sorted(selector.ranking_[removed]) == [2, 3, 4]
    best_first = np.argsort(selector.ranking_[removed])
    assert (np.diff(selector.importances_[removed][best_first]) <= 0).all()


@pytest.mark.parametrize("k", [1, 3, 6])
def test_n_features_to_select_is_the_number_of_kept_columns(regression, k):
    selector = FeaturePruningSelector(Ridge(), n_features_to_select=k)
    assert selector.fit(*regression).support_.sum() == k


def test_the_default_order_is_that_of_the_method_columns(regression, binary):
    for model, (X, y) in (
        (Ridge(), regression),
        (DecisionTreeClassifier(max_depth=3, random_state=0), binary),
    ):
        default, named = (
            FeaturePruningSelector(model, cv=2, random_state=0, **method).fit(X, y)
            for method in ({}, {"method": "columns"})
        )
        np.testing.assert_array_equal(default.ranking_, named.ranking_)
        assert default.report_.summary == named.report_.summary


def test_auto_chooses_from_a_path(regression):
    selector = FeaturePruningSelector(Ridge(), method="permutation", random_state=0)
    selector.fit(*regression)
    assert selector.support_.tolist() == [True, True, True, False, False, False]
    assert selector.path_.frame()["chosen"].sum() == 1


def test_a_frame_is_transformed_to_a_frame_with_its_dtypes(binary):
    X, y = binary
    frame = pd.DataFrame(X, columns=list("abcdefgh")).astype({"a": "float32"})
    frame["b"] = (X[:, 1] > 0).astype(int)
    selector = FeaturePruningSelector(
        LogisticRegression(), n_features_to_select=3, random_state=0
    ).fit(frame, y)
    out = selector.transform(frame)
    assert list(out.columns) == list(selector.get_feature_names_out())
    assert (out.dtypes == frame[out.columns].dtypes).all()


def test_a_polars_frame_is_transformed_to_a_polars_frame(binary, polars):
    X, y = binary
    frame = polars.DataFrame(X, schema=list("abcdefgh"))
    selector = FeaturePruningSelector(LogisticRegression(), n_features_to_select=3)
    out = selector.fit(frame, y).transform(frame)
    assert isinstance(out, polars.DataFrame) and out.width == 3


def test_set_output_gives_a_frame(binary):
    X, y = binary
    selector = FeaturePruningSelector(LogisticRegression(), n_features_to_select=3)
    out = selector.set_output(transform="pandas").fit_transform(X, y)
    assert isinstance(out, pd.DataFrame) and out.shape == (200, 3)


def test_a_sparse_matrix_is_transformed_like_a_dense_one(binary):
    X, y = np.where(np.abs(binary[0]) < 0.5, 0, binary[0]), binary[1]
    selector = FeaturePruningSelector(
        LogisticRegression(), n_features_to_select=3, random_state=0
    )
    dense = selector.fit(X, y).transform(X)
    out = selector.fit(sparse.csr_matrix(X), y).transform(sparse.csr_matrix(X))
    np.testing.assert_array_equal(out.toarray(), dense)


def test_a_frozen_model_can_order_the_columns(binary):
    X, y = binary
    model = FrozenEstimator(LogisticRegression().fit(X[:100], y[:100]))
    selector = FeaturePruningSelector(model, n_features_to_select=3, random_state=0)
    assert selector.fit(X[100:], y[100:]).support_.sum() == 3


def test_the_plain_copy_transforms_equally(binary):
    X, y = binary
    selector = FeaturePruningSelector(LogisticRegression(), n_features_to_select=3)
    model = make_pipeline(selector, LogisticRegression()).fit(X, y)
    copy = to_plain(model)
    np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(copy[0].transform(X), model[0].transform(X))


def test_the_plain_copy_keeps_the_output_container(binary):
    X, y = binary
    selector = FeaturePruningSelector(LogisticRegression(), n_features_to_select=3)
    model = make_pipeline(selector, LogisticRegression()).set_output(transform="pandas")
    model.fit(X, y)
    np.testing.assert_array_equal(to_plain(model).predict(X), model.predict(X))
    assert isinstance(to_plain(model)[0].transform(X), pd.DataFrame)


def test_it_is_not_fitted_after_an_error_in_fit(binary):
    selector = FeaturePruningSelector(Ridge(), pruning_ratio=3)
    with pytest.raises(ValueError, match="pruning_ratio=3"):
        selector.fit(*binary)
    with pytest.raises(NotFittedError):
        selector.transform(binary[0])


@pytest.fixture
def pairs(binary):
    """Each informative column, a noisy copy of each, and the other columns."""
    X, y = binary
    noise = np.random.RandomState(0).normal(scale=0.3, size=(200, 3))
    X = np.column_stack([X[:, :3], X[:, :3] + noise, X[:, 3:]])
    return pd.DataFrame(X, columns=list("abcABCdefgh")), y


PAIRS = [["a", "A"], ["b", "B"], ["c", "C"]]
METHODS = ["permutation", "recursive_elimination", "elastic_net_path"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("ratio", [0.1, 0.4, 0.7, 0.95])
def test_groups_are_kept_or_removed_whole_up_to_the_ratio(pairs, method, ratio):
    selector = FeaturePruningSelector(
        LogisticRegression(),
        method=method,
        pruning_ratio=ratio,
        feature_groups=PAIRS,
        random_state=0,
    ).fit(*pairs)
    kept = set(selector.get_feature_names_out())
    assert all(kept.isdisjoint(pair) or kept >= set(pair) for pair in PAIRS)
    assert len(kept) >= 1 and selector.pruning_ratio_ <= ratio
    ranks = dict(zip(pairs[0].columns, selector.ranking_))
    assert all(ranks[first] == ranks[second] for first, second in PAIRS)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("k", [1, 3, 4, 10, 11])
def test_no_more_columns_are_kept_than_n_features_to_select(pairs, method, k):
    selector = FeaturePruningSelector(
        LogisticRegression(),
        method=method,
        n_features_to_select=k,
        feature_groups=PAIRS,
        random_state=0,
    ).fit(*pairs)
    # groups have one or two columns, so that at most one column too many is removed
    assert max(1, k - 1) <= selector.support_.sum() <= k


def test_groups_may_be_a_mapping_or_positions(pairs):
    X, y = pairs
    columns = {name: i for i, name in enumerate(X.columns)}
    equivalent = (
        PAIRS,
        {pair[0]: pair for pair in PAIRS},
        [[columns[name] for name in pair] for pair in PAIRS],
        [[columns[first], columns[second] - 11] for first, second in PAIRS],
    )
    for groups in equivalent:
        selector = FeaturePruningSelector(
            Ridge(), pruning_ratio=0.6, feature_groups=groups, random_state=0
        ).fit(X, y)
        assert selector.support_[:3].tolist() == selector.support_[3:6].tolist()


def test_permutation_shuffles_a_group_together(pairs):
    X, y = pairs
    model = LogisticRegression().fit(X, y)
    selector = FeaturePruningSelector(
        FrozenEstimator(model),
        method="permutation",
        pruning_ratio=0.5,
        feature_groups=PAIRS,
        random_state=0,
    ).fit(X, y)
    seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max + 1)
    rng, order, decreases = np.random.RandomState(seed), np.arange(200), []
    step = np.arange(200)
    for _ in range(5):
        rng.shuffle(step)
        order, shuffled = order[step], X.copy()
        shuffled[["a", "A"]] = X[["a", "A"]].to_numpy()[order]
        decreases.append(model.score(X, y) - model.score(shuffled, y))
    importances = dict(zip(X.columns, selector.importances_))
    assert importances["a"] == importances["A"]
    # the test takes a mean of differences, sklprune a difference of means
    assert abs(importances["a"] - np.mean(decreases)) < 1e-15


@pytest.mark.parametrize("method", METHODS)
def test_columns_of_always_keep_are_kept(pairs, method):
    selector = FeaturePruningSelector(
        LogisticRegression(),
        method=method,
        n_features_to_select=3,
        feature_groups=PAIRS,
        always_keep=["h", "A"],
        random_state=0,
    ).fit(*pairs)
    assert selector.get_feature_names_out().tolist() == ["a", "A", "h"]
    selector.set_params(n_features_to_select=None, pruning_ratio=0.95)
    kept = selector.fit(*pairs).get_feature_names_out()
    assert kept.tolist() == ["a", "A", "h"]
    removed = {row["name"] for row in selector.report_.removed}
    assert removed == set("bcBCdefg")


def test_auto_with_groups_and_columns_to_keep(pairs):
    selector = FeaturePruningSelector(
        LogisticRegression(),
        method="recursive_elimination",
        feature_groups=PAIRS,
        always_keep=["h"],
        cv=2,
    ).fit(*pairs)
    assert "h" in selector.get_feature_names_out()
    units = selector.path_.frame()["units"]
    assert units.is_monotonic_decreasing and units.iloc[-1] < 4


def test_a_frozen_model_that_reads_some_columns(pairs):
    X, y = pairs
    once = PrunedEstimator(
        LogisticRegression(), method="elastic_net_path", pruning_ratio=0.4
    ).fit(X, y)
    read = once.report_.to_dict()["pruned"]["features"]
    assert read == 7
    removed = {row["name"] for row in once.report_.removed}
    kept = [name for name in X.columns if name not in removed]
    for method in METHODS:
        selector = FeaturePruningSelector(
            FrozenEstimator(once.estimator_),
            method=method,
            n_features_to_select=3,
            feature_groups=[[kept[0], kept[5]], sorted(removed)],
            always_keep=[kept[5]],
            random_state=0,
        ).fit(X, y)
        chosen = set(selector.get_feature_names_out())
        assert len(chosen) <= 3 and {kept[0], kept[5]} <= chosen <= set(kept)
        assert (selector.ranking_[X.columns.isin(removed)] > 1).all()
    selector.set_params(always_keep=[min(removed)])
    with pytest.raises(ValueError, match=f"does not read \\['{min(removed)}'\\]"):
        selector.fit(X, y)


def test_a_rule_that_is_not_used_gives_a_warning(binary):
    selector = FeaturePruningSelector(
        LogisticRegression(), n_features_to_select=3, rule="best"
    )
    with pytest.warns(UserWarning, match="rule='best' is not used, since n_features_"):
        selector.fit(*binary)
    assert selector.support_.sum() == 3
