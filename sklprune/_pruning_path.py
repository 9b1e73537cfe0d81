"""`PruningPath`: the table behind a choice of size, and the models on the path."""

import numbers
import pickle
from html import escape
from typing import Any

import numpy as np

from sklprune._compact.pickler import compact
from sklprune._cost import Cost, sizes
from sklprune._evaluation.stability import Selections
from sklprune._reporting.html import html_table
from sklprune._typing import Array, Estimator, MatrixLike
from sklprune.rules import Budget

__all__ = ["PruningPath"]


class _Packed(bytes):
    """A compact pickle of models."""


class PruningPath:
    """The table from which a size was chosen, and the models if they were stored.

    Parameters
    ----------
    table : dict of ndarray
        See :mod:`sklprune.rules`.
    chosen : int or None
        Position of the chosen ratio. None where `pruning_ratio` was a number: the last
        row is the result.
    models : dict of {str: dict of {float: estimator}} or None
        For each method, plain estimators by ratio; None unless `store_path=True`. The
        name of a single method is "".
    selections : Selections or None
        The columns along the path; None for other units, or without held-out rows.
    """

    columns = (
        "ratio",
        "units",
        "parameters",
        "nonzero",
        "file_bytes",
        "score_mean",
        "score_se",
        "difference_mean",
        "difference_se",
        "chosen",
    )

    def __init__(
        self,
        table: dict[str, Array],
        chosen: int | None = None,
        models: dict[str, dict[float, Estimator]] | None = None,
        selections: Selections | None = None,
    ) -> None:
        self.table = table
        self.chosen = len(table["ratio"]) - 1 if chosen is None else chosen
        self._models = models
        self.selections = selections

    def __getstate__(self) -> dict[str, Any]:
        """The state for a pickle, where models of many sizes share their columns.

        The models are nearly the same, but hardly any array of one is that of another.
        All of their trees together are written in compact columns.
        """
        state = dict(vars(self))
        if self._models is None:
            return state
        try:
            packed, gained = compact(self._models, exact=True, quick=True)
        except (pickle.PicklingError, AttributeError, TypeError):
            # a pickler with other rules may write what the standard one cannot
            return state
        return state | {"_models": _Packed(packed)} if gained else state

    def __setstate__(self, state: dict[str, Any]) -> None:
        models = state["_models"]
        if isinstance(models, _Packed):
            state = state | {"_models": pickle.loads(models)}
        self.__dict__.update(state)

    @property
    def has_scores(self) -> bool:
        """Whether a ratio was chosen by a rule, rather than given."""
        return "score_mean" in self.table

    @property
    def distinct(self) -> Array:
        """Positions of the different models: of each, the chosen or the first ratio.

        Neighbouring ratios often give the same model. They have the same sizes, and the
        same scores on all splits.
        """
        names = ("units", "parameters", "nonzero", "scores")
        columns = [self.table[name] for name in names if name in self.table]
        method: Array = np.zeros(len(self.table["ratio"]))
        if "method" in self.table:
            method = np.unique(self.table["method"], return_inverse=True)[1].ravel()
        rows = np.column_stack([method, *columns])
        same = ((rows[1:] == rows[:-1]) | np.isnan(rows[1:])).all(axis=1)
        model = np.append(0, np.cumsum(~same))
        first = np.searchsorted(model, np.arange(model[-1] + 1))
        first[model[self.chosen]] = self.chosen
        return first

    def curve(self, units: str) -> dict[str, Any] | None:
        """Score against size, for a chart; None where there are no scores.

        Parameters
        ----------
        units : str
            What the units are, in the plural. Of several methods units differ, and the
            size is that of the file.

        Returns
        -------
        dict
            `sizes`, `scores` and `errors` (those of the differences to the unpruned
            model) of the different models, the position `chosen`, and `what` the size
            is.
        """
        if not self.has_scores or np.isnan(self.table["score_mean"]).any():
            return None
        rows = self.distinct
        several = "method" in self.table
        size = "file_bytes" if several else "units"
        return {
            "sizes": self.table[size][rows].tolist(),
            "scores": self.table["score_mean"][rows].tolist(),
            "errors": self.table["difference_se"][rows].tolist(),
            "chosen": int(np.flatnonzero(rows == self.chosen)[0]),
            "what": "bytes of the file" if several else f"{units} kept",
        }

    def __repr__(self) -> str:
        ratios, n_models = self.table["ratio"], len(self.distinct)
        stored = "" if self._models is None else "; models are stored"
        if not self.has_scores:
            what = "the unpruned model and the result" if n_models > 1 else "the result"
            return f"PruningPath: {what} at {ratios[self.chosen]:g}, no scores{stored}"
        chosen = f"{ratios[self.chosen]:g}"
        if "method" in self.table:
            method = self.table["method"]
            span = f"{len(ratios) - 1} ratios of {len(set(method[1:]))} methods"
            chosen = f"{method[self.chosen]!s} at {chosen}" if self.chosen else "0"
        else:
            span = f"{len(ratios)} ratios from {ratios[0]:g} to {ratios[-1]:g}"
        return (
            f"PruningPath: {span}, {n_models} different models, chosen {chosen}{stored}"
        )

    def _repr_html_(self) -> str:
        hidden = ("scores", "asked")
        names = [name for name in self.table if name not in hidden]
        rows = [[*(name.replace("_", " ") for name in names), "chosen"]]
        for row in self.distinct:
            cells = [_cell(self.table[name][row]) for name in names]
            rows.append([*cells, "chosen" if row == self.chosen else ""])
        return f"<p>{escape(repr(self))}</p>{html_table(rows)}"

    def frame(self) -> Any:
        """The table as a pandas `DataFrame` with one row per model; needs pandas.

        Of several ratios that gave the same model, the first one is shown, or the
        chosen one. `ratio` is the requested ratio. Counts are means over the splits.
        Scores are NaN where no rows were held out, as for a given ratio. `file_bytes`
        is NaN unless a rule needs it or `store_path=True`. Further columns contain what
        else the rule needs. With several methods, the column `method` has the name of
        each one, and the largest model comes first.

        Returns
        -------
        pandas.DataFrame
            The table, in ascending order of the ratio.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                "path_.frame() needs pandas: python -m pip install pandas"
            ) from error
        rows = self.distinct
        columns = dict.fromkeys(self.columns, np.full(len(rows), np.nan))
        columns |= {name: values[rows] for name, values in self.table.items()}
        columns["chosen"] = rows == self.chosen
        hidden = ("scores", "asked")
        return pd.DataFrame({c: v for c, v in columns.items() if c not in hidden})

    def at(self, ratio: float, method: str | None = None) -> Estimator:
        """The plain estimator at 0 or a requested ratio; needs `store_path=True`.

        Parameters
        ----------
        ratio : float
            0 or a requested ratio.
        method : str or None, default=None
            The name of a method in `frame()`. It is required if several methods were
            compared, except for the ratio 0.

        Returns
        -------
        estimator
            A plain scikit-learn model.

        Raises
        ------
        ValueError
            If no models were stored, or the ratio or the method was not requested.
        TypeError
            If the ratio is not a number.
        """
        if not isinstance(ratio, numbers.Real):
            raise TypeError(
                f"ratio={ratio!r} must be a number, a requested ratio or 0."
            )
        models = self._models_of(method, ratio)
        for known, model in models.items():
            if abs(known - ratio) < 1e-12:
                return model
        requested = ", ".join(f"{known:g}" for known in models)
        raise ValueError(
            f"ratio={ratio!r} was not requested. The requested ratios are: {requested}."
        )

    def within(self, X: MatrixLike | None = None, **limits: Any) -> Estimator:
        """The stored model with the best score that is small and fast enough.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or None, default=None
            Rows on which latencies are measured; see :func:`sklprune.cost`.
        **limits : float
            The largest allowed value of each field of :class:`sklprune.Cost`, for
            example `file_bytes=100_000`. A latency needs X.

        Returns
        -------
        estimator
            Of several models with the best score, the smallest ratio. Without scores,
            as for a given ratio, the smallest ratio that fits.

        Raises
        ------
        ValueError
            If no models were stored, or no model fits. The error then states the
            smallest value reached.
        TypeError
            If a limit is not a field of `Cost`.

        Examples
        --------
        >>> from sklearn.datasets import load_breast_cancer
        >>> from sklearn.ensemble import RandomForestClassifier
        >>> from sklprune import PrunedEstimator
        >>> X, y = load_breast_cancer(return_X_y=True)
        >>> forest = RandomForestClassifier(20, random_state=0)
        >>> pruned = PrunedEstimator(forest, method="member_selection", cv=3,
        ...                          store_path=True, random_state=0).fit(X, y)
        >>> pruned.path_.within(members=5).n_estimators
        4
        """
        stored: Any = self._stored()
        fields = Cost.__dataclass_fields__
        for name in limits.keys() - fields.keys():
            raise TypeError(
                f"{name}={limits[name]!r}: {name!r} is not a field of Cost. The fields "
                f"are {', '.join(map(repr, fields))}."
            )
        budget = Budget(**limits)
        budget.check()
        found = [
            (sizes(model, budget.needs, X), -self._score(method, ratio), ratio, model)
            for method, models in stored.items()
            for ratio, model in models.items()
        ]
        for name in budget.needs:
            if any(np.isnan(each[name]) for each, *_ in found):
                raise ValueError(
                    f"{name} is not known for these models. Limit another field, or "
                    "pass X for a latency."
                )
        fitting = [row for row in found if budget.holds(row[0])]
        if not fitting:
            rows = {n: np.array([row[0][n] for row in found]) for n in budget.needs}
            raise budget.too_large(rows)
        return min(fitting, key=lambda row: row[1:3])[3]

    def _score(self, method: str, ratio: float) -> float:
        """The mean score of a method at a ratio; 0 where there are no scores."""
        if not self.has_scores or np.isnan(self.table["score_mean"]).any():
            return 0.0
        same = np.abs(self.table["ratio"] - ratio) < 1e-12
        if "method" in self.table and ratio > 0:
            same &= self.table["method"] == method
        at = np.flatnonzero(same)
        # a size that was reached on all rows has the score of the nearest ratio
        nearest = np.argmin(np.abs(self.table["ratio"] - ratio))
        return float(self.table["score_mean"][at[0] if len(at) else nearest])

    def _stored(self) -> dict[str, dict[float, Estimator]]:
        """The stored models, or an error if there are none."""
        if self._models is None:
            raise ValueError(
                "No models were kept on the path. Fit with store_path=True to have "
                "the estimator at each ratio."
            )
        return self._models

    def _models_of(self, method: str | None, ratio: float) -> dict[float, Estimator]:
        """The stored models of a method."""
        stored = self._stored()
        names = ", ".join(map(repr, stored))
        if method is None and len(stored) > 1 and ratio != 0:
            raise ValueError(
                "Several methods were compared, and each has a model at its ratios: "
                f"give method, one of {names}."
            )
        if method is None:
            return next(iter(stored.values()))
        if method not in stored:
            known = names if list(stored) != [""] else "None, since there was only one"
            raise ValueError(
                f"method={method!r} was not compared. It must be one of {known}."
            )
        return stored[method]


def _cell(value: Any) -> str:
    """A value of the table as text; unknown numbers are empty."""
    if isinstance(value, str):
        return value
    if np.isnan(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
