"""`OneVs*`, `OutputCodeClassifier` and `MultiOutput*` of linear models lose weights."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.multiclass import (
    OneVsOneClassifier,
    OneVsRestClassifier,
    OutputCodeClassifier,
)
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklprune import PrunedEstimator, prune
from sklprune._registry import family_of
from sklprune._units import Task
from sklprune.methods import Magnitude
from sklprune.refits import MaskedRefit

X, Y = load_digits(n_class=4, return_X_y=True)
X, Y = X[:300] / 16, Y[:300]
LABELS = np.column_stack([Y > 1, Y % 2]).astype(int)
VALUES = np.column_stack([X.sum(axis=1), X[:, 20] - X[:, 30]])
MODELS = {
    "classes": (OneVsRestClassifier(LogisticRegression()), Y),
    "two classes": (OneVsRestClassifier(LogisticRegression()), Y > 1),
    "labels": (OneVsRestClassifier(LinearSVC()), LABELS),
    "outputs": (MultiOutputClassifier(LogisticRegression()), LABELS),
    "values": (MultiOutputRegressor(Ridge()), VALUES),
    "pairs": (OneVsOneClassifier(LogisticRegression()), Y),
    "codes": (
        OutputCodeClassifier(LogisticRegression(), code_size=1.5, random_state=3),
        Y,
    ),
}


@pytest.fixture(scope="module")
def fitted():
    return {name: clone(model).fit(X, y) for name, (model, y) in MODELS.items()}


def coefs_of(model):
    return np.vstack([member.coef_ for member in model.estimators_])


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("method", ["magnitude", "second_order", "gradient"])
def test_weights_of_all_members_are_one_order(fitted, name, method):
    model, y = fitted[name], MODELS[name][1]
    before = coefs_of(model)
    small = prune(
        model, X, y, method=method, pruning_ratio=0.8, refit=False, random_state=0
    ).estimator_
    assert type(small) is type(model)
    count = before.size
    assert np.count_nonzero(coefs_of(small)) <= count - int(0.8 * count)
    np.testing.assert_array_equal(coefs_of(model), before)
    assert small.predict(X).shape == y.shape
    if name == "classes":
        # members lose different numbers of weights
        assert len(set(np.count_nonzero(coefs_of(small), axis=1))) > 1


@pytest.mark.parametrize("name", [name for name in MODELS if name != "pairs"])
def test_the_refit_is_a_fit_of_each_member_on_its_columns(fitted, name):
    model, y = fitted[name], MODELS[name][1]
    small = prune(
        model, X, y, method="magnitude", pruning_ratio=0.7, random_state=0, seen=False
    ).estimator_
    targets = y
    if hasattr(model, "label_binarizer_"):
        targets = model.label_binarizer_.transform(y)
        targets = targets.toarray() if sparse.issparse(targets) else targets
    elif name == "codes":
        targets = model.code_book_[y].astype(int)
    for k, member in enumerate(small.estimators_):
        kept = np.ravel(member.coef_) != 0
        again = clone(member).set_params(**MODELS[name][0].estimator.get_params())
        if "random_state" in again.get_params():
            again.set_params(random_state=0)
        again.fit(X[:, kept], targets[:, k])
        # liblinear visits the columns in random order
        np.testing.assert_allclose(
            np.ravel(member.coef_)[kept], np.ravel(again.coef_), rtol=1e-2, atol=1e-2
        )


def test_the_default_is_magnitude_for_linear_members_only(fitted):
    model, y = fitted["classes"], Y
    small = prune(model, X, y, pruning_ratio=0.5)
    assert "weights removed by Magnitude" in small.report_.summary
    neighbours = OneVsRestClassifier(KNeighborsClassifier(3)).fit(X[:60, :30], Y[:60])
    small = prune(neighbours, X[:60, :30], Y[:60], pruning_ratio=0.5, random_state=0)
    assert "features removed by Permutation" in small.report_.summary
    with pytest.raises(ValueError, match="consists of KNeighborsClassifier"):
        prune(neighbours, X[:60, :30], Y[:60], method="magnitude", pruning_ratio=0.5)


def test_a_class_without_rows_remains_constant():
    labels = np.column_stack([Y > 1, np.zeros(len(Y)), Y % 2]).astype(int)
    with pytest.warns(UserWarning, match="Label not 1 is present"):
        model = OneVsRestClassifier(LogisticRegression()).fit(X, labels)
    small = prune(model, X, labels, method="magnitude", pruning_ratio=0.5).estimator_
    assert small.predict(X)[:, 1].sum() == 0
    assert np.mean(small.predict(X) == labels) > 0.9


def test_unread_columns_are_removed_and_sparse_weights_stored(fitted):
    for storage in ("dense", "sparse"):
        whole, smaller = (
            prune(
                fitted["classes"], X, Y, method=Magnitude(storage=storage),
                pruning_ratio=0.95, drop_unread=drop,
            )
            for drop in (False, True)
        )  # fmt: skip
        np.testing.assert_allclose(
            smaller.predict_proba(X), whole.predict_proba(X), atol=1e-12
        )
        member = smaller.estimator_[-1].estimators_[0]
        assert member.n_features_in_ < 64
        assert sparse.issparse(member.coef_) == (storage == "sparse")


def test_the_rows_of_the_fit_are_recognised(fitted):
    for name, model in fitted.items():
        family, y = family_of(model), MODELS[name][1]
        if name == "labels":
            continue  # no equations hold for a linear SVM
        assert family.fitted_on(model, X, y)
        assert not family.fitted_on(model, X[::-1], y)


def test_members_inside_a_pipeline():
    inner = OneVsRestClassifier(SGDClassifier(random_state=0))
    model = make_pipeline(StandardScaler(), inner)
    pruned = PrunedEstimator(model, pruning_ratio=0.7, random_state=0).fit(X, Y)
    assert pruned.score(X, Y) > 0.9


def test_the_gradients_of_all_members_are_one_problem(fitted):
    model = fitted["classes"]
    problem = family_of(model).training_problem(model, Task(X, Y), labels=True)
    assert problem.last == "logistic"
    np.testing.assert_array_equal(problem.targets, Y[:, None] == np.arange(4))
    gradient, l2 = problem.gradients(family_of(model).layers(model))[0], problem.l2
    # each member is at the minimum of its penalised loss
    np.testing.assert_allclose(gradient.coef + l2 * coefs_of(model).T, 0.0, atol=2e-4)


@pytest.mark.parametrize("labels", [Y, np.array(["d", "a", "c", "b"])[Y]])
def test_a_member_of_one_against_one_is_refitted_on_its_two_classes(labels):
    model = OneVsOneClassifier(LogisticRegression()).fit(X, labels)
    small = prune(model, X, labels, method="magnitude", pruning_ratio=0.6).estimator_
    pairs = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    for (i, j), member in zip(pairs, small.estimators_, strict=True):
        rows = np.isin(labels, model.classes_[[i, j]])
        kept = member.coef_[0] != 0
        again = LogisticRegression().fit(X[rows][:, kept], labels[rows])
        np.testing.assert_allclose(member.coef_[0, kept], again.coef_[0], rtol=1e-6)
    assert type(small.estimators_) is tuple
    assert small.score(X, labels) > 0.95


def test_gradients_of_one_against_one_are_those_of_the_rows_of_two_classes(fitted):
    model = fitted["pairs"]
    problem = family_of(model).training_problem(model, Task(X, Y), labels=True)
    gradient = problem.gradients(family_of(model).layers(model))[0]
    weights = coefs_of(model).T
    # each member is at the minimum of the loss of its rows, and C is 1
    np.testing.assert_allclose(gradient.coef + weights / len(X), 0.0, atol=2e-4)
    for method in ("gradient", "second_order", "activation"):
        small = prune(model, X, Y, method=method, pruning_ratio=0.7, random_state=0)
        assert small.score(X, Y) > 0.95
    small = prune(model, X, method="second_order", pruning_ratio=0.7, random_state=0)
    assert small.score(X, Y) > 0.95


@pytest.mark.parametrize("name", ["pairs", "codes"])
def test_a_distribution_needs_probabilities(fitted, name):
    refit = MaskedRefit("maxent", alpha=0.1, target=np.full(4, 0.25))
    with pytest.raises(ValueError, match="whose loss has no probabilities"):
        prune(fitted[name], X, Y, method="magnitude", refit=refit, pruning_ratio=0.5)
