"""Probe: remove the columns that are not better than random columns."""

import numbers
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed

from sklprune._estimators import seeded, unfitted
from sklprune._frames import frame_kind
from sklprune._progress import tracked
from sklprune._registry import family_of, register
from sklprune._sklearn_private import safe_indexing
from sklprune._typing import Array, Estimator, MatrixLike
from sklprune._units import Task, Units
from sklprune.methods._threshold import ThresholdMethod


class Probe(ThresholdMethod):
    """Remove the columns that are not better than random columns.

    Copies of all columns are shuffled over the rows, so that they have no information.
    These are the probes. The model is fitted on the columns and the probes together,
    several times with other probes. A column is kept if its median importance is higher
    than that of almost all probes.

    The method determines how many columns are kept.

    Parameters
    ----------
    level : float in [0, 1), default=0.01
        Share of the probes that may be more important than a kept column. 0 keeps only
        the columns that are more important than every probe.
    n_repeats : int, default=5
        How many times the model is fitted with new probes.

    Warns
    -----
    UserWarning
        If no column is better than the probes. The most important one is then kept.

    Notes
    -----
    The importance is the absolute value of a coefficient times the standard deviation
    of its column, or an entry of `feature_importances_`. Models with neither are
    refused. The probes of columns that are encoded together, or of one group, are
    shuffled together, and the importance of a group is that of its best column.

    The result depends on `random_state` only.

    References
    ----------
    Stoppiglia, Dreyfus, Dubois and Oussar, Ranking a random feature for variable and
    feature selection, JMLR 3, 2003. Kursa and Rudnicki, Feature selection with the
    Boruta package, Journal of Statistical Software 36, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklprune import FeaturePruningSelector
    >>> from sklprune.methods import Probe
    >>> X, y = make_classification(500, 20, n_informative=4, n_redundant=0,
    ...                            shuffle=False, random_state=1)
    >>> selector = FeaturePruningSelector(RandomForestClassifier(50, random_state=0),
    ...                                   method=Probe(0), random_state=0)
    >>> selector.fit(X, y).get_support(indices=True)
    array([0, 1, 2, 3])
    """

    fits_models = True
    reason = "it is not better than random columns"

    def __init__(self, level: float = 0.01, *, n_repeats: int = 5) -> None:
        self.level = level
        self.n_repeats = n_repeats

    def score(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Array:
        """Share of the probes that each column exceeds in the median, (n_units,).

        Columns that exceed all probes have values from 1 on, in the order of their
        importances.
        """
        self._check()
        seed = check_random_state(task.random_state).randint(2**31 - 1)
        found = Parallel(n_jobs=task.n_jobs)(
            delayed(_importances)(family, estimator, units, task, seed + repeat)
            for repeat in tracked(range(self.n_repeats), "repeats")
        )
        columns, probes = (np.array(each) for each in zip(*found))
        median = np.median(columns, axis=0)
        everywhere = np.sort(probes, axis=None)
        exceeded = np.searchsorted(everywhere, median, side="left") / len(everywhere)
        exceeded[median <= 0] = 0.0
        highest = max(float(everywhere[-1]), np.finfo(float).tiny)
        return np.where(exceeded == 1, np.maximum(median / highest, 1.0), exceeded)

    def threshold(self, scores: Array, units: Units) -> float:
        """The share of the probes that a kept column exceeds."""
        return 1 - self.level

    def nothing_found(self) -> str:
        """The warning if no column is better than the probes."""
        return (
            f"{self!r} found no column that is better than random columns. The most "
            "important one is kept, or those of always_keep."
        )

    def _check(self) -> None:
        if not isinstance(self.level, numbers.Real) or not 0 <= self.level < 1:
            raise ValueError(
                f"Probe(level={self.level!r}): level must be a number in [0, 1)."
            )
        whole = isinstance(self.n_repeats, numbers.Integral)
        if not whole or self.n_repeats < 1:
            raise ValueError(
                f"Probe(n_repeats={self.n_repeats!r}): n_repeats must be a positive "
                "whole number."
            )


def _importances(
    family: Any, estimator: Estimator, units: Units, task: Task, seed: int
) -> tuple[Array, Array]:
    """Importances of all units, and of their probes, in one fit with new probes."""
    rng = np.random.RandomState(seed)
    where = units.where
    X = safe_indexing(task.X, where.columns, axis=1)
    label = units.groups if units.groups is not None else np.arange(units.count)
    both = _with_probes(X, label[where.unit], rng)
    model = seeded(unfitted(family.without_step(estimator)), task.random_state)
    inner = family_of(model)
    inner.fit(model, both, task.y, task.sample_weight, task.groups)
    values = inner.column_importances(model, task.with_X(both))
    if values is None:
        raise ValueError(
            f"method='probe' compares importances, and {type(model).__name__} has "
            "neither coef_ nor feature_importances_. Use method='permutation'."
        )
    n = len(where.columns)
    return _of_units(values[:n], units), _of_units(values[n:], units)


def _of_units(values: Array, units: Units) -> Array:
    """Norms over the columns of each unit, and the highest one in its group."""
    squares = np.bincount(units.where.unit, values**2, units.count)
    return units.of_groups(np.sqrt(squares))


def _with_probes(X: MatrixLike, label: Array, rng: np.random.RandomState) -> Any:
    """X and a shuffled copy of each column; columns of one label keep their rows."""
    n_rows = X.shape[0]
    labels, inverse = np.unique(label, return_inverse=True)
    orders = [rng.permutation(n_rows) for _ in labels]
    rows = [orders[i] for i in inverse]
    if sparse.issparse(X):
        X = X.tocsc()
        probes = [X[:, [j]][order] for j, order in enumerate(rows)]
        return sparse.hstack([X, *probes], format="csr")
    kind = frame_kind(X)
    if kind is None:
        X = np.asarray(X)
        probes = [X[order, j] for j, order in enumerate(rows)]
        return np.column_stack([X, *probes])
    names = [f"probe {j} of {name}" for j, name in enumerate(X.columns)]
    if kind == "polars":
        series = [
            X.to_series(j).gather(order).alias(name)
            for j, (order, name) in enumerate(zip(rows, names))
        ]
        return X.with_columns(series)
    copy = X.copy()
    copy.columns = [str(name) for name in X.columns]
    for j, (order, name) in enumerate(zip(rows, names)):
        copy[name] = X.iloc[:, j].array.take(order)
    return copy


register("method", Probe)
