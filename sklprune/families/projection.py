"""Steps that mix their inputs, such as `PCA`, whose number of outputs is known."""

from sklprune._registry import register_family
from sklprune._typing import Array, Estimator
from sklprune.families._base import Family
from sklprune.families._column_links import of_one_source


class ProjectionFamily(Family):
    """Projections, norms and polynomials: all outputs may depend on all inputs.

    They can be used as they are where all inputs come from one column of X, such as
    the terms of a column of texts.
    """

    classes = ("Normalizer", "PCA", "PolynomialFeatures", "TruncatedSVD")
    exact = True

    def may_act_apart(self, estimator: Estimator) -> bool:
        return False

    def sources(self, estimator: Estimator, inputs: Array) -> Array | None:
        n_outputs = len(inputs)
        for name in ("components_", "powers_"):
            n_outputs = len(getattr(estimator, name, range(n_outputs)))
        return of_one_source(inputs, n_outputs)


register_family(ProjectionFamily())
