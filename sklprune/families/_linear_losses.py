"""The loss that a linear model was fitted with, as a problem of one layer.

Losses without a canonical form, such as the hinge, are replaced by squared error.
"""

from typing import Any

import numpy as np
from sklearn.base import is_classifier

from sklprune._typing import Array, Estimator

#: generalised linear models whose default link is the logarithm
LOG_LINK = ("PoissonRegressor", "GammaRegressor")
#: classes that minimise squared error
SQUARED_ERROR = (
    "ARDRegression",
    "BayesianRidge",
    "ElasticNet",
    "Lars",
    "LinearModelCV",
    "LinearRegression",
    "_BaseRidge",
    "_BaseRidgeCV",
)
#: classes whose `alpha` is relative to the mean loss
ALPHA_OF_MEAN = (
    "BaseSGD",
    "ElasticNet",
    "MultiTaskElasticNet",
    "_GeneralizedLinearRegressor",
)
#: classes whose `alpha` is relative to half of the sum of squared errors
ALPHA_OF_SUM = ("_BaseRidge", "_BaseRidgeCV")
#: classes whose `C` multiplies the sum of the losses
C_OF_SUM = ("LogisticRegression", "LinearSVC", "LinearSVR")


def loss_name(estimator: Estimator, multinomial: bool) -> str:
    """The activation of the outputs, which names the loss; see `Problem`."""
    names = _names(estimator)
    if "LogisticRegression" in names:
        return "softmax" if multinomial and estimator.coef_.shape[0] > 1 else "logistic"
    if getattr(estimator, "loss", None) == "log_loss":
        return "logistic"
    if names & set(LOG_LINK) or _has_log_link(estimator):
        return "exp"
    return "identity"


def targets_of_loss(estimator: Estimator, y: Any, loss: str, n_outputs: int) -> Array:
    """Targets of the outputs: (n_rows, n_outputs).

    A class is 1, and other classes are 0. With squared error, others are -1.
    """
    y = np.asarray(y)
    if not is_classifier(estimator):
        return y.reshape(len(y), -1).astype(float)
    if y.ndim == 1:
        classes = estimator.classes_ if n_outputs > 1 else estimator.classes_[1:]
        y = y[:, None] == classes
    y = np.asarray(y, dtype=float)
    return 2 * y - 1 if loss == "identity" else y


def l2_of_mean(estimator: Estimator, total_weight: float) -> Any:
    """The L2 penalty relative to the mean loss: a number, or one for each output."""
    names = _names(estimator)
    if names & set(C_OF_SUM):
        strength = np.ravel(getattr(estimator, "C_", getattr(estimator, "C", np.inf)))
        l2 = (1 - _l1_ratio(estimator)) / (float(strength[0]) * total_weight)
        return 0.0 if estimator.get_params().get("penalty", "") is None else l2
    alpha: Any = getattr(estimator, "alpha_", getattr(estimator, "alpha", 0.0))
    alpha = np.asarray(alpha, dtype=float)
    if names & set(ALPHA_OF_SUM):
        return alpha / total_weight if alpha.ndim else float(alpha) / total_weight
    if names & set(ALPHA_OF_MEAN):
        return float(np.ravel(alpha)[0]) * (1 - _l1_ratio(estimator))
    return 0.0


def _l1_ratio(estimator: Estimator) -> float:
    """The share of the L1 penalty."""
    if "Lasso" in _names(estimator):
        return 1.0
    penalty = getattr(estimator, "penalty", None)
    if penalty in ("l1", "l2"):
        return float(penalty == "l1")
    ratio: Any = getattr(estimator, "l1_ratio_", getattr(estimator, "l1_ratio", None))
    ratio = np.ravel(ratio)[0]
    return 0.0 if ratio is None else float(ratio)


def _has_log_link(estimator: Estimator) -> bool:
    """Whether a Tweedie regressor has the logarithm as its link."""
    if "TweedieRegressor" not in _names(estimator):
        return False
    link = estimator.link
    return bool(link == "log" or (link == "auto" and estimator.power > 0))


def _names(estimator: Estimator) -> set[str]:
    return {cls.__name__ for cls in type(estimator).__mro__}


def is_log_loss(estimator: Estimator) -> bool:
    """Whether the loss is the negative log likelihood of classes."""
    if "LogisticRegression" in _names(estimator):
        return True
    return "BaseSGD" in _names(estimator) and estimator.loss == "log_loss"


def is_squared_error(estimator: Estimator) -> bool:
    """Whether the loss is the squared error, apart from its penalty."""
    names = _names(estimator)
    if "BaseSGD" in names:
        return bool(estimator.loss == "squared_error")
    return bool(names & set(SQUARED_ERROR))
