"""What was computed before, kept by a joblib memory.

A result is kept as one piece of bytes: joblib writes each array of an object apart,
and a forest of 100 trees would take seven times as long to come back.
"""

import pickle

import joblib
import sklearn
from sklearn.utils.validation import check_memory

from sklprune._version import __version__


def memory_of(memory):
    """The joblib memory behind a parameter `memory`, or None where nothing is kept.

    Parameters
    ----------
    memory : None, str or object with the interface of joblib.Memory
    """
    memory = check_memory(memory)
    return None if getattr(memory, "location", True) is None else memory


def remembered(memory, key, function, *args):
    """What a function gives, from the memory if it gave it before under the same key.

    Parameters
    ----------
    memory : joblib.Memory or None
    key : tuple
        What is computed, and all that it depends on. It need not hold what can be
        derived from the rest of it, so that a large model is loaded but never hashed.
    function : callable
    *args : its arguments

    Returns
    -------
    object
        Without a memory, or where the key cannot be written down (it holds a function
        without a name, say), simply what the function gives.
    """
    name = None if memory is None else _name_of(key)
    if name is None:
        return function(*args)
    return pickle.loads(
        memory.cache(_packed, ignore=["function", "args"])(name, function, args)
    )


def _packed(name, function, args):
    return pickle.dumps(function(*args), protocol=pickle.HIGHEST_PROTOCOL)


def _name_of(key):
    """A name for a key under these versions and settings, or None."""
    versions = (__version__, sklearn.__version__, sklearn.get_config())
    try:
        return joblib.hash((versions, key))
    except (pickle.PicklingError, AttributeError, TypeError):
        return None
