"""Sequential selection: add the column that improves the held-out score most."""

import numbers
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import mean_squared_error, r2_score, root_mean_squared_error
from sklearn.utils.parallel import Parallel, delayed

from sklprune._linear_fits.forward import Fold, forward_selection
from sklprune._linear_fits.rows import LeastSquaresRows
from sklprune._metadata import routing_enabled
from sklprune._permutation.folds import folds_of
from sklprune._progress import tracked
from sklprune._registry import register
from sklprune._scores import score
from sklprune._sklearn_private import (
    num_features,
    scorer_parts,
    scorer_takes_weights,
)
from sklprune._typing import CV, Array, Estimator
from sklprune._units import Task, Units
from sklprune.methods._base import AUTO_RATIOS, Method

#: products of columns of all folds are kept in arrays of this many entries at most
MAX_PRODUCTS = 50_000_000


class Sequential(Method):
    """Add the column that improves the cross-validated score most, and repeat.

    The method starts without columns, or with those of `always_keep`. In each step it
    scores the model with each of the other columns added, and adds the best one. A
    column that was added early is kept longest.

    Parameters
    ----------
    max_columns : int or None, default=None
        How many columns, or groups of columns, are added in this way. The others are
        ordered by their scores in the last step. None adds all columns one by one.
    cv : int, splitter or iterable, default=5
        Splits of the pruning rows on which the candidates of a step are scored. An int
        is a number of folds.

    Notes
    -----
    The order is that of :class:`sklearn.feature_selection.SequentialFeatureSelector`
    with `direction="forward"` and the same `cv`.

    For least squares and ridge regression, and for R squared or squared errors, no
    model is fitted. The scores of all candidates follow from sums of products of the
    columns. For other models a step costs one fit for each candidate and each fold,
    which run in parallel. Set `max_columns` then.

    With `pruning_ratio="auto"` and `max_columns`, the candidates are all numbers of
    columns up to that number.

    References
    ----------
    Pahikkala, Airola and Salakoski, Speeding up greedy forward selection for
    regularized least-squares, ICMLA 2010.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklprune import FeaturePruningSelector
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> selector = FeaturePruningSelector(Ridge(0.01), method="sequential",
    ...                                   n_features_to_select=3).fit(X, y)
    >>> selector.get_feature_names_out()
    array(['bmi', 'bp', 's5'], dtype=object)
    """

    granularity = "feature"
    needs_labels = True
    needs_scorer = True
    fits_models = True
    takes_blocks = True
    uses = ("shrinking_fits",)
    reason = "the columns that were added before it predict as well without it"

    def __init__(self, max_columns: int | None = None, *, cv: CV = 5) -> None:
        self.max_columns = max_columns
        self.cv = cv

    @classmethod
    def variants(cls) -> list[Method]:
        """None, since the time for all columns of most models is too long."""
        return []

    def grid(self, task: Task) -> Any:
        """All numbers of columns up to `max_columns`, or the usual ratios."""
        self._check()
        count = num_features(task.X)
        if self.max_columns is None:
            return AUTO_RATIOS
        return [1 - k / count for k in range(min(self.max_columns, count - 1), 0, -1)]

    def score(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Array:
        """The higher, the earlier a column was added: (n_units,)."""
        self._check()
        label = units.labels
        groups = [np.flatnonzero(label == i) for i in range(label.max() + 1)]
        fixed = np.zeros(units.count, bool) if units.fixed is None else units.fixed
        first = [i for i, group in enumerate(groups) if fixed[group].any()]
        # of a raw column that a pipeline drops, the model receives no column
        received = np.bincount(label[units.where.unit], minlength=len(groups)) > 0
        others = [i for i in range(len(groups)) if received[i] and i not in first]
        n_steps = len(others)
        if self.max_columns is not None:
            n_steps = min(n_steps, self.max_columns)
        splits = folds_of(estimator, task, self.cv, "Sequential")
        how = (splits, groups, first, others, n_steps)
        added = self._closed_form(family, estimator, units, task, *how)
        if added is None:
            added = _by_fits(family, estimator, units, task, *how)
        importances, last = np.zeros(len(groups)), np.zeros(len(groups))
        for step, (group, scores) in enumerate(added):
            importances[group] = 2 * len(groups) - step
            last = scores
        last = np.where(received, last, -np.inf)
        never = np.flatnonzero(importances == 0)
        # those that were not added, by the scores of the last step
        importances[never] = np.argsort(np.argsort(last[never], kind="stable")) + 1
        return np.asarray(importances[label])

    def _closed_form(
        self,
        family: Any,
        estimator: Estimator,
        units: Units,
        task: Task,
        splits: list[tuple[Array, Array]],
        groups: list[Array],
        first: list[int],
        others: list[int],
        n_steps: int,
    ) -> Any:
        """The steps from sums of products; None for other models and metrics."""
        function, sign, _ = scorer_parts(task.scorer, estimator)
        y = np.asarray(task.y)
        several = y.ndim > 1 and y.shape[1] > 1
        if function not in SCORES or is_classifier(estimator) or routing_enabled():
            return None
        weighted = task.sample_weight is not None
        if weighted and not scorer_takes_weights(task.scorer, estimator):
            return None
        if several and function is root_mean_squared_error:
            return None
        if "shrinking_fits" not in family.capabilities(estimator):
            return None
        rows = family.linear_rows(estimator, task, units.where.columns)
        if not isinstance(rows, LeastSquaresRows):
            return None
        n_columns = len(units.where.columns)
        if 2 * len(splits) * n_columns**2 > MAX_PRODUCTS:
            return None
        if not np.isfinite(rows.moments.products).all():
            return None
        folds = [_fold(rows, *split) for split in splits]
        unit = units.where.unit
        columns = [np.flatnonzero(np.isin(unit, group)) for group in groups]
        scores = partial(_scores, function, sign)
        return forward_selection(folds, columns, first, others, scores, n_steps)

    def _check(self) -> None:
        whole = isinstance(self.max_columns, numbers.Integral)
        if self.max_columns is not None and (not whole or self.max_columns < 1):
            raise ValueError(
                f"Sequential(max_columns={self.max_columns!r}): max_columns must be "
                "None or a positive whole number."
            )


def _fold(rows: LeastSquaresRows, first: Array, second: Array) -> Fold:
    """One split, whose first rows are usually all rows but the second ones."""
    held_out = rows.moments_of(second)
    is_partition = len(first) + len(second) == len(rows.y)
    if is_partition and not np.isin(first, second).any():
        seen = rows.moments.minus(held_out)
    else:
        seen = rows.moments_of(first)
    return Fold(seen, held_out, rows.alpha, rows.fit_intercept)


def _scores(function: Any, sign: int, fold: Fold, errors: Array) -> Array:
    """Scores of a fold for sums of squared errors of shape (..., n_targets)."""
    of_targets = SCORES[function](errors, fold)
    return np.asarray(sign * of_targets.mean(axis=-1))


#: metrics of one target as functions of the sum of squared errors
SCORES: dict[Any, Any] = {
    r2_score: lambda errors, fold: 1 - errors / fold.spread,
    mean_squared_error: lambda errors, fold: errors / fold.weight,
    root_mean_squared_error: lambda errors, fold: np.sqrt(errors / fold.weight),
}


def _by_fits(
    family: Any,
    estimator: Estimator,
    units: Units,
    task: Task,
    splits: list[tuple[Array, Array]],
    groups: list[Array],
    first: list[int],
    others: list[int],
    n_steps: int,
) -> Any:
    """The same as `forward_selection`, with a fit for each candidate and fold."""
    keep = np.zeros(units.count, bool)
    scores = np.full(len(groups), np.nan)
    for group in first:
        keep[groups[group]] = True
        yield group, scores
    folds = [(task.take(rows), task.take(others)) for rows, others in splits]
    remaining = list(others)
    parallel = Parallel(n_jobs=task.n_jobs)
    for _ in tracked(range(min(n_steps, len(remaining))), "columns"):
        masks = []
        for group in remaining:
            with_group = keep.copy()
            with_group[groups[group]] = True
            masks.append(with_group)
        found = parallel(
            delayed(_fitted_score)(family, estimator, units, mask, *fold)
            for mask in masks
            for fold in folds
        )
        scores = np.full(len(groups), np.nan)
        scores[remaining] = np.mean(np.reshape(found, (-1, len(folds))), axis=1)
        best = remaining[int(np.argmax(scores[remaining]))]
        keep[groups[best]] = True
        remaining.remove(best)
        yield best, scores


def _fitted_score(
    family: Any, estimator: Estimator, units: Units, keep: Array, seen: Task, rest: Task
) -> float:
    return score(family.refit(estimator, units, keep, seen), rest)


register("method", Sequential)
