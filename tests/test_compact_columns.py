"""Columns of compact files: every array is restored to the last bit."""

import pickle

import numpy as np
import pytest

from sklprune._compact.columns import array, bits, integers

RNG = np.random.RandomState(0)


def mask(share, n=5000):
    return RNG.random_sample(n) < share


ARRAYS = {
    "few small whole numbers": np.arange(5),
    "few negative numbers": np.array([-300, 2, 70_000]),
    "few long numbers": np.array([2**62, -(2**62), 0]),
    "no numbers": np.array([], dtype=np.int64),
    "one plane": RNG.randint(200, size=3000),
    "several planes": RNG.randint(-(10**9), 10**9, size=300),
    "few half floats": np.array([0.5, -1.25, 3.0]),
    "few single floats": np.float32([0.1, 1e30, -0.0]),
    "few double floats": np.array([0.1, 1e300, np.inf, np.nan]),
    "many double floats": RNG.normal(size=400),
    "single floats": RNG.normal(size=400).astype(np.float32),
    "a rectangle": RNG.normal(size=(20, 30)).astype(np.float32),
    "few of many are set": mask(0.01) * RNG.choice([0.5, -0.25, 1.5], size=5000),
    "the last one is set": np.r_[np.zeros(4999), 1.0],
    "in the order of Fortran": np.asfortranarray(np.sqrt(np.ones((40, 30)).cumsum(0))),
    "a mask": mask(0.02),
    "a dense mask": mask(0.6),
    "an empty mask": mask(0.0),
    "a full mask": mask(1.0),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_is_restored_to_the_last_bit(name):
    values = ARRAYS[name]
    restored = array(values).expression.value()
    assert restored.dtype == values.dtype
    assert restored.shape == values.shape
    assert restored.flags.f_contiguous == values.flags.f_contiguous
    assert restored.tobytes() == values.tobytes()
    restored[...] = 0  # it can be written to


def test_few_bits_that_are_set_need_about_their_entropy():
    share, n = 0.01, 200_000
    entropy = -share * np.log2(share) - (1 - share) * np.log2(1 - share)
    assert bits(mask(share, n)).n_bytes < 1.1 * entropy * n / 8


def test_numbers_of_one_byte_have_a_short_expression():
    column = integers(RNG.randint(200, size=200))
    assert len(pickle.dumps(column.expression)) < column.n_bytes + 120
