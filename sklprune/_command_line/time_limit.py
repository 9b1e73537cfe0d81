"""A limit of the time that a computation in the main thread may take."""

import _thread
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class TimeIsUp(BaseException):
    """A computation took longer than its limit.

    It is no `Exception`, so that no handler on the way takes it for an error.
    """


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt the code of a context after some seconds, as Ctrl-C does.

    Code that is not Python, such as one fit of a compiled solver, is interrupted at its
    end. In other threads than the main one there is no limit, since only the main
    thread can be interrupted.

    Parameters
    ----------
    seconds : float

    Raises
    ------
    TimeIsUp
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    is_up = threading.Event()

    def interrupt() -> None:
        is_up.set()
        _thread.interrupt_main()

    def received(number: int, frame: Any) -> None:
        if is_up.is_set():
            # here and not only below, since code below may be what is interrupted
            signal.signal(signal.SIGINT, before)
            if running:
                raise TimeIsUp
        elif callable(before):
            before(number, frame)  # Ctrl-C of the user

    running = True
    before = signal.signal(signal.SIGINT, received)
    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    try:
        timer.start()
        yield
    finally:
        running = False
        timer.cancel()
        timer.join()
        signal.signal(signal.SIGINT, before)
