"""Fits linear models on given supports with another penalty than their own.

The strength is relative to the mean loss, for every model. Squared error is solved by
scikit-learn, other losses with probabilities or rates by L-BFGS. Further losses are
fitted by the model itself, if it has parameters for the penalty.
"""

from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.linear_model import ElasticNet, Ridge

from sklprune._networks.layer import Layer
from sklprune._networks.problem import Problem
from sklprune._networks.settings import RefitSettings
from sklprune._networks.training import by_lbfgs
from sklprune._progress import tracked
from sklprune._typing import Array, Estimator
from sklprune.families._linear_losses import is_log_loss, is_squared_error

#: iterations of L-BFGS, and of the coordinate descent of scikit-learn
MAX_ITER = 1000


def solve_penalised(
    estimator: Estimator,
    layer: Layer,
    problem: Problem,
    settings: RefitSettings,
) -> Layer | None:
    """Fit the non-zero weights of a layer, or None if only the model itself can.

    Parameters
    ----------
    estimator : estimator
    layer : Layer
        The starting point; its zeros are kept.
    problem : Problem
        With the targets of the rows, and with the penalty of the model.
    settings : RefitSettings

    Raises
    ------
    ValueError
        If the penalty needs probabilities, and the model has none.
    """
    if settings.penalty == "maxent" and not is_log_loss(estimator):
        name = type(estimator).__name__
        raise ValueError(
            f"MaskedRefit(penalty='maxent') does not fit {name}, whose loss has no "
            "probabilities. It fits LogisticRegression, SGDClassifier(loss='log_loss') "
            "and MLPClassifier."
        )
    support = layer.coef != 0
    if is_squared_error(estimator) and not is_classifier(estimator):
        return _least_squares(layer, support, problem, settings)
    canonical = is_squared_error(estimator) or is_log_loss(estimator)
    if not canonical and problem.last != "exp":
        return None
    problem = settings.penalised(problem)
    start = layer.combined(lambda a: np.array(a, dtype=float))
    return by_lbfgs([start], [support], problem, max_iter=MAX_ITER)[0]


def _least_squares(
    layer: Layer, support: Array, problem: Problem, settings: RefitSettings
) -> Layer:
    """Fit each output on its own columns by scikit-learn."""
    l2, l1 = settings.strengths
    total = float(problem.weight.sum())
    intercept = layer.intercept is not None
    model: Any
    if l1:
        ratio = l1 / (l1 + l2)
        options = {"fit_intercept": intercept, "max_iter": MAX_ITER, "tol": 1e-8}
        model = ElasticNet(alpha=l1 + l2, l1_ratio=ratio, **options)
    else:
        model = Ridge(alpha=l2 * total, fit_intercept=intercept)
    coef = np.zeros(support.shape)
    weight = problem.weight
    means = weight @ problem.targets / total
    outputs = np.flatnonzero(support.any(axis=0)).tolist()
    for output in tracked(outputs, "outputs"):
        columns = np.flatnonzero(support[:, output])
        fitted = clone(model).fit(
            problem.rows[:, columns], problem.targets[:, output], sample_weight=weight
        )
        coef[columns, output] = fitted.coef_
        means[output] = fitted.intercept_
    return Layer(coef, means if intercept else None)


def with_penalty(
    estimator: Estimator, settings: RefitSettings, total: float
) -> Estimator:
    """An unfitted clone whose own parameters set the penalty.

    Raises
    ------
    ValueError
        If it has no parameters for this penalty.
    """
    model, params = clone(estimator), estimator.get_params(deep=False)
    penalty, alpha = settings.penalty, settings.strength
    if {"penalty", "alpha", "l1_ratio"} <= set(params):  # SGD
        ratio = settings.l1_ratio
        return model.set_params(penalty=penalty, alpha=alpha, l1_ratio=ratio)
    if "C" in params and penalty == "l2" and alpha:
        return model.set_params(C=1 / (alpha * total))
    if "C" in params and penalty == "l1" and alpha and "dual" in params:
        options = {"penalty": "l1", "dual": False, "loss": "squared_hinge"}
        known = {name: value for name, value in options.items() if name in params}
        if known == options:
            return model.set_params(C=1 / (alpha * total), **options)
    if "alpha" in params and penalty == "l2" and "link" in params:
        return model.set_params(alpha=alpha)
    raise ValueError(
        f"MaskedRefit(penalty={penalty!r}) does not fit {type(estimator).__name__}, "
        "which has no such penalty. penalty=None keeps its own."
    )
