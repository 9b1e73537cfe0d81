"""Synthetic rows: the given rows come first, and all values are from these."""

import numpy as np
import pytest
from scipy import sparse

from sklprune._tree_descent.synthetic_rows import with_synthetic_rows


def test_the_given_rows_come_first(binary):
    X, _ = binary
    more, like = with_synthetic_rows(X, 500, 0)
    assert more.shape == (500, X.shape[1])
    np.testing.assert_array_equal(more[: len(X)], X)
    np.testing.assert_array_equal(like[: len(X)], np.arange(len(X)))


def test_values_are_those_of_two_neighbours():
    """No row mixes two distant clouds, and half of its values are from `like`."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(100, 20)) + 100 * np.repeat([0, 1], 50)[:, None]
    more, like = with_synthetic_rows(X, 1000, 0)
    for column, values in zip(more.T, X.T):
        assert np.isin(column, values).all()
    far = more > 50
    assert (far.all(axis=1) | ~far.any(axis=1)).all()
    # 20 values of 900 rows: four standard errors of a share of a half are 0.015, and
    # one neighbour of thirty is the row itself
    own = (more == X[like])[100:].mean()
    assert 0.485 < own < 0.55


def test_missing_values_remain_missing():
    X = np.random.RandomState(0).rand(60, 3)
    X[::3, 1] = np.nan
    more, _ = with_synthetic_rows(X, 600, 0)
    share = np.isnan(more).mean(axis=0)
    assert share[0] == share[2] == 0
    # a third of 60 rows, taken 600 times: four standard errors are 0.08
    assert abs(share[1] - 1 / 3) < 0.08


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_keep_their_columns(library):
    frames = pytest.importorskip(library)
    columns = {"a": np.arange(40.0), "b": np.arange(40) % 7, "c": list("xyzw") * 10}
    X = frames.DataFrame(columns)
    if library == "pandas":
        X = X.astype({"c": "category"})
    more, _ = with_synthetic_rows(X, 100, 0)
    assert type(more) is type(X)
    assert list(more.columns) == list(X.columns)
    assert list(more.dtypes) == list(X.dtypes)
    assert len(more) == 100
    assert set(more["c"].to_numpy()) <= set("xyzw")


def test_a_seed_determines_the_rows(binary):
    X, _ = binary
    one, other, third = (with_synthetic_rows(X, 400, seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, other)
    assert (one != third).any()


def test_no_rows_are_added_to_enough_rows(binary):
    X, _ = binary
    more, like = with_synthetic_rows(X, len(X), 0)
    assert more is X
    np.testing.assert_array_equal(like, np.arange(len(X)))


def test_a_sparse_matrix_gets_no_synthetic_rows(binary):
    X = sparse.csr_array(binary[0])
    assert with_synthetic_rows(X, 1000, 0)[0] is X
