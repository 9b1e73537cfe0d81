"""`PrunedEstimator` has the methods, attributes and keywords of its model."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from sklprune import FeaturePruningSelector, PrunedEstimator, prune

DATA = load_iris(as_frame=True)
X, Y = DATA.data.to_numpy(), DATA.target.to_numpy()
METHODS = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "transform",
    "score_samples",
    "score",
)
MODELS = [
    LogisticRegression(max_iter=300),
    Ridge(),
    LinearSVC(),
    SVC(),
    RandomForestClassifier(5, random_state=0),
    make_pipeline(StandardScaler(), LogisticRegression()),
    make_pipeline(StandardScaler(), LinearSVC()),
    KMeans(3, n_init=1, random_state=0),
    GaussianMixture(2, random_state=0),
    StandardScaler(),
]


@pytest.fixture(params=MODELS, ids=str)
def model(request):
    return request.param


def has(estimator):
    return {name for name in METHODS if hasattr(estimator, name)}


def pruned_on(model):
    scoring = None if hasattr(model, "score") else lambda *_: 0.0
    return PrunedEstimator(model, pruning_ratio=0.5, random_state=0, scoring=scoring)


def test_it_has_the_methods_of_the_model_before_and_after_fit(model):
    pruned = pruned_on(model)
    assert has(pruned) == has(model)
    pruned.fit(X, Y)
    assert has(pruned) == has(pruned.estimator_)


@pytest.mark.filterwarnings("ignore:divide by zero encountered in log")
def test_methods_return_what_the_pruned_model_returns(model):
    pruned = pruned_on(model).fit(X, Y)
    for name in has(pruned) - {"score"}:
        of_model = getattr(pruned.estimator_, name)(X)
        np.testing.assert_array_equal(getattr(pruned, name)(X), of_model)
    if hasattr(model, "score"):
        assert pruned.score(X, Y) == pruned.estimator_.score(X, Y)


def test_methods_raise_before_fit(model):
    pruned = pruned_on(model)
    for name in has(pruned):
        with pytest.raises(NotFittedError, match="PrunedEstimator"):
            getattr(pruned, name)(X)
    for name in ("classes_", "n_features_in_", "feature_names_in_", "estimator_"):
        assert not hasattr(pruned, name)


def test_a_method_hidden_by_a_parameter_is_hidden():
    assert not hasattr(PrunedEstimator(SVC()), "predict_proba")
    assert not hasattr(PrunedEstimator(FrozenEstimator(LinearSVC())), "predict_proba")
    with pytest.raises(AttributeError, match="predict_proba"):
        PrunedEstimator(LinearSVC()).predict_proba(X)


def test_attributes_are_those_of_the_model():
    classifier = pruned_on(LogisticRegression(max_iter=300)).fit(DATA.data, Y)
    assert classifier.classes_.tolist() == [0, 1, 2]
    assert classifier.n_features_in_ == 4
    assert classifier.feature_names_in_.tolist() == list(DATA.data.columns)
    regressor = pruned_on(Ridge()).fit(X, Y)
    assert not hasattr(regressor, "classes_")
    assert not hasattr(regressor, "feature_names_in_")


@pytest.mark.parametrize("kind", [list, np.array])
def test_the_model_validates_its_input(kind):
    """Lists of strings are passed on, and `n_features_in_` is not invented."""
    texts = kind(["red apple", "green apple", "red car", "blue car"] * 5)
    y = np.tile([0, 0, 1, 1], 5)
    model = make_pipeline(CountVectorizer(), MultinomialNB())
    frozen = prune(
        make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, y),
        texts,
        y,
        pruning_ratio=0.4,
    )
    assert frozen.predict(texts).tolist() == y.tolist()
    assert not hasattr(frozen, "n_features_in_")
    # their terms are columns
    columns = PrunedEstimator(model, pruning_ratio=0.5, random_state=0).fit(texts, y)
    assert columns.predict(texts).shape == y.shape
    assert not hasattr(columns, "n_features_in_")


def test_keywords_are_passed_to_the_pruned_model():
    process = GaussianProcessRegressor()
    pruned = PrunedEstimator(process, pruning_ratio=0.5, random_state=0).fit(X, Y)
    for one, two in zip(
        pruned.predict(X, return_std=True),
        pruned.estimator_.predict(X, return_std=True),
    ):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(TypeError, match="return_everything"):
        pruned.predict(X, return_everything=True)


def test_the_selector_transforms_and_does_not_predict():
    selector = FeaturePruningSelector(LogisticRegression())
    assert has(selector) == {"transform"}
    with pytest.raises(NotFittedError, match="FeaturePruningSelector"):
        selector.transform(X)
