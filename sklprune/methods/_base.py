"""What a method is: an order of the units, and the candidate at a ratio."""

from sklearn.base import BaseEstimator

from sklprune._units import Candidate

#: what pruning_ratio="auto" stands for, as a rule
AUTO_RATIOS = (0.1, 0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)


class Method(BaseEstimator):
    """Base of all methods. Most write only `score`; parameters only, so that they
    can be tuned in a grid search.

    Attributes
    ----------
    granularity : str
        What the method removes.
    needs : tuple of str
        Capabilities that the family must have.
    needs_unseen : bool
        Whether the order must come from rows that the model was not fitted on.
    takes_out_of_bag : bool
        Whether out-of-bag rows of an ensemble will do for unseen ones.
    needs_labels : bool
        Whether the order comes from y.
    needs_scorer : bool
        Whether scores are compared for the order.
    decides : bool
        Whether the method says by itself how many units leave; `candidate` is then
        asked for the ratio None. The rule is not asked.
    recasts : bool
        Whether the method removes nothing, but gives the same function another form.
    reason : str
        Why a unit leaves, for a report.

    Examples
    --------
    Columns that vary least leave first:

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

    granularity = None
    needs = ()
    needs_unseen = False
    takes_out_of_bag = False
    needs_labels = False
    needs_scorer = False
    decides = False
    recasts = False
    reason = ""

    def misfit(self, family, estimator):
        """What keeps the method from pruning a model, said of the model; "" if
        nothing does."""
        why = family.misfit(estimator, self.granularity)
        if why:
            return why
        missing = family.missing_capabilities(estimator, self.needs)
        return f"does not offer {' and '.join(missing)}" if missing else ""

    def uses_only_pruning_rows(self, n_rows, n_fitted):
        """Whether candidates know of no rows but those that they are pruned on.

        Others are then a test for them, even such as the unpruned model knows.

        Parameters
        ----------
        n_rows, n_fitted : int
            Rows that it is pruned on, and that the unpruned model was fitted on.
        """
        return False

    def grid(self, task):
        """The ratios that pruning_ratio="auto" stands for."""
        return AUTO_RATIOS

    def stations(self, units):
        """Ratios, ascending, at which the method orders anew: there the model is
        fitted without what has left, and `path` is asked of that smaller model.

        Where nothing has to be ordered anew there are none. The units of the smaller
        model must be those that stayed, in their order: columns, hidden units and
        members are, single weights, which stay as zeros, are not.
        """
        return ()

    def goes_on(self, paths):
        """Whether the path goes on beyond the last station that was reached.

        Parameters
        ----------
        paths : list
            What `path` gave for the whole model and at each station since.
        """
        return True

    def score(self, family, estimator, units, task):
        """Importance of each unit, larger is more important: (n_units,)."""
        raise NotImplementedError

    def path(self, family, estimator, units, task):
        """All that does not depend on a ratio: the scores."""
        return self.score(family, estimator, units, task)

    def candidate(self, path, family, estimator, units, task, ratio):
        """The candidate at a ratio: the units of the highest scores stay."""
        keep = units.best(path, ratio)
        return Candidate(ratio, keep, path, family, estimator, units)
