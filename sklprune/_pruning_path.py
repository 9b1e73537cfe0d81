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
        Position of the chosen ratio; None where `pruning_ratio` was a number.
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
        chosen: int | None,
        models: dict[float, Estimator] | None = None,
    ) -> None:
        self.table = table
        self.chosen = chosen
        self._models = models

    def __repr__(self) -> str:
        ratios = self.table["ratio"]
        if self.chosen is None:
            return "PruningPath: pruning_ratio was a number, so there is no table"
        span = f"{len(ratios)} ratios from {ratios[0]:g} to {ratios[-1]:g}"
        stored = "" if self._models is None else "; models are stored"
        return f"PruningPath: {span}, chosen {ratios[self.chosen]:g}{stored}"

    def frame(self) -> Any:
        """The table as a pandas `DataFrame` with one row per ratio; needs pandas.

        `ratio` is the requested ratio. Counts are means over the splits. Scores are NaN
        where no rows were held out. `file_bytes` is NaN unless a rule needs it or
        `store_path=True`. Further columns contain what else the rule needs.

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
        n = len(self.table["ratio"])
        chosen = {"chosen": np.arange(n) == self.chosen} if n else {}
        columns = dict.fromkeys(self.columns, np.full(n, np.nan)) | self.table | chosen
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
