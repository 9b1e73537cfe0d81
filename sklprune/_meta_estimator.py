"""Base class of `PrunedEstimator` and `FeaturePruningSelector`.

It validates parameters, passes them to the pruning workflow, and stores the results as
attributes. It also implements metadata routing, tags and nested parameters, as
scikit-learn expects them from a meta-estimator.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial, wraps
from numbers import Integral, Real
from typing import Any, Self, SupportsIndex, TypeAlias, TypeVar

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.metrics import check_scoring
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)

from sklprune._memory import memory_of
from sklprune._metadata import given, routing_enabled
from sklprune._plan import (
    make_plans,
    make_scorer,
    open_texts,
    removable,
    seed_of,
    thawed,
)
from sklprune._progress import CallbackSupportMixin, Progress
from sklprune._prune import prune_rows
from sklprune._pruning_path import PruningPath
from sklprune._registry import named, registered
from sklprune._reporting.notebook import ResultDiagramMixin
from sklprune._reporting.report import Report
from sklprune._rule import as_rule
from sklprune._sklearn_private import HasMethods, fit_context
from sklprune._typing import (
    CV,
    ArrayLike,
    Estimator,
    MatrixLike,
    RandomState,
    Ratio,
    Scoring,
    Seen,
    Table,
)
from sklprune._units import TooLittleLeft
from sklprune._validation import check_rows
from sklprune.methods import Chain, Method
from sklprune.refits import Refit
from sklprune.rules import Rule

MethodLike: TypeAlias = str | Method | Chain | Sequence[str | Method]
RuleLike: TypeAlias = str | Rule | Callable[[Table], SupportsIndex]
RefitLike: TypeAlias = bool | str | Refit
Fit = TypeVar("Fit", bound=Callable[..., Any])


def checks_parameters(fit: Fit) -> Fit:
    """Decorate `fit`, so that it validates parameters first, and is all or nothing.

    After an error or an interruption, for instance by Ctrl-C, all attributes are those
    from before the call. A result of an earlier fit is thus kept as a whole.
    """
    checked = fit_context(prefer_skip_nested_validation=False)(fit)

    @wraps(checked)
    def fit_or_restore(self: Any, *args: Any, **params: Any) -> Any:
        before = vars(self).copy()
        try:
            return checked(self, *args, **params)
        except BaseException:
            # one assignment, which cannot be interrupted half-way
            self.__dict__ = before
            raise

    decorated: Any = fit_or_restore
    return decorated


class PruningMetaEstimator(
    ResultDiagramMixin, CallbackSupportMixin, MetaEstimatorMixin, BaseEstimator
):
    """Base of `PrunedEstimator` and `FeaturePruningSelector`.

    A subclass has at least the parameters of `_parameter_constraints` and a `fit` that
    calls `_prune`.

    Attributes
    ----------
    estimator_ : estimator
        The pruned model.
    pruning_ratio_ : float
        The fraction of units that was removed.
    path_ : PruningPath
        The scores of all candidates.
    report_ : Report
        What was removed, and how size and score changed.
    """

    estimator: Estimator
    method: MethodLike
    rule: RuleLike
    cv: CV
    scoring: Scoring
    n_jobs: int | None
    random_state: RandomState
    memory: Any
    verbose: bool | int

    estimator_: Estimator
    pruning_ratio_: float
    path_: PruningPath
    report_: Report

    _parameter_constraints: dict[str, Any] = {
        "estimator": [HasMethods(["fit"])],
        "method": [str, list, tuple, HasMethods(["path", "candidate"])],
        "pruning_ratio": "no_validation",
        "rule": [str, HasMethods(["choose"]), callable],
        "cv": "no_validation",
        "scoring": "no_validation",
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "memory": [None, str, HasMethods(["cache"])],
        "verbose": ["verbose"],
    }

    # requested by default, as by group splitters: the default splits use groups too
    __metadata_request__fit = {"groups": True}

    #: methods besides fit that pass metadata to the model's method of the same name
    _routed: tuple[str, ...] = ()

    def _prune(
        self,
        X: MatrixLike,
        y: ArrayLike | None,
        sample_weight: ArrayLike | None,
        groups: ArrayLike | None,
        ratio: Ratio,
        *,
        refit: RefitLike = True,
        granularity: str | None = None,
        limits: dict[str, Any] | None = None,
        store_path: bool = False,
        seen: Seen = "auto",
        drop_unread: bool = False,
        baseline: bool = False,
        takes_texts: bool = False,
    ) -> Any:
        """Check the input, prune, and store the result in the fitted attributes.

        Parameters
        ----------
        ratio : float, sequence of float, or "auto"
            The fraction of units to remove, or the grid to choose from.
        granularity : str or None
            Unit that the method must remove. None allows any.
        limits : dict or None
            Fields of `Units` that restrict what is removed.
        takes_texts : bool
            Whether terms are columns if X has texts, see `open_texts`.

        Returns
        -------
        Result
            With the kept units and their scores.
        """
        if routing_enabled():
            # only to raise an error for metadata without a request; consumers read
            # their own requests where they are called
            metadata = given(sample_weight=sample_weight, groups=groups)
            process_routing(self, "fit", **metadata)
        make = partial(
            make_plans,
            method=self.method,
            refit=refit,
            labels=y is not None,
            granularity=granularity,
            limits=limits,
        )
        plans, texts = make(self.estimator, n_features=_n_columns(X)), None
        opened = open_texts(plans, X) if takes_texts else None
        if opened is not None:
            estimator, texts = opened
            X = texts.counts
            plans = make(estimator, n_features=_n_columns(X))
        memory = memory_of(self.memory)
        common = {"memory": memory, "seen": seen, "drop_unread": bool(drop_unread)}
        plans = [replace(plan, **common) for plan in plans]
        estimator, frozen = plans[0].estimator, plans[0].frozen
        task = check_rows(estimator, frozen, X, y, sample_weight, groups)
        if not (isinstance(ratio, Real) and ratio == 0):
            plans = removable(plans, task.X)
        scorer = [make_scorer(plan, self.scoring, y is not None) for plan in plans][0]
        task = task.with_settings(
            scorer=scorer,
            random_state=seed_of(self.random_state),
            n_jobs=self.n_jobs,
        )
        progress = Progress(self, self.verbose)
        try:
            with progress:
                result = prune_rows(
                    plans,
                    task,
                    pruning_ratio=ratio,
                    rule=as_rule(named("rule", self.rule)),
                    cv=self.cv,
                    store_path=store_path,
                    baseline=bool(baseline),
                    progress=progress,
                    texts=texts,
                )
        except TooLittleLeft as error:
            original = error.of_original_type()
            if original is error:
                raise
            raise original from original.__cause__
        self.estimator_ = result.estimator
        self.pruning_ratio_ = result.ratio
        self.path_ = result.path
        self.report_ = result.report
        parameters = self.get_params(deep=False).items()
        self.report_.settings = {name: repr(value) for name, value in parameters}
        progress.end()
        return result

    def get_metadata_routing(self) -> Any:
        """Metadata routing of this object; see the user guide of scikit-learn.

        Sample weights and groups are used here for the order, the refit and the
        default splits. They are also passed to the `fit` of `estimator`, to the
        scorer and to the splitter, if these request them.

        Returns
        -------
        MetadataRouter
            What is requested, and which methods pass it on.
        """
        estimator = thawed(self.estimator)
        methods = MethodMapping()
        for name in ("fit", *self._routed):
            methods.add(caller=name, callee=name)
        router = MetadataRouter(owner=type(self).__name__).add_self_request(self)
        router.add(estimator=estimator, method_mapping=methods)
        scorer = check_scoring(estimator, self.scoring, allow_none=True)
        if scorer is not None:
            on_fit = MethodMapping().add(caller="fit", callee="score")
            router.add(scorer=scorer, method_mapping=on_fit)
        if hasattr(self.cv, "split"):
            on_fit = MethodMapping().add(caller="fit", callee="split")
            router.add(splitter=self.cv, method_mapping=on_fit)
        return router

    def set_params(self, **params: Any) -> Self:
        """Set parameters of this estimator and of nested objects.

        Parameters
        ----------
        **params
            Values by name. The parameter of a nested object has a name such as
            `method__n_repeats`.

        Returns
        -------
        self : estimator
            The same object.

        Raises
        ------
        ValueError
            If a parameter is unknown. Also if it belongs to a method, rule or refit
            that is given as a string, since a string has no parameters.
        """
        for name in params:
            outer, dot, inner = name.partition("__")
            value = params.get(outer, getattr(self, outer, None))
            if dot and isinstance(value, str) and outer in ("method", "rule", "refit"):
                known = registered(outer)
                cls = known[value].__name__ if value in known else "Object"
                raise ValueError(
                    f"{name}: {outer}={value!r} is a string and has no parameters. "
                    f"Pass the object instead, {outer}={cls}(), and set {inner} there."
                )
        super().set_params(**params)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        # not as a whole: the tags of a frozen model disable the common tests
        tags.target_tags = copy.deepcopy(inner.target_tags)
        tags.input_tags = copy.deepcopy(inner.input_tags)
        tags.non_deterministic = inner.non_deterministic
        tags.array_api_support = False
        return tags


def _n_columns(X: Any) -> int | None:
    """The number of columns of X, before X is checked; None if it has none."""
    if not hasattr(X, "shape") and isinstance(X, Sequence) and len(X):
        X = np.asarray(X[0], dtype=object)
    shape: tuple[int, ...] = getattr(X, "shape", ())
    return int(shape[-1]) if len(shape) else None
