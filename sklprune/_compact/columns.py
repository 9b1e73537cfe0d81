"""Columns: arrays of numbers as expressions over compressed bytes.

The bytes of the numbers are separated into planes: all lowest bytes, all second lowest
bytes and so on. Each plane is compressed by the coder of the standard library that
gives the fewest bytes. Every array is restored to the last bit.
"""

import bz2
import lzma
import zlib
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

from sklprune._compact.expressions import Expression, zeros
from sklprune._typing import Array

#: bytes in which LZMA searches for repetitions; its memory is a multiple of this
DICT_SIZE = 2**20
#: settings of LZMA: bits of the previous byte, and of the position, in the context of
#: a byte. Without context it is an adaptive arithmetic coder of single bytes
LZMA_CONTEXTS = ((0, 0), (3, 0), (4, 0), (0, 1))
#: filters by context; the same object is written to a pickle once
LZMA_FILTERS: dict[tuple[int, int], list[dict[str, int]]] = {
    (lc, lp): [
        {
            "id": lzma.FILTER_LZMA2,
            "preset": 6,
            "dict_size": DICT_SIZE,
            "lc": lc,
            "lp": lp,
            "pb": lp,
        }
    ]
    for lc, lp in LZMA_CONTEXTS
}
#: fewer bytes are stored as they are: the pickle as a whole is compressed later
MIN_BYTES = 96
#: bytes whose Huffman code has more than this share of them are hardly ever compressed
INCOMPRESSIBLE = 0.995
#: a table of distinct values pays only if it has at most this share of the values
MAX_DISTINCT = 0.9
#: bits of a float64 that a value of single precision does not use
N_LOW_BITS = 29
#: more distinct low parts are not coded by a table
MAX_LOW_PARTS = 256
#: positions are coded by their distances if at most this share of them is set
MAX_GAPS = 0.25
#: so many numbers or fewer are written as they are: an expression would be longer
FEW = 32
#: all bits of an int64 except the sign
WITHOUT_SIGN = np.iinfo(np.int64).max


#: whether only quick coders are tried, with a few more bytes in a tenth of the time
QUICK: ContextVar[bool] = ContextVar("QUICK", default=False)


class Column:
    """An array as an expression, and the number of bytes that it needs.

    Parameters
    ----------
    expression : Expression or ndarray
    n_bytes : int
        Compressed bytes, without the overhead of the pickle.
    """

    def __init__(self, expression: Any, n_bytes: int) -> None:
        self.expression = expression
        self.n_bytes = n_bytes


def smallest(columns: list[Column]) -> Column:
    """The column with the fewest bytes; of equal ones the first."""
    return min(columns, key=lambda column: column.n_bytes)


def packed_bytes(data: bytes) -> Column:
    """Bytes by the coder that gives the fewest."""
    stored = Column(data, len(data))
    if len(data) < MIN_BYTES:
        return stored
    quick = [stored, _huffman(data)]
    if quick[1].n_bytes > INCOMPRESSIBLE * len(data):
        quick.append(_decoded(zlib.decompress, zlib.compress(data, 1)))
        if smallest(quick) is stored:
            return stored
    if QUICK.get():
        return smallest([*quick, _decoded(zlib.decompress, zlib.compress(data, 6))])
    candidates = [
        *quick,
        _decoded(zlib.decompress, zlib.compress(data, 9)),
        _decoded(bz2.decompress, bz2.compress(data)),
    ]
    for filters in LZMA_FILTERS.values():
        coded = lzma.compress(data, format=lzma.FORMAT_RAW, filters=filters)
        how = (lzma.FORMAT_RAW, None, filters)
        candidates.append(_decoded(lzma.decompress, coded, *how))
    return smallest(candidates)


def _huffman(data: bytes) -> Column:
    """Bytes by a Huffman code, without a search for repetitions."""
    coder = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_HUFFMAN_ONLY)
    return _decoded(zlib.decompress, coder.compress(data) + coder.flush())


def _decoded(function: Any, coded: bytes, *args: Any) -> Column:
    return Column(Expression(function, coded, *args), len(coded))


def from_bytes(data: Any, dtype: str) -> Expression:
    """Bytes, or an expression for bytes, as an array."""
    return Expression(np.frombuffer, data, dtype)


def bits(mask: Array) -> Column:
    """A mask of shape (n,) as an expression for an array of 0 and 1, uint8."""
    mask = np.asarray(mask, dtype=bool)
    if not mask.any():
        return Column(Expression(np.zeros, len(mask), "u1"), 0)
    column = packed_bytes(np.packbits(mask).tobytes())
    unpacked = Expression(
        np.unpackbits, from_bytes(column.expression, "u1"), None, len(mask)
    )
    packed = Column(unpacked, column.n_bytes)
    if mask.sum() > MAX_GAPS * len(mask):
        return packed
    # where few are set, the distances between them need fewer bytes
    gaps = integers(np.diff(np.flatnonzero(mask), prepend=-1) - 1)
    place = Expression(np.cumsum, gaps.expression + 1) - 1
    by_gaps = zeros(len(mask), "u1", [(place, 1)])
    return smallest([packed, Column(by_gaps, gaps.n_bytes)])


def integers(values: Array) -> Column:
    """Whole numbers of shape (n,) as an expression for an int64 array."""
    values = np.asarray(values, dtype=np.int64)
    if not len(values) or (values == values[0]).all():
        first = int(values[0]) if len(values) else 0
        return Column(Expression(np.full, len(values), first, "i8"), 1)
    if len(values) <= FEW:
        return _as_they_are(values, ("u1", "<i2", "<i4", "<i8"), "i8")
    least = int(values.min())
    above = values.view(np.uint64) - np.uint64(least % 2**64)
    plain = _planes(above)
    restored = plain.expression.method("view", "i8")
    if least:
        restored = restored + least
    candidates = [Column(restored, plain.n_bytes)]
    steps = np.diff(values.view(np.uint64), prepend=np.uint64(0)).view(np.int64)
    # small steps of either sign become small numbers
    folded = (steps << 1) ^ (steps >> 63)
    delta = _planes(folded.view(np.uint64))
    folded_back = delta.expression.method("view", "i8")
    steps_back = _unsigned_half(folded_back) ^ (0 - (folded_back & 1))
    summed = Expression(np.cumsum, steps_back)
    candidates.append(Column(summed, delta.n_bytes))
    return smallest(candidates)


def _as_they_are(values: Array, dtypes: Sequence[str], dtype: str) -> Column:
    """A few numbers in the first of some dtypes that has all of them."""
    for short in dtypes:
        with np.errstate(over="ignore"):
            data = values.astype(short)
        if _same_bits(data.astype(dtype), values):
            break
    given = from_bytes(data.tobytes(), short).astype(dtype)
    return Column(given, data.nbytes)


def _unsigned_half(folded: Expression) -> Expression:
    return (folded >> 1) & WITHOUT_SIGN


def _planes(values: Array) -> Column:
    """Unsigned 64-bit numbers, by the bytes of each significance."""
    n_planes = max(1, (int(values.max()).bit_length() + 7) // 8)
    planes = values.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :n_planes]
    columns = [packed_bytes(plane.tobytes()) for plane in planes.T]
    if n_planes == 1:
        alone = from_bytes(columns[0].expression, "u1").astype("u8")
        return Column(alone, columns[0].n_bytes)
    parts = [
        ((slice(None), i), from_bytes(column.expression, "u1"))
        for i, column in enumerate(columns)
    ]
    together = zeros((len(values), 8), "u1", parts)
    expression = together.method("view", "<u8").reshape(-1)
    return Column(expression, sum(column.n_bytes for column in columns))


def floats(values: Array) -> Column:
    """Floating-point numbers of shape (n,) as an expression for a float64 array."""
    values = np.ascontiguousarray(values, dtype=np.float64)
    candidates = [direct(values), *_by_distinct(values)]
    zero = values.view(np.int64) == 0
    if zero.any() and not zero.all():
        mask, rest = bits(~zero), floats(values[~zero])
        which = mask.expression.method("view", "bool")
        filled = zeros(len(values), "f8", [(which, rest.expression)])
        candidates.append(Column(filled, mask.n_bytes + rest.n_bytes))
    return smallest(candidates)


def ordered(values: Array) -> Array:
    """Floats as integers in the same order; the reverse is the same operation."""
    whole = values.view(np.int64)
    return whole ^ ((whole >> 63) & WITHOUT_SIGN)


def direct(values: Array) -> Column:
    """Floats by their bits."""
    if len(values) <= FEW:
        return _as_they_are(values, ("<f2", "<f4", "<f8"), "f8")
    return _by_bits(np.ascontiguousarray(values, dtype=np.float64).view(np.int64))


def sorted_floats(values: Array) -> Column:
    """Floats in ascending order, possibly several such runs, by their bits."""
    if len(values) <= FEW:
        return _as_they_are(values, ("<f2", "<f4", "<f8"), "f8")
    column = _by_bits(ordered(values))
    whole = column.expression.method("view", "i8")
    back = whole ^ ((whole >> 63) & WITHOUT_SIGN)
    return Column(back.method("view", "f8"), column.n_bytes)


def _by_bits(whole: Array) -> Column:
    """The bits of floats, int64, as an expression for floats.

    A value of single precision, or half-way between two such values, has few distinct
    low parts. The high and the low part are coded apart where this is shorter.
    """
    joined = int(np.bitwise_or.reduce(whole, initial=0)) if len(whole) else 0
    n_shift = (joined & -joined).bit_length() - 1 if joined else 0
    if n_shift <= 0:
        column = integers(whole)
    else:
        column = integers(whole >> n_shift)
        column = Column(column.expression << n_shift, column.n_bytes)
    candidates = [column]
    low = whole & (2**N_LOW_BITS - 1)
    if n_shift < N_LOW_BITS and len(np.unique(low)) < MAX_LOW_PARTS:
        low_parts, index = np.unique(low, return_inverse=True)
        columns = integers(whole >> N_LOW_BITS), integers(index), integers(low_parts)
        high_back, index_back, parts_back = (each.expression for each in columns)
        together = (high_back << N_LOW_BITS) + parts_back[index_back]
        candidates.append(Column(together, sum(each.n_bytes for each in columns)))
    column = smallest(candidates)
    return Column(column.expression.method("view", "f8"), column.n_bytes)


def _by_distinct(values: Array) -> list[Column]:
    """Floats by a table of the distinct ones, if there are few."""
    distinct, index = np.unique(ordered(values), return_inverse=True)
    if len(distinct) > MAX_DISTINCT * len(values):
        return []
    table = (distinct ^ ((distinct >> 63) & WITHOUT_SIGN)).view(np.float64)
    columns = sorted_floats(table), integers(index.ravel())
    which, position = (column.expression for column in columns)
    return [Column(which[position], sum(each.n_bytes for each in columns))]


def array(values: Array) -> Column | None:
    """An array of numbers as an expression that gives it; None for other arrays.

    The result is a new array in the same order, C or Fortran, that can be written to.
    """
    if not values.flags.c_contiguous:
        if not values.flags.f_contiguous:
            return None
        transposed = array(values.T)
        if transposed is None:
            return None
        back = transposed.expression.method("transpose")
        return Column(back, transposed.n_bytes)
    kind, dtype = values.dtype.kind, values.dtype
    if dtype.hasobject or dtype.names is not None:
        return None
    flat = values.ravel()
    if kind == "f" and dtype.itemsize <= 8 and dtype.isnative:
        column = floats(flat.astype(np.float64))
        if not _same_bits(flat.astype(np.float64).astype(dtype), flat):
            return None
    elif kind in "iu" and dtype.itemsize <= 8 and dtype.isnative:
        column = integers(flat.astype(np.int64))
    elif kind == "b":
        column = bits(flat)
    else:
        return None
    expression = column.expression.astype(dtype.str).reshape(*values.shape)
    return Column(expression, column.n_bytes)


def _same_bits(first: Array, second: Array) -> bool:
    return first.tobytes() == second.tobytes()
