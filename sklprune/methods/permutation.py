"""Permutation importance: remove the columns whose shuffling lowers the score least."""

import numbers
from typing import Any, ClassVar

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from sklprune._frames import column_names
from sklprune._permutation.conditional import conditional_changes
from sklprune._permutation.folds import possible_folds
from sklprune._permutation.losses import loss_scorer, lower_bounds
from sklprune._permutation.orders import changes_of, shuffles
from sklprune._permutation.scores import Rows, permuted_scores
from sklprune._permutation.tables import columnwise
from sklprune._progress import tracked
from sklprune._registry import register
from sklprune._scores import score_metadata
from sklprune._typing import CV, Array, Estimator, MatrixLike
from sklprune._units import Task, Units
from sklprune.methods._base import Method

#: values of `criterion`
CRITERIA = ("score", "loss")


class Permutation(Method):
    """Remove the columns whose permutation lowers the score of the model least.

    The score of a column is the mean decrease of the model's score when the values
    of the column are shuffled. The decrease is measured on rows that the model was
    not fitted on. These are a fifth of the pruning rows, or all rows if the model is
    frozen. With `cv`, they are the rows outside each fold.
    X may be an array, a sparse matrix or a data frame. The columns of one group are
    shuffled together.

    Parameters
    ----------
    n_repeats : int, default=5
        How many times each column is shuffled.
    max_samples : int or float, default=1.0
        How many rows are used, as a number or as a fraction.
    conditional : bool, default=False
        Whether a column is shuffled only among rows in which the columns that correlate
        with it are similar. A column that merely correlates with an important one then
        has no importance of its own.
    criterion : {"score", "loss"}, default="score"
        What decreases when a column is shuffled.

        - "score": the score by `scoring`.
        - "loss": the log loss of a classifier, its error rate if it has no
          probabilities, and the squared error of a regressor. The accuracy hardly
          changes with a weak column, and the log loss does. It stands for accuracy,
          balanced accuracy, F1, ROC AUC, average precision, log loss, R2 and the mean
          squared error. With any other `scoring`, and with several outputs of a
          classifier, the criterion is "score".
    margin : float, default=0.0
        How many standard errors are subtracted from the mean increase of the loss. A
        column without information has a mean increase of about zero, and is then below
        zero. Only with `criterion="loss"`. If it is positive, `pruning_ratio="auto"`
        with the rules "best" and "one_se" prefers candidates without such columns. One
        with such columns is only chosen if its score is better beyond chance, by a
        paired t test at a level of 1 %. If the best candidate has such columns, those
        without them must be within one standard error of it, or the best of their kind.
    cv : int, splitter or iterable, default=None
        Splits of the pruning rows. The model is fitted on the first rows of each split,
        and the columns are shuffled in the second rows. An int is a number of folds, so
        that all rows give the importances. None holds out a fifth of the rows.

    Notes
    -----
    With the same seed the values are those of
    :func:`sklearn.inspection.permutation_importance`, with two differences. With
    `max_samples`, the score before shuffling is computed on the sampled rows too. Rows
    of weight zero are removed before, so that their values are not shuffled into other
    rows.

    References
    ----------
    Breiman, Random forests, Machine Learning 45, 2001.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklprune import PrunedEstimator
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> pruned = PrunedEstimator(Ridge(), method="permutation", pruning_ratio=0.6,
    ...                          random_state=0).fit(X, y)
    >>> pruned.estimator_[-1].n_features_in_
    4
    """

    granularity = "feature"
    uses = ("fast_permutation",)
    needs_labels = True
    needs_scorer = True
    takes_blocks = True
    reason = "the score hardly falls when it is shuffled"

    _parameter_constraints: ClassVar = {"conditional": ["boolean"]}

    def __init__(
        self,
        n_repeats: int = 5,
        *,
        max_samples: float = 1.0,
        conditional: bool = False,
        criterion: str = "score",
        margin: float = 0.0,
        cv: CV | None = None,
    ) -> None:
        self.n_repeats = n_repeats
        self.max_samples = max_samples
        self.conditional = conditional
        self.criterion = criterion
        self.margin = margin
        self.cv = cv

    @property
    def needs_unseen(self) -> bool:  # type: ignore[override]  # depends on parameters
        """Whether the order must come from rows that the model was not fitted on."""
        return self.cv is None

    @property
    def fits_models(self) -> bool:  # type: ignore[override]  # depends on parameters
        """Whether models are fitted for the order."""
        return self.cv is not None

    @property
    def floor(self) -> float | None:  # type: ignore[override]  # depends on parameters
        """The importance from which on a column is distinguishable from noise."""
        return 0.0 if self.margin > 0 else None

    def score(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Array:
        """Mean decrease of the score for each column, (n_units,)."""
        self._check()
        folds = []
        if self.cv is not None:
            folds = possible_folds(estimator, task, self.cv)
        if folds:
            fits = Parallel(n_jobs=task.n_jobs)(
                delayed(self._decreases_of_fold)(family, estimator, units, task, fold)
                for fold in tracked(folds, "folds")
            )
            decreases = np.concatenate(fits, axis=1)
        else:
            decreases = self._decreases(estimator, units, task.to_order(), task.n_jobs)
        return lower_bounds(decreases, self.margin)[units.labels]

    def _decreases_of_fold(
        self,
        family: Any,
        estimator: Estimator,
        units: Units,
        task: Task,
        fold: tuple[Array, Array],
    ) -> Array:
        """`_decreases` on the second rows of a fold, by a fit on its first rows."""
        first, second = (task.take(rows) for rows in fold)
        model = family.refit(estimator, units, np.ones(units.count, bool), first)
        rows = second.with_comparable_weights(scored=True)
        return self._decreases(model, units, rows, None)

    def _decreases(
        self, estimator: Estimator, units: Units, rows: Task, n_jobs: int | None
    ) -> Array:
        """Decreases for each group of columns, (n_groups, n_blocks of rows)."""
        rows = _weighted(rows)
        chosen, orders = shuffles(
            rows.n_samples, self.n_repeats, self.max_samples, rows.random_state
        )
        if chosen is not None:
            rows = rows.take(chosen)
        X, groups = columnwise(rows.X), _groups(units)
        changes = (
            conditional_changes(X, groups, orders)
            if self.conditional
            else changes_of(groups, orders)
        )
        scored = self._scored(estimator, rows, X)
        unchanged, changed = permuted_scores(estimator, scored, changes, n_jobs)
        decrease = unchanged[None] - changed[None].mean(axis=1)
        return np.asarray(decrease.reshape(len(groups), -1))

    def _check(self) -> None:
        if not isinstance(self.n_repeats, numbers.Integral) or self.n_repeats < 1:
            raise ValueError(
                f"Permutation(n_repeats={self.n_repeats!r}): n_repeats must be a "
                "positive whole number."
            )
        if not isinstance(self.criterion, str) or self.criterion not in CRITERIA:
            raise ValueError(
                f"Permutation(criterion={self.criterion!r}): criterion must be 'score' "
                "or 'loss'."
            )
        real = isinstance(self.margin, numbers.Real)
        if not real or not 0 <= float(self.margin) < np.inf:
            raise ValueError(
                f"Permutation(margin={self.margin!r}): margin must be a number of "
                "standard errors, 0 or more."
            )
        if self.margin and self.criterion == "score":
            raise ValueError(
                f"Permutation(margin={self.margin!r}): a margin needs the losses of "
                "rows. Pass criterion='loss' too, or margin=0."
            )

    def _scored(self, estimator: Estimator, rows: Task, X: MatrixLike) -> Rows:
        """The rows with the scorer, or with the losses of blocks of rows."""
        names = column_names(X)
        if self.criterion == "loss":
            losses = loss_scorer(estimator, rows.y, rows.scorer)
            if losses is not None:
                weight = rows.sample_weight
                metadata = {} if weight is None else {"sample_weight": weight}
                return Rows(X, rows.y, losses, metadata, names)
        metadata = score_metadata(estimator, rows)
        return Rows(X, rows.y, rows.scorer, metadata, names)


def _weighted(rows: Task) -> Task:
    """The rows without those of weight zero, whose values would be shuffled too."""
    if rows.sample_weight is None:
        return rows
    positive = np.flatnonzero(rows.sample_weight)
    if len(positive) == rows.n_samples:
        return rows
    if len(positive) == 0:
        raise ValueError(
            "sample_weight: all rows on which the columns are ordered have weight "
            "zero. The method 'permutation' needs new rows with positive weights."
        )
    return rows.take(positive)


def _groups(units: Units) -> list[Array]:
    """The columns of each group; a unit may consist of several columns."""
    of_column = units.labels[units.where.unit]
    by_group = np.argsort(of_column, kind="stable")
    ends = np.searchsorted(of_column[by_group], np.arange(1, units.labels.max() + 1))
    return np.split(units.where.columns[by_group], ends)


register("method", Permutation)
