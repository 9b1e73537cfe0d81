"""Cached predictions give a scorer the same results as the model itself."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import check_scoring, make_scorer, roc_auc_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from sklprune import prune
from sklprune._predictions import CachedPredictions, with_cached_predictions
from sklprune._units import Task

IRIS = load_iris(return_X_y=True)
OF_TWO = IRIS[0], np.array(["no", "yes"])[(IRIS[1] == 1).astype(int)]
LABELS = make_multilabel_classification(150, 4, n_classes=3, random_state=0)
#: some rows, in an order of their own
ROWS = np.random.RandomState(0).permutation(150)[:60]


def first_label(y, scores):
    return roc_auc_score(y[:, 0], scores[:, 0])


@pytest.mark.parametrize(
    ("model", "data", "scoring"),
    [
        (LogisticRegression(), IRIS, None),
        (LogisticRegression(), IRIS, "neg_log_loss"),
        (DecisionTreeClassifier(), OF_TWO, "roc_auc"),
        (LinearSVC(), OF_TWO, "roc_auc"),
        (LinearSVC(), OF_TWO, "f1_macro"),
        (Ridge(), IRIS, None),
        (Ridge(), IRIS, "neg_mean_absolute_error"),
        (make_pipeline(StandardScaler(), LinearSVC()), OF_TWO, "accuracy"),
        (make_pipeline(StandardScaler(), LogisticRegression()), IRIS, None),
        (make_pipeline("passthrough", make_pipeline(PCA(2), Ridge())), IRIS, None),
        (DecisionTreeClassifier(), LABELS, None),
        (KNeighborsClassifier(), LABELS, "f1_micro"),
        (
            KNeighborsClassifier(),
            LABELS,
            make_scorer(first_label, response_method="predict_proba"),
        ),
    ],
)
def test_the_score_is_that_of_the_model(model, data, scoring):
    X, y = data
    model.fit(X[::2], y[::2])
    scorer = check_scoring(model, scoring)
    cached, task = with_cached_predictions(model, Task(X, y, scorer=scorer))
    assert isinstance(cached, CachedPredictions)
    for rows in (ROWS, np.arange(150)):
        expected = scorer(model, X[rows], y[rows])
        found = scorer(cached, task.take(rows).X, y[rows])
        assert found == pytest.approx(expected)


def own_score(model, X, y):
    return model.score(X, y)


@pytest.mark.parametrize(
    ("model", "data", "scoring"),
    [
        (LogisticRegression(), IRIS, own_score),
        (
            make_pipeline(StandardScaler(), KMeans(2, n_init=1, random_state=0)),
            IRIS,
            None,
        ),
        # it defines `score` itself
        (MultiOutputClassifier(LogisticRegression()), LABELS, None),
    ],
)
def test_an_arbitrary_scorer_receives_the_model_itself(model, data, scoring):
    model.fit(*data)
    task = Task(*data, scorer=check_scoring(model, scoring))
    assert with_cached_predictions(model, task) == (model, task)


@pytest.mark.parametrize(
    ("model", "scoring"), [(LinearSVC(), "neg_log_loss"), (Ridge(), "roc_auc")]
)
def test_errors_name_the_model(model, scoring):
    model.fit(*OF_TWO) if scoring == "neg_log_loss" else model.fit(*IRIS)
    task = Task(*OF_TWO, scorer=check_scoring(model, scoring))
    cached, with_positions = with_cached_predictions(model, task)
    with pytest.raises(AttributeError, match=f"{type(model).__name__} has none of"):
        task.scorer(cached, with_positions.X, task.y)


def test_each_split_calls_each_model_once(monkeypatch):
    n_calls, predict_proba = 0, LogisticRegression.predict_proba

    def counting(self, X):
        nonlocal n_calls
        n_calls += 1
        return predict_proba(self, X)

    model = LogisticRegression().fit(*IRIS)
    cv = [(np.arange(0, 150, 2), np.arange(1, 150, 2))]
    # a subclass that overrides predict_proba would be pruned by columns
    monkeypatch.setattr(LogisticRegression, "predict_proba", counting)
    settings = {"cv": cv, "pruning_ratio": [0.25, 0.5], "scoring": "neg_log_loss"}
    # without seen=False, one more call looks whether the model was fitted on these rows
    pruned = prune(model, *IRIS, seen=False, **settings)
    # the unpruned model and two others; each of ten blocks omits rows
    assert n_calls == 3
    assert pruned.path_.frame()["difference_se"][1:].gt(0).all()


def test_standard_errors_are_equal_with_a_scorer_function():
    model = LogisticRegression().fit(*IRIS)
    cv = [(np.arange(0, 150, 2), np.arange(1, 150, 2))]
    ours, own = (
        prune(model, *IRIS, cv=cv, scoring=scoring).path_.frame()
        for scoring in ("accuracy", own_score)
    )
    assert own["score_se"].gt(0).all()
    assert ours.equals(own)
