"""Linear models: all estimators of scikit-learn that predict from `coef_`."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import RegressorMixin
from sklearn.utils.validation import has_fit_parameter

from sklprune._estimators import without
from sklprune._frames import as_matrix
from sklprune._networks.problem import Problem
from sklprune._networks.settings import RefitSettings
from sklprune._networks.training import by_lbfgs
from sklprune._registry import register_family
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune._units import Task
from sklprune.families._column_links import Mask
from sklprune.families._layered import Layer, LayeredFamily, labels_of
from sklprune.families._linear_losses import l2_of_mean, loss_name, targets_of_loss
from sklprune.families._linear_penalty_choice import chosen_strength
from sklprune.families._masked_linear_fit import fit_apart, fit_together
from sklprune.families._online_training import OnlineLinear
from sklprune.families._penalised_linear_fit import solve_penalised, with_penalty
from sklprune.families._permuted_outputs import PermutedLinear
from sklprune.families._score_equations import known_penalty, score_equations_hold
from sklprune.families._shrinking_fits import (
    response_of,
    rows_of,
    shrinks,
    with_values,
)
from sklprune.families._training_state import with_own_state

#: attributes that training writes and no prediction reads
TRAINING_STATE = (
    "average_coef_",
    "average_intercept_",
    "standard_coef_",
    "standard_intercept_",
    "_average_coef",
    "_average_intercept",
    "_standard_coef",
    "_standard_intercept",
    "coefs_paths_",
    "coef_path_",
    "cv_results_",
    "cv_values_",
    "mse_path_",
    "outliers_",
    "scores_",
)
#: a solution of scikit-learn's solvers with a larger tolerance than this is not precise
MAX_TOLERANCE = 1e-4


class LinearFamily(PermutedLinear, OnlineLinear, LayeredFamily):
    """Linear classifiers and regressors, including SGD and linear SVMs.

    A linear model is one layer whose outputs are the targets or the classes.
    """

    classes = (
        "BaseSGDRegressor",
        "LinearClassifierMixin",
        "LinearModel",
        "_GeneralizedLinearRegressor",
    )
    granularities = ("weight",)
    recognises_rows = True
    has_coefficients = True

    def layers(self, estimator: Estimator) -> list[Layer]:
        coef = np.atleast_2d(_dense(estimator.coef_)).T
        if not getattr(estimator, "fit_intercept", True):
            return [Layer(coef, None)]
        intercept = np.broadcast_to(estimator.intercept_, coef.shape[1])
        return [Layer(coef, intercept)]

    def with_layers(self, estimator: Estimator, layers: Sequence[Layer]) -> Estimator:
        (layer,) = layers
        model = self.strip(estimator)
        old = model.coef_
        coef = layer.coef.T.reshape(*old.shape[:-1], -1)
        coef = np.ascontiguousarray(coef, dtype=old.dtype)
        model.coef_ = type(old)(coef) if sparse.issparse(old) else coef
        if layer.intercept is not None:
            shape = np.shape(model.intercept_)
            intercept = np.asarray(layer.intercept, dtype=old.dtype).reshape(shape)
            model.intercept_ = intercept.copy() if shape else intercept.item()
        return _with_current_as_start(model)

    def with_sparse_weights(self, estimator: Estimator) -> Estimator:
        model = without(estimator, ())
        # the class that `sparsify` uses
        model.coef_ = sparse.csr_matrix(np.atleast_2d(_dense(model.coef_)))
        return _with_current_as_start(model)

    def with_dense_weights(self, estimator: Estimator) -> Estimator:
        model = without(estimator, ())
        model.coef_ = _dense(model.coef_)
        if isinstance(model, RegressorMixin):
            model.coef_ = model.coef_.ravel()
        return _with_current_as_start(model)

    def has_sparse_weights(self, estimator: Estimator) -> bool:
        return bool(sparse.issparse(estimator.coef_))

    def narrow_fitted(self, estimator: Estimator, keep: Array, task: Task) -> Estimator:
        return _without_covariance(super().narrow_fitted(estimator, keep, task))

    def on_columns(
        self, estimator: Estimator, inputs: Mask, outputs: Mask = None
    ) -> Estimator:
        smaller = super().on_columns(estimator, inputs, outputs)
        return smaller if smaller is estimator else _without_covariance(smaller)

    def refit_of(
        self, estimator: Estimator, granularity: str, labels: bool
    ) -> str | None:
        name = super().refit_of(estimator, granularity, labels)
        # least squares without constraints could violate positive=True
        constrained = name == "reconstruction" and getattr(estimator, "positive", False)
        return None if constrained else name

    def capabilities(self, estimator: Estimator) -> frozenset[str]:
        offered = super().capabilities(estimator)
        if shrinks(estimator, _known_penalty(estimator)):
            offered |= {"shrinking_fits"}
        if _predicts_with_sparse_weights(estimator):
            offered |= {"sparse_weights"}
        return offered | {"masked_refit"} if _can_be_refitted(estimator) else offered

    def linear_rows(self, estimator: Estimator, task: Task, columns: Array) -> Any:
        """Rows from which the model is fitted on nested sets of columns.

        This is the capability "shrinking_fits".

        Parameters
        ----------
        estimator : estimator
            Fitted or not; only its parameters are used.
        task : Task
        columns : ndarray of int
            Positions in `task.X` of the columns of the fits.

        Returns
        -------
        LinearRows or None
            None where X or y are not of the kind that such fits need.
        """
        weight, penalty = self.row_weights(estimator, task), _known_penalty(estimator)
        return rows_of(estimator, task, columns, weight, penalty)

    def linear_model(
        self, estimator: Estimator, coef: Array, intercept: Array, y: ArrayLike
    ) -> Estimator:
        """A copy of an unfitted model with values instead of a fit.

        Parameters
        ----------
        estimator : estimator
        coef : ndarray of shape (n_outputs, n_features)
        intercept : ndarray of shape (n_outputs,)
        y : array-like of shape (n_rows,) or (n_rows, n_outputs)
        """
        return with_values(estimator, coef, intercept, y)

    def linear_response(self, model: Estimator, name: str, raw: Array) -> Array:
        """The result of a prediction method for linear predictors.

        Parameters
        ----------
        model : estimator
            A fitted model.
        name : {"predict", "predict_proba", "decision_function"}
        raw : ndarray of shape (..., n_rows, n_outputs)
        """
        return response_of(model, name, raw)

    def fitted_on(
        self,
        estimator: Estimator,
        X: MatrixLike,
        y: ArrayLike | None = None,
        sample_weight: Array | None = None,
    ) -> bool:
        """Whether the equations of the fit hold on these rows: see `fitted_on`."""
        if y is None:
            return False
        weight = self.row_weights(estimator, Task(X, y, sample_weight))
        total = len(np.asarray(y)) if weight is None else weight.sum()
        penalty = known_penalty(estimator, total)
        if "LogisticRegression" in {cls.__name__ for cls in type(estimator).__mro__}:
            strength, l1_ratio = _penalty(estimator)
            penalty = strength * (1 - l1_ratio), strength * l1_ratio
        return score_equations_hold(estimator, X, y, weight, penalty)

    def training_problem(
        self, estimator: Estimator, task: Task, *, labels: bool
    ) -> Problem:
        weight = self.row_weights(estimator, task)
        weight = np.ones(task.n_samples) if weight is None else weight
        loss = loss_name(estimator, _is_multinomial(estimator))
        X = as_matrix(task.X).astype(float)
        (layer,) = self.layers(estimator)
        problem = Problem(X, X, weight / weight.mean(), "identity", loss)
        if labels:
            y = labels_of(estimator, task.y)
            targets = targets_of_loss(estimator, y, loss, layer.coef.shape[1])
        else:
            targets = problem.predicted(layer.forward(X))
        l2 = l2_of_mean(estimator, weight.sum())
        return problem._replace(targets=targets, l2=l2)

    def masked_refit(
        self, estimator: Estimator, task: Task, settings: RefitSettings
    ) -> Estimator:
        """A copy whose non-zero weights are fitted to y: capability "masked_refit".

        Parameters
        ----------
        estimator : estimator
        task : Task
        settings : RefitSettings
            Fields that are only for networks are not used.

        Raises
        ------
        ValueError
            If y lacks a class, or if the model cannot have the penalty.
        """
        (layer,) = self.layers(estimator)
        if not np.any(layer.coef):
            return estimator
        if settings.labels:
            task = replace(task, y=labels_of(estimator, task.y, all_classes=True))
        if settings.chooses and settings.labels:
            settings = settings._replace(
                alpha=chosen_strength(
                    estimator,
                    task,
                    lambda rows, alpha: self._fit_by_clones(
                        estimator, layer, rows, settings._replace(alpha=alpha)
                    ),
                    lambda rows: self.training_problem(estimator, rows, labels=True),
                )
            )
        new = self._penalised_fit(estimator, layer, task, settings)
        if new is None:
            new = self._fit_by_clones(estimator, layer, task, settings)
        if layer.intercept is None:
            new = new._replace(intercept=None)
        return self.with_layers(estimator, [new])

    def _penalised_fit(
        self, estimator: Estimator, layer: Layer, task: Task, settings: RefitSettings
    ) -> Layer | None:
        """A fit with another penalty than that of the model; None for its own."""
        if settings.penalty is None:
            return None
        problem = self.training_problem(estimator, task, labels=settings.labels)
        return solve_penalised(estimator, layer, problem, settings)

    def _fit_by_clones(
        self, estimator: Estimator, layer: Layer, task: Task, settings: RefitSettings
    ) -> Layer:
        """Fit clones on the columns of each output."""
        support, alpha = layer.coef != 0, settings.strength
        if settings.penalty is not None:
            weight = self.row_weights(estimator, task)
            total = task.n_samples if weight is None else weight.sum()
            template, alpha = with_penalty(estimator, settings, float(total)), None
            for name, value in vars(estimator).items():
                # the attributes of the fit, which the fits of clones need
                if name.endswith("_"):
                    setattr(template, name, value)
            estimator = template
        if (support == support[:, :1]).all():
            return Layer(*fit_together(self, estimator, support, task, alpha))
        if _is_multinomial(estimator):
            return self._solve_multinomial(estimator, layer, task, alpha)
        return Layer(*fit_apart(self, estimator, support, task, alpha))

    def _solve_multinomial(
        self, estimator: Estimator, layer: Layer, task: Task, alpha: float | None
    ) -> Layer:
        """Fit a multinomial logistic regression, each class on its own columns."""
        weight = self.row_weights(estimator, task)
        weight = np.ones(task.n_samples) if weight is None else weight
        # columns that no weight reads cost time only
        read = layer.coef.any(axis=1)
        X = as_matrix(task.X)[:, np.flatnonzero(read)].astype(float)
        targets = np.asarray(task.y)[:, None] == estimator.classes_
        own, l1_ratio = _penalty(estimator)
        share = (own if alpha is None else alpha) / weight.sum()
        problem = Problem(
            X,
            targets.astype(float),
            weight / weight.mean(),
            "identity",
            "softmax",
            l2=share * (1 - l1_ratio),
            l1=share * l1_ratio,
        )
        start = layer.combined(lambda a: np.array(a, dtype=float))
        start = start._replace(coef=start.coef[read])
        (found,) = by_lbfgs(
            [start],
            [start.coef != 0],
            problem,
            max_iter=estimator.max_iter,
            tolerance=min(float(estimator.tol), MAX_TOLERANCE),
        )
        coef = np.zeros(layer.coef.shape)
        coef[read] = found.coef
        return found._replace(coef=coef)

    def why_not_continued(self, estimator: Estimator) -> str:
        if not (getattr(estimator, "average", 0) and hasattr(estimator, "classes_")):
            return ""
        return (
            "partial_fit needs the weights before they were averaged. "
            "A fit with warm_start=True continues it"
        )

    def strip(self, estimator: Estimator) -> Estimator:
        model = with_own_state(without(estimator, TRAINING_STATE))
        # a fit with warm_start writes into these arrays
        for name in ("coef_", "intercept_"):
            if name in model.__dict__:
                setattr(model, name, copy.copy(getattr(model, name)))
        return _with_current_as_start(model)


def _with_current_as_start(model: Estimator) -> Estimator:
    """Let averaged SGD continue from the current weights, in place.

    It starts a new average, as each fit with `warm_start` does. A regressor needs the
    weights before the average. They are the current ones, which takes no more bytes.
    """
    if getattr(model, "average", 0) and "coef_" in vars(model):
        model._standard_coef, model._average_coef = model.coef_, None
        model._standard_intercept, model._average_intercept = model.intercept_, None
    return model


def _dense(coef: Any) -> Array:
    return np.asarray(coef.toarray() if sparse.issparse(coef) else coef)


def _predicts_with_sparse_weights(estimator: Estimator) -> bool:
    """Whether predictions accept sparse weights, for dense and for sparse X.

    Other regressors give values of another shape, or raise an error for sparse X.
    """
    names = {cls.__name__ for cls in type(estimator).__mro__}
    return bool(names & {"LinearClassifierMixin", "SparseCoefMixin"})


def _without_covariance(model: Estimator) -> Estimator:
    """A copy without the covariance of the weights of all columns."""
    return without(model, ("sigma_",))


def _can_be_refitted(estimator: Estimator) -> bool:
    """Whether a clone can be fitted on any columns, and each class on its own."""
    if type(estimator).__name__.startswith("OrthogonalMatchingPursuit"):
        return False  # its fit selects columns, and would remove more of them
    if getattr(estimator, "class_weight", None) is None:
        return True
    return has_fit_parameter(estimator, "sample_weight")


def _is_multinomial(estimator: Estimator) -> bool:
    """Whether the classes are fitted together, with a softmax."""
    names = {cls.__name__ for cls in type(estimator).__mro__}
    return (
        "LogisticRegression" in names
        and estimator.solver != "liblinear"
        and getattr(estimator, "multi_class", None) != "ovr"
    )


def _known_penalty(estimator: Estimator) -> tuple[float, float] | None:
    """Strength of the penalty and L1 ratio, if it is a logistic regression."""
    if type(estimator).__name__ != "LogisticRegression":
        return None
    return _penalty(estimator)


def _penalty(estimator: Estimator) -> tuple[float, float]:
    """Strength of the penalty of a logistic regression, and its L1 ratio.

    `LogisticRegressionCV` has found both. Older versions of scikit-learn have a
    parameter for the kind of penalty, newer ones only the L1 ratio.
    """
    strength: Any = getattr(estimator, "C_", getattr(estimator, "C", None))
    strength = np.ravel(strength)[0]
    l1_ratio: Any = getattr(estimator, "l1_ratio", None)
    l1_ratio = np.ravel(getattr(estimator, "l1_ratio_", l1_ratio))[0]
    l1_ratio = {"l1": 1.0, "l2": 0.0}.get(estimator.penalty, l1_ratio or 0.0)
    return 0.0 if estimator.penalty is None else 1 / strength, l1_ratio


register_family(LinearFamily())
