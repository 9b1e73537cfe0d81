"""Compact files: what is restored, how many bytes they need, and where they load."""

import os
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingRegressor,
)
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklprune import PrunedEstimator, dump, strip
from sklprune._compact.pickler import compact

X, y = load_breast_cancer(return_X_y=True)
X_REG, y_REG = load_diabetes(return_X_y=True)
X_MISSING = np.where(np.random.RandomState(0).rand(*X.shape) < 0.1, np.nan, X)
X_CATEGORY = np.column_stack([np.arange(len(y)) % 7, X_MISSING])
WEIGHT = np.random.RandomState(0).uniform(0.5, 2, len(y))


def forest(**params):
    return RandomForestClassifier(10, random_state=0, **params)


CLASSIFIERS = {
    "forest": forest().fit(X, y),
    "class weights": forest(class_weight="balanced").fit(X, y),
    "row weights": forest().fit(X, y, WEIGHT),
    "missing values": forest().fit(X_MISSING, y),
    "best first": forest(max_leaf_nodes=12).fit(X, y),
    "monotonic": forest(monotonic_cst=[1] + [0] * 29).fit(X, y),
    "several outputs": forest().fit(X, np.column_stack([y, np.arange(len(y)) % 3])),
    "entropy": ExtraTreesClassifier(10, criterion="entropy", random_state=0).fit(X, y),
    "tree": DecisionTreeClassifier(max_leaf_nodes=30, random_state=0).fit(X, y),
    "boosting": GradientBoostingClassifier(n_estimators=30, random_state=0).fit(X, y),
    "histogram": HistGradientBoostingClassifier(max_iter=20).fit(X_MISSING, y),
    "categories": HistGradientBoostingClassifier(
        max_iter=20, categorical_features=[0]
    ).fit(X_CATEGORY, y),
    "bagging": BaggingClassifier(random_state=0).fit(X, y),
    "pipeline": make_pipeline(StandardScaler(), forest()).fit(X, y),
    "calibrated": CalibratedClassifierCV(forest(), cv=3).fit(X, y),
    "search": GridSearchCV(forest(), {"max_depth": [3, 5]}, cv=3).fit(X, y),
    "isolation": IsolationForest(n_estimators=10, random_state=0).fit(X),
    "network": make_pipeline(
        StandardScaler(), MLPClassifier((40, 40), max_iter=10, random_state=0)
    ).fit(X, y),
}
REGRESSORS = {
    "forest": RandomForestRegressor(10, random_state=0).fit(X_REG, y_REG),
    "best first": RandomForestRegressor(10, max_leaf_nodes=20, random_state=0).fit(
        X_REG, y_REG
    ),
    "absolute error": DecisionTreeRegressor(criterion="absolute_error").fit(
        X_REG, y_REG
    ),
    "poisson": DecisionTreeRegressor(criterion="poisson").fit(X_REG, y_REG),
    "several outputs": RandomForestRegressor(5, random_state=0).fit(
        X_REG, np.column_stack([y_REG, -(y_REG**2)])
    ),
    "boosting": GradientBoostingRegressor(n_estimators=30, random_state=0).fit(
        X_REG, y_REG
    ),
    "histogram": HistGradientBoostingRegressor(max_iter=20).fit(X_REG, y_REG),
    "voting": VotingRegressor(
        [
            ("forest", RandomForestRegressor(10, random_state=0)),
            ("linear", LinearRegression()),
        ]
    ).fit(X_REG, y_REG),
}
MODELS = [(name, model, X) for name, model in CLASSIFIERS.items()]
MODELS = [(n, m, X_CATEGORY if n == "categories" else data) for n, m, data in MODELS]
MODELS += [(f"{n}, regression", m, X_REG) for n, m in REGRESSORS.items()]


def through_file(model, path, **params):
    dump(model, path, **params)
    return joblib.load(path)


def trees_of(model):
    """All trees inside a model, in the order of its pickle."""
    found = []

    class Finder(pickle.Pickler):
        def reducer_override(self, value):
            if type(value).__name__ in ("Tree", "TreePredictor"):
                found.append(value)
            return NotImplemented

    with open(os.devnull, "wb") as file:
        Finder(file).dump(model)
    return found


@pytest.mark.parametrize("name, model, data", MODELS, ids=[each[0] for each in MODELS])
def test_predictions_are_equal_to_the_last_bit(name, model, data, tmp_path):
    loaded = through_file(model, tmp_path / "model.pkl")
    assert type(loaded) is type(model)
    for method in ("predict", "predict_proba", "score_samples"):
        if hasattr(model, method):
            before, after = getattr(model, method)(data), getattr(loaded, method)(data)
            # several outputs give a list of arrays
            assert all(np.array_equal(a, b) for a, b in zip(before, after))


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("name, model, data", MODELS, ids=[each[0] for each in MODELS])
def test_trees_keep_their_nodes(name, model, data, exact, tmp_path):
    loaded = through_file(model, tmp_path / "model.pkl", exact=exact)
    before, after = trees_of(strip(model)), trees_of(loaded)
    assert len(before) == len(after)
    for old, new in zip(before, after):
        is_tree = type(old).__name__ == "Tree"
        old_nodes = old.__getstate__()["nodes"] if is_tree else old.nodes
        new_nodes = new.__getstate__()["nodes"] if is_tree else new.nodes
        for field in set(old_nodes.dtype.names) - {"impurity", "gain", "value"}:
            np.testing.assert_array_equal(new_nodes[field], old_nodes[field])
        if not is_tree:
            leaf = old_nodes["is_leaf"] != 0
            assert np.array_equal(new_nodes["value"][leaf], old_nodes["value"][leaf])
            continue
        leaf = old.children_left < 0
        assert np.array_equal(old.value[leaf], new.value[leaf])
        assert old.max_depth == new.max_depth
        if exact:
            assert np.array_equal(old.value, new.value)
            assert np.array_equal(old.impurity, new.impurity)
        rounding = 1e-9 * np.abs(old.impurity).max()
        np.testing.assert_allclose(new.impurity, old.impurity, atol=rounding)
        rounding = 1e-9 * np.abs(old.value).max()
        np.testing.assert_allclose(new.value, old.value, atol=rounding)


def test_importances_and_leaves_are_those_of_the_model(tmp_path):
    model = CLASSIFIERS["best first"]
    loaded = through_file(model, tmp_path / "model.pkl")
    assert np.array_equal(loaded.apply(X), model.apply(X))
    np.testing.assert_allclose(loaded.feature_importances_, model.feature_importances_)


def test_arrays_of_a_loaded_model_can_be_written_to(tmp_path):
    model = MLPClassifier((40,), max_iter=5, random_state=0).fit(X, y)
    loaded = through_file(model, tmp_path / "model.pkl")
    loaded.partial_fit(X, y)
    assert all(array.flags.writeable for array in loaded.coefs_)


@pytest.mark.parametrize(
    "model, factor",
    [
        (RandomForestClassifier(100, random_state=0).fit(X, y), 15),
        (RandomForestRegressor(50, random_state=0).fit(X_REG, y_REG), 20),
        (HistGradientBoostingClassifier(random_state=0).fit(X, y), 5),
    ],
)
def test_file_is_many_times_smaller_than_the_pickle(model, factor, tmp_path):
    dump(model, tmp_path / "model.pkl")
    n_bytes = (tmp_path / "model.pkl").stat().st_size
    assert len(pickle.dumps(strip(model))) >= factor * n_bytes


def test_weights_with_few_values_need_few_bytes(tmp_path):
    model = MLPClassifier((100, 50), max_iter=5, random_state=0).fit(X, y)
    model.coefs_ = [np.round(4 * coef) / 4 for coef in model.coefs_]
    dump(model, tmp_path / "model.pkl")
    loaded = joblib.load(tmp_path / "model.pkl")
    assert all(map(np.array_equal, loaded.coefs_, model.coefs_))
    n_weights = sum(coef.size for coef in model.coefs_)
    assert (tmp_path / "model.pkl").stat().st_size < n_weights


def test_a_scaler_is_restored_to_the_last_bit(tmp_path):
    X = np.random.RandomState(0).normal(size=(50, 400))
    X[:, 7] = 1.0
    scaler = StandardScaler().fit(X)
    dump(scaler, tmp_path / "scaler.pkl")
    loaded = joblib.load(tmp_path / "scaler.pkl")
    for name in ("mean_", "var_", "scale_"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(scaler, name))
    # the standard deviation follows from the variance
    assert os.path.getsize(tmp_path / "scaler.pkl") < 2 * scaler.var_.nbytes + 1500


@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier((9,), alpha=0.5, max_iter=5, random_state=0),
        RandomForestClassifier(3, max_depth=2, criterion="entropy", random_state=0),
        make_pipeline(StandardScaler(with_mean=False), LogisticRegression(C=2.0)),
        GridSearchCV(DecisionTreeClassifier(max_depth=3), {"max_depth": [1]}, cv=2),
    ],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_parameters_and_attributes_are_those_of_the_model(model):
    X, y = load_iris(return_X_y=True)
    given = strip(model.fit(X, y))
    loaded = pickle.loads(compact(given, exact=False)[0])
    assert repr(loaded.get_params()) == repr(given.get_params())
    assert vars(loaded).keys() == vars(given).keys()
    for name, value in vars(given).items():
        if isinstance(value, (bool, int, float, str, type(None))):
            assert repr(getattr(loaded, name)) == repr(value)


def test_pruned_estimator_becomes_plain(tmp_path):
    pruned = PrunedEstimator(forest(), pruning_ratio=0.5, random_state=0).fit(X, y)
    loaded = through_file(pruned, tmp_path / "model.pkl")
    assert type(loaded) is RandomForestClassifier
    assert np.array_equal(loaded.predict_proba(X), pruned.predict_proba(X))


def test_loads_where_sklprune_is_not_installed(tmp_path):
    path = tmp_path / "model.pkl"
    dump({"a": CLASSIFIERS["forest"], "b": CLASSIFIERS["histogram"]}, path)
    code = (
        "import sys, joblib\n"
        "sys.modules['sklprune'] = None\n"
        f"models = joblib.load({str(path)!r})\n"
        "print(len(models['a'].estimators_), type(models['b']).__name__)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert out.stdout.split() == ["10", "HistGradientBoostingClassifier"]
    assert b"sklprune" not in path.read_bytes()


def test_model_is_not_changed_and_the_file_is_repeatable(tmp_path):
    model = CLASSIFIERS["boosting"]
    before = pickle.dumps(model)
    dump(model, tmp_path / "a")
    dump(model, tmp_path / "b")
    assert pickle.dumps(model) == before
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_model_without_compact_parts_is_written_by_joblib(tmp_path):
    X_iris, y_iris = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500).fit(X_iris, y_iris)
    with pytest.warns(UserWarning, match="no part with a compact form"):
        dump(model, tmp_path / "model.pkl")
    loaded = joblib.load(tmp_path / "model.pkl")
    assert np.array_equal(loaded.coef_, model.coef_)


def test_bad_paths_and_models(tmp_path):
    model = CLASSIFIERS["tree"]
    with pytest.raises(FileNotFoundError, match="does not exist"):
        dump(model, tmp_path / "none" / "model.pkl")
    with pytest.raises(IsADirectoryError, match="is a directory"):
        dump(model, tmp_path)
    with pytest.raises(TypeError, match="path=3"):
        dump(model, 3)
    with pytest.raises(NotFittedError, match="not fitted"):
        dump(forest(), tmp_path / "model.pkl")
    assert not os.listdir(tmp_path)


def test_an_existing_file_remains_if_writing_fails(tmp_path):
    path = tmp_path / "model.pkl"
    dump(CLASSIFIERS["tree"], path)
    before = path.read_bytes()
    broken = forest().fit(X, y)
    broken.note_ = lambda: None
    with pytest.raises((pickle.PicklingError, AttributeError)):
        dump(broken, path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["model.pkl"]
