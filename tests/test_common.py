"""scikit-learn's own battery of estimator checks, around small models."""

import pytest
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.estimator_checks import (
    estimator_checks_generator,
    parametrize_with_checks,
)

from sklprune import FeaturePruningSelector, PrunedEstimator

MODELS = [
    LogisticRegression(),
    Ridge(),
    DecisionTreeClassifier(),
    DecisionTreeRegressor(),
    HistGradientBoostingClassifier(max_iter=5),
    HistGradientBoostingRegressor(max_iter=5),
    MLPClassifier(hidden_layer_sizes=(8,), max_iter=20),
    MLPRegressor(hidden_layer_sizes=(8,), max_iter=20),
]
PRUNED = [PrunedEstimator(model) for model in MODELS]
SELECTORS = [FeaturePruningSelector(model) for model in MODELS]


def weight_equivalence(estimator):
    """Checks that cannot hold, each with its reason."""
    permutes = isinstance(estimator, FeaturePruningSelector) or not isinstance(
        estimator.estimator, (LogisticRegression, Ridge)
    )
    if not permutes:
        return {}
    reason = (
        "permutation shuffles rows and holds a fifth of them out: repeating a row is "
        "not the same as weighting it"
    )
    return {
        f"check_sample_weight_equivalence_on_{kind}_data": reason
        for kind in ("dense", "sparse")
    }


@parametrize_with_checks(PRUNED + SELECTORS, expected_failed_checks=weight_equivalence)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", PRUNED + SELECTORS, ids=str)
def test_no_check_is_switched_off(estimator):
    """Tags or a signature can silently switch checks off; count those that run."""
    n_checks = sum(1 for _ in estimator_checks_generator(estimator))
    assert n_checks >= 45
