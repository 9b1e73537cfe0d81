"""`python -m sklprune`."""

import sys

from sklprune.cli import main

if __name__ == "__main__":
    sys.exit(main())
