"""`Schedule`: how `partial_fit` removes units while data arrive."""

import math
import numbers
from typing import Any

from sklearn.base import BaseEstimator

from sklprune._sklearn_private import check_parameters

#: the shapes of a schedule, as functions of the progress from 0 to 1
SHAPES = {
    "one_shot": lambda progress: 1.0,
    "linear": lambda progress: progress,
    "cubic": lambda progress: 1 - (1 - progress) ** 3,
}


class Schedule(BaseEstimator):
    """How `PrunedEstimator.partial_fit` removes units, call by call.

    The fraction of removed units grows from 0 to `pruning_ratio` over `n_batches`
    calls. With `regrow`, units return after the data have changed, and are then removed
    again in the same way.

    Parameters
    ----------
    begin : int, default=10
        Number of calls before the first removal.
    n_batches : int, default=50
        Number of calls over which the fraction grows.
    shape : {"cubic", "linear", "one_shot"}, default="cubic"
        How the fraction grows. "cubic" removes many units first and few at the end.
    regrow : float in [0, 1], default=0.0
        The fraction of the removed units that return after a drift. Hidden units are
        added with new weights. If it is positive, single weights may also return in any
        call: the largest weights after the call are kept. 0 means that removed units
        remain removed.
    drift : float, default=3.0
        A drift is found if the loss of recent batches, before they are trained on, is
        higher than before by this number of standard errors.

    See Also
    --------
    PrunedEstimator : Its method `partial_fit` uses the schedule.

    References
    ----------
    Zhu and Gupta, To prune, or not to prune, 2017 (the cubic schedule). Gama, Medas,
    Castillo and Rodrigues, Learning with drift detection, SBIA 2004.

    Examples
    --------
    >>> from sklprune import Schedule
    >>> schedule = Schedule(begin=2, n_batches=4, shape="linear")
    >>> [schedule.share(call) for call in range(8)]
    [0.0, 0.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    """

    def __init__(
        self,
        *,
        begin: int = 10,
        n_batches: int = 50,
        shape: str = "cubic",
        regrow: float = 0.0,
        drift: float = 3.0,
    ) -> None:
        self.begin = begin
        self.n_batches = n_batches
        self.shape = shape
        self.regrow = regrow
        self.drift = drift

    def share(self, call: int) -> float:
        """The share of the removal that is done after a number of calls.

        Parameters
        ----------
        call : int
            1 for the first call.

        Returns
        -------
        float
            From 0 to 1.
        """
        if call <= self.begin:
            return 0.0
        return float(SHAPES[self.shape](min(1, (call - self.begin) / self.n_batches)))

    def check(self) -> None:
        """Raise an error for a parameter that is not allowed."""
        check_parameters(self)
        whole, real = numbers.Integral, numbers.Real
        limits: Any = (
            ("begin", whole, 0, math.inf, "a whole number that is not negative"),
            ("n_batches", whole, 1, math.inf, "a positive whole number"),
            ("regrow", real, 0, 1, "a number from 0 to 1"),
            ("drift", real, 1e-300, math.inf, "a positive number"),
        )
        for name, kind, low, high, what in limits:
            value = getattr(self, name)
            if not isinstance(value, kind) or not low <= value <= high:
                raise ValueError(f"Schedule({name}={value!r}): {name} must be {what}.")
        if self.shape not in SHAPES:
            known = ", ".join(map(repr, sorted(SHAPES)))
            raise ValueError(
                f"Schedule(shape={self.shape!r}): shape must be one of {known}."
            )
