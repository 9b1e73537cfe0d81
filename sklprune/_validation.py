"""Checks of rows and ratios, done once, before anything is fitted."""

import numbers

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.utils import assert_all_finite, indexable
from sklearn.utils.validation import validate_data

from sklprune._frames import frame_kind
from sklprune._registry import family_of
from sklprune._sklearn_private import check_sample_weight, num_samples
from sklprune._units import Task


def check_rows(estimator, frozen, X, y, sample_weight, groups):
    """Check rows and put them into a `Task`, without copies where possible.

    What a scikit-learn model checks in its own `fit` is not checked here.

    Raises
    ------
    ValueError
        Naming what is wrong: different lengths, one class, constant columns, weights
        that are all zero, columns other than those a frozen model was fitted on.
    """
    X, y, groups = indexable(_as_array(X), y, groups)
    if num_samples(X) == 0:
        raise ValueError("X has no rows: n_samples=0, and at least one is needed.")
    if getattr(X, "shape", (1,))[-1] == 0:
        # in the words of scikit-learn
        raise ValueError(
            f"Found array with 0 feature(s) (shape={tuple(X.shape)}) while a minimum "
            "of 1 is required."
        )
    if frozen:
        _check_as_seen(estimator, X)
    if sample_weight is not None:
        if not np.asarray(sample_weight).any():
            raise ValueError(
                "sample_weight: all weights are zero. Sample weights must contain at "
                "least one non-zero number."
            )
        sample_weight = check_sample_weight(sample_weight, X)
        if sample_weight.min() < 0:
            raise ValueError(
                f"sample_weight: {sample_weight.min():g} is negative. Sample weights "
                "must not be: orders and refits divide by their sums."
            )
    labels = None if y is None else np.asarray(y)
    if labels is not None and labels.dtype.kind == "f":
        assert_all_finite(labels, input_name="y")
    if num_samples(X) > 1:
        if labels is not None and is_classifier(estimator):
            _check_classes(labels, sample_weight)
            if frozen:
                _check_known(estimator, labels)
        if _all_constant(X):
            raise ValueError("All columns of X are constant: there is nothing to fit.")
    return Task(X, y, sample_weight, None if groups is None else np.asarray(groups))


def _as_array(X):
    """A table of numbers in lists as an array; anything else unchanged."""
    if not isinstance(X, (list, tuple)):
        return X
    try:
        table = np.asarray(X)
    except ValueError:  # rows of different lengths, for a step that accepts them
        return X
    return table if table.ndim == 2 and table.dtype.kind in "biuf" else X


def _check_as_seen(estimator, X):
    """Raise an error for columns and values that the fitted model does not accept."""
    if hasattr(estimator, "n_features_in_"):
        n_axes = len(getattr(X, "shape", (0, 0)))
        if n_axes != 2:
            raise ValueError(f"Expected 2D array X, got {n_axes}D array instead.")
        validate_data(estimator, X, reset=False, skip_check_array=True)
    if isinstance(X, (list, tuple)):
        return  # texts, or rows of different lengths
    values = X.data if sparse.issparse(X) else np.asarray(X)
    if values.dtype.kind not in "fc":
        return
    if not family_of(estimator).takes_nan(estimator):
        name = type(estimator).__name__
        assert_all_finite(values, input_name="X", estimator_name=name)
    elif hasattr(estimator, "predict") and not np.isfinite(values).all():
        # the model may accept missing values but no infinity, or none if X is sparse
        estimator.predict(X)


def _check_classes(labels, sample_weight):
    if sample_weight is not None:
        labels = labels[sample_weight != 0]
    if labels.size > len(labels):
        return
    known = set(labels.ravel().tolist())
    if len(known) == 1:
        raise ValueError(
            f"y has one class, {known.pop()!r}; a classifier needs at least two."
        )


def _check_known(estimator, labels):
    """Raise an error for labels that a classifier of one output was not fitted on."""
    known = getattr(estimator, "classes_", None)
    if known is None or labels.size > len(labels):
        return
    strange = set(labels.ravel().tolist()) - set(np.asarray(known).tolist())
    if strange:
        raise ValueError(
            f"y has labels that {type(estimator).__name__} was not fitted on, "
            f"{sorted(strange, key=str)[:10]}; its classes are "
            f"{np.asarray(known).tolist()}."
        )


def _all_constant(X):
    if sparse.issparse(X):
        return X.shape[1] > 0 and (X.max(axis=0) - X.min(axis=0)).nnz == 0
    if getattr(X, "ndim", len(getattr(X, "shape", ()))) != 2 or 0 in X.shape:
        return False
    if frame_kind(X) == "pandas":
        return all(X.iloc[:, i].nunique(dropna=False) <= 1 for i in range(X.shape[1]))
    if frame_kind(X) == "polars":
        return all(column.n_unique() <= 1 for column in X.iter_columns())
    values = np.asarray(X)
    return bool((values == values[0]).all())


def check_ratio(pruning_ratio, method, task, several=False):
    """The requested ratios, ascending, and whether a rule chooses from them.

    Parameters
    ----------
    pruning_ratio : float, sequence of float or "auto"
    method : Method
        Its grid is used for "auto".
    task : Task
    several : bool, default=False
        Whether a rule chooses among several methods, also at one ratio.

    Returns
    -------
    ratios : list of float
        [None] where the method determines the size.
    is_choice : bool
        False for a number, and where the method determines the size, unless there are
        several methods.
    """
    if isinstance(pruning_ratio, str):
        if pruning_ratio != "auto":
            raise ValueError(_ratio_sentence(pruning_ratio))
        if method.decides:
            return [None], several
        return list(method.grid(task)), True
    if method.decides and not several:
        raise ValueError(
            f"pruning_ratio={pruning_ratio!r} was given, but method={method!r} "
            "determines the size itself: set pruning_ratio='auto', and "
            "n_features_to_select=None."
        )
    is_list = not isinstance(pruning_ratio, numbers.Number)
    if is_list and (np.ndim(pruning_ratio) != 1 or len(pruning_ratio) == 0):
        raise ValueError(_ratio_sentence(pruning_ratio))
    ratios = list(pruning_ratio) if is_list else [pruning_ratio]
    for ratio in ratios:
        real = isinstance(ratio, numbers.Real) and not isinstance(ratio, bool)
        if not real or not 0 <= ratio < 1:
            raise ValueError(_ratio_sentence(ratio))
    if method.decides:
        return [None], True
    return sorted({float(ratio) for ratio in ratios}), is_list or several


def _ratio_sentence(value):
    return (
        f"pruning_ratio={value!r} is not allowed: it must be a number in [0, 1), a "
        "sequence of such numbers, or 'auto'."
    )
