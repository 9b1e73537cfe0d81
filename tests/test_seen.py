"""`seen`: whether a frozen model was fitted on the rows on which it is pruned."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.datasets import load_digits
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import (
    BayesianRidge,
    ElasticNet,
    Lasso,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    TweedieRegressor,
)
from sklearn.metrics import pairwise_distances_argmin
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier

from sklprune import PrunedEstimator, prune
from sklprune._evaluation.training_rows import Reference, are_known, reference_for
from sklprune._opening import Plan
from sklprune._units import Task
from sklprune.methods import Backfitting, Permutation, Regrow
from sklprune.rules import Tolerance

RATIOS = [0.2, 0.4, 0.6, 0.8]


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:600] / 16, y[:600]


@pytest.fixture(scope="module")
def overfitted(digits):
    """An MLP that overfits its training rows."""
    model = MLPClassifier((40,), max_iter=150, alpha=0.0, random_state=0)
    return make_pipeline(StandardScaler(), model).fit(*digits)


def test_training_rows_of_a_network_allow_as_much_as_an_unfitted_one(
    overfitted, digits
):
    settings = {"pruning_ratio": RATIOS, "cv": 3, "random_state": 0}
    known = prune(overfitted, *digits, seen=True, **settings)
    unfitted = PrunedEstimator(overfitted, **settings).fit(*digits)
    # both ratios are chosen with models fitted without the rows used for the choice
    np.testing.assert_array_equal(
        known.path_.table["scores"], unfitted.path_.table["scores"]
    )
    assert known.pruning_ratio_ == unfitted.pruning_ratio_ > 0
    assert known.report_.score["original_fitted_anew"] is True
    assert "fitted on these rows" in str(known.report_)


def test_the_given_model_is_pruned_not_a_clone(overfitted, digits):
    known = prune(
        overfitted, *digits, seen=True, pruning_ratio=[0.2, 0.4], cv=2, random_state=0
    )
    ratio = known.path_.table["ratio"][known.path_.chosen]
    given = prune(overfitted, *digits, pruning_ratio=ratio, random_state=0)
    np.testing.assert_array_equal(known.predict(digits[0]), given.predict(digits[0]))


@pytest.mark.parametrize(
    "model",
    [LogisticRegression(max_iter=300), KNeighborsClassifier(3)],
    ids=["linear", "neighbours"],
)
def test_any_model_that_can_be_fitted_is_fitted_again(model, binary):
    X, y = binary
    model.fit(X, y)
    method = {"method": "permutation", "pruning_ratio": [0.25, 0.5]}
    known = prune(model, X, y, seen=True, cv=2, random_state=0, **method)
    unfitted = PrunedEstimator(model, cv=2, random_state=0, **method).fit(X, y)
    np.testing.assert_array_equal(
        known.path_.table["scores"], unfitted.path_.table["scores"]
    )


def test_new_rows_are_not_taken_for_those_of_the_fit(binary):
    X, y = binary
    forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    settings = {"pruning_ratio": [0.5], "cv": 2, "random_state": 0}
    settings["method"] = "cost_complexity"
    assert "original_fitted_anew" in prune(forest, X, y, **settings).report_.score
    new = prune(forest, X, y, seen=False, **settings).report_.score
    assert not {"original_fitted_anew", "original_out_of_bag"} & new.keys()
    boosting = GradientBoostingClassifier(n_estimators=5, random_state=0).fit(X, y)
    for seen in ("auto", True):
        known = prune(boosting, X, y, seen=seen, **settings).report_.score
        assert known["original_fitted_anew"] is True
    new = prune(boosting, X, y, seen=False, **settings).report_.score
    assert "original_fitted_anew" not in new


def test_pruned_boosting_cannot_be_fitted_again(binary):
    X, y = binary
    model = GradientBoostingClassifier(n_estimators=20, random_state=0).fit(X, y)
    smaller = prune(model, X, y, method="cost_complexity", pruning_ratio=0.6).estimator_
    with pytest.warns(UserWarning, match="no similar model can be fitted"):
        prune(smaller, X, y, method="cost_complexity", pruning_ratio=[0.5], cv=2)


def test_rows_that_lack_a_class_are_a_warning(binary):
    X, y = binary
    model = LogisticRegression().fit(X, y)
    first = np.flatnonzero(y == y[0])
    cv = [(first, np.setdiff1d(np.arange(len(y)), first))]
    with pytest.warns(UserWarning, match="fitted on these very rows"):
        prune(
            model, X, y, seen=True, cv=cv, pruning_ratio=[0.5], refit="reconstruction"
        )


@pytest.mark.parametrize("seen", ["yes", 1.5, None])
def test_other_values_are_errors_that_name_it(binary, seen):
    model = FrozenEstimator(LogisticRegression().fit(*binary))
    with pytest.raises(ValueError, match="'seen' parameter of PrunedEstimator must be"):
        PrunedEstimator(model, seen=seen).fit(*binary)


# -- rows that are recognised ---------------------------------------------------------


LINEAR = [
    LinearRegression(),
    Ridge(alpha=3.0),
    Lasso(0.5),
    ElasticNet(0.5),
    BayesianRidge(),
    PoissonRegressor(max_iter=1000),
    TweedieRegressor(power=1.5, max_iter=1000),
    LogisticRegression(),
    LogisticRegression(C=0.1, class_weight="balanced"),
    LogisticRegression(solver="liblinear"),
    RidgeClassifier(),
]
STORING = [
    KNeighborsClassifier(),
    SVC(),
    SVR(),
    KernelRidge(),
    GaussianProcessRegressor(),
    VotingClassifier([("a", KNeighborsClassifier()), ("b", GaussianNB())]),
    OneVsRestClassifier(SVC()),
]
UNORDERED_TREES = [
    DecisionTreeClassifier(random_state=0),
    GradientBoostingRegressor(n_estimators=5, random_state=0),
    GradientBoostingClassifier(n_estimators=3, max_depth=1, random_state=0),
    GradientBoostingRegressor(n_estimators=3, max_depth=1, loss="huber"),
    HistGradientBoostingRegressor(max_iter=5),
]


def rows_for(model, n_rows=240):
    """Data of a model: half of the rows for its fit, and as many others."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_rows, 6))
    signal = X[:, 0] - X[:, 1] + rng.normal(size=n_rows)
    if is_classifier(model):
        y = np.digitize(signal, [-0.7, 0.7])
        if getattr(model, "solver", None) == "liblinear":
            y = (signal > 0).astype(int)
    else:
        y = np.exp(signal / 3)
    return X, y


def recognises(model, X, y, weight=None):
    task = Task(X, y, weight)
    plan = Plan(model, True, Permutation(), None)
    return are_known(plan, task)


def named(model):
    return repr(model)[:40]


@pytest.mark.parametrize("model", [*LINEAR, *STORING, *UNORDERED_TREES], ids=named)
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_rows_are_recognised_in_any_order_and_others_are_not(model, in_pipeline):
    X, y = rows_for(model)
    half = len(y) // 2
    model = make_pipeline(StandardScaler(), clone(model)) if in_pipeline else model
    model.fit(X[:half], y[:half])
    order = np.random.RandomState(1).permutation(half)
    assert recognises(model, X[:half], y[:half])
    assert recognises(model, X[order], y[order])
    assert not recognises(model, X[half:], y[half:])


@pytest.mark.parametrize("model", STORING, ids=named)
def test_a_part_of_stored_rows_is_recognised(model):
    X, y = rows_for(model)
    model.fit(X[:120], y[:120])
    assert recognises(model, X[:40], y[:40])
    assert recognises(model, X[:40].astype(np.float32).astype(float), y[:40]) is False


def test_sparse_rows_are_recognised():
    X, y = rows_for(SVC())
    X = sparse.csr_matrix(np.where(X > 0, X, 0))
    model = KNeighborsClassifier().fit(X[:120], y[:120])
    assert recognises(model, X[:120], y[:120])
    assert recognises(model, X[:120].toarray(), y[:120])
    assert not recognises(model, X[120:], y[120:])


def test_copies_of_rows_among_new_ones_are_no_evidence():
    rng = np.random.RandomState(0)
    X, y = rng.randint(2, size=(400, 4)).astype(float), rng.randint(2, size=400)
    model = KNeighborsClassifier().fit(X[:200], y[:200])
    assert not recognises(model, X[200:], y[200:])


def test_new_rows_of_a_split_are_not_those_of_the_fit(binary):
    X, y = binary
    split = [(np.arange(150), np.arange(150, 200))]
    model = KNeighborsClassifier().fit(X[:150], y[:150])
    score = prune(model, X, y, cv=split, pruning_ratio=[0.25, 0.5]).report_.score
    assert "original_fitted_anew" not in score and score["score_of"] == "the result"


@pytest.mark.parametrize("weight", [None, np.arange(1, 121.0)])
def test_weights_are_part_of_the_equations(weight):
    X, y = rows_for(Ridge())
    model = Ridge().fit(X[:120], y[:120], weight)
    assert recognises(model, X[:120], y[:120], weight)
    other = np.ones(120) if weight is not None else np.arange(1, 121.0)
    assert not recognises(model, X[:120], y[:120], other)


def test_the_rows_held_out_for_early_stopping_are_known():
    X, y = rows_for(Ridge())
    model = HistGradientBoostingRegressor(
        max_iter=5, early_stopping=True, random_state=0
    )
    model.fit(X[:120], y[:120])
    assert recognises(model, X[:120], y[:120])
    assert not recognises(model, X[120:], y[120:])


def test_stored_values_of_other_packages_are_found():
    class Nearest(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.rows_, self.labels_, self.classes_ = X, y, np.unique(y)
            return self

        def predict(self, X):
            return self.labels_[pairwise_distances_argmin(X, self.rows_)]

    X, y = rows_for(SVC())
    model = Nearest().fit(X[:120], y[:120])
    assert recognises(model, X[:120], y[:120])
    assert not recognises(model, X[120:], y[120:])


# -- rows that are suspected ----------------------------------------------------------


def test_a_network_on_its_rows_is_pruned_as_an_unfitted_one(digits):
    X, y = digits
    model = MLPClassifier((40,), max_iter=150, random_state=0)
    settings = {"pruning_ratio": RATIOS, "cv": 3, "random_state": 0}
    unfitted = PrunedEstimator(model, **settings).fit(X, y)
    with pytest.warns(UserWarning, match="probably fitted on these rows.*seen=True"):
        pruned = prune(model.fit(X, y), X, y, **settings)
    assert pruned.pruning_ratio_ == unfitted.pruning_ratio_ > 0


def test_rows_of_subsampled_boosting_are_suspected():
    model = GradientBoostingRegressor(max_depth=5, subsample=0.5, random_state=0)
    X, y = rows_for(model)
    model.fit(X[:120], y[:120])
    settings = {"pruning_ratio": [0.5], "cv": 2, "rule": Tolerance(0.2)}
    # the scores of the unpruned model do not depend on the method, and this one is fast
    settings["method"] = "cost_complexity"
    # nine of ten seeds suspect them; 0 is the other one
    settings["random_state"] = 1
    with pytest.warns(UserWarning, match="probably fitted on these rows"):
        prune(model, X[:120], y[:120], **settings)
    prune(model, X[120:], y[120:], **settings)


def test_rows_of_a_forest_in_another_order_are_suspected(digits):
    X, y = digits
    forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    order = np.random.RandomState(0).permutation(len(y))
    settings = {"pruning_ratio": [0.5], "cv": 2, "random_state": 0}
    with pytest.warns(UserWarning, match="mean loss on them is .* Clones have"):
        prune(forest, X[order], y[order], method="cost_complexity", **settings)


@pytest.mark.parametrize("n_fitted", [200, 450, 550])
@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier((20,), max_iter=150, random_state=0),
        RandomForestClassifier(10, random_state=0),
        DecisionTreeClassifier(random_state=0),
        SGDClassifier(random_state=0),
    ],
    ids=named,
)
def test_new_rows_are_not_suspected(digits, model, n_fitted):
    X, y = digits
    model.fit(X[:n_fitted], y[:n_fitted])
    plan = Plan(model, True, Permutation(), None)
    new = Task(X[n_fitted:], y[n_fitted:], random_state=0)
    splits = [(np.arange(new.n_samples // 2), np.arange(new.n_samples // 2))]
    # a warning would be an error here
    assert reference_for(plan, new, splits) is Reference.ITSELF


# -- the size that is reached ---------------------------------------------------------


def test_a_ratio_that_is_not_reached_gives_a_warning(binary):
    X, y = binary
    tree = DecisionTreeClassifier(max_leaf_nodes=12, random_state=0).fit(X, y)
    selector = {"method": "cost_complexity", "seen": False}
    reached = []
    for ratio in np.arange(1, 12) / 12:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            pruned = prune(tree, X, y, pruning_ratio=ratio, **selector)
        differs = abs(pruned.pruning_ratio_ - ratio) > 0.05
        assert bool(caught) == differs == pruned.report_.score["ratio_differs"]
        if differs:
            stated = f"{ratio:g} was requested, and {pruned.pruning_ratio_:.3g} was"
            assert stated in str(caught[0].message)
            text = f"was {ratio:g}, and {pruned.pruning_ratio_:.3g} was reached"
            assert text in str(pruned.report_)
        reached.append(pruned.pruning_ratio_)
    # never the whole model
    assert min(reached) > 0 and len(set(reached)) > 2


def test_nothing_is_removed_silently(binary):
    with pytest.warns(UserWarning, match="0.1 was requested, and 0 was reached"):
        PrunedEstimator(LogisticRegression(), pruning_ratio=0.1).fit(*binary)


@pytest.mark.parametrize("method", [Backfitting(40), "cost_complexity", Regrow(rho=40)])
def test_the_size_of_the_candidates_is_transferred(binary, method):
    X, y = binary
    model = RandomForestClassifier(10, random_state=0).fit(X, y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pruned = prune(
            model, X, y, method=method, rule=Tolerance(0.02), cv=3, random_state=0
        )
    units = pruned.path_.table["units"]
    share = units[pruned.path_.chosen] / units[0]
    factor = (1 - pruned.pruning_ratio_) / share
    stated = any("keep" in str(each.message) for each in caught)
    assert stated or 1 / 1.5 <= factor <= 1.5
