"""Permutation importances of pipelines, whose columns are transformed apart."""

import numpy as np
import pandas as pd
import pytest
from sklearn import inspection
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from test_permutation_contract import BINARY, VALUES, N, assert_same_importances

from sklprune import permutation_importance
from sklprune._permutation import scores as engine
from sklprune._registry import family_of


def mixed_frame():
    rng = np.random.RandomState(0)
    X = pd.DataFrame(VALUES[0][:, :4], columns=list("abcd"))
    X["letter"] = rng.choice(list("xyz"), N)
    X["size"] = pd.Categorical(rng.choice(["small", "large"], N))
    X.loc[::7, "b"] = np.nan
    return X, VALUES[1] + 50 * (X["letter"] == "x").to_numpy()


def mixed_steps(**options):
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    categories = OneHotEncoder(handle_unknown="ignore")
    return ColumnTransformer(
        [("numbers", numbers, list("abcd")), ("categories", categories, [4, 5])],
        **options,
    )


@pytest.mark.parametrize("last", [Ridge(), RandomForestRegressor(5, random_state=0)])
@pytest.mark.parametrize("sparse_threshold", [0, 1])
def test_pipelines_transform_the_rows_once(last, sparse_threshold, monkeypatch):
    monkeypatch.setattr(engine, "_found_in_tables", None)
    X, y = mixed_frame()
    model = make_pipeline(mixed_steps(sparse_threshold=sparse_threshold), last)
    model.fit(X, y)
    for options in ({}, {"max_samples": 0.5}, {"sample_weight": np.arange(N) % 4}):
        for scoring in (
            None,
            ["r2", "neg_mean_absolute_error", "neg_median_absolute_error"],
        ):
            options |= {"scoring": scoring, "random_state": 0, "n_repeats": 2}
            theirs = inspection.permutation_importance(model, X, y, **options)
            ours = permutation_importance(model, X, y, **options)
            assert_same_importances(ours, theirs, exact=not isinstance(last, Ridge))


def test_dense_columns_that_remain_of_sparse_steps_are_transformed():
    X, y = mixed_frame()
    steps = mixed_steps(sparse_threshold=1).fit(X)
    whole = steps.transform(X).toarray()
    inputs, outputs = np.arange(6) < 4, np.arange(whole.shape[1]) < 4
    smaller = family_of(steps).on_columns(steps, inputs, outputs)
    np.testing.assert_array_equal(smaller.transform(X[list("abcd")]), whole[:, :4])


def test_a_pipeline_that_mixes_columns_has_the_numbers_of_scikit_learn():
    X, y = BINARY
    model = make_pipeline(StandardScaler(), PCA(3), LogisticRegression()).fit(X, y)
    theirs = inspection.permutation_importance(model, X, y, random_state=0)
    ours = permutation_importance(model, X, y, random_state=0)
    assert_same_importances(ours, theirs, exact=False)


def test_conditional_importances_of_a_frame_with_categories_and_missing_values():
    X, y = mixed_frame()
    model = make_pipeline(mixed_steps(), Ridge()).fit(X, y)
    found = permutation_importance(model, X, y, conditional=True, random_state=0)
    assert found.importances.shape == (6, 5)
    assert found.importances_mean[4] > 0
