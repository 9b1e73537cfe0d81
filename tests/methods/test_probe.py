"""Probes: columns that are not better than random columns are removed."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklprune import FeaturePruningSelector
from sklprune.methods import Probe


@pytest.fixture(scope="module")
def rows():
    return make_classification(
        400, 15, n_informative=4, n_redundant=0, shuffle=False, random_state=1
    )


def kept(model, X, y, method=None, **parameters):
    parameters = {"random_state": 0} | parameters
    selector = FeaturePruningSelector(model, method=method or Probe(0), **parameters)
    return selector.fit(X, y).get_support(indices=True).tolist()


def test_random_columns_are_removed(rows):
    forest = RandomForestClassifier(30, random_state=0)
    assert kept(forest, *rows) == [0, 1, 2, 3]
    assert kept(LogisticRegression(), *rows, Probe(0.01)) in ([0, 1, 2, 3], [1, 2, 3])


def test_few_random_columns_are_kept_over_many_data_sets():
    n_kept = 0
    for seed in range(20):
        rng = np.random.RandomState(seed)
        X = rng.normal(size=(150, 20))
        y = X[:, 0] + rng.normal(size=150) > 0
        found = kept(LogisticRegression(), X, y, Probe(0.05), random_state=seed)
        assert 0 in found
        n_kept += len(found) - 1
    # a twentieth of 19 columns in each of 20 data sets are 19
    assert n_kept <= 19 + 3 * np.sqrt(19)


def test_the_same_seed_gives_the_same_columns(rows):
    forest = RandomForestClassifier(10)
    X, y = rows
    first = FeaturePruningSelector(forest, method="probe", random_state=3).fit(X, y)
    for n_jobs in (None, 2):
        second = FeaturePruningSelector(
            forest, method="probe", random_state=3, n_jobs=n_jobs
        ).fit(X, y)
        np.testing.assert_array_equal(first.importances_, second.importances_)


@pytest.mark.parametrize("kind", ["pandas", "polars", "sparse"])
def test_other_tables(rows, kind, request):
    X, y = rows
    if kind == "polars":
        request.getfixturevalue("polars")
    forest = RandomForestClassifier(30, random_state=0)
    if kind == "sparse":
        table = sparse.csr_matrix(np.where(np.abs(X) < 0.3, 0, X))
    else:
        library = pytest.importorskip(kind)
        table = library.DataFrame(dict(zip("abcdefghijklmno", X.T)))
    assert kept(forest, table, y) == [0, 1, 2, 3]


def test_encoded_columns_are_shuffled_together(rows):
    X, y = rows
    coarse = pd.DataFrame(np.digitize(X, [-1, 1]).astype(str)).add_prefix("c")
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    found = kept(model, coarse, y, Probe(0.02))
    assert {1, 2, 3} <= set(found) and len(found) <= 6


def test_groups_and_columns_to_keep(rows):
    forest = RandomForestClassifier(30, random_state=0)
    found = kept(forest, *rows, feature_groups=[[0, 9], [11, 12]], always_keep=[14])
    assert {0, 1, 2, 3, 9, 14} <= set(found) and 11 not in found


def test_no_column_that_is_better_is_a_warning():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(100, 6)), rng.rand(100) > 0.5
    with pytest.warns(UserWarning, match="found no column that is better"):
        assert len(kept(LogisticRegression(), X, y, Probe(0))) == 1


def test_a_model_without_importances_is_an_error(rows):
    with pytest.raises(ValueError, match="KNeighborsClassifier has neither coef_ nor"):
        kept(KNeighborsClassifier(), *rows)


@pytest.mark.parametrize(
    "parameters", [{"level": 1}, {"level": -0.1}, {"n_repeats": 0}, {"n_repeats": 1.5}]
)
def test_invalid_parameters_are_errors(rows, parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"Probe\\({name}="):
        kept(LogisticRegression(), *rows, Probe(**parameters))
