"""An interrupted or failed fit changes nothing: no attribute, no file in a cache."""

import copy
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from sklprune import FeaturePruningSelector, PrunedEstimator, prune

KINDS = [PrunedEstimator, FeaturePruningSelector]


class Interrupted(ClassifierMixin, BaseEstimator):
    """A model whose n-th fit or prediction is interrupted.

    Parameters
    ----------
    name : str
        What is counted: "fit" or "predict".
    n : int
        Which call is interrupted, from 0 on; -1 for none.
    error : type
    """

    count = 0

    def __init__(self, name="fit", n=-1, error=KeyboardInterrupt):
        self.name, self.n, self.error = name, n, error

    def _count(self, name):
        if name == self.name:
            if Interrupted.count == self.n:
                raise self.error("at call", self.n)
            Interrupted.count += 1

    def fit(self, X, y):
        self._count("fit")
        self.model_ = LogisticRegression().fit(X, y)
        self.classes_ = self.model_.classes_
        self.n_features_in_ = self.model_.n_features_in_
        return self

    def predict(self, X):
        self._count("predict")
        return self.model_.predict(X)


@pytest.fixture(autouse=True)
def _from_zero():
    Interrupted.count = 0


def of_kind(kind, model, **settings):
    settings = {"method": "permutation", "pruning_ratio": [0.25, 0.5]} | settings
    return kind(model, cv=2, random_state=0, **settings)


def n_calls(kind, name, X, y):
    """How often a complete fit calls a method of the model."""
    Interrupted.count = 0
    of_kind(kind, Interrupted(name)).fit(X, y)
    count, Interrupted.count = Interrupted.count, 0
    return count


@pytest.mark.parametrize(
    "name, error",
    [
        ("fit", KeyboardInterrupt),
        ("fit", RuntimeError),
        ("predict", KeyboardInterrupt),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_first_fit_that_is_interrupted_has_no_attributes(binary, kind, name, error):
    n_all = n_calls(kind, name, *binary)
    assert n_all > 8
    for n in np.unique(np.linspace(0, n_all - 1, 10).astype(int)):
        Interrupted.count = 0
        pruned = of_kind(kind, Interrupted(name, n, error))
        before = vars(pruned).copy()
        with pytest.raises(error):
            pruned.fit(*binary)
        assert vars(pruned) == before
        with pytest.raises(AttributeError):
            check_is_fitted(pruned)


@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupted_second_fit_keeps_the_first_one(binary, kind):
    X, y = binary
    pruned = of_kind(kind, Interrupted()).fit(X, y)
    before = vars(pruned).copy()
    predicted = copy.deepcopy(pruned)
    for n in (0, 2, 5):
        Interrupted.count = 0
        # the other columns, another ratio: nothing of them may be mixed in
        pruned.set_params(estimator=Interrupted("fit", n), pruning_ratio=[0.8])
        with pytest.raises(KeyboardInterrupt):
            pruned.fit(X[:, :5], y)
        pruned.set_params(
            **{name: before[name] for name in ("estimator", "pruning_ratio")}
        )
        assert vars(pruned).keys() == before.keys()
        assert all(vars(pruned)[key] is before[key] for key in before)
        call = "predict" if kind is PrunedEstimator else "transform"
        expected = getattr(predicted, call)(X)
        np.testing.assert_array_equal(getattr(pruned, call)(X), expected)


@pytest.mark.parametrize(
    "model, settings",
    [
        (LogisticRegression(), {"method": "recursive_elimination"}),
        (MLPClassifier((6,), max_iter=5), {"method": "neuron_elimination"}),
        (make_pipeline(StandardScaler(), LogisticRegression()), {}),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_an_interrupted_scorer(binary, model, settings):
    class Scorer:
        def __init__(self, n):
            self.n = n

        def __call__(self, estimator, X, y):
            self.n -= 1
            if self.n == 0:
                raise KeyboardInterrupt
            return estimator.score(X, y)

    settings = {"method": "permutation", **settings}
    for n in (1, 3, 6):
        pruned = of_kind(PrunedEstimator, model, scoring=Scorer(n), **settings)
        before = vars(pruned).copy()
        with pytest.raises(KeyboardInterrupt):
            pruned.fit(*binary)
        assert vars(pruned) == before


def test_a_given_model_is_not_changed(binary):
    X, y = binary
    model = Interrupted().fit(X, y)
    state = copy.deepcopy(vars(model.model_))
    model.set_params(n=2)
    Interrupted.count = 0
    with pytest.raises(KeyboardInterrupt):
        prune(model, X, y, method="permutation", pruning_ratio=[0.2, 0.5], cv=2)
    assert state.keys() == vars(model.model_).keys()
    np.testing.assert_array_equal(state["coef_"], model.model_.coef_)


# -- the folder of a memory ------------------------------------------------------------


def files_in(folder):
    return sorted(file for file in Path(folder).rglob("*") if file.is_file())


def test_a_memory_is_valid_after_an_interruption(binary, tmp_path):
    X, y = binary
    for n in (0, 1, 3, 6):
        Interrupted.count = 0
        model = Interrupted("fit", n)
        with pytest.raises(KeyboardInterrupt):
            of_kind(PrunedEstimator, model, memory=str(tmp_path)).fit(X, y)
    again = [
        of_kind(PrunedEstimator, LogisticRegression(), memory=memory).fit(X, y)
        for memory in (None, str(tmp_path), str(tmp_path))
    ]
    for pruned in again[1:]:
        np.testing.assert_array_equal(pruned.predict(X), again[0].predict(X))
    for file in files_in(tmp_path):
        names = ("output.pkl", "metadata.json", "func_code.py", ".gitignore")
        assert file.name in names


def test_no_half_written_file_remains(binary, tmp_path, monkeypatch):
    dump = joblib.numpy_pickle.dump

    def interrupted(value, file, *args, **params):
        file.write(b"the first bytes")
        raise KeyboardInterrupt

    other = tmp_path / "joblib" / "output.pkl.of-another-process-0"
    other.parent.mkdir()
    other.write_bytes(b"")
    pruned = of_kind(PrunedEstimator, LogisticRegression(), memory=str(tmp_path))
    monkeypatch.setattr(joblib.numpy_pickle, "dump", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pruned.fit(*binary)
    assert not list(tmp_path.rglob("output.pkl"))
    assert list(tmp_path.rglob("output.pkl*")) == [other]
    monkeypatch.setattr(joblib.numpy_pickle, "dump", dump)
    pruned.fit(*binary)
    assert list(tmp_path.rglob("output.pkl"))


class InterruptedTraining(MLPClassifier):
    """scikit-learn catches an interruption in a batch, and warns."""

    n_batches = 0

    def _backprop(self, *args, **kwargs):
        InterruptedTraining.n_batches += 1
        if InterruptedTraining.n_batches == 3:
            raise KeyboardInterrupt
        return super()._backprop(*args, **kwargs)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("inside", [False, True])
def test_an_interrupted_training_of_a_network(binary, inside):
    X, y = binary
    network = InterruptedTraining((4,), max_iter=5, random_state=0)
    model = make_pipeline(StandardScaler(), network) if inside else network
    pruned = PrunedEstimator(model, pruning_ratio=0.5, random_state=0)
    InterruptedTraining.n_batches = 0
    with pytest.raises(KeyboardInterrupt):
        pruned.fit(X, y)
    assert not hasattr(pruned, "estimator_")
    pruned.fit(X, y)
    InterruptedTraining.n_batches = 0
    before = vars(pruned).copy()
    with pytest.raises(KeyboardInterrupt):
        pruned.set_params(method="permutation").fit(X, y)
    assert vars(pruned)["estimator_"] is before["estimator_"]
