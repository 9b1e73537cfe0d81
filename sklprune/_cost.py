"""Size and speed of a fitted model: the function `cost` and its result `Cost`."""

import io
import math
import pickle
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields
from functools import partial
from itertools import cycle, islice
from time import perf_counter
from typing import Any

import joblib
import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from sklprune._plain import plain
from sklprune._registry import family_of
from sklprune._sklearn_private import num_samples, safe_indexing
from sklprune._typing import Array, Estimator, MatrixLike

__all__ = ["Cost", "cost"]

#: latencies are medians over this many calls, or fewer after this many seconds
N_TIMES, SECONDS = 200, 0.4


@dataclass(frozen=True)
class Cost:
    """Size and speed of a fitted model.

    A value that does not apply to a kind of model, or is not known, is NaN.

    Attributes
    ----------
    parameters : float
        Number of fitted values that predictions depend on.
    nonzero : float
        Number of these values that are not zero.
    nodes : float
        Number of nodes of all trees, including leaves.
    members : float
        Number of trees, stages or estimators of an ensemble.
    features : float
        Number of columns that the model needs.
    operations_per_row : float
        Number of multiplications, or of comparisons in trees, for one prediction.
    file_bytes : float
        Size of the file that `joblib.dump` writes.
    compressed_bytes : float
        Size of the file that `joblib.dump` writes with `compress=3`.
    lzma_bytes : float
        Size of the file that `joblib.dump` writes with `compress=("lzma", 1)`.
    distinct_values : float
        Number of distinct values among the parameters, without those that name columns.
    bits_per_parameter : float
        Bits of the LZMA file for each parameter.
    memory_bytes : float
        Size of all arrays and objects in memory after loading.
    latency_one_row : float
        Seconds to predict a single row: the median of many predictions.
    latency_per_row : float
        Seconds for each row if up to 1000 rows are predicted together: the median of
        many predictions.

    See Also
    --------
    cost : Measure a fitted model.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklprune import cost
    >>> X, y = load_iris(return_X_y=True)
    >>> size = cost(DecisionTreeClassifier(max_depth=2).fit(X, y))
    >>> size.nodes, size.features
    (5, 4)
    >>> size.compressed_bytes < size.file_bytes
    True
    """

    parameters: float = math.nan
    nonzero: float = math.nan
    nodes: float = math.nan
    members: float = math.nan
    features: float = math.nan
    operations_per_row: float = math.nan
    file_bytes: float = math.nan
    compressed_bytes: float = math.nan
    lzma_bytes: float = math.nan
    distinct_values: float = math.nan
    bits_per_parameter: float = math.nan
    memory_bytes: float = math.nan
    latency_one_row: float = math.nan
    latency_per_row: float = math.nan

    def to_dict(self) -> dict[str, float]:
        """All attributes by name.

        Returns
        -------
        dict of str to float
            The values; NaN where one is not known.
        """
        return {field.name: getattr(self, field.name) for field in fields(self)}


def cost(estimator: Estimator, X: MatrixLike | None = None) -> Cost:
    """Measure the size of a fitted model, and with X the speed of its predictions.

    Parameters
    ----------
    estimator : estimator
        A fitted scikit-learn estimator. If it is an estimator of sklprune or contains
        one, its plain copy is measured; see :func:`to_plain`.
    X : array-like of shape (n_samples, n_features) or None, default=None
        Rows on which `predict` is timed, or `transform` for a transformer. Pass them
        in the form that is used in production, for instance as a data frame. The
        measurement takes about a second.

    Returns
    -------
    Cost
        Latencies are NaN without X. They depend on the machine, its current load, and
        the number of threads that the model and its libraries use.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If X has no rows.

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


def weighed(model: Estimator, X: MatrixLike | None = None) -> Cost:
    """`cost` of a plain model, without the check that it is fitted."""
    return Cost(**sizes(model, [field.name for field in fields(Cost)], X))


def sizes(
    model: Estimator, names: Collection[str], X: MatrixLike | None = None
) -> dict[str, float]:
    """Selected fields of `Cost`, without the computation of the other fields.

    Parameters
    ----------
    model : estimator
    names : collection of str
        Fields to compute.
    X : array-like of shape (n_samples, n_features), default=None
        Rows for latencies.

    Returns
    -------
    dict
        All of `names`, and all counts. NaN if a value is not known or X is missing.
    """
    values = dict.fromkeys(names, math.nan) | counts(model)
    for name, measure in BYTES.items():
        if name in values:
            values[name] = measure(model)
    if "bits_per_parameter" in values:
        n_bytes = values.get("lzma_bytes") or lzma_bytes(model)
        n_parameters = values.get("parameters", math.nan)
        values["bits_per_parameter"] = 8 * n_bytes / (n_parameters or math.nan)
    timed = [] if X is None else [name for name in LATENCIES if name in values]
    return values | {name: LATENCIES[name](model, X) for name in timed}


def counts(estimator: Estimator) -> dict[str, float]:
    """The fields of `Cost` that the family of a model counts."""
    return family_of(estimator).counts(estimator)


# -- seconds ------------------------------------------------------------------------


def latency_one_row(model: Estimator, X: MatrixLike) -> float:
    """Seconds to predict one row, over up to 100 rows from all parts of X."""
    n_rows = _n_rows(X)
    chosen = np.linspace(0, n_rows - 1, min(n_rows, 100)).astype(int)
    return _median_seconds(model, [_rows(X, row) for row in chosen.reshape(-1, 1)])


def latency_per_row(model: Estimator, X: MatrixLike) -> float:
    """Seconds for each row if up to 1000 rows are predicted together."""
    n_rows = min(_n_rows(X), 1000)
    return _median_seconds(model, [_rows(X, np.arange(n_rows))]) / n_rows


def _n_rows(X: MatrixLike) -> int:
    n_rows = num_samples(X)
    if n_rows == 0:
        raise ValueError("X has no rows. Pass at least one row to time predictions.")
    return n_rows


def _rows(X: Any, rows: Array) -> MatrixLike:
    if sparse.issparse(X) and X.format not in ("csr", "csc"):
        X = X.tocsr()
    return safe_indexing(X, rows)


def _median_seconds(model: Estimator, inputs: Sequence[MatrixLike]) -> float:
    """Median seconds of a prediction, after a first one that is not timed.

    NaN if the model can neither predict nor transform.
    """
    call = getattr(model, "predict", getattr(model, "transform", None))
    if call is None:
        return math.nan
    call(inputs[0])
    seconds: list[float] = []
    begin = perf_counter()
    for rows in islice(cycle(inputs), N_TIMES):
        before = perf_counter()
        call(rows)
        after = perf_counter()
        seconds.append(after - before)
        if after - begin > SECONDS:
            break
    return float(np.median(seconds))


# -- bytes --------------------------------------------------------------------------


def distinct_values(estimator: Estimator) -> float:
    """Number of distinct values of the parameters; NaN if they are not known."""
    numbers = family_of(estimator).numbers(estimator)
    return math.nan if numbers is None else float(len(np.unique(numbers)))


def lzma_bytes(estimator: Estimator) -> int:
    """Size of the file that `joblib.dump` would write with LZMA."""
    return file_bytes(estimator, ("lzma", 1))


def file_bytes(estimator: Estimator, compress: int | tuple[str, int] = 0) -> int:
    """Size of the file that `joblib.dump` would write; nothing is written to disk."""
    file = io.BytesIO() if compress else _Counter()
    joblib.dump(estimator, file, compress=compress)
    return file.tell()


def memory_bytes(estimator: Estimator) -> int:
    """Size of all arrays, each counted once, and of the pickle without the arrays."""
    arrays: list[pickle.PickleBuffer] = []
    without_arrays = pickle.dumps(estimator, protocol=5, buffer_callback=arrays.append)
    return len(without_arrays) + sum(array.raw().nbytes for array in arrays)


class _Counter(io.RawIOBase):
    """A file that counts the bytes that are written to it, and discards them."""

    def __init__(self) -> None:
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        n_bytes = memoryview(data).nbytes
        self.size += n_bytes
        return n_bytes

    def tell(self) -> int:
        return self.size


#: functions for the fields of `Cost` that are measured only where needed, by name
BYTES: dict[str, Callable[[Estimator], float]] = {
    "file_bytes": file_bytes,
    "compressed_bytes": partial(file_bytes, compress=3),
    "lzma_bytes": lzma_bytes,
    "distinct_values": distinct_values,
    "memory_bytes": memory_bytes,
}
#: functions for the fields that need rows, by name
LATENCIES: dict[str, Callable[[Estimator, MatrixLike], float]] = {
    "latency_one_row": latency_one_row,
    "latency_per_row": latency_per_row,
}
