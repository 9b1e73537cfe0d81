"""Permutation importance: remove the columns whose shuffling lowers the score least."""

import numbers
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from sklprune._frames import column_names
from sklprune._permutation.conditional import conditional_changes
from sklprune._permutation.folds import Fold, possible_folds
from sklprune._permutation.losses import less_noise, loss_scorer
from sklprune._permutation.orders import changes_of, shuffles
from sklprune._permutation.scores import Rows, permuted_scores
from sklprune._permutation.tables import columnwise
from sklprune._progress import tracked
from sklprune._registry import register
from sklprune._scores import score_metadata
from sklprune._sklearn_private import num_features
from sklprune._typing import CV, Array, Estimator, MatrixLike
from sklprune._units import Task, Units
from sklprune.methods._base import AUTO_RATIOS, Method

#: of more columns, candidates have at most half, since models on them take long
MANY = 200
#: with a noise floor, one of so many remaining columns is removed at a time, so that a
#: candidate is close to the floor; the second number is that for more than MANY
PARTS = 4, 3
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
        How many standard errors are subtracted from the mean increases of the loss. A
        column without information has a mean increase of about zero, and is then below
        zero. The standard error is that of such columns: the root mean square over the
        columns with an increase of less than `margin` of their own errors. Only with
        `criterion="loss"`. If it is positive, `pruning_ratio="auto"` with the rules
        "best" and "one_se" prefers candidates without columns below zero. One with such
        columns is only chosen if its score is better beyond chance, by a paired t test
        at a level of 1 %. If the best candidate has such columns, those without them
        must be within one standard error of it, or the best of their kind. If all
        without them are worse than the unpruned model by more than two and a half
        standard errors of its score, those with the fewest of them are used that are
        not. From one candidate to the next, a quarter of the columns is removed. Of
        more than 200 columns, candidates have half of them, `screen`, and then two
        thirds of the candidate before.
    cv : int, splitter or iterable, default=None
        Splits of the pruning rows. The model is fitted on the first rows of each split,
        and the columns are shuffled in the second rows. An int is a number of folds, so
        that all rows give the importances. None holds out a fifth of the rows.
    screen : int, default=None
        With `cv` and more than twice as many columns, the first split only selects this
        many, besides columns that are always kept. The models of the other splits are
        fitted on them, and give their importances. The other columns have lower
        importances, below zero, in the order of the first split. Models on fewer
        columns are fitted faster. None uses all columns in all splits.

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
        screen: int | None = None,
    ) -> None:
        self.n_repeats = n_repeats
        self.max_samples = max_samples
        self.conditional = conditional
        self.criterion = criterion
        self.margin = margin
        self.cv = cv
        self.screen = screen

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
            folds = possible_folds(estimator, task, self.cv, "Permutation")
        if not folds:
            found = self._decreases(estimator, units, task.to_order(), task.n_jobs)
            return less_noise(found, self.margin)[units.labels]
        arguments = (family, estimator, units, task)
        if len(folds) > 1 and self._screens(units.labels.max() + 1):
            return self._screened(*arguments, folds)[units.labels]
        found = self._decreases_of_folds(*arguments, folds)
        return less_noise(found, self.margin)[units.labels]

    def grid(self, task: Task) -> Sequence[float]:
        """The ratios of `pruning_ratio="auto"`.

        Where there are many columns, mostly few of them are above the floor.
        """
        if self.floor is None:
            return AUTO_RATIOS
        n_columns = num_features(task.X)
        sizes, parts = [n_columns], PARTS[0]
        if n_columns > MANY:
            # only the screened columns can be above the floor
            half, parts = n_columns // 2, PARTS[1]
            sizes = sorted({half, min(half, self.screen or MANY)}, reverse=True)
        while sizes[-1] > 1:
            sizes.append(sizes[-1] - max(1, sizes[-1] // parts))
        return [1 - n / n_columns for n in sizes if n < n_columns]

    def _screens(self, n_columns: int) -> bool:
        return self.screen is not None and n_columns > 2 * self.screen

    def _screened(
        self,
        family: Any,
        estimator: Estimator,
        units: Units,
        task: Task,
        folds: list[Fold],
    ) -> Array:
        """Importances of groups by the other folds than the first one, (n_groups,).

        The rows that select columns do not measure them, so that a selected column
        without information is not above zero more often.
        """
        arguments = (family, estimator, units, task)
        found = less_noise(self._decreases_of_folds(*arguments, folds[:1]), 0.0)
        selected = np.zeros(len(found), bool)
        selected[np.argsort(-found, kind="stable")[: self.screen]] = True
        if units.fixed is not None:
            selected[units.labels[units.fixed]] = True
        rest = self._decreases_of_folds(*arguments, folds[1:], selected)
        bounds = less_noise(rest, self.margin)
        lowest = min(0.0, bounds[selected].min())
        # below the lowest one, also where all are equal
        below = lowest - (np.abs(bounds).max() or 1.0) / len(bounds)
        others = found[~selected]
        found[~selected] = others + min(0.0, below - others.max(initial=below))
        return np.where(selected, bounds, found)

    def _decreases_of_folds(
        self,
        family: Any,
        estimator: Estimator,
        units: Units,
        task: Task,
        folds: list[Fold],
        selected: Array | None = None,
    ) -> Array:
        """`_decreases` on the second rows of folds, by fits on their first rows.

        `selected`: mask of the groups that the models are fitted on. None is all.
        """
        keep = (
            np.ones(units.count, bool) if selected is None else selected[units.labels]
        )
        fits = Parallel(n_jobs=task.n_jobs)(
            delayed(self._decreases_of_fold)(family, estimator, units, keep, task, fold)
            for fold in tracked(folds, "folds")
        )
        return np.concatenate(fits, axis=1)

    def _decreases_of_fold(
        self,
        family: Any,
        estimator: Estimator,
        units: Units,
        keep: Array,
        task: Task,
        fold: Fold,
    ) -> Array:
        first, second = (task.take(rows) for rows in fold)
        model = family.refit(estimator, units, keep, first)
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
        whole = isinstance(self.screen, numbers.Integral)
        if self.screen is not None and (not whole or self.screen < 1):
            raise ValueError(
                f"Permutation(screen={self.screen!r}): screen must be None, or a "
                "positive whole number of columns."
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
