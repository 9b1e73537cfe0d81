"""What a command prints besides its result: problems and progress, on stderr."""

import sys


class CommandError(Exception):
    """A problem with a file, a column or an option, as a sentence for the user."""


def notice(text: str) -> None:
    """Print a line about the progress of a command."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
