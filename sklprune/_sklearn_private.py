"""The only file that imports private names of scikit-learn or asks for its version.

Everything here exists under the same meaning in scikit-learn 1.6 and later. When a
release moves one of these names, this is the file that changes.
"""

from inspect import signature

from sklearn._loss.loss import HalfBinomialLoss, HalfMultinomialLoss
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.base import _fit_context as fit_context
from sklearn.ensemble._bagging import _generate_bagging_indices
from sklearn.ensemble._forest import _generate_sample_indices
from sklearn.ensemble._hist_gradient_boosting.binning import _BinMapper as BinMapper
from sklearn.ensemble._hist_gradient_boosting.grower import TreeGrower
from sklearn.linear_model import LogisticRegression
from sklearn.metrics._scorer import _BaseScorer, _PassthroughScorer
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils._user_interface import _print_elapsed_time as print_elapsed_time
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import _num_features as num_features
from sklearn.utils.validation import _num_samples as num_samples

__all__ = [
    "CALLBACKS",
    "BaseSearchCV",
    "BinMapper",
    "HalfBinomialLoss",
    "HalfMultinomialLoss",
    "HasMethods",
    "Interval",
    "StrOptions",
    "TreeGrower",
    "only_predicts",
    "bags_can_be_drawn",
    "check_sample_weight",
    "elastic_net_logistic",
    "fit_context",
    "is_scorer",
    "num_features",
    "num_samples",
    "print_elapsed_time",
    "safe_indexing",
    "samples_can_be_drawn",
    "scorer_name",
    "scorer_takes_weights",
]

#: where an estimator of scikit-learn 1.9 holds its callbacks
CALLBACKS = "_skl_callbacks"


def is_scorer(thing):
    """Whether something is a scorer that `make_scorer` or `get_scorer` gave."""
    return isinstance(thing, _BaseScorer)


def only_predicts(scorer, model):
    """Whether a scorer asks a model for its answers to rows, and for nothing else."""
    if isinstance(scorer, _PassthroughScorer):
        own = getattr(type(model), "score", None)
        return own in (ClassifierMixin.score, RegressorMixin.score)
    return is_scorer(scorer)


def _scoring_function(scorer, estimator):
    if isinstance(scorer, _PassthroughScorer):
        return estimator.score
    return scorer._score_func if isinstance(scorer, _BaseScorer) else scorer


def samples_can_be_drawn(forest):
    """Whether the bootstrap samples of a fitted forest can be drawn again.

    Where they depend on weights, a forest without them has forgotten its own.
    """
    weighted = "sample_weight" in signature(_generate_sample_indices).parameters
    return forest.bootstrap and (not weighted or hasattr(forest, "_sample_weight"))


def bags_can_be_drawn(bagging):
    """Whether the rows that each member of a fitted bagging saw can be drawn again.

    Not where they depend on weights that are gone, or where members were added later.
    """
    weighted = "sample_weight" in signature(_generate_bagging_indices).parameters
    seeds, members = vars(bagging).get("_seeds"), vars(bagging).get("estimators_")
    if seeds is None or members is None or len(seeds) != len(members):
        return False
    return not weighted or hasattr(bagging, "_sample_weight")


def scorer_takes_weights(scorer, estimator):
    """Whether the scores of `estimator` by `scorer` can be weighted."""
    return "sample_weight" in signature(_scoring_function(scorer, estimator)).parameters


def scorer_name(scorer, estimator):
    """The name of what a scorer computes, for a report."""
    if isinstance(scorer, _PassthroughScorer):
        return f"{type(estimator).__name__}.score"
    function = _scoring_function(scorer, estimator)
    return getattr(function, "__name__", type(function).__name__)


def elastic_net_logistic(C, l1_ratio, **params):
    """A logistic regression with an elastic-net penalty, to be started warm."""
    # l1_ratio alone means ridge up to 1.7; from 1.8 on it is penalty that warns
    asked = signature(LogisticRegression).parameters["penalty"].default
    penalty = {} if asked == "deprecated" else {"penalty": "elasticnet"}
    return LogisticRegression(
        C=C, l1_ratio=l1_ratio, solver="saga", warm_start=True, **penalty, **params
    )
