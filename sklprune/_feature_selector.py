"""`FeaturePruningSelector`: pruning of columns as a transformer."""

import copy
import numbers

import numpy as np
from scipy.stats import rankdata
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from sklprune._column_step import column_step
from sklprune._feature_groups import feature_limits
from sklprune._frames import column_names, frame_kind
from sklprune._meta_estimator import PruningMetaEstimator
from sklprune._prune import thawed
from sklprune._registry import family_of
from sklprune._sklearn_private import fit_context, safe_indexing

__all__ = ["FeaturePruningSelector"]


class FeaturePruningSelector(SelectorMixin, PruningMetaEstimator):
    """Select the columns that a model needs.

    Columns are ordered by a method, removed at the ratios asked, and a clone of the
    estimator is fitted on those that stay; the rule decides on held-out rows.

    Parameters
    ----------
    estimator : estimator
        The model that the columns are for. A fitted one comes in as
        `FrozenEstimator(model)`.
    method : str or Method, default="permutation"
        In which order columns leave: "permutation", "recursive_elimination",
        "elastic_net_path", or an object of :mod:`sklprune.methods`.
    pruning_ratio : float in [0, 1), sequence of float, or "auto", default="auto"
        The fraction of columns to remove, or the grid that the rule chooses from.
        "auto" is the grid of the method: ten ratios, or every step on the way of
        "recursive_elimination".
    rule : str, Rule or callable, default="one_se"
        Which selection of a grid to keep: "best", "one_se", "tolerance", "agreement",
        or an object of :mod:`sklprune.rules`. Not asked where `pruning_ratio` is a
        number, or `n_features_to_select` is given.
    n_features_to_select : int or None, default=None
        How many columns stay; excludes `pruning_ratio`. With groups it is the most
        that may stay.
    feature_groups : list of lists, mapping to lists, or None, default=None
        Columns, by name or position, that stay or leave together; a column that is
        in no list is by itself. Groups leave one after the other, and the largest
        removal not above `pruning_ratio` is done. Permutation shuffles the columns of
        a group together; with other methods a group is as important as the most
        important of its columns.
    always_keep : list or None, default=None
        Columns, by name or position, that stay whatever they are worth, each with its
        group.
    cv, scoring, n_jobs, random_state, memory, verbose
        As in :class:`PrunedEstimator`.

    Attributes
    ----------
    support_ : ndarray of shape (n_features,), bool
        The columns that stay.
    ranking_ : ndarray of shape (n_features,), int
        1 for the columns that stay; the higher, the earlier a column leaves. Columns
        that leave together, or are equally important, share a rank.
    importances_ : ndarray of shape (n_features,)
        What the columns were ordered by; larger is more important.
    estimator_ : estimator
        The model on the columns that stay, as in :class:`PrunedEstimator`.
    pruning_ratio_, path_, report_
        As in :class:`PrunedEstimator`.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where X has names.

    See Also
    --------
    PrunedEstimator : Prunes weights, hidden units, trees or columns, and predicts.

    Notes
    -----
    Fitted on a data frame, a frame comes out as a frame of the same kind, with its
    dtypes.

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

    def __init__(
        self,
        estimator,
        *,
        method="permutation",
        pruning_ratio="auto",
        rule="one_se",
        n_features_to_select=None,
        feature_groups=None,
        always_keep=None,
        cv=None,
        scoring=None,
        n_jobs=None,
        random_state=None,
        memory=None,
        verbose=False,
    ):
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

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, *, sample_weight=None, groups=None):
        """Order the columns, and choose those that stay.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        sample_weight, groups : array-like of shape (n_samples,), default=None
            As in :meth:`PrunedEstimator.fit`.

        Returns
        -------
        self : FeaturePruningSelector
        """
        X = self._checked(X, reset=True)
        family, model = self._family_and_model()
        columns = family.columns(model, X)
        ratio = self._ratio(len(columns))
        limits = feature_limits(
            column_names(X),
            columns,
            self.feature_groups,
            self.always_keep,
            self.n_features_to_select,
        )
        result = self._prune(
            X, y, sample_weight, groups, ratio, granularity="feature", limits=limits
        )
        # a frozen model that was pruned on columns before does not read all of them
        positions = result.units.where.positions
        self.support_ = np.zeros(X.shape[1], dtype=bool)
        self.support_[positions] = result.keep
        self.importances_ = np.zeros(X.shape[1])
        self.importances_[positions] = result.scores
        ranking = _ranking(result.keep, result.units.of_groups(result.scores))
        self.ranking_ = np.full(X.shape[1], ranking.max() + 1)
        self.ranking_[positions] = ranking
        self._columns = column_step(np.flatnonzero(self.support_), X)
        return self

    def _family_and_model(self):
        """The model behind `estimator`, fitted or not, and who knows about it."""
        model = thawed(self.estimator)
        return family_of(model), model

    def _ratio(self, n_features):
        """The ratio that `n_features_to_select` stands for, or `pruning_ratio`."""
        wanted = self.n_features_to_select
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
                f"{self.pruning_ratio!r} were given; leave one of them out."
            )
        return 1 - wanted / n_features

    def _checked(self, X, reset):
        """X with its columns checked; frames stay frames, with their dtypes."""
        # fitted on arrays, names come from positions, not from a frame that follows
        if frame_kind(X) is not None and (reset or hasattr(self, "feature_names_in_")):
            validate_data(self, X, reset=reset, skip_check_array=True)
            return X
        family, model = self._family_and_model()
        return validate_data(
            self,
            X,
            reset=reset,
            dtype=None,
            accept_sparse=("csr", "csc"),
            ensure_all_finite="allow-nan" if family.takes_nan(model) else True,
        )

    def transform(self, X):
        """Keep the columns that were selected.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        array-like of shape (n_samples, n_selected)
            Of the kind of X: a frame, a sparse matrix or an array.
        """
        check_is_fitted(self)
        X = self._checked(X, reset=False)
        return safe_indexing(X, np.flatnonzero(self.support_), axis=1)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "support_")

    def _get_support_mask(self):
        check_is_fitted(self)
        return self.support_

    def __sklprune_plain__(self):
        if not hasattr(self, "_columns"):
            return "passthrough"
        step = copy.copy(self._columns)
        config = getattr(self, "_sklearn_output_config", None)
        if config:
            step.set_output(transform=config["transform"])
        return step


def _ranking(keep, scores):
    """1 for what stays, then 2, 3, ... from the last to the first that leaves."""
    ranking = np.ones(len(keep), dtype=int)
    ranking[~keep] = rankdata(-scores[~keep], method="dense") + 1
    return ranking
