"""What every kind of model can do: the contract, and the columns of anything.

`Family` is both the contract that a family fulfils and the generic family: the units
that it knows are the columns of X, which it removes by fitting a clone on those that
stay. A family of a certain kind of model adds its own granularities by overriding
the methods whose names start with `own_`, and so never meets a column.

This is the only file that asks whether a unit is a column.
"""

from itertools import chain, repeat

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.class_weight import compute_sample_weight

from sklprune._column_step import column_step
from sklprune._estimators import seeded, takes_weights, without
from sklprune._frames import column_names
from sklprune._metadata import requested, routing_enabled
from sklprune._registry import family_of
from sklprune._sklearn_private import num_features
from sklprune._units import Columns, Units, plural
from sklprune.families._column_parameters import FOLLOWS
from sklprune.families._training_state import ROW_ARRAYS, strip_models_inside


class Family:
    """What sklprune knows of one kind of model. Stateless.

    Attributes
    ----------
    classes : tuple of str
        Names of scikit-learn classes, matched along the MRO of an estimator.
    granularities : tuple of str
        What can be removed besides columns.
    default_method : str
        The method behind `method="auto"`, as a rule.
    default_refit : str or None
        The refit of the family's own units behind `refit=True`, where no labels are
        given or the family cannot fit the units that stay to them.
    """

    # the transform of a discriminant analysis reads other arrays than coef_
    classes = ("BaseEstimator", "LinearDiscriminantAnalysis")
    granularities = ()
    default_method = "permutation"
    default_refit = None

    def method_of(self, estimator):
        """The method behind `method="auto"`, for the estimator at hand."""
        return self.default_method

    # -- what can be removed ---------------------------------------------------------

    def units(self, estimator, granularity, X):
        """What can be removed from a fitted estimator at a granularity."""
        if granularity == "feature":
            names = column_names(X)
            if len(set(names.tolist())) < len(names):
                twice = sorted({str(n) for n in names if (names == n).sum() > 1})
                raise ValueError(f"Names of columns must differ; X has twice {twice}.")
            positions = self.columns(estimator, X)
            where = Columns(positions, names[positions])
            return Units("feature", len(positions), where=where)
        return self.own_units(estimator, granularity)

    def own_units(self, estimator, granularity):
        """Units of the family's own granularities."""
        raise NotImplementedError

    def misfit(self, estimator, granularity):
        """What keeps units of a granularity from leaving, said of the model, or ""."""
        if granularity != "feature":
            return self.own_misfit(estimator, granularity)
        if get_tags(estimator).input_tags.pairwise:
            return "takes similarities of rows as X: there are no columns to remove"
        return ""

    def own_misfit(self, estimator, granularity):
        known = granularity in self.granularities
        return "" if known else f"has no {plural(granularity)} to remove"

    def names(self, units):
        """A name for each unit, for a report: (n_units,)."""
        if units.granularity == "feature":
            return units.where.names
        return self.own_names(units)

    def own_names(self, units):
        return np.array([f"{units.granularity} {i}" for i in range(units.count)])

    # -- removing --------------------------------------------------------------------

    def remove(self, estimator, units, keep, task=None):
        """A copy without the units that do not stay, or None where only a refit can.

        Columns of most models leave by a refit alone. Those of the others need rows,
        for the step that selects columns and for the means of those that leave;
        nothing else does.
        """
        if units.granularity != "feature":
            return self.own_remove(estimator, units, keep)
        if task is None or "layers" not in self.capabilities(estimator):
            return None
        step = column_step(units.where.positions[keep], task.X)
        model = self.narrow_fitted(estimator, keep, task)
        return Pipeline([("columns", step), ("model", model)])

    def own_remove(self, estimator, units, keep):
        raise NotImplementedError

    def masks(self, units, keep):
        """For each layer of weights the mask of those that stay.

        A mask broadcasts to (n_inputs, n_outputs). Columns are the inputs of the first
        layer, and leave all others whole.
        """
        if units.granularity == "feature":
            return chain([keep[:, None]], repeat(np.True_))
        return self.own_masks(units, keep)

    def own_masks(self, units, keep):
        raise NotImplementedError

    def refit(self, estimator, units, keep, task):
        """A clone fitted on the columns that stay, behind a step that selects them."""
        step = column_step(units.where.positions[keep], task.X)
        inner = self.without_step(estimator)
        model = family_of(inner).narrow(inner, np.flatnonzero(keep), units.where.names)
        seeded(model, task.random_state)
        rows = step.transform(task.X)
        family_of(model).fit(model, rows, task.y, task.sample_weight, task.groups)
        return Pipeline([("columns", step), ("model", model)])

    def columns(self, estimator, X):
        """Positions of the columns of X that an estimator reads: all, as a rule."""
        return np.arange(num_features(X))

    def without_step(self, estimator):
        """The estimator behind a step of ours that selects columns."""
        return estimator

    def narrow(self, estimator, columns, names):
        """An unfitted clone whose parameters name only the columns that stay.

        Parameters
        ----------
        estimator : estimator
        columns : ndarray of int
            Positions of the columns that stay.
        names : ndarray of object
            Names of all columns.

        Raises
        ------
        ValueError
            If a parameter names columns and cannot follow; the sentence names it.
        """
        narrowed = clone(estimator)
        for name, value in estimator.get_params().items():
            own = name.split("__")[-1]
            if own not in FOLLOWS or value is None or isinstance(value, str):
                continue
            if own != name:
                raise ValueError(
                    f"{name}={value!r} of {type(estimator).__name__} names columns as "
                    "an inner step sees them, and columns of X are about to be "
                    f"removed: it cannot follow them. Set {name} to None, or prune "
                    "another granularity."
                )
            follow = FOLLOWS[name](value, columns, names)
            narrowed.set_params(**{name: follow})
        return narrowed

    def refit_of(self, estimator, granularity, labels):
        """The name of the refit behind `refit=True`, or None; `labels`: y is given."""
        if granularity == "feature":
            return "clone"
        if labels and "masked_refit" in self.capabilities(estimator):
            return "masked_refit"
        return self.default_refit

    def accepts(self, estimator, refit, granularity):
        """Whether a refit, or None, can follow the removal of units."""
        anew = refit is not None and refit.fits_anew
        if granularity != "feature":
            return not anew
        narrows = "layers" in self.capabilities(estimator)
        return anew or (narrows and (refit is None or refit.of_columns))

    # -- what methods may ask for ----------------------------------------------------

    def capabilities(self, estimator):
        """Names of the methods of this family that work for the estimator at hand."""
        return frozenset()

    def missing_capabilities(self, estimator, needs):
        """Those of the capabilities asked for that the estimator does not offer."""
        return [name for name in needs if name not in self.capabilities(estimator)]

    def counts(self, estimator):
        """Numbers of a fitted estimator that say how large it is.

        Returns
        -------
        dict
            Any of `parameters`, `nonzero`, `nodes`, `members`, `features` and
            `operations_per_row`; what is not known is left out.
        """
        features = getattr(estimator, "n_features_in_", None)
        return {} if features is None else {"features": features}

    def unread_columns(self, estimator):
        """Which columns a fitted model's predictions do not depend on, as a mask.

        The columns are those that the innermost model sees. None where it is not
        known.
        """
        core = self.core(estimator)
        return None if core is estimator else family_of(core).unread_columns(core)

    def input_names(self, estimator):
        """Names of the columns that the innermost model sees: (n_columns,)."""
        core = self.core(estimator)
        names = getattr(core, "feature_names_in_", None)
        if names is None:
            names = np.array([f"x{i}" for i in range(core.n_features_in_)])
        return names

    # -- wrappers --------------------------------------------------------------------

    def open(self, estimator, task, granularity):
        """The model that is pruned, and the rows as it sees them.

        Columns act on the whole, whatever is inside.
        """
        if granularity == "feature":
            return estimator, task
        return self.inside(estimator, task)

    def inside(self, estimator, task):
        return estimator, task

    def names_inside(self, estimator, names):
        """Names of the columns that the model inside sees, given those of X."""
        return names

    def core(self, estimator):
        """The innermost estimator, fitted or not: the one that methods act on."""
        return estimator

    def resolve(self, estimator):
        """What a fitted estimator comes down to: of a search the best estimator."""
        return estimator

    def close(self, estimator, model):
        """A copy of the wrapper that holds the pruned model."""
        return model

    # -- fitting and stripping -------------------------------------------------------

    def fit(self, estimator, X, y, sample_weight=None, groups=None):
        """Fit an estimator in place; weights go where this kind takes them.

        With metadata routing weights and groups go where they are requested.
        """
        if routing_enabled():
            metadata = {"sample_weight": sample_weight, "groups": groups}
            return estimator.fit(X, y, **requested(estimator, "fit", **metadata))
        if sample_weight is None:
            return estimator.fit(X, y)
        return estimator.fit(X, y, **self.weights_of_fit(estimator, sample_weight))

    def weights_of_fit(self, estimator, sample_weight):
        """The keywords that hand weights to `fit`."""
        if not takes_weights(estimator):
            raise ValueError(
                f"sample_weight was given, but {type(estimator).__name__}.fit "
                "does not take it. Leave it out, or wrap a model that takes weights."
            )
        return {"sample_weight": sample_weight}

    def class_weight(self, estimator):
        """The weights of the classes in the fit, as scikit-learn takes them, or None."""
        return getattr(estimator, "class_weight", None)

    def row_weights(self, estimator, task):
        """The weights that a classifier was fitted with, or None where there are none.

        They are the product of the weights of the rows and of their classes.
        """
        of_class = self.class_weight(estimator)
        if of_class is None:
            return task.sample_weight
        weight = compute_sample_weight(of_class, task.y)
        return weight if task.sample_weight is None else weight * task.sample_weight

    def takes_nan(self, estimator):
        """Whether missing values may come in; the model may still refuse them."""
        return get_tags(estimator).input_tags.allow_nan

    def strip(self, estimator):
        """A copy without what training left behind and predict never reads.

        What a class of another library reads is not known: it stays as it is.
        """
        if not type(estimator).__module__.startswith("sklearn."):
            return without(estimator, ())
        return strip_models_inside(without(estimator, ROW_ARRAYS))
