"""Forests: whole trees are removed, and so is the out-of-bag state."""

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

from sklprune import cost, prune, strip
from sklprune._registry import family_of


def test_the_result_averages_the_kept_trees(classes):
    X, y = classes
    model = RandomForestClassifier(40, oob_score=True, random_state=0).fit(X, y)
    family = family_of(model)
    units = family.units(model, "member", X)
    keep = np.arange(40) % 10 == 0
    small = family.remove(model, units, keep)
    assert small.n_estimators == len(small.estimators_) == 4
    trees = [model.estimators_[i] for i in range(0, 40, 10)]
    expected = np.mean([tree.predict_proba(X) for tree in trees], axis=0)
    np.testing.assert_allclose(small.predict_proba(X), expected, rtol=1e-12)
    assert not hasattr(small, "oob_decision_function_")
    assert len(model.estimators_) == 40


def test_out_of_bag_agrees_with_scikit_learn(classes):
    X, y = classes
    model = RandomForestClassifier(30, oob_score=True, random_state=0).fit(X, y)
    family = family_of(model)
    unseen = family.out_of_bag(model)
    outputs = family.member_outputs(model, X) * unseen[:, :, None]
    mean = outputs.sum(axis=1) / unseen.sum(axis=1)[:, None]
    # outputs of members are float32
    np.testing.assert_allclose(mean, model.oob_decision_function_, atol=1e-6)


def test_member_targets_are_one_hot_for_each_output(classes):
    X, y = classes
    several = np.column_stack([y, y == "bee"]).astype(object)
    model = RandomForestClassifier(3, random_state=0).fit(X, several.astype(str))
    family = family_of(model)
    targets = family.member_targets(model, several.astype(str))
    assert targets.shape == (len(y), 5)
    np.testing.assert_array_equal(targets.sum(axis=1), 2)
    assert family.member_outputs(model, X).shape == (len(y), 3, 5)


def test_strip_removes_out_of_bag_arrays(classes):
    X, y = classes
    model = RandomForestClassifier(40, oob_score=True, random_state=0).fit(X, y)
    stripped = strip(model)
    np.testing.assert_array_equal(stripped.predict_proba(X), model.predict_proba(X))
    assert cost(stripped).file_bytes < cost(model).file_bytes


def test_without_bootstrap_there_are_no_out_of_bag_rows(classes):
    X, y = classes
    model = ExtraTreesClassifier(10, random_state=0)
    assert "out_of_bag" not in family_of(model).capabilities(model)
    model = model.fit(X[:150], y[:150])
    pruned = prune(
        model, X[150:], y[150:], method="member_selection", pruning_ratio=0.5
    )
    assert len(pruned.estimator_.estimators_) == 5
