"""Clone: fit a clone of the model on the kept columns."""

from typing import Any

from sklprune._registry import register
from sklprune._typing import Array, Estimator
from sklprune._units import Task, Units
from sklprune.refits._base import Refit


class Clone(Refit):
    """Fit a clone of the model on the kept columns.

    This refit works for the columns of any model, and is the default for columns.
    Parameters of the model that name columns are adapted to the kept columns.

    Raises
    ------
    ValueError
        In `fit`, if a parameter of the model names columns and cannot be adapted.

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
    >>> bool(np.allclose(pruned.estimator_[-1].coef_, again.coef_))
    True
    """

    needs_labels = True
    fits_anew = True
    of_columns = True

    def apply(
        self, family: Any, dense: Estimator, units: Units, keep: Array, task: Task
    ) -> Estimator:
        """A pipeline of a step that selects columns and the fitted clone."""
        return family.refit(dense, units, keep, task)


register("refit", Clone)
