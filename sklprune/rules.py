"""Which candidate to keep: rules over a table of scores.

A rule sees a table and gives back a position in it. The table is a mapping of
arrays with one entry for each ratio, ascending; position 0 is always the unpruned
model. A rule never sees an estimator, so that it can be tested on literal numbers,
and any callable `table -> position` is a rule too.

Always there are the columns of `path_.frame()`, means over the splits: `ratio`,
`units`, `parameters`, `nonzero`, `score_mean`, `score_se`, `difference_mean` and
`difference_se`; `scores` (n_ratios, n_splits), one column for each split, or for each
block of rows where there is one split; and `asked`, False only for an unpruned model
that was not asked for. Without y there may be no scores: they are NaN.

On demand, where a rule names them in its attribute `needs`, there are the fields of
`sklprune.Cost`, `agreement`, the share of held-out rows for which a model predicts
what the unpruned one predicts, and `fidelity`, the score where each held-out row is of
a class as probably as the unpruned model says; all are means over the splits.
"""

import numbers
import re

import numpy as np
from sklearn.base import BaseEstimator

from sklprune._registry import register

__all__ = ["Agreement", "Best", "Budget", "OneStandardError", "Rule", "Tolerance"]


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
    needs : tuple of str
        What the table must hold on demand: fields of `Cost`, "agreement", "fidelity".
    needs_scores : bool
        Whether the choice is made by scores, so that it needs y.
    needs_unpruned : bool
        Whether the choice is measured against the unpruned model.

    Examples
    --------
    The smallest model above a score:

    >>> import numpy as np
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklprune import PrunedEstimator
    >>> from sklprune.rules import Rule
    >>> class AtLeast(Rule):
    ...     def __init__(self, score=0.9):
    ...         self.score = score
    ...
    ...     def choose(self, table):
    ...         good = table["score_mean"] >= self.score
    ...         return int(np.flatnonzero(good).max(initial=0))
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> tree = DecisionTreeClassifier(random_state=0)
    >>> pruned = PrunedEstimator(tree, rule=AtLeast(0.9)).fit(X, y)
    >>> pruned.report_.score["pruned"] >= 0.9
    True
    """

    needs = ()
    needs_scores = True
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
        self.check()
        missing = [name for name in self.needs if name not in cv_results]
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
        return int(index[self.choose(table)])

    def check(self):
        """Raise a ValueError where a parameter is not allowed."""

    def holds(self, sizes):
        """Whether what ships is as small as the rule promises.

        The table holds means over the splits; this is asked of the model that was
        pruned on all rows, and where it says no the next larger ratio is taken.

        Parameters
        ----------
        sizes : mapping of str to float
            The fields of `Cost` in `needs`.
        """
        return True

    def too_large(self, sizes):
        """The error where no model holds, from the sizes that were reached."""
        reached = ", ".join(f"{n}={np.min(sizes[n]):.6g}" for n in self.needs)
        return ValueError(
            f"{self!r}: no model at the ratios asked is small enough; the smallest has "
            f"{reached}. Allow more, or ask for larger ratios."
        )

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
    faithful : bool or float, default=False
        Whether the same must hold of `fidelity`: the score where each held-out row
        is of a class as probably as the unpruned model says. A few hundred labels let
        models pass by luck that lose five times the tolerance on other rows, and the
        unpruned model knows more than they say. Of classifiers with `predict_proba`
        and one output, with a score that takes weights. The result is larger, much so
        where the unpruned model takes noise for knowledge. A share below 1 does not
        ask for both, but that the mean of both losses be within the tolerance, in
        which that of the fidelity has this share.
    margin : float, default=0.0
        How many standard errors of the loss must fit between it and what is allowed.
        Without a margin the smallest model that seems to be within the tolerance is
        often a little beyond it on other rows. With a single score no standard error
        exists, and there is no margin.

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

    One of three splits alone says that the last model will do:

    >>> scores = np.array([[0.95, 0.94, 0.96], [0.94, 0.93, 0.95], [0.9, 0.92, 0.98]])
    >>> table = {"score_mean": scores.mean(axis=1), "scores": scores}
    >>> Tolerance(0.02).choose(table), Tolerance(0.02, margin=1).choose(table)
    (2, 1)
    """

    needs_unpruned = True

    def __init__(self, max_drop=0.01, *, relative=False, faithful=False, margin=0.0):
        self.max_drop = max_drop
        self.relative = relative
        self.faithful = faithful
        self.margin = margin

    @property
    def needs(self):
        return ("fidelity",) if self.faithful else ()

    def check(self):
        for name in ("max_drop", "margin"):
            value = getattr(self, name)
            if not isinstance(value, numbers.Real) or not value >= 0:
                raise ValueError(
                    f"Tolerance({name}={value!r}): {name} must be a number that is not "
                    "negative."
                )
        faithful = self.faithful
        share = isinstance(faithful, (numbers.Real, np.bool_)) and 0 <= faithful <= 1
        if not share:
            raise ValueError(
                f"Tolerance(faithful={faithful!r}): faithful must be True, False, or a "
                "share between 0 and 1."
            )

    def choose(self, table):
        self.check()
        error, share = 0.0, float(self.faithful)
        if self.margin > 0:
            error = standard_error(table["scores"] - table["scores"][0])
        scores = table["score_mean"] - self.margin * np.nan_to_num(error)
        if 0 < share < 1:
            scores = (1 - share) * scores + share * table["fidelity"]
        meets = self._within(scores)
        if share == 1:
            meets &= self._within(table["fidelity"])
        meets[0] = True
        return _smallest(meets)

    def _within(self, scores):
        """Which scores have not fallen too far below the first one."""
        unpruned = scores[0]
        drop = self.max_drop * (abs(unpruned) if self.relative else 1.0)
        return scores >= unpruned - drop - 1e-12 * max(1.0, abs(unpruned))


class Budget(Rule):
    """The best score among the models that are small enough.

    It holds for what ships. Sizes in the table are means over the splits; where the
    model pruned on all rows is too large all the same, the next larger ratio is taken.

    Parameters
    ----------
    parameters, nonzero, nodes, members, features, operations_per_row : float, \
            default=None
        The most that is allowed of each; None is no limit. At least one limit must
        be given.
    file_bytes, compressed_bytes, memory_bytes : float, default=None
        The same in bytes.
    latency_one_row, latency_per_row : float, default=None
        The same in seconds. They are measured on the held-out rows, and again on
        what ships: the one choice that depends on the machine, on what else it does
        (splits that run in parallel, say), and may differ from run to run.

    Raises
    ------
    ValueError
        If no ratio that was asked gives a model that fits; the smallest that was
        reached is named.

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
    """

    def __init__(
        self,
        *,
        parameters=None,
        nonzero=None,
        nodes=None,
        members=None,
        features=None,
        operations_per_row=None,
        file_bytes=None,
        compressed_bytes=None,
        memory_bytes=None,
        latency_one_row=None,
        latency_per_row=None,
    ):
        self.parameters = parameters
        self.nonzero = nonzero
        self.nodes = nodes
        self.members = members
        self.features = features
        self.operations_per_row = operations_per_row
        self.file_bytes = file_bytes
        self.compressed_bytes = compressed_bytes
        self.memory_bytes = memory_bytes
        self.latency_one_row = latency_one_row
        self.latency_per_row = latency_per_row

    @property
    def needs(self):
        return tuple(self._limits())

    def _limits(self):
        """The limits that were given, by name."""
        given = self.get_params(deep=False).items()
        return {name: limit for name, limit in given if limit is not None}

    def check(self):
        if not self._limits():
            raise ValueError(
                "Budget() has no limit: give at least one, Budget(file_bytes=100_000) "
                "say."
            )
        for name, limit in self._limits().items():
            real = isinstance(limit, numbers.Real) and not isinstance(limit, bool)
            if not real or not limit > 0:
                raise ValueError(
                    f"Budget({name}={limit!r}): {name} must be a positive number."
                )

    def holds(self, sizes):
        return np.logical_and.reduce(
            [sizes[name] <= limit for name, limit in self._limits().items()]
        )

    def choose(self, table):
        self.check()
        for name in self.needs:
            if np.isnan(table[name]).any():
                raise ValueError(
                    f"{self!r}: {name} is not known of this kind of model. Limit "
                    "something else, file_bytes say."
                )
        fits = table["asked"] & self.holds(table)
        if not fits.any():
            raise self.too_large({n: table[n][table["asked"]] for n in self.needs})
        return Best().choose({**table, "asked": fits})


class Agreement(Rule):
    """The smallest classifier that still says what the unpruned one says.

    It compares predictions with predictions and so needs no labels: y may be left
    out, where neither method nor refit needs it. Where no candidate agrees on enough
    held-out rows the unpruned model is kept. All rows count alike.

    Parameters
    ----------
    share : float, default=0.999
        The share of held-out rows, in (0, 1], for which the class must be the same;
        the mean over the splits. Of several outputs all must be the same.

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

    def __init__(self, share=0.999):
        self.share = share

    def check(self):
        real = isinstance(self.share, numbers.Real) and not isinstance(self.share, bool)
        if not real or not 0 < self.share <= 1:
            raise ValueError(
                f"Agreement(share={self.share!r}): share must be a number in (0, 1]."
            )

    def choose(self, table):
        self.check()
        meets = table["agreement"] >= self.share - 1e-12
        meets[0] = True
        return _smallest(meets)


register("rule", Agreement)
register("rule", Best)
register("rule", Budget)
register("rule", OneStandardError, "one_se")
register("rule", Tolerance)
