"""Quantisation of trees: short thresholds, few values of leaves, ordinary models."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, make_classification
from sklearn.ensemble import (
    BaggingRegressor,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklprune import dump, prune
from sklprune._codebook import shortest_between
from sklprune._registry import family_of
from sklprune._trees.cuts import Column, few_thresholds, split_gaps
from sklprune.methods import Quantize

X, y = load_breast_cancer(return_X_y=True)
X_REG, y_REG = load_diabetes(return_X_y=True)
X_THREE, y_THREE = make_classification(
    400, 8, n_informative=5, n_classes=3, random_state=0
)

MODELS = {
    "tree": (DecisionTreeClassifier(random_state=0), X, y),
    "tree of values": (DecisionTreeRegressor(random_state=0), X_REG, y_REG),
    "forest": (RandomForestClassifier(10, random_state=0), X, y),
    "three classes": (
        RandomForestClassifier(10, min_samples_leaf=4, random_state=0),
        X_THREE,
        y_THREE,
    ),
    "extra trees": (ExtraTreesClassifier(10, random_state=0), X, y),
    "forest of values": (RandomForestRegressor(10, random_state=0), X_REG, y_REG),
    "two targets": (
        RandomForestRegressor(5, random_state=0),
        X_REG,
        np.column_stack([y_REG, -3 * y_REG]),
    ),
    "bagging": (BaggingRegressor(max_features=0.6, random_state=0), X_REG, y_REG),
    "boosting": (GradientBoostingClassifier(n_estimators=20, random_state=0), X, y),
    "robust boosting": (
        GradientBoostingRegressor(n_estimators=20, loss="huber", random_state=0),
        X_REG,
        y_REG,
    ),
    "histograms": (HistGradientBoostingClassifier(max_iter=20), X_THREE, y_THREE),
    "monotonic": (
        HistGradientBoostingRegressor(max_iter=20, monotonic_cst=[0, 0, 1] + [0] * 7),
        X_REG,
        y_REG,
    ),
}


@pytest.fixture(scope="module")
def fitted():
    return {name: (model.fit(X, y), X) for name, (model, X, y) in MODELS.items()}


def quantised(model, X, **params):
    method = Quantize(**params)
    return prune(model, X, method=method, seen=True, random_state=0).estimator_


def numbers_of(model):
    return family_of(model).tree_numbers(model)


def significant_bits(value):
    mantissa = abs(np.frexp(value)[0])
    return next(n for n in range(54) if mantissa * 2.0**n % 1 == 0)


# -- short numbers ---------------------------------------------------------------------


def test_shortest_number_against_all_shorter_ones():
    rng = np.random.RandomState(0)
    low = rng.normal(size=200)
    high = low + 10.0 ** rng.uniform(-6, 0, size=200)
    low, high = low[low * high > 0], high[low * high > 0]
    found = shortest_between(low, high)
    assert ((low <= found) & (found < high)).all()
    for a, b, number in zip(low, high, found):
        n_bits = significant_bits(number)
        # no multiple of a power of two with one bit less is in the interval
        for value in (a, b):
            step = 2.0 ** (np.frexp(value)[1] - (n_bits - 1))
            multiple = step * np.ceil(a / step)
            assert n_bits == 1 or not a <= multiple < b


def test_shortest_number_of_given_intervals():
    low = np.array([-1.0, 0.3, 5.0, -6.0, 0.0, 1.0])
    high = np.array([2.0, 0.6, 6.0, -5.0, 1.0, np.nextafter(1.0, 2.0)])
    assert shortest_between(low, high).tolist() == [0, 0.5, 5, -6, 0, 1]


# -- thresholds ------------------------------------------------------------------------


def test_gaps_against_the_rows_of_each_node():
    forest = RandomForestClassifier(3, random_state=0).fit(X, y)
    family = family_of(forest)
    rows = X.astype(np.float32)
    leaf_ids = family.leaf_ids(forest, X)
    for tree, splits, ids in zip(forest, family.splits(forest), leaf_ids):
        low, high = split_gaps(splits, ids, rows)
        reached = tree.decision_path(X).toarray().astype(bool)
        for node in np.flatnonzero(tree.tree_.children_left >= 0):
            column = rows[:, tree.tree_.feature[node]]
            on_sides = [
                column[reached[:, side[node]]]
                for side in (tree.tree_.children_left, tree.tree_.children_right)
            ]
            assert low[node] == on_sides[0].max()
            assert high[node] == on_sides[1].min()


@pytest.mark.parametrize("bits", [16, 8])
@pytest.mark.parametrize("name", MODELS)
def test_no_row_changes_sides_with_eight_bits_or_more(fitted, name, bits):
    model, rows = fitted[name]
    small = quantised(model, rows, bits=bits)
    family = family_of(model)
    before, after = (family.leaf_ids(each, rows) for each in (model, small))
    assert np.array_equal(before, after)
    old, new = (
        np.concatenate([n.threshold[n.at_threshold] for n in numbers_of(each)])
        for each in (model, small)
    )
    assert np.mean([*map(significant_bits, new)]) < 0.5 * np.mean(
        [*map(significant_bits, old)]
    )


@pytest.mark.parametrize("name", MODELS)
def test_columns_share_few_thresholds(fitted, name):
    model, rows = fitted[name]
    small = quantised(model, rows, bits=3)
    numbers = numbers_of(small)
    feature = np.concatenate([n.splits.feature[n.at_threshold] for n in numbers])
    threshold = np.concatenate([n.threshold[n.at_threshold] for n in numbers])
    for column in np.unique(feature):
        assert len(np.unique(threshold[feature == column])) <= 8
    values = np.concatenate([n.value[n.leaf] for n in numbers])
    # a probability and its complement
    assert all(len(np.unique(each)) <= 8 for each in values.T)
    assert type(small) is type(model)


def test_shared_thresholds_change_few_sides():
    column = Column.of(np.arange(1000.0), np.ones(1000))
    cuts = np.random.RandomState(0).uniform(0, 999, size=500)
    low, high = np.floor(cuts), np.floor(cuts) + 1
    shared = few_thresholds(column, cuts, low, high, n_shared=16)
    assert len(np.unique(shared)) == 16
    # the optimum for a uniform distribution is 1000 / 16 / 4
    assert np.abs(shared - cuts).mean() < 1.2 * 1000 / 64


def test_missing_values_and_categories_stay_on_their_sides():
    rng = np.random.RandomState(0)
    rows = rng.normal(size=(300, 4))
    rows[:, 3] = rng.randint(5, size=300)
    target = rows[:, 0] + (rows[:, 3] > 2) + (rows[:, 1] > 0)
    rows[rng.uniform(size=rows.shape) < 0.1] = np.nan
    model = HistGradientBoostingRegressor(
        max_iter=10, categorical_features=[3], min_samples_leaf=5
    ).fit(rows, target)
    small = quantised(model, rows, bits=16)
    assert np.corrcoef(model.predict(rows), small.predict(rows))[0, 1] > 1 - 1e-5
    tree = DecisionTreeRegressor(max_depth=6, random_state=0).fit(rows, target)
    assert np.array_equal(quantised(tree, rows, bits=16).apply(rows), tree.apply(rows))


# -- values of leaves ------------------------------------------------------------------


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("name", ["forest", "three classes"])
def test_probabilities_add_up_to_one(fitted, name, bits):
    model, rows = fitted[name]
    proba = quantised(model, rows, bits=bits).predict_proba(rows)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0, rtol=1e-12)


def test_values_of_splits_and_impurities_follow_from_the_leaves(fitted):
    model, rows = fitted["forest of values"]
    small = quantised(model, rows, bits=4)
    for member in small.estimators_:
        tree = member.tree_
        inner = np.flatnonzero(tree.children_left >= 0)
        children = (tree.children_left[inner], tree.children_right[inner])
        weight = tree.weighted_n_node_samples
        mean = sum(weight[c] * tree.value[c, 0, 0] for c in children) / weight[inner]
        np.testing.assert_allclose(tree.value[inner, 0, 0], mean, rtol=1e-9)
        assert (tree.impurity >= 0).all()
    assert np.corrcoef(small.feature_importances_, model.feature_importances_)[0, 1] > (
        0.9
    )


@pytest.mark.parametrize("name", MODELS)
def test_eight_bits_predict_nearly_the_same(fitted, name):
    model, rows = fitted[name]
    small = quantised(model, rows, bits=8)
    old, new = model.predict(rows), small.predict(rows)
    if hasattr(model, "classes_"):
        assert np.mean(old == new) > 0.99
    else:
        assert np.mean((old - new) ** 2) < 0.01 * np.var(old)


def test_monotonic_predictions_stay_monotonic(fitted):
    model, rows = fitted["monotonic"]
    small = quantised(model, rows, bits=3)
    grid = np.repeat(rows[:20], 30, axis=0)
    grid[:, 2] = np.tile(np.linspace(-0.1, 0.2, 30), 20)
    steps = np.diff(small.predict(grid).reshape(20, 30), axis=1)
    assert (steps >= -1e-9).all()


def test_dump_of_fewer_bits_is_smaller(fitted, tmp_path):
    for name in ("forest", "forest of values", "boosting", "histograms"):
        model, rows = fitted[name]
        sizes = []
        for each in (model, quantised(model, rows, bits=8)):
            dump(each, tmp_path / "model.pkl")
            sizes.append((tmp_path / "model.pkl").stat().st_size)
        assert sizes[1] < 0.97 * sizes[0], name


def test_few_numbers_are_unchanged_with_a_message():
    rows = (X_THREE > 0).astype(float)
    tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(rows, rows[:, 0])
    with pytest.warns(UserWarning, match="thresholds and values are unchanged"):
        small = quantised(tree, rows, bits=8)
    assert np.array_equal(small.tree_.threshold, tree.tree_.threshold)


def test_a_model_without_numbers_is_an_error():
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier().fit(X, y)
    with pytest.raises(ValueError, match="neither weights nor trees"):
        prune(model, X, y, method="quantize")


def test_model_is_not_changed(fitted):
    model, rows = fitted["histograms"]
    before = [n.threshold.copy() for n in numbers_of(model)]
    quantised(model, rows, bits=2)
    assert all(map(np.array_equal, before, [n.threshold for n in numbers_of(model)]))


def test_sparse_rows():
    from scipy import sparse

    rows = sparse.csr_matrix(np.where(X_THREE > 0, X_THREE, 0))
    forest = RandomForestClassifier(5, random_state=0).fit(rows, y_THREE)
    small = quantised(forest, rows, bits=16)
    assert np.array_equal(forest.apply(rows), small.apply(rows))
