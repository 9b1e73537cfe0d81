"""Equal rows are merged, whatever holds them."""

import numpy as np
import pytest
from scipy import sparse

from sklprune._tree_descent.distinct_rows import distinct_rows
from sklprune._units import Task

#: rows 0, 2 and 5 are equal; row 3 differs from them in its target only
X = np.array([[1.0, 0.0], [2.0, 0.5], [1.0, -0.0], [1.0, 0.0], [np.nan, 3.0], [1, 0]])
TARGETS = np.array([0.0, 1.0, 0.0, 1.0, 0.0, 0.0])


def as_frame(values):
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({"a": values[:, 0], "b": values[:, 1].astype("float32")})


def with_texts(values):
    frame = as_frame(values)
    return frame.assign(a=frame["a"].astype(str).astype("category"))


@pytest.mark.parametrize("kind", [np.array, as_frame, with_texts, sparse.csr_matrix])
def test_equal_rows_are_merged_with_the_sum_of_their_weights(kind):
    weight = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    task, targets, position = distinct_rows(Task(kind(X), None, weight), TARGETS)
    np.testing.assert_array_equal(position, [0, 1, 0, 2, 3, 0])
    np.testing.assert_array_equal(task.sample_weight, [10.0, 2.0, 4.0, 5.0])
    np.testing.assert_array_equal(targets, [0.0, 1.0, 1.0, 0.0])
    assert task.n_samples == 4


def test_without_weights_a_merged_row_counts_its_copies():
    task, _, _ = distinct_rows(Task(X), TARGETS)
    np.testing.assert_array_equal(task.sample_weight, [3.0, 1.0, 1.0, 1.0])


def test_distinct_rows_are_unchanged():
    task = Task(np.random.RandomState(0).rand(2000, 3).astype(np.float32))
    same, targets, position = distinct_rows(task, np.zeros((2000, 2)))
    assert same is task
    np.testing.assert_array_equal(position, np.arange(2000))
    assert targets.shape == (2000, 2)


def test_rows_that_differ_in_one_small_integer_are_not_merged():
    grid = np.stack(np.meshgrid(*[np.arange(13)] * 4), axis=-1).reshape(-1, 4)
    for rows in (grid, sparse.csr_matrix(grid)):
        task, _, _ = distinct_rows(Task(rows), np.zeros(len(grid)))
        assert task.n_samples == 13**4
