"""Structure search: the score never falls, the budget holds, the result is plain."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import PrunedEstimator, prune
from sklprune._registry import family_of
from sklprune.methods import StructureSearch
from sklprune.refits import MaskedRefit

X, Y = make_classification(300, 8, n_informative=5, n_classes=3, random_state=0)
VALUES = np.column_stack([X[:, 0] * X[:, 1], np.abs(X[:, 2]) + X[:, 3]])
_, LABELS = make_multilabel_classification(300, 8, n_classes=3, random_state=0)
TARGETS = {"classes": Y, "two classes": Y > 0, "labels": LABELS, "values": VALUES}

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


def model_of(y, **params):
    cls = MLPRegressor if y.dtype.kind == "f" else MLPClassifier
    model = cls(hidden_layer_sizes=(12, 6), max_iter=15, random_state=0)
    return model.set_params(**params)


def quick(**params):
    return StructureSearch(**{"max_refits": 12, "max_epochs": 5, "step": 0.5} | params)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_scores_rise_along_the_path(target, activation):
    y = TARGETS[target]
    model = model_of(y, activation=activation)
    pruned = PrunedEstimator(model, method=quick(), random_state=0).fit(X, y)
    table = pruned.path_.table
    assert (np.diff(table["score_mean"]) >= -1e-12).all()
    assert table["change"][0] == "start"
    result = pruned.estimator_
    widths = "-".join(map(str, result.hidden_layer_sizes))
    assert table["hidden_layers"][-1] == widths
    assert result.n_layers_ == len(result.hidden_layer_sizes) + 2
    assert result.predict(X).shape == y.shape
    # no layer with this activation is the identity
    inserted = any("insert" in change for change in table["change"])
    assert not (inserted and activation == "tanh")


def test_equal_scores_with_fewer_parameters_are_kept():
    # one column decides, so that almost all units are useless
    y = X[:, 0] > 0
    model = model_of(y, hidden_layer_sizes=(40, 20), max_iter=200)
    pruned = PrunedEstimator(
        model, method=quick(max_refits=60, step=0.7), random_state=0
    ).fit(X, y)
    before, after = pruned.report_.original, pruned.report_.pruned
    assert after.parameters < before.parameters / 4
    assert pruned.score(X, y) > 0.95


def test_units_are_added_where_a_network_is_too_small():
    rng = np.random.RandomState(0)
    rows = rng.uniform(-2, 2, size=(400, 2))
    y = np.sin(3 * rows[:, 0]) * np.cos(2 * rows[:, 1])
    model = MLPRegressor(
        hidden_layer_sizes=(3,),
        max_iter=100,
        learning_rate_init=0.01,
        random_state=0,
    )
    search = StructureSearch(step=1.0, max_refits=15, max_epochs=40)
    pruned = PrunedEstimator(model, method=search, random_state=0).fit(rows, y)
    assert sum(pruned.estimator_.hidden_layer_sizes) > 3
    assert pruned.report_.pruned.parameters > pruned.report_.original.parameters
    assert "added by StructureSearch" in pruned.report_.summary
    scores = pruned.path_.table["score_mean"]
    assert scores[-1] > scores[0] + 0.2


@pytest.mark.parametrize("budget", [1, 3])
def test_the_budget_of_refits_holds(budget, monkeypatch):
    trained = []
    model = model_of(Y).fit(X, Y)
    family = type(family_of(model))
    original = family.trained_layers

    def counted(self, *args, **params):
        trained.append(len(args[3].y))
        return original(self, *args, **params)

    monkeypatch.setattr(family, "trained_layers", counted)
    PrunedEstimator(model_of(Y), method=quick(max_refits=budget), random_state=0).fit(
        X, Y
    )
    # the last training is on all rows
    assert sum(n_rows < len(X) for n_rows in trained) <= budget


def test_the_result_is_seeded_and_the_model_is_not_changed():
    model = model_of(Y).fit(X, Y)
    before = [coef.copy() for coef in model.coefs_]
    results = [prune(model, X, Y, method=quick(), random_state=seed) for seed in (1, 1)]
    for one, two in zip(*(result.estimator_.coefs_ for result in results)):
        np.testing.assert_array_equal(one, two)
    for coef, old in zip(model.coefs_, before):
        np.testing.assert_array_equal(coef, old)


def test_new_rows_of_a_frozen_model_change_the_model_itself():
    model = model_of(Y).fit(X[:150], Y[:150])
    pruned = prune(model, X[150:], Y[150:], method=quick(), random_state=0)
    scores = pruned.path_.table["score_mean"]
    assert scores[-1] >= scores[0]


def test_where_nothing_is_better_the_model_is_returned():
    model = model_of(Y, max_iter=400).fit(X, Y)
    search = quick(max_refits=1, learning_rate=1e-12)
    pruned = PrunedEstimator(clone(model), method=search, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(pruned.predict_proba(X), model.predict_proba(X))
    assert "found nothing" in pruned.report_.summary


def test_removed_weights_remain_removed():
    model = model_of(Y).fit(X, Y)
    sparse = prune(model, X, Y, method="magnitude", pruning_ratio=0.5).estimator_
    search = quick(step=0.1, max_refits=4)
    pruned = prune(sparse, X, Y, method=search, random_state=0)
    # a column that no unit reads is not read afterwards
    coef = model.coefs_[0].copy()
    coef[3] = 0
    model.coefs_[0] = coef
    pruned = prune(model, X, Y, method=search, random_state=0)
    assert not pruned.estimator_.coefs_[0][3].any()


def test_it_works_in_a_pipeline_with_weights_and_groups():
    model = make_pipeline(StandardScaler(), model_of(Y))
    weight, groups = np.random.RandomState(0).rand(300), np.arange(300) // 3
    pruned = PrunedEstimator(model, method=quick(), random_state=0)
    try:
        pruned.fit(X, Y, sample_weight=weight, groups=groups)
    except ValueError as error:  # scikit-learn 1.6: the network takes no weights
        assert "does not take it" in str(error)
        pruned.fit(X, Y, groups=groups)
    assert type(pruned.estimator_) is type(model)
    scores = pruned.path_.table["score_mean"]
    assert scores[-1] >= scores[0]


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"step": 0}, "step must be positive and at most 1"),
        ({"step": 1.5}, "step must be positive and at most 1"),
        ({"max_refits": 0}, "max_refits must be a positive whole number"),
        ({"max_epochs": 2.5}, "max_epochs must be a positive whole number"),
        ({"learning_rate": -1}, "learning_rate must be positive"),
    ],
)
def test_parameters_are_checked(params, sentence):
    with pytest.raises(ValueError, match=sentence):
        PrunedEstimator(model_of(Y), method=StructureSearch(**params)).fit(X, Y)


def test_other_refits_models_and_ratios_are_refused(regression):
    model = model_of(Y).fit(X, Y)
    with pytest.raises(ValueError, match="trains its candidates itself"):
        prune(model, X, Y, method=quick(), refit=MaskedRefit())
    with pytest.raises(ValueError, match="determines the size itself"):
        prune(model, X, Y, method=quick(), pruning_ratio=0.5)
    with pytest.raises(ValueError, match="Ridge, which has no neurons to remove"):
        prune(Ridge().fit(*regression), *regression, method="structure_search")
    with pytest.raises(ValueError, match="requires y"):
        prune(model, X, method="structure_search")


def test_it_can_be_one_of_several_methods():
    model = model_of(Y)
    pruned = PrunedEstimator(
        model, method=[quick(), "neuron_elimination"], cv=2, random_state=0
    ).fit(X, Y)
    assert "structure_search" in [each["method"] for each in pruned.report_.methods]
