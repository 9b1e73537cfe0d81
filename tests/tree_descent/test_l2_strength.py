"""The L2 strength follows from held-out rows, and the folds that hold them out."""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_friedman1
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.metrics import log_loss

from sklprune import prune
from sklprune._registry import family_of
from sklprune._tree_descent.block_descent import BlockDescent
from sklprune._tree_descent.containers import own_container
from sklprune._tree_descent.distillation import training_rows
from sklprune._tree_descent.inner_folds import inner_folds
from sklprune._tree_descent.l2_strength import OF_CLASSES, Curve, best_factor
from sklprune._units import Task
from sklprune.methods import Backfitting, Regrow


def parabola(best):
    """A trial whose loss is a parabola in the logarithm of the factor."""

    def trial(factor):
        loss = 5 + np.log(factor / best) ** 2
        return Curve([0, 10, 100], [loss + 2, loss + 1, loss])

    return trial


@pytest.mark.parametrize("best", [0.4, 1.0, 3.0, 7.0, 40.0, 200.0])
def test_the_vertex_of_a_parabola_is_found(best):
    assert best_factor([parabola(best)], OF_CLASSES) == pytest.approx(best)


def test_folds_are_added_up():
    # the sum of two parabolas has its vertex at the geometric mean
    assert best_factor([parabola(1.0), parabola(9.0)], OF_CLASSES) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("best", "bound"), [(1e-9, OF_CLASSES.lowest), (1e9, OF_CLASSES.highest)]
)
def test_the_search_ends_at_its_bounds(best, bound):
    assert best_factor([parabola(best)], OF_CLASSES) == bound


def test_the_search_goes_on_while_an_end_may_be_best():
    # without noise, the least loss is at 4. In two of three folds, 1 is better
    loss = {0.25: (3.0, 3.0, 3.0), 1.0: (4.9, 4.9, 5.4), 16.0: (9.0, 9.0, 9.0)}
    tried = []

    def trial_of(fold):
        def trial(factor):
            tried.append(factor)
            value = loss.get(factor, (5.0, 5.0, 5.0))[fold]
            return Curve([0, 10, 100], [12.0, value, value])

        return trial

    trials = [trial_of(fold) for fold in range(3)]
    assert best_factor(trials, OF_CLASSES) == pytest.approx(0.25, rel=0.5)
    assert set(tried) == {0.0625, 0.25, 1.0, 4.0, 16.0}
    # one fold has no standard error
    tried.clear()
    best_factor([trial_of(2)], OF_CLASSES)
    assert set(tried) == {1.0, 4.0, 16.0}


def test_a_curve_that_ends_early_counts_with_its_last_model():
    def trial(factor):
        if factor == 4.0:
            return Curve([0, 16, 200], [9.0, 5.0, 4.0])
        return Curve([0, 16, 5000], [9.0, 6.0, 7.0])

    assert best_factor([trial], OF_CLASSES) == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("n_leaves", "loss", "has_ended"),
    [
        ([0, 2, 3], [9.0, 8.0, 9.5], False),  # a few leaves prove nothing
        ([0, 60, 200], [9.0, 5.0, 6.0], True),
        ([0, 60, 200], [9.0, 5.0, 5.2], False),
        ([0, 60, 300], [9.0, 5.0, 5.2], True),
        ([0, 60, 300], [9.0, 5.0, 4.98], True),  # hardly better
        ([0, 60, 300], [9.0, 5.0, 4.8], False),
    ],
)
def test_a_curve_ends_far_beyond_its_best_model(n_leaves, loss, has_ended):
    assert Curve(n_leaves, loss).has_ended == has_ended


@pytest.mark.parametrize(("n_rows", "has_ended"), [(100, True), (1000, False)])
def test_small_gains_on_few_rows_are_noise(n_rows, has_ended):
    # the second model is worse than the last one by 4 % of the loss
    assert Curve([0, 60, 300], [9.0, 5.0, 4.8], n_rows).has_ended == has_ended


def test_a_curve_is_interpolated_and_ends_with_its_last_model():
    curve = Curve([0, 10, 1000], [3.0, 2.0, 1.0])
    np.testing.assert_allclose(curve.at(np.array([1, 10, 100, 5000])), [3, 2, 1.5, 1])


def rows_of(y, groups=None, repeat=1, classes=True):
    X = np.random.RandomState(0).rand(len(y), 3)
    X, y = np.repeat(X, repeat, axis=0), np.repeat(y, repeat)
    groups = None if groups is None else np.repeat(groups, repeat)
    forest = RandomForestClassifier(3) if classes else RandomForestRegressor(3)
    task = Task(X, y, groups=groups, random_state=0)
    return training_rows(family_of(forest), forest.fit(X, y), task, "labels")


@pytest.mark.parametrize(("n_rows", "n_folds"), [(100, 3), (600, 3), (1600, 1)])
def test_few_rows_have_three_folds(n_rows, n_folds):
    rows = rows_of(np.arange(n_rows) % 3)
    folds = inner_folds(rows, classes=True)
    assert len(folds) == n_folds
    held_out = sum(fold.held_out for fold in folds)
    assert held_out.max() == 1
    assert (held_out.sum() == n_rows) == (n_folds > 1)
    for fold in folds:
        kept = fold.rows.task.sample_weight
        np.testing.assert_array_equal(kept + fold.held_out, 1.0)
        first = fold.given_first()
        assert first.n_samples == kept.sum() and first.sample_weight is None
        assert set(first.y) == {0, 1, 2}


def test_rare_classes_are_never_held_out():
    y = np.zeros(200, dtype=int)
    y[:3], y[3:100] = 2, 1
    folds = inner_folds(rows_of(y), classes=True)
    assert len(folds) == 3
    assert all(fold.held_out[:3].sum() == 0 for fold in folds)


def test_groups_and_equal_rows_are_held_out_together():
    groups = np.arange(300) % 20
    rows = rows_of(np.arange(300) % 2, groups, repeat=2)
    assert rows.task.n_samples == 300 and (rows.task.sample_weight == 2).all()
    for fold in inner_folds(rows, classes=True):
        held_out = fold.held_out > 0
        assert not set(groups[held_out]) & set(groups[~held_out])
        assert fold.given_first().n_samples == 2 * (~held_out).sum()


def test_too_few_rows_have_no_fold():
    assert inner_folds(rows_of(np.arange(8.0), classes=False), classes=False) == []


@pytest.mark.parametrize(
    "method", [Backfitting(container="auto"), Regrow(max_trees=50)]
)
def test_noisy_targets_get_a_strong_penalty(method):
    X, y = make_classification(
        4000, 10, n_informative=5, flip_y=0.6, random_state=0, shuffle=True
    )
    forest = RandomForestClassifier(20, random_state=0).fit(X[:1000], y[:1000])
    loss = {}
    for rho in ("auto", 10.0):
        named = method.set_params(rho=rho, teacher="labels")
        small = prune(
            forest, X[:1000], y[:1000], method=named, pruning_ratio=0.95, random_state=0
        )
        loss[rho] = log_loss(y[1000:], small.predict_proba(X[1000:]))
    # of 3000 test rows: the standard error of the mean loss is below 0.01
    assert loss["auto"] < loss[10.0] - 0.01


def test_noisy_targets_of_several_classes_get_a_strong_penalty():
    X, y = make_classification(
        3500, 10, n_informative=5, n_classes=3, flip_y=0.6, random_state=0
    )
    forest = RandomForestClassifier(20, random_state=0).fit(X[:500], y[:500])
    loss = {}
    for rho in ("auto", 10.0):
        method = Regrow(rho=rho, teacher="labels", max_trees=30)
        small = prune(
            forest, X[:500], y[:500], method=method, pruning_ratio=0.9, random_state=0
        )
        loss[rho] = log_loss(y[500:], small.predict_proba(X[500:]))
    # over five data sets the difference is 0.11 to 0.15
    assert loss["auto"] < loss[10.0] - 0.02


# with rho="auto", backfitting fits forests, which repeated rows may change
@pytest.mark.parametrize("method", [Backfitting(rho=9.0), Regrow(max_trees=10)])
def test_repeated_rows_equal_weights_of_any_scale(method):
    X, y = make_friedman1(150, noise=1.0, random_state=0)
    repeats = np.random.RandomState(1).randint(1, 4, 150)
    forest = RandomForestRegressor(8, random_state=0).fit(X, y)
    settings = {"method": method, "pruning_ratio": 0.9, "random_state": 0}
    rows = np.repeat(X, repeats, axis=0), np.repeat(y, repeats)
    expected = prune(forest, *rows, **settings).predict(X)
    for scale in (1e-6, 1e6):
        found = prune(forest, X, y, sample_weight=scale * repeats, **settings)
        # sums of the same numbers in another order
        np.testing.assert_allclose(found.predict(X), expected, rtol=1e-6)


def test_the_penalty_of_a_whole_ensemble_does_not_grow_with_its_trees():
    X, y = make_classification(200, 6, random_state=0)
    boosting = HistGradientBoostingClassifier(max_iter=5).fit(X, y)
    family, task = family_of(boosting), Task(X, y, random_state=0)
    rows = training_rows(family, boosting, task, "labels")
    container = own_container(family, boosting, rows.task, rows.targets)
    descent = BlockDescent(
        container.trees,
        family.leaf_ids(boosting, rows.task.X),
        container.loss,
        container.offset(rows.task.X),
        rho=3.0,
        per_tree=True,
    )
    alone = descent.proposer.l2
    descent.start_whole()
    assert descent.n_trees == 5
    assert descent.proposer.l2 == pytest.approx(alone)
