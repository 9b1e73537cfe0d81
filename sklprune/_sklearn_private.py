"""All imports of private names of scikit-learn, and all facts that differ by release.

No other file imports a private name of scikit-learn or depends on its version. Each
name has the same meaning in scikit-learn 1.6 and later. When a release moves one of
them, only this file changes.
"""

from inspect import getattr_static, signature
from numbers import Real
from typing import Any

from numpy import ndim, ones_like
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.base import _fit_context as fit_context
from sklearn.ensemble._bagging import _generate_bagging_indices
from sklearn.ensemble._forest import _generate_sample_indices
from sklearn.ensemble._hist_gradient_boosting.binning import _BinMapper as BinMapper
from sklearn.ensemble._hist_gradient_boosting.grower import TreeGrower
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import _classification, _ranking, accuracy_score, r2_score
from sklearn.metrics._scorer import (
    _BaseScorer,
    _MultimetricScorer,
    _PassthroughScorer,
)
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils._user_interface import _print_elapsed_time as print_elapsed_time
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import _num_features as num_features
from sklearn.utils.validation import _num_samples as num_samples

from sklprune._typing import Estimator, Scorer

__all__ = [
    "BAGGING_SAMPLES_BY_WEIGHT",
    "CALLBACKS",
    "EQUAL_SCORES_IN_ORDER",
    "FOREST_SAMPLES_BY_WEIGHT",
    "NOT_NEGATIVE",
    "BinMapper",
    "HasMethods",
    "StrOptions",
    "TreeGrower",
    "only_predicts",
    "predicts_as_pipeline",
    "check_parameters",
    "check_sample_weight",
    "elastic_net_logistic",
    "fit_context",
    "is_passthrough",
    "log_of_probability",
    "is_scorer",
    "num_features",
    "num_samples",
    "print_elapsed_time",
    "safe_indexing",
    "score_function",
    "scorer_name",
    "scorer_parts",
    "scorer_takes_weights",
    "scorers_inside",
]

#: constraint of a number that is not negative, in `_parameter_constraints`
NOT_NEGATIVE = Interval(Real, 0, None, closed="left")

#: attribute of an estimator of scikit-learn 1.9 that holds its callbacks
CALLBACKS = "_skl_callbacks"
#: whether the rows that a tree or a member is fitted on are drawn by their weights
FOREST_SAMPLES_BY_WEIGHT = (
    "sample_weight" in signature(_generate_sample_indices).parameters
)
BAGGING_SAMPLES_BY_WEIGHT = (
    "sample_weight" in signature(_generate_bagging_indices).parameters
)


def check_parameters(component: Any) -> None:
    """Raise the error of scikit-learn for a parameter of a method or a refit.

    Parameters
    ----------
    component : Method, Refit, Rule or Schedule
        Checked are the parameters that its class has in `_parameter_constraints`. A
        parameter whose default is a string or an int must not be an array, for which
        comparisons with single values are ambiguous.
    """
    constraints = getattr(component, "_parameter_constraints", {})
    parameters = component.get_params(deep=False)
    for name, parameter in signature(type(component)).parameters.items():
        value, default = parameters.get(name), parameter.default
        is_array = hasattr(value, "__array__") and ndim(value) > 0
        if is_array and isinstance(default, (str, int)):
            raise ValueError(
                f"{type(component).__name__}({name}={value!r}): {name} must be a "
                f"single value such as {default!r}, and not an array."
            )
    validate_parameter_constraints(constraints, parameters, type(component).__name__)


def log_of_probability(probability: Any) -> Any:
    """The logarithm, rounded as in `log_loss`."""
    # a function of scikit-learn in newer releases, and of scipy in older ones
    xlogy = getattr(_classification, "_xlogy", None) or _classification.xlogy
    return xlogy(ones_like(probability), probability)


def is_scorer(value: object) -> bool:
    """Whether a value is a scorer made by `make_scorer` or `get_scorer`."""
    return isinstance(value, _BaseScorer)


#: whether a ROC curve has rows of equal scores in the order of the rows, not reversed
EQUAL_SCORES_IN_ORDER = hasattr(
    _ranking, "_sort_inputs_and_compute_classification_thresholds"
)


def is_passthrough(scorer: object) -> bool:
    """Whether a scorer calls the `score` method of the model."""
    return isinstance(scorer, _PassthroughScorer)


def only_predicts(scorer: Scorer, model: Estimator) -> bool:
    """Whether a scorer uses only the predictions of a model."""
    if isinstance(scorer, _PassthroughScorer):
        own = getattr(type(model), "score", None)
        return own in (ClassifierMixin.score, RegressorMixin.score)
    return is_scorer(scorer)


def predicts_as_pipeline(scorer: Scorer, model: Estimator) -> bool:
    """Whether a scorer uses only the predictions of a pipeline, by its `score`."""
    if not isinstance(scorer, _PassthroughScorer):
        return False
    if not _scores_as_pipeline(model):
        return False
    last = model.steps[-1][1]
    return only_predicts(scorer, last) or predicts_as_pipeline(scorer, last)


def score_function(model: Estimator) -> Any:
    """The `score` of the class of a model, or of the last step of a pipeline."""
    if _scores_as_pipeline(model):
        return score_function(model.steps[-1][1])
    return type(model).score


def _scores_as_pipeline(model: Estimator) -> bool:
    # as an attribute of the class it is another function each time
    own = getattr_static(type(model), "score", None)
    return own is getattr_static(Pipeline, "score")


def scorer_parts(scorer: Any, estimator: Estimator) -> tuple[Any, int, Any]:
    """The metric of a scorer, its sign, and the names of the responses that it takes.

    The metric is a function. With parameters it is the pair of the function and its
    sorted parameters. It is None where it is not known.
    """
    if isinstance(scorer, _PassthroughScorer):
        own = getattr(type(estimator), "score", None)
        known = {ClassifierMixin.score: accuracy_score, RegressorMixin.score: r2_score}
        return known.get(own), 1, "predict"
    if not isinstance(scorer, _BaseScorer):
        return None, 1, ()
    metric = scorer._score_func
    if scorer._kwargs:
        metric = (metric, tuple(sorted(scorer._kwargs.items())))
    if not _is_hashable(metric):
        return None, 1, ()
    return metric, scorer._sign, scorer._response_method


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:  # a parameter is a list, for example
        return False
    return True


def scorers_inside(scorer: Any) -> dict[str, Any] | None:
    """The scorers of a scorer for several metrics by name; None for one metric."""
    return scorer._scorers if isinstance(scorer, _MultimetricScorer) else None


def _scoring_function(scorer: Any, estimator: Estimator) -> Any:
    """The function whose parameters and name are those of a scorer."""
    if isinstance(scorer, _PassthroughScorer):
        return estimator.score
    return scorer._score_func if isinstance(scorer, _BaseScorer) else scorer


def scorer_takes_weights(scorer: Scorer, estimator: Estimator) -> bool:
    """Whether the scores of `estimator` by `scorer` can be weighted."""
    return "sample_weight" in signature(_scoring_function(scorer, estimator)).parameters


def scorer_name(scorer: Scorer, estimator: Estimator) -> str:
    """The name of the metric of a scorer, for a report."""
    if isinstance(scorer, _PassthroughScorer):
        return f"{type(estimator).__name__}.score"
    function = _scoring_function(scorer, estimator)
    return getattr(function, "__name__", type(function).__name__)


def elastic_net_logistic(C: float, l1_ratio: float, **params: Any) -> Estimator:
    """An unfitted logistic regression with elastic-net penalty and warm start."""
    # up to 1.7 `l1_ratio` has no effect without `penalty`; 1.8 deprecates `penalty`
    default = signature(LogisticRegression).parameters["penalty"].default
    penalty = {} if default == "deprecated" else {"penalty": "elasticnet"}
    return LogisticRegression(
        C=C, l1_ratio=l1_ratio, solver="saga", warm_start=True, **penalty, **params
    )
