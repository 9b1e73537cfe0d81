"""`PruningPath`: the table behind a choice of size, and the models on the path."""

from typing import Any

import numpy as np

from sklprune._typing import Array, Estimator

__all__ = ["PruningPath"]


class PruningPath:
    """The table from which a size was chosen, and the models if they were stored.

    Parameters
    ----------
    table : dict of ndarray
        See :mod:`sklprune.rules`.
    chosen : int or None
        Position of the chosen ratio. None where `pruning_ratio` was a number: the last
        row is the result.
    models : dict of {float: estimator} or None
        Plain estimators by ratio; None unless `store_path=True`.
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
        models: dict[float, Estimator] | None = None,
    ) -> None:
        self.table = table
        self.chosen = len(table["ratio"]) - 1 if chosen is None else chosen
        self._models = models

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
        rows = np.column_stack([np.ones(len(self.table["ratio"])), *columns])
        same = ((rows[1:] == rows[:-1]) | np.isnan(rows[1:])).all(axis=1)
        model = np.append(0, np.cumsum(~same))
        first = np.searchsorted(model, np.arange(model[-1] + 1))
        first[model[self.chosen]] = self.chosen
        return first

    def __repr__(self) -> str:
        ratios, n_models = self.table["ratio"], len(self.distinct)
        stored = "" if self._models is None else "; models are stored"
        if not self.has_scores:
            what = "the unpruned model and the result" if n_models > 1 else "the result"
            return f"PruningPath: {what} at {ratios[self.chosen]:g}, no scores{stored}"
        span = f"{len(ratios)} ratios from {ratios[0]:g} to {ratios[-1]:g}"
        return (
            f"PruningPath: {span}, {n_models} different models, chosen "
            f"{ratios[self.chosen]:g}{stored}"
        )

    def frame(self) -> Any:
        """The table as a pandas `DataFrame` with one row per model; needs pandas.

        Of several ratios that gave the same model, the first one is shown, or the
        chosen one. `ratio` is the requested ratio. Counts are means over the splits.
        Scores are NaN where no rows were held out, as for a given ratio. `file_bytes`
        is NaN unless a rule needs it or `store_path=True`. Further columns contain what
        else the rule needs.

        Returns
        -------
        pandas.DataFrame
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

    def at(self, ratio: float) -> Estimator:
        """The plain estimator at 0 or a requested ratio; needs `store_path=True`.

        Parameters
        ----------
        ratio : float

        Returns
        -------
        estimator

        Raises
        ------
        ValueError
            If no models were stored, or the ratio was not requested.
        """
        if self._models is None:
            raise ValueError(
                "No models were kept on the path. Fit with store_path=True to have "
                "the estimator at each ratio."
            )
        for known, model in self._models.items():
            if abs(known - ratio) < 1e-12:
                return model
        requested = ", ".join(f"{known:g}" for known in self._models)
        raise ValueError(
            f"ratio={ratio!r} was not requested. The requested ratios are: {requested}."
        )
