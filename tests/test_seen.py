"""`seen`: whether a frozen model was fitted on the rows on which it is pruned."""


import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import PrunedEstimator, prune

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
