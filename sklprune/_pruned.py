"""`Pruned`: one model on the path, put back into its wrappers when it is first read.

Many models on a path are only scored. A model that was taken out of a pipeline is
scored on rows that the steps of the pipeline have transformed once, and not for each
model. `Pruned.to_score` gives this model and these rows.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from sklearn.pipeline import Pipeline

from sklprune._column_step import selected_columns
from sklprune._typing import Array, Estimator, MatrixLike
from sklprune._units import Candidate, Task
from sklprune._unread import Unread, without_unread


class Closed(NamedTuple):
    """A whole plain model, and the columns that were removed as unread.

    `opened` is the model taken out of its wrappers, where it can be scored there.
    """

    model: Estimator
    unread: Unread | None = None
    opened: Any = None


class Closing:
    """A whole plain model that is made when it is first read.

    Parameters
    ----------
    opened : OpenedModel
    inside : estimator
        The pruned model inside.
    keep : ndarray of bool
        The mask of the units of `opened` that it has.
    unread_on : MatrixLike or None
        Rows on which columns are removed that the model no longer reads; None if they
        are not removed.
    """

    def __init__(
        self, opened: Any, inside: Estimator, keep: Array, unread_on: MatrixLike | None
    ) -> None:
        # a model without unread columns may have fewer parameters than the one inside
        self.opened = opened if unread_on is None else None
        self._parts = opened, inside, keep, unread_on

    @cached_property
    def _closed(self) -> Closed:
        opened, inside, keep, unread_on = self._parts
        model = opened.close(inside, keep)
        if unread_on is None:
            return Closed(model)
        return Closed(*without_unread(model, unread_on))

    @property
    def model(self) -> Estimator:
        """The whole model."""
        return self._closed.model

    @property
    def unread(self) -> Unread | None:
        """The columns that were removed because the model no longer reads them."""
        return self._closed.unread


@dataclass(frozen=True)
class Pruned:
    """One plain model on the path, and the candidate that it was built from.

    Parameters
    ----------
    whole : Closed or Closing
    candidate : Candidate
        In terms of all units of the unpruned model.
    inside : estimator or None
        The part of the model that was pruned; None where nothing was.
    unfinished : estimator or None
        The same before `Method.finished`.
    """

    whole: Any
    candidate: Candidate
    inside: Estimator | None = None
    unfinished: Estimator | None = None

    @property
    def model(self) -> Estimator:
        """The plain model."""
        return self.whole.model

    @property
    def unread(self) -> Unread | None:
        """The columns that were removed because the model no longer reads them.

        None where this was not requested.
        """
        return self.whole.unread

    def to_score(self, task: Task) -> tuple[Estimator, Task]:
        """A model with the predictions of the plain one, and the rows it receives.

        It has the same number of parameters. It may be the model inside a pipeline.
        """
        opened = self.whole.opened
        if opened is None or not opened.column_wrappers:
            return self.model, task
        model: Any = self.inside
        X = opened.received(task.X)
        if model is None:
            model = opened.column_wrappers[-1].steps.model
        elif isinstance(model, Pipeline) and model.steps[0][0] == "columns":
            X, model = selected_columns(model[0], X), model[-1]
        return model, task.with_X(X)
