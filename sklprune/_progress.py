"""What a fit tells while it runs: a line for each step, and scikit-learn's callbacks.

Callbacks came with scikit-learn 1.9; before it nobody listens.
"""

import copy
from dataclasses import dataclass

from sklprune._sklearn_private import print_elapsed_time

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:
        """Stands in for the mixin of scikit-learn 1.9."""

        def _init_callback_context(self, **_):
            return _NobodyListens()


class _NobodyListens:
    """A callback context without callbacks."""

    def subcontext(self, **_):
        return self

    def call_on_fit_task_begin(self, **_):
        return self

    def call_on_fit_task_end(self, **_):
        return False


class Progress:
    """Where a fit has got to.

    Parameters
    ----------
    caller : estimator
        The one that is being fitted; it has `CallbackSupportMixin`. Hooks of the
        steps see a copy of it that is not fitted.
    verbose : bool or int
        Whether a line is printed for each step.
    """

    def __init__(self, caller, verbose):
        self.caller = caller
        self.verbose = verbose
        self.context = None
        # steps travel to workers; what an earlier fit left need not
        self._told = copy.copy(caller)
        for name in [name for name in vars(caller) if name.endswith("_")]:
            delattr(self._told, name)

    def begin(self, n_splits):
        """Announce the fit: one step a split, then the last fit and pruning.

        Returns
        -------
        list of Step
            The steps of the splits, made before any of them runs, since they may run
            in parallel.
        """
        self.context = self.caller._init_callback_context(max_subtasks=n_splits + 2)
        self.context.call_on_fit_task_begin(estimator=self.caller)
        return [self.step(f"split {i + 1} of {n_splits}") for i in range(n_splits)]

    def step(self, name):
        """The next step."""
        context = self.context.subcontext(task_name=name)
        return Step(self._told, name if self.verbose else None, context)

    def end(self):
        self.context.call_on_fit_task_end(estimator=self.caller)


@dataclass(frozen=True)
class Step:
    """One step of a fit: calls a function, and tells when it begins and ends."""

    caller: object
    line: str | None
    context: object

    def __call__(self, function, *args):
        self.context.call_on_fit_task_begin(estimator=self.caller)
        with print_elapsed_time(type(self.caller).__name__, self.line):
            result = function(*args)
        self.context.call_on_fit_task_end(estimator=self.caller)
        return result
