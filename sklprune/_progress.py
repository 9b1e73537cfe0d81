"""Progress of a fit: a printed line for each step, and scikit-learn's callbacks.

Callbacks exist from scikit-learn 1.9 on. With older releases only lines are printed.
"""

import copy
from dataclasses import dataclass

from sklprune._sklearn_private import print_elapsed_time

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Replaces the mixin of scikit-learn 1.9 where there is none."""

        def _init_callback_context(self, **_):
            return _NoCallbacks()


class _NoCallbacks:
    """A callback context without callbacks."""

    def subcontext(self, **_):
        return self

    def call_on_fit_task_begin(self, **_):
        return self

    def call_on_fit_task_end(self, **_):
        return False


class Progress:
    """The steps of one fit.

    Parameters
    ----------
    caller : estimator
        The estimator that is being fitted; it has `CallbackSupportMixin`. The hooks of
        the steps receive an unfitted copy of it.
    verbose : bool or int
        Whether a line is printed for each step.
    """

    def __init__(self, caller, verbose):
        self.caller = caller
        self.verbose = verbose
        self.context = None
        # steps are sent to workers, so attributes of an earlier fit are left out
        self._unfitted = copy.copy(caller)
        for name in [name for name in vars(caller) if name.endswith("_")]:
            delattr(self._unfitted, name)

    def begin(self, n_splits):
        """Announce the fit: one step per split, then the last fit and pruning.

        Returns
        -------
        list of Step
            The steps of the splits. They are created before any of them runs, since
            they may run in parallel.
        """
        self.context = self.caller._init_callback_context(max_subtasks=n_splits + 2)
        self.context.call_on_fit_task_begin(estimator=self.caller)
        return [self.step(f"split {i + 1} of {n_splits}") for i in range(n_splits)]

    def step(self, name):
        """The next step."""
        context = self.context.subcontext(task_name=name)
        return Step(self._unfitted, name if self.verbose else None, context)

    def end(self):
        self.context.call_on_fit_task_end(estimator=self.caller)


@dataclass(frozen=True)
class Step:
    """One step of a fit: calls a function, and reports its beginning and its end."""

    caller: object
    line: str | None
    context: object

    def __call__(self, function, *args):
        self.context.call_on_fit_task_begin(estimator=self.caller)
        with print_elapsed_time(type(self.caller).__name__, self.line):
            result = function(*args)
        self.context.call_on_fit_task_end(estimator=self.caller)
        return result
