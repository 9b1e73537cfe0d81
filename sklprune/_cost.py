"""What a model costs: counts, bytes and seconds."""

import io
import math
import pickle
from dataclasses import dataclass, fields
from functools import partial
from itertools import cycle, islice
from time import perf_counter

import joblib
import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from sklprune._plain import plain
from sklprune._registry import family_of
from sklprune._sklearn_private import num_samples, safe_indexing

__all__ = ["Cost", "cost"]

#: a median is taken over so many predictions, or as many as fit into the seconds
N_TIMES, SECONDS = 200, 0.4


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
    latency_one_row : float
        Seconds to predict one row, the median of many predictions.
    latency_per_row : float
        Seconds a row where up to 1000 rows are predicted together, the median.

    See Also
    --------
    cost : Makes one of a fitted model.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklprune import cost
    >>> X, y = load_iris(return_X_y=True)
    >>> size = cost(DecisionTreeClassifier(max_depth=2).fit(X, y))
    >>> size.nodes, size.features
    (5, 4)
    >>> sorted(size.to_dict())[:3]
    ['compressed_bytes', 'features', 'file_bytes']
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
    latency_one_row: float = math.nan
    latency_per_row: float = math.nan

    def to_dict(self):
        """Field names and values."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def cost(estimator, X=None):
    """Count and weigh a fitted model, and with rows time it.

    Parameters
    ----------
    estimator : estimator
        A fitted scikit-learn estimator. One of sklprune, or one that holds such a
        one, is measured as the plain estimator that it stands for.
    X : array-like of shape (n_samples, n_features) or None, default=None
        Rows to time `predict` on (`transform` of a transformer), in the form in which
        they will come: a frame stays a frame. It takes about a second.

    Returns
    -------
    Cost
        Latencies are NaN without X. They are those of this machine at this moment,
        with the threads that the model and the libraries below it use.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklprune import cost
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression(max_iter=500).fit(X, y)
    >>> size = cost(model)
    >>> size.parameters, size.features
    (15, 4)
    >>> cost(model, X).latency_one_row > 0
    True
    """
    check_is_fitted(
        estimator,
        msg="cost() measures a fitted model, and this %(name)s is not fitted. Fit it "
        "first.",
    )
    return weighed(plain(estimator), X)


def weighed(model, X=None):
    """`cost` of a model that is known to be fitted and plain."""
    return Cost(**sizes(model, [field.name for field in fields(Cost)], X))


def sizes(model, names, X=None):
    """Fields of `Cost`: all that are counted, and of the others those named.

    Returns
    -------
    dict
        Each of `names` is in it, NaN where it is not known or X is missing.
    """
    known = dict.fromkeys(names, math.nan) | counts(model)
    for name, weigh in BYTES.items():
        if name in known:
            known[name] = weigh(model)
    timed = [] if X is None else [name for name in LATENCIES if name in known]
    return known | {name: LATENCIES[name](model, X) for name in timed}


def counts(estimator):
    """The fields of `Cost` that are counted and need no writing, as a dict."""
    return family_of(estimator).counts(estimator)


# -- seconds ------------------------------------------------------------------------


def latency_one_row(model, X):
    """Seconds that one row takes; rows all over X have their turn."""
    n_rows = _n_rows(X)
    chosen = np.linspace(0, n_rows - 1, min(n_rows, 100)).astype(int)
    return _median_seconds(model, [_taken(X, row) for row in chosen.reshape(-1, 1)])


def latency_per_row(model, X):
    """Seconds a row where many are predicted together."""
    n_rows = min(_n_rows(X), 1000)
    return _median_seconds(model, [_taken(X, np.arange(n_rows))]) / n_rows


def _n_rows(X):
    n_rows = num_samples(X)
    if n_rows == 0:
        raise ValueError("X has no rows: there is nothing to time predictions on.")
    return n_rows


def _taken(X, rows):
    if sparse.issparse(X) and X.format not in ("csr", "csc"):
        X = X.tocsr()
    return safe_indexing(X, rows)


def _median_seconds(model, inputs):
    """Median time of a call, after one that warms up; NaN where nothing is called."""
    call = getattr(model, "predict", getattr(model, "transform", None))
    if call is None:
        return math.nan
    call(inputs[0])
    seconds, begin = [], perf_counter()
    for rows in islice(cycle(inputs), N_TIMES):
        before = perf_counter()
        call(rows)
        after = perf_counter()
        seconds.append(after - before)
        if after - begin > SECONDS:
            break
    return float(np.median(seconds))


# -- bytes --------------------------------------------------------------------------


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


#: fields of `Cost` that are weighed, and those that need rows
BYTES = {
    "file_bytes": file_bytes,
    "compressed_bytes": partial(file_bytes, compress=3),
    "memory_bytes": memory_bytes,
}
LATENCIES = {"latency_one_row": latency_one_row, "latency_per_row": latency_per_row}
