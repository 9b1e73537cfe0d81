"""Masked refits with penalties equal fits of scikit-learn; schedules have stages."""

import numpy as np
import pytest
from scipy.special import xlogy
from sklearn.datasets import load_digits
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    SGDClassifier,
)
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import LinearSVC

from sklprune import prune
from sklprune._networks.layer import Layer
from sklprune._networks.problem import Problem
from sklprune._networks.settings import RefitSettings
from sklprune._networks.training import by_adam, by_lbfgs, train
from sklprune._units import Units
from sklprune.methods import Magnitude, SecondOrder
from sklprune.refits import MaskedRefit, Reconstruction


@pytest.fixture(scope="module")
def rows():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(150, 6))
    y = X @ [3.0, -2.0, 1.0, 0.5, 0.1, 0.05] + rng.normal(size=150)
    return X, y


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    X, y = X[:800] / 16, y[:800]
    return MLPClassifier((20, 12), max_iter=60, random_state=0).fit(X, y), X, y


def pruned(model, X, y, refit, ratio=0.5, **params):
    params = {"method": "magnitude", "random_state": 0} | params
    small = prune(model, X, y, refit=refit, pruning_ratio=ratio, **params)
    return small.estimator_


def entropy(probability):
    return -xlogy(probability, probability).sum(axis=1).mean()


# -- one meaning of the strength for all models ----------------------------------------

SAME = {
    "l2": (MaskedRefit("l2", alpha=0.3), Ridge(0.3 * 150)),
    "l1": (MaskedRefit("l1", alpha=0.3), Lasso(0.3, tol=1e-10)),
    "elasticnet": (
        MaskedRefit("elasticnet", alpha=0.3, l1_ratio=0.2),
        ElasticNet(alpha=0.3, l1_ratio=0.2, tol=1e-10),
    ),
}


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("model", [LinearRegression(), Ridge(5.0)], ids=repr)
def test_squared_error_has_the_fit_of_scikit_learn_on_the_kept_columns(
    name, model, rows
):
    X, y = rows
    refit, expected = SAME[name]
    small = pruned(model.fit(X, y), X, y, refit)
    expected.fit(X[:, :3], y)
    np.testing.assert_allclose(small.coef_[:3], expected.coef_, atol=1e-6)
    np.testing.assert_allclose(small.intercept_, expected.intercept_, atol=1e-6)
    assert not small.coef_[3:].any()


@pytest.mark.parametrize("name", SAME)
def test_a_linear_mlp_and_a_linear_model_have_the_same_penalty(name, rows):
    X, y = rows
    _, model = SAME[name]
    model.fit(X, y)
    start = Layer(np.zeros((6, 1)), np.zeros(1))
    settings = SAME[name][0]
    settings = RefitSettings(settings.penalty, settings.alpha, settings.l1_ratio)
    problem = Problem(X, y[:, None], np.ones(150), "identity", "identity")
    problem = settings.penalised(problem)
    (found,) = by_lbfgs([start], [np.ones((6, 1), bool)], problem, max_iter=500)
    np.testing.assert_allclose(found.coef[:, 0], model.coef_, atol=1e-4)
    # proximal steps of Adam reach the same minimum, and exact zeros
    settings = settings._replace(max_epochs=400, learning_rate=0.05)
    rng = np.random.RandomState(0)
    masks = [np.ones((6, 1), bool)]
    (found,) = by_adam([start], problem, masks, settings, rng)
    np.testing.assert_allclose(found.coef[:, 0], model.coef_, atol=0.06)


@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet"])
def test_logistic_regression_is_at_the_minimum_of_its_penalised_loss(penalty, binary):
    X, y = binary
    model = LogisticRegression().fit(X, y)
    refit = MaskedRefit(penalty, alpha=0.05, l1_ratio=0.4)
    small = pruned(model, X, y, refit)
    share = {"l1": 1.0, "l2": 0.0, "elasticnet": 0.4}[penalty]

    def objective(coef, intercept):
        margin = np.where(y == model.classes_[1], 1, -1) * (X @ coef + intercept)
        sizes = share * np.abs(coef).sum() + (1 - share) / 2 * (coef**2).sum()
        return np.logaddexp(0, -margin).mean() + 0.05 * sizes

    coef, intercept = small.coef_[0], small.intercept_[0]
    lowest, rng = objective(coef, intercept), np.random.RandomState(0)
    kept = model.coef_[0] != 0
    kept[np.argsort(np.abs(model.coef_[0] * X.std(axis=0)))[: X.shape[1] // 2]] = False
    for _ in range(50):
        step = 1e-3 * rng.normal(size=len(coef)) * kept
        assert objective(coef + step, intercept + 1e-3 * rng.normal()) > lowest - 1e-9
    assert not coef[~kept].any()


def test_models_with_parameters_of_the_penalty_are_fitted_with_them(binary):
    X, y = binary
    model = LinearSVC().fit(X, y)
    small = pruned(model, X, y, MaskedRefit("l2", alpha=0.1))
    kept = small.coef_[0] != 0
    expected = LinearSVC(C=1 / (0.1 * len(y)), random_state=0).fit(X[:, kept], y)
    np.testing.assert_allclose(small.coef_[0][kept], expected.coef_[0])
    model = SGDClassifier(random_state=0).fit(X, y)
    small = pruned(model, X, y, MaskedRefit("l1", alpha=0.05))
    weak = pruned(model, X, y, MaskedRefit("l1", alpha=1e-5))
    assert np.abs(small.coef_).sum() < np.abs(weak.coef_).sum()
    model = PoissonRegressor().fit(X, np.exp(X[:, 0] / 5))
    small = pruned(model, X, np.exp(X[:, 0] / 5), MaskedRefit("l1", alpha=10.0))
    assert not small.coef_.any()


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
def test_l1_removes_more_weights_of_a_network(penalty, digits):
    model, X, y = digits
    counts = [
        sum(np.count_nonzero(coef) for coef in pruned(model, X, y, refit).coefs_)
        for refit in (
            MaskedRefit(max_epochs=10),
            MaskedRefit(penalty, alpha=3e-3, max_epochs=10),
        )
    ]
    assert counts[1] < 0.8 * counts[0]


# -- maximum entropy -------------------------------------------------------------------

MODELS = {
    "mlp": MLPClassifier((12,), max_iter=60, random_state=0),
    "one output": MLPClassifier((12,), max_iter=60, random_state=0),
    "logistic": LogisticRegression(),
    "sgd": SGDClassifier(loss="log_loss", random_state=0),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_bonus_raises_the_entropy_and_a_target_is_approached(name, classes):
    X, y = classes
    y = (y == "ant").astype(int) if name == "one output" else y
    model = MODELS[name].fit(X, y)
    plain = pruned(model, X, y, MaskedRefit())
    spread = pruned(model, X, y, MaskedRefit("maxent", alpha=1.0))
    assert entropy(spread.predict_proba(X)) > entropy(plain.predict_proba(X))
    n_classes = len(model.classes_)
    target = np.full(n_classes, 0.1 / (n_classes - 1))
    target[1] = 0.9
    refit = MaskedRefit("maxent", alpha=0, target=target, target_alpha=100.0)
    moved = pruned(model, X, y, refit).predict_proba(X).mean(axis=0)
    assert np.abs(moved - target).sum() < 0.1
    prior = [np.mean(y == label) for label in model.classes_]
    refit = MaskedRefit("maxent", alpha=0, target="prior", target_alpha=100.0)
    moved = pruned(model, X, y, refit).predict_proba(X).mean(axis=0)
    assert np.abs(moved - prior).sum() < 0.1


@pytest.mark.parametrize("last", ["softmax", "logistic"])
def test_the_gradient_of_the_entropy_is_that_of_finite_differences(last):
    rng = np.random.RandomState(0)
    layers = [Layer(rng.normal(size=(3, 4)), rng.normal(size=4))]
    rows, targets = rng.normal(size=(20, 3)), rng.rand(20, 4)
    problem = Problem(rows, targets, np.ones(20), "relu", last, entropy=0.7)
    (gradient,), coef = problem.gradients(layers), layers[0].coef
    for index in np.ndindex(coef.shape):
        coef[index] += 1e-6
        above = problem.loss(layers)
        coef[index] -= 2e-6
        below = problem.loss(layers)
        coef[index] += 1e-6
        numeric = (above - below) / 2e-6
        np.testing.assert_allclose(gradient.coef[index], numeric, atol=1e-6)


def test_labels_and_a_target_are_one_cross_entropy_with_a_mixture():
    rng = np.random.RandomState(0)
    layers = [Layer(rng.normal(size=(3, 4)), rng.normal(size=4))]
    rows, labels = rng.normal(size=(20, 3)), np.eye(4)[rng.randint(0, 4, 20)]
    target = rng.dirichlet(np.ones(4), 20)
    problem = Problem(rows, labels, np.ones(20), "relu", "softmax", l2=0.1)
    settings = RefitSettings("maxent", 0.5, target=target, target_alpha=3.0)
    mixed = settings.penalised(problem).objective(layers) * 4
    probability = problem.predicted(layers[0].forward(rows))
    expected = problem.objective(layers) - 0.5 * entropy(probability)
    expected -= 3.0 * (target * np.log(probability)).sum(axis=1).mean()
    np.testing.assert_allclose(mixed, expected)


def test_distillation_needs_no_labels_and_reproduces_the_unpruned_model(digits):
    model, X, y = digits
    refit = MaskedRefit("maxent", alpha=0, target="dense")
    assert not refit.needs_labels and MaskedRefit().needs_labels
    distilled = pruned(model, X, None, refit, 0.8)
    closed_form = pruned(model, X, None, Reconstruction(), 0.8)
    dense = model.predict_proba(X)
    divergence = [
        (xlogy(dense, dense) - dense * np.log(small.predict_proba(X) + 1e-12)).sum()
        for small in (distilled, closed_form)
    ]
    assert divergence[0] < divergence[1]
    zeros = sum(int((coef == 0).sum()) for coef in distilled.coefs_)
    assert zeros >= 0.6 * sum(coef.size for coef in model.coefs_)


# -- training --------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_both_solvers_lower_the_loss_and_keep_removed_weights_at_zero(solver, digits):
    model, X, y = digits
    start = pruned(model, X, y, Reconstruction(), 0.9)
    small = pruned(model, X, y, MaskedRefit(solver=solver, max_epochs=5), 0.9)
    assert log_loss(y, small.predict_proba(X)) < log_loss(y, start.predict_proba(X))
    for coef, other in zip(small.coefs_, start.coefs_):
        assert not coef[other == 0].any()


@pytest.mark.parametrize("dropout_of", ["neuron", "weight"])
def test_dropout_makes_a_model_robust_to_a_later_removal(dropout_of, digits):
    model, X, y = digits
    granularity = "neuron" if dropout_of == "neuron" else "weight"
    losses = []
    for dropout in (0.0, 0.3):
        refit = MaskedRefit(dropout=dropout, dropout_of=dropout_of, max_epochs=30)
        small = pruned(model, X, y, refit, 0.1, method=Magnitude(granularity))
        assert small.score(X, y) > 0.85
        method = Magnitude(granularity, per="layer")
        smaller = pruned(small, X, y, False, 0.4, method=method)
        losses.append(log_loss(y, smaller.predict_proba(X)))
    assert losses[1] < losses[0]


def test_held_out_rows_select_the_epoch(digits):
    model, X, y = digits
    labels = np.random.RandomState(0).permutation(y)
    # there is nothing to learn from permuted labels but the start of the training
    plain, stopped = (
        pruned(model, X, labels, MaskedRefit(validation_fraction=fraction))
        for fraction in (0.0, 0.3)
    )
    losses = [log_loss(labels, small.predict_proba(X)) for small in (plain, stopped)]
    assert losses[0] < losses[1]


def test_training_goes_on_if_the_first_steps_raise_the_loss(rows):
    X, y = rows
    coef = np.linalg.lstsq(X, y, rcond=None)[0]
    # close to the minimum, a large learning rate first raises the loss for five epochs
    start = Layer((coef + 0.05)[:, None], np.zeros(1))
    problem = Problem(X, y[:, None], np.ones(150), "identity", "identity")
    settings = RefitSettings(max_epochs=20, learning_rate=0.2)
    masks, rng = [np.ones((6, 1), bool)], np.random.RandomState(0)
    found = train([start], problem, masks, settings, rng)
    assert problem.loss(found) < problem.loss([start])


def test_a_diverging_refit_returns_the_best_state_with_a_warning():
    rng = np.random.RandomState(0)
    problem = Problem(
        rng.normal(size=(200, 3)), rng.rand(200, 1), np.ones(200), "relu", "exp"
    )
    layers = [Layer(rng.normal(size=(3, 1)), np.zeros(1))]
    masks, settings = [np.ones((3, 1), bool)], RefitSettings(learning_rate=1e6)
    with pytest.warns(UserWarning, match=r"diverged in epoch 1.*learning_rate"):
        found = train(layers, problem, masks, settings, rng)
    np.testing.assert_array_equal(found[0].coef, layers[0].coef)


# -- schedules -------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", ["linear", "cubic", "geometric"])
def test_stations_rise_and_do_not_depend_on_a_ratio(schedule):
    stations = MaskedRefit(schedule=schedule, n_stages=8).stations(Units("weight", 999))
    assert (np.diff([0, *stations, 1]) > 0).all()
    assert len(stations) == 7
    steps = np.diff(stations)
    kept = 1 - np.array(stations)
    if schedule == "linear":
        np.testing.assert_allclose(steps, 1 / 8)
    if schedule == "cubic":
        np.testing.assert_allclose(kept, (1 - np.arange(1, 8) / 8) ** 3)
    if schedule == "geometric":
        np.testing.assert_allclose(kept[1:] / kept[:-1], kept[0])


@pytest.mark.parametrize(
    "method",
    [Magnitude(), Magnitude("neuron"), SecondOrder("diagonal"), "random_order"],
    ids=repr,
)
def test_stages_remove_as_many_units_and_keep_removed_ones_removed(method, digits):
    model, X, y = digits
    refit = MaskedRefit(schedule="cubic", n_stages=5, stage_epochs=1, max_epochs=2)
    ratios = [0.5, 0.7, 0.9]
    options = {"refit": refit, "method": method, "random_state": 0}
    halves = [(np.arange(400), np.arange(400, 800))]
    several = prune(
        model, X, y, pruning_ratio=ratios, cv=halves, seen=False, store_path=True,
        **options,
    )  # fmt: skip
    alone = prune(model, X[:400], y[:400], pruning_ratio=0.7, **options).estimator_
    for coef, other in zip(alone.coefs_, several.path_.at(0.7).coefs_):
        np.testing.assert_array_equal(coef, other)
    counts = [
        sum(np.count_nonzero(coef) for coef in several.path_.at(ratio).coefs_)
        for ratio in ratios
    ]
    assert counts[0] > counts[1] > counts[2]
    if method != Magnitude("neuron") and "neuron" not in repr(method):
        n_weights = sum(coef.size for coef in model.coefs_)
        assert all(c <= (1 - r) * n_weights + 1 for c, r in zip(counts, ratios))


def test_stages_lose_less_than_one_shot(digits):
    model, X, y = digits
    losses = []
    for schedule in ("one_shot", "geometric"):
        refit = MaskedRefit(schedule=schedule, stage_epochs=2, max_epochs=10)
        small = pruned(model, X, y, refit, 0.95)
        losses.append(log_loss(y, small.predict_proba(X)))
    assert losses[1] < losses[0]


# -- bad input -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "refit, message",
    [
        (MaskedRefit("l3", alpha=1), "penalty='l3'.*'elasticnet' or 'maxent'"),
        (MaskedRefit("l1"), "alpha=None.*strength of the penalty"),
        (MaskedRefit("l2", alpha=-1), "alpha=-1.*not negative"),
        (MaskedRefit("elasticnet", alpha=1, l1_ratio=2), "l1_ratio=2.*from 0 to 1"),
        (MaskedRefit(schedule="slow"), "schedule='slow'.*'geometric'"),
        (MaskedRefit(solver="sgd"), "solver='sgd'.*'lbfgs'"),
        (MaskedRefit(dropout=1.0), "dropout=1.0.*below 1"),
        (MaskedRefit(n_stages=0), "n_stages=0.*positive whole"),
        (MaskedRefit("maxent", alpha=0, target="all"), "target='all'.*'dense'"),
        (MaskedRefit("maxent", alpha=0, target=[1.0]), r"shape \(1,\).*\(10,\)"),
        (MaskedRefit("maxent", alpha=0, target=np.ones(10)), "sum to 1"),
    ],
)
def test_a_wrong_parameter_is_an_error_that_names_it(refit, message, digits):
    model, X, y = digits
    with pytest.raises(ValueError, match=message):
        pruned(model, X, y, refit)


@pytest.mark.parametrize(
    "model, message",
    [
        (Ridge(), "needs a classifier.*Ridge is a regressor"),
        (MLPRegressor(hidden_layer_sizes=(4,), max_iter=5), "MLPRegressor is a regr"),
        (LinearSVC(), "LinearSVC, whose loss has no probabilities"),
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_models_without_probabilities_have_no_entropy(model, message, binary):
    X, y = binary
    with pytest.raises(ValueError, match=message):
        pruned(model.fit(X, y), X, y, MaskedRefit("maxent", alpha=0.1))


def test_a_model_without_the_penalty_is_an_error_that_names_it(binary):
    X, y = binary
    model = LinearSVC().fit(X, y)
    with pytest.raises(ValueError, match="'elasticnet'.*LinearSVC.*no such penalty"):
        pruned(model, X, y, MaskedRefit("elasticnet", alpha=0.1))
