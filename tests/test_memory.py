"""The parameter `memory`: equal results, and no fit is repeated."""

import numpy as np
import pytest
from joblib import Memory
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklprune import FeaturePruningSelector, PrunedEstimator
from sklprune._memory import memory_of, remembered
from sklprune._opening import Plan, open_model
from sklprune._path import _fit, pruned_at
from sklprune._units import Task
from sklprune.methods import MemberSelection, Permutation

X, Y = make_classification(150, 6, n_informative=3, random_state=0)
W = np.random.RandomState(0).uniform(0.5, 2, len(Y))

MODELS = {
    "out of bag": RandomForestClassifier(8, random_state=0),
    "held out": ExtraTreesClassifier(8),
    "weights": LogisticRegression(),
    "columns": HistGradientBoostingClassifier(max_iter=3),
    "pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
    "frozen": FrozenEstimator(LogisticRegression().fit(X, Y)),
}


def results(pruned):
    score = pruned.report_.score
    scores = pruned.path_.table.get("scores", np.zeros(0))
    return [pruned.predict_proba(X), scores, score["original"], score["pruned"]]


@pytest.mark.parametrize("ratio", [0.5, [0.3, 0.6]], ids=["number", "grid"])
@pytest.mark.parametrize("name", MODELS)
def test_results_are_equal_without_with_a_new_and_with_a_used_memory(
    tmp_path, name, ratio
):
    settings = {"pruning_ratio": ratio, "cv": 2, "random_state": 0}
    memories = (None, str(tmp_path), Memory(tmp_path, verbose=0))
    fitted = [
        PrunedEstimator(MODELS[name], memory=memory, **settings).fit(
            X, Y, sample_weight=W
        )
        for memory in memories
    ]
    for pruned in fitted[1:]:
        for one, two in zip(results(pruned), results(fitted[0])):
            np.testing.assert_array_equal(one, two)


def test_a_search_over_the_ratio_fits_each_set_of_rows_once(tmp_path, counting):
    grid = {"pruning_ratio": [0.2, 0.4, 0.6, 0.8]}
    kept = PrunedEstimator(counting, memory=str(tmp_path), random_state=0)
    with_memory = GridSearchCV(kept, grid, cv=3).fit(X, Y)
    assert type(counting).fits == 3 + 1
    without = GridSearchCV(kept.set_params(memory=None), grid, cv=3).fit(X, Y)
    np.testing.assert_array_equal(
        with_memory.cv_results_["mean_test_score"],
        without.cv_results_["mean_test_score"],
    )


@pytest.mark.parametrize(
    ("params", "rows"),
    [
        ({"estimator__max_depth": 2}, {}),
        ({"random_state": 1}, {}),
        ({}, {"X": X + 1}),
        ({}, {"y": 1 - Y}),
        ({}, {"sample_weight": W}),
    ],
    ids=["parameter", "seed", "X", "y", "weights"],
)
def test_all_inputs_of_a_fit_are_in_its_key(tmp_path, counting, params, rows):
    pruned = PrunedEstimator(
        counting, pruning_ratio=0.5, memory=str(tmp_path), random_state=0
    )
    pruned.fit(X, Y)
    pruned.set_params(**params).fit(**{"X": X, "y": Y} | rows)
    assert type(counting).fits == 2


def test_settings_without_effect_on_the_fit_are_not_in_its_key(tmp_path, counting):
    pruned = PrunedEstimator(
        counting, method="member_selection", pruning_ratio=0.5, memory=str(tmp_path)
    )
    pruned.fit(X, Y)
    pruned.set_params(pruning_ratio=0.2, store_path=True, n_jobs=2, rule="best")
    assert pruned.fit(X, Y).pruning_ratio_ == 1 / 6
    assert type(counting).fits == 1


def test_an_order_is_cached_for_its_method(tmp_path):
    kept = {"memory": str(tmp_path), "random_state": 0, "n_features_to_select": 3}
    found = [
        FeaturePruningSelector(LogisticRegression(), method=method, **kept)
        .fit(X, Y)
        .importances_
        for method in (Permutation(1), Permutation(9), Permutation(1))
    ]
    assert (found[0] != found[1]).any()
    np.testing.assert_array_equal(found[0], found[2])


def test_an_order_is_never_used_for_another_model(tmp_path):
    """Two fits of the same rows without a seed are two models with two orders."""
    memory = memory_of(str(tmp_path))
    method = MemberSelection()
    plan = Plan(RandomForestClassifier(9), False, method, None, memory=memory)
    task = Task(X, Y)
    for dense in (_fit(plan, task), _fit(plan, task)):
        (pruned,) = pruned_at(plan, dense, task, [0.5])
        lens = open_model(dense.model, task, method)
        alone = method.path(lens.family, lens.model, lens.units, lens.task)
        np.testing.assert_array_equal(pruned.candidate.scores, alone)


def test_fits_without_a_seed_are_cached_as_in_a_pipeline(tmp_path):
    pruned = PrunedEstimator(
        ExtraTreesClassifier(8), pruning_ratio=0.5, memory=str(tmp_path)
    )
    first = pruned.fit(X, Y).predict_proba(X)
    np.testing.assert_array_equal(pruned.fit(X, Y).predict_proba(X), first)


def test_a_key_that_cannot_be_pickled_is_computed_each_time(tmp_path):
    twice = FunctionTransformer(lambda X: X * 2)
    model = make_pipeline(twice, LogisticRegression())
    pruned = PrunedEstimator(model, pruning_ratio=0.5, memory=str(tmp_path))
    without = PrunedEstimator(model, pruning_ratio=0.5).fit(X, Y)
    np.testing.assert_array_equal(pruned.fit(X, Y).predict(X), without.predict(X))


def test_remembered_calls_the_function_once_for_each_key(tmp_path):
    calls = []

    def square(x):
        calls.append(x)
        return x**2

    memory = memory_of(str(tmp_path))
    assert [remembered(memory, ("square", 3), square, 3) for _ in range(2)] == [9, 9]
    assert remembered(memory, ("square", 4), square, 4) == 16
    assert remembered(memory_of(None), ("square", 3), square, 3) == 9
    assert calls == [3, 4, 3]


def test_a_memory_of_the_wrong_type_is_an_error():
    with pytest.raises(ValueError, match="memory"):
        PrunedEstimator(LogisticRegression(), memory=3).fit(X, Y)
