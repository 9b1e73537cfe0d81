"""Parameters that name columns, of this and of other packages, when columns go."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import KNNImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import validate_data

from sklprune import FeaturePruningSelector, PrunedEstimator, prune
from sklprune.families import _column_parameters, register_column_parameter
from sklprune.families._column_parameters import clone_for_columns

KEPT = np.array([0, 2, 3])
NAMES = np.array(list("abcde"), dtype=object)


class Boosting(ClassifierMixin, BaseEstimator):
    """A stand-in for a model of another package, with any parameters."""

    fits = 0

    def __init__(self, **params):
        self.params = params

    def get_params(self, deep=True):
        return dict(self.params)

    def set_params(self, **params):
        self.params |= params
        return self

    def __sklearn_clone__(self):
        return type(self)(**self.params)

    def fit(self, X, y, sample_weight=None):
        type(self).fits += 1
        validate_data(self, X, skip_check_array=True)
        self.model_ = LogisticRegression().fit(X, y, sample_weight)
        self.classes_ = self.model_.classes_
        self.names_ = list(getattr(X, "columns", []))
        return self

    def predict(self, X):
        return self.model_.predict(X)


@pytest.fixture
def registry(monkeypatch):
    """The registry, which is restored after a test."""
    monkeypatch.setattr(
        _column_parameters, "_FOLLOWS", dict(_column_parameters._FOLLOWS)
    )


def adapted(**params):
    ((name, _),) = params.items()
    return clone_for_columns(Boosting(**params), KEPT, NAMES).params[name]


@pytest.mark.parametrize(
    "name", ["categorical_feature", "cat_features", "categorical_features"]
)
@pytest.mark.parametrize(
    "value, expected",
    [
        ([3], [2]),
        ([1, 3, 0], [0, 2]),
        ((-2,), [2]),
        (np.array([2, 4]), [1]),
        (3, [2]),
        (["d", "b"], ["d"]),
        (("a", "c"), ["a", "c"]),
        ([True, True, False, True, False], [True, False, True]),
        ([1, 4], None),
        (["b"], None),
        ("0,1,3", "0,2"),
        ("name:a,b,d", "name:a,d"),
        ("name:b", None),
        ("a", "a"),
        ("auto", "auto"),
        ("from_dtype", "from_dtype"),
        (None, None),
        (len, len),
    ],
)
def test_lists_of_columns_are_adapted(name, value, expected):
    assert adapted(**{name: value}) == expected


@pytest.mark.parametrize("name", ["monotone_constraints", "monotonic_cst"])
@pytest.mark.parametrize(
    "value, expected",
    [
        ([1, 0, -1, 0, 1], [1, -1, 0]),
        ((1, 0, -1, 0, 1), (1, -1, 0)),
        ((0, 0, 1), (0, 1)),  # fewer values than columns
        ({"a": 1, "b": -1}, {"a": 1}),
        ({3: 1, 1: -1, -5: 1}, {2: 1, 0: 1}),
        ({"b": 1}, None),
        ("(1,0,-1,0,1)", "(1,-1,0)"),
        ("[1, 0, -1, 0, 1]", "[1,-1,0]"),
        ("1,0,-1,0,1", "1,-1,0"),
        ("a:1,b:-1,d:-1", "a:1,d:-1"),
        ("3:1,1:-1", "2:1"),
        ("b:1", None),
        (None, None),
        (len, len),
    ],
)
def test_values_of_columns_are_adapted(name, value, expected):
    assert adapted(**{name: value}) == expected


def test_an_array_of_values_remains_an_array():
    new = adapted(monotone_constraints=np.array([1, 0, -1, 0, 1]))
    np.testing.assert_array_equal(new, [1, -1, 0])


@pytest.mark.parametrize(
    "value, expected",
    [
        ([[0, 1, 3], [2]], [[0, 2], [1]]),
        ([{0, 1}, {2, 4}, {1, 4}], [{0}, {1}]),
        (((0, 2), (1,)), ((0, 1),)),
        ([["a", "b"], ["d", "e", "c"]], [["a"], ["d", "c"]]),
        ("[[0,1],[2,3]]", "[[0],[1,2]]"),
        ("[0,1],[2,3]", "[0],[1,2]"),
        ('[["a","b"],["c","d"]]', '[["a"],["c","d"]]'),
        (None, None),
        (len, len),
    ],
)
def test_groups_of_columns_are_adapted(value, expected):
    assert adapted(interaction_constraints=value) == expected
    assert adapted(interaction_cst=value) == expected


def test_groups_without_a_kept_column_are_an_error_where_none_means_no_limit():
    assert adapted(interaction_cst=[{1, 4}]) is None
    assert adapted(interaction_cst="pairwise") == "pairwise"
    with pytest.raises(ValueError, match="interaction_constraints=.*none of its colum"):
        adapted(interaction_constraints=[[1, 4]])


def test_further_parameters_of_other_packages_are_adapted():
    assert adapted(feature_types=["q", "c", "q", "c", "q"]) == ["q", "q", "c"]
    assert adapted(feature_weights={"a": 2.0, "b": 1.0}) == {"a": 2.0}
    assert adapted(per_float_feature_quantization=["1:x=1", "3:x=2"]) == ["2:x=2"]
    assert adapted(per_float_feature_quantization="3:x=2") == "2:x=2"
    assert adapted(ignored_features=[1, 2]) == [1]


@pytest.mark.parametrize("value", ["(1,up,0)", "{}", "1;2"])
def test_a_text_that_cannot_be_read_is_an_error(value):
    with pytest.raises(ValueError, match="monotone_constraints=.* cannot be adapted"):
        adapted(monotone_constraints=value)


# -- parameters that are not registered ------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        [3],
        [0, 1, 0, -1, 0],
        np.array([0, 2]),
        {1, 2},
        ["a", "d"],
        ("a", "d"),
        {"a": 1, "b": 2.5},
        [[0, 1], [2, 3]],
        [["a"], ["b", "c"]],
        [True, False, True, True, False],
    ],
)
def test_an_unknown_parameter_that_looks_like_columns_is_an_error(value):
    with pytest.raises(
        ValueError, match="special=.* of Boosting seems to name col.*'sp"
    ):
        adapted(special=value)


@pytest.mark.parametrize(
    "value",
    [
        (3, 2),
        [100, 50],
        [0.1, 0.2],
        3,
        "a",
        True,
        ["rmse"],
        {"depth": 3},
        {0: 1.0, 1: 2.0},
        {},
        [],
        [True, False],
        np.zeros((3, 3), dtype=int),
        [("a", LogisticRegression())],
        None,
        len,
    ],
)
def test_an_unknown_parameter_with_other_values_is_kept(value):
    assert adapted(special=value) is value


def test_lists_of_integers_that_are_known_to_be_no_columns_are_kept():
    for name in ("eval_at", "hidden_layer_sizes", "sampling_strategy"):
        assert adapted(**{name: [1, 3]}) == [1, 3]
    model = MLPClassifier([3, 2])  # a parameter of scikit-learn
    assert clone_for_columns(model, KEPT, NAMES).hidden_layer_sizes == [3, 2]

    class Own(MLPClassifier):
        pass

    assert clone_for_columns(Own([3, 2]), KEPT, NAMES).hidden_layer_sizes == [3, 2]


def test_the_error_is_raised_before_any_fit_and_only_if_columns_are_removed(binary):
    X, y = binary
    options = {"method": "permutation", "random_state": 0}
    model = Boosting(special=[3])
    Boosting.fits = 0
    for ratio in (0.5, "auto", [0.2, 0.4]):
        with pytest.raises(ValueError, match=r"special=\[3\]"):
            PrunedEstimator(model, pruning_ratio=ratio, **options).fit(X, y)
    with pytest.raises(ValueError, match=r"special=\[3\]"):
        FeaturePruningSelector(model, n_features_to_select=3).fit(X, y)
    assert Boosting.fits == 0
    fitted = PrunedEstimator(model, pruning_ratio=0.0, **options).fit(X, y)
    assert fitted.estimator_.params == {"special": [3]}


def test_a_value_is_in_range_of_the_columns_of_X(binary):
    X, y = binary
    model = Boosting(special=[30, 20])
    pruned = PrunedEstimator(model, method="permutation", pruning_ratio=0.5)
    assert pruned.fit(X, y).estimator_[-1].params == {"special": [30, 20]}


# -- the registry ----------------------------------------------------------------------


def test_a_registered_parameter_is_adapted(registry):
    register_column_parameter("special", "values")
    assert adapted(special=[1, 2, 3, 4, 5]) == [1, 3, 4]
    register_column_parameter("special", "columns")
    assert adapted(special=[3]) == [2]
    register_column_parameter("special", lambda value, columns, names: len(columns))
    assert adapted(special=5) == 3
    register_column_parameter("special", None)
    assert adapted(special=[3]) == [3]


def test_a_parameter_of_one_package_is_adapted_there_only(registry):
    package = Boosting.__module__.partition(".")[0]
    register_column_parameter(f"{package}.special", "columns")
    register_column_parameter("elsewhere.special", "values")
    assert adapted(special=[3]) == [2]
    register_column_parameter("special", "values")
    assert adapted(special=[3]) == [2]  # the name with a package has priority


def test_a_function_that_fails_gives_an_error_that_names_the_parameter(registry):
    def refuse(value, columns, names):
        raise ValueError("it is odd")

    register_column_parameter("special", refuse)
    with pytest.raises(ValueError, match="special=7 of Boosting .*: it is odd"):
        adapted(special=7)


@pytest.mark.parametrize("follow", ["column", 3, True])
def test_an_unknown_kind_is_refused(follow):
    with pytest.raises(ValueError, match=f"follow={follow!r}"):
        register_column_parameter("special", follow)


# -- the whole workflow ----------------------------------------------------------------


@pytest.mark.parametrize("frame", [False, True])
@pytest.mark.parametrize("frozen", [False, True])
def test_the_pruned_model_has_the_parameters_of_its_columns(binary, frame, frozen):
    X, y = binary
    if frame:
        X = pd.DataFrame(X, columns=list("abcdefgh"))
    model = Boosting(
        cat_features=[0, 1, 7],
        monotone_constraints=tuple(range(8)),
        interaction_constraints=[[0, 1, 2, 3], [4, 5, 6, 7]],
    )
    options = {"method": "permutation", "pruning_ratio": 0.5, "random_state": 0}
    if frozen:
        pruned = prune(clone(model).fit(X, y), X, y, **options)
    else:
        pruned = PrunedEstimator(model, **options).fit(X, y)
    kept = [int(i) for i in pruned.estimator_[0].transformers[0][2]]
    params = pruned.estimator_[-1].params
    assert params["monotone_constraints"] == tuple(kept)
    assert [kept[i] for i in params["cat_features"]] == [
        i for i in kept if i in (0, 1, 7)
    ]
    groups = [[kept[i] for i in group] for group in params["interaction_constraints"]]
    assert sorted(sum(groups, [])) == kept
    assert pruned.estimator_[-1].names_ == (list(X.columns[kept]) if frame else [])


CST = [1, 0, 0, 0, 0, 0, 0, 0]
HGB = HistGradientBoostingClassifier(max_iter=3, monotonic_cst=CST)


@pytest.mark.parametrize(
    "model, inner",
    [
        (VotingClassifier([("a", HGB)]), lambda m: m.estimators_[0]),
        (
            StackingClassifier([("a", HGB)], cv=2),
            lambda m: m.estimators_[0],
        ),
        (
            CalibratedClassifierCV(HGB, cv=2),
            lambda m: m.calibrated_classifiers_[0].estimator,
        ),
        (BaggingClassifier(HGB, 2), lambda m: m.estimators_[0]),
        (make_pipeline(HGB), lambda m: m[-1]),
        (make_pipeline("passthrough", HGB), lambda m: m[-1]),
        (make_pipeline(StandardScaler(), HGB), lambda m: m[-1]),
        (GridSearchCV(HGB, {"max_iter": [2]}, cv=2), lambda m: m),
        (
            VotingClassifier([("a", make_pipeline(HGB))]),
            lambda m: m.estimators_[0][-1],
        ),
    ],
    ids=lambda v: type(v).__name__ if hasattr(v, "fit") else "",
)
def test_parameters_of_inner_models_that_receive_the_columns_are_adapted(
    binary, model, inner
):
    X, y = binary
    pruned = PrunedEstimator(
        model, method="permutation", pruning_ratio=0.5, random_state=0
    ).fit(X, y)
    kept = pruned.estimator_[0].transformers[0][2]
    assert list(inner(pruned.estimator_[-1]).monotonic_cst) == [CST[i] for i in kept]


def test_parameters_of_a_regressor_with_transformed_target_are_adapted(regression):
    X, y = regression
    model = HistGradientBoostingRegressor(max_iter=3, monotonic_cst=[1, 0, 0, 0, 0, 0])
    pruned = PrunedEstimator(
        TransformedTargetRegressor(model), method="permutation", pruning_ratio=0.5
    ).fit(X, y)
    assert len(pruned.estimator_[-1].regressor_.monotonic_cst) == 3


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(KNNImputer(), HGB),
        BaggingClassifier(HGB, 2, max_features=0.9),
        StackingClassifier([("a", LogisticRegression())], HGB, cv=2, passthrough=True),
        make_pipeline(StandardScaler(), Boosting(special=[1])),
        make_pipeline(
            StandardScaler(),
            ColumnTransformer([("a", "passthrough", [0, 1])]),
            LogisticRegression(),
        ),
    ],
    ids=lambda model: type(model).__name__,
)
def test_parameters_of_a_model_that_receives_other_columns_are_an_error(binary, model):
    X, y = binary
    fits = Boosting.fits
    with pytest.raises(ValueError, match="columns of X are about to be removed"):
        PrunedEstimator(model, method="permutation", pruning_ratio=0.5).fit(X, y)
    assert Boosting.fits == fits


def test_a_column_transformer_inside_a_union_is_adapted(binary):
    X, y = binary
    part = ColumnTransformer([("one", "passthrough", [7, 0])])
    model = make_pipeline(
        FeatureUnion([("a", part), ("b", StandardScaler())]), clone(HGB)
    )
    model[-1].monotonic_cst = None
    pruned = PrunedEstimator(
        model, method="permutation", pruning_ratio=0.5, random_state=0
    ).fit(X, y)
    kept = pruned.estimator_[0].transformers[0][2]
    ((_, _, chosen),) = pruned.estimator_[-1][0].transformer_list[0][1].transformers
    assert [kept[i] for i in chosen] == [i for i in kept if i in (0, 7)]


def test_an_object_of_sklprune_inside_is_adapted_after_its_fit(binary):
    X, y = binary
    frozen = FrozenEstimator(LogisticRegression().fit(X, y))
    inner = FeaturePruningSelector(frozen, n_features_to_select=4, always_keep=[7])
    model = make_pipeline(inner, LogisticRegression())
    pruned = PrunedEstimator(model, method="permutation", pruning_ratio=0.5)
    assert "sklprune" not in repr(pruned.fit(X, y).estimator_)
    assert len(pruned.estimator_[0].transformers[0][2]) == 4


# -- LightGBM --------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("as_text", [False, True])
def test_constraints_and_categories_of_lightgbm_are_adapted(as_text):
    lightgbm = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 40, 600)
    X = np.c_[rng.normal(size=(600, 3)), codes]
    y = (rng.permutation(40)[codes] % 2 * 2 - 1 + 0.5 * X[:, 1] > 0).astype(int)

    def model(**params):
        return lightgbm.LGBMClassifier(
            n_estimators=10,
            num_leaves=4,
            verbose=-1,
            n_jobs=1,
            random_state=0,
            **params,
        )

    pruned = PrunedEstimator(
        model(
            categorical_feature="3" if as_text else [3],
            interaction_constraints="[0,1],[2,3]" if as_text else [[0, 1], [2, 3]],
        ),
        method="permutation",
        pruning_ratio=0.5,
        random_state=0,
    ).fit(X, y)
    kept = pruned.estimator_[0].transformers[0][2]
    assert 3 in kept
    new = kept.index(3)
    params = pruned.estimator_[-1].get_params()
    assert params["categorical_feature"] == (str(new) if as_text else [new])
    expected = model(
        categorical_feature=[new], interaction_constraints=[[1 - new], [new]]
    ).fit(X[:, kept], y)
    assert pruned.score(X, y) > 0.9
    np.testing.assert_array_equal(pruned.predict(X), expected.predict(X[:, kept]))
