"""Models that combine other fitted models: voting, stacking, AdaBoost.

Their units are columns, as those of any model. A member that recognises its rows shows
that the whole was fitted on them.
"""

from typing import Any

import numpy as np
from sklearn.base import is_classifier

from sklprune._registry import family_of, register_family
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike
from sklprune.families._base import Family

#: classes whose members are fitted on the positions of the classes, or on y itself
SHARING_Y = ("_BaseVoting", "_BaseStacking")


class CombinedFamily(Family):
    """Ensembles whose members are fitted on all rows and all columns of X."""

    classes = ("_BaseVoting", "_BaseStacking", "BaseWeightBoosting")
    recognises_rows = True

    def fitted_on(
        self,
        estimator: Estimator,
        X: MatrixLike,
        y: ArrayLike | None = None,
        sample_weight: Array | None = None,
    ) -> bool:
        """Whether a member recognises these rows: see `fitted_on` of its family."""
        y = _y_of_members(estimator, y)
        return any(
            family_of(member).can_recognise(member)
            and family_of(member).fitted_on(member, X, y, sample_weight)
            for member in getattr(estimator, "estimators_", [])
            if hasattr(member, "fit")
        )


def _y_of_members(estimator: Any, y: ArrayLike | None) -> Array | None:
    """The targets of the members, or None where they differ between members."""
    names = {cls.__name__ for cls in type(estimator).__mro__}
    if y is None or not names & set(SHARING_Y) or np.ndim(y) > 1:
        return None
    if not is_classifier(estimator):
        return np.asarray(y)
    return np.searchsorted(estimator.classes_, np.asarray(y))


register_family(CombinedFamily())
