"""Which candidate to keep: rules over a table of scores.

A rule sees a table and gives back a position in it. The table is a mapping of
arrays with one entry for each ratio, ascending; position 0 is always the unpruned
model. A rule never sees an estimator, so that it can be tested on literal numbers,
and any callable `table -> position` is a rule too.

The entries used here: `score_mean` (n_ratios,), `scores` (n_ratios, n_splits), one
column for each split, or for each block of rows where there is one split, and
`asked` (n_ratios,), False only for an unpruned model that was not asked for.
"""

import numbers
import re

import numpy as np
from sklearn.base import BaseEstimator

from sklprune._registry import register

__all__ = ["Best", "OneStandardError", "Rule", "Tolerance"]


SPLIT_SCORE = re.compile(r"split\d+_test_score")


def standard_error(values):
    """Standard error of the mean along the last axis; NaN for one value."""
    n = values.shape[-1]
    if n < 2:
        return np.full(values.shape[:-1], np.nan)
    return values.std(axis=-1, ddof=1) / np.sqrt(n)


def _smallest(meets):
    """The last position that meets a condition: the largest ratio."""
    return int(np.flatnonzero(meets)[-1])


def table_of_search(cv_results):
    """The table of a search over `pruning_ratio`, and the index behind each row."""
    sizes = [name for name in cv_results if name.endswith("pruning_ratio")]
    if len(sizes) != 1:
        raise ValueError(
            "A rule needs a search over one pruning_ratio; searched were "
            f"{[name for name in cv_results if name.startswith('param_')]}."
        )
    if "mean_test_score" not in cv_results:
        raise ValueError("A rule needs a search with one metric, not several.")
    ratios = list(cv_results[sizes[0]])
    if not all(isinstance(ratio, numbers.Real) for ratio in ratios):
        raise ValueError(f"{sizes[0]}: a rule needs numbers to compare, not {ratios}.")
    mean = np.asarray(cv_results["mean_test_score"])
    # ascending; of one ratio the best comes first, and of equals the first
    order = np.lexsort((np.arange(len(mean)), -mean, ratios))
    index = order[np.unique(np.array(ratios)[order], return_index=True)[1]]
    splits = [v for k, v in cv_results.items() if SPLIT_SCORE.fullmatch(k)]
    table = {
        "ratio": np.array(ratios, dtype=float)[index],
        "score_mean": mean[index],
        "scores": np.column_stack(splits)[index],
        "asked": np.full(len(index), True),
    }
    return table, index


class Rule(BaseEstimator):
    """Base of all rules: parameters only, and `choose`.

    Attributes
    ----------
    needs_unpruned : bool
        Whether the choice is measured against the unpruned model.
    """

    needs_unpruned = False

    def __call__(self, cv_results):
        """Choose in a search over `pruning_ratio`: `GridSearchCV(..., refit=rule)`.

        A plain search maximises the score alone and would hardly prune. Of several
        candidates of one ratio the best one stands for it.

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
        table, index = table_of_search(cv_results)
        if self.needs_unpruned and table["ratio"][0] > 0:
            raise ValueError(
                f"{type(self).__name__} measures the loss against the unpruned model: "
                f"0 must be among the searched ratios, {table['ratio'].tolist()}."
            )
        return int(index[self.choose(table)])

    def choose(self, table):
        """Position of the candidate to keep.

        Parameters
        ----------
        table : mapping of str to ndarray
            See the top of this module.

        Returns
        -------
        int
        """
        raise NotImplementedError


class Best(Rule):
    """The highest mean score; of equal ones the smallest model.

    Examples
    --------
    >>> import numpy as np
    >>> from sklprune.rules import Best
    >>> Best().choose({"score_mean": np.array([0.9, 0.92, 0.92, 0.8]),
    ...                "asked": np.ones(4, dtype=bool)})
    2
    """

    def choose(self, table):
        mean = np.where(table["asked"], table["score_mean"], -np.inf)
        return _smallest(mean == np.nanmax(mean))


class OneStandardError(Rule):
    """The smallest model that is no more than one standard error below the best.

    The difference to the best candidate and its standard error are paired: both
    models are scored on the same rows, split by split. With a single value no
    standard error exists, and the rule is `Best`.

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

    def choose(self, table):
        best = Best().choose(table)
        difference = table["score_mean"] - table["score_mean"][best]
        error = standard_error(table["scores"] - table["scores"][best])
        # identical scores differ by rounding alone
        slack = 1e-12 * max(1.0, abs(table["score_mean"][best]))
        return _smallest(table["asked"] & (difference >= -np.nan_to_num(error) - slack))


class Tolerance(Rule):
    """The smallest model that loses no more than a stated amount.

    The loss is measured against the *unpruned* model. Where no candidate meets the
    tolerance the unpruned model is kept.

    Parameters
    ----------
    max_drop : float, default=0.01
        How much the mean score may fall, in units of the score.
    relative : bool, default=False
        Whether `max_drop` is a fraction of the absolute value of the unpruned
        score: two per cent of RMSE are `Tolerance(0.02, relative=True)` with
        `scoring="neg_root_mean_squared_error"`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklprune.rules import Tolerance
    >>> Tolerance(0.02).choose({"score_mean": np.array([0.95, 0.94, 0.935, 0.9])})
    2
    """

    needs_unpruned = True

    def __init__(self, max_drop=0.01, *, relative=False):
        self.max_drop = max_drop
        self.relative = relative

    def choose(self, table):
        if not isinstance(self.max_drop, numbers.Real) or not self.max_drop >= 0:
            raise ValueError(
                f"Tolerance(max_drop={self.max_drop!r}): max_drop must be a number "
                "that is not negative."
            )
        unpruned = table["score_mean"][0]
        drop = self.max_drop * (abs(unpruned) if self.relative else 1.0)
        meets = table["score_mean"] >= unpruned - drop - 1e-12 * max(1.0, abs(unpruned))
        meets[0] = True
        return _smallest(meets)


register("rule", Best)
register("rule", OneStandardError, "one_se")
register("rule", Tolerance)
