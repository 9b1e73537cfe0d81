"""Data classes `Units`, `Task` and `Candidate`.

`Units` describes what can be removed from a model, `Task` holds the rows and the
settings of a pruning, and `Candidate` is the recipe for one smaller model.
`TooLittleLeft` is the error for too few remaining units.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklprune._metadata import routing_enabled
from sklprune._registry import family_of
from sklprune._sklearn_private import num_samples, safe_indexing
from sklprune._typing import Array, ArrayLike, Estimator, MatrixLike, Scorer


class TooLittleLeft(ValueError):
    """A smaller model cannot be fitted or cannot predict: too few units remain.

    Attributes
    ----------
    where : str
        A sentence with the ratio and the number of units; also a note of the error.
    """

    where = ""

    @classmethod
    def at(
        cls, ratio: float, keep: Array, granularity: str, error: Exception
    ) -> "TooLittleLeft":
        """The same error with the ratio and the units that remained."""
        own = cls(str(error))
        for note in getattr(error, "__notes__", ()):
            own.add_note(note)
        own.where = where_raised(ratio, keep, granularity)
        own.add_note(own.where)
        return own

    def of_original_type(self) -> Exception:
        """The error of the fit or the prediction, if it had a type of its own."""
        original = self.__cause__
        if not isinstance(original, Exception) or type(original) is ValueError:
            return self
        if type(original).__name__.startswith("_Remote"):
            return self  # from a worker, where only its text is known
        original.add_note(self.where)
        return original


def where_raised(ratio: float, keep: Array, granularity: str) -> str:
    """The sentence that an error of a refit carries as a note."""
    units = f"{int(keep.sum())} of {len(keep)} {plural(granularity)}"
    return f"Raised at pruning_ratio={ratio:g}, on {units}."


def plural(granularity: str) -> str:
    """The plural of a granularity."""
    if granularity.endswith("s"):
        return granularity
    return "leaves" if granularity == "leaf" else f"{granularity}s"


@dataclass(frozen=True)
class Columns:
    """The columns of X that are units of granularity "feature".

    A unit is a column of X. If the model is the last step of a pipeline, `task.X` is
    what the steps before it make of X, and a unit consists of the columns of `task.X`
    that come from its column of X. These are its *block*: none, one or several.

    Parameters
    ----------
    positions : ndarray of shape (n_units,), int
        Positions in X.
    names : ndarray of shape (n_units,), object
    blocks : tuple of ndarray of int, or None
        For each unit the positions of its block in `task.X`, ascending. None means
        that `task.X` is X, so that each block is one column.
    """

    positions: Array
    names: Array
    blocks: tuple[Array, ...] | None = None

    @property
    def columns(self) -> Array:
        """Positions in `task.X` of the columns of all units, unit by unit."""
        if self.blocks is None:
            return self.positions
        return np.concatenate([*self.blocks, np.array([], dtype=int)]).astype(int)

    @property
    def unit(self) -> Array:
        """The unit of each entry of `columns`."""
        if self.blocks is None:
            return np.arange(len(self.positions))
        return np.repeat(np.arange(len(self.blocks)), [len(b) for b in self.blocks])

    def selected(self, keep: Array) -> Array:
        """Positions in `task.X` of the columns of kept units, ascending."""
        return np.sort(self.columns[keep[self.unit]])

    def take(self, keep: Array) -> "Columns":
        """The same for some of the units."""
        blocks = self.blocks
        if blocks is not None:
            blocks = tuple(blocks[i] for i in np.flatnonzero(keep))
        return Columns(self.positions[keep], self.names[keep], blocks)

    def with_blocks(self, inside: "Columns", sources: Array) -> "Columns":
        """The same columns with the blocks that a model inside a pipeline receives.

        Parameters
        ----------
        inside : Columns
            The columns of the model inside; its positions are outputs of the steps.
        sources : ndarray of shape (n_outputs,), int
            The position in X of the column that each output of the steps comes from.
        """
        source = sources[inside.positions[inside.unit]]
        by_source = np.lexsort((inside.columns, source))
        ordered, columns = source[by_source], inside.columns[by_source]
        first = np.searchsorted(ordered, self.positions, side="left")
        last = np.searchsorted(ordered, self.positions, side="right")
        blocks = tuple(columns[i:j] for i, j in zip(first, last))
        return Columns(self.positions, self.names, blocks)

    def norms(self, values: Array) -> Array:
        """The Euclidean norm of the values of each unit, (n_units,).

        Parameters
        ----------
        values : ndarray of shape (n_columns,)
            A value for each column of `task.X`.
        """
        if self.blocks is None:
            return np.abs(values[self.positions])
        squares = values[self.columns].astype(float) ** 2
        return np.sqrt(np.bincount(self.unit, squares, len(self.blocks)))


@dataclass(frozen=True)
class Units:
    """What can be removed from a model at one granularity.

    Parameters
    ----------
    granularity : str
        "feature", "weight", "neuron", "leaf", "member", or one of another package.
    count : int
        The number of units.
    where : object
        A map from units to parts of the model, defined by the family.
    strata : ndarray of shape (count,) or None
        A label for each unit. At least one unit of each label is kept, for example
        one neuron in each hidden layer. None means one stratum.
    groups : ndarray of shape (count,), int, or None
        Units with the same label are kept or removed together. None: each alone.
    fixed : ndarray of shape (count,), bool, or None
        Units that are kept, each with its group.
    at_most : int or None
        With groups: the largest number of kept units. The removal then continues
        until it is reached. None means that no more units are removed than requested.
    removed : ndarray of shape (count,), bool, or None
        Units that were removed before and remain as zeros. They are removed first.
    in_place : bool
        Whether removed units remain as zeros, so that all keep their positions.
    superfluous : ndarray of shape (count,), bool, or None
        Units for which their group has a substitute. They are removed first.

    Examples
    --------
    >>> from sklprune.families import Units
    >>> Units("row", 4).n_removed(0.5)
    2
    """

    granularity: str
    count: int
    where: Any = None
    strata: Array | None = None
    groups: Array | None = None
    fixed: Array | None = None
    at_most: int | None = None
    removed: Array | None = None
    in_place: bool = False
    superfluous: Array | None = None

    @property
    def labels(self) -> Array:
        """The number of the group of each unit, from 0 on: (count,)."""
        if self.groups is None:
            return np.arange(self.count)
        return np.unique(self.groups, return_inverse=True)[1].ravel()

    def n_removed(self, ratio: float) -> int:
        """The number of units that are removed at a ratio if all are free."""
        return int(np.floor(ratio * self.count + 1e-9))

    def nearest_in_size(self, n_kept: Array, ratio: float) -> int:
        """The position of the size that is nearest to that at a ratio.

        Sizes are compared as quotients. Of two equally near sizes it is the later one.

        Parameters
        ----------
        n_kept : ndarray of shape (n_sizes,), int
            Numbers of kept units, at least one size.
        ratio : float
        """
        n_requested = self.count - self.n_removed(ratio)
        difference = np.abs(np.log(n_kept / n_requested))
        return len(difference) - 1 - int(np.argmin(difference[::-1]))

    def best(self, scores: Array, ratio: float) -> Array:
        """Keep the units of the highest scores: the mask of the kept units.

        Exactly `n_removed(ratio)` units are removed, or fewer if fewer are free. Groups
        are removed one by one in ascending order of score while they fit. The score of
        a group is the highest score in it. With equal scores, the first unit is kept.
        """
        label, first, sizes = self._groups()
        scores = self.of_groups(self._with_removed(scores))[first]
        fixed = self._fixed_groups(label, first)
        too_large = np.zeros(len(first), bool)
        if self.at_most is not None:
            room = self.at_most - sizes[fixed].sum()
            too_large = ~fixed & (sizes > room)
        worst_first = np.lexsort((-np.arange(len(first)), scores, ~too_large))
        must_keep = self._must_keep(worst_first[::-1], fixed, first)
        free = worst_first[~must_keep[worst_first]]
        gone, wanted = np.cumsum(sizes[free]), self.n_removed(ratio)
        if wanted == 0:
            return np.ones(self.count, dtype=bool)
        wanted -= 0 if self.superfluous is None else int(self.superfluous.sum())
        n_out = np.searchsorted(gone, wanted, side="right")
        if self.at_most is not None and wanted > np.append(0, gone)[n_out]:
            n_out += 1
        keep = np.ones(len(first), dtype=bool)
        keep[free[:n_out]] = False
        return self._without_superfluous(keep[label])

    def at_least(self, scores: Array, threshold: float) -> Array:
        """Keep the units with a score of at least a threshold, and the fixed ones."""
        label, first, _ = self._groups()
        scores = self.of_groups(self._with_removed(scores))[first]
        best_first = np.lexsort((np.arange(len(first)), -scores))
        must_keep = self._must_keep(best_first, self._fixed_groups(label, first), first)
        return self._without_superfluous(((scores >= threshold) | must_keep)[label])

    def _without_superfluous(self, keep: Array) -> Array:
        return keep if self.superfluous is None else keep & ~self.superfluous

    def _with_removed(self, scores: Array) -> Array:
        """The scores, below all others for units that were removed before."""
        if self.removed is None:
            return scores
        return np.where(self.removed, -np.inf, scores)

    def of_groups(self, values: Array) -> Array:
        """The highest value in the group of each unit, of shape (count,)."""
        if self.groups is None:
            return values
        label, first, _ = self._groups()
        highest = np.full(len(first), -np.inf)
        np.maximum.at(highest, label, values)
        return highest[label]

    def after(self, whole: "Units", keep: Array) -> "Units":
        """The same units with the groups and limits of the larger model."""

        def kept(values: Array | None) -> Array | None:
            return None if values is None else values[keep]

        is_columns = isinstance(whole.where, Columns)
        # blocks of columns are not known to the smaller model
        where = whole.where.take(keep) if is_columns else self.where
        return replace(
            self,
            count=int(keep.sum()) if is_columns else self.count,
            where=where,
            groups=kept(whole.groups),
            fixed=kept(whole.fixed),
            at_most=whole.at_most,
            superfluous=kept(whole.superfluous),
        )

    def _groups(self) -> tuple[Array, Array, Array]:
        """Group of each unit; first unit, and size without superfluous, of groups."""
        if self.groups is None:
            each = np.arange(self.count)
            return each, each, np.ones(self.count, dtype=int)
        _, first, label = np.unique(self.groups, True, True)
        by_first = np.argsort(first)
        label = np.argsort(by_first)[label]
        counted = self._without_superfluous(np.ones(self.count, dtype=bool))
        return label, first[by_first], np.bincount(label, counted).astype(int)

    def _fixed_groups(self, label: Array, first: Array) -> Array:
        """The groups with a fixed unit, as a mask of shape (n_groups,)."""
        fixed = np.zeros(len(first), bool)
        if self.fixed is not None:
            fixed[label[self.fixed]] = True
        return fixed

    def _must_keep(self, best_first: Array, fixed: Array, first: Array) -> Array:
        """Fixed groups, and the best group of each stratum that has no fixed one."""
        strata = np.zeros(self.count, int) if self.strata is None else self.strata
        strata, must_keep = strata[first], fixed.copy()
        labels, position = np.unique(strata[best_first], return_index=True)
        open_labels = ~np.isin(labels, strata[must_keep])
        must_keep[best_first[position[open_labels]]] = True
        return must_keep


@dataclass(frozen=True)
class Task:
    """The rows of a pruning and its settings.

    Parameters
    ----------
    X : array, sparse matrix or data frame of shape (n_samples, n_features)
        All pruning rows. A list of rows was converted to an array before.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), or None
    sample_weight : ndarray of shape (n_samples,) or None
    groups : ndarray of shape (n_samples,) or None
    unseen : ndarray of int, or None
        Positions of the rows that the model was not fitted on. None means that it was
        fitted on all of them.
    scorer : callable or None
        `scorer(estimator, X, y)`; higher is better. None if there is no score.
    random_state : int or None
    n_jobs : int or None
    """

    X: MatrixLike
    y: ArrayLike | None = None
    sample_weight: Array | None = None
    groups: Array | None = None
    unseen: Array | None = None
    scorer: Any = None
    random_state: int | None = None
    n_jobs: int | None = None

    @property
    def n_samples(self) -> int:
        """The number of rows."""
        return int(num_samples(self.X))

    @property
    def rows(self) -> tuple[Any, Any, Any, Any]:
        """X, y, sample_weight and groups: what has one entry for each row."""
        return (self.X, self.y, self.sample_weight, self.groups)

    def take(self, rows: Array) -> "Task":
        """The same task on some of the rows; none of them is marked as unseen."""
        optional = {
            name: None if value is None else safe_indexing(value, rows)
            for name, value in self._per_row().items()
        }
        return replace(self, X=safe_indexing(self.X, rows), unseen=None, **optional)

    def with_settings(
        self, *, scorer: Scorer | None, random_state: int | None, n_jobs: int | None
    ) -> "Task":
        """The same rows with other settings."""
        return replace(self, scorer=scorer, random_state=random_state, n_jobs=n_jobs)

    def to_order(self) -> "Task":
        """The rows on which units are ordered: the unseen ones if there are any."""
        return self if self.unseen is None else self.take(self.unseen)

    def with_X(self, X: MatrixLike) -> "Task":
        """The same rows in another form, for example transformed by a pipeline."""
        return replace(self, X=X)

    def with_comparable_weights(self, *, scored: bool = False) -> "Task":
        """The same rows with their weights in a common unit.

        Results for weights w and c * w are then equal to the last bit, so that no tie
        is broken by rounding. Whole numbers remain whole numbers times a power of two.
        A model must be fitted with the given weights, since its fit may depend on c.
        A scorer that requests weights by metadata routing also gets those given.

        Parameters
        ----------
        scored : bool, default=False
            Whether the rows are passed to a scorer.
        """
        if self.sample_weight is None or scored and routing_enabled():
            return self
        return replace(self, sample_weight=comparable_weights(self.sample_weight))

    def _per_row(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("y", "sample_weight", "groups")}

    def __sizeof__(self) -> int:
        # at least so many bytes: dask sends a large argument once, not with each split
        return 8 * self.n_samples


def comparable_weights(weight: Array) -> Array:
    """Weights relative to the smallest positive one, with a mean from 1 to 2.

    They are rounded to 24 bits, which removes the rounding errors of c * w. The mean is
    set by a factor that is a power of two, and therefore exact.
    """
    weight = np.asarray(weight, dtype=float)
    if not weight.any():
        return weight
    mantissa, exponent = np.frexp(weight / weight[weight > 0].min())
    weight = np.ldexp(np.round(np.ldexp(mantissa, 24)), exponent - 24)
    return np.ldexp(weight, 1 - int(np.frexp(weight.mean())[1]))


@dataclass(frozen=True)
class Candidate:
    """The recipe for one smaller model; it contains no rows.

    Parameters
    ----------
    ratio : float
        The requested ratio, or the one reached if the method determines the size.
    keep : ndarray of shape (n_units,), bool
        True for each unit that is kept.
    scores : ndarray of shape (n_units,)
        Importance of each unit; larger is more important.
    family, dense, units : Family, estimator, Units
        The unpruned model, its family and its units.
    refitted : estimator or None
        The smaller model, after a refit or with its values unchanged. None before it
        was made.
    table : dict of ndarray or None
        The models on the way to it, as `PruningPath` shows them, if the method
        determines the size by a search.
    """

    ratio: float
    keep: Array
    scores: Array
    family: Any
    dense: Estimator
    units: Units
    refitted: Estimator | None = None
    table: dict[str, Array] | None = None

    @property
    def n_changes(self) -> int:
        """The number of changes that a search has kept."""
        return 0 if self.table is None else len(self.table["ratio"]) - 1

    def refit(self, refit: Any, task: Task) -> "Candidate":
        """The same candidate with refitted values; `refit=None` keeps the values."""
        which = (self.dense, self.units, self.keep, task)
        if refit is None and self.refitted is not None:
            # the method has already found values
            return self
        if refit is None:
            return replace(self, refitted=self.family.remove(*which))
        continued = getattr(refit, "continued", None)
        if self.refitted is not None and continued is not None:
            return replace(self, refitted=continued(self.refitted, self.family, *which))
        return replace(self, refitted=refit.apply(self.family, *which))

    def build(self) -> Estimator:
        """The plain smaller estimator, without training state."""
        model = self.refitted
        if model is None:
            model = self.family.remove(self.dense, self.units, self.keep)
        return family_of(model).strip(model)
