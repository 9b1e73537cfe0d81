"""What the two estimators of sklprune share: their scikit-learn manners."""

import copy

from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.utils import get_tags

from sklprune._prune import make_plan, make_scorer, prune_rows, seed_of
from sklprune._registry import named, registered
from sklprune._sklearn_private import HasMethods
from sklprune._validation import check_rows


class PruningMetaEstimator(MetaEstimatorMixin, BaseEstimator):
    """Base of `PrunedEstimator` and `FeaturePruningSelector`."""

    _parameter_constraints = {
        "estimator": [HasMethods(["fit"])],
        "method": [str, HasMethods(["path", "candidate"])],
        "pruning_ratio": "no_validation",
        "rule": [str, HasMethods(["choose"]), callable],
        "cv": "no_validation",
        "scoring": "no_validation",
        "n_jobs": "no_validation",
        "random_state": ["random_state"],
    }

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
        plan = make_plan(
            self.estimator,
            method=self.method,
            refit=refit,
            labels=y is not None,
            granularity=granularity,
            limits=limits,
        )
        task = check_rows(plan.estimator, plan.frozen, X, y, sample_weight, groups)
        task = task.asked(
            scorer=make_scorer(plan, self.scoring, y is not None),
            random_state=seed_of(self.random_state),
            n_jobs=self.n_jobs,
        )
        result = prune_rows(
            plan,
            task,
            pruning_ratio=ratio,
            rule=named("rule", self.rule),
            cv=self.cv,
            store_path=store_path,
        )
        self.estimator_ = result.estimator
        self.pruning_ratio_ = result.ratio
        self.path_ = result.path
        self.report_ = result.report
        return result

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
