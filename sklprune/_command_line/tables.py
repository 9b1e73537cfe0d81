"""Rows for a model from a table: columns are selected by name."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_regressor

from sklprune._command_line.messages import CommandError, notice
from sklprune._command_line.table_files import ENDINGS, ending_of, read_frame
from sklprune._registry import guess_of
from sklprune._typing import Array, Estimator, MatrixLike

#: names of a column that numbers the rows, as pandas writes and reads it
ROW_NUMBERS = ("", "Unnamed: 0", "index", "__index_level_0__")
#: at most this many names or values are shown in an error
N_SHOWN = 5
#: rows that the model predicts before any work
N_PREDICTED = 20


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
        A table with the ending .csv, .tsv, .parquet, .feather or .npz; .csv and .tsv
        may be compressed, with .gz after it. An .npz file has the arrays `X` and, for
        the target, the name that is given.
    target : str or None
        The name of the target column.
    model : estimator
        The fitted model. Columns are selected by its `feature_names_in_`, in this
        order. Without names, the table has as many columns as the model, besides the
        target.

    Raises
    ------
    CommandError
        If the file cannot be read, a column is missing, the model cannot predict the
        rows, or the target does not suit it.
    """
    file = Path(path)
    if not file.is_file():
        raise CommandError(f"{path}: there is no such table.")
    if file.suffix.lower() == ".npz":
        rows = _of_arrays(file, target, model)
    elif ending_of(file) in ENDINGS:
        rows = _of_frame(file, target, model)
    else:
        known = ", ".join([*ENDINGS, ".npz"])
        raise CommandError(f"{path}: the ending of a table must be one of {known}.")
    _check_predictions(rows.X, model, path)
    if target is None or rows.y is None:
        return rows
    return Rows(rows.X, _checked_target(rows.y, model, f"{path}: {target!r}"))


def _of_frame(file: Path, target: str | None, model: Estimator) -> Rows:
    names = [str(name) for name in getattr(model, "feature_names_in_", ())]
    frame = read_frame(file, names if target is None else [*names, target])
    y = None
    if target is not None:
        _check_columns(frame, [target], file, "--target")
        column = frame[target]
        missing = column.isna() if hasattr(column, "isna") else column.is_null()
        _check_complete(int(missing.sum()), len(missing), f"{file}: {target!r}")
        y = np.asarray(column)
    return Rows(_selected(frame, target, model, file), y)


def _selected(frame: Any, target: str | None, model: Estimator, file: Path) -> Any:
    """The columns that a model receives, as a frame or, without names, an array."""
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        _check_columns(frame, list(names), file, type(model).__name__)
        return frame[list(names)]
    others = [name for name in frame.columns if name != target]
    wanted = getattr(model, "n_features_in_", len(others))
    if len(others) == wanted + 1 and str(others[0]) in ROW_NUMBERS:
        notice(f"{file}: the first column numbers the rows and is not used.")
        del others[0]
    if len(others) != wanted:
        besides = "; name the target with --target"
        if target is not None:
            besides = f" besides the target {target!r}"
        raise CommandError(
            f"{file} has {len(others)} columns{besides}, and {type(model).__name__} "
            f"was fitted on {wanted}. It has stored no names by which to select them."
        )
    return frame[others].to_numpy()


def _check_columns(frame: Any, names: list[Any], file: Path, whose: str) -> None:
    """Raise an error for names that a table does not have."""
    known = [str(name) for name in frame.columns]
    missing = [str(name) for name in names if str(name) not in known]
    if not missing:
        return
    raise CommandError(
        f"{file} has no column {_some(missing)}, which {whose} names."
        f"{_guess(missing[0], known)} Its columns are "
        f"{', '.join(known[:20])}{' and more' if known[20:] else ''}."
    )


def _guess(name: str, known: list[str]) -> str:
    """The name that differs only in spaces or capitals, or else the nearest one."""

    def simple(text: str) -> str:
        return "".join(text.split()).casefold()

    same = [each for each in known if simple(each) == simple(name)]
    return guess_of(same[0], same) if same else guess_of(name, known)


def _some(values: Any) -> str:
    """The first values as they are written in code, and whether there are more."""
    return ", ".join(map(repr, values[:N_SHOWN])) + (
        " and more" if len(values) > N_SHOWN else ""
    )


def _check_complete(n_missing: int, n_rows: int, what: str) -> None:
    """Raise an error for a target that some rows do not have."""
    if n_missing:
        raise CommandError(
            f"{what} is missing in {n_missing:,} of {n_rows:,} rows. Remove these rows."
        )


def _checked_target(y: Array, model: Estimator, what: str) -> Array:
    """The target with the labels of the model, if no value is missing.

    Raises
    ------
    CommandError
        If values are missing, or no value can be a prediction of the model.
    """
    if y.dtype.kind == "f":
        _check_complete(int(np.isnan(y).sum()), len(y), what)
    name = type(model).__name__
    if is_regressor(model) and y.dtype.kind in "OSU":
        texts = [value for value in y.tolist() if isinstance(value, str)]
        raise CommandError(
            f"{what} has texts such as {_some(texts[:1])}, and {name} predicts "
            "numbers. Write numbers without a separator of thousands."
        )
    classes = getattr(model, "classes_", None)
    if is_regressor(model) or not isinstance(classes, np.ndarray) or y.ndim != 1:
        return y
    return _known_labels(y, classes, f"{what} has the values", name)


def _known_labels(y: Array, classes: Array, what: str, name: str) -> Array:
    """Labels of the type that the model predicts: a text file has no types."""
    labels, positions = np.unique(y, return_inverse=True)
    known = classes.tolist()
    by_text = {str(each): each for each in known}
    found = [
        each if each in known else by_text.get(str(each), each)
        for each in labels.tolist()
    ]
    unknown = [each for each in found if each not in known]
    if len(unknown) == len(found):
        raise CommandError(
            f"{what} {_some(unknown)}, and {name} predicts {_some(known)}."
        )
    return np.asarray(found, dtype=None if unknown else classes.dtype)[positions]


def _check_predictions(X: MatrixLike, model: Estimator, path: str) -> None:
    """Raise an error, before any work, for rows that the model cannot predict."""
    if not hasattr(model, "predict"):
        return
    try:
        model.predict(X[:N_PREDICTED])
    except (ValueError, TypeError) as error:
        name = type(model).__name__
        raise CommandError(
            f"{path}: {name} cannot predict its rows: {with_columns(error, X)}"
        ) from error


def with_columns(error: Exception, X: MatrixLike) -> str:
    """The text of an error; of one about texts, also the columns that have texts.

    Parameters
    ----------
    error : Exception
    X : array or data frame
    """
    # "could not convert string to float", "can't multiply sequence by non-int"
    about_texts = any(word in str(error) for word in ("string", "sequence"))
    if not about_texts or not hasattr(X, "columns"):
        return str(error)
    texts = [
        str(name) for name in X.columns if np.asarray(X[name][:1]).dtype.kind in "OSU"
    ]
    return (
        f"{error}. Columns with texts: {_some(texts)}. Write numbers with a decimal "
        "point, and without a separator of thousands."
    )


def _of_arrays(file: Path, target: str | None, model: Estimator) -> Rows:
    try:
        # object arrays would be unpickled, which can run any code
        with np.load(file, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except Exception as error:
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
