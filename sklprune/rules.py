"""Rules: which candidate to keep, from a table of scores and sizes.

A rule receives a table and returns a position in it. The table is a mapping of arrays
with one entry per ratio, in ascending order. Position 0 is always the unpruned model.
With several methods there is one entry per method and ratio, largest model first, and
a column `method`.
A rule never receives an estimator, so you can test it on literal numbers. Any callable
`table -> position` is a rule too.

These columns are always present, as means over the splits: `ratio`, `units`,
`parameters`, `nonzero`, `score_mean`, `score_se`, `difference_mean`, `difference_se`.
`scores` has shape (n_ratios, n_splits), or one column per block of rows where there is
one split. `asked` is False for an unpruned model that was not requested, and for a
candidate with columns of noise that is not clearly better than those without. Without y
there may be no scores; they are then NaN.

A rule names further columns in its attribute `needs`. They are the fields of
`sklprune.Cost`, `agreement`, `fidelity` and `feature_cost`. `agreement` is the share of
held-out rows for which a model predicts the same as the unpruned model. `fidelity` is
the score against the class probabilities of the unpruned model instead of the labels.
`feature_cost` is the sum of the `prices` of the kept columns, which the rule states.
"""

import numbers
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from sklprune._registry import register
from sklprune._rule import Rule, gain_by_chance, standard_error
from sklprune._typing import Array, Table

#: a drop of a score between 0 and 1 that was probably meant as a percentage
LARGE_DROP = 0.5

__all__ = ["Agreement", "Best", "Budget", "OneStandardError", "Rule", "Tolerance"]


def _nearly(score: float) -> float:
    """A little below a score: scores that differ by rounding alone are equal."""
    return score - 1e-12 * abs(score)


class Best(Rule):
    """The candidate with the highest mean score; the smallest of several such.

    Parameters
    ----------
    size : str or None, default=None
        The field of :class:`sklprune.Cost` by which candidates are compared, for
        example "compressed_bytes" or "latency_one_row". None is the pruning ratio, or
        "file_bytes" where several methods are compared.

    Examples
    --------
    >>> import numpy as np
    >>> from sklprune.rules import Best
    >>> Best().choose({"score_mean": np.array([0.9, 0.92, 0.92, 0.8]),
    ...                "asked": np.ones(4, dtype=bool)})
    2
    """

    def __init__(self, *, size: str | None = None) -> None:
        self.size = size

    def choose(self, table: Table) -> int:
        mean = np.where(table["asked"], table["score_mean"], -np.inf)
        return self.smallest(table, mean >= _nearly(np.nanmax(mean)))


class OneStandardError(Rule):
    """The smallest candidate that is at most one standard error below the best.

    The difference to the best candidate is paired: both models are scored on the same
    rows, split by split. The standard error is that of this difference. With a single
    value there is no standard error, and the rule is `Best`.

    Parameters
    ----------
    size : str or None, default=None
        The field of :class:`sklprune.Cost` by which candidates are compared, for
        example "compressed_bytes" or "latency_one_row". None is the pruning ratio, or
        "file_bytes" where several methods are compared.

    References
    ----------
    Breiman, Friedman, Olshen and Stone, Classification and Regression Trees, 1984,
    section 3.4.3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklprune.rules import OneStandardError
    >>> scores = np.array([[.90, .92, .94], [.91, .93, .95], [.92, .92, .94],
    ...                    [.80, .81, .80]])
    >>> OneStandardError().choose({"scores": scores, "score_mean": scores.mean(axis=1),
    ...                            "asked": np.ones(4, dtype=bool)})
    2
    """

    def __init__(self, *, size: str | None = None) -> None:
        self.size = size

    def choose(self, table: Table) -> int:
        best = Best(size=self.size).choose(table)
        difference = table["score_mean"] - table["score_mean"][best]
        error = standard_error(table["scores"] - table["scores"][best])
        # identical scores differ by rounding alone
        slack = 1e-12 * max(1.0, abs(table["score_mean"][best]))
        near = difference >= -np.nan_to_num(error) - slack
        return self.smallest(table, table["asked"] & near)


class Tolerance(Rule):
    """The smallest candidate whose score falls by at most a given amount.

    The drop is measured from the score of the *unpruned* model. If no candidate meets
    the tolerance, the unpruned model is kept.

    Parameters
    ----------
    max_drop : float, default=0.01
        The largest allowed drop of the mean score, in units of the score: one per cent
        of accuracy is 0.01. A drop of half of the range of a score between 0 and 1 is
        nearly always a mistake, and gives a warning.
    relative : bool, default=False
        Whether `max_drop` is a fraction of the absolute value of the unpruned score.
        For example, two per cent of RMSE is `Tolerance(0.02, relative=True)` with
        `scoring="neg_root_mean_squared_error"`.
    faithful : bool or float, default=False
        Whether `fidelity` must meet the same tolerance. Fidelity is the score against
        the class probabilities of the unpruned model. Use it with a few hundred labels,
        where a model may meet the tolerance by chance. It requires a classifier with
        `predict_proba` and one output, and a score that takes weights. The result is
        larger, in particular if the unpruned model overfits. With a share between 0
        and 1, the weighted mean of both drops must meet the tolerance, and the fidelity
        has this share.
    margin : float, default=0.0
        Number of standard errors that are added to the drop. Without a margin, the
        smallest candidate within the tolerance often exceeds it a little on other rows.
        With a single score there is no standard error and no margin.
    shrink_gain : bool, default=False
        Whether the gain of the best candidate over the unpruned model is shrunk towards
        zero. Use it where few rows are held out: the unpruned model may have a low
        score there by chance. The drop is measured from a score that is higher by
        ``min(gain, error**2 / gain)``, where `error` is the standard error of the gain.
        A gain of many standard errors counts as it is, one of less than one does not.
    size : str or None, default=None
        The field of :class:`sklprune.Cost` by which candidates are compared, for
        example "compressed_bytes" or "latency_one_row". None is the pruning ratio, or
        "file_bytes" where several methods are compared.

    References
    ----------
    James and Stein, Estimation with quadratic loss, Berkeley Symposium 1961.

    Examples
    --------
    >>> import numpy as np
    >>> from sklprune.rules import Tolerance
    >>> table = {"score_mean": np.array([0.95, 0.94, 0.935, 0.9]),
    ...          "fidelity": np.array([0.9, 0.89, 0.87, 0.84])}
    >>> Tolerance(0.02).choose(table)
    2
    >>> Tolerance(0.02, faithful=True).choose(table)
    1
    >>> Tolerance(0.02, faithful=0.3).choose(table)
    2

    Only one of three splits favours the last model:

    >>> scores = np.array([[0.95, 0.94, 0.96], [0.94, 0.93, 0.95], [0.9, 0.92, 0.98]])
    >>> table = {"score_mean": scores.mean(axis=1), "scores": scores}
    >>> Tolerance(0.02).choose(table), Tolerance(0.02, margin=1).choose(table)
    (2, 1)

    The second model gains 0.02 with a standard error of 0.02. This may be chance:

    >>> scores = np.array([[0.9, 0.94, 0.92], [0.96, 0.94, 0.92], [0.91, 0.91, 0.91]])
    >>> table = {"score_mean": scores.mean(axis=1), "scores": scores}
    >>> Tolerance(0.02).choose(table), Tolerance(0.02, shrink_gain=True).choose(table)
    (2, 1)
    """

    needs_unpruned = True

    def __init__(
        self,
        max_drop: float = 0.01,
        *,
        relative: bool = False,
        faithful: bool | float = False,
        margin: float = 0.0,
        shrink_gain: bool = False,
        size: str | None = None,
    ) -> None:
        self.max_drop = max_drop
        self.relative = relative
        self.faithful = faithful
        self.margin = margin
        self.shrink_gain = shrink_gain
        self.size = size

    @property
    def needs(self) -> tuple[str, ...]:  # type: ignore[override]
        """Columns on demand."""
        return ("fidelity",) if self.faithful else ()

    def check(self) -> None:
        for name in ("max_drop", "margin"):
            value = getattr(self, name)
            if not isinstance(value, numbers.Real) or not float(value) >= 0:
                raise ValueError(
                    f"Tolerance({name}={value!r}): {name} must be a number that is not "
                    "negative."
                )
        faithful: Any = self.faithful
        number = isinstance(faithful, (numbers.Real, np.bool_))
        if not number or not 0 <= float(faithful) <= 1:
            raise ValueError(
                f"Tolerance(faithful={faithful!r}): faithful must be True, False, or a "
                "share between 0 and 1."
            )
        for name in ("relative", "shrink_gain"):
            value = getattr(self, name)
            if not isinstance(value, (bool, np.bool_)):
                raise ValueError(
                    f"Tolerance({name}={value!r}): {name} must be True or False."
                )

    def choose(self, table: Table) -> int:
        self.check()
        error: Any = 0.0
        share = float(self.faithful)
        if self.margin > 0:
            error = standard_error(table["scores"] - table["scores"][0])
        scores = table["score_mean"] - self.margin * np.nan_to_num(error)
        self._warn_of_percentage(float(scores[0]))
        if self.shrink_gain:
            scores = scores.copy()
            scores[0] += gain_by_chance(table)
        if 0 < share < 1:
            scores = (1 - share) * scores + share * table["fidelity"]
        meets = self._within(scores)
        if share == 1:
            meets &= self._within(table["fidelity"])
        meets[0] = True
        return self.smallest(table, meets)

    def _warn_of_percentage(self, unpruned: float) -> None:
        """Warn if the drop was probably meant as a percentage."""
        if self.max_drop >= LARGE_DROP and 0 <= unpruned <= 1:
            kind = "of the score" if self.relative else "in units of the score"
            warnings.warn(
                f"{self!r} accepts nearly every model: max_drop is {kind}, and the "
                f"unpruned model has {unpruned:.3g}. For one per cent, use "
                "max_drop=0.01.",
                UserWarning,
                stacklevel=2,
            )

    def _within(self, scores: Array) -> Array:
        """The mask of the scores that are not too far below the first one."""
        unpruned = scores[0]
        drop = self.max_drop * (abs(unpruned) if self.relative else 1.0)
        return scores >= unpruned - drop - 1e-12 * max(1.0, abs(unpruned))


class Budget(Rule):
    """The candidate with the best score among those that are small enough.

    The budget holds for the returned model. Sizes in the table are means over the
    splits. If the model that was pruned on all rows exceeds the budget, the next larger
    ratio is used.

    Parameters
    ----------
    parameters, nonzero, nodes, members, features, operations_per_row : float, \
            default=None
        The largest allowed value of each; None means no limit. At least one limit must
        be given.
    file_bytes, compressed_bytes, lzma_bytes : float, default=None
        Limits in bytes. `file_bytes` is the file that `joblib.dump` writes without
        compression, in which zeros take as much space as other weights.
        `compressed_bytes` is that with `compress=3`, where they take next to none.
    distinct_values, bits_per_parameter : float, default=None
        The largest allowed values of these fields.
    memory_bytes : float, default=None
        Limit of the size in memory, in bytes.
    feature_cost : float, default=None
        Limit of the sum of the prices of the kept columns, for a method that removes
        columns. It needs `prices`.
    latency_one_row, latency_per_row : float, default=None
        Limits in seconds. Latencies are measured on the held-out rows, and again for
        the returned model. This choice depends on the machine and its load, and may
        differ between runs.
    prices : dict or None, default=None
        The price of each column of X, by name or position. Every column needs one; it
        may be 0.
    size : str or None, default=None
        The field of :class:`sklprune.Cost` by which candidates with equal scores are
        compared, for example "compressed_bytes". None is the pruning ratio, or
        "file_bytes" where several methods are compared.

    Raises
    ------
    ValueError
        If no requested ratio gives a model within the budget. The error states the
        smallest size reached.

    See Also
    --------
    sklprune.Cost : What each field means.

    Examples
    --------
    >>> import numpy as np
    >>> from sklprune.rules import Budget
    >>> Budget(nodes=100).choose({"nodes": np.array([300, 100, 80, 20]),
    ...                           "score_mean": np.array([0.95, 0.93, 0.94, 0.8]),
    ...                           "asked": np.ones(4, dtype=bool)})
    2

    Columns that cost at most 25 together:

    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklprune import FeaturePruningSelector
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> prices = dict.fromkeys(X, 10) | {"age": 0, "sex": 0, "bmi": 1}
    >>> selector = FeaturePruningSelector(
    ...     Ridge(), rule=Budget(feature_cost=25, prices=prices), random_state=0)
    >>> kept = selector.fit(X, y).get_feature_names_out()
    >>> sum(prices[name] for name in kept) <= 25
    True
    """

    example = "Budget(file_bytes=100_000)"

    def __init__(
        self,
        *,
        parameters: float | None = None,
        nonzero: float | None = None,
        nodes: float | None = None,
        members: float | None = None,
        features: float | None = None,
        operations_per_row: float | None = None,
        file_bytes: float | None = None,
        compressed_bytes: float | None = None,
        lzma_bytes: float | None = None,
        distinct_values: float | None = None,
        bits_per_parameter: float | None = None,
        memory_bytes: float | None = None,
        feature_cost: float | None = None,
        latency_one_row: float | None = None,
        latency_per_row: float | None = None,
        prices: Mapping[Any, float] | None = None,
        size: str | None = None,
    ) -> None:
        self.parameters = parameters
        self.nonzero = nonzero
        self.nodes = nodes
        self.members = members
        self.features = features
        self.operations_per_row = operations_per_row
        self.file_bytes = file_bytes
        self.compressed_bytes = compressed_bytes
        self.lzma_bytes = lzma_bytes
        self.distinct_values = distinct_values
        self.bits_per_parameter = bits_per_parameter
        self.memory_bytes = memory_bytes
        self.feature_cost = feature_cost
        self.latency_one_row = latency_one_row
        self.latency_per_row = latency_per_row
        self.prices = prices
        self.size = size

    @property
    def needs(self) -> tuple[str, ...]:  # type: ignore[override]
        """The columns of the table that have a limit."""
        return tuple(self._limits())

    def _limits(self) -> dict[str, float]:
        """The given limits by name."""
        given = self.get_params(deep=False)
        del given["size"], given["prices"]
        return {name: limit for name, limit in given.items() if limit is not None}

    def check(self) -> None:
        if not self._limits():
            raise ValueError(
                f"Budget() has no limit: give at least one, for example {self.example}."
            )
        for name, limit in self._limits().items():
            real = isinstance(limit, numbers.Real) and not isinstance(limit, bool)
            if not real or not limit > 0:
                raise ValueError(
                    f"Budget({name}={limit!r}): {name} must be a positive number."
                )
        if (self.prices is None) != (self.feature_cost is None):
            raise ValueError(
                f"Budget(feature_cost={self.feature_cost!r}, prices={self.prices!r}): "
                "feature_cost and prices must be given together."
            )

    def holds(self, sizes: Mapping[str, Any]) -> Any:
        return np.logical_and.reduce(
            [sizes[name] <= limit for name, limit in self._limits().items()]
        )

    def choose(self, table: Table) -> int:
        self.check()
        for name in self.needs:
            if np.isnan(table[name]).any():
                raise ValueError(
                    f"{self!r}: {name} is not known for this kind of model. Limit "
                    "another field, for example file_bytes."
                )
        fits = table["asked"] & self.holds(table)
        if not fits.any():
            raise self.too_large({n: table[n][table["asked"]] for n in self.needs})
        return Best(size=self.size).choose({**table, "asked": fits})


class Agreement(Rule):
    """The smallest candidate that predicts the same classes as the unpruned model.

    The rule compares predictions and needs no labels. You can omit y if neither the
    method nor the refit needs it. If no candidate agrees on enough held-out rows, the
    unpruned model is kept. All rows have the same weight.

    Parameters
    ----------
    share : float, default=0.999
        The share of held-out rows, in (0, 1], for which the class must be the same. It
        is a mean over the splits. With several outputs, all of them must be the same.
    size : str or None, default=None
        The field of :class:`sklprune.Cost` by which candidates are compared, for
        example "compressed_bytes" or "latency_one_row". None is the pruning ratio, or
        "file_bytes" where several methods are compared.

    Examples
    --------
    >>> import numpy as np
    >>> from sklprune.rules import Agreement
    >>> Agreement(0.99).choose({"agreement": np.array([1.0, 1.0, 0.99, 0.9])})
    2

    Without labels:

    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklprune import prune
    >>> X, y = load_digits(return_X_y=True)
    >>> model = LogisticRegression(max_iter=1000).fit(X[:900], y[:900])
    >>> small = prune(model, X[900:], rule=Agreement(0.99), random_state=0)
    >>> small.pruning_ratio_ > 0.05
    True
    """

    needs = ("agreement",)
    needs_scores = False
    needs_unpruned = True

    def __init__(self, share: float = 0.999, *, size: str | None = None) -> None:
        self.share = share
        self.size = size

    def check(self) -> None:
        real = isinstance(self.share, numbers.Real) and not isinstance(self.share, bool)
        if not real or not 0 < self.share <= 1:
            raise ValueError(
                f"Agreement(share={self.share!r}): share must be a number in (0, 1]."
            )

    def choose(self, table: Table) -> int:
        self.check()
        meets = table["agreement"] >= self.share - 1e-12
        meets[0] = True
        return self.smallest(table, meets)


register("rule", Agreement)
register("rule", Best)
register("rule", Budget)
register("rule", OneStandardError, "one_se")
register("rule", Tolerance)
