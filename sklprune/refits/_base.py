"""The base class of refits, which fit the remaining values after a removal."""

from collections.abc import Sequence
from typing import Any

from sklearn.base import BaseEstimator

from sklprune._typing import Array, Estimator
from sklprune._units import Candidate, Task, Units


class Refit(BaseEstimator):
    """Base of all refits: parameters, and `apply`.

    Removed units are not restored.

    Attributes
    ----------
    needs : tuple of str
        Capabilities that the family must have; see `sklprune._capabilities`.
    uses : tuple of str
        Capabilities that are used where the family has them.
    needs_labels : bool
        Whether y is needed.
    fits_anew : bool
        Whether a clone is fitted on the kept columns, which any model allows. Other
        refits change the values of a fitted model.
    of_columns : bool
        Whether it can follow the removal of columns.
    granularities : tuple of str
        The units whose removal it can follow; () for any.
    prepares : bool
        Whether `prepared` does what all ratios have in common, once for a path.

    Examples
    --------
    Change only the intercept, so that the mean of the predictions is that of y:

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

    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    needs_labels: bool = False
    fits_anew: bool = False
    of_columns: bool = False
    granularities: tuple[str, ...] = ()
    prepares: bool = False

    def apply(
        self, family: Any, dense: Estimator, units: Units, keep: Array, task: Task
    ) -> Estimator:
        """A fitted copy of the model without the removed units.

        Parameters
        ----------
        family, dense : Family, estimator
            The unpruned fitted model, and its family.
        units : Units
        keep : ndarray of shape (n_units,), bool
            True for each unit that is kept.
        task : Task
            The rows.

        Returns
        -------
        estimator
        """
        raise NotImplementedError

    def stations(self, units: Units) -> Sequence[float]:
        """Ratios, ascending, at which what remains is fitted and ordered again.

        They are used if the method has none. () removes all units together.
        """
        return ()

    def at_station(self) -> "Refit":
        """The refit that follows the removal at one of the `stations`."""
        return self

    def prepared(self, candidate: Candidate, task: Task) -> "Refit":
        """The refit for each ratio, after what all ratios have in common was done.

        It is called once for an order of the units, if `prepares` is True.

        Parameters
        ----------
        candidate : Candidate
            At any ratio. Its scores, with the model and its units, do not depend on it.
        task : Task
            The rows.
        """
        return self

    def continued(
        self,
        start: Estimator,
        family: Any,
        dense: Estimator,
        units: Units,
        keep: Array,
        task: Task,
    ) -> Estimator:
        """The same, where the method has already found values of the kept weights.

        Parameters
        ----------
        start : estimator
            The smaller model with these values. By default they are not used.
        family, dense, units, keep, task
            As in `apply`.
        """
        return self.apply(family, dense, units, keep, task)
