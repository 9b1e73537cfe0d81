"""Reads a table of rows from a file: CSV, parquet, feather or npz."""

from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sklprune._command_line.messages import CommandError
from sklprune._registry import guess_of
from sklprune._typing import Array, Estimator, MatrixLike

#: reading functions of pandas and polars by the ending of the file
READERS = {
    ".csv": ("read_csv", "read_csv"),
    ".parquet": ("read_parquet", "read_parquet"),
    ".feather": ("read_feather", "read_ipc"),
}


class Rows(NamedTuple):
    """The rows of a table for one model.

    Parameters
    ----------
    X : ndarray or data frame of shape (n_rows, n_features)
    y : ndarray of shape (n_rows,) or None
        None if no target was named.
    """

    X: MatrixLike
    y: Array | None


def read_rows(path: str, target: str | None, model: Estimator) -> Rows:
    """Read the columns that a model receives, and the target.

    Parameters
    ----------
    path : str
        A table with the ending .csv, .parquet, .feather or .npz. An .npz file has the
        arrays `X` and, for the target, `y` or the name that is given.
    target : str or None
        The name of the target column.
    model : estimator
        The fitted model. Columns are selected by its `feature_names_in_`, in this
        order. Without names, the table has as many columns as the model, besides the
        target.

    Raises
    ------
    CommandError
        If the file cannot be read, or a column is missing.
    """
    file = Path(path)
    if not file.is_file():
        raise CommandError(f"{path}: there is no such table.")
    if file.suffix == ".npz":
        return _of_arrays(file, target, model)
    if file.suffix not in READERS:
        known = ", ".join([*READERS, ".npz"])
        raise CommandError(f"{path}: the ending of a table must be one of {known}.")
    frame = _read_frame(file)
    y = None
    if target is not None:
        _check_columns(frame, [target], path, "--target")
        y = np.asarray(frame[target])
    return Rows(_selected(frame, target, model, path), y)


def _read_frame(file: Path) -> Any:
    """A data frame of pandas, or of polars where pandas is not installed."""
    of_pandas, of_polars = READERS[file.suffix]
    try:
        pandas = import_module("pandas")
    except ImportError:
        return _read_with_polars(file, of_polars)
    try:
        return getattr(pandas, of_pandas)(file)
    except ImportError as error:
        raise CommandError(
            f"{file}: pandas needs another package: {error}. Install it, or convert "
            "the table to CSV."
        ) from error
    except Exception as error:
        raise CommandError(f"{file} cannot be read: {error}") from error


def _read_with_polars(file: Path, reader: str) -> Any:
    try:
        polars = import_module("polars")
    except ImportError as error:
        raise CommandError(
            f"{file}: reading this table needs pandas or polars: "
            "python -m pip install pandas. A table in an .npz file needs neither."
        ) from error
    try:
        return getattr(polars, reader)(file)
    except Exception as error:
        raise CommandError(f"{file} cannot be read: {error}") from error


def _selected(frame: Any, target: str | None, model: Estimator, path: str) -> Any:
    """The columns that a model receives, as a frame or, without names, an array."""
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        _check_columns(frame, list(names), path, type(model).__name__)
        return frame[list(names)]
    others = [name for name in frame.columns if name != target]
    wanted = getattr(model, "n_features_in_", len(others))
    if len(others) != wanted:
        besides = "" if target is None else f" besides the target {target!r}"
        raise CommandError(
            f"{path} has {len(others)} columns{besides}, and {type(model).__name__} "
            f"was fitted on {wanted}. It has stored no names by which to select them."
        )
    values = frame[others]
    return values.to_numpy()


def _check_columns(frame: Any, names: list[Any], path: str, whose: str) -> None:
    """Raise an error for names that a table does not have."""
    known = [str(name) for name in frame.columns]
    missing = [str(name) for name in names if str(name) not in known]
    if not missing:
        return
    guess = guess_of(missing[0], known)
    shown = ", ".join(map(repr, missing[:5])) + (" and more" if missing[5:] else "")
    raise CommandError(
        f"{path} has no column {shown}, which {whose} names.{guess} Its columns are "
        f"{', '.join(known[:20])}{' and more' if known[20:] else ''}."
    )


def _of_arrays(file: Path, target: str | None, model: Estimator) -> Rows:
    try:
        # object arrays would be unpickled, which can run any code
        with np.load(file, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except ValueError as error:
        raise CommandError(f"{file} cannot be read: {error}") from error
    wanted = ["X"] if target is None else ["X", target]
    missing = [name for name in wanted if name not in found]
    if missing:
        raise CommandError(
            f"{file} has no array {missing[0]!r}. It has {', '.join(found) or 'none'}."
        )
    X = found["X"]
    n_features = getattr(model, "n_features_in_", X.shape[-1])
    if X.ndim != 2 or X.shape[1] != n_features:
        raise CommandError(
            f"{file}: X has the shape {X.shape}, and {type(model).__name__} was fitted "
            f"on {n_features} columns."
        )
    return Rows(X, None if target is None else found[target])
