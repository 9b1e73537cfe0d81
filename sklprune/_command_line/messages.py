"""What a command prints besides its result: problems and progress, on stderr."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class CommandError(Exception):
    """A problem with a file, a column or an option, as a sentence for the user."""


def notice(text: str) -> None:
    """Print a line about the progress of a command."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@contextmanager
def short_warnings() -> Iterator[None]:
    """Print each warning once, on one line and without the place in the code."""
    shown = set()

    def show(message: Warning | str, category: type[Warning], *_: Any) -> None:
        text = f"{category.__name__}: {' '.join(str(message).split())}"
        if text not in shown:
            shown.add(text)
            notice(text)

    with warnings.catch_warnings():
        # a table of arrays has no names
        warnings.filterwarnings("ignore", "X does not have valid feature names")
        warnings.showwarning = show  # type: ignore[assignment]
        yield
