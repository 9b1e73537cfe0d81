"""Weights of rows: w and c * w give the same result, and 2 is the same as two rows.

The models are frozen, since the fit of a wrapped model may depend on c. All methods,
refits and rules are covered, also those that are registered later.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import make_classification, make_friedman1
from sklearn.ensemble import (
    BaggingRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklprune import FeaturePruningSelector, PrunedEstimator, prune
from sklprune._estimators import takes_weights
from sklprune._evaluation.held_out import _agreement
from sklprune._evaluation.splits import hold_out, splits_of
from sklprune._plan import make_plan
from sklprune._registry import registered
from sklprune._units import Task, comparable_weights
from sklprune.methods import (
    Backfitting,
    CostComplexity,
    Knockoffs,
    Magnitude,
    MemberSelection,
    Permutation,
    Probe,
    Quantize,
    RecursiveElimination,
    Regrow,
    StructureSearch,
)
from sklprune.refits import MaskedRefit, SharedWidths
from sklprune.rules import Agreement, Budget, Tolerance

SCALES = (1e-6, 7e6)
N_ROWS = 160
TWO = make_classification(N_ROWS, 5, n_informative=4, n_redundant=0, random_state=0)
THREE = make_classification(
    N_ROWS, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0
)
NUMBERS = make_friedman1(N_ROWS, 5, noise=0.5, random_state=0)
WEIGHT = np.random.default_rng(0).uniform(0.2, 2, N_ROWS)
WHOLE = np.random.default_rng(1).integers(1, 4, N_ROWS)


def small_tree():
    return DecisionTreeClassifier(max_depth=4, random_state=0)


def fitted(model, data):
    return model.fit(*data), data


MODELS = {
    "forest": fitted(RandomForestClassifier(5, max_depth=4, random_state=0), THREE),
    "forest of two classes": fitted(
        RandomForestClassifier(5, max_depth=4, random_state=0), TWO
    ),
    "forest of numbers": fitted(
        RandomForestRegressor(5, max_depth=4, random_state=0), NUMBERS
    ),
    "bagging": fitted(
        BaggingRegressor(DecisionTreeRegressor(max_depth=3), 4, random_state=0), NUMBERS
    ),
    "boosting": fitted(GradientBoostingClassifier(n_estimators=5), TWO),
    "hist boosting": fitted(
        HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=5), NUMBERS
    ),
    "tree": fitted(DecisionTreeClassifier(max_depth=5, random_state=0), THREE),
    "linear": fitted(LinearRegression(), NUMBERS),
    "network": fitted(MLPClassifier((6, 5), max_iter=30, random_state=0), THREE),
    "network of numbers": fitted(
        MLPRegressor(hidden_layer_sizes=(6,), max_iter=30, random_state=0), NUMBERS
    ),
}

#: for each method its variants, and the models that it prunes
METHODS = {
    "activation": (["activation"], ["linear", "network"]),
    "backfitting": (
        [
            "backfitting",
            Backfitting(40, container="auto"),
            Backfitting(40, teacher="model"),
        ],
        ["forest", "forest of two classes", "forest of numbers", "hist boosting"],
    ),
    "columns": (["columns"], ["linear"]),
    "cost_complexity": (
        ["cost_complexity", CostComplexity(criterion="neg_mean_squared_error")],
        ["tree", "bagging", "hist boosting"],
    ),
    "elastic_net_path": (["elastic_net_path"], ["linear", "tree"]),
    "gradient": (["gradient"], ["linear", "network"]),
    "knockoffs": ([Knockoffs(0.5)], ["linear"]),
    "magnitude": (
        ["magnitude", Magnitude(per="layer"), Magnitude(standardize=False)],
        ["linear", "network"],
    ),
    "member_selection": (["member_selection"], ["forest", "bagging"]),
    "neuron_elimination": (["neuron_elimination"], ["network", "network of numbers"]),
    "permutation": (
        [
            "permutation",
            Permutation(max_samples=0.5),
            Permutation(1, criterion="loss", margin=1.0, cv=2),
        ],
        ["linear", "tree"],  # ties between the splits of a forest depend on rounding
    ),
    "probe": ([Probe(0.1)], ["linear"]),
    "quantize": (
        ["quantize", Quantize(bits=3)],
        ["linear", "network", "tree", "forest", "bagging", "boosting", "hist boosting"],
    ),
    "random_order": (["random_order"], ["linear", "network"]),
    "recast": (["recast"], ["forest", "forest of two classes", "forest of numbers"]),
    "recursive_elimination": (
        [
            "recursive_elimination",
            RecursiveElimination("coef"),
            RecursiveElimination("permutation", patience=2),
        ],
        ["linear"],  # ties between the splits of a tree depend on rounding
    ),
    "regrow": (
        [Regrow(max_trees=5), Regrow(rho=40, max_trees=5, teacher="model")],
        ["forest", "forest of two classes", "forest of numbers"],
    ),
    "second_order": (["second_order"], ["linear", "network"]),
    "sequential": (["sequential"], ["linear"]),
    "structure_search": (
        [StructureSearch(max_refits=4, max_epochs=5)],
        ["network of numbers"],
    ),
}
CASES = [
    (name, method)
    for methods, names in METHODS.values()
    for name in names
    for method in methods
] + [("forest", MemberSelection(order="margin_distance"))]


def result(name, weight, rows=None, **settings):
    """The ratio and the predictions of a frozen model that was pruned with weights."""
    model, (X, y) = MODELS[name]
    some = slice(None) if rows is None else rows
    settings = {"random_state": 0, "seen": False} | settings
    pruned = prune(model, X[some], y[some], sample_weight=weight, **settings)
    small = pruned.estimator_
    predict = getattr(small, "predict_proba", small.predict)
    return np.append(pruned.pruning_ratio_, predict(X))


def check_scales(name, **settings):
    expected = result(name, WEIGHT, **settings)
    for scale in SCALES:
        actual = result(name, scale * WEIGHT, **settings)
        np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-9)


def test_all_methods_and_refits_and_rules_are_here():
    assert set(METHODS) >= set(registered("method"))
    assert set(REFITS) >= set(registered("refit"))
    assert {name for name, _ in RULES} >= set(registered("rule"))


# -- the scale of weights --------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name, method", CASES)
def test_methods(name, method):
    if isinstance(method, StructureSearch) and not takes_weights(MODELS[name][0]):
        pytest.skip("networks of scikit-learn 1.6 take no weights")
    decides = method == "recast"
    decides |= isinstance(method, (Knockoffs, Probe, Quantize, StructureSearch))
    ratio = "auto" if decides else 0.6
    check_scales(name, method=method, pruning_ratio=ratio)


REFITS = {
    "clone": [("linear", "permutation"), ("tree", "permutation")],
    "masked_refit": [
        ("linear", "magnitude"),
        ("network", "magnitude"),
        ("network", "neuron_elimination"),
        ("network of numbers", "neuron_elimination"),
    ],
    "reconstruction": [
        ("linear", "magnitude"),
        ("linear", "permutation"),
        ("network", "magnitude"),
        ("network of numbers", "neuron_elimination"),
        ("network of numbers", "permutation"),
    ],
    "shared_widths": [("network", "neuron_elimination")],
}
#: the same training as by default, with fewer epochs
SHORT = {"shared_widths": SharedWidths(max_epochs=3)}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "refit, name, method",
    [(SHORT.get(refit, refit), *case) for refit in REFITS for case in REFITS[refit]]
    + [(MaskedRefit(start="kept", alpha=10.0), "network", "magnitude")]
    + [(False, "linear", "magnitude"), (False, "network", "neuron_elimination")],
)
def test_refits(refit, name, method):
    check_scales(name, method=method, refit=refit, pruning_ratio=0.5)


RULES = [
    ("best", "best"),
    ("one_se", "one_se"),
    ("tolerance", Tolerance(0.03)),
    ("agreement", Agreement(0.9)),
    ("budget", Budget(nodes=40)),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("splits", [2, "one"])
@pytest.mark.parametrize(
    "method, rule",
    [("cost_complexity", rule) for _, rule in RULES] + [("permutation", "best")],
)
def test_rules(method, rule, splits):
    rows = np.arange(N_ROWS)
    cv = splits if splits == 2 else [(rows[::2], rows[1::2])]
    check_scales("tree", method=method, rule=rule, cv=cv)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [PrunedEstimator, FeaturePruningSelector])
@pytest.mark.parametrize("method", ["permutation", "recursive_elimination"])
def test_models_that_are_not_fitted(kind, method):
    X, y = NUMBERS
    pruned = kind(LinearRegression(), method=method, cv=3, random_state=0)
    expected = pruned.fit(X, y, sample_weight=WEIGHT).path_.table["score_mean"]
    for scale in SCALES:
        pruned.fit(X, y, sample_weight=scale * WEIGHT)
        np.testing.assert_allclose(pruned.path_.table["score_mean"], expected)


# -- whole numbers ---------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name, settings",
    [
        ("bagging", {"method": "cost_complexity"}),
        ("tree", {"method": CostComplexity(criterion="accuracy")}),
        ("bagging", {"method": "member_selection"}),
        ("forest", {"method": MemberSelection(order="margin_distance")}),
        ("forest of two classes", {"method": "recast"}),
        ("linear", {"method": "magnitude"}),
        ("linear", {"method": "magnitude", "refit": "reconstruction"}),
        ("network", {"method": "neuron_elimination", "refit": "reconstruction"}),
        ("linear", {"method": "elastic_net_path"}),
        ("linear", {"method": "recursive_elimination"}),
        ("tree", {"method": "recursive_elimination"}),
    ],
)
def test_a_whole_number_is_as_many_rows(name, settings):
    ratio = "auto" if settings["method"] == "recast" else 0.6
    settings = {"pruning_ratio": ratio} | settings
    repeated = np.repeat(np.arange(N_ROWS), WHOLE)
    expected = result(name, None, repeated, **settings)
    np.testing.assert_allclose(result(name, WHOLE, **settings), expected, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rule", [rule for _, rule in RULES])
def test_rules_with_repeated_rows_on_the_same_side_of_a_split(rule):
    repeated = np.repeat(np.arange(N_ROWS), WHOLE)
    part = np.arange(N_ROWS) % 3
    splits = [
        (np.flatnonzero(part != fold), np.flatnonzero(part == fold))
        for fold in range(3)
    ]
    of_repeated = [
        tuple(np.flatnonzero(np.isin(repeated, rows)) for rows in split)
        for split in splits
    ]
    settings = {"method": "cost_complexity", "rule": rule}
    expected = result("tree", None, repeated, cv=of_repeated, **settings)
    actual = result("tree", WHOLE, cv=splits, **settings)
    np.testing.assert_allclose(actual, expected, atol=1e-9)


def test_agreement_is_weighted():
    labels = np.array([0, 0, 1, 1])
    others = np.array([0, 1, 1, 1])
    assert _agreement(labels, others, None) == 0.75
    assert _agreement(labels, others, np.array([1.0, 3.0, 2.0, 2.0])) == 5 / 8


# -- rows of weight zero ---------------------------------------------------------------


def with_zeros(X, y, weight):
    """The same rows among others of weight zero, whose values are very different."""
    rng = np.random.default_rng(3)
    n_all = len(X) + 40
    rows = np.sort(rng.choice(n_all, len(X), replace=False))
    all_X, all_y, all_weights = np.full((n_all, X.shape[1]), 1e3), None, np.zeros(n_all)
    all_y = rng.choice(y, n_all)
    all_X[rows], all_y[rows], all_weights[rows] = X, y, weight
    return all_X, all_y, all_weights


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["permutation", "recursive_elimination"])
@pytest.mark.parametrize("ratio, cv", [(0.6, None), ("auto", None), ("auto", 3)])
@pytest.mark.parametrize(
    "model, data", [(LinearRegression(), NUMBERS), (small_tree(), TWO)]
)
def test_rows_of_weight_zero_change_nothing(model, data, method, ratio, cv):
    pruned = PrunedEstimator(
        model, method=method, pruning_ratio=ratio, cv=cv, random_state=0
    )
    expected = pruned.fit(*data, sample_weight=WEIGHT)
    scores = expected.path_.table.get("score_mean"), expected.importances_
    X, y, weight = with_zeros(*data, WEIGHT)
    actual = pruned.fit(X, y, sample_weight=weight)
    assert (actual.support_ == expected.support_).all()
    for one, two in zip(
        scores, (actual.path_.table.get("score_mean"), actual.importances_)
    ):
        if one is not None:
            np.testing.assert_allclose(two, one, atol=1e-9)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name, method",
    [
        ("linear", "permutation"),
        ("linear", "elastic_net_path"),
        ("tree", "cost_complexity"),
        ("network", "neuron_elimination"),
    ],
)
def test_rows_of_weight_zero_with_a_frozen_model(name, method):
    model, (X, y) = MODELS[name]
    all_X, all_y, weight = with_zeros(X, y, WEIGHT)
    settings = {"method": method, "random_state": 0, "seen": False}
    settings |= {"refit": False} if method == "neuron_elimination" else {}
    small = [
        prune(model, rows, labels, sample_weight=w, **settings)
        for rows, labels, w in ((X, y, WEIGHT), (all_X, all_y, weight))
    ]
    assert small[0].pruning_ratio_ == small[1].pruning_ratio_
    for one, two in zip(*(pruned.path_.table["score_mean"] for pruned in small)):
        np.testing.assert_allclose(one, two)


@pytest.mark.parametrize("cv", [None, 3])
def test_splits_without_rows_of_weight_zero(cv):
    X, y, weight = with_zeros(*TWO, WEIGHT)
    plan = make_plan(small_tree(), method="permutation", refit=True, labels=True)
    splits = splits_of(plan, Task(X, y, weight), cv)
    without = splits_of(plan, Task(*TWO, WEIGHT), cv)
    rows = np.flatnonzero(weight)
    for (first, second), (own_first, own_second) in zip(splits, without):
        np.testing.assert_array_equal(second, rows[own_second])
        np.testing.assert_array_equal(first[weight[first] > 0], rows[own_first])
        assert len(first) + len(second) == len(X)


@pytest.mark.parametrize("convert", [np.asarray, csr_array, pd.DataFrame])
@pytest.mark.parametrize("model", [LinearRegression(), small_tree()])
def test_equal_rows_are_held_out_together(model, convert):
    X, y = TWO
    order = np.random.default_rng(0).permutation(np.repeat(np.arange(N_ROWS), WHOLE))
    weighted = Task(convert(X), y, WHOLE.astype(float), random_state=0)
    _, held_out = hold_out(model, weighted, 0.2)
    _, copies = hold_out(model, Task(convert(X[order]), y[order], random_state=0), 0.2)
    assert len(held_out) == N_ROWS // 5
    np.testing.assert_array_equal(np.unique(order[copies]), held_out)
    assert len(copies) == WHOLE[held_out].sum()


def test_equal_weights_of_distinct_rows_split_as_no_weights():
    X, y = TWO
    for weight in (np.ones(N_ROWS), np.full(N_ROWS, 0.1)):
        weighted = Task(X, y, weight, random_state=0)
        for one, two in zip(
            hold_out(small_tree(), weighted, 0.2),
            hold_out(small_tree(), Task(X, y, random_state=0), 0.2),
        ):
            np.testing.assert_array_equal(one, two)


def test_given_splits_are_scored_on_rows_with_weights():
    X, y, weight = with_zeros(*TWO, WEIGHT)
    plan = make_plan(small_tree(), method="permutation", refit=True, labels=True)
    given = [(np.arange(100), np.arange(100, 200))]
    ((first, second),) = splits_of(plan, Task(X, y, weight), given)
    np.testing.assert_array_equal(first, given[0][0])
    np.testing.assert_array_equal(second, 100 + np.flatnonzero(weight[100:]))


# -- the common unit -------------------------------------------------------------------


def test_comparable_weights_do_not_depend_on_the_unit():
    rng = np.random.default_rng(0)
    for weight in (WEIGHT, WHOLE, rng.lognormal(0, 5, 1000), np.array([0.0, 3.0, 1.0])):
        expected = comparable_weights(weight)
        np.testing.assert_allclose(expected / expected.max(), weight / weight.max())
        assert 1 <= expected.mean() < 2
        for scale in (1e-300, 1e-6, 0.1, 3.0, 1e6, 1e200):
            np.testing.assert_array_equal(comparable_weights(scale * weight), expected)


def test_comparable_weights_keep_whole_numbers_exact():
    ratio = comparable_weights(0.1 * WHOLE) / WHOLE
    assert (ratio == ratio[0]).all()
    assert np.frexp(ratio[0])[0] == 0.5  # a power of two


def test_tasks_without_weights_or_with_zero_weights():
    X = np.zeros((3, 1))
    assert Task(X).with_comparable_weights().sample_weight is None
    zeros = Task(X, sample_weight=np.zeros(3)).with_comparable_weights()
    np.testing.assert_array_equal(zeros.sample_weight, np.zeros(3))
