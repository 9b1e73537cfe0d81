"""Progress of a fit: printed lines, and scikit-learn's callbacks.

A fit consists of steps, for instance one for each split. Loops inside a step report
through `tracked`, `part` and `tick`, which find the running step themselves. No method,
refit or family therefore passes an object around. Outside a step nothing is reported.

Callbacks exist from scikit-learn 1.9 on. With older releases only lines are printed.
"""

import copy
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from sklprune._sklearn_private import CALLBACKS, print_elapsed_time
from sklprune._typing import Estimator

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Replaces the mixin of scikit-learn 1.9 where there is none."""

        def _init_callback_context(self, **_: Any) -> Any:
            return _NoCallbacks()


Item = TypeVar("Item")

#: seconds between two lines of one step
SECONDS_PER_LINE = 3.0
#: least seconds between two callbacks of a loop whose length is unknown
SECONDS_PER_CALLBACK = 1.0
#: a loop of known length reports at most so many subtasks to the callbacks
MAX_SUBTASKS = 1000


@contextmanager
def lines(line: Callable[[float], str] | None) -> Iterator[None]:
    """A context in which a line is printed every few seconds.

    A thread prints them, so that they also appear while a model is fitted.

    Parameters
    ----------
    line : callable or None
        `line(seconds)`, the line at so many seconds; None where none is printed.
    """
    if line is None:
        yield
        return
    stop, start = threading.Event(), time.monotonic()

    def report() -> None:
        while not stop.wait(SECONDS_PER_LINE):
            sys.stdout.write(line(time.monotonic() - start) + "\n")
            sys.stdout.flush()

    thread = threading.Thread(target=report, name="sklprune progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class _NoCallbacks:
    """A callback context without callbacks."""

    def subcontext(self, **_: Any) -> "_NoCallbacks":
        return self

    def call_on_fit_task_begin(self, **_: Any) -> "_NoCallbacks":
        return self

    def call_on_fit_task_end(self, **_: Any) -> bool:
        return False


class Progress:
    """The steps of one fit.

    Parameters
    ----------
    caller : estimator
        The estimator that is being fitted; it has `CallbackSupportMixin`. The hooks of
        the steps receive an unfitted copy of it.
    verbose : bool or int
        Whether lines are printed: one after each step, and one every few seconds
        during a step.
    """

    def __init__(self, caller: Any, verbose: bool | int) -> None:
        self.caller = caller
        self.verbose = verbose
        self.context: Any = None
        # steps are sent to workers, so attributes of an earlier fit are left out
        self._unfitted = copy.copy(caller)
        for name in [name for name in vars(caller) if name.endswith("_")]:
            delattr(self._unfitted, name)
        self._preparation = ExitStack()

    def __enter__(self) -> Self:
        """Print lines until the first step, while rows and parameters are checked."""
        name = type(self.caller).__name__
        line = (lambda s: f"[{name}] preparation: {s:.0f} s") if self.verbose else None
        self._preparation.enter_context(lines(line))
        return self

    def __exit__(self, *_: object) -> None:
        self._preparation.close()

    def begin(self, n_splits: int) -> "list[Step]":
        """Announce the fit: one step per split, then the last fit and pruning.

        Returns
        -------
        list of Step
            The steps of the splits. They are created before any of them runs, since
            they may run in parallel.
        """
        self._preparation.close()
        self.context = self.caller._init_callback_context(max_subtasks=n_splits + 2)
        self.context.call_on_fit_task_begin(estimator=self.caller)
        return [self.step(f"split {i + 1} of {n_splits}") for i in range(n_splits)]

    def step(self, name: str) -> "Step":
        """The next step."""
        # it is not known in advance how many loops a step consists of
        context = self.context.subcontext(task_name=name, max_subtasks=None)
        return Step(self._unfitted, name if self.verbose else None, context)

    def end(self) -> None:
        """Announce the end of the fit."""
        self.context.call_on_fit_task_end(estimator=self.caller)


@dataclass(frozen=True)
class Step:
    """One step of a fit: calls a function, and reports its progress.

    Parameters
    ----------
    caller : estimator
        The unfitted estimator that the hooks of callbacks receive.
    line : str or None
        The name in printed lines; None where no line is printed.
    context : CallbackContext
    """

    caller: Estimator
    line: str | None
    context: Any

    def __call__(self, function: Callable[..., Item], *args: Any) -> Item:
        """The result of `function(*args)`."""
        self.context.call_on_fit_task_begin(estimator=self.caller)
        with print_elapsed_time(type(self.caller).__name__, self.line), self._running():
            result = function(*args)
        self.context.call_on_fit_task_end(estimator=self.caller)
        return result

    @contextmanager
    def _running(self) -> Iterator[None]:
        """A context in which loops report to this step."""
        if self.line is None and not getattr(self.caller, CALLBACKS, None):
            # a step around this one may report its loops
            yield
            return
        running = _Running(self)
        token = _RUNNING.set(running)
        try:
            with lines(running.line if self.line is not None else None):
                yield
        finally:
            _RUNNING.reset(token)
            running.end()


class _Running:
    """A step while its function runs: the open loops, and what they report.

    It remains in the process that runs the step. Loops that pass their items to other
    threads advance it there.
    """

    def __init__(self, step: Step) -> None:
        self.step = step
        self.process = os.getpid()
        self.lock = threading.RLock()
        self.open: list[Part] = []
        self.last_callback = time.monotonic()

    def end(self) -> None:
        """Close the loops that were not completed."""
        for part in reversed(self.open.copy()):
            part.end()

    def task(self, parent: Any, name: str, max_subtasks: int | None = 0) -> Any:
        """The context of a new subtask, after its beginning was reported."""
        context = parent.subcontext(task_name=name, max_subtasks=max_subtasks)
        context.call_on_fit_task_begin(estimator=self.step.caller)
        return context

    def end_task(self, context: Any) -> None:
        """Report the end of a subtask."""
        context.call_on_fit_task_end(estimator=self.step.caller)
        self.last_callback = time.monotonic()

    def waited_long(self) -> bool:
        """Whether callbacks were not called for some time."""
        return time.monotonic() - self.last_callback >= SECONDS_PER_CALLBACK

    def report(self, parent: Any, name: str | None = None) -> None:
        """Report a subtask that is done; by default it has the name of the loop."""
        if name is None:
            name = self.open[-1].state if self.open else "work"
        self.end_task(self.task(parent, name))

    def line(self, seconds: float) -> str:
        """The line of the current state.

        Examples
        --------
        [PrunedEstimator] split 2 of 5: ratios, 3 of 10: columns, 12 of 30: 14 s
        """
        states = [part.state for part in self.open.copy()]
        where = ": ".join([str(self.step.line), *states])
        return f"[{type(self.step.caller).__name__}] {where}: {seconds:.0f} s"


_RUNNING: ContextVar[_Running | None] = ContextVar("running step", default=None)


def _running() -> _Running | None:
    """The step that runs in this thread, or None."""
    running = _RUNNING.get()
    # a forked worker has a copy, whose reports would get lost or confused
    return running if running and running.process == os.getpid() else None


class Part:
    """A loop inside a running step.

    The outermost loop of a step is a task for callbacks, and its items are the
    subtasks. A loop inside it is reported as single tasks of the step, about one every
    second, since there may be any number of such loops.

    Parameters
    ----------
    running : _Running or None
        None where no step is reported.
    name : str
        What the loop runs over, in the plural.
    total : int or None
        Number of items, if it is known.
    """

    def __init__(self, running: _Running | None, name: str, total: int | None) -> None:
        self.running = running
        self.name, self.total, self.done = name, total, 0
        self.context: Any = None
        if running is None:
            return
        with running.lock:
            if not running.open:
                n_tasks = None if total is None else min(total, MAX_SUBTASKS)
                self.context = running.task(running.step.context, name, n_tasks)
            running.open.append(self)

    @property
    def state(self) -> str:
        """The name, and how many items are done."""
        if self.total == 0:
            return self.name
        of_all = "" if self.total is None else f" of {self.total:,}"
        return f"{self.name}, {self.done:,}{of_all}"

    def advance(self) -> None:
        """Report that one more item is done."""
        self.done += 1
        running = self.running
        if running is None:
            return
        with running.lock:
            if self in running.open and self._is_due(running):
                running.report(self.context or running.step.context, self.state)

    def _is_due(self, running: _Running) -> bool:
        """Whether callbacks are called for the last item."""
        if self.context is None or self.total is None:
            return running.waited_long()
        if self.total <= MAX_SUBTASKS:
            return self.done <= self.total
        before, now = (
            n * MAX_SUBTASKS // self.total for n in (self.done - 1, self.done)
        )
        return now > before

    def end(self) -> None:
        """Report the end of the loop."""
        running = self.running
        if running is None:
            return
        with running.lock:
            if self in running.open:
                running.open.remove(self)
                if self.context is not None:
                    running.end_task(self.context)


def tick() -> None:
    """Report that the running step goes on, from a loop that is not counted."""
    running = _running()
    if running is not None:
        with running.lock:
            if running.waited_long():
                running.report(running.step.context)


@contextmanager
def part(name: str, total: int | None = None) -> Iterator[Part]:
    """A context for a loop that reports its items by `advance`.

    Parameters
    ----------
    name : str
        What the loop runs over, in the plural; or what is done, if total is 0.
    total : int or None, default=None
        Number of items, if it is known. 0 for work without items.

    Yields
    ------
    Part
    """
    loop = Part(_running(), name, total)
    try:
        yield loop
    finally:
        loop.end()


def tracked(items: Iterable[Item], name: str) -> Iterator[Item]:
    """Iterate over items, and report each of them to the running step.

    Parameters
    ----------
    items : iterable
    name : str
        What they are, in the plural, for example "columns".

    Returns
    -------
    iterator
    """
    running = _running()
    if running is None:
        return iter(items)
    total = len(items) if isinstance(items, Sized) else None
    return _reported(items, Part(running, name, total))


def _reported(items: Iterable[Item], loop: Part) -> Iterator[Item]:
    try:
        for item in items:
            yield item
            loop.advance()
    finally:
        loop.end()
