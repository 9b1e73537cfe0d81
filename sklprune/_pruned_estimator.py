"""`PrunedEstimator`, which fits and prunes a model, and `prune` for a fitted one."""

import copy
from typing import Any, Self

from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from sklprune._chain import fit_chain
from sklprune._delegation import DelegationMixin
from sklprune._meta_estimator import (
    MethodLike,
    PruningMetaEstimator,
    RefitLike,
    RuleLike,
    checks_parameters,
)
from sklprune._online.partial_fit import PartialFitMixin
from sklprune._online.schedule import Schedule
from sklprune._sklearn_private import HasMethods, StrOptions
from sklprune._support import ColumnSupportMixin
from sklprune._typing import (
    CV,
    ArrayLike,
    Estimator,
    MatrixLike,
    RandomState,
    Ratio,
    Scoring,
    Seen,
)
from sklprune.methods import Chain

__all__ = ["PrunedEstimator", "prune"]


class PrunedEstimator(
    DelegationMixin, PartialFitMixin, ColumnSupportMixin, PruningMetaEstimator
):
    """Meta-estimator that fits a model, prunes it, and predicts with the result.

    The pruned model `estimator_` is a plain scikit-learn estimator. It can be stored,
    loaded and used without sklprune. The fraction of removed units is either given,
    or chosen by a rule from the scores on held-out rows.

    Parameters
    ----------
    estimator : estimator
        The model to prune. To prune a fitted model without fitting it, pass
        `FrozenEstimator(model)` or use :func:`prune`. The model itself is never
        changed.
    method : str, Method or list of them, default="auto"
        The pruning method, which determines what is removed and in which order: a
        name or an object of :mod:`sklprune.methods`. Of a list, or "smallest" for all
        methods that suit the model, the rule chooses among all their candidates, by
        the size of the file. :class:`sklprune.methods.Chain` runs several in sequence.
        "auto" depends on the model:

        - a linear model: "magnitude" (weights);
        - an MLP: "neuron_elimination" (hidden units);
        - a single decision tree: "cost_complexity" (leaves);
        - a forest, bagged trees or gradient boosting: "backfitting" (leaves), or
          "cost_complexity" if the model has monotonic constraints;
        - a pipeline, search or transformed target: the method of the model inside;
        - any other model: "permutation" (columns).
    pruning_ratio : float in [0, 1), sequence of float, or "auto", default="auto"
        The fraction of units to remove, or a grid of fractions from which the rule
        chooses. "auto" is the grid of the method, which has ten ratios for most
        methods. The unpruned model is a further candidate. Ratios at which too few
        units remain to fit the model are dropped from a grid with a warning.
    rule : str, Rule or callable, default="one_se"
        How one model of a grid is chosen: "best", "one_se", "tolerance", "agreement",
        or an object of :mod:`sklprune.rules` such as `Budget(file_bytes=100_000)`. It
        is not used if `pruning_ratio` is a number.
    refit : bool, str or Refit, default=True
        How the kept values are fitted again: a name or an object of
        :mod:`sklprune.refits`.

        - True is "clone" for columns. For weights and hidden units it is
          "masked_refit" with y, and "reconstruction" without y. Leaves and trees are
          not refitted.
        - "clone" is for columns of any model, "masked_refit" for weights and hidden
          units. "reconstruction" is for weights and hidden units, and for columns of
          linear models and MLPs. "shared_widths" trains all numbers of hidden units in
          one set of weights.
        - False keeps the remaining values. Removed columns of a linear model or MLP
          are replaced by their means.
    cv : int, splitter, iterable or None, default=None
        The splits from which the rule chooses. Models are fitted and pruned on the
        first part and scored on the second. None is 5 folds. For a frozen model, None
        is one split with a quarter of the rows held out, or 5 folds if that quarter
        has fewer than 2,000 rows. The model is then pruned once more on all rows. If
        you give one split, the scored candidate itself is returned. None is also one
        split where thousands of columns are halved, see
        :class:`sklprune.methods.RecursiveElimination`.
    scoring : str, callable or None, default=None
        The metric. None is the `score` method of the estimator.
    store_path : bool, default=False
        Whether `path_.at(ratio)` keeps the model at every ratio. `path_.frame()` then
        also contains file sizes.
    n_jobs : int or None, default=None
        Number of splits that run in parallel. None is 1.
    random_state : int, RandomState or None, default=None
        Seed of the splits and the method, and of each `random_state` of the wrapped
        estimator that is None.
    memory : None, str or object with the interface of joblib.Memory, default=None
        Cache for fits, orders, and the scores of the unpruned model. A str is the
        path of a folder. A search over `pruning_ratio` then fits the model once for
        each set of rows. As in a `Pipeline`, fits without a seed are cached too. If
        you change code of your own that is called during a fit, clear the folder.
    verbose : bool or int, default=False
        Whether to print a line for each step, and one every three seconds about its
        loops. Callbacks of scikit-learn 1.9, such as `ProgressBar`, receive the same.
    seen : bool or "auto", default="auto"
        Whether a frozen model was fitted on the rows that are passed to `fit`. Its
        score on them is then biased, and no size could be chosen by it. True: the size
        is chosen on clones that are fitted without the rows used for the choice, and
        then applied to the given model. False: the rows are new. "auto" recognises the
        rows of trees, forests, bagging and boosting, of linear models, and of models
        that store rows or support vectors. Any other model is suspected, with a
        warning, if its loss on the rows is that of a fit on them; its size is then
        chosen as for True. If `pruning_ratio` is a number, `seen` determines only
        whether scores on these rows are reported. Not used if the estimator is not
        frozen.
    drop_unread : bool, default=False
        Whether columns that the pruned model no longer reads are removed too, also
        from the steps of a pipeline, and terms from a vocabulary. Predictions stay
        identical. Where a step combines columns they are kept; the report states why.
    baseline : bool, default=False
        Whether small models are trained from scratch on the same rows, and the one
        that the rule would choose is shown in the report. They are small boosting
        models for trees, narrower networks, smaller ensembles, and otherwise the same
        model on the columns that are best by a univariate test. It requires that
        `pruning_ratio` is "auto" or a sequence.
    schedule : Schedule or None, default=None
        How `partial_fit` removes units between batches. None is `Schedule()`.

    Attributes
    ----------
    estimator_ : estimator
        The pruned model, a plain scikit-learn estimator. If columns were removed, it
        is a `Pipeline([("columns", ...), ("model", ...)])`. Otherwise it has the class
        of `estimator`. If the rows are texts and the first step is a `CountVectorizer`
        or `TfidfVectorizer`, its terms are the columns. The result is then a pipeline
        with the same steps and a smaller vocabulary.
    pruning_ratio_ : float
        The fraction of units that was removed.
    path_ : PruningPath
        The scores of all candidates: see `path_.frame()`.
    report_ : Report
        What was removed, and how size and score changed. It prints as a table.
    classes_ : ndarray of shape (n_classes,)
        Class labels. Only if the model is a classifier.
    n_features_in_ : int
        Number of columns seen in `fit`. Only if the model has this attribute.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns seen in `fit`. Only if X has names that are strings.
    history_ : dict of lists
        Rows, units and loss for each call of :meth:`partial_fit`. Only after it.
    support_, importances_, ranking_ : ndarray of shape (n_features,)
        As in :class:`FeaturePruningSelector`. Only after columns were pruned, also if
        none was removed. Of texts, each entry is a term of the vocabulary of all rows.

    See Also
    --------
    prune : Prune a fitted model in one call.
    FeaturePruningSelector : Select columns, as a transformer.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklprune import PrunedEstimator
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> forest = RandomForestClassifier(60, random_state=0)
    >>> pruned = PrunedEstimator(forest, pruning_ratio=0.9, random_state=0).fit(X, y)
    >>> print(pruned.report_.summary)
    RandomForestClassifier: ... of 1325 leaves removed by Backfitting; no other ...
    """

    _parameter_constraints = {
        **PruningMetaEstimator._parameter_constraints,
        "method": [*PruningMetaEstimator._parameter_constraints["method"], Chain],
        "refit": ["boolean", str, HasMethods(["apply"])],
        "store_path": ["boolean"],
        "seen": ["boolean", StrOptions({"auto"})],
        "drop_unread": ["boolean"],
        "baseline": ["boolean"],
        "schedule": [Schedule, None],
    }

    _routed = (
        "partial_fit",
        "predict",
        "predict_proba",
        "predict_log_proba",
        "decision_function",
        "transform",
        "score",
    )

    def __init__(
        self,
        estimator: Estimator,
        *,
        method: MethodLike = "auto",
        pruning_ratio: Ratio = "auto",
        rule: RuleLike = "one_se",
        refit: RefitLike = True,
        cv: CV = None,
        scoring: Scoring = None,
        store_path: bool = False,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        memory: Any = None,
        verbose: bool | int = False,
        seen: Seen = "auto",
        drop_unread: bool = False,
        baseline: bool = False,
        schedule: Schedule | None = None,
    ) -> None:
        self.estimator = estimator
        self.method = method
        self.pruning_ratio = pruning_ratio
        self.rule = rule
        self.refit = refit
        self.cv = cv
        self.scoring = scoring
        self.store_path = store_path
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.memory = memory
        self.verbose = verbose
        self.seen = seen
        self.drop_unread = drop_unread
        self.baseline = baseline
        self.schedule = schedule

    @checks_parameters
    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit the estimator and prune it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training rows, in any form that the wrapped estimator accepts.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets. They may be omitted for a frozen model if neither the method nor
            the refit needs them.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights for the fit, the order, the refit and the scores. With metadata
            routing enabled, the fit and the scores are weighted if `estimator` and
            `scoring` request it.
        groups : array-like of shape (n_samples,), default=None
            The rows of one group are never separated by a split. With metadata
            routing enabled, groups are passed to `cv` if it requests them.

        Returns
        -------
        self : PrunedEstimator
            The fitted estimator.
        """
        self._clear_support()
        self._forget_stream()
        if isinstance(self.method, Chain):
            fit_chain(self, X, y, sample_weight, groups)
            return self
        result = self._prune(
            *(X, y, sample_weight, groups),
            self.pruning_ratio,
            refit=self.refit,
            store_path=self.store_path,
            seen=self.seen,
            drop_unread=self.drop_unread,
            baseline=self.baseline,
            takes_texts=True,
        )
        self._set_support(X, result)
        return self

    def __sklprune_plain__(self) -> Estimator:
        return getattr(self, "estimator_", self.estimator)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags = copy.deepcopy(inner.classifier_tags)
        tags.regressor_tags = copy.deepcopy(inner.regressor_tags)
        tags.transformer_tags = copy.deepcopy(inner.transformer_tags)
        return tags


def prune(
    estimator: Estimator,
    X: MatrixLike,
    y: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    method: MethodLike = "auto",
    pruning_ratio: Ratio = "auto",
    rule: RuleLike = "one_se",
    refit: RefitLike = True,
    cv: CV = None,
    scoring: Scoring = None,
    store_path: bool = False,
    n_jobs: int | None = None,
    random_state: RandomState = None,
    memory: Any = None,
    verbose: bool | int = False,
    seen: Seen = "auto",
    drop_unread: bool = False,
    baseline: bool = False,
    schedule: Schedule | None = None,
) -> PrunedEstimator:
    """Prune a fitted model.

    This is `PrunedEstimator(FrozenEstimator(estimator), ...).fit(X, y,
    sample_weight=sample_weight, groups=groups)` with the other keywords in the place
    of the dots. The given model is not changed.

    Parameters
    ----------
    estimator : estimator
        A fitted scikit-learn estimator.
    X : array-like of shape (n_samples, n_features)
        Rows to prune with, preferably rows that the model was not fitted on. If they
        are the training rows, see `seen`.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        Targets. They may be omitted if neither the method nor the refit needs them,
        and if `pruning_ratio` is a number or the rule is `Agreement`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; see :meth:`PrunedEstimator.fit`.
    groups : array-like of shape (n_samples,), default=None
        Groups of the rows; see :meth:`PrunedEstimator.fit`.
    method : str, Method or list of them, default="auto"
        What is removed, and in which order; see :class:`PrunedEstimator` for this and
        all following parameters.
    pruning_ratio : float in [0, 1), sequence of float, or "auto", default="auto"
        The fraction of units to remove, or a grid of fractions.
    rule : str, Rule or callable, default="one_se"
        How one model of a grid is chosen.
    refit : bool, str or Refit, default=True
        How the kept values are fitted again.
    cv : int, splitter, iterable or None, default=None
        The splits from which the rule chooses. None is one split with a quarter of
        the rows held out.
    scoring : str, callable or None, default=None
        The metric. None is the `score` method of the estimator.
    store_path : bool, default=False
        Whether to keep the model at every ratio.
    n_jobs : int or None, default=None
        Number of splits that run in parallel.
    random_state : int, RandomState or None, default=None
        Seed of the splits and the method.
    memory : None, str or object with the interface of joblib.Memory, default=None
        Cache for fits, orders, and the scores of the unpruned model.
    verbose : bool or int, default=False
        Whether to print a line for each step.
    seen : bool or "auto", default="auto"
        Whether the model was fitted on these rows.
    drop_unread : bool, default=False
        Whether to remove also the columns that the pruned model no longer reads.
    baseline : bool, default=False
        Whether the report also shows a small model trained from scratch.
    schedule : Schedule or None, default=None
        How later calls of `partial_fit` of the result remove units.

    Returns
    -------
    PrunedEstimator
        Fitted. Its attribute `estimator_` is the smaller plain model.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted. `PrunedEstimator(estimator)` fits it first.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sklprune import prune
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((60,), max_iter=30, random_state=0)
    >>> model = model.fit(X[:1000], y[:1000])
    >>> small = prune(model, X[1000:1400], y[1000:1400], pruning_ratio=0.5)
    >>> small.estimator_.hidden_layer_sizes
    (30,)
    """
    if not isinstance(estimator, FrozenEstimator):
        check_is_fitted(
            estimator,
            msg=(
                "prune() takes a fitted model, and this %(name)s is not fitted. Fit it "
                "first, or use PrunedEstimator, which fits what it wraps."
            ),
        )
        estimator = FrozenEstimator(estimator)
    pruned = PrunedEstimator(
        estimator,
        method=method,
        pruning_ratio=pruning_ratio,
        rule=rule,
        refit=refit,
        cv=cv,
        scoring=scoring,
        store_path=store_path,
        n_jobs=n_jobs,
        random_state=random_state,
        memory=memory,
        verbose=verbose,
        seen=seen,
        drop_unread=drop_unread,
        baseline=baseline,
        schedule=schedule,
    )
    return pruned.fit(X, y, sample_weight=sample_weight, groups=groups)
