"""Capabilities: families implement what they offer, methods call what they declare."""

import sys

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    OrthogonalMatchingPursuit,
    Ridge,
    SGDClassifier,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from test_contract import CASES, DECIDED, fitted_on, rows_of

from sklprune import PrunedEstimator, prune, strip
from sklprune import _registry as registry
from sklprune._capabilities import CAPABILITIES, members_of
from sklprune._registry import family_of, named, registered
from sklprune.families import Family
from sklprune.methods import Backfitting, CostComplexity

RNG = np.random.RandomState(0)
X = RNG.normal(size=(90, 5))
CLASSES = np.array(["ant", "bee", "cat"])[np.digitize(X[:, 0] + X[:, 1], [-0.5, 0.5])]
VALUES = np.exp(X[:, 0] / 4) + 0.1 * X[:, 2]
SEVERAL = np.column_stack([VALUES, X[:, 1]])
TWO_LABELS = np.column_stack([CLASSES, X[:, 2] > 0]).astype(str)
MONOTONIC = [1, 0, 0, 0, 0]

#: every family, with the variants of an estimator that its capabilities depend on
MODELS = {
    "logistic": (LogisticRegression(), CLASSES),
    "two classes": (LogisticRegression(), CLASSES == "ant"),
    "sparse coef_": (SGDClassifier(random_state=0), CLASSES),
    "one against rest": (OneVsRestClassifier(LogisticRegression()), CLASSES),
    "values": (LinearRegression(), SEVERAL),
    "no intercept": (Ridge(fit_intercept=False), VALUES),
    "own choice of columns": (OrthogonalMatchingPursuit(), VALUES),
    "network": (MLPClassifier((6, 4), max_iter=5, random_state=0), CLASSES),
    "network of values": (
        MLPRegressor(hidden_layer_sizes=(6,), max_iter=5, random_state=0),
        SEVERAL,
    ),
    "tree": (DecisionTreeClassifier(random_state=0), CLASSES),
    "tree of values": (DecisionTreeRegressor(max_depth=4, random_state=0), SEVERAL),
    "tree of two labels": (DecisionTreeClassifier(random_state=0), TWO_LABELS),
    "monotonic tree": (DecisionTreeRegressor(monotonic_cst=MONOTONIC), VALUES),
    "forest": (RandomForestClassifier(5, random_state=0), CLASSES),
    "forest of two labels": (RandomForestClassifier(5, random_state=0), TWO_LABELS),
    "forest of values": (RandomForestRegressor(5, random_state=0), SEVERAL),
    "extra trees": (ExtraTreesRegressor(5, random_state=0), VALUES),
    "bagged trees": (
        BaggingClassifier(n_estimators=5, max_features=0.6, random_state=0),
        CLASSES,
    ),
    "bagged tree of values": (BaggingRegressor(n_estimators=5), SEVERAL),
    "bagged models": (BaggingRegressor(Ridge(), n_estimators=3), VALUES),
    "boosting": (GradientBoostingClassifier(n_estimators=4, random_state=0), CLASSES),
    "boosting of two classes": (
        GradientBoostingClassifier(n_estimators=4, loss="exponential", random_state=0),
        CLASSES == "ant",
    ),
    "boosting after a model": (
        GradientBoostingRegressor(n_estimators=4, init=Ridge(), random_state=0),
        VALUES,
    ),
    "robust boosting": (
        GradientBoostingRegressor(n_estimators=4, loss="huber", random_state=0),
        VALUES,
    ),
    "histograms": (
        HistGradientBoostingClassifier(max_iter=4, min_samples_leaf=5),
        CLASSES,
    ),
    "histograms of a rate": (
        HistGradientBoostingRegressor(max_iter=4, loss="poisson"),
        VALUES,
    ),
    "monotonic histograms": (
        HistGradientBoostingRegressor(max_iter=4, monotonic_cst=MONOTONIC),
        VALUES,
    ),
    "neighbours": (KNeighborsClassifier(), CLASSES),
}


@pytest.fixture(scope="module")
def models():
    fitted = {name: clone(model).fit(X, y) for name, (model, y) in MODELS.items()}
    fitted["sparse coef_"].sparsify()
    stripped = {
        f"{name}, stripped": strip(fitted[name]) for name in ("forest", "bagged trees")
    }
    return fitted | stripped


def is_stub(function):
    """Whether a function does nothing but raise NotImplementedError."""
    return function.__code__.co_names == ("NotImplementedError",)


def test_a_stub_is_recognised():
    assert is_stub(Family.own_remove)
    assert not is_stub(Family.own_names)


# -- families -------------------------------------------------------------------------


def test_every_capability_that_is_offered_is_implemented(models):
    for name, model in models.items():
        family = family_of(model)
        for capability in family.capabilities(model):
            # a capability of the family's own stands for the method of that name
            for member in members_of(capability):
                function = getattr(type(family), member, None)
                assert callable(function), (name, capability, member)
                assert not is_stub(function), (name, capability, member)


def test_every_family_and_every_capability_has_a_model_here(models):
    families = {type(family_of(model)) for model in models.values()}
    # a family that is added has a case in test_contract
    families |= {type(family_of(model)) for model, _, _ in CASES.values()}
    with_units = {
        type(family)
        for family in registry._FAMILIES.values()
        if family.granularities and type(family).__module__.startswith("sklprune.fam")
    }
    with_units = {cls for cls in with_units if not cls.__module__.endswith("._base")}
    assert with_units <= families
    offered = [family_of(model).capabilities(model) for model in models.values()]
    assert frozenset().union(*offered) >= set(CAPABILITIES)


def test_every_granularity_is_implemented(models):
    for name, model in models.items():
        family = family_of(model)
        for granularity in family.granularities:
            if family.misfit(model, granularity):
                continue
            units = family.units(model, granularity, X)
            assert units.granularity == granularity
            assert len(family.names(units)) == units.count, name
            keep = np.ones(units.count, dtype=bool)
            same = family.remove(model, units, keep)
            np.testing.assert_array_equal(same.predict(X), model.predict(X), name)


def test_trees_have_the_documented_shapes_and_sum(models):
    for name, model in models.items():
        family = family_of(model)
        if "trees" not in family.capabilities(model):
            continue
        raw, offset = family.raw_prediction(model, X), family.offset(model, X)
        trees, ids = family.tree_arrays(model), family.leaf_ids(model, X)
        assert (
            len(trees) == len(family.sklearn_trees(model)) == len(family.risks(model))
        )
        assert ids.shape == (len(trees), len(X)) and ids.dtype == np.int32
        assert raw.shape == offset.shape
        raw_prediction = offset.copy()
        for tree, reached in zip(trees, ids):
            n_values = raw.shape[1] if tree.output is None else 1
            assert tree.value.shape == (len(tree.left), n_values)
            columns = slice(None) if tree.output is None else [tree.output]
            raw_prediction[:, columns] += tree.value[reached]
        np.testing.assert_allclose(
            raw_prediction, raw, rtol=1e-10, atol=1e-12, err_msg=name
        )
        np.testing.assert_array_equal(
            family.response(model, raw, "predict"), model.predict(X), name
        )
        scores = family.output_kind(model) == "scores"
        assert (family.loss(model) is not None) == scores
        labels = MODELS[name.removesuffix(", stripped")][1]
        targets = family.targets(model, labels)
        assert targets.dtype == float
        assert targets.shape == ((len(X),) if scores else raw.shape)


def test_members_have_the_documented_shapes_and_mean(models):
    for name, model in models.items():
        family = family_of(model)
        if "members" not in family.capabilities(model):
            continue
        outputs = family.member_outputs(model, X)
        labels = MODELS[name.removesuffix(", stripped")][1]
        targets = family.member_targets(model, labels)
        assert outputs.shape == (len(X), len(model.estimators_), targets.shape[1])
        assert outputs.dtype == targets.dtype == np.float32
        proba = model.predict_proba(X) if is_classifier(model) else model.predict(X)
        proba = np.hstack(proba) if isinstance(proba, list) else proba
        mean = outputs.mean(axis=1)
        expected = proba.reshape(mean.shape)
        np.testing.assert_allclose(mean, expected, atol=1e-5, err_msg=name)


def test_layers_have_the_documented_shapes(models):
    for name, model in models.items():
        family = family_of(model)
        if "layers" not in family.capabilities(model):
            continue
        layers = family.layers(model)
        assert layers[0].coef.shape[0] == X.shape[1], name
        for layer, after in zip(layers, layers[1:]):
            assert layer.coef.shape[1] == after.coef.shape[0]
        for layer in layers:
            assert layer.intercept is None or (
                layer.intercept.shape == (layer.coef.shape[1],)
            )
        same = family.with_layers(model, layers)
        np.testing.assert_array_equal(same.predict(X), model.predict(X), name)


def test_no_family_writes_to_the_estimator_or_omits_its_columns(models):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcde"))
    for name in ("logistic", "network", "tree", "forest", "boosting", "histograms"):
        model, y = MODELS[name]
        model = clone(model).fit(frame, y)
        family = family_of(model)
        for granularity in family.granularities:
            units = family.units(model, granularity, frame)
            keep = np.arange(units.count) % 3 != 0
            small = family.remove(model, units, keep)
            assert list(small.feature_names_in_) == list("abcde")
            assert small.n_features_in_ == 5


class Columnless(Family):
    """Omits, as a new family may, the columns that its models were fitted on."""

    granularities = ("part",)

    def own_remove(self, estimator, units, keep):
        small = clone(estimator)
        small.coef_, small.intercept_ = estimator.coef_ * keep, estimator.intercept_
        return small


def test_remove_restores_the_columns_that_a_family_omits():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcde"))
    model = Ridge().fit(frame, VALUES)
    family = Columnless()
    units = family_of(model).units(model, "weight", frame)
    small = family.remove(model, units, np.arange(5) > 1)
    assert list(small.feature_names_in_) == list("abcde")
    assert small.n_features_in_ == 5


# -- methods and refits ---------------------------------------------------------------

EXTRA_CASES = {
    "a forest in gradient boosting": (
        RandomForestClassifier(5),
        Backfitting(40, container="auto"),
        CASES["forest"][2],
    ),
    "a forest distilled": (
        RandomForestClassifier(5),
        Backfitting(40, teacher="model"),
        CASES["forest"][2],
    ),
    "a forest by its error": (
        RandomForestClassifier(5, max_depth=4),
        CostComplexity(criterion="neg_log_loss"),
        CASES["forest"][2],
    ),
}
CALLERS = ("sklprune.methods.", "sklprune.refits.", "sklprune._tree_descent.")


class Recorder:
    """Behaves like a family, and records which module reads which attribute."""

    def __init__(self, family, calls):
        self._family, self._calls = family, calls

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        caller = sys._getframe(1).f_globals["__name__"]
        if caller.startswith(CALLERS):
            caller = "refits" if caller.startswith("sklprune.refits") else "methods"
            self._calls.add((caller, type(self._family), name))
        return getattr(self._family, name)


@pytest.fixture
def calls(monkeypatch):
    """Attributes of families that methods and refits read, filled during a test."""
    calls = set()
    recorders = {
        name: Recorder(family, calls) for name, family in registry._FAMILIES.items()
    }
    monkeypatch.setattr(registry, "_FAMILIES", recorders)
    registry._MATCHED.clear()
    yield calls
    monkeypatch.undo()
    registry._MATCHED.clear()


def members_declared(*capabilities):
    """Attributes of a family that a caller of some capabilities may read."""
    own = {name for name in dir(Family) if not name.startswith("_")}
    return own.union(*map(members_of, capabilities))


@pytest.mark.parametrize("name", CASES | DECIDED | EXTRA_CASES)
def test_methods_and_refits_call_only_what_they_declare(name, calls):
    model, method, y = (CASES | DECIDED | EXTRA_CASES)[name]
    core = family_of(model).core(model)
    family = family_of(core)
    name = family.method_of(core) if method == "auto" else method
    method = named("method", name)
    rows, ratio = rows_of(y), "auto" if method.decides else 0.5
    # on the rows of the fit, on other rows, and without labels
    # seeded, since a method that finds nothing in its random columns warns
    settings = {"method": method, "pruning_ratio": ratio, "random_state": 0}
    PrunedEstimator(model, **settings).fit(rows, y)
    model = fitted_on(model, y)
    prune(model, rows[100:], y[100:], **settings)
    if not method.needs_labels:
        prune(model, rows[100:], **settings)
    own = type(family._family)
    by_method = {name for by, cls, name in calls if by == "methods" and cls is own}
    assert by_method <= members_declared(*method.needs, *method.uses)
    # the family of a boosting model that a method fills with trees
    by_method = {name for by, cls, name in calls if by == "methods"}
    assert by_method <= members_declared(
        *method.needs, *method.uses, "trees", "rebuild"
    )
    refits = [make() for make in registered("refit").values()]
    needed = [name for refit in refits for name in (*refit.needs, *refit.uses)]
    by_refits = {name for by, _, name in calls if by == "refits"}
    assert by_refits <= members_declared(*needed)


@pytest.mark.parametrize("kind", ["method", "refit"])
def test_every_capability_that_is_needed_is_offered_by_a_family(kind, models):
    offered = [family_of(model).capabilities(model) for model in models.values()]
    for name, make in registered(kind).items():
        wanted = {*make().needs, *make().uses}
        assert wanted <= frozenset().union(*offered), name
