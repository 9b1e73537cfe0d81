"""Permutation importance by losses of rows, less a margin of standard errors."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import check_scoring, log_loss, make_scorer
from sklearn.model_selection import KFold, check_cv
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklprune import FeaturePruningSelector
from sklprune._permutation.folds import possible_folds
from sklprune._permutation.losses import less_noise
from sklprune._permutation.orders import shuffles
from sklprune._registry import family_of
from sklprune._units import Task
from sklprune.methods import Permutation

TWO = make_classification(150, 5, n_informative=3, n_redundant=0, random_state=0)
VALUES = make_regression(150, 5, n_informative=3, noise=5.0, random_state=0)
THREE = make_classification(
    150, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0
)


def importances(model, X, y, method, scoring=None, **rows):
    scorer = check_scoring(model, scoring)
    task = Task(X, y, scorer=scorer, random_state=0, **rows)
    family = family_of(model)
    return method.score(family, model, family.units(model, "feature", X), task)


def losses_of(model, X, y):
    """The loss of each row."""
    if hasattr(model, "predict_proba"):
        of_class = model.predict_proba(X)[np.arange(len(y)), y]
        return -np.log(np.maximum(of_class, 1e-3))
    if hasattr(model, "classes_"):
        return (model.predict(X) != y).astype(float)
    return (model.predict(X) - y) ** 2


def increases(model, X, y, n_repeats):
    """The mean increase of the loss of each row, for each column."""
    _, orders = shuffles(len(y), n_repeats, 1.0, 0)
    found = []
    for j in range(X.shape[1]):
        after = []
        for order in orders:
            permuted = X.copy()
            permuted[:, j] = X[order, j]
            after.append(losses_of(model, permuted, y))
        found.append(np.mean(after, axis=0) - losses_of(model, X, y))
    return np.array(found)


def error_of_noise(blocks, margin):
    """The standard error of columns that are not better than noise."""
    squares = blocks.var(axis=0, ddof=1) / len(blocks)
    is_noise = blocks.mean(axis=0) < margin * np.sqrt(squares)
    return np.sqrt(squares[is_noise].mean()) if is_noise.any() else 0.0


MODELS = {
    "logistic": (LogisticRegression(), TWO),
    "three classes": (LogisticRegression(), THREE),
    "boosting": (HistGradientBoostingClassifier(max_iter=5, random_state=0), TWO),
    "neighbours": (KNeighborsClassifier(), THREE),
    "no probabilities": (LinearSVC(random_state=0), TWO),
    "pipeline": (make_pipeline(StandardScaler(), LogisticRegression()), TWO),
    "ridge": (Ridge(), VALUES),
    "forest": (RandomForestRegressor(5, random_state=0), VALUES),
}


@pytest.mark.parametrize("margin", [0.0, 1.5])
@pytest.mark.parametrize("name", MODELS)
def test_importances_are_increases_of_the_loss_less_standard_errors(name, margin):
    model, (X, y) = MODELS[name]
    model.fit(X, y)
    found = importances(model, X, y, Permutation(3, criterion="loss", margin=margin))
    rows = increases(model, X, y, 3)
    unit = 1.0 if hasattr(model, "classes_") else np.var(y)
    blocks = np.array([rows[:, i::20].sum(axis=1) for i in range(20)]) * 20 / len(y)
    expected = (rows.mean(axis=1) - margin * error_of_noise(blocks, margin)) / unit
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_weights_count_as_equal_rows():
    X, y = TWO
    model = LogisticRegression().fit(X, y)
    method = Permutation(1, criterion="loss")
    weight = np.random.default_rng(0).random(len(y))
    _, (order,) = shuffles(len(y), 1, 1.0, 0)
    found = importances(model, X, y, method, sample_weight=weight)
    before = log_loss(y, model.predict_proba(X), sample_weight=weight)
    for j, value in enumerate(found):
        permuted = X.copy()
        permuted[:, j] = X[order, j]
        after = log_loss(y, model.predict_proba(permuted), sample_weight=weight)
        np.testing.assert_allclose(value, after - before, rtol=1e-2, atol=1e-9)
    scaled = importances(model, X, y, method, sample_weight=4 * weight)
    np.testing.assert_array_equal(found, scaled)


def test_a_column_of_few_rows_is_compared_with_the_error_of_noise():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(5, 20))
    noise -= noise.mean(axis=1, keepdims=True)
    rare = np.zeros(20)
    rare[:2] = 15.0
    found = less_noise(np.vstack([noise, rare]), 1.5)
    # the mean is 1.5 with an error of 1.03
    assert rare.mean() < 1.5 * rare.std(ddof=1) / np.sqrt(20)
    error = np.sqrt((np.var(noise, axis=1, ddof=1).sum() + rare.var(ddof=1)) / 6 / 20)
    np.testing.assert_allclose(found[-1], 1.5 - 1.5 * error)
    assert found[-1] > 0 > found[:5].max()


@pytest.mark.parametrize("seed", [0, 1])
def test_columns_without_information_are_mostly_below_zero(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(1000, 101))
    y = (X[:, 0] + rng.normal(size=1000) > 0).astype(int)
    model = LogisticRegression().fit(X, y)
    # as if the model had learned noise in all other columns
    model.coef_[:] = [1.0, *[0.05] * 100]
    found = importances(model, X, y, Permutation(criterion="loss", margin=1.0))
    # one sixth of the values of a normal distribution is above one standard deviation
    assert (found[1:] > 0).mean() < 0.35
    assert found[0] > 5 * found[1:].max()


def test_a_class_that_the_model_does_not_know_is_a_large_loss():
    X, y = THREE
    model = LogisticRegression().fit(X[y < 2], y[y < 2])
    found = importances(model, X, y, Permutation(criterion="loss"))
    assert np.isfinite(found).all()


def test_other_metrics_use_the_score():
    def cost(y, predicted):
        return float(np.mean(y == predicted))

    X, y = TWO
    two_outputs = np.column_stack([y, 1 - y])
    cases = [
        (LogisticRegression(), X, y, make_scorer(cost)),
        (KNeighborsClassifier(), X, two_outputs, make_scorer(cost)),
        (LinearRegression(), *VALUES, "neg_mean_absolute_error"),
    ]
    for model, X, y, scoring in cases:
        model.fit(X, y)
        by_loss, by_score = (
            importances(model, X, y, Permutation(criterion=criterion), scoring)
            for criterion in ("loss", "score")
        )
        np.testing.assert_array_equal(by_loss, by_score)


def test_a_selector_can_use_it():
    X, y = TWO
    frame = pd.DataFrame(X, columns=list("abcde"))
    selector = FeaturePruningSelector(
        LogisticRegression(),
        method=Permutation(criterion="loss", margin=1.0),
        feature_groups=[["a", "b"]],
        scoring="roc_auc",
        cv=2,
        random_state=0,
    ).fit(frame, y)
    assert selector.importances_[0] == selector.importances_[1]


@pytest.mark.parametrize(
    "parameters, words",
    [
        ({"criterion": "gain"}, "criterion must be 'score' or 'loss'"),
        ({"criterion": None}, "criterion must be 'score' or 'loss'"),
        ({"criterion": "loss", "margin": -1}, "margin must be a number of standard"),
        ({"criterion": "loss", "margin": "1"}, "margin must be a number of standard"),
        ({"margin": 1.0}, "Pass criterion='loss' too"),
        ({"screen": 0}, "screen=0.*must be None, or a positive whole number"),
        ({"screen": 2.5}, "screen=2.5.*must be None, or a positive whole number"),
    ],
)
def test_bad_parameters_are_refused(parameters, words):
    X, y = TWO
    model = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match=words):
        importances(model, X, y, Permutation(**parameters))


# -- importances of several folds ------------------------------------------------------


@pytest.mark.parametrize("name", ["logistic", "three classes", "ridge", "pipeline"])
def test_with_folds_all_rows_give_the_importances(name):
    model, (X, y) = MODELS[name]
    method = Permutation(2, criterion="loss", margin=1.0, cv=4)
    found = importances(clone(model), X, y, method)
    blocks = []
    for first, second in check_cv(4, y, classifier=is_classifier(model)).split(X, y):
        fitted = clone(model).fit(X[first], y[first])
        rows = increases(fitted, X[second], y[second], 2)
        unit = 1.0 if is_classifier(model) else np.var(y[second])
        sums = np.array([rows[:, i::20].sum(axis=1) for i in range(20)])
        blocks.append(sums * 20 / len(second) / unit)
    blocks = np.concatenate(blocks)
    expected = blocks.mean(axis=0) - error_of_noise(blocks, 1.0)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def test_folds_keep_groups_whole_and_rows_of_weight_zero_out():
    X, y = TWO
    groups = np.arange(len(y)) // 10
    weight = np.ones(len(y))
    weight[y == 1] = np.arange((y == 1).sum()) % 2
    task = Task(X, y, sample_weight=weight, groups=groups)
    for first, second in possible_folds(LogisticRegression(), task, 3):
        assert not np.isin(groups[first], groups[second]).any()
        assert (weight[second] > 0).all()


@pytest.mark.parametrize("n_rows", [2, 3, 5])
def test_few_rows_have_few_folds(n_rows):
    X, y = TWO[0][:n_rows], np.arange(n_rows) % 2
    n_folds = len(possible_folds(LogisticRegression(), Task(X, y), 5))
    assert n_folds == (2 if n_rows == 5 else 0)
    found = importances(Ridge().fit(X, y), X, y, Permutation(criterion="loss", cv=5))
    assert np.isfinite(found).all()


def test_scores_of_folds_have_means_over_the_folds():
    X, y = VALUES
    method = Permutation(1, cv=3)
    found = importances(Ridge(), X, y, method, "neg_mean_absolute_error")
    parts = []
    for first, second in KFold(3).split(X):
        model = Ridge().fit(X[first], y[first])
        rows = permutation_importance(
            model,
            X[second],
            y[second],
            n_repeats=1,
            scoring="neg_mean_absolute_error",
            random_state=0,
        )
        parts.append(rows.importances_mean)
    np.testing.assert_allclose(found, np.mean(parts, axis=0))


def test_columns_without_information_are_not_kept():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 20))
    y = (X[:, 0] + X[:, 1] + 0.5 * rng.normal(size=300) > 0).astype(int)
    selector = FeaturePruningSelector(
        GaussianNB(),
        method=Permutation(2, criterion="loss", margin=1.5, cv=3),
        cv=3,
        random_state=0,
    ).fit(X, y)
    assert selector.get_support(indices=True).tolist() == [0, 1]


# -- many columns ----------------------------------------------------------------------

MANY = make_regression(120, 12, n_informative=4, noise=20.0, random_state=0)


@pytest.mark.parametrize("model", [Ridge(), make_pipeline(StandardScaler(), Ridge())])
def test_the_first_fold_selects_the_columns_that_the_others_order(model):
    X, y = MANY
    folds = list(KFold(4).split(X))
    method = Permutation(2, criterion="loss", margin=1.0, cv=folds, screen=3)
    found = importances(model, X, y, method)
    first = importances(model, X, y, Permutation(2, criterion="loss", cv=folds[:1]))
    selected, others = np.sort(np.argsort(-first)[:3]), np.argsort(-first)[3:]
    rest = Permutation(2, criterion="loss", margin=1.0, cv=folds[1:])
    expected = importances(model, X[:, selected], y, rest)
    np.testing.assert_allclose(found[selected], expected)
    assert found[others].max() < min(0, expected.min())
    assert (np.diff(found[others]) < 0).all()


def test_no_more_than_twice_as_many_columns_are_not_screened():
    X, y = MANY
    known, found = (
        importances(Ridge(), X, y, Permutation(1, cv=3, screen=screen))
        for screen in (None, 6)
    )
    np.testing.assert_array_equal(known, found)


def test_groups_and_columns_to_keep_are_screened_together():
    X, y = MANY
    worst = np.argsort(importances(Ridge(), X, y, Permutation(1, cv=3)))
    selector = FeaturePruningSelector(
        Ridge(),
        method=Permutation(1, criterion="loss", margin=1.5, cv=3, screen=2),
        feature_groups=[worst[-2:].tolist(), worst[1:3].tolist()],
        always_keep=worst[:1].tolist(),
        n_features_to_select=4,
        cv=2,
        random_state=0,
    ).fit(X, y)
    kept = selector.get_support(indices=True)
    assert {worst[0], worst[-1], worst[-2]} <= set(kept)
    assert selector.importances_[worst[1]] == selector.importances_[worst[2]] < 0


@pytest.mark.parametrize(
    "n_columns, screen, sizes",
    [
        (200, None, [150, 113, 85]),
        (201, None, [100, 67, 45]),
        (500, None, [250, 200, 134]),
        (500, 100, [250, 100, 67]),
    ],
)
def test_candidates_of_many_columns_have_at_most_half_of_them(n_columns, screen, sizes):
    method = Permutation(criterion="loss", margin=1.5, screen=screen)
    task = Task(np.zeros((3, n_columns)), np.zeros(3))
    kept = n_columns - n_columns * np.array(method.grid(task))
    np.testing.assert_allclose(kept[:3], sizes)
    assert (np.diff(kept) < 0).all()
    assert kept[-1] == pytest.approx(1)
    assert Permutation().grid(task)[0] == 0.1


def test_with_a_floor_a_quarter_of_the_columns_is_removed_at_a_time():
    task = Task(np.zeros((3, 20)), np.zeros(3))
    ratios = np.array(Permutation(criterion="loss", margin=1.5).grid(task))
    kept = [15, 12, 9, 7, 6, 5, 4, 3, 2, 1]
    np.testing.assert_allclose(20 - 20 * ratios, kept)
