"""Clone: the model is fitted once more, on the columns that stay."""

from sklprune._registry import register
from sklprune.refits._base import Refit


class Clone(Refit):
    """Fit a clone on what stays. For columns of any model; the default there.

    Parameters that name columns follow those that stay; one that cannot is an error.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklprune import PrunedEstimator
    >>> X, y = load_diabetes(return_X_y=True)
    >>> pruned = PrunedEstimator(Ridge(), method="permutation", pruning_ratio=0.5,
    ...                          refit="clone", random_state=0).fit(X, y)
    >>> columns = pruned.estimator_[0].transformers[0][2]
    >>> again = Ridge().fit(X[:, columns], y)
    >>> bool(np.array_equal(pruned.estimator_[-1].coef_, again.coef_))
    True
    """

    needs_labels = True
    fits_anew = True
    of_columns = True

    def apply(self, family, dense, units, keep, task):
        return family.refit(dense, units, keep, task)


register("refit", Clone)
