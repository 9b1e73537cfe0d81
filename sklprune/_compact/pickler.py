"""Writes a model as a compact pickle: trees and arrays as expressions."""

import copyreg
import io
import lzma
import pickle
import pickletools
import zlib
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sklprune._compact.columns import QUICK, Column, array, floats, integers
from sklprune._compact.expressions import Expression
from sklprune._compact.predictors import coded_predictors
from sklprune._compact.trees import coded_trees

#: arrays of fewer bytes are written as usual
MIN_ARRAY_BYTES = 128
PROTOCOL = 4
#: files of fewer bytes are compressed with several settings
SMALL_FILE = 2**16
#: an array is written as the root of another one if at most this share differs
MAX_DIFFERENT = 0.2


def compact(model: Any, exact: bool, quick: bool = False) -> tuple[bytes, bool]:
    """A compact pickle of a model.

    Parameters
    ----------
    model : object
    exact : bool
        Whether training statistics of trees are restored to the last bit.
    quick : bool, default=False
        Whether less time is spent, for a few more bytes.

    Returns
    -------
    data : bytes
        An ordinary pickle.
    gained : bool
        Whether any tree or array has a compact form.
    """
    token = QUICK.set(quick)
    try:
        return _compact(model, exact, quick)
    finally:
        QUICK.reset(token)


def _compact(model: Any, exact: bool, quick: bool) -> tuple[bytes, bool]:
    collected = Collector()
    collected.dump(model)
    coded = coded_trees(collected.of_class("Tree"), exact)
    coded |= coded_predictors(collected.of_class("TreePredictor"))
    file = io.BytesIO()
    pickler = CompactPickler(file, coded)
    pickler.dump(model)
    if quick:
        inside = Expression(zlib.decompress, zlib.compress(file.getvalue()))
    else:
        # unused references are a third of the operations
        shorter = pickletools.optimize(file.getvalue())
        inside = Expression(lzma.decompress, _by_lzma(shorter))
    whole = Expression(pickle.loads, inside)
    return pickle.dumps(whole, protocol=PROTOCOL), pickler.n_coded > 0


def _by_lzma(data: bytes) -> bytes:
    """A file of lzma in the format that needs fewer bytes."""
    extreme = 6 | lzma.PRESET_EXTREME
    files = [
        lzma.compress(data, format=lzma.FORMAT_ALONE, preset=extreme),
        lzma.compress(data, check=lzma.CHECK_CRC32, preset=extreme),
    ]
    if len(data) < SMALL_FILE:
        # names and short numbers need less context than large files
        for lc in (0, 1):
            short = {"id": lzma.FILTER_LZMA1, "preset": extreme, "lc": lc, "pb": 0}
            files.append(lzma.compress(data, lzma.FORMAT_ALONE, filters=[short]))
    return min(files, key=len)


def without_defaults(estimator: BaseEstimator) -> Any:
    """What a pickle writes for an estimator, without parameters that have defaults.

    Loading makes an estimator without arguments, and sets everything else. This is not
    done for classes with parameters that have no default, or outside of scikit-learn.
    """
    cls = type(estimator)
    if not cls.__module__.startswith("sklearn."):
        return NotImplemented
    reduced = estimator.__reduce_ex__(PROTOCOL)
    usual = reduced[:2] == (copyreg.__newobj__, (cls,))  # type: ignore[attr-defined]
    if not usual or reduced[3:] != (None, None) or not isinstance(reduced[2], dict):
        return NotImplemented
    try:
        fresh = vars(cls())
    except TypeError:
        return NotImplemented
    state = reduced[2]
    if not fresh.keys() <= state.keys():
        return NotImplemented
    same = {name for name, value in fresh.items() if _is_same(value, state[name])}
    rest = {name: value for name, value in state.items() if name not in same}
    return cls, (), rest


def _is_same(first: Any, second: Any) -> bool:
    """Whether two values of a parameter are the same immutable value."""
    simple = isinstance(first, (bool, int, float, str, type(None)))
    return simple and type(first) is type(second) and first == second


class Collector(pickle.Pickler):
    """Finds trees inside an object, in the order in which a pickle contains them."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), protocol=PROTOCOL)
        self.found: dict[int, Any] = {}

    def reducer_override(self, value: Any) -> Any:
        """Enter a tree; it is written as usual."""
        if type(value).__name__ in ("Tree", "TreePredictor"):
            self.found[id(value)] = value
        if isinstance(value, np.ndarray) and not value.dtype.hasobject:
            return np.empty, (0,)
        return NotImplemented

    def of_class(self, name: str) -> list[Any]:
        """The trees of one class of scikit-learn."""
        return [
            value
            for value in self.found.values()
            if type(value).__name__ == name
            and str(type(value).__module__).startswith("sklearn.")
        ]


class CompactPickler(pickle.Pickler):
    """Writes coded trees, and arrays of numbers, as expressions.

    Parameters
    ----------
    file : file object
    coded : dict of int to tuple
        What is written for each tree, by its identity.
    """

    def __init__(self, file: Any, coded: dict[int, tuple[Any, ...]]) -> None:
        super().__init__(file, protocol=PROTOCOL)
        self.coded, self.n_coded = coded, len(coded)
        self.known: dict[Any, Any] = {}

    def reducer_override(self, value: Any) -> Any:
        """The coded form of a tree or an array."""
        if id(value) in self.coded:
            return self.coded[id(value)]
        if type(value) is np.ndarray and value.nbytes >= MIN_ARRAY_BYTES:
            column = self._as_root(value) or array(value)
            self._keep(value)
            if column is not None and column.n_bytes < value.nbytes:
                self.n_coded += 1
                return column.expression.__reduce_ex__(PROTOCOL)
        if isinstance(value, BaseEstimator):
            return without_defaults(value)
        return NotImplemented

    def _keep(self, value: Any) -> None:
        """Enter an array, of which a later one may be the root."""
        if value.dtype == np.float64 and value.ndim == 1:
            self.known[len(value)] = value

    def _as_root(self, value: Any) -> Column | None:
        """The square root of the last array of its length, if it is that.

        A scaler stores the standard deviation beside the variance. Where that is zero,
        it has another value.
        """
        variance = self.known.get(len(value)) if value.ndim == 1 else None
        if variance is None or value.dtype != np.float64 or (variance < 0).any():
            return None
        differs = np.flatnonzero(np.sqrt(variance).view("i8") != value.view("i8"))
        if len(differs) > MAX_DIFFERENT * len(value):
            return None
        if not len(differs):
            return Column(Expression(np.sqrt, variance), 0)
        place, others = integers(differs), floats(value[differs])
        items = [(place.expression, others.expression)]
        root = Expression(np.sqrt, variance, items=items)
        return Column(root, place.n_bytes + others.n_bytes)
