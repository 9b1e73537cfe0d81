"""Clone: the model is fitted once more, on the columns that stay."""

from sklprune._registry import register
from sklprune.refits._base import Refit


class Clone(Refit):
    """Fit a clone on what stays. For columns of any model; the default there."""

    needs_labels = True
    fits_anew = True
    of_columns = True

    def apply(self, family, dense, units, keep, task):
        return family.refit(dense, units, keep, task)


register("refit", Clone)
