"""Training of a stripped or pruned model continues, and never changes the original."""

import pickle

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.cluster import Birch, MiniBatchKMeans
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import (
    BaggingRegressor,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.linear_model import (
    ElasticNet,
    LogisticRegression,
    Perceptron,
    SGDClassifier,
    SGDOneClassSVM,
    SGDRegressor,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sklprune import prune, strip
from sklprune.methods import Recast

GROWING = [
    GradientBoostingClassifier(n_estimators=6, random_state=0),
    GradientBoostingRegressor(n_estimators=6, subsample=0.5, random_state=0),
    GradientBoostingRegressor(
        n_estimators=6, max_features=2, n_iter_no_change=3, random_state=0
    ),
    HistGradientBoostingClassifier(max_iter=6, random_state=0),
    HistGradientBoostingRegressor(max_iter=6, max_features=0.5, random_state=0),
    HistGradientBoostingRegressor(max_iter=6, early_stopping=True, random_state=0),
    HistGradientBoostingClassifier(
        max_iter=6, early_stopping=True, scoring=None, random_state=0
    ),
    HistGradientBoostingRegressor(
        max_iter=6, early_stopping=True, scoring="r2", random_state=0
    ),
    ExtraTreesClassifier(6, random_state=0),
    RandomForestRegressor(6, max_depth=5, random_state=0),
    BaggingRegressor(n_estimators=6, random_state=0),
]
WARM = [
    ElasticNet(alpha=0.01),
    LogisticRegression(),
    MLPClassifier((9,), max_iter=3, random_state=0),
    MLPRegressor(
        hidden_layer_sizes=(9,), max_iter=3, early_stopping=True, random_state=0
    ),
    SGDClassifier(average=True, random_state=0),
    SGDRegressor(average=10, random_state=0),
]
PARTIAL = [
    GaussianNB(),
    MLPRegressor(hidden_layer_sizes=(9,), max_iter=3, random_state=0),
    MiniBatchKMeans(3, random_state=0),
    Perceptron(random_state=0),
    SGDClassifier(random_state=0),
    SGDOneClassSVM(random_state=0),
    SGDRegressor(average=True, random_state=0),
]

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer"),
    pytest.mark.filterwarnings("ignore:Maximum number of iteration"),
    pytest.mark.filterwarnings("ignore:pruning_ratio=.*was reached"),
]


def rows_for(model):
    if is_classifier(model):
        return load_iris(return_X_y=True)
    X, y = load_diabetes(return_X_y=True)
    return X[:200], y[:200] / 100


def size_name(model):
    return "max_iter" if hasattr(model, "max_iter") else "n_estimators"


def continued(model, X, y):
    """The model after five more trees, or after another fit."""
    if any(type(model) is type(each) for each in GROWING):
        name = size_name(model)
        model.set_params(**{name: getattr(model, name) + 5})
    return model.set_params(warm_start=True).fit(X, y)


def n_stages(model):
    """Number of fitted trees for each output."""
    if hasattr(model, "n_iter_"):
        return model.n_iter_
    return len(model.estimators_)


@pytest.mark.parametrize("model", GROWING + WARM, ids=lambda m: type(m).__name__)
def test_training_continues_with_a_warm_start(model):
    X, y = rows_for(model)
    model.fit(X, y)
    before = pickle.dumps(model)
    small = prune(model, X, y, pruning_ratio=0.5, random_state=0).estimator_
    for each in (strip(model), small):
        fitted = n_stages(each) if any(model is other for other in GROWING) else None
        continued(each, X, y)
        assert np.isfinite(each.score(X, y))
        if fitted is not None and not getattr(model, "n_iter_no_change", None):
            assert n_stages(each) == fitted + 5
    # neither the trees of the original nor its random numbers have changed
    assert pickle.dumps(model) == before


@pytest.mark.parametrize("model", PARTIAL, ids=lambda m: type(m).__name__)
def test_training_continues_with_partial_fit(model):
    X, y = rows_for(model)
    model.fit(X, y)
    before = pickle.dumps(model)
    copies = [strip(model)]
    if not isinstance(model, SGDOneClassSVM | MiniBatchKMeans | GaussianNB):
        copies.append(prune(model, X, y, pruning_ratio=0.5).estimator_)
    for each in copies:
        each.partial_fit(X, y)
        assert len(each.predict(X)) == len(X)
    assert pickle.dumps(model) == before


@pytest.mark.parametrize(
    "model",
    [
        GradientBoostingRegressor(n_estimators=6, random_state=0),
        GradientBoostingRegressor(n_estimators=6, subsample=0.5, random_state=0),
        HistGradientBoostingClassifier(max_iter=6, max_features=0.5, random_state=0),
        HistGradientBoostingRegressor(
            max_iter=30, early_stopping=True, n_iter_no_change=2, random_state=0
        ),
        RandomForestRegressor(6, random_state=0),
    ],
    ids=lambda m: type(m).__name__,
)
def test_a_stripped_model_continues_like_the_original(model):
    X, y = rows_for(model)
    stripped = continued(strip(model.fit(X, y)), X, y)
    original = continued(model, X, y)
    assert n_stages(stripped) == n_stages(original)
    np.testing.assert_allclose(stripped.predict(X), original.predict(X), rtol=1e-9)


@pytest.mark.parametrize("subsample", [1.0, 0.5])
def test_stripped_boosting_continues_after_a_file_of_skops(subsample):
    sio = pytest.importorskip("skops.io")
    X, y = rows_for(GradientBoostingRegressor())
    for seed in (0, None):
        model = GradientBoostingRegressor(
            n_estimators=4, subsample=subsample, random_state=seed
        )
        # twice, since a pruned model may be pruned again
        stripped = strip(strip(model.fit(X, y)))
        data = sio.dumps(stripped)
        loaded = sio.loads(data, trusted=sio.get_untrusted_types(data=data))
        np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
        assert n_stages(continued(loaded, X, y)) == 9


def test_new_stages_reduce_the_loss_that_is_left_after_pruning():
    X, y = rows_for(RandomForestRegressor())
    for model in (
        GradientBoostingRegressor(n_estimators=20, random_state=0),
        HistGradientBoostingRegressor(max_iter=20, random_state=0),
    ):
        small = prune(model.fit(X, y), X, y, pruning_ratio=0.8).estimator_
        before, trees = small.score(X, y), n_stages(small)
        continued(small, X, y)
        assert n_stages(small) == trees + 5
        assert small.score(X, y) > before
        if hasattr(small, "train_score_"):
            # the scores of earlier stages are not known, those of new ones are
            assert np.isfinite(small.train_score_[-5:]).all()


def test_state_that_cannot_be_copied_is_shared():
    X = np.random.RandomState(0).normal(size=(2000, 2))
    model = Birch(threshold=0.01, branching_factor=5, n_clusters=None).fit(X)
    np.testing.assert_array_equal(strip(model).predict(X), model.predict(X))


def test_training_state_stays_small():
    X, y = rows_for(RandomForestRegressor())
    model = GradientBoostingRegressor(n_estimators=3, random_state=0)
    assert len(pickle.dumps(strip(model.fit(X, y)))) < len(pickle.dumps(model)) - 3000
    assert b"MT19937" not in pickle.dumps(strip(model))


def test_the_report_states_what_the_result_cannot_do():
    X, y = rows_for(RandomForestRegressor())
    forest = RandomForestRegressor(3, max_depth=3, random_state=0).fit(X, y)
    report = str(prune(forest, X, y, method=Recast("hist_gradient_boosting")).report_)
    assert "Training of HistGradientBoostingRegressor cannot be continued" in report
    assert "missing values" not in report
    report = str(prune(forest, X, y, method="recast").report_)
    assert "GradientBoostingRegressor rejects missing values" in report
    assert "cannot be continued" not in report
    X, y = rows_for(SGDClassifier())
    model = SGDClassifier(average=True, random_state=0).fit(X, y)
    small = prune(model, X, y, pruning_ratio=0.5)
    assert "SGDClassifier cannot be continued: partial_fit" in str(small.report_)
    report = str(prune(forest, *rows_for(forest), pruning_ratio=0.5).report_)
    assert "cannot be continued" not in report


@pytest.mark.parametrize("scoring", ["r2", None, "loss"])
def test_histogram_boosting_with_any_early_stopping_can_be_pruned(scoring):
    # scikit-learn leaves a method behind that is bound to the original
    X, y = rows_for(RandomForestRegressor())
    model = HistGradientBoostingRegressor(
        max_iter=8, early_stopping=True, scoring=scoring, random_state=0
    ).fit(X, y)
    small = prune(model, X, y, pruning_ratio=0.5).estimator_
    assert "_raw_predict" not in vars(small)
    raw = small._baseline_prediction.ravel() + sum(
        tree.predict(X, *small._bin_mapper.make_known_categories_bitsets(), 1)
        for (tree,) in small._predictors
    )
    np.testing.assert_allclose(small.predict(X), raw)
    assert not np.allclose(small.predict(X), model.predict(X))
