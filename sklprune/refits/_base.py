"""What a refit is: what stays is fitted anew, and what was removed stays removed."""

from sklearn.base import BaseEstimator


class Refit(BaseEstimator):
    """Base of all refits: parameters only, and `apply`.

    Attributes
    ----------
    needs : tuple of str
        Capabilities that the family must have.
    needs_labels : bool
        Whether y is asked for.
    fits_anew : bool
        Whether a clone is fitted on the columns that stay, of any model; the others
        act on a fitted model.
    of_columns : bool
        Whether it can follow the removal of columns.

    Examples
    --------
    Only the intercept follows, so that the mean is kept:

    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklprune import prune
    >>> from sklprune.refits import Refit
    >>> class Recentre(Refit):
    ...     needs_labels = True
    ...
    ...     def apply(self, family, dense, units, keep, task):
    ...         model = family.remove(dense, units, keep)
    ...         model.intercept_ += np.mean(task.y - model.predict(task.X))
    ...         return model
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = LinearRegression().fit(X + 1, y)
    >>> small = prune(model, X + 1, y, pruning_ratio=0.5, refit=Recentre())
    >>> bool(np.isclose(small.predict(X + 1).mean(), y.mean()))
    True
    """

    needs = ()
    needs_labels = False
    fits_anew = False
    of_columns = False

    def apply(self, family, dense, units, keep, task):
        """A fitted copy of the model that lacks the units that do not stay."""
        raise NotImplementedError
