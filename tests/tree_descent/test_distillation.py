"""Training targets of a descent: the labels, or predictions of the model."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeRegressor

from sklprune import prune
from sklprune._registry import family_of
from sklprune._tree_descent.distillation import blended_rows, training_rows
from sklprune._units import Task
from sklprune.methods import Backfitting, Regrow
from sklprune.rules import Agreement

MODELS = {
    "tree": DecisionTreeRegressor(max_depth=5, random_state=0),
    "forest": RandomForestClassifier(10, max_depth=5, random_state=0),
    "values": RandomForestRegressor(10, max_depth=5, random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=8, random_state=0),
    "exponential": GradientBoostingClassifier(
        n_estimators=8, loss="exponential", random_state=0
    ),
    "boosted values": GradientBoostingRegressor(n_estimators=8, random_state=0),
    "histograms": HistGradientBoostingClassifier(max_iter=8, random_state=0),
    "counts": HistGradientBoostingRegressor(loss="poisson", max_iter=8, random_state=0),
}


def fitted(name, binary):
    X, y = binary
    if name == "counts":
        y = y + 1
    return MODELS[name].fit(X, y), X, y


@pytest.mark.parametrize("name", MODELS)
def test_the_targets_are_the_predictions_of_the_model(name, binary):
    model, X, _ = fitted(name, binary)
    rows = training_rows(family_of(model), model, Task(X, random_state=0), "model")
    task, targets = rows.task, rows.targets
    if hasattr(model, "predict_proba"):
        predicted = model.predict_proba(X)
        predicted = predicted if targets.ndim == 2 else predicted[:, 1]
    else:
        predicted = model.predict(X)
    assert task.n_samples == len(X)
    # the same numbers, through a link and back
    targets = targets.reshape(predicted.shape)
    np.testing.assert_allclose(targets, predicted, rtol=1e-9)


def test_the_targets_of_multiclass_scores_are_labels(classes):
    X, y = classes
    model = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(X, y)
    task = Task(X, random_state=0)
    targets = training_rows(family_of(model), model, task, "model").targets
    np.testing.assert_array_equal(model.classes_[targets.astype(int)], model.predict(X))


@pytest.mark.parametrize("name", MODELS)
def test_few_rows_are_distilled_and_many_use_labels(name, binary):
    model, X, y = fitted(name, binary)
    family = family_of(model)

    def fitted_to(n_rows):
        task = Task(X[:n_rows], y[:n_rows], random_state=0)
        return [
            training_rows(family, model, task, teacher)
            for teacher in ("auto", "labels", "model")
        ]

    auto, labels, _ = fitted_to(100)
    np.testing.assert_array_equal(auto.targets, labels.targets)
    assert not auto.distilled
    auto, _, by_model = fitted_to(50)
    np.testing.assert_array_equal(auto.targets, by_model.targets)
    assert auto.distilled
    assert auto.task.n_samples == family.n_fitted(model)


def test_without_labels_the_model_is_distilled(binary):
    X, y = binary
    forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    for method in (Backfitting(teacher="model"), Regrow(10, teacher="model")):
        with_labels = prune(
            forest, X, 1 - y, method=method, pruning_ratio=0.8, random_state=0
        )
        without = prune(forest, X, method=method, pruning_ratio=0.8, random_state=0)
        np.testing.assert_array_equal(
            with_labels.predict_proba(X), without.predict_proba(X)
        )


def test_agreement_chooses_among_leaves_without_labels():
    X, y = load_breast_cancer(return_X_y=True)
    forest = RandomForestClassifier(20, random_state=0).fit(X[:300], y[:300])
    pruned = prune(forest, X[:300], rule=Agreement(0.97), random_state=0)
    assert pruned.pruning_ratio_ > 0.5
    # four standard errors of a share of 0.97 of the other 269 rows are 0.04
    assert (pruned.predict(X[300:]) == forest.predict(X[300:])).mean() > 0.93


@pytest.mark.slow
def test_distillation_is_better_than_labels_of_few_rows():
    """The pruning rows are a twentieth of those that the forest was fitted on."""
    X, y = make_classification(
        4200, 10, n_informative=6, n_clusters_per_class=4, flip_y=0.1, random_state=0
    )
    forest = RandomForestClassifier(30, random_state=0).fit(X[:2000], y[:2000])
    few, rest = slice(2000, 2100), slice(2100, None)
    loss = {}
    for teacher in ("labels", "auto"):
        method = Backfitting(teacher=teacher, container="auto")
        small = prune(
            forest, X[few], y[few], method=method, pruning_ratio=0.99, random_state=0
        )
        scores = small.predict_proba(X[rest])[:, 1]
        loss[teacher] = roc_auc_score(y[rest], forest.predict_proba(X[rest])[:, 1])
        loss[teacher] -= roc_auc_score(y[rest], scores)
    # 2100 rows: the standard error of a paired difference is below 0.01
    assert loss["auto"] < loss["labels"] - 0.02


def test_synthetic_rows_have_the_weight_of_the_rows_they_come_from(binary):
    X, y = binary
    forest = RandomForestClassifier(5, random_state=0).fit(X, y)
    weight = np.arange(1.0, 21.0)
    task = Task(X[:20], y[:20], weight, random_state=0)
    task = training_rows(family_of(forest), forest, task, "model").task
    np.testing.assert_array_equal(task.sample_weight[:20], weight)
    assert len(task.sample_weight) == len(X)
    assert np.isin(task.sample_weight, weight).all()


def test_rows_of_weight_zero_are_ignored(binary):
    X, y = binary
    forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    weight = np.repeat([1.0, 0.0], 20)
    settings = {"pruning_ratio": 0.8, "random_state": 0}
    weighted = prune(forest, X[:40], y[:40], sample_weight=weight, **settings)
    without = prune(forest, X[:20], y[:20], sample_weight=np.ones(20), **settings)
    np.testing.assert_allclose(
        weighted.predict_proba(X), without.predict_proba(X), atol=1e-12
    )


@pytest.mark.parametrize("method", [Backfitting(teacher="me"), Regrow(teacher="me")])
def test_an_unknown_teacher(method, binary):
    X, y = binary
    forest = RandomForestClassifier(5, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="teacher must be 'auto', 'labels' or 'model'"):
        prune(forest, X, y, method=method, pruning_ratio=0.5)


def test_labels_are_required_where_they_are_the_targets(binary):
    X, y = binary
    forest = RandomForestClassifier(5, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="requires y"):
        prune(forest, X, method=Backfitting(teacher="labels"), pruning_ratio=0.5)


@pytest.mark.parametrize("class_weight", [None, {0: 1.0, 1: 3.0}])
@pytest.mark.parametrize("share", [0.25, 1.0])
def test_blended_targets_give_the_mean_of_both_losses(class_weight, share, binary):
    X, y = binary
    forest = RandomForestClassifier(
        10, max_depth=5, class_weight=class_weight, random_state=0
    ).fit(X, y)
    weight = np.random.RandomState(0).randint(0, 3, len(y)).astype(float)
    task = Task(X, y, sample_weight=weight, random_state=0)
    rows = blended_rows(family_of(forest), forest, task, share)

    score = X[:, 0]  # any score of the rows, as log odds
    softplus = np.log1p(np.exp(score))
    against_labels = softplus - (y == forest.classes_[1]) * score
    against_forest = softplus - forest.predict_proba(X)[:, 1] * score
    per_class = np.where(y == forest.classes_[1], (class_weight or {1: 1.0})[1], 1.0)
    expected = np.sum(
        weight * ((1 - share) * per_class * against_labels + share * against_forest)
    )

    of_rows = rows.task.X[:, 0]
    loss = np.log1p(np.exp(of_rows)) - rows.targets[:, 1] * of_rows
    assert np.sum(rows.task.sample_weight * loss) == pytest.approx(expected)
