"""Adapts parameters that refer to columns, when columns of X are removed.

`clone_for_columns` clones an estimator and adapts its parameters. A registry states how
each parameter refers to columns, and other packages can add to it. Parameters that
cannot be adapted, and models inside that cannot be fitted again, are errors.
"""

from collections.abc import Iterable, Iterator
from numbers import Integral
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import FunctionTransformer

from sklprune._estimators import unfitted, with_params
from sklprune._frames import columns_of
from sklprune._registry import family_of
from sklprune._sklearn_private import num_features
from sklprune._typing import Array, Estimator
from sklprune.families._column_values import (
    Follow,
    NoColumns,
    entries_of,
    follow_each,
    follow_encoded,
    follow_file,
    follow_groups,
    follow_labels,
    follow_list,
    follow_mappings,
    follow_prefixed,
    follow_sets,
    follow_values,
)

#: meta-estimators of scikit-learn whose inner estimators receive the columns of X
SAME_COLUMNS = (
    "AdaBoostClassifier",
    "AdaBoostRegressor",
    "CalibratedClassifierCV",
    "FeatureUnion",
    "FixedThresholdClassifier",
    "MultiOutputClassifier",
    "MultiOutputRegressor",
    "OneVsOneClassifier",
    "OneVsRestClassifier",
    "OutputCodeClassifier",
    "StackingClassifier",
    "StackingRegressor",
    "TransformedTargetRegressor",
    "TunedThresholdClassifierCV",
    "VotingClassifier",
    "VotingRegressor",
    "GridSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "RandomizedSearchCV",
)
#: inner estimators of these that receive something else than X
OTHER_COLUMNS = ("final_estimator", "transformer")


# -- the registry ----------------------------------------------------------------------

#: what a parameter refers to, in a word
KINDS: dict[str, Follow] = {
    "columns": follow_list,
    "groups": follow_groups,
    "values": follow_values,
}
#: the function for each parameter that refers to columns, or None for one that does not
_FOLLOWS: dict[str, Follow | None] = {}


def register_column_parameter(name: str, follow: str | Follow | None) -> None:
    """State how a parameter of estimators refers to columns of X.

    When columns are removed, the clone that is fitted on the kept columns gets the
    adapted value of the parameter.

    Parameters
    ----------
    name : str
        Name of the parameter, such as "monotone_constraints". With a package,
        "lightgbm.mc" is a parameter of the classes of this package, and of their
        subclasses.
    follow : {"columns", "values", "groups"}, callable or None
        - "columns": a mask, or a list of positions or names of columns.
        - "values": an array with one value for each column, or a mapping from columns
          to values.
        - "groups": a list of groups of columns that may interact.
        - a callable: `follow(value, columns, names)` returns the new value. `columns`
          are the positions of the kept columns, and `names` the names of all columns.
          It raises a ValueError if the value cannot be adapted.
        - None: the parameter does not refer to columns, whatever its value.

    Notes
    -----
    Values may also be texts, as LightGBM, XGBoost and CatBoost accept them: "0,3",
    "name:a,b", "(0,1,-1)", "a:1,b:-1" or "[[0,1],[2,3]]". The value None, and a
    callable that the model calls with its own X, are kept.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklprune import PrunedEstimator
    >>> from sklprune.families import register_column_parameter
    >>> class ScaledRidge(Ridge):
    ...     def __init__(self, factors=None):
    ...         super().__init__()
    ...         self.factors = factors
    ...     def fit(self, X, y):
    ...         super().fit(X * self.factors, y)
    ...         self.coef_ = self.coef_ * self.factors
    ...         return self
    >>> register_column_parameter("factors", "values")
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = ScaledRidge(factors=np.arange(10))
    >>> pruned = PrunedEstimator(model, method="permutation", pruning_ratio=0.7,
    ...                          random_state=0).fit(X, y)
    >>> pruned.estimator_[0].transformers[0][2]
    [2, 3, 8]
    >>> pruned.estimator_[1].factors
    array([2, 3, 8])
    """
    if isinstance(follow, str) and follow not in KINDS:
        raise ValueError(
            f"follow={follow!r} is not known. Allowed are {', '.join(map(repr, KINDS))}"
            ", a callable, and None."
        )
    if not isinstance(follow, str) and follow is not None and not callable(follow):
        raise ValueError(f"follow={follow!r} must be a string, a callable or None.")
    _FOLLOWS[name] = KINDS[follow] if isinstance(follow, str) else follow


def _register_all(follow: str | Follow | None, names: str) -> None:
    for name in names.split():
        register_column_parameter(name, follow)


# scikit-learn, with columns in no set as one more set
_register_all("columns", "categorical_features")
_register_all("values", "monotonic_cst")
_register_all(follow_sets, "interaction_cst")
for _name in ("categories", "drop", "max_value", "min_value", "n_bins"):
    register_column_parameter(f"sklearn.{_name}", follow_each)
# LightGBM, XGBoost and CatBoost, with their aliases
_register_all(
    "columns",
    "categorical_feature categorical_column cat_feature cat_features cat_column "
    "text_features embedding_features ignored_features categorical_features_indices",
)
_register_all(
    "values",
    "monotone_constraints monotone_constraint lightgbm.mc feature_types "
    "feature_weights feature_contri feature_contrib feature_penalty lightgbm.fc "
    "lightgbm.fp max_bin_by_feature cegb_penalty_feature_lazy "
    "cegb_penalty_feature_coupled first_feature_use_penalties "
    "per_object_feature_penalties interpret.feature_names",
)
_register_all("groups", "interaction_constraints")
_register_all(follow_prefixed, "per_float_feature_quantization")
_register_all(
    follow_file,
    "forcedsplits_filename forced_splits_filename forced_splits_file forced_splits "
    "lightgbm.fs forcedbins_filename",
)
# transformers of frames, which keep the names of the columns that they do not change
_register_all(follow_encoded, "category_encoders.cols")
_register_all(follow_mappings, "category_encoders.mapping")
_register_all(
    follow_labels,
    "feature_engine.variables feature_engine.features_to_drop "
    "feature_engine.reference feature_engine.imputer_dict feature_engine.binning_dict "
    "feature_engine.max_capping_dict feature_engine.min_capping_dict",
)
#: they state columns by name, so that a step inside a pipeline can be adapted too
BY_LABEL = (follow_encoded, follow_labels, follow_mappings)
# lists of integers that are something else
_register_all(
    None,
    "alphas classes class_weight class_weights Cs eval_at eval_metric "
    "hidden_layer_sizes label_gain labels metric ngram_range sampling_strategy",
)


def _packages(cls: type) -> Iterator[str]:
    return (str(parent.__module__).partition(".")[0] for parent in cls.__mro__)


def _registered(owner: Any, name: str) -> tuple[bool, Follow | None]:
    """Whether a parameter of an estimator is registered, and its function."""
    for key in (*(f"{package}.{name}" for package in _packages(type(owner))), name):
        if key in _FOLLOWS:
            return True, _FOLLOWS[key]
    return False, None


# -- clones ----------------------------------------------------------------------------


def clone_for_columns(
    estimator: Estimator, columns: Array, names: Array, apart: Iterable[str] = ()
) -> Estimator:
    """An unfitted clone for the kept columns: see `Family.narrow`.

    `apart` are names of inner estimators whose parameters the caller adapts.
    """
    narrowed = unfitted(estimator)
    if hasattr(estimator, "__sklprune_plain__"):
        # after its fit, another object takes its place
        return narrowed
    params = _params(estimator)
    same = _inner_of_same_columns(estimator, params)
    idle: tuple[str, ...] = ()  # prefixes of parameters of steps without columns
    for name, value in params.items():
        if name in same:
            followed = family_of(value).narrow(value, columns, names)
        elif name.partition("__")[0] in (*apart, *same):
            continue
        else:
            _check_can_be_fitted(estimator, params, name)
            try:
                followed = _followed(estimator, params, name, columns, names)
            except NoColumns:
                followed = value
                narrowed = _with_idle_step(narrowed, name)
                idle = (*idle, name[: -len(name.rpartition("__")[2])])
        if followed is not value and not name.startswith(idle):
            narrowed = _with(narrowed, name, followed)
    return narrowed


def _params(estimator: Estimator) -> dict[str, Any]:
    """All parameters by name, but not those of objects of sklprune inside."""
    params = estimator.get_params(deep=True)
    ours = tuple(
        f"{n}__" for n, v in params.items() if hasattr(v, "__sklprune_plain__")
    )
    return {n: value for n, value in params.items() if not n.startswith(ours)}


def _with(narrowed: Estimator, name: str, value: Any) -> Estimator:
    """An estimator with another value of a parameter."""
    if value is None and "catboost" in _packages(type(narrowed)):
        # it does not accept all of its own defaults
        params = narrowed.get_params(deep=False)
        return with_params(narrowed, {k: v for k, v in params.items() if k != name})
    return narrowed.set_params(**{name: value})


def _with_idle_step(narrowed: Estimator, name: str) -> Estimator:
    """An estimator where the transformer that has a parameter changes nothing."""
    step = name.rpartition("__")[0]
    identity = FunctionTransformer(feature_names_out="one-to-one")
    return narrowed.set_params(**{step: identity}) if step else identity


def _inner_of_same_columns(estimator: Estimator, params: dict[str, Any]) -> list[str]:
    """Names of the inner estimators that receive the columns of X."""
    cls = type(estimator)
    if not cls.__module__.startswith("sklearn."):
        return []
    known = cls.__name__ in SAME_COLUMNS
    if cls.__name__ in ("BaggingClassifier", "BaggingRegressor"):
        # each member receives all columns
        known = type(estimator.max_features) is float and estimator.max_features == 1
    return [
        name
        for name, value in params.items()
        if known
        and "__" not in name
        and name not in OTHER_COLUMNS
        and _is_estimator(value)
    ]


def _followed(
    estimator: Estimator,
    params: dict[str, Any],
    name: str,
    columns: Array,
    names: Array,
) -> Any:
    """The value of a parameter for the kept columns; the same object if unchanged."""
    value, (outer, _, own) = params[name], name.rpartition("__")
    owner = params.get(outer, estimator) if outer else estimator
    if value is None:
        return value
    known, follow = _registered(owner, own)
    if known and follow is None or outer and follow is follow_each:
        # an inner step checks the number of values itself
        return value
    if follow is None:
        if _is_own(owner, own) or not _looks_like_columns(value, names):
            return value
        raise ValueError(
            f"{name}={value!r} of {type(estimator).__name__} seems to name columns, "
            "and columns of X are about to be removed. State how it refers to them: "
            f"sklprune.families.register_column_parameter({own!r}, ...), where the "
            "last argument is None if it does not."
        )
    try:
        followed = follow(value, columns, names)
    except NoColumns:
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"{name}={value!r} of {type(estimator).__name__} names columns, and cannot "
            f"be adapted to the kept columns: {str(error).rstrip('.')}. Set {name} to "
            "None, or prune another granularity."
        ) from error
    if outer and _refers_to_columns(follow, value, names):
        raise ValueError(
            f"{name}={value!r} of {type(estimator).__name__} names columns as an inner "
            "step sees them, and columns of X are about to be removed: it cannot "
            f"follow them. Set {name} to None, or prune another granularity."
        )
    return followed


def _refers_to_columns(follow: Follow, value: Any, names: Array) -> bool:
    """Whether a value contains columns, unlike a callable or a word such as "auto".

    Names of columns of X remain valid for a step that states columns by name.
    """
    if follow in BY_LABEL and not callable(value):
        named = [each["col"] for each in value] if follow is follow_mappings else value
        named = [named] if isinstance(named, str) else list(named)
        return not set(named) <= set(names)
    if not isinstance(value, str):
        return not callable(value)
    try:
        return bool(follow(value, np.array([], dtype=int), names) != value)
    except ValueError:
        return True


def _is_own(owner: Any, name: str) -> bool:
    """Whether a class of scikit-learn defines a parameter of an estimator."""
    return any(
        parent.__module__.startswith("sklearn.")
        and name in getattr(parent, "_get_param_names", list)()
        for parent in type(owner).__mro__
    )


def _looks_like_columns(value: Any, names: Array) -> bool:
    """Whether a value is like a list of columns, or like a mapping from columns.

    A tuple of integers is not: it is mostly a shape. Nor is a number, or a list of
    numbers with a fraction.
    """
    known = {name for name in names if isinstance(name, str)}
    if isinstance(value, dict):
        return bool(value) and all(key in known for key in value)
    if isinstance(value, np.ndarray) and value.ndim != 1:
        return False
    if not isinstance(value, (list, tuple, set, frozenset, np.ndarray)):
        return False
    items = entries_of(value)
    if items and all(isinstance(item, str) for item in items):
        return known.issuperset(items)
    if not items or isinstance(value, tuple):
        return False
    if all(isinstance(item, (bool, np.bool_)) for item in items):
        return len(items) == len(names)
    if all(isinstance(item, Integral) for item in items):
        return all(-len(names) <= item < len(names) for item in items)
    return all(_looks_like_columns(item, names) for item in items)


# -- models that cannot be fitted on fewer columns -------------------------------------


def _check_can_be_fitted(
    estimator: Estimator, params: dict[str, Any], name: str
) -> None:
    """Refuse a fitted model inside, and a selection of columns by position."""
    cls, value = type(estimator).__name__, params[name]
    # those of a list of steps are parameters too, and are checked by their names
    named = {id(each) for other, each in params.items() if other != name}
    for inner in _estimators_in(value):
        if inner is not value and id(inner) in named:
            continue
        if isinstance(inner, FrozenEstimator):
            raise ValueError(
                f"{name}=FrozenEstimator({type(inner.estimator).__name__}) of {cls} is "
                "frozen and cannot be fitted on fewer columns. Use the model without "
                "FrozenEstimator there, so that it is fitted again, or prune another "
                "granularity."
            )
        if isinstance(inner, ColumnTransformer) and _selects_by_position(inner):
            raise ValueError(
                f"{name} of {cls} is a ColumnTransformer that selects columns by "
                "position, as an inner step sees them, and columns of X are about to "
                "be removed. Select them by name, or make it the first step."
            )
    own = name.rpartition("__")[2]
    if (
        own == "cv"
        and isinstance(value, str)
        and value == "prefit"
        or (own == "prefit" and value is True)
    ):
        raise ValueError(
            f"{name}={value!r} of {cls} means that a model inside is fitted already, "
            "and it cannot be fitted on fewer columns. Let it be fitted with the "
            "whole, or prune another granularity."
        )


def _estimators_in(value: Any) -> Iterator[Any]:
    """A value that is an estimator, and the estimators in a list."""
    if _is_estimator(value):
        yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _estimators_in(each)


def _is_estimator(value: Any) -> bool:
    return hasattr(value, "get_params") and not isinstance(value, type)


def _selects_by_position(transformer: ColumnTransformer) -> bool:
    return any(
        isinstance(chosen, (Integral, slice))
        or not callable(chosen)
        and not isinstance(chosen, str)
        and any(isinstance(item, (Integral, np.bool_)) for item in chosen)
        for _, _, chosen in transformer.transformers
    )


def check_has_columns(estimator: Estimator, X: Any) -> None:
    """Refuse rows without columns, such as texts, and a single column of texts."""
    try:
        n_features = num_features(X)
    except TypeError as error:
        raise ValueError(
            f"X has no columns that could be removed: {_kind_of_rows(X)}. "
            f"{_advice_without_columns(estimator)}"
        ) from error
    if n_features == 1 and not sparse.issparse(X):
        (column,) = columns_of(X)
        if are_texts(column):
            raise ValueError(
                "X has no columns that could be removed: its only column contains "
                f"texts. {_advice_without_columns(estimator)}"
            )


def are_texts(X: Any) -> bool:
    """Whether rows are texts, judged by the first one."""
    if sparse.issparse(X):
        return False
    first = next(iter(X), None) if np.iterable(X) else None
    return isinstance(first, (str, bytes))


def _kind_of_rows(X: Any) -> str:
    row = next(iter(X), None) if np.iterable(X) else None
    if are_texts(X):
        return "its rows are texts"
    shape = getattr(X, "shape", ())
    if len(shape) == 1:
        return f"it has the shape {tuple(shape)}"
    return f"its rows are of type {type(row).__name__}"


def _advice_without_columns(estimator: Estimator) -> str:
    """What to do instead: prune the last step of a pipeline on what it receives."""
    core = type(family_of(estimator).core(estimator)).__name__
    if core == type(estimator).__name__:
        return "Pass a table with a column for each feature."
    return (
        f"To remove columns that {core} receives from the steps before it, prune this "
        f"step alone: make_pipeline(..., PrunedEstimator({core}())). To remove other "
        "units than columns, choose another method."
    )
