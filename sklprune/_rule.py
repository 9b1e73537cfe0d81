"""Base class `Rule`, and the adapter for callables.

The rules themselves are in `rules.py`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sklprune._parameters import check_takes
from sklprune._search_table import table_of_search
from sklprune._typing import Array, Table


def standard_error(values: Array) -> Array:
    """Standard error of the mean along the last axis; NaN for one value."""
    n = values.shape[-1]
    if n < 2:
        return np.full(values.shape[:-1], np.nan)
    return values.std(axis=-1, ddof=1) / np.sqrt(n)


def gain_by_chance(table: Table) -> float:
    """The part of the largest gain over the unpruned model that may be chance."""
    best = int(np.argmax(table["score_mean"]))
    gain = float(table["score_mean"][best] - table["score_mean"][0])
    error = float(standard_error(table["scores"][best] - table["scores"][0]))
    if not gain > 0 or not error > 0:
        return 0.0
    return min(gain, error**2 / gain)


#: what "smaller" means where a table contains several methods
DEFAULT_SIZE = "file_bytes"


class RuleTable(dict[str, Any]):
    """A table whose error for a missing column states how a rule gets it."""

    def __missing__(self, name: str) -> Array:
        raise ValueError(
            f"The table of a rule has no column {name!r}. It has {', '.join(self)}. "
            "A rule names further columns in its attribute needs."
        )


class Rule(BaseEstimator):
    """Base of all rules: parameters only, and `choose`.

    Attributes
    ----------
    needs : tuple of str
        Columns on demand: fields of `Cost`, "agreement", "fidelity".
    needs_scores : bool
        Whether the rule compares scores, which usually need y.
    needs_unpruned : bool
        Whether the rule compares with the unpruned model, and may keep it.
    size : str or None
        The field of `Cost` that `smallest` minimises. None is the ratio, or
        "file_bytes" where the table contains several methods.
    prices : mapping or None
        Price of each column, by name or position. If `needs` has "feature_cost", the
        table has the sum of the prices of the kept columns.
    example : str
        Code of an object, if the rule cannot be given by name, since it needs a
        parameter; else "".

    Examples
    --------
    The smallest model above a score:

    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklprune import PrunedEstimator
    >>> from sklprune.rules import Rule
    >>> class AtLeast(Rule):
    ...     needs_unpruned = True
    ...
    ...     def __init__(self, score=0.9):
    ...         self.score = score
    ...
    ...     def choose(self, table: Table) -> int:
    ...         good = table["score_mean"] >= self.score
    ...         return self.smallest(table, good) if good.any() else 0
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> tree = DecisionTreeClassifier(random_state=0)
    >>> pruned = PrunedEstimator(tree, rule=AtLeast(0.9)).fit(X, y)
    >>> pruned.report_.score["pruned"] >= 0.9
    True
    """

    needs: tuple[str, ...] = ()
    needs_scores: bool = True
    needs_unpruned: bool = False
    size: str | None = None
    prices: Mapping[Any, float] | None = None
    example: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns on demand: those in `needs`, and the one of `size`."""
        size = () if self.size is None else (self.size,)
        return tuple(dict.fromkeys([*self.needs, *size]))

    def __call__(self, cv_results: dict[str, Any]) -> int:
        """Choose in a search over `pruning_ratio`: `GridSearchCV(..., refit=rule)`.

        A plain search maximises only the score and would hardly prune. With several
        candidates of one ratio, the best one is used.

        Parameters
        ----------
        cv_results : dict
            `cv_results_` of a search, one of whose parameters is, or ends in,
            `pruning_ratio`, with numbers as values.

        Returns
        -------
        int
            The index of the chosen candidate.
        """
        self.check()
        missing = [name for name in self.columns if name not in cv_results]
        if missing:
            raise ValueError(
                f"{self!r} needs {' and '.join(missing)} of each candidate, which the "
                "cv_results_ of a search lacks. Give it to PrunedEstimator instead, as "
                "rule, with a grid of ratios."
            )
        table, index = table_of_search(cv_results)
        if self.needs_unpruned and table["ratio"][0] > 0:
            raise ValueError(
                f"{type(self).__name__} measures the loss against the unpruned model: "
                f"0 must be among the searched ratios, {table['ratio'].tolist()}."
            )
        return int(index[self.choose(RuleTable(table))])

    def check(self) -> None:
        """Raise a ValueError if a parameter is not allowed."""

    def holds(self, sizes: Mapping[str, Any]) -> Any:
        """Whether the returned model is as small as the rule promises.

        The table contains means over the splits. This method is called with the sizes
        of the model that was pruned on all rows. If it returns False, the next larger
        ratio is used.

        Parameters
        ----------
        sizes : mapping of str to float
            The fields of `Cost` in `needs`.

        Returns
        -------
        bool
        """
        return True

    def too_large(self, sizes: Mapping[str, Any]) -> ValueError:
        """The error where no model is small enough, with the sizes reached."""
        reached = ", ".join(f"{n}={np.min(sizes[n]):.6g}" for n in self.needs)
        return ValueError(
            f"{self!r}: no model on the path is small enough; the smallest has "
            f"{reached}. Allow more, or pass a sequence with larger ratios as "
            "pruning_ratio, such as [0.99, 0.995]."
        )

    def choose(self, table: Table) -> int:
        """The position of the candidate to keep.

        Parameters
        ----------
        table : mapping of str to ndarray
            See :mod:`sklprune.rules`.

        Returns
        -------
        int
        """
        raise NotImplementedError

    def smallest(self, table: Table, meets: Array) -> int:
        """The position of the smallest candidate among those that meet a condition.

        Of several candidates of that size, it is the last one in the table.

        Parameters
        ----------
        table : mapping of str to ndarray
        meets : ndarray of shape (n_rows,), bool
            At least one value is True.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            If the size of a candidate is not known.
        """
        positions = np.flatnonzero(meets)
        size = self.size
        if size is None and "method" in table:
            size = DEFAULT_SIZE
        if size is None:
            return int(positions[-1])
        sizes = np.asarray(table[size])[positions]
        if np.isnan(sizes).any():
            raise ValueError(
                f"{self!r}: size={size!r} is not known for this kind of model. Give "
                "another field of Cost, for example 'file_bytes'."
            )
        return int(positions[len(sizes) - 1 - np.argmin(sizes[::-1])])


class CallableRule(Rule):
    """A callable `table -> position`, or an object with `choose`, as a rule.

    Attributes of a rule that the object has are used. Without them, the rule needs
    scores and may keep the unpruned model.

    Parameters
    ----------
    function : callable or object with `choose`
    """

    def __init__(self, function: Any) -> None:
        self.function = function

    @property
    def needs(self) -> tuple[str, ...]:  # type: ignore[override]
        """Columns on demand."""
        return tuple(getattr(self.function, "needs", ()))

    @property
    def size(self) -> str | None:  # type: ignore[override]
        """The field of `Cost` by which candidates are compared."""
        size: str | None = getattr(self.function, "size", None)
        return size

    @property
    def prices(self) -> Mapping[Any, float] | None:  # type: ignore[override]
        """Price of each column."""
        prices: Mapping[Any, float] | None = getattr(self.function, "prices", None)
        return prices

    @property
    def needs_scores(self) -> bool:  # type: ignore[override]
        """Whether the rule compares scores."""
        return bool(getattr(self.function, "needs_scores", True))

    @property
    def needs_unpruned(self) -> bool:  # type: ignore[override]
        """Whether the rule may keep the unpruned model."""
        return bool(getattr(self.function, "needs_unpruned", True))

    def check(self) -> None:
        check_takes("rule", getattr(self.function, "choose", self.function), "table")
        getattr(self.function, "check", super().check)()

    def holds(self, sizes: Mapping[str, Any]) -> Any:
        return getattr(self.function, "holds", super().holds)(sizes)

    def too_large(self, sizes: Mapping[str, Any]) -> Any:
        return getattr(self.function, "too_large", super().too_large)(sizes)

    def choose(self, table: Table) -> int:
        choose = getattr(self.function, "choose", self.function)
        position: int = choose(table)
        return position

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        return repr(self.function)


def as_rule(value: Any) -> Rule:
    """A rule as it is; anything else that chooses as a `CallableRule`."""
    return value if isinstance(value, Rule) else CallableRule(value)
