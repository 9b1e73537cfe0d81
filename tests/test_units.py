"""Which units are kept: literal tables, ties, strata and fixed units."""

import sys

import numpy as np
import pytest

from sklprune._units import Task, Units


@pytest.mark.parametrize(
    "scores, ratio, keep",
    [
        ([3, 1, 2, 4], 0.5, [1, 0, 0, 1]),
        ([1, 1, 1, 1], 0.5, [1, 1, 0, 0]),  # with equal scores, the first is kept
        ([3, 1, 2, 4], 0.49, [1, 0, 1, 1]),  # floor
        ([3, 1, 2, 4], 0.99, [0, 0, 0, 1]),  # at least one is kept
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


def test_one_unit_of_each_stratum_is_kept():
    units = Units("neuron", 5, strata=np.array([0, 0, 1, 1, 1]))
    keep = units.best(np.array([9.0, 8.0, 1.0, 3.0, 2.0]), 0.6)
    assert keep.tolist() == [True, False, False, True, False]


def test_fixed_units_are_kept_and_others_removed_instead():
    units = Units("feature", 4, fixed=np.array([True, False, False, False]))
    keep = units.best(np.array([0.0, 3.0, 2.0, 1.0]), 0.5)
    assert keep.tolist() == [True, True, False, False]
    assert units.best(np.zeros(4), 0.99).tolist() == [True, False, False, False]


GROUPS = np.array([0, 1, 0, 3, 3, 3])  # two, one and three units


@pytest.mark.parametrize(
    "scores, ratio, keep",
    [
        ([1, 2, 0, 3, 0, 0], 2 / 6, [0, 1, 0, 1, 1, 1]),  # the best of each counts
        ([1, 2, 0, 3, 0, 0], 1 / 6, [1, 1, 1, 1, 1, 1]),  # no group fits
        ([1, 2, 0, 3, 0, 0], 0.9, [0, 0, 0, 1, 1, 1]),
        # with equal scores, the first is kept
        ([1, 1, 1, 1, 1, 1], 0.9, [1, 0, 1, 0, 0, 0]),
        # the last group is next, and no other one is removed in its place
        ([1, 1, 1, 1, 1, 1], 0.4, [1, 1, 1, 1, 1, 1]),
    ],
)
def test_groups_are_removed_as_a_whole_as_long_as_they_fit(scores, ratio, keep):
    units = Units("feature", 6, groups=GROUPS)
    kept = units.best(np.array(scores, dtype=float), ratio)
    assert kept.tolist() == [bool(k) for k in keep]


@pytest.mark.parametrize(
    "scores, at_most, keep",
    [
        # two are removed, although the ratio is that of one
        ([1, 2, 1, 3, 3, 3], 5, [0, 1, 0, 1, 1, 1]),
        ([1, 2, 1, 3, 3, 3], 3, [0, 0, 0, 1, 1, 1]),
        ([1, 2, 1, 3, 3, 3], 2, [0, 1, 0, 0, 0, 0]),  # the best group is too large
        ([3, 2, 3, 1, 1, 1], 1, [0, 1, 0, 0, 0, 0]),
        ([3, 2, 3, 1, 1, 1], 6, [1, 1, 1, 1, 1, 1]),
    ],
)
def test_at_most_the_given_number_is_kept(scores, at_most, keep):
    units = Units("feature", 6, groups=GROUPS, at_most=at_most)
    kept = units.best(np.array(scores, dtype=float), 1 - at_most / 6)
    assert kept.tolist() == [bool(k) for k in keep]


@pytest.mark.parametrize("seed", range(20))
def test_groups_and_fixed_units_are_respected_for_any_ratio(seed):
    rng = np.random.RandomState(seed)
    count = rng.randint(2, 12)
    groups, scores = rng.randint(0, 5, count), rng.randint(0, 4, count).astype(float)
    fixed = np.isin(groups, groups[rng.rand(count) < 0.2])
    units = Units("feature", count, groups=groups, fixed=fixed)
    last = np.ones(count, dtype=bool)
    for k in range(count):
        keep = units.best(scores, k / count)
        assert (~keep).sum() <= k and keep.any() and keep[fixed].all()
        assert all(len(set(keep[groups == g])) == 1 for g in set(groups))
        assert not (keep & ~last).any()  # removed units are not kept at a larger ratio
        last = keep


@pytest.mark.parametrize("seed", range(20))
def test_groups_and_fixed_units_are_respected_for_any_limit(seed):
    rng = np.random.RandomState(seed)
    count = rng.randint(2, 12)
    groups, scores = rng.randint(0, 5, count), rng.randint(0, 4, count).astype(float)
    fixed = np.isin(groups, groups[rng.rand(count) < 0.2])
    smallest = np.bincount(groups)[groups].min()
    for at_most in range(fixed.sum() or smallest, count + 1):
        units = Units("feature", count, groups=groups, fixed=fixed, at_most=at_most)
        keep = units.best(scores, 1 - at_most / count)
        assert 1 <= keep.sum() <= at_most and keep[fixed].all()
        assert all(len(set(keep[groups == g])) == 1 for g in set(groups))


def test_kept_units_keep_their_groups_and_fixed_marks():
    whole = Units("feature", 6, groups=GROUPS, fixed=GROUPS == 1, at_most=4)
    keep = np.array([0, 1, 0, 1, 1, 1], dtype=bool)
    after = Units("feature", 4).after(whole, keep)
    assert after.groups.tolist() == [1, 3, 3, 3]
    assert after.fixed.tolist() == [True, False, False, False]
    assert after.at_most == 4
    # one is removed, and its group with it
    assert after.best(np.arange(4.0), 0.25).tolist() == [True, False, False, False]


def test_rows_are_large_enough_that_dask_sends_them_once():
    # dask asks for the size, and sends what has over a kilobyte only once
    assert sys.getsizeof(Task(np.zeros((1000, 3)))) > 1000
