"""Compact files of fitted models, which load without sklprune: the function `dump`."""

import io
import os
import uuid
import warnings
from pathlib import Path
from typing import Any

import joblib
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sklprune._compact.pickler import compact
from sklprune._plain import plain, stripped

__all__ = ["dump"]


def dump(estimator: Any, path: str | os.PathLike[str], *, exact: bool = False) -> None:
    """Write a fitted model to a compact file.

    `joblib.load` and `pickle.load` read the file where sklprune is not installed. The
    loaded model is the plain, stripped model: see :func:`to_plain` and :func:`strip`.
    Its predictions are the same to the last bit.

    The file is an ordinary pickle. Trees and arrays of numbers are written as
    expressions over a few columns, which are compressed by the standard library. This
    holds for trees at any depth of the model: in forests, bagging and boosting, and in
    pipelines, searches and other ensembles. Everything else is pickled as usual.

    Parameters
    ----------
    estimator : object
        Usually a fitted estimator. It is not changed.
    path : str or path-like
        The file to write. An existing file is replaced when the new one is complete.
    exact : bool, default=False
        Whether the impurities and the values of the inner nodes of trees are restored
        to the last bit. They are training statistics that no prediction reads. By
        default they are computed from the leaves at loading, and equal the original
        ones up to rounding. Only regression trees differ.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    FileNotFoundError
        If the directory of `path` does not exist.
    TypeError
        If `path` is not a path.

    Warns
    -----
    UserWarning
        If the model has no part with a compact form, or a file of `joblib.dump` with
        `compress=3` is not larger. That file is written then.

    See Also
    --------
    strip : Remove what only training needs.
    cost : The size of a model, among other things in bytes.

    Notes
    -----
    As for any pickle, the file is for the release of scikit-learn that wrote it, and
    should be loaded only if its source is trusted.

    The gains of splits, and the values of inner nodes, of `HistGradientBoosting*` are
    not kept. Scikit-learn shows them nowhere.

    Examples
    --------
    >>> import os, pickle, tempfile
    >>> import joblib
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklprune import dump
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> path = os.path.join(tempfile.mkdtemp(), "forest.pkl")
    >>> dump(forest, path)
    >>> len(pickle.dumps(forest)) > 10 * os.path.getsize(path)
    True
    >>> loaded = joblib.load(path)
    >>> bool((loaded.predict_proba(X) == forest.predict_proba(X)).all())
    True
    """
    target = _checked_path(path)
    model = _shipped(estimator)
    data, has_compact_parts = compact(model, bool(exact))
    by_joblib = _joblib_bytes(model)
    if not has_compact_parts or len(data) >= len(by_joblib):
        why = (
            f"needs {len(data)} bytes in the compact form"
            if has_compact_parts
            else "has no part with a compact form"
        )
        warnings.warn(
            f"{type(model).__name__} {why}, so joblib.dump with compress=3 has written "
            f"{str(path)!r} in {len(by_joblib)} bytes.",
            stacklevel=2,
        )
        data = by_joblib
    _write(data, target)


def _checked_path(path: Any) -> Path:
    """The path of the file, in a directory that exists."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            f"path={path!r} must be a str or a path-like object, the file to write."
        )
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"path={str(path)!r}: the directory {str(target.parent)!r} does not exist. "
            "Create it first."
        )
    if target.is_dir():
        raise IsADirectoryError(
            f"path={str(path)!r} is a directory. Pass the path of a file."
        )
    return target


def _shipped(estimator: Any) -> Any:
    """The plain model without training state; other objects only become plain."""
    if not isinstance(estimator, BaseEstimator):
        return plain(estimator)
    check_is_fitted(
        estimator,
        msg="dump() writes a fitted model, and this %(name)s is not fitted. Fit it "
        "first.",
    )
    return stripped(plain(estimator))


def _joblib_bytes(model: Any) -> bytes:
    file = io.BytesIO()
    joblib.dump(model, file, compress=3)
    return file.getvalue()


def _write(data: bytes, target: Path) -> None:
    """Write a file that is either complete or not there."""
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        part.write_bytes(data)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
