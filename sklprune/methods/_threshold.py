"""Base of the methods that keep all columns whose score reaches a threshold."""

import warnings
from typing import Any

from sklprune._typing import Array, Estimator
from sklprune._units import Candidate, Task, Units
from sklprune.methods._base import Method


class ThresholdMethod(Method):
    """A method that determines how many columns are kept, by a threshold.

    A subclass implements `score` and `threshold`. With a ratio, the columns with the
    highest scores are kept instead.
    """

    granularity = "feature"
    needs_labels = True
    takes_blocks = True
    decides = True

    @classmethod
    def variants(cls) -> list[Method]:
        """None: it states which columns matter, and not which ones a model needs."""
        return []

    def threshold(self, scores: Array, units: Units) -> float:
        """The smallest score of a kept column."""
        raise NotImplementedError(f"{type(self).__name__} must define threshold().")

    def nothing_found(self) -> str:
        """The warning if no column reaches the threshold."""
        raise NotImplementedError(f"{type(self).__name__} must define nothing_found().")

    def candidate(
        self,
        path: Any,
        family: Any,
        estimator: Estimator,
        units: Units,
        task: Task,
        ratio: float | None,
    ) -> Candidate:
        """The candidate that keeps the columns whose scores reach the threshold."""
        if ratio is not None:
            return super().candidate(path, family, estimator, units, task, ratio)
        threshold = self.threshold(path, units)
        if not (path >= threshold).any():
            warnings.warn(self.nothing_found(), stacklevel=2)
        keep = units.at_least(path, threshold)
        return Candidate(float((~keep).mean()), keep, path, family, estimator, units)
