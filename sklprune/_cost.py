"""What a model costs: counts and bytes."""

import io
import math
import pickle
from dataclasses import dataclass, fields

import joblib

from sklprune._registry import family_of

__all__ = ["Cost", "cost", "counts"]


@dataclass(frozen=True)
class Cost:
    """How large a fitted model is. What is not known of a kind of model is NaN.

    Attributes
    ----------
    parameters : float
        Fitted numbers that predictions depend on.
    nonzero : float
        Those of them that are not zero.
    nodes : float
        Nodes of all trees, leaves included.
    members : float
        Trees, stages or estimators of an ensemble.
    features : float
        Columns that the model needs.
    operations_per_row : float
        Multiplications, or comparisons in trees, for one prediction.
    file_bytes : float
        Size of the file that `joblib.dump` writes.
    compressed_bytes : float
        The same with `compress=3`.
    memory_bytes : float
        Arrays and objects, as they lie in memory when just loaded.
    """

    parameters: float = math.nan
    nonzero: float = math.nan
    nodes: float = math.nan
    members: float = math.nan
    features: float = math.nan
    operations_per_row: float = math.nan
    file_bytes: float = math.nan
    compressed_bytes: float = math.nan
    memory_bytes: float = math.nan

    def to_dict(self):
        """Field names and values."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def cost(estimator):
    """Count and weigh a fitted model.

    Parameters
    ----------
    estimator : estimator
        A fitted scikit-learn estimator.

    Returns
    -------
    Cost

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklprune import cost
    >>> X, y = load_iris(return_X_y=True)
    >>> size = cost(LogisticRegression(max_iter=500).fit(X, y))
    >>> size.parameters, size.features
    (15, 4)
    """
    return Cost(
        **counts(estimator),
        file_bytes=file_bytes(estimator),
        compressed_bytes=file_bytes(estimator, compress=3),
        memory_bytes=memory_bytes(estimator),
    )


def counts(estimator):
    """The fields of `Cost` that are counted and need no writing, as a dict."""
    return family_of(estimator).counts(estimator)


def file_bytes(estimator, compress=0):
    """Size of the file that `joblib.dump` writes; nothing is written to disk."""
    file = io.BytesIO() if compress else _Counter()
    joblib.dump(estimator, file, compress=compress)
    return file.tell()


def memory_bytes(estimator):
    """Bytes of all arrays, each once, and of the objects around them."""
    arrays = []
    around = pickle.dumps(estimator, protocol=5, buffer_callback=arrays.append)
    return len(around) + sum(array.raw().nbytes for array in arrays)


class _Counter(io.RawIOBase):
    """A file that only counts."""

    def __init__(self):
        self.size = 0

    def writable(self):
        return True

    def write(self, data):
        n_bytes = memoryview(data).nbytes
        self.size += n_bytes
        return n_bytes

    def tell(self):
        return self.size
