"""Which units stay: literal tables, ties, strata and fixed units."""

import numpy as np
import pytest

from sklprune._units import Units


@pytest.mark.parametrize(
    "scores, ratio, keep",
    [
        ([3, 1, 2, 4], 0.5, [1, 0, 0, 1]),
        ([1, 1, 1, 1], 0.5, [1, 1, 0, 0]),  # of equal scores the first stays
        ([3, 1, 2, 4], 0.49, [1, 0, 1, 1]),  # floor
        ([3, 1, 2, 4], 0.99, [0, 0, 0, 1]),  # one always stays
        ([3, 1, 2, 4], 0.0, [1, 1, 1, 1]),
    ],
)
def test_best(scores, ratio, keep):
    kept = Units("weight", 4).best(np.array(scores, dtype=float), ratio)
    assert kept.tolist() == [bool(k) for k in keep]


@pytest.mark.parametrize("count", [3, 7, 10, 49, 1000])
def test_k_of_count_removes_k(count):
    removed = [Units("member", count).n_removed(k / count) for k in range(count)]
    assert removed == list(range(count))


def test_one_of_each_stratum_stays():
    units = Units("neuron", 5, strata=np.array([0, 0, 1, 1, 1]))
    keep = units.best(np.array([9.0, 8.0, 1.0, 3.0, 2.0]), 0.6)
    assert keep.tolist() == [True, False, False, True, False]


def test_fixed_units_stay_and_others_go_in_their_place():
    units = Units("feature", 4, fixed=np.array([True, False, False, False]))
    keep = units.best(np.array([0.0, 3.0, 2.0, 1.0]), 0.5)
    assert keep.tolist() == [True, True, False, False]
    assert units.best(np.zeros(4), 0.99).tolist() == [True, False, False, False]
