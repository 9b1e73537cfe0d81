"""The base class of pruning methods: an order of the units, and candidates from it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sklprune._typing import Array, Estimator
from sklprune._units import Candidate, Task, Units

#: the grid of pruning_ratio="auto" for most methods
AUTO_RATIOS = (0.1, 0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)


class Method(BaseEstimator):
    """Base of all methods: an order of the units, from which candidates follow.

    Most methods write only `score`. A method has parameters and no state, so that a
    grid search can tune it.

    Attributes
    ----------
    granularity : str
        What the method removes.
    needs : tuple of str
        Capabilities that the family must have; see `sklprune._capabilities`.
    uses : tuple of str
        Capabilities that are used where the family has them.
    needs_unseen : bool
        Whether units must be ordered on rows that the model was not fitted on.
    takes_out_of_bag : bool
        Whether out-of-bag rows of an ensemble can be used as such rows.
    needs_labels : bool
        Whether the order depends on y.
    needs_scorer : bool
        Whether the order depends on scores.
    decides : bool
        Whether the method determines the size itself. `candidate` then receives the
        ratio None, and the rule is not used.
    recasts : bool
        Whether the method removes nothing, and converts the model to another class.
    replaces : bool
        Whether the method makes new units, and keeps none of the model.
    trains : bool
        Whether the method trains its candidates itself, so that no refit follows. It
        may add units. The candidate then has its model, even if all units are kept.
    fits_models : bool
        Whether `path` fits models. It then receives the weights of rows as they were
        given, and otherwise the same in a common unit.
    takes_blocks : bool
        Whether a unit of granularity "feature" may consist of several columns of
        `task.X`, or of none. The method then receives the last step of a pipeline and
        the transformed rows, if the other steps transform each column apart. See
        `units.where`, which has the fields `columns` and `unit`. Otherwise the method
        receives the whole pipeline.
    floor : float or None
        Units whose score is not above it are hardly more important than noise. The
        rules "best" and "one_se" then prefer candidates without such units, see
        `sklprune.methods.Permutation`. None for scores without such a value.
    reason : str
        Why a unit is removed, for the report.

    Examples
    --------
    Remove the columns with the smallest variance first:

    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklprune import FeaturePruningSelector
    >>> from sklprune.methods import Method
    >>> class Spread(Method):
    ...     granularity = "feature"
    ...     reason = "it hardly varies"
    ...
    ...     def score(self, family, estimator, units, task):
    ...         return np.var(task.X, axis=0)
    >>> X, y = load_iris(return_X_y=True)
    >>> selector = FeaturePruningSelector(
    ...     LogisticRegression(max_iter=500), method=Spread(), n_features_to_select=2
    ... )
    >>> selector.fit(X, y).support_
    array([ True, False,  True, False])
    """

    granularity: str | None = None
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    needs_unseen: bool = False
    takes_out_of_bag: bool = False
    needs_labels: bool = False
    needs_scorer: bool = False
    decides: bool = False
    recasts: bool = False
    replaces: bool = False
    trains: bool = False
    takes_blocks: bool = False
    fits_models: bool = False
    floor: float | None = None
    reason: str = ""

    @classmethod
    def variants(cls) -> list["Method"]:
        """The objects of this class that `method="smallest"` compares."""
        return [cls()]

    def resolved(
        self,
        family: Any,
        estimator: Estimator,
        n_features: int | None,
        opens_columns: bool = True,
    ) -> "Method":
        """The method that is used for a model: this one, or another that it stands for.

        Parameters
        ----------
        family, estimator : Family, estimator
            The innermost model, fitted or not, and its family.
        n_features : int or None
            The number of columns of X; None where X has no columns.
        opens_columns : bool
            Whether only the innermost model is fitted again without some columns of X,
            and not the steps before it.
        """
        return self

    def misfit(self, family: Any, estimator: Estimator) -> str:
        """Why the method cannot prune a model, as a clause about it; "" if it can."""
        if self.granularity is None:
            raise ValueError(
                f"{type(self).__name__}.granularity is None; it must name what the "
                "method removes: 'feature', 'weight', 'neuron', 'leaf', 'member', or a "
                "granularity of a family."
            )
        if isinstance(self.needs, str):
            raise ValueError(
                f"{type(self).__name__}.needs={self.needs!r} must be a tuple of names."
            )
        why = family.misfit(estimator, self.granularity)
        if why:
            return str(why)
        missing = family.missing_capabilities(estimator, self.needs)
        if not missing:
            return ""
        why = " and ".join(family.why_missing(estimator, name) for name in missing)
        offered = ", ".join(sorted(family.capabilities(estimator))) or "none"
        return f"{why} (capabilities: {offered})" if "not offer" in why else why

    def uses_only_pruning_rows(self, n_rows: int, n_fitted: int) -> bool:
        """Whether candidates depend on no rows but those that they are pruned on.

        Other rows can then test them, even if the unpruned model was fitted on those.

        Parameters
        ----------
        n_rows, n_fitted : int
            Number of pruning rows, and of rows that the unpruned model was fitted on.
        """
        return False

    def takes_one_split(self, task: Task) -> bool:
        """Whether one split suffices by default, since each one costs many fits.

        `task` holds all rows.
        """
        return False

    def grid(self, task: Task) -> Sequence[float]:
        """The ratios of `pruning_ratio="auto"`."""
        return AUTO_RATIOS

    def stations(self, units: Units) -> Sequence[float]:
        """Ratios, ascending, at which the units are ordered again; () for none.

        At each of them the model is fitted without the removed units, and `path` is
        called for that smaller model. Its units must be the kept units in the same
        order. This holds for columns, hidden units and members. It does not hold for
        single weights, which remain as zeros.
        """
        return ()

    def is_complete(self, path: Any) -> bool:
        """Whether a path orders all units, so that they are not ordered again.

        The stations are then not used.
        """
        return False

    def goes_on(self, paths: list[Any]) -> bool:
        """Whether the path continues after the last round.

        Parameters
        ----------
        paths : list
            The results of `path` for the whole model and in each round since.
        """
        return True

    def score(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Array:
        """The importance of each unit; larger is more important.

        Parameters
        ----------
        family, estimator : Family, estimator
            The fitted model, and its family.
        units : Units
        task : Task
            `task.X` is an array, a sparse matrix or a data frame, never a list.
            `task.to_order()` gives the rows on which units are ordered.

        Returns
        -------
        ndarray of shape (n_units,)
            Finite numbers.
        """
        raise NotImplementedError(f"{type(self).__name__} must define score().")

    def checked_score(
        self, family: Any, estimator: Estimator, units: Units, task: Task
    ) -> Array:
        """The result of `score`, with its shape and its values checked.

        Raises
        ------
        ValueError
            If there is not one finite number for each unit.
        """
        scores = np.asarray(self.score(family, estimator, units, task))
        name = f"{type(self).__name__}.score"
        if scores.shape != (units.count,):
            raise ValueError(
                f"{name} gave an array of shape {scores.shape}; it must give one "
                f"number for each of the {units.count} units, shape {(units.count,)}."
            )
        if scores.dtype.kind not in "biuf":
            raise ValueError(
                f"{name} gave values of dtype {scores.dtype}; each importance must be "
                "a finite number."
            )
        n_bad = int((~np.isfinite(scores)).sum())
        if n_bad:
            raise ValueError(
                f"{name} gave {n_bad} of {units.count} values that are not finite; "
                "each importance must be a finite number."
            )
        return scores

    def path(self, family: Any, estimator: Estimator, units: Units, task: Task) -> Any:
        """Everything that does not depend on a ratio: here the scores."""
        return self.checked_score(family, estimator, units, task)

    def candidate(
        self,
        path: Any,
        family: Any,
        estimator: Estimator,
        units: Units,
        task: Task,
        ratio: float | None,
    ) -> Candidate:
        """The candidate at a ratio: the units with the highest scores are kept."""
        ratio = 0.0 if ratio is None else ratio
        keep = units.best(path, ratio)
        return Candidate(ratio, keep, path, family, estimator, units)

    def around(
        self, family: Any, wrapper: Estimator, candidate: Candidate
    ) -> Estimator:
        """A wrapper of the model, such as a pipeline, as the result contains it.

        Parameters
        ----------
        family : Family
            The family of the wrapper.
        wrapper : estimator
        candidate : Candidate
        """
        return wrapper

    def finished(self, family: Any, model: Estimator, task: Task) -> Estimator:
        """The model at a ratio in its final form, with the same predictions.

        Parameters
        ----------
        family : Family
            The family of the unpruned model.
        model : estimator
            The smaller model, after the refit.
        task : Task
            The rows that it was pruned on.
        """
        return model
