"""The default order of columns: the procedure that suits the model and its cost."""

from typing import Any

from sklprune._registry import named, register
from sklprune._typing import Estimator
from sklprune.methods._base import Method

#: up to this number of columns, those that one fit suffices for are removed one by one
ONE_BY_ONE = 100
#: from this number of columns on, fewer fits order those of linear models
MAX_FITTED = 2000
#: share of the columns that are removed before a linear model is fitted again
STEP = 0.1
#: standard errors of a column without information that are subtracted from the increase
#: of the loss. Of such columns 7 % are above zero then. With one error 16 % are; with
#: two, weak columns of a few hundred rows are lost.
MARGIN = 1.5
#: number of folds, so that all rows order the columns
FOLDS = 5
#: of more than twice as many columns, this many are selected by one of the folds
SCREENED = 100


class Columns(Method):
    """Remove columns in the order that suits the kind and the cost of the model.

    The method is another one, which is chosen before any fit:

    - for linear models, and naive Bayes models of counts,
      :class:`RecursiveElimination` by coefficients on standardised columns. If all
      steps follow from one fit, up to 100 columns are removed one by one, and of more
      columns a tenth of the remaining ones at a time. Otherwise they are removed in ten
      steps. Of more than 2,000 columns, half of the remaining ones are removed at a
      time, and three quarters while there are more than 5,000. This costs about two
      fits, for which see :class:`RecursiveElimination`;
    - for all other models, :class:`Permutation` with the parameters
      `criterion="loss", margin=1.5, cv=5, screen=100`. The importance is the increase
      of the loss on rows outside the folds, less one and a half standard errors of a
      column without information. Candidates with columns below zero are only chosen if
      their score is better beyond chance, or if all others are worse than the unpruned
      model by more than two and a half standard errors of its score. Of more than 200
      columns, one of the five folds selects 100, and the other folds order these.

    The report names the method that was used.

    Notes
    -----
    Elimination fits the model again without the least important columns. Of several
    columns with the same information one is therefore kept. The importances of other
    models are computed once, and such columns are ranked near each other. Use
    `feature_groups="correlated"` to keep one of them.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklprune import FeaturePruningSelector
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> selector = FeaturePruningSelector(Ridge(), method="columns",
    ...                                   n_features_to_select=3, random_state=0)
    >>> selector.fit(X, y).get_feature_names_out()
    array(['bmi', 'bp', 's5'], dtype=object)
    >>> print(selector.report_.summary)
    Ridge: 7 of 10 features removed by RecursiveElimination; no other unit was ...
    """

    granularity = "feature"
    needs_labels = True
    needs_scorer = True
    takes_blocks = True
    reason = "the least important of the remaining columns in its step"

    def resolved(
        self,
        family: Any,
        estimator: Estimator,
        n_features: int | None,
        opens_columns: bool = True,
    ) -> Method:
        n_features = n_features or 0
        if not family.has_coefficients:
            return _by_loss()
        if n_features > MAX_FITTED:
            return _method("recursive_elimination", step="halving")
        at_once = "shrinking_fits" in family.capabilities(estimator)
        if not (at_once and opens_columns):
            return _method("recursive_elimination", step=STEP)
        step = 1 if n_features <= ONE_BY_ONE else "geometric"
        return _method("recursive_elimination", step=step)


def _by_loss() -> Method:
    parameters = {"margin": MARGIN, "cv": FOLDS, "screen": SCREENED}
    return _method("permutation", criterion="loss", **parameters)


def _method(name: str, **parameters: Any) -> Method:
    method: Method = named("method", name)
    return method.set_params(**parameters)


register("method", Columns)
