"""What the two estimators of sklprune share: their scikit-learn manners."""

import copy
from dataclasses import replace
from numbers import Integral

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
from sklprune._progress import CallbackSupportMixin, Progress
from sklprune._prune import make_plan, make_scorer, prune_rows, seed_of, thawed
from sklprune._registry import named, registered
from sklprune._sklearn_private import HasMethods
from sklprune._validation import check_rows


class PruningMetaEstimator(CallbackSupportMixin, MetaEstimatorMixin, BaseEstimator):
    """Base of `PrunedEstimator` and `FeaturePruningSelector`."""

    _parameter_constraints = {
        "estimator": [HasMethods(["fit"])],
        "method": [str, HasMethods(["path", "candidate"])],
        "pruning_ratio": "no_validation",
        "rule": [str, HasMethods(["choose"]), callable],
        "cv": "no_validation",
        "scoring": "no_validation",
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "memory": [None, str, HasMethods(["cache"])],
        "verbose": ["verbose"],
    }

    # as group splitters do: default splits always keep groups whole
    __metadata_request__fit = {"groups": True}

    #: methods besides fit that hand metadata to the method of the same name
    _routed = ()

    def _prune(
        self,
        X,
        y,
        sample_weight,
        groups,
        ratio,
        *,
        refit=True,
        granularity=None,
        limits=None,
        store_path=False,
    ):
        """Check what came in, prune, and keep what comes out."""
        if routing_enabled():
            # refuses what nobody requests; each consumer is asked where it is used
            metadata = given(sample_weight=sample_weight, groups=groups)
            process_routing(self, "fit", **metadata)
        plan = make_plan(
            self.estimator,
            method=self.method,
            refit=refit,
            labels=y is not None,
            granularity=granularity,
            limits=limits,
        )
        plan = replace(plan, memory=memory_of(self.memory))
        task = check_rows(plan.estimator, plan.frozen, X, y, sample_weight, groups)
        task = task.with_settings(
            scorer=make_scorer(plan, self.scoring, y is not None),
            random_state=seed_of(self.random_state),
            n_jobs=self.n_jobs,
        )
        progress = Progress(self, self.verbose)
        result = prune_rows(
            plan,
            task,
            pruning_ratio=ratio,
            rule=named("rule", self.rule),
            cv=self.cv,
            store_path=store_path,
            progress=progress,
        )
        self.estimator_ = result.estimator
        self.pruning_ratio_ = result.ratio
        self.path_ = result.path
        self.report_ = result.report
        progress.end()
        return result

    def get_metadata_routing(self):
        """Who requests which metadata; see the user guide of scikit-learn.

        Weights and groups are used here (for the order, the refit and the default
        splits), and handed to the `fit` of `estimator`, to the scorer and to the
        splitter, where these request them.

        Returns
        -------
        MetadataRouter
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

    def set_params(self, **params):
        """Set parameters, nested ones as `method__n_repeats`.

        A nested parameter needs an object: a string has no parameters.
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
        return super().set_params(**params)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        # field by field: a frozen model would switch the common tests off
        tags.target_tags = copy.deepcopy(inner.target_tags)
        tags.input_tags = copy.deepcopy(inner.input_tags)
        tags.non_deterministic = inner.non_deterministic
        tags.array_api_support = False
        return tags
