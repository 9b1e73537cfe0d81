"""The function `show_versions`: what a report of a problem should state."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from threadpoolctl import threadpool_info

from sklprune._version import __version__

__all__ = ["show_versions"]

#: packages that sklprune needs, or that change what it does where they are installed
PACKAGES = (
    "scikit-learn",
    "numpy",
    "scipy",
    "joblib",
    "threadpoolctl",
    "narwhals",
    "pandas",
    "polars",
    "pyarrow",
    "matplotlib",
    "skops",
    "imbalanced-learn",
    "lightgbm",
    "xgboost",
    "catboost",
)


def show_versions() -> None:
    """Print the versions of Python, sklprune and the packages that it works with.

    Copy the output into a report of a problem. A package that is not installed is
    printed as None. No package is imported.

    See Also
    --------
    sklearn.show_versions : The same for scikit-learn.

    Examples
    --------
    >>> import sklprune
    >>> sklprune.show_versions()  # doctest: +ELLIPSIS
    System:
        python: 3...
    executable: ...
       machine: ...
    <BLANKLINE>
    Packages:
              sklprune: ...
          scikit-learn: ...
    """
    system = {
        "python": " ".join(sys.version.split()),
        "executable": sys.executable,
        "machine": platform.platform(),
    }
    packages = {"sklprune": __version__} | {name: _installed(name) for name in PACKAGES}
    sections: dict[str, dict[str, Any]] = {"System": system, "Packages": packages}
    for place, pool in enumerate(threadpool_info(), start=1):
        sections[f"Thread pool {place}"] = {k: str(v) for k, v in pool.items()}
    for title, entries in sections.items():
        width = max(map(len, entries))
        lines = [f"{name:>{width}}: {value}" for name, value in entries.items()]
        print(f"{title}:", *lines, "", sep="\n")  # noqa: T201


def _installed(name: str) -> str | None:
    """The version of a package, without an import of it."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
