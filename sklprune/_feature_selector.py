"""The transformer `FeaturePruningSelector`, which selects columns by pruning."""

import copy
import numbers
import warnings
from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from sklprune._column_step import column_step
from sklprune._feature_groups import feature_limits
from sklprune._frames import check_names_differ, column_names, frame_kind
from sklprune._meta_estimator import (
    MethodLike,
    PruningMetaEstimator,
    RuleLike,
    checks_parameters,
)
from sklprune._plan import thawed
from sklprune._registry import family_of
from sklprune._sklearn_private import safe_indexing
from sklprune._support import support_of
from sklprune._typing import (
    CV,
    Array,
    ArrayLike,
    Estimator,
    FeatureGroups,
    MatrixLike,
    RandomState,
    Ratio,
    Scoring,
)
from sklprune.families._column_parameters import are_texts, check_has_columns

__all__ = ["FeaturePruningSelector"]


class FeaturePruningSelector(SelectorMixin, PruningMetaEstimator):
    """Transformer that selects the columns that a model needs.

    A pruning method orders the columns. They are removed in this order, at one ratio
    or at a grid of ratios. At each ratio a clone of the estimator is fitted on the
    kept columns. With a grid, a rule chooses the ratio from scores on held-out rows.

    Parameters
    ----------
    estimator : estimator
        The model for which columns are selected. To use a fitted model, pass
        `FrozenEstimator(model)`.
    method : str or Method, default="columns"
        The order in which columns are removed. "columns" is the order that suits the
        model, see :class:`sklprune.methods.Columns`. Others are "permutation",
        "recursive_elimination", "elastic_net_path", or an object of
        :mod:`sklprune.methods` that removes columns.
    pruning_ratio : float in [0, 1), sequence of float, or "auto", default="auto"
        The fraction of columns to remove, or a grid of fractions from which the rule
        chooses. "auto" is the grid of the method: each step of an elimination, as with
        "columns", and ten ratios for most other methods.
    rule : str, Rule or callable, default="one_se"
        How one selection of a grid is chosen: "best", "one_se", "tolerance",
        "agreement", or an object of :mod:`sklprune.rules`. It is not used if
        `pruning_ratio` is a number. With `n_features_to_select`, another rule than the
        default gives a warning, since it is not used.
    n_features_to_select : int or None, default=None
        Number of columns to keep, instead of `pruning_ratio`. With `feature_groups` it
        is the maximum number.
    feature_groups : list of lists, mapping to lists, "correlated" or None, default=None
        Columns, by name or position, that are only kept or removed together. Names
        may be of any type. An integer that is a name is this name, not a position. A
        column that is in no list is a group of its own. Groups are removed one after
        the other, as long as the removed fraction does not exceed `pruning_ratio`.
        "permutation" shuffles the columns of a group together. With other methods,
        the score of a group is the highest score of its columns. "correlated" forms
        groups of columns whose Spearman correlations with each other are at least 0.95
        in absolute value. One column of such a group is kept, or none: the one that
        correlates most with the others.
    always_keep : list or None, default=None
        Columns, by name or position, that are kept whatever their score, together
        with the other columns of their group. Names are as in `feature_groups`.
    cv : int, splitter, iterable or None, default=None
        How rows are held out to choose the ratio, as in :class:`PrunedEstimator`. None
        is 5 folds, or one split where more than 2,000 columns are removed by halving.
    scoring : str, callable or None, default=None
        How models are scored. None is the `score` method of the estimator.
    n_jobs : int or None, default=None
        Number of jobs that run in parallel. None means one.
    random_state : int, RandomState or None, default=None
        Seed of splits and method, and of each `random_state` of `estimator` that is
        None.
    memory : str, joblib.Memory or None, default=None
        Cache of fits and orders, as in :class:`PrunedEstimator`.
    verbose : bool or int, default=False
        Whether a line is printed for each step.

    Attributes
    ----------
    support_ : ndarray of shape (n_features,), bool
        Mask of the kept columns.
    ranking_ : ndarray of shape (n_features,), int
        1 for kept columns. The earlier a column is removed, the higher its rank.
        Columns that are removed together or have equal scores share a rank.
    importances_ : ndarray of shape (n_features,)
        The scores by which the columns were ordered. Larger is more important.
    estimator_ : estimator
        The model on the kept columns, as in :class:`PrunedEstimator`.
    pruning_ratio_, path_, report_
        As in :class:`PrunedEstimator`.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns seen in `fit`. Only if X has column names that are all
        strings.

    See Also
    --------
    PrunedEstimator : Prune weights, hidden units, trees or columns, and predict.

    Notes
    -----
    If the selector is fitted on a data frame, `transform` returns a frame of the same
    kind with the same dtypes.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklprune import FeaturePruningSelector
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> selector = FeaturePruningSelector(Ridge(), n_features_to_select=3,
    ...                                   random_state=0).fit(X, y)
    >>> selector.get_feature_names_out()
    array(['bmi', 'bp', 's5'], dtype=object)
    """

    _parameter_constraints = {
        **PruningMetaEstimator._parameter_constraints,
        "n_features_to_select": "no_validation",
        "feature_groups": "no_validation",
        "always_keep": "no_validation",
    }

    support_: Array
    ranking_: Array
    importances_: Array
    n_features_in_: int
    feature_names_in_: Array

    def __init__(
        self,
        estimator: Estimator,
        *,
        method: MethodLike = "columns",
        pruning_ratio: Ratio = "auto",
        rule: RuleLike = "one_se",
        n_features_to_select: int | None = None,
        feature_groups: FeatureGroups = None,
        always_keep: Iterable[Any] | None = None,
        cv: CV = None,
        scoring: Scoring = None,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        memory: Any = None,
        verbose: bool | int = False,
    ) -> None:
        self.estimator = estimator
        self.method = method
        self.pruning_ratio = pruning_ratio
        self.rule = rule
        self.n_features_to_select = n_features_to_select
        self.feature_groups = feature_groups
        self.always_keep = always_keep
        self.cv = cv
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.memory = memory
        self.verbose = verbose

    @checks_parameters
    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Order the columns and select those to keep.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The pruning rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            The targets.
        sample_weight, groups : array-like of shape (n_samples,), default=None
            As in :meth:`PrunedEstimator.fit`.

        Returns
        -------
        self : FeaturePruningSelector
            The fitted selector.
        """
        X = self._checked(X, reset=True)
        model = thawed(self.estimator)
        columns = family_of(model).columns(model, X)
        ratio = self._ratio(len(columns))
        limits = feature_limits(
            column_names(X),
            columns,
            self.feature_groups,
            self.always_keep,
            self.n_features_to_select,
            X,
        )
        result = self._prune(
            X, y, sample_weight, groups, ratio, granularity="feature", limits=limits
        )
        n_features = X.shape[1]
        support = support_of(result.units, result.keep, result.scores, n_features)
        self.support_, self.importances_, self.ranking_ = support
        self._columns = column_step(np.flatnonzero(self.support_), X)
        return self

    def _ratio(self, n_features: int) -> Ratio:
        """The ratio that keeps `n_features_to_select` columns, or `pruning_ratio`."""
        wanted: Any = self.n_features_to_select
        if wanted is None:
            return self.pruning_ratio
        whole = isinstance(wanted, numbers.Integral) and not isinstance(wanted, bool)
        if not whole or not 1 <= wanted <= n_features:
            raise ValueError(
                f"n_features_to_select={wanted!r} is not allowed: it must be a whole "
                f"number from 1 to the number of columns, {n_features}."
            )
        if not isinstance(self.pruning_ratio, str) or self.pruning_ratio != "auto":
            raise ValueError(
                f"Both n_features_to_select={wanted!r} and pruning_ratio="
                f"{self.pruning_ratio!r} were given. Pass only one of them."
            )
        if not isinstance(self.rule, str) or self.rule != "one_se":
            warnings.warn(
                f"rule={self.rule!r} is not used, since n_features_to_select={wanted} "
                "determines the selection. Set n_features_to_select=None to "
                "choose by the rule.",
                UserWarning,
                stacklevel=2,
            )
        return 1 - wanted / n_features

    def _checked(self, X: MatrixLike, reset: bool) -> Any:
        """X after checks of its columns; a data frame is returned unchanged."""
        model = thawed(self.estimator)
        if reset and not hasattr(X, "columns") and are_texts(X):
            check_has_columns(model, X)
        # after a fit on arrays, a frame is selected from by position, as an array
        if frame_kind(X) is not None and (reset or hasattr(self, "feature_names_in_")):
            check_names_differ(column_names(X))
            validate_data(self, X, reset=reset, skip_check_array=True)
            return X
        takes_nan = family_of(model).takes_nan(model)
        return validate_data(
            self,
            X,
            reset=reset,
            dtype=None,
            accept_sparse=("csr", "csc"),
            ensure_all_finite="allow-nan" if takes_nan else True,
        )

    def transform(self, X: MatrixLike) -> MatrixLike:
        """Select the kept columns of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows with the columns seen in `fit`.

        Returns
        -------
        array-like of shape (n_samples, n_selected)
            A data frame, a sparse matrix or an array, like X.
        """
        check_is_fitted(self)
        X = self._checked(X, reset=False)
        return safe_indexing(X, np.flatnonzero(self.support_), axis=1)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "support_")

    def _get_support_mask(self) -> Array:
        check_is_fitted(self)
        return self.support_

    def __sklprune_plain__(self) -> Any:
        if not hasattr(self, "_columns"):
            return "passthrough"
        step = copy.copy(self._columns)
        config = getattr(self, "_sklearn_output_config", None)
        if config:
            step.set_output(transform=config["transform"])
        return step
