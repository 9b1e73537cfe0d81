"""Checks that scikit-learn runs on itself, but not in its public estimator checks."""

import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import estimator_checks

from sklprune import FeaturePruningSelector, PrunedEstimator

pytestmark = [
    # these checks pass arrays to what was fitted on frames, and the other way round
    pytest.mark.filterwarnings("ignore:X does not have valid feature names"),
    pytest.mark.filterwarnings("ignore:X has feature names, but"),
    # the logarithm of a probability of zero, by a tree
    pytest.mark.filterwarnings("ignore:divide by zero encountered in log"),
]

OF_ANYTHING = (
    "check_dataframe_column_names_consistency",
    "check_param_validation",
)
OF_TRANSFORMERS = (
    "check_get_feature_names_out_error",
    "check_global_output_transform_pandas",
    "check_inplace_ensure_writeable",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
)
OF_POLARS = (
    "check_global_set_output_transform_polars",
    "check_set_output_transform_polars",
)
MODELS = [LogisticRegression(), Ridge(), DecisionTreeClassifier()]
PRUNED = [PrunedEstimator(model, cv=2) for model in MODELS]
SELECTORS = [FeaturePruningSelector(model, cv=2) for model in MODELS]
#: output containers depend on the selector alone: one model by default
SLOW = pytest.mark.slow
ONE_BY_DEFAULT = [
    SELECTORS[1],
    pytest.param(SELECTORS[0], marks=SLOW),
    pytest.param(SELECTORS[2], marks=SLOW),
]


def run(name, estimator):
    getattr(estimator_checks, name)(type(estimator).__name__, estimator)


@pytest.mark.parametrize("name", OF_ANYTHING)
@pytest.mark.parametrize("estimator", PRUNED + SELECTORS, ids=str)
def test_check_of_anything(name, estimator):
    if name == "check_dataframe_column_names_consistency" and estimator is PRUNED[-1]:
        pytest.skip(
            "a model pruned by columns accepts a frame of the kept columns alone"
        )
    assert run(name, estimator) is None


@pytest.mark.parametrize("name", OF_TRANSFORMERS)
@pytest.mark.parametrize("estimator", ONE_BY_DEFAULT, ids=str)
def test_check_of_transformers(name, estimator):
    assert run(name, estimator) is None


@pytest.mark.parametrize("name", OF_POLARS)
@pytest.mark.parametrize("estimator", ONE_BY_DEFAULT, ids=str)
def test_check_of_polars(name, estimator, polars):
    assert run(name, estimator) is None
