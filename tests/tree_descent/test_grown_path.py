"""Models are grown as far as they are needed, and do not depend on other requests."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_friedman1
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from sklprune._registry import family_of
from sklprune._units import Task
from sklprune.methods import Backfitting

RATIOS = (0.6, 0.9, 0.98)


def classes(n_classes):
    X, y = make_classification(
        250,
        n_informative=6,
        n_classes=n_classes,
        flip_y=0.1,
        n_clusters_per_class=1,
        random_state=0,
    )
    return RandomForestClassifier(6, random_state=0).fit(X, y), X, y


def values():
    X, y = make_friedman1(200, noise=1.0, random_state=0)
    return RandomForestRegressor(6, random_state=0).fit(X, y), X, y


PROBLEMS = {
    "two classes": (*classes(2), "same"),
    "two classes as boosting": (*classes(2), "auto"),
    "three classes as boosting": (*classes(3), "auto"),
    "values": (*values(), "same"),
}


def path_of(name):
    """A path without any request, and the units."""
    model, X, y, container = PROBLEMS[name]
    family, task = family_of(model), Task(X, y)
    units = family.units(model, "leaf", X)
    method = Backfitting(20.0, container=container)
    return method.path(family, model, units, task), units


@pytest.fixture(scope="module", params=PROBLEMS)
def problem(request):
    """Makes a path without any request; a path with all models; the units."""
    everything, units = path_of(request.param)
    everything.nearest(units, 0.01)
    return (lambda: path_of(request.param)[0]), everything, units


def assert_equal(found, expected):
    for ours, theirs in zip(found[0].subtrees, expected[0].subtrees, strict=True):
        np.testing.assert_array_equal(ours.nodes, theirs.nodes)
        np.testing.assert_array_equal(ours.value, theirs.value)
    np.testing.assert_array_equal(found[1], expected[1])


def test_a_model_depends_on_no_other_request(problem):
    make, everything, units = problem
    expected = [everything.nearest(units, ratio) for ratio in RATIOS]
    for ratio, of_all in zip(RATIOS, expected):
        assert_equal(make().nearest(units, ratio), of_all)
    # smallest first, so that the path grows from request to request
    path = make()
    for ratio, of_all in zip(RATIOS[::-1], expected[::-1]):
        assert_equal(path.nearest(units, ratio), of_all)


def test_a_model_is_about_as_near_as_any(problem):
    make, everything, units = problem
    path = make()
    for ratio in RATIOS[::-1]:
        wanted = units.count - units.n_removed(ratio)
        model, _ = path.nearest(units, ratio)
        kept = path.kept_units(model).sum()
        factors = np.abs(np.log(np.array(everything.n_kept) / wanted))
        # larger models of copies may keep slightly fewer units
        assert abs(np.log(kept / wanted)) <= factors.min() + np.log(1.25)


@pytest.mark.parametrize("name", ["two classes", "two classes as boosting"])
def test_small_models_need_no_large_ones(name):
    path, units = path_of(name)
    path.nearest(units, 0.95)
    n_models, largest = len(path.models), max(path.n_kept)
    path.nearest(units, 0.5)
    assert 0 < n_models < len(path.models)
    assert largest < max(path.n_kept)


def test_a_pickled_path_has_all_models(problem):
    make, everything, units = problem
    path = pickle.loads(pickle.dumps(make()))
    assert path.n_kept == everything.n_kept
    assert_equal(path.nearest(units, 0.5), everything.nearest(units, 0.5))


def test_leaves_of_smaller_models_are_more_important(problem):
    _, path, units = problem
    model, scores = path.nearest(units, 0.95)
    keep = path.kept_units(model)
    assert scores.max() == pytest.approx(1 / path.n_kept[0])
    assert scores[keep].min() > 0
    assert np.isfinite(scores).all()
