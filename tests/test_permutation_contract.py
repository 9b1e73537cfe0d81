"""Permutation importances of every kind of model have the numbers of scikit-learn.

Each model is scored by metrics that are computed as arrays, by other metrics, by
several at once, with weights, and on a sample of the rows.
"""

from inspect import signature

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import inspection
from sklearn.base import clone, is_classifier
from sklearn.datasets import make_classification, make_regression
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.linear_model import (
    BayesianRidge,
    LinearRegression,
    LogisticRegression,
    Perceptron,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    SGDRegressor,
    TweedieRegressor,
)
from sklearn.metrics import make_scorer, max_error, mean_pinball_loss
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC, LinearSVC, LinearSVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklprune import permutation_importance
from sklprune._permutation import scores as engine
from sklprune._permutation.orders import shuffles

N, P = 90, 6
BINARY = make_classification(N, P, n_informative=3, random_state=0)
SHORT = {"max_iter": 30, "random_state": 0}
LETTERS = make_classification(
    N, P, n_informative=4, n_redundant=0, n_classes=3, random_state=1
)
LETTERS = LETTERS[0], np.array(["ant", "bee", "cat"])[LETTERS[1]]
VALUES = make_regression(N, P, n_informative=3, noise=10, random_state=0)
COUNTS = VALUES[0], np.round(np.abs(VALUES[1]) / 30)
SEVERAL = VALUES[0], np.column_stack([VALUES[1], COUNTS[1]])
MISSING = np.where(np.random.RandomState(0).rand(N, P) < 0.1, np.nan, VALUES[0])
CATEGORIES = np.column_stack(
    [VALUES[0][:, :1], np.arange(N) % 7, VALUES[0][:, 1:4], np.arange(N) % 3]
)

TREES = {
    "tree": (DecisionTreeClassifier(random_state=0), LETTERS),
    "tree of values": (DecisionTreeRegressor(max_depth=4, random_state=0), VALUES),
    "best-first tree": (
        DecisionTreeRegressor(max_leaf_nodes=9, random_state=0),
        VALUES,
    ),
    "stump": (DecisionTreeClassifier(max_depth=1), BINARY),
    "leaf": (DecisionTreeRegressor(min_samples_leaf=80), VALUES),
    "forest": (RandomForestClassifier(7, random_state=0), BINARY),
    "forest of three classes": (RandomForestClassifier(7, random_state=0), LETTERS),
    "forest of values": (RandomForestRegressor(7, random_state=0), VALUES),
    "forest of several": (RandomForestRegressor(7, random_state=0), SEVERAL),
    "forest with missing values": (
        RandomForestRegressor(7, random_state=0),
        (MISSING, VALUES[1]),
    ),
    "extra trees": (ExtraTreesClassifier(7, random_state=0), LETTERS),
    "extra trees of values": (ExtraTreesRegressor(7, random_state=0), VALUES),
    "bagged trees": (
        BaggingClassifier(n_estimators=5, max_features=0.6, random_state=0),
        LETTERS,
    ),
    "bagged trees of values": (BaggingRegressor(random_state=0), VALUES),
    "boosting": (GradientBoostingClassifier(n_estimators=9, random_state=0), BINARY),
    "boosting of three classes": (
        GradientBoostingClassifier(n_estimators=5, random_state=0),
        LETTERS,
    ),
    "boosting of values": (GradientBoostingRegressor(n_estimators=9), VALUES),
    "boosting from zero": (
        GradientBoostingRegressor(n_estimators=9, init="zero", loss="huber"),
        VALUES,
    ),
    "histograms": (
        HistGradientBoostingClassifier(max_iter=9, min_samples_leaf=5),
        BINARY,
    ),
    "histograms of three classes": (
        HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=5),
        LETTERS,
    ),
    "histograms of counts": (
        HistGradientBoostingRegressor(max_iter=9, min_samples_leaf=5, loss="poisson"),
        COUNTS,
    ),
    "histograms with missing values": (
        HistGradientBoostingRegressor(max_iter=9, min_samples_leaf=5),
        (MISSING, VALUES[1]),
    ),
    "histograms with categories": (
        HistGradientBoostingRegressor(
            max_iter=9, min_samples_leaf=5, categorical_features=[1, 5]
        ),
        (CATEGORIES, VALUES[1]),
    ),
}
LAYERS = {
    "logistic": (LogisticRegression(), BINARY),
    "logistic of three classes": (LogisticRegression(), LETTERS),
    "without intercept": (LogisticRegression(fit_intercept=False), BINARY),
    "ridge classifier": (RidgeClassifier(), BINARY),
    "perceptron": (Perceptron(random_state=0), LETTERS),
    "sgd": (SGDClassifier(loss="modified_huber", random_state=0), LETTERS),
    "linear svm": (LinearSVC(random_state=0), BINARY),
    "linear svm of values": (LinearSVR(random_state=0), VALUES),
    "discriminant": (LinearDiscriminantAnalysis(), BINARY),
    "discriminant of three classes": (LinearDiscriminantAnalysis(), LETTERS),
    "least squares": (LinearRegression(), VALUES),
    "bayesian ridge": (BayesianRidge(), VALUES),
    "sgd of values": (SGDRegressor(random_state=0), VALUES),
    "ridge of several": (Ridge(), SEVERAL),
    "poisson": (PoissonRegressor(), COUNTS),
    "tweedie": (TweedieRegressor(power=1.5), (COUNTS[0], COUNTS[1] + 0.5)),
    "network": (
        MLPClassifier(hidden_layer_sizes=(8,), **SHORT),
        BINARY,
    ),
    "deep network": (
        MLPClassifier(hidden_layer_sizes=(8, 5), activation="tanh", **SHORT),
        LETTERS,
    ),
    "network of values": (
        MLPRegressor(hidden_layer_sizes=(8,), **SHORT),
        VALUES,
    ),
    "network of several": (
        MLPRegressor(hidden_layer_sizes=(8,), activation="logistic", **SHORT),
        SEVERAL,
    ),
}
OTHERS = {
    "neighbours": (KNeighborsClassifier(), LETTERS),
    "neighbours of values": (KNeighborsRegressor(), SEVERAL),
    "bayes": (GaussianNB(), LETTERS),
    "kernel": (SVC(), BINARY),
    "votes": (VotingClassifier([("a", GaussianNB()), ("b", SVC())]), LETTERS),
    "boosting after a model": (
        GradientBoostingRegressor(n_estimators=9, init=Ridge()),
        VALUES,
    ),
    "bagged models": (BaggingRegressor(Ridge(), random_state=0), VALUES),
}
FAST = TREES | LAYERS
WEIGHTED_MAXIMUM = signature(max_error).parameters
MODELS = FAST | OTHERS


def pinball(y, predicted, sample_weight=None):
    return mean_pinball_loss(y, predicted, sample_weight=sample_weight, alpha=0.3)


def scorings(model, y):
    """The scorings that suit a model: arrays, other metrics, and several at once."""
    if not is_classifier(model):
        several = ["neg_mean_squared_error", "r2", "neg_mean_absolute_error"]
        if y.ndim > 1:
            return [None, several]
        more = ["neg_root_mean_squared_error", "explained_variance"]
        # it takes no weights in older releases
        more += ["neg_max_error"] if "sample_weight" in WEIGHTED_MAXIMUM else []
        own = {"a": "r2", "b": make_scorer(pinball, greater_is_better=False)}
        return [None, [*several, *more], own]
    two = len(np.unique(y)) == 2
    names = ["balanced_accuracy", "f1_macro", "f1_weighted"]
    names += ["average_precision", "f1"] if two else []
    names += ["roc_auc"] if two and hasattr(model, "decision_function") else []
    if hasattr(model, "predict_proba"):
        names += ["neg_log_loss"]
        names += ["roc_auc"] if two else ["roc_auc_ovr"]
    return [None, "accuracy", sorted(set(names))]


def assert_same_importances(ours, theirs, exact):
    if "importances" in theirs:
        ours, theirs = {"score": ours}, {"score": theirs}
    assert ours.keys() == theirs.keys()
    for name in theirs:
        for key in ("importances", "importances_mean", "importances_std"):
            if exact:
                np.testing.assert_array_equal(ours[name][key], theirs[name][key], name)
            else:
                atol = 1e-12 * max(1, np.abs(theirs[name]["importances"]).max())
                np.testing.assert_allclose(
                    ours[name][key], theirs[name][key], rtol=0, atol=atol, err_msg=name
                )


@pytest.fixture(scope="module")
def models():
    return {name: clone(model).fit(*rows) for name, (model, rows) in MODELS.items()}


WEIGHTS = {
    "no weights": None,
    "weights": np.random.RandomState(0).rand(N) * (np.arange(N) % 5 > 0),
}


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("name", MODELS)
def test_importances_are_those_of_scikit_learn(name, weights, models, monkeypatch):
    X, y = MODELS[name][1]
    model = models[name]
    if name in FAST:
        monkeypatch.setattr(engine, "_found_in_tables", None)
    options = {"random_state": 3, "n_repeats": 2, "sample_weight": WEIGHTS[weights]}
    for scoring in scorings(model, y):
        theirs = inspection.permutation_importance(
            model, X, y, scoring=scoring, **options
        )
        ours = permutation_importance(model, X, y, scoring=scoring, **options)
        assert_same_importances(ours, theirs, exact=name in TREES)


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
@pytest.mark.parametrize("name", MODELS)
def test_importances_on_a_sample_are_those_of_scikit_learn(name, container, models):
    X, y = MODELS[name][1]
    X, model = container(X), models[name]
    if container is pd.DataFrame:
        model = clone(model).fit(X, y)
    options = {"random_state": 0, "n_repeats": 2, "max_samples": 0.6}
    theirs = inspection.permutation_importance(model, X, y, **options)
    ours = permutation_importance(model, X, y, **options)
    assert_same_importances(ours, theirs, exact=name in TREES)


@pytest.mark.parametrize("name", [name for name in FAST if "missing" not in name])
def test_sparse_rows_give_the_importances_of_dense_rows(name, models):
    X, y = MODELS[name][1]
    if not models[name].__sklearn_tags__().input_tags.sparse:
        pytest.skip("the model takes no sparse rows")
    X = np.where(np.abs(X) < 0.5, 0, X)
    model = clone(MODELS[name][0]).fit(X, y)
    dense = permutation_importance(model, X, y, random_state=0)
    for kind in (sparse.csr_matrix, sparse.coo_array):
        ours = permutation_importance(model, kind(X), y, random_state=0)
        np.testing.assert_allclose(
            ours.importances, dense.importances, rtol=0, atol=1e-12
        )


@pytest.mark.parametrize("name", TREES)
def test_blocks_of_rows_give_the_same_importances(name, models, monkeypatch):
    X, y = MODELS[name][1]
    whole = permutation_importance(models[name], X, y, random_state=0)
    module = "sklprune._trees.permuted_columns"
    monkeypatch.setattr(f"{module}.MAX_PAIRS", 200)
    monkeypatch.setattr(f"{module}.MAX_VALUES", 2000)
    ours = permutation_importance(models[name], X, y, random_state=0)
    np.testing.assert_array_equal(ours.importances, whole.importances)


@pytest.mark.parametrize("name", ["forest of values", "logistic", "neighbours"])
def test_parallel_columns_give_the_same_importances(name, models):
    X, y = MODELS[name][1]
    options = {"random_state": 0, "n_repeats": 2}
    one = permutation_importance(models[name], X, y, **options)
    two = permutation_importance(models[name], X, y, n_jobs=2, **options)
    np.testing.assert_array_equal(one.importances, two.importances)


def test_a_model_that_predicts_rows_together_is_not_stacked():
    X, y = VALUES
    centred = FunctionTransformer(lambda X: X - X.max(axis=0))
    model = make_pipeline(centred, Ridge()).fit(X, y)
    options = {"random_state": 0, "max_samples": 0.5}
    theirs = inspection.permutation_importance(model, X, y, **options)
    ours = permutation_importance(model, X, y, **options)
    assert_same_importances(ours, theirs, exact=False)


@pytest.mark.parametrize("name", ["logistic of three classes", "least squares"])
def test_integers_and_single_precision(name):
    X, y = FAST[name][1]
    for dtype in (int, np.float32, bool, object):
        rows = np.round(3 * X).astype(dtype)
        model = clone(FAST[name][0]).fit(rows, y)
        theirs = inspection.permutation_importance(model, rows, y, random_state=0)
        ours = permutation_importance(model, rows, y, random_state=0)
        atol = 1e-6 if dtype is np.float32 else 1e-12
        np.testing.assert_allclose(ours.importances, theirs.importances, atol=atol)


def test_ties_of_a_linear_model_are_decided_as_by_the_model():
    rng = np.random.RandomState(0)
    X = rng.randint(-1, 2, (400, 4)).astype(float)
    y = (X.sum(axis=1) + rng.randn(400) > 0).astype(int)
    model = LogisticRegression(fit_intercept=False).fit(X, y)
    # equal weights: many decision values are zero up to rounding
    model.coef_[:] = [0.1, 0.1, -0.2, 0.3]
    theirs = inspection.permutation_importance(model, X, y, random_state=0)
    ours = permutation_importance(model, X, y, random_state=0)
    np.testing.assert_array_equal(ours.importances, theirs.importances)


@pytest.mark.parametrize("name", ["forest", "logistic", "network", "histograms"])
def test_columns_that_are_not_read_have_importance_zero(name):
    X, y = BINARY
    X = np.column_stack([X, np.zeros(N)])
    model = clone(FAST[name][0]).fit(X, y)
    scoring = ["accuracy", "neg_log_loss", "roc_auc", "neg_brier_score"]
    # other values than in the fit
    rows = np.column_stack([X[:, :-1], np.arange(N)])
    if name == "network":
        model.coefs_[0][-1] = 0
    found = permutation_importance(model, rows, y, scoring=scoring, random_state=0)
    for of_metric in found.values():
        np.testing.assert_array_equal(of_metric.importances[-1], 0.0)


def test_a_score_that_is_not_finite_names_the_column():
    X, y = VALUES
    X = pd.DataFrame(X, columns=list("abcdef"))
    model = Ridge().fit(X, y)
    before = model.score(X, y)

    def score(estimator, X, y):
        value = estimator.score(X, y)
        return value if value == before else np.nan

    with pytest.raises(ValueError, match="score is nan after a permutation of a"):
        permutation_importance(model, X, y, scoring=score, random_state=0)


@pytest.mark.parametrize(
    "value, words", [(1.0, "all numbers in X are finite"), (np.nan, "not finite in b")]
)
def test_a_score_that_is_not_finite_before_a_permutation_has_a_cause(value, words):
    X = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [0.0, 1.0, 0.0, value]})
    y = [0, 0, 1, 1]
    model = HistGradientBoostingClassifier(max_iter=1).fit(X, y)
    with pytest.raises(ValueError, match="score of Hist.* is nan") as error:
        permutation_importance(model, X, y, scoring=lambda *rows: np.nan)
    assert words in error.value.__notes__[0]


def test_a_score_that_fails_names_the_column():
    X, y = VALUES
    model = Ridge().fit(X, y)

    def score(y, predicted):
        if len(calls) > 3:
            raise RuntimeError("no score")
        calls.append(1)
        return 0.0

    calls = []
    with pytest.raises(RuntimeError, match="no score") as error:
        permutation_importance(model, X, y, scoring=make_scorer(score), n_repeats=2)
    assert "a permutation of x1" in "".join(error.value.__notes__)


# -- what scikit-learn does not have ---------------------------------------------------


@pytest.mark.parametrize("name", ["forest of values", "least squares", "neighbours"])
@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
def test_groups_are_permuted_together(name, container, models):
    X, y = MODELS[name][1]
    model = clone(MODELS[name][0]).fit(container(X), y)
    groups = {"first": [0, 3], "second": [5, 1]}
    ours = permutation_importance(
        model, container(X), y, feature_groups=groups, random_state=0, n_repeats=2
    )
    _, orders = shuffles(N, 2, 1.0, 0)
    for columns in ([0, 3], [1, 5], [2], [4]):
        for repeat, order in enumerate(orders):
            table = X.copy()
            table[:, columns] = X[order][:, columns]
            expected = model.score(container(X), y) - model.score(container(table), y)
            found = ours.importances[columns, repeat]
            np.testing.assert_allclose(found, expected, atol=1e-12)


def test_same_rows_compare_the_scores_of_the_same_rows(models):
    X, y = np.column_stack([VALUES[0], np.zeros(N)]), VALUES[1]
    model = Ridge().fit(X, y)
    options = {"max_samples": 0.3, "random_state": 0}
    all_rows = permutation_importance(model, X, y, **options)
    same_rows = permutation_importance(model, X, y, baseline="same_rows", **options)
    assert (all_rows.importances[-1] != 0).all()
    np.testing.assert_array_equal(same_rows.importances[-1], 0)
    np.testing.assert_allclose(
        same_rows.importances - same_rows.importances[-1],
        all_rows.importances - all_rows.importances[-1],
    )


def test_an_unknown_baseline_is_an_error(models):
    with pytest.raises(ValueError, match="baseline='mean' must be one of"):
        permutation_importance(models["poisson"], *COUNTS, baseline="mean")


@pytest.mark.parametrize("labels", [[0, 1], [-1, 1], [1, 2]], ids=str)
@pytest.mark.parametrize("name", ["f1", "average_precision"])
def test_scores_of_the_positive_class_follow_its_label(name, labels):
    X, y = BINARY
    y = np.array(labels)[y]
    model = LogisticRegression().fit(X, y)
    options = {"scoring": name, "random_state": 0, "n_repeats": 2}
    theirs = inspection.permutation_importance(model, X, y, **options)
    ours = permutation_importance(model, X, y, **options)
    assert_same_importances(ours, theirs, exact=False)
