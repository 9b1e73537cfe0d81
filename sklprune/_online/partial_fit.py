"""`partial_fit` of `PrunedEstimator`: a model is pruned while data arrive."""

import copy
from dataclasses import replace
from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklprune._estimators import seeded, unfitted
from sklprune._meta_estimator import checks_parameters
from sklprune._metadata import given, requested, routing_enabled
from sklprune._online.pruning import OnlinePruning
from sklprune._online.schedule import Schedule
from sklprune._online.unwrapping import Unwrapped, unwrapped
from sklprune._plan import SMALLEST, make_plan, seed_of, thawed
from sklprune._registry import family_of
from sklprune._reporting.report import Report
from sklprune._typing import ArrayLike, Estimator, MatrixLike
from sklprune._units import Task, plural
from sklprune.methods import Magnitude

#: the fraction that is removed with pruning_ratio="auto": no rows are held out
AUTO_RATIO = 0.5
#: attributes of a fit that describe another model after `partial_fit`
OF_A_FIT = ("path_", "report_")
#: attributes that `partial_fit` sets, and `fit` removes
OF_A_STREAM = ("history_", "_online")


def _trains_online(self: Any) -> bool:
    """Whether the model, pruned or not, has a `partial_fit` that can be pruned.

    A fitted model is taken out of a pipeline, whose other steps remain as they are.
    """
    model = getattr(self, "estimator_", thawed(self.estimator))
    if hasattr(self, "estimator_") or isinstance(self.estimator, FrozenEstimator):
        model = family_of(model).core(model)
    if not hasattr(model, "partial_fit"):
        raise AttributeError(f"{type(model).__name__} has no partial_fit.")
    if "online" in family_of(model).capabilities(model):
        return True
    raise AttributeError(
        f"{type(model).__name__} has partial_fit, but neither weights nor hidden units "
        "that could be removed between batches. MLP*, SGD*, Perceptron and "
        "PassiveAggressive* have them."
    )


class PartialFitMixin:
    """The part of `PrunedEstimator` that prunes a model while data arrive."""

    estimator: Any
    method: Any
    pruning_ratio: Any
    pruning_ratio_: float
    random_state: Any
    schedule: Any
    report_: Report

    @available_if(_trains_online)
    @checks_parameters
    def partial_fit(
        self,
        X: MatrixLike,
        y: ArrayLike | None = None,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train the model on a batch, and prune it as `schedule` requires.

        The model is trained by its own `partial_fit`. The fraction of removed units
        grows from call to call, up to `pruning_ratio`; "auto" is 0.5. Hidden units are
        physically removed, and their remaining neighbours replace them as well as least
        squares can. Neither a rule nor a refit is used.

        The first call trains a clone of the estimator. After `fit` or `prune`, the
        pruned model is trained further, and removed units remain removed. In a
        pipeline, the last step is trained, on rows that the other steps transform; they
        remain as they are. A frozen model is copied first.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The batch.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        classes : array-like of shape (n_classes,), default=None
            All classes that can occur. A classifier that is not fitted requires them in
            the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. The `partial_fit` of the model must take them.

        Returns
        -------
        self : PrunedEstimator
            `estimator_` is replaced as a whole. A thread that predicts meanwhile has
            the old model or the new one. The state of the optimiser is kept here, and
            `estimator_` has none. `history_` is a dict of lists with one entry for each
            call: "rows", "units" after the call, and "loss" on the batch before it was
            trained on (the share of wrong labels, or the mean squared error). `path_`
            and `report_` of an earlier fit are removed.

        Raises
        ------
        ValueError
            If y has a class that the first call did not name, or if X has missing
            values. The model is then unchanged.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from sklearn.neural_network import MLPClassifier
        >>> from sklprune import PrunedEstimator, Schedule
        >>> X, y = load_digits(return_X_y=True)
        >>> model = MLPClassifier((50,), learning_rate_init=0.01, random_state=0)
        >>> pruned = PrunedEstimator(model, pruning_ratio=0.6, random_state=0,
        ...                          schedule=Schedule(begin=5, n_batches=10))
        >>> for start in range(0, 1700, 50):
        ...     batch = slice(start, start + 50)
        ...     pruned = pruned.partial_fit(X[batch], y[batch], classes=range(10))
        >>> pruned.estimator_.hidden_layer_sizes
        (20,)
        >>> pruned.history_["units"][4:16:3]
        [50, 31, 22, 21]
        """
        X = np.asarray(X) if isinstance(X, (list, tuple)) else X
        inside = self._inside(Task(X, y, sample_weight))
        task = inside.task
        now = self.__dict__.get("_online") or self._first_state(inside.model)
        if routing_enabled():
            # raises an error for weights without a request
            process_routing(self, "partial_fit", **given(sample_weight=sample_weight))
            keywords = {"sample_weight": sample_weight}
            keywords = requested(now.model, "partial_fit", **keywords)
            task = replace(task, sample_weight=keywords.get("sample_weight"))
        known = "estimator_" in vars(self)
        new = now.after(
            task,
            classes=classes,
            predictions=inside.model.predict(task.X) if known else None,
        )
        for name in OF_A_FIT:
            self.__dict__.pop(name, None)
        shipped = inside.close(new.shipped(task))
        self._online = new
        self.pruning_ratio_ = new.ratio
        if "history_" not in vars(self):
            self.history_: dict[str, list[float]] = {name: [] for name in new.last}
        # by one assignment, since another thread may predict
        self.estimator_ = shipped
        # in place, which is fast after many batches
        for name, value in new.last.items():
            self.history_[name].append(value)
        return self

    def _forget_stream(self) -> None:
        """Remove what earlier calls of `partial_fit` have set."""
        for name in OF_A_STREAM:
            self.__dict__.pop(name, None)

    def _inside(self, task: Task) -> Unwrapped:
        """The model to train and the batch, taken out of the steps of a pipeline."""
        model = self.__dict__.get("estimator_")
        if model is None and isinstance(self.estimator, FrozenEstimator):
            model = thawed(self.estimator)
            check_is_fitted(model)
        if model is None:
            model = seeded(unfitted(self.estimator), seed_of(self.random_state))
            return Unwrapped(model, task, [])
        return unwrapped(model, task)

    def _first_state(self, estimator: Estimator) -> OnlinePruning:
        """The state before the first batch."""
        schedule = Schedule() if self.schedule is None else self.schedule
        schedule.check()
        fitted = "estimator_" in vars(self)
        why = family_of(estimator).why_not_continued(estimator)
        if why and (fitted or isinstance(self.estimator, FrozenEstimator)):
            raise ValueError(f"{type(estimator).__name__} cannot be continued: {why}.")
        method = self._online_method(estimator, fitted)
        if method.granularity not in ("neuron", "weight") or method.decides:
            what = plural(method.granularity)
            what = "chooses the size itself" if method.decides else f"removes {what}"
            raise ValueError(
                f"method={self.method!r} {what}. partial_fit prunes hidden units or "
                "single weights at a given ratio: use method='auto'."
            )
        state = OnlinePruning(
            model=copy.deepcopy(estimator),
            method=method,
            schedule=schedule,
            target=self._target(fitted),
            seed=seed_of(self.random_state),
            automatic=isinstance(self.method, str) and self.method == "auto",
        )
        if not fitted:
            return state
        return state.continuing(getattr(self.report_, "n_units", 0))

    def _online_method(self, estimator: Estimator, fitted: bool) -> Any:
        """The method that orders units between batches."""
        method = self.method
        several = isinstance(method, (list, tuple)) or not hasattr(method, "path")
        if fitted:
            # whatever has pruned the model: weights that are zero remain zero
            family = family_of(estimator)
            dense = all(layer.coef.all() for layer in family.layers(estimator))
            neurons = getattr(self.report_, "granularity", "") == "neuron"
            stored = "sparse" if family.has_sparse_weights(estimator) else "dense"
            weights = Magnitude("weight", storage=stored)
            method = "auto" if neurons and dense else weights
        elif several and not (isinstance(method, str) and method != SMALLEST):
            raise ValueError(
                f"method={method!r}: partial_fit prunes by one method. Name one, or "
                "use method='auto'."
            )
        return make_plan(estimator, method=method, refit=False, labels=True).method

    def _target(self, fitted: bool) -> float:
        """The fraction of units to remove."""
        ratio = self.pruning_ratio
        if fitted:
            return float(self.pruning_ratio_)
        if isinstance(ratio, str) and ratio == "auto":
            return AUTO_RATIO
        is_number = isinstance(ratio, Real) and not isinstance(ratio, bool)
        if not is_number or not 0 <= ratio < 1:
            raise ValueError(
                f"pruning_ratio={ratio!r}: partial_fit holds out no rows to choose "
                "from. It must be one number in [0, 1), or 'auto' for "
                f"{AUTO_RATIO:g}."
            )
        return float(ratio)
