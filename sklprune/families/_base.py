"""`Family`: what sklprune can do with one kind of model, and the generic family.

A family contains all knowledge of the parts of a model: which units it has, and how a
copy without some of them is made. The base class handles the unit "feature", a column
of X, for every model: a clone is fitted on the kept columns. A derived family adds
units of its own in methods whose names start with `own_`, and never handles columns.

Methods act on columns only through `units.where.positions`.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from sklprune._column_scale import column_norms, column_scales
from sklprune._column_step import column_step, selected_columns
from sklprune._estimators import seeded
from sklprune._frames import check_names_differ, column_names
from sklprune._registry import family_of, register_family
from sklprune._sklearn_private import num_features
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune._units import Columns, Task, Units, plural
from sklprune.families._column_links import ColumnLinks
from sklprune.families._column_parameters import check_has_columns, clone_for_columns
from sklprune.families._fitting import Fitting
from sklprune.families._recognition import stores_rows
from sklprune.families._small_models import TrainingSmallModels
from sklprune.families._wrapping import Wrapping

#: bits of a number as scikit-learn stores it: units of granularity "bit"
N_BITS = 64
#: attributes of a fitted model that describe the columns of X
INPUT_ATTRIBUTES = ("n_features_in_", "feature_names_in_")


class Family(ColumnLinks, Fitting, TrainingSmallModels, Wrapping):
    """Base class of all families: the parts of one kind of model.

    A family has no state. Its methods receive the fitted estimator, and never change
    it. A new family lists its classes and granularities, and overrides:

    1. `own_units`: the units of a fitted estimator;
    2. `own_remove`: a copy without some of them;
    3. `own_names`: names of units for a report (optional);
    4. `capabilities`: what else it offers to methods and refits (optional);
    5. `counts`: the size of a fitted estimator (optional, to be extended);
    6. `strip`: a copy without training state (optional).

    `register_family` then makes it the family of these classes.

    Attributes
    ----------
    classes : tuple of str
        Names of the classes of models, matched along the MRO of an estimator. See
        `register_family`.
    granularities : tuple of str
        Kinds of units besides "feature".
    default_method : str or Method
        The method for `method="auto"`: a name, or an object of another package.
    default_refit : str or None
        Name of the refit for `refit=True` after own units were removed, if y is not
        given or the family does not offer "masked_refit".
    replaces_class : bool
        Whether the result has another class than the given estimator, such as the best
        estimator of a search.
    recognises_rows : bool
        Whether `fitted_on` is implemented for all models, beyond the capability.
    recognises_parts : bool
        Whether `fitted_on` also recognises some of the rows of the fit.

    Examples
    --------
    A classifier of another package predicts the label of the nearest stored row. Its
    units are the stored rows, of which each class keeps at least one:

    >>> import numpy as np
    >>> from sklearn.base import BaseEstimator, ClassifierMixin
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.metrics import pairwise_distances, pairwise_distances_argmin
    >>> from sklprune import prune
    >>> from sklprune.families import Family, Units, register_family
    >>> from sklprune.methods import Method
    >>> class Nearest(ClassifierMixin, BaseEstimator):
    ...     def fit(self, X, y):
    ...         self.rows_, self.labels_, self.classes_ = X, y, np.unique(y)
    ...         self.n_features_in_ = X.shape[1]
    ...         return self
    ...     def predict(self, X):
    ...         return self.labels_[pairwise_distances_argmin(X, self.rows_)]
    >>> class NearestFamily(Family):
    ...     classes = ("Nearest",)
    ...     granularities = ("row",)
    ...     def own_units(self, estimator, granularity):
    ...         labels = estimator.labels_
    ...         return Units("row", len(labels), strata=labels)
    ...     def own_remove(self, estimator, units, keep):
    ...         smaller = self.strip(estimator)
    ...         smaller.rows_ = estimator.rows_[keep]
    ...         smaller.labels_ = estimator.labels_[keep]
    ...         return smaller
    ...     def counts(self, estimator):
    ...         return super().counts(estimator) | {"parameters": estimator.rows_.size}
    >>> family = register_family(NearestFamily())

    A method orders the units. This one removes rows that are far from other classes:

    >>> class KeepBorder(Method):
    ...     granularity = "row"
    ...     def score(self, family, estimator, units, task):
    ...         distance = pairwise_distances(estimator.rows_)
    ...         same = estimator.labels_[:, None] == estimator.labels_
    ...         return -np.where(same, np.inf, distance).min(axis=1)
    >>> X, y = load_iris(return_X_y=True)
    >>> model = Nearest().fit(X, y)
    >>> small = prune(model, X, y, method=KeepBorder(), pruning_ratio=0.9)
    >>> small.estimator_.rows_.shape
    (15, 4)
    """

    classes: tuple[str, ...] = ("BaseEstimator",)
    granularities: tuple[str, ...] = ()
    default_method: Any = "permutation"
    default_refit: str | None = None
    replaces_class: bool = False
    recognises_rows: bool = False
    recognises_parts: bool = False
    has_coefficients: bool = False

    def method_of(self, estimator: Estimator) -> Any:
        """The method, or its name, for `method="auto"`, for this estimator."""
        return self.default_method

    # -- units -------------------------------------------------------------------------

    def units(self, estimator: Estimator, granularity: str, X: MatrixLike) -> Units:
        """The units of a fitted estimator at a granularity.

        X gives the names of the columns, all of which must differ.
        """
        if granularity == "feature":
            names = column_names(X)
            check_names_differ(names)
            positions = self.columns(estimator, X)
            where = Columns(positions, names[positions])
            return Units("feature", len(positions), where=where)
        if granularity == "bit":
            return Units("bit", N_BITS)
        return self.own_units(estimator, granularity)

    def own_units(self, estimator: Estimator, granularity: str) -> Units:
        """The units of a fitted estimator at a granularity of the family.

        Parameters
        ----------
        estimator : estimator
        granularity : str
            One of `granularities`.

        Returns
        -------
        Units
            `units.where` may hold anything that `own_remove` needs.
        """
        raise NotImplementedError

    def misfit(self, estimator: Estimator, granularity: str) -> str:
        """The reason why units of a granularity cannot be removed; "" if they can.

        The reason is a clause whose subject is the model.
        """
        if granularity == "bit":
            # the capabilities that a method needs tell whether there are numbers
            return ""
        if granularity != "feature":
            return self.own_misfit(estimator, granularity)
        if get_tags(estimator).input_tags.pairwise:
            return "takes similarities of rows as X: there are no columns to remove"
        return ""

    def own_misfit(self, estimator: Estimator, granularity: str) -> str:
        """The same as `misfit`, for other granularities than "feature"."""
        known = granularity in self.granularities
        return "" if known else f"has no {plural(granularity)} to remove"

    def names(self, units: Units) -> Array:
        """A name for each unit, for a report: (n_units,)."""
        if units.granularity == "feature":
            return units.where.names
        if units.granularity == "bit":
            return Family.own_names(self, units)
        return self.own_names(units)

    def own_names(self, units: Units) -> Array:
        """The same as `names`, for units of the family: by default numbers."""
        return np.array([f"{units.granularity} {i}" for i in range(units.count)])

    # -- removal -----------------------------------------------------------------------

    def remove(
        self,
        estimator: Estimator,
        units: Units,
        keep: Array,
        task: Task | None = None,
    ) -> Estimator | None:
        """A copy of a fitted estimator without some units.

        Parameters
        ----------
        estimator : estimator
        units : Units
        keep : ndarray of shape (n_units,), bool
            True for each unit that is kept.
        task : Task or None
            The rows. Columns of linear models and networks are removed with their
            means, and the result is checked on some rows. None where neither is needed.

        Returns
        -------
        estimator or None
            None if only a refit can remove the units, as for columns of most models.
        """
        if units.granularity != "feature":
            smaller = self.own_remove(estimator, units, keep)
            return _with_input_attributes(smaller, estimator)
        if task is None or "layers" not in self.capabilities(estimator):
            return None
        selected = units.where.selected(keep)
        step = column_step(selected, task.X)
        kept = np.isin(np.sort(units.where.columns), selected)
        # the capability "layers": see `LayeredFamily`
        model = self.narrow_fitted(estimator, kept, task)  # type: ignore[attr-defined]
        return Pipeline([("columns", step), ("model", model)])

    def own_remove(self, estimator: Estimator, units: Units, keep: Array) -> Estimator:
        """A copy of a fitted estimator without some units of the family.

        The attributes `n_features_in_` and `feature_names_in_` are set by `remove` if
        the copy lacks them.

        Parameters
        ----------
        estimator : estimator
            It must not change, nor any array that it holds.
        units : Units
            As `own_units` returned it.
        keep : ndarray of shape (n_units,), bool
            True for each unit that is kept.
        """
        raise NotImplementedError

    def zero_units(self, estimator: Estimator, units: Units) -> Array | None:
        """Mask of the units that are zero already, or None if units have no value."""
        return None

    def masks(self, units: Units, keep: Array) -> Iterable[Any]:
        """A mask of the kept weights for each layer of weights.

        Each mask broadcasts to (n_inputs, n_outputs). Columns are the inputs of the
        first layer.
        """
        if units.granularity == "feature":
            return chain([keep[:, None]], repeat(np.True_))
        return self.own_masks(units, keep)

    def own_masks(self, units: Units, keep: Array) -> Sequence[Array]:
        """The same as `masks`, for units of a layered model."""
        raise NotImplementedError

    def refit(
        self, estimator: Estimator, units: Units, keep: Array, task: Task
    ) -> Pipeline:
        """A pipeline: a step that selects kept columns, and a clone fitted on them."""
        selected = units.where.selected(keep)
        step = column_step(selected, task.X)
        inner = self.without_step(estimator)
        received = np.sort(units.where.columns)
        names = column_names(task.X)[received]
        kept = np.flatnonzero(np.isin(received, selected))
        model = family_of(inner).narrow(inner, kept, names)
        seeded(model, task.random_state)
        rows = selected_columns(step, task.X)
        family_of(model).fit(model, rows, task.y, task.sample_weight, task.groups)
        return Pipeline([("columns", step), ("model", model)])

    def check_removal(
        self, estimator: Estimator, granularity: str, refit: Any, X: MatrixLike
    ) -> None:
        """Raise an error, before any fit, where units cannot be removed from X.

        Raises
        ------
        ValueError
            If columns are to be removed, and X has none, or the model contains a
            frozen model or a parameter that cannot be adapted to fewer columns.
        """
        if granularity != "feature":
            return
        check_has_columns(estimator, X)
        if refit is not None and refit.fits_anew:
            names = column_names(X)[self.columns(estimator, X)]
            inner = self.without_step(estimator)
            family_of(inner).narrow(inner, np.arange(len(names)), names)

    def columns(self, estimator: Estimator, X: MatrixLike) -> Array:
        """Positions of the columns of X that an estimator reads: all by default."""
        return np.arange(num_features(X))

    def without_step(self, estimator: Estimator) -> Estimator:
        """The estimator after a step that an earlier pruning of columns has added."""
        return estimator

    def narrow(self, estimator: Estimator, columns: Array, names: Array) -> Estimator:
        """An unfitted clone for the kept columns.

        Parameters that refer to columns are adapted.

        Parameters
        ----------
        estimator : estimator
        columns : ndarray of shape (n_kept,), int
            Positions of the kept columns.
        names : ndarray of shape (n_features,), object
            Names of all columns.

        Raises
        ------
        ValueError
            If a parameter of an inner step refers to columns; the message names it.
        """
        return clone_for_columns(estimator, columns, names)

    def refit_of(
        self, estimator: Estimator, granularity: str, labels: bool
    ) -> str | None:
        """Name of the refit for `refit=True`, or None; `labels`: whether y is given."""
        if granularity == "feature":
            return "clone"
        if labels and "masked_refit" in self.capabilities(estimator):
            return "masked_refit"
        return self.default_refit

    def accepts(
        self, estimator: Estimator, refit: Any, granularity: str, again: bool = False
    ) -> bool:
        """Whether a refit, or None, can follow the removal of units.

        `again`: whether the method orders units of refitted models. Columns must then
        be removed by fits, since a model with a column step is another kind of model.
        """
        fits_anew = refit is not None and refit.fits_anew
        if granularity != "feature":
            return not fits_anew
        narrows = not again and "layers" in self.capabilities(estimator)
        return fits_anew or (narrows and (refit is None or refit.of_columns))

    # -- what methods call -------------------------------------------------------------

    def capabilities(self, estimator: Estimator) -> frozenset[str]:
        """Names of the capabilities that the family offers for an estimator.

        A capability is a set of methods, listed in `sklprune._capabilities`.
        """
        return frozenset()

    def can_recognise(self, estimator: Estimator) -> bool:
        """Whether the family has a method `fitted_on` for a model."""
        return self.recognises_rows or "fitted_on" in self.capabilities(estimator)

    def stores_rows(self, estimator: Estimator, X: MatrixLike) -> bool:
        """Whether a model was fitted on rows, since it has stored most of them."""
        return stores_rows(estimator, X)

    def rows_agree(
        self,
        estimator: Estimator,
        X: MatrixLike,
        y: ArrayLike | None = None,
        sample_weight: Array | None = None,
    ) -> bool | None:
        """Whether rows that are not recognised agree with what the fit has recorded.

        Returns
        -------
        bool or None
            True if the rows are probably those of the fit, False if they are not, None
            if nothing is recorded from which to tell.
        """
        return None

    def missing_capabilities(
        self, estimator: Estimator, needs: Iterable[str]
    ) -> list[str]:
        """Those of the needed capabilities that are not offered for an estimator."""
        return [name for name in needs if name not in self.capabilities(estimator)]

    def why_missing(self, estimator: Estimator, name: str) -> str:
        """Why a capability is not offered for an estimator, as a clause."""
        return f"does not offer {name}"

    def counts(self, estimator: Estimator) -> dict[str, float]:
        """The size of a fitted estimator.

        Returns
        -------
        dict
            Some of the keys `parameters`, `nonzero`, `nodes`, `members`, `features` and
            `operations_per_row`. Numbers that are not known are omitted.
        """
        features = getattr(estimator, "n_features_in_", None)
        return {} if features is None else {"features": features}

    def numbers(self, estimator: Estimator) -> Array | None:
        """The fitted numbers that predictions depend on, in one dimension.

        None if they are not known. Numbers of columns are not among them.
        """
        core = self.core(estimator)
        return None if core is estimator else family_of(core).numbers(core)

    def column_importances(self, estimator: Estimator, task: Task) -> Array | None:
        """Importances of the columns of X by the attributes of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            An innermost model.
        task : Task
            The rows in the form in which the estimator receives them.

        Returns
        -------
        ndarray of shape (n_features,) or None
            Norms of `coef_` over the outputs, times the standard deviation of each
            column. The root mean square replaces it in a model without intercept.
            Without `coef_` they are `feature_importances_`; None without either.
        """
        if hasattr(estimator, "coef_"):
            centred = getattr(estimator, "fit_intercept", True)
            scales = column_scales(task.X, task.sample_weight, centred)
            return column_norms(estimator.coef_) * scales
        if hasattr(estimator, "feature_importances_"):
            return column_norms(estimator.feature_importances_)
        return None

    def unread_columns(self, estimator: Estimator) -> Array | None:
        """Mask of the columns that no prediction of a fitted estimator depends on.

        Returns
        -------
        ndarray of shape (n_features,), bool, or None
            For the columns that the innermost model receives; None if not known.
        """
        core = self.core(estimator)
        return None if core is estimator else family_of(core).unread_columns(core)

    def input_names(self, estimator: Estimator) -> Array:
        """Names of the columns that the innermost model receives: (n_features,)."""
        core = self.core(estimator)
        names = getattr(core, "feature_names_in_", None)
        if names is None:
            names = np.array([f"x{i}" for i in range(core.n_features_in_)])
        return names

    # -- wrappers ----------------------------------------------------------------------

    def open(
        self, estimator: Estimator, task: Task, granularity: str
    ) -> tuple[Estimator, Task]:
        """The model to prune, and the rows in the form in which it receives them.

        For columns this is the whole estimator, else the model inside a wrapper.
        """
        if granularity == "feature":
            return estimator, task
        return self.inside(estimator, task)

    def with_short_numbers(self, estimator: Estimator, n_bits: int) -> Estimator:
        """A step before a model, with numbers of fewer significant bits."""
        return estimator


def _with_input_attributes(smaller: Estimator, estimator: Estimator) -> Estimator:
    """Set attributes that describe X and that `own_remove` has not taken over."""
    for name in INPUT_ATTRIBUTES:
        if name in vars(estimator) and not hasattr(smaller, name):
            setattr(smaller, name, getattr(estimator, name))
    return smaller


register_family(Family())
