"""Settings of all tests and doctests: numeric libraries run on one thread.

This file is in the root folder so that it also holds for the doctests of README, docs
and package. It must not import NumPy or scikit-learn: OpenMP reads its variables once,
when it is loaded.
"""

import os

# on small data, waking up threads costs more than the computation
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_configure(config):
    """Ignore a warning of scikit-learn, whose other filters are in pyproject.toml.

    pytest imports the classes that `filterwarnings` names in pyproject.toml before it
    loads this file, and would thus import scikit-learn before the threads are set.
    """
    # a dozen iterations are enough for what the tests check
    config.addinivalue_line(
        "filterwarnings", "ignore::sklearn.exceptions.ConvergenceWarning"
    )
