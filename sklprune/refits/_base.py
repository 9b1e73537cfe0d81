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
    """

    needs = ()
    needs_labels = False
    fits_anew = False
    of_columns = False

    def apply(self, family, dense, units, keep, task):
        """A fitted copy of the model that lacks the units that do not stay."""
        raise NotImplementedError
