"""`partial_fit`: training and pruning while data arrive."""

import pickle
import threading

import numpy as np
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.cluster import MiniBatchKMeans
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    LogisticRegression,
    PassiveAggressiveClassifier,
    Perceptron,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import PrunedEstimator, Schedule, prune
from sklprune._registry import family_of
from sklprune.methods import Magnitude, StructureSearch

X, Y = load_digits(return_X_y=True)
X, Y = X[:900] / 16, Y[:900]
LABELS = (np.column_stack([Y % 2, Y > 4])).astype(int)
CLASSES = np.arange(10)
FAST = Schedule(begin=2, n_batches=6)

MODELS = {
    "mlp": (MLPClassifier((30, 12), learning_rate_init=0.01), "auto", Y),
    "mlp sgd": (
        MLPClassifier((30,), solver="sgd", learning_rate_init=0.1),
        "neuron_elimination",
        Y,
    ),
    "mlp weights": (MLPClassifier((20, 8)), Magnitude("weight"), Y),
    "mlp values": (MLPRegressor(hidden_layer_sizes=(25,)), "auto", Y / 10.0),
    "mlp labels": (MLPClassifier((25,)), "auto", LABELS),
    "sgd": (SGDClassifier(loss="log_loss"), "auto", Y),
    "sgd of two classes": (SGDClassifier(), "auto", Y > 4),
    "averaged sgd": (SGDClassifier(average=5), "auto", Y),
    "sgd values": (SGDRegressor(average=True), "auto", Y / 10.0),
    "perceptron": (Perceptron(), "auto", Y),
}

# deprecated in scikit-learn 1.8
pytestmark = pytest.mark.filterwarnings("ignore:Class PassiveAggressive")


def batches(y, size=60, n=15):
    for start in range(0, n * size, size):
        yield X[start : start + size], y[start : start + size]


def classes_of(model, y):
    if y.dtype.kind == "f":
        return {}
    return {"classes": np.arange(2) if y is LABELS else np.unique(y)}


def streamed(name, ratio=0.6, schedule=FAST, n=15, **params):
    model, method, y = MODELS[name]
    pruned = PrunedEstimator(
        clone(model).set_params(random_state=0),
        method=method,
        pruning_ratio=ratio,
        schedule=schedule,
        random_state=0,
        **params,
    )
    for rows, targets in batches(y, n=n):
        pruned.partial_fit(rows, targets, **classes_of(model, y))
    return pruned


@pytest.mark.parametrize("name", MODELS)
def test_without_pruning_it_is_the_training_of_scikit_learn(name):
    model, _, y = MODELS[name]
    plain = clone(model).set_params(random_state=0)
    for rows, targets in batches(y):
        plain.partial_fit(rows, targets, **classes_of(model, y))
    pruned = streamed(name, ratio=0.0)
    np.testing.assert_array_equal(pruned.predict(X), plain.predict(X))
    if hasattr(plain, "coefs_"):
        for ours, theirs in zip(pruned.estimator_.coefs_, plain.coefs_):
            np.testing.assert_array_equal(ours, theirs)
    assert pruned.pruning_ratio_ == 0


@pytest.mark.parametrize("name", MODELS)
def test_the_fraction_grows_to_the_ratio(name):
    pruned = streamed(name)
    units = np.array(pruned.history_["units"])
    assert units[1] == units[0]
    assert (np.diff(units) <= 0).all()
    assert pruned.pruning_ratio_ == pytest.approx(0.6, abs=0.03)
    assert len(pruned.history_["loss"]) == 15
    model = pruned.estimator_
    assert type(model) is type(MODELS[name][0])
    assert "_optimizer" not in vars(model)
    # it can predict, and be copied, without the state of its training
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), pruned.predict(X))


@pytest.mark.parametrize("name", ["mlp", "mlp sgd", "mlp values", "mlp labels"])
def test_hidden_units_are_physically_removed(name):
    pruned = streamed(name)
    model = pruned.estimator_
    widths = [coef.shape[1] for coef in model.coefs_[:-1]]
    assert list(model.hidden_layer_sizes) == widths
    assert sum(widths) == pruned.history_["units"][-1]
    training = pruned._online.model
    state = training._optimizer
    for moments in (getattr(state, n, None) for n in ("ms", "vs", "velocities")):
        if moments is not None:
            shapes = [each.shape for each in training.coefs_ + training.intercepts_]
            assert [each.shape for each in moments] == shapes


@pytest.mark.parametrize(
    "name", ["mlp weights", "sgd", "averaged sgd", "sgd values", "perceptron"]
)
def test_removed_weights_never_return_without_regrowth(name):
    model, method, y = MODELS[name]
    pruned = PrunedEstimator(
        clone(model).set_params(random_state=0),
        method=method,
        pruning_ratio=0.7,
        schedule=FAST,
        random_state=0,
    )
    zero = None
    for rows, targets in batches(y):
        pruned.partial_fit(rows, targets, **classes_of(model, y))
        training = pruned._online.model
        layers = family_of(training).layers(training)
        now = [mask == 0 for mask in pruned._online.masks]
        for layer, removed in zip(layers, now):
            assert not layer.coef[removed].any()
        if zero is not None:
            assert all((new >= old).all() for new, old in zip(now, zero))
        zero = now
    assert np.mean(np.concatenate([each.ravel() for each in zero])) > 0.65


def test_weights_return_with_regrowth():
    schedule = Schedule(begin=1, n_batches=2, regrow=0.5)
    pruned = PrunedEstimator(
        SGDClassifier(random_state=0), pruning_ratio=0.8, schedule=schedule
    )
    masks = []
    for rows, targets in batches(Y):
        pruned.partial_fit(rows, targets, classes=CLASSES)
        masks.append(pruned._online.masks[0])
    # the number is constant, and other weights are kept
    assert masks[5].sum() == masks[-1].sum()
    assert (masks[-1] & ~masks[5]).any()


def test_units_are_added_after_a_drift_and_removed_again():
    rng = np.random.RandomState(0)
    rows = rng.normal(size=(6000, 4))
    first = rows[:, 0] + rows[:, 1] > 0
    second = rows[:, 0] * rows[:, 2] > 0
    y = np.where(np.arange(6000) < 3000, first, second).astype(int)
    schedule = Schedule(begin=5, n_batches=20, regrow=0.5)
    pruned = PrunedEstimator(
        MLPClassifier((40,), learning_rate_init=0.01, random_state=0),
        pruning_ratio=0.75,
        schedule=schedule,
        random_state=0,
    )
    for start in range(0, 6000, 50):
        batch = slice(start, start + 50)
        pruned.partial_fit(rows[batch], y[batch], classes=[0, 1])
    units = np.array(pruned.history_["units"])
    assert units[59] == 10
    added = np.flatnonzero(np.diff(units) > 0)
    assert len(added)
    assert 59 <= added[0] <= 70
    assert units[-1] == 10
    assert pruned.history_["loss"][-1] < 0.35


def test_added_units_do_not_change_a_prediction():
    pruned = streamed("mlp")
    before = pruned._online
    after = before._widened(6)
    assert sum(after.hidden_layer_sizes) == before.n_units + 6
    np.testing.assert_allclose(
        after.predict_proba(X), before.model.predict_proba(X), atol=1e-12
    )
    # the training continues
    rows, targets = next(batches(Y))
    trained = family_of(after).continued(after, rows, targets, masks=None)
    assert np.abs(trained.coefs_[1][-1]).max() > 0


def test_the_given_model_is_never_changed():
    model = MLPClassifier((20,), max_iter=5, random_state=0)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        model.fit(X, Y)
    before = pickle.dumps(model)
    pruned = PrunedEstimator(FrozenEstimator(model), pruning_ratio=0.5, schedule=FAST)
    for rows, targets in batches(Y):
        pruned.partial_fit(rows, targets)
    assert pickle.dumps(model) == before
    assert pruned.estimator_.hidden_layer_sizes == (10,)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("method", ["neuron_elimination", Magnitude("weight")])
def test_a_pruned_model_is_trained_further_and_removed_remains_removed(method):
    model = MLPClassifier((20,), max_iter=5, learning_rate_init=0.01, random_state=0)
    model.fit(X[:300], Y[:300])
    pruned = prune(model, X[:300], Y[:300], method=method, pruning_ratio=0.6)
    zero = [coef == 0 for coef in pruned.estimator_.coefs_]
    sizes = pruned.estimator_.hidden_layer_sizes
    score, first = pruned.score(X[600:], Y[600:]), pruned.estimator_
    for _ in range(3):
        for rows, targets in batches(Y, n=10):
            pruned.partial_fit(rows, targets)
    assert pruned.estimator_ is not first
    assert pruned.estimator_.hidden_layer_sizes == sizes
    for coef, removed in zip(pruned.estimator_.coefs_, zero):
        assert not coef[removed].any()
    assert pruned.score(X[600:], Y[600:]) >= score
    # they describe another model
    assert not hasattr(pruned, "report_")
    pruned.fit(X, Y)
    assert not hasattr(pruned, "history_")


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_pruned_pipeline_is_trained_further():
    model = make_pipeline(StandardScaler(), MLPClassifier((20,), random_state=0))
    assert not hasattr(PrunedEstimator(model), "partial_fit")
    pruned = PrunedEstimator(model, pruning_ratio=0.5).fit(X[:400], Y[:400])
    scaler, first = pruned.estimator_
    for rows, targets in batches(Y, n=10):
        pruned.partial_fit(rows, targets)
    np.testing.assert_array_equal(pruned.estimator_[0].mean_, scaler.mean_)
    assert pruned.estimator_[1].hidden_layer_sizes == (10,)
    assert not np.array_equal(pruned.estimator_[1].coefs_[0], first.coefs_[0])
    frozen = PrunedEstimator(
        FrozenEstimator(model.fit(X[:400], Y[:400])),
        pruning_ratio=0.5,
        schedule=Schedule(begin=0, n_batches=1),
    )
    frozen.partial_fit(X[400:600], Y[400:600])
    assert frozen.estimator_[1].hidden_layer_sizes == (10,)
    assert model[1].hidden_layer_sizes == (20,)


@pytest.mark.parametrize("name", ["mlp", "sgd"])
@pytest.mark.parametrize("kind", ["frame", "csr_matrix", "csr_array"])
def test_rows_may_be_sparse_or_a_frame(name, kind):
    model, _, y = MODELS[name]
    pruned = PrunedEstimator(clone(model), pruning_ratio=0.6, schedule=FAST)
    pruned.set_params(random_state=0)
    for rows, targets in batches(y, n=10):
        if kind == "frame":
            frame = pytest.importorskip("pandas").DataFrame(rows)
            rows = frame.rename(columns="p{}".format)
        else:
            rows = getattr(sparse, kind)(rows)
        pruned.partial_fit(rows, targets, classes=CLASSES)
    assert pruned.pruning_ratio_ == pytest.approx(0.6, abs=0.02)
    assert pruned.predict(rows).shape == (60,)
    assert hasattr(pruned, "feature_names_in_") == (kind == "frame")


def test_rows_may_be_lists():
    pruned = PrunedEstimator(MLPClassifier((6,), random_state=0), schedule=FAST)
    for rows, targets in batches(Y, n=5):
        pruned.partial_fit(rows.tolist(), targets.tolist(), classes=CLASSES)
    assert sum(pruned.history_["units"]) < 30


def test_a_pickle_continues_in_the_same_way():
    one = streamed("mlp", n=8)
    two = pickle.loads(pickle.dumps(one))
    for rows, targets in batches(Y[::-1], n=5):
        one.partial_fit(rows, targets)
        two.partial_fit(rows, targets)
    for ours, theirs in zip(one.estimator_.coefs_, two.estimator_.coefs_):
        np.testing.assert_array_equal(ours, theirs)
    assert X.tobytes() not in pickle.dumps(one)


def test_a_thread_that_predicts_always_has_a_consistent_model():
    pruned = streamed("mlp", n=1)
    errors, stop = [], threading.Event()

    def predict():
        while not stop.is_set():
            try:
                pruned.predict(X[:5])
            except Exception as error:  # pragma: no cover
                errors.append(error)

    thread = threading.Thread(target=predict)
    thread.start()
    for rows, targets in batches(Y):
        pruned.partial_fit(rows, targets)
    stop.set()
    thread.join()
    assert not errors


def test_a_model_of_the_past_is_not_changed_by_the_next_batch():
    pruned = streamed("sgd", n=5)
    model = pruned.estimator_
    before = pickle.dumps(model)
    pruned.partial_fit(X[:60], Y[:60])
    assert pickle.dumps(model) == before


@pytest.mark.parametrize("name", ["mlp", "sgd"])
def test_errors_change_nothing(name):
    pruned = streamed(name, n=4)
    before = pickle.dumps(pruned)
    with pytest.raises(ValueError, match=r"y has the classes \[12\].*transfer"):
        pruned.partial_fit(X[:10], np.append(Y[:9], 12))
    bad = X[:10].copy()
    bad[2, 3] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        pruned.partial_fit(bad, Y[:10])
    with pytest.raises(ValueError, match="63 features"):
        pruned.partial_fit(X[:10, 1:], Y[:10])
    with pytest.raises(ValueError, match="classes"):
        pruned.partial_fit(X[:10], Y[:10], classes=[1, 2])
    assert pickle.dumps(pruned) == before


def test_the_first_call_needs_all_classes():
    pruned = PrunedEstimator(SGDClassifier())
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        pruned.partial_fit(X, Y)
    assert not hasattr(pruned, "estimator_")


def test_weights_of_rows_are_passed_on_or_refused():
    weight = np.random.RandomState(0).randint(0, 3, len(X)).astype(float)
    pruned = PrunedEstimator(SGDClassifier(random_state=0), pruning_ratio=0.0)
    pruned.partial_fit(X, Y, classes=CLASSES, sample_weight=weight)
    plain = SGDClassifier(random_state=0)
    plain.partial_fit(X, Y, classes=CLASSES, sample_weight=weight)
    np.testing.assert_array_equal(pruned.estimator_.coef_, plain.coef_)
    other = PrunedEstimator(PassiveAggressiveClassifier())
    with pytest.raises(ValueError, match="partial_fit does not take it"):
        other.partial_fit(X, Y, classes=CLASSES, sample_weight=weight)


def test_weights_are_routed_if_the_model_requests_them():
    weight = np.random.RandomState(0).randint(0, 3, len(X)).astype(float)
    with config_context(enable_metadata_routing=True):
        asks = SGDClassifier(random_state=0).set_partial_fit_request(sample_weight=True)
        refuses = SGDClassifier(random_state=0).set_partial_fit_request(
            sample_weight=False
        )
        coefs = []
        for model in (asks, refuses):
            pruned = PrunedEstimator(model, pruning_ratio=0.0)
            pruned.partial_fit(X, Y, classes=CLASSES, sample_weight=weight)
            coefs.append(pruned.estimator_.coef_)
        unset = PrunedEstimator(SGDClassifier())
        with pytest.raises(UnsetMetadataPassedError):
            unset.partial_fit(X, Y, classes=CLASSES, sample_weight=weight)
    for coef, weights in zip(coefs, (weight, None)):
        plain = SGDClassifier(random_state=0)
        plain.partial_fit(X, Y, classes=CLASSES, sample_weight=weights)
        np.testing.assert_array_equal(coef, plain.coef_)


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        RandomForestClassifier(),
        GaussianNB(),
        MiniBatchKMeans(),
        MLPClassifier(solver="lbfgs"),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_model_without_it_has_no_partial_fit(model):
    pruned = PrunedEstimator(model)
    assert not hasattr(pruned, "partial_fit")
    with pytest.raises(AttributeError):
        pruned.partial_fit(X, Y)


def test_a_model_without_weights_is_refused_by_name():
    with pytest.raises(AttributeError) as caught:
        PrunedEstimator(GaussianNB()).partial_fit(X, Y)
    assert "GaussianNB has partial_fit, but neither" in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"pruning_ratio": [0.5, 0.6]}, "holds out no rows"),
        ({"pruning_ratio": 1.0}, "one number in"),
        ({"method": "permutation"}, "removes features"),
        ({"method": ["magnitude", "neuron_elimination"]}, "by one method"),
        ({"method": "smallest"}, "by one method"),
        ({"method": StructureSearch()}, "chooses the size itself"),
        ({"method": Magnitude(threshold=0.1)}, "chooses the size itself"),
        ({"schedule": Schedule(begin=-1)}, "begin must be"),
        ({"schedule": Schedule(n_batches=0)}, "n_batches must be"),
        ({"schedule": Schedule(regrow=2)}, "regrow must be"),
        ({"schedule": Schedule(drift=0)}, "drift must be"),
        ({"schedule": Schedule(shape="square")}, "shape must be one of 'cubic'"),
        ({"schedule": "cubic"}, "'schedule' parameter"),
    ],
)
def test_parameters_are_checked(params, sentence):
    model = MLPClassifier((5,), random_state=0)
    with pytest.raises(ValueError, match=sentence):
        PrunedEstimator(model, **params).partial_fit(X, Y, classes=CLASSES)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize(
    "method",
    [
        StructureSearch(max_refits=4, max_epochs=2),
        [Magnitude("neuron"), "neuron_elimination"],
        Magnitude(threshold="median"),
    ],
)
def test_a_model_pruned_in_any_way_is_trained_further(method):
    model = MLPClassifier((20,), max_iter=5, random_state=0)
    pruned = PrunedEstimator(model, method=method, cv=2, random_state=0)
    pruned.fit(X[:300], Y[:300])
    before = pruned.estimator_
    for rows, targets in batches(Y, n=3):
        pruned.partial_fit(rows, targets)
    after = pruned.estimator_
    if "structure" not in repr(method).lower():
        assert after.hidden_layer_sizes == before.hidden_layer_sizes
        for new, old in zip(after.coefs_, before.coefs_):
            assert not new[old == 0].any()
    # an added unit that nothing has read may be removed
    assert sum(after.hidden_layer_sizes) >= sum(before.hidden_layer_sizes) - 5
    assert not np.array_equal(after.predict_proba(X), before.predict_proba(X))


def test_auto_is_one_half():
    pruned = streamed("mlp", ratio="auto")
    assert pruned.pruning_ratio_ == 0.5


def test_averaged_weights_cannot_be_continued_after_a_fit():
    pruned = PrunedEstimator(SGDClassifier(average=True, random_state=0))
    pruned.set_params(pruning_ratio=0.5).fit(X, Y)
    with pytest.raises(ValueError, match="before they were averaged"):
        pruned.partial_fit(X, Y)


def test_a_diverging_batch_is_an_error_and_changes_nothing():
    model = MLPRegressor(
        hidden_layer_sizes=(5,), solver="sgd", learning_rate_init=0.001, random_state=0
    )
    pruned = PrunedEstimator(model, schedule=FAST).partial_fit(X[:50], Y[:50] / 10.0)
    before = pruned.predict(X)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="non-finite"):
        pruned.partial_fit(X[:50] * 1e200, Y[:50] / 10.0)
    np.testing.assert_array_equal(pruned.predict(X), before)
