"""Entry point of `python -m sklprune`; the commands are in `sklprune.cli`."""

import sys

from sklprune.cli import main

if __name__ == "__main__":
    sys.exit(main())
