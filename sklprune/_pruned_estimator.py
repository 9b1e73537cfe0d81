"""`PrunedEstimator`, and `prune` for a model that is already fitted."""

import copy

from scipy import sparse
from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklprune._meta_estimator import PruningMetaEstimator
from sklprune._metadata import given, routing_enabled
from sklprune._sklearn_private import HasMethods, fit_context

__all__ = ["PrunedEstimator", "prune"]


def _model_has(name):
    """Whether the pruned model, or before it the wrapped one, has a method."""

    def check(self):
        getattr(getattr(self, "estimator_", self.estimator), name)
        return True

    return check


class PrunedEstimator(PruningMetaEstimator):
    """Fit an estimator, prune it, and be the smaller one.

    The result, `estimator_`, is a plain scikit-learn estimator that needs no
    sklprune. How much is pruned is a number, or is chosen by a rule on held-out rows.

    Parameters
    ----------
    estimator : estimator
        The model to prune. A fitted one comes in as `FrozenEstimator(model)` and is
        never changed; see also :func:`prune`.
    method : str or Method, default="auto"
        In which order units leave: "magnitude" (weights, hidden units),
        "neuron_elimination" (hidden units), "backfitting" and "cost_complexity"
        (leaves of trees), "regrow" (small trees in the place of a forest),
        "member_selection" (trees of a forest), "permutation",
        "recursive_elimination" and "elastic_net_path" (columns), or an object of
        :mod:`sklprune.methods`. "auto" takes what suits the model: "magnitude" for a
        linear model, "neuron_elimination" for an MLP, "cost_complexity" for a single
        tree, "backfitting" for a forest or gradient boosting ("cost_complexity" where
        it has monotonic constraints), "permutation" for anything else; a pipeline is
        pruned as its last step.
    pruning_ratio : float in [0, 1), sequence of float, or "auto", default="auto"
        The fraction of units to remove, or the grid that the rule chooses from.
        "auto" is the grid of the method, ten ratios for most, with the unpruned model
        as one more choice. Where too little is left for the model to be fitted, the
        larger ratios of a grid are left out with a warning.
    rule : str, Rule or callable, default="one_se"
        Which model of a grid to keep: "best", "one_se", "tolerance", "agreement", or
        an object of :mod:`sklprune.rules`, such as `Budget(file_bytes=100_000)`. Not
        asked where `pruning_ratio` is a number.
    refit : bool, str or Refit, default=True
        How what stays is fitted anew: "clone" (columns), "masked_refit" or
        "reconstruction" (weights and hidden units; the latter for columns of linear
        models and MLPs too), or an object of :mod:`sklprune.refits`. True is "clone"
        for columns; "masked_refit" for weights and hidden units, and "reconstruction"
        without y; nothing for leaves and trees. False leaves what stays as it is;
        columns leave a fitted linear model or network so, and stand at their means in
        what stays.
    cv : int, splitter, iterable or None, default=None
        The splits that a rule chooses on: pruned on the first rows, scored on the
        second. None is 5 folds, and for a frozen model one split with a quarter of
        the rows held out.
    scoring : str, callable or None, default=None
        None is the `score` of the estimator.
    store_path : bool, default=False
        Whether `path_.at(ratio)` keeps the model at every ratio; `path_.frame()` then
        has the bytes too.
    n_jobs : int or None, default=None
        Splits run in parallel.
    random_state : int, RandomState or None, default=None
        Seeds splits and method, and every `random_state` of the wrapped estimator
        that is None.
    memory : None, str or object with the interface of joblib.Memory, default=None
        Keeps fits, orders and the score of the unpruned model, so that a search over
        `pruning_ratio` fits each set of rows once; a str is the path of a folder.
        Fits without a seed are kept too, as in a `Pipeline`: the first one stands for
        all. Empty the folder when you change code of your own that a fit calls.
    verbose : bool or int, default=False
        Whether a line is printed for each split, for the last fit and for the last
        pruning, with the seconds that it took. Callbacks of scikit-learn 1.9, a
        `ProgressBar` say, are told of the same steps.

    Attributes
    ----------
    estimator_ : estimator
        What ships. Pruned on columns it is `Pipeline([("columns", ...), ("model",
        ...)])`, else of the class of `estimator`.
    pruning_ratio_ : float
        The fraction that was removed.
    path_ : PruningPath
        The table that the choice was made from: `path_.frame()`.
    report_ : Report
        What was removed, and what it cost; prints as a table. `report_.measure(X)`
        adds latencies; for that it holds the unpruned model until it is pickled.
    classes_ : ndarray of shape (n_classes,)
        Labels, of a classifier.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where X has names.

    See Also
    --------
    prune : The same for a fitted model, in one call.
    FeaturePruningSelector : Pruning of columns as a transformer.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklprune import PrunedEstimator
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> forest = RandomForestClassifier(60, random_state=0)
    >>> pruned = PrunedEstimator(forest, pruning_ratio=0.9, random_state=0).fit(X, y)
    >>> print(pruned.report_.summary)
    RandomForestClassifier: ... of 1325 leaves removed by Backfitting; everything ...
    """

    _parameter_constraints = {
        **PruningMetaEstimator._parameter_constraints,
        "refit": ["boolean", str, HasMethods(["apply"])],
        "store_path": ["boolean"],
    }

    _routed = (
        "predict",
        "predict_proba",
        "predict_log_proba",
        "decision_function",
        "transform",
        "score",
    )

    def __init__(
        self,
        estimator,
        *,
        method="auto",
        pruning_ratio="auto",
        rule="one_se",
        refit=True,
        cv=None,
        scoring=None,
        store_path=False,
        n_jobs=None,
        random_state=None,
        memory=None,
        verbose=False,
    ):
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

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, *, sample_weight=None, groups=None):
        """Fit the estimator and prune it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training rows; whatever the wrapped estimator takes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets. A frozen model may be pruned without, by methods that need none.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights for the fit, the order, the refit and the scores. With metadata
            routing switched on, fit and scores are weighted where `estimator` and
            `scoring` request it, and groups go to a `cv` that requests them.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group stay together in every split.

        Returns
        -------
        self : PrunedEstimator
        """
        self._prune(
            X,
            y,
            sample_weight,
            groups,
            self.pruning_ratio,
            refit=self.refit,
            store_path=self.store_path,
        )
        return self

    @available_if(_model_has("predict"))
    def predict(self, X, **params):
        """Predict with the pruned model, to which keywords are handed on."""
        return self._ask("predict", X, **params)

    @available_if(_model_has("predict_proba"))
    def predict_proba(self, X, **params):
        """Probabilities by the pruned model."""
        return self._ask("predict_proba", X, **params)

    @available_if(_model_has("predict_log_proba"))
    def predict_log_proba(self, X, **params):
        """Logarithms of probabilities by the pruned model."""
        return self._ask("predict_log_proba", X, **params)

    @available_if(_model_has("decision_function"))
    def decision_function(self, X, **params):
        """Decision function of the pruned model."""
        return self._ask("decision_function", X, **params)

    @available_if(_model_has("transform"))
    def transform(self, X, **params):
        """Transform with the pruned model."""
        return self._ask("transform", X, **params)

    @available_if(_model_has("score_samples"))
    def score_samples(self, X):
        """Score each row with the pruned model."""
        return self._ask("score_samples", X)

    @available_if(_model_has("score"))
    def score(self, X, y=None, sample_weight=None):
        """Score of the pruned model, as its own `score` defines it."""
        return self._ask("score", X, y, **given(sample_weight=sample_weight))

    def _ask(self, name, X, *args, **params):
        """Call a method of the pruned model on rows in a form that it takes."""
        check_is_fitted(self)
        if params and routing_enabled():
            params = process_routing(self, name, **params)["estimator"][name]
        if sparse.issparse(X) and X.format not in ("csr", "csc"):
            X = X.tocsr()
        if getattr(X, "ndim", 2) == 1 and hasattr(self, "n_features_in_"):
            raise ValueError(
                f"Expected 2D array, got 1D array of length {len(X)} instead. Reshape "
                "your data with X.reshape(1, -1) if it is one row."
            )
        return getattr(self.estimator_, name)(X, *args, **params)

    @property
    def classes_(self):
        """Labels that a classifier knows."""
        return self._of_model("classes_")

    @property
    def n_features_in_(self):
        """Number of columns seen in `fit`."""
        return self._of_model("n_features_in_")

    @property
    def feature_names_in_(self):
        """Names of the columns seen in `fit`."""
        return self._of_model("feature_names_in_")

    def _of_model(self, name):
        if "estimator_" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} has no {name} before fit.")
        return getattr(self.estimator_, name)

    def __sklprune_plain__(self):
        return getattr(self, "estimator_", self.estimator)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags = copy.deepcopy(inner.classifier_tags)
        tags.regressor_tags = copy.deepcopy(inner.regressor_tags)
        tags.transformer_tags = copy.deepcopy(inner.transformer_tags)
        return tags


def prune(estimator, X, y=None, *, sample_weight=None, groups=None, **params):
    """Prune a fitted model, which is never changed.

    Exactly `PrunedEstimator(FrozenEstimator(estimator), **params).fit(X, y,
    sample_weight=sample_weight, groups=groups)`.

    Parameters
    ----------
    estimator : estimator
        A fitted scikit-learn estimator.
    X : array-like of shape (n_samples, n_features)
        Rows to prune with; best ones that the model was not fitted on. Where they are
        those of a forest or a tree, others like it are fitted to choose a ratio, or
        out-of-bag trees speak for it; the one that was given stays as it is.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        Targets; not needed where the method and the refit need none, and
        `pruning_ratio` is a number or the rule is `Agreement`.
    sample_weight, groups : array-like of shape (n_samples,), default=None
        See :meth:`PrunedEstimator.fit`.
    **params
        The keywords of :class:`PrunedEstimator`.

    Returns
    -------
    PrunedEstimator
        Fitted; the smaller plain model is its `estimator_`.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted; `PrunedEstimator(estimator)` fits it first.

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
    pruned = PrunedEstimator(estimator, **params)
    return pruned.fit(X, y, sample_weight=sample_weight, groups=groups)
