"""Parameters of methods, refits and rules refuse values of other types by name.

The parameters are those of the constructors, so that new ones are tested too.
"""

from inspect import signature

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from sklprune import FeaturePruningSelector, PrunedEstimator, Schedule
from sklprune._registry import registered
from sklprune.methods import Permutation, Sequential
from sklprune.refits import MaskedRefit
from sklprune.rules import Budget

NOTHING = object()
VALUES = [NOTHING, np.nan, "nonsense", np.array([1.5, 2.5])]
#: arrays that are allowed, with other lengths or values
ARRAYS = {"penalty_factor", "l1_ratio", "bits", "exclude", "widths", "target"}
FOREST = RandomForestClassifier(3, max_depth=2, random_state=0)
MODELS = {
    "weight": LogisticRegression(),
    "neuron": MLPClassifier((4,), solver="lbfgs", max_iter=3, random_state=0),
    "leaf": FOREST,
    "member": FOREST,
    "feature": LogisticRegression(),
    "bit": LogisticRegression(),
    "nothing": FOREST,
}
#: what lets a parameter have an effect
OTHERS = {
    ("budget", "prices"): {"feature_cost": 1.0},
    ("budget", "size"): {"nonzero": 5},
    ("masked_refit", "target"): {"penalty": "maxent", "alpha": 0.1},
    ("masked_refit", "target_alpha"): {"penalty": "maxent", "alpha": 0.1},
    ("masked_refit", "penalty"): {"alpha": 0.1},
    ("permutation", "margin"): {"criterion": "loss"},
}


def cases(kind):
    for name, cls in registered(kind).items():
        for parameter in signature(cls).parameters:
            yield name, parameter


@pytest.fixture
def rows(binary):
    X, y = binary
    return X[:60], y[:60]


def assert_refused(parameter, build, rows):
    """Each value is an error that names the parameter, here or in `fit`."""
    for value in VALUES:
        if parameter in ARRAYS and isinstance(value, np.ndarray):
            continue
        with pytest.raises((ValueError, TypeError), match=parameter):
            build(value).fit(*rows)


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
@pytest.mark.parametrize(("name", "parameter"), cases("method"))
def test_parameters_of_methods(name, parameter, rows):
    cls = registered("method")[name]
    granularity = cls().granularity
    ratio = "auto" if cls().decides else 0.5

    def build(value):
        method = cls(**{parameter: value, **OTHERS.get((name, parameter), {})})
        model = MODELS[granularity or "nothing"]
        return PrunedEstimator(model, method=method, pruning_ratio=ratio, cv=2)

    assert_refused(parameter, build, rows)


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
@pytest.mark.parametrize(("name", "parameter"), cases("refit"))
def test_parameters_of_refits(name, parameter, rows):
    cls = registered("refit")[name]

    def build(value):
        refit = cls(**{parameter: value, **OTHERS.get((name, parameter), {})})
        return PrunedEstimator(MODELS["neuron"], refit=refit, pruning_ratio=0.5)

    assert_refused(parameter, build, rows)


@pytest.mark.parametrize(("name", "parameter"), cases("rule"))
def test_parameters_of_rules(name, parameter, rows):
    cls = registered("rule")[name]

    def build(value):
        rule = cls(**{parameter: value, **OTHERS.get((name, parameter), {})})
        return PrunedEstimator(LogisticRegression(), rule=rule, cv=2)

    assert_refused(parameter, build, rows)


@pytest.mark.parametrize("parameter", signature(Schedule).parameters)
def test_parameters_of_a_schedule(parameter, rows):
    def build(value):
        schedule = Schedule(**{parameter: value})
        return _Online(PrunedEstimator(MLPClassifier((4,)), schedule=schedule))

    assert_refused(parameter, build, rows)


class _Online:
    """`fit` by one batch."""

    def __init__(self, pruned):
        self.pruned = pruned

    def fit(self, X, y):
        return self.pruned.partial_fit(X, y, classes=[0, 1])


@pytest.mark.parametrize("cls", [PrunedEstimator, FeaturePruningSelector])
def test_parameters_of_meta_estimators(cls, rows):
    for parameter in list(signature(cls).parameters)[1:]:
        for value in [NOTHING, b"x", np.array([1.5, 2.5])]:
            params = {"cv": 2, parameter: value}
            with pytest.raises((ValueError, TypeError), match=parameter):
                cls(LogisticRegression(), **params).fit(*rows)


@pytest.mark.parametrize("cv", [0, True, b"x", [1, "a"], [], 1.5])
@pytest.mark.parametrize("cls", [Permutation, Sequential])
def test_splits_of_a_method(cls, cv, rows):
    method = cls(cv=cv)
    with pytest.raises(ValueError, match=rf"{cls.__name__}\(cv=.*\): cv must be"):
        PrunedEstimator(LogisticRegression(), method=method, pruning_ratio=0.5).fit(
            *rows
        )


def test_a_target_or_a_price_that_is_no_number(rows):
    refit = MaskedRefit("maxent", alpha=0.1, target=["a", "b"])
    with pytest.raises(ValueError, match="target must be None, 'prior', 'dense' or"):
        PrunedEstimator(MODELS["neuron"], refit=refit, pruning_ratio=0.5).fit(*rows)
    rule = Budget(feature_cost=1.0, prices={"x0": "dear"})
    with pytest.raises(ValueError, match="prices"):
        FeaturePruningSelector(LogisticRegression(), rule=rule, cv=2).fit(*rows)
