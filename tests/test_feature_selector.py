"""`FeaturePruningSelector` as a transformer."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

from sklprune import FeaturePruningSelector, to_plain


def test_it_finds_the_columns_that_matter(binary):
    selector = FeaturePruningSelector(
        LogisticRegression(), n_features_to_select=2, random_state=0
    ).fit(*binary)
    assert set(np.flatnonzero(selector.support_)) <= {0, 1, 2}
    assert selector.transform(binary[0]).shape == (200, 2)


def test_ranking_follows_the_importances(regression):
    selector = FeaturePruningSelector(Ridge(), n_features_to_select=3, random_state=0)
    selector.fit(*regression)
    assert (selector.ranking_[selector.support_] == 1).all()
    gone = ~selector.support_
    assert sorted(selector.ranking_[gone]) == [2, 3, 4]
    best_first = np.argsort(selector.ranking_[gone])
    assert (np.diff(selector.importances_[gone][best_first]) <= 0).all()


@pytest.mark.parametrize("k", [1, 3, 6])
def test_number_of_columns(regression, k):
    selector = FeaturePruningSelector(Ridge(), n_features_to_select=k)
    assert selector.fit(*regression).support_.sum() == k


def test_auto_chooses_and_says_from_what(regression):
    selector = FeaturePruningSelector(Ridge(), random_state=0).fit(*regression)
    assert selector.support_.tolist() == [True, True, True, False, False, False]
    assert selector.path_.frame()["chosen"].sum() == 1


def test_a_frame_comes_out_as_it_came_in(binary):
    X, y = binary
    frame = pd.DataFrame(X, columns=list("abcdefgh")).astype({"a": "float32"})
    frame["b"] = (X[:, 1] > 0).astype(int)
    selector = FeaturePruningSelector(
        LogisticRegression(), n_features_to_select=3, random_state=0
    ).fit(frame, y)
    out = selector.transform(frame)
    assert list(out.columns) == list(selector.get_feature_names_out())
    assert (out.dtypes == frame[out.columns].dtypes).all()


def test_polars_comes_out_as_polars(binary, polars):
    X, y = binary
    frame = polars.DataFrame(X, schema=list("abcdefgh"))
    selector = FeaturePruningSelector(LogisticRegression(), n_features_to_select=3)
    out = selector.fit(frame, y).transform(frame)
    assert isinstance(out, polars.DataFrame) and out.width == 3


def test_set_output(binary):
    X, y = binary
    selector = FeaturePruningSelector(LogisticRegression(), n_features_to_select=3)
    out = selector.set_output(transform="pandas").fit_transform(X, y)
    assert isinstance(out, pd.DataFrame) and out.shape == (200, 3)


def test_sparse(binary):
    X, y = np.where(np.abs(binary[0]) < 0.5, 0, binary[0]), binary[1]
    selector = FeaturePruningSelector(
        LogisticRegression(), n_features_to_select=3, random_state=0
    )
    dense = selector.fit(X, y).transform(X)
    out = selector.fit(sparse.csr_matrix(X), y).transform(sparse.csr_matrix(X))
    np.testing.assert_array_equal(out.toarray(), dense)


def test_a_frozen_model_is_enough(binary):
    X, y = binary
    model = FrozenEstimator(LogisticRegression().fit(X[:100], y[:100]))
    selector = FeaturePruningSelector(model, n_features_to_select=3, random_state=0)
    assert selector.fit(X[100:], y[100:]).support_.sum() == 3


def test_plain(binary):
    X, y = binary
    selector = FeaturePruningSelector(LogisticRegression(), n_features_to_select=3)
    model = make_pipeline(selector, LogisticRegression()).fit(X, y)
    copy = to_plain(model)
    np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(copy[0].transform(X), model[0].transform(X))


def test_plain_gives_the_container_that_was_asked_for(binary):
    X, y = binary
    selector = FeaturePruningSelector(LogisticRegression(), n_features_to_select=3)
    model = make_pipeline(selector, LogisticRegression()).set_output(transform="pandas")
    model.fit(X, y)
    np.testing.assert_array_equal(to_plain(model).predict(X), model.predict(X))
    assert isinstance(to_plain(model)[0].transform(X), pd.DataFrame)


def test_a_refused_fit_leaves_it_unfitted(binary):
    selector = FeaturePruningSelector(Ridge(), pruning_ratio=3)
    with pytest.raises(ValueError, match="pruning_ratio=3"):
        selector.fit(*binary)
    with pytest.raises(NotFittedError):
        selector.transform(binary[0])
