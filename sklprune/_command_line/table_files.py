"""Reads a data frame from a CSV, TSV, parquet or feather file."""

import csv
import gzip
from collections.abc import Collection
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from sklprune._command_line.messages import CommandError, notice

#: endings of text files; each of them may also be compressed, with ".gz" after it
TEXT = (".csv", ".tsv")
#: reading functions of pandas and polars for the other files
READERS = {
    ".parquet": ("read_parquet", "read_parquet"),
    ".feather": ("read_feather", "read_ipc"),
}
ENDINGS = (*TEXT, *READERS)
SEPARATORS = (",", "\t", ";", "|")
#: what is a missing value for polars too; pandas has these names by default
MISSING = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None"]


class Header(NamedTuple):
    """The first line of a text file, and how its columns are separated.

    Parameters
    ----------
    names : list of str
    separator : str
    """

    names: list[str]
    separator: str


def ending_of(file: Path) -> str:
    """The ending of a table without that of its compression, in lower case."""
    name = file.name.lower()
    return Path(name.removesuffix(".gz")).suffix


def read_frame(file: Path, names: Collection[str]) -> Any:
    """A data frame of pandas, or of polars where pandas is not installed.

    Parameters
    ----------
    file : Path
        Its ending is one of `ENDINGS`, in upper or lower case.
    names : collection of str
        Names of columns that are expected. The separator of a text file is the one
        with which its first line has most of them, and else most columns.

    Raises
    ------
    CommandError
        If the file cannot be read, or a package that reads it is missing.
    """
    try:
        pandas = import_module("pandas")
    except ImportError:
        pandas = None
    try:
        return (
            _with_pandas(pandas, file, names) if pandas else _with_polars(file, names)
        )
    except ImportError as error:
        raise CommandError(
            f"{file}: pandas needs another package: {error}. Install it, or convert "
            "the table to CSV."
        ) from error
    except UnicodeDecodeError as error:
        raise CommandError(
            f"{file} cannot be read as UTF-8: {error}. Store it in this encoding."
        ) from error
    except CommandError:
        raise
    except Exception as error:
        raise CommandError(f"{file} cannot be read: {error}") from error


def _with_pandas(pandas: Any, file: Path, names: Collection[str]) -> Any:
    if ending_of(file) in READERS:
        return getattr(pandas, READERS[ending_of(file)][0])(file)
    separator = _header(file, names).separator
    frame = pandas.read_csv(file, sep=separator)
    if separator == ",":
        return frame
    with_comma = pandas.read_csv(file, sep=separator, decimal=",")
    # ties go to the decimal point
    return max(
        (frame, with_comma), key=lambda each: each.select_dtypes("number").shape[1]
    )


def _with_polars(file: Path, names: Collection[str]) -> Any:
    try:
        polars = import_module("polars")
    except ImportError as error:
        raise CommandError(
            f"{file}: reading this table needs pandas or polars: "
            "python -m pip install pandas. A table in an .npz file needs neither."
        ) from error
    if ending_of(file) in READERS:
        frame = getattr(polars, READERS[ending_of(file)][1])(file)
    else:
        frame = _text_with_polars(polars, file, names)
    texts = frame.select(polars.col(polars.String))
    if texts.width and sum(texts.null_count().row(0)):
        notice(
            f"{file}: missing texts are None in polars, and NaN in pandas. A model "
            "that was fitted on a frame of pandas may treat them in another way."
        )
    return frame


def _text_with_polars(polars: Any, file: Path, names: Collection[str]) -> Any:
    header = _header(file, names)

    def read(**options: Any) -> Any:
        return polars.read_csv(
            file,
            separator=header.separator,
            # a column may have whole numbers first, and others later
            infer_schema_length=None,
            null_values=MISSING,
            **options,
        )

    frame = read()
    if header.separator != ",":
        # ties go to the decimal point
        frame = max((frame, read(decimal_comma=True)), key=_n_numbers)
    # polars does not replace "" by " in names
    if len(set(header.names)) == frame.width:
        frame.columns = header.names
    return frame


def _n_numbers(frame: Any) -> int:
    return sum(dtype.is_numeric() for dtype in frame.dtypes)


def _header(file: Path, names: Collection[str]) -> Header:
    """The first line of a text file, read with the separator that suits it best."""
    open_text = gzip.open if file.name.lower().endswith(".gz") else open
    # a byte order mark is no part of the first name
    with open_text(file, "rt", encoding="utf-8-sig", newline="") as lines:
        line = lines.readline()
    expected = set(names)
    headers = [
        Header(next(csv.reader([line], delimiter=each), []), each)
        for each in SEPARATORS
    ]
    # ties go to the comma
    return max(
        headers, key=lambda each: (len(expected & set(each.names)), len(each.names))
    )
