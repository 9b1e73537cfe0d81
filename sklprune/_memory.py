"""Cache for results of expensive functions, in a joblib memory.

A result is stored as one pickle. Joblib alone would store each array of an object
separately, and loading a forest of 100 trees would take seven times as long.
"""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import joblib
import sklearn
from sklearn.utils.validation import check_memory

from sklprune._version import __version__

Value = TypeVar("Value")


def memory_of(memory: Any) -> Any:
    """The joblib memory for a parameter `memory`, or None if nothing is cached.

    Parameters
    ----------
    memory : None, str or object with the interface of joblib.Memory

    Returns
    -------
    joblib.Memory or None
    """
    memory = check_memory(memory)
    return None if getattr(memory, "location", True) is None else memory


def remembered(
    memory: Any, key: tuple[Any, ...], function: Callable[..., Value], *args: Any
) -> Value:
    """The value of a function, loaded from the memory if it has the same key.

    Parameters
    ----------
    memory : joblib.Memory or None
    key : tuple
        Identifies the computation and all of its inputs. Inputs that are derived from
        other parts of the key may be omitted. Large models are thus loaded but never
        hashed.
    function : callable
        Computes the value.
    *args
        Its arguments.

    Returns
    -------
    object
        Computed without the cache if there is no memory or if the key cannot be
        pickled, for instance because it contains a lambda.
    """
    name = None if memory is None else _hash_of(key)
    if name is None:
        return function(*args)
    cached = memory.cache(_pickled, ignore=["function", "args"])
    try:
        value: Value = pickle.loads(cached(name, function, args))
    except BaseException:
        _remove_unfinished_files(memory)
        raise
    return value


def _pickled(name: str, function: Callable[..., Any], args: tuple[Any, ...]) -> bytes:
    return pickle.dumps(function(*args), protocol=pickle.HIGHEST_PROTOCOL)


def _remove_unfinished_files(memory: Any) -> None:
    """Remove what an interrupted write of this process has written so far.

    Joblib writes to a temporary file, and renames it when it is complete. The cache is
    therefore valid after an interruption, but the temporary file remains.
    """
    location = getattr(getattr(memory, "store_backend", None), "location", None)
    if isinstance(location, (str, os.PathLike)):
        # the name ends with the numbers of the process and of the thread
        for file in Path(location).rglob(f"output.pkl.*{os.getpid()}*"):
            file.unlink(missing_ok=True)


def _hash_of(key: tuple[Any, ...]) -> str | None:
    """Hash of a key under the current versions and settings, or None."""
    versions = (__version__, sklearn.__version__, sklearn.get_config())
    try:
        return joblib.hash((versions, key))
    except (pickle.PicklingError, AttributeError, TypeError):
        return None
