"""`Chain`: several methods in sequence, under one tolerance."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sklprune._registry import named
from sklprune.methods._base import Method

#: in which order units of different kinds can be removed
ORDER = {"feature": 0, "leaf": 1, "member": 1, "neuron": 1, "weight": 2, "bit": 3}


class Chain(BaseEstimator):
    """Several methods in sequence, under one tolerance.

    Each method prunes the result of the one before. With `Tolerance` or `Agreement`,
    the allowed loss is divided among the steps: each gets an equal share of what the
    steps before it have not used. With `Tolerance`, the last but one step is repeated
    with what remains after all steps, if this is more than a quarter. Its result is
    used if the file is smaller. Other rules choose in each step as they are.

    The sizes are chosen on a quarter of the rows, on which no step prunes. All steps
    are then repeated on all rows at these sizes. If one split is given by `cv` for a
    frozen model, the chosen models themselves are returned.

    Parameters
    ----------
    methods : list of str or Method
        Columns come first, then hidden units, leaves or members, then weights, then
        bits. A method that cannot follow the one before raises an error.

    See Also
    --------
    PrunedEstimator : A list without `Chain` means alternatives.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklprune import PrunedEstimator
    >>> from sklprune.methods import Chain
    >>> from sklprune.rules import Tolerance
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), MLPClassifier((20,), max_iter=40))
    >>> chain = Chain(["neuron_elimination", "magnitude"])
    >>> pruned = PrunedEstimator(model, method=chain, rule=Tolerance(0.02),
    ...                          random_state=0).fit(X, y)
    >>> [step.granularity for step in pruned.report_.steps]
    ['neuron', 'weight']
    """

    def __init__(self, methods: list[Any]) -> None:
        self.methods = methods

    def checked(self) -> list[Any]:
        """The methods as objects.

        Raises
        ------
        ValueError
            If there is none, one is no method, or the order is not possible.
        """
        if not isinstance(self.methods, (list, tuple)) or not self.methods:
            raise ValueError(
                f"Chain(methods={self.methods!r}): methods must be a list of at least "
                "one method."
            )
        methods = [named("method", each) for each in self.methods]
        for each in methods:
            if not isinstance(each, Method):
                raise ValueError(
                    f"Chain(methods={self.methods!r}): {each!r} must be the name of a "
                    "method, or an object such as sklprune.methods.Quantize()."
                )
        ranks = [ORDER.get(str(each.granularity), 0) for each in methods]
        if ranks != sorted(ranks):
            order = [self.methods[i] for i in np.argsort(ranks, kind="stable")]
            raise ValueError(
                f"Chain({self.methods!r}) is not a possible order: columns are removed "
                "first, then hidden units, leaves or members, then weights, then bits, "
                f"since later kinds are lost by a fit. Use Chain({order!r})."
            )
        return methods
