"""Reads and writes model files: skops, joblib and pickle."""

import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib
from sklearn.utils.validation import check_is_fitted

from sklprune._command_line.messages import CommandError, notice
from sklprune._typing import Estimator

#: endings of files that can run code when they are loaded
PICKLES = (".joblib", ".pkl", ".pickle")
ENDINGS = (".skops", *PICKLES)


def load_model(path: str, *, trust_pickle: bool) -> Estimator:
    """The fitted model of a file.

    Parameters
    ----------
    path : str
        A file with the ending .skops, .joblib, .pkl or .pickle.
    trust_pickle : bool
        Whether a pickle or joblib file may be loaded, which can run any code, and
        whether all types in a skops file are trusted.

    Raises
    ------
    CommandError
        If the file cannot be read, is not trusted, or contains no fitted model.
    """
    file = Path(path)
    if not file.is_file():
        raise CommandError(f"{path}: there is no such model file.")
    if file.suffix.lower() == ".skops":
        model = _load_skops(file, trust_pickle)
    else:
        _check_ending(file)
        if not trust_pickle:
            raise CommandError(
                f"{path}: loading a pickle can run any code that it contains. Pass "
                "--trust-pickle if you trust its author, or store the model with skops."
            )
        model = _loaded(file, joblib.load)
    if not hasattr(model, "get_params"):
        raise CommandError(
            f"{path} contains a {type(model).__name__}, which is not a scikit-learn "
            "estimator."
        )
    try:
        check_is_fitted(model)
    except Exception as error:
        raise CommandError(f"{path}: {error}") from error
    return model


def _load_skops(file: Path, trusted: bool) -> Any:
    sio = _skops()
    unknown = _loaded(file, lambda f: sio.get_untrusted_types(file=f))
    if unknown and not trusted:
        raise CommandError(
            f"{file} contains types that skops does not trust: {', '.join(unknown)}. "
            "Pass --trust-pickle if you trust all of them."
        )
    if unknown:
        notice(f"{file}: trusted types are {', '.join(unknown)}.")
    return _loaded(file, lambda f: sio.load(f, trusted=unknown))


def _skops() -> Any:
    try:
        import skops.io as sio
    except ImportError as error:
        raise CommandError(
            "A .skops file needs skops: python -m pip install skops"
        ) from error
    return sio


def _loaded(file: Path, load: Callable[[Path], Any]) -> Any:
    try:
        return load(file)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise CommandError(f"{file} cannot be loaded. {why}") from error


def _check_ending(file: Path) -> None:
    if file.suffix not in ENDINGS:
        known = ", ".join(ENDINGS)
        raise CommandError(f"{file}: the ending of a model must be one of {known}.")


def check_output(path: str, *, force: bool, model: bool = True) -> Path:
    """The file to write, if it may be written.

    Parameters
    ----------
    path : str
    force : bool
        Whether an existing file is replaced.
    model : bool, default=True
        Whether the file is a model, so that its ending must be known.

    Raises
    ------
    CommandError
        Before any work, if the folder does not exist or the file does.
    """
    file = Path(path)
    if model:
        _check_ending(file)
        if file.suffix == ".skops":
            _skops()
    if not file.parent.is_dir():
        raise CommandError(f"{path}: the folder {file.parent} does not exist.")
    if file.is_dir():
        raise CommandError(f"{path} is a folder; give the name of a file.")
    if file.exists() and not force:
        raise CommandError(f"{path} exists. Pass --force to replace it.")
    return file


def save_model(model: Estimator, file: Path) -> None:
    """Write a model in the format of the ending of a file, all or nothing."""
    with written(file) as temporary:
        if file.suffix == ".skops":
            _skops().dump(model, temporary)
        elif file.suffix == ".joblib":
            joblib.dump(model, temporary, compress=3)
        else:
            temporary.write_bytes(pickle.dumps(model, protocol=5))


@contextmanager
def written(file: Path) -> Iterator[Path]:
    """A temporary file in the same folder, which replaces a file at the end.

    After an error or an interruption, no file is left and an old one is unchanged.
    """
    temporary = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        yield temporary
        os.replace(temporary, file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
