"""Columns of X are removed from a pipeline whose first steps are fitted once.

The result must be that of a pipeline that is fitted again on the kept columns.
"""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)

from sklprune import PrunedEstimator, prune
from sklprune._opening import open_model
from sklprune._registry import family_of
from sklprune._units import Task
from sklprune.methods import Method

#: whether KBinsDiscretizer asks for a method
IS_NEW = "quantile_method" in KBinsDiscretizer().get_params()
NUMBERS, COLOURS = ["a", "b", "c", "d"], ["u", "v"]
#: in this order the columns are kept: the first ones longest
ORDER = ["u", "b", "text", "d", "a", "v", "c", "day"]


class InOrder(Method):
    """Keeps columns in a fixed order, on the whole pipeline or on the model inside."""

    granularity = "feature"

    def __init__(self, *, takes_blocks=True):
        self.takes_blocks = takes_blocks

    def score(self, family, estimator, units, task):
        names = [str(name) for name in units.where.names]
        order = [
            ORDER.index(name) if name in ORDER else int(name[1:]) for name in names
        ]
        return -np.array(order, dtype=float)


def mixed_rows():
    """A frame of numbers with missing values, categories and texts, and two classes."""
    rng = np.random.default_rng(0)
    n = 120
    frame = pd.DataFrame(rng.normal(size=(n, 4)), columns=NUMBERS)
    frame["u"] = rng.choice(["red", "green", "blue"], n)
    frame["v"] = rng.choice(["x", "y", "z"], n)
    frame["text"] = [
        " ".join(rng.choice(["one", "two", "three", "four", "five"], 4))
        for _ in range(n)
    ]
    frame["day"] = rng.integers(1, 8, n)
    y = frame["b"] + (frame["u"] == "red") + frame["d"] > 0.3
    frame.loc[::7, "b"] = np.nan
    return frame, y.to_numpy().astype(int)


@pytest.fixture(scope="module")
def table():
    return mixed_rows()


def numbers(*steps):
    return ("numbers", make_pipeline(SimpleImputer(), *steps), NUMBERS)


def colours(**params):
    encoder = OneHotEncoder(handle_unknown="ignore", **params)
    return ("colours", encoder, COLOURS)


def pipeline(*parts, last=None, **params):
    first = ColumnTransformer(list(parts), **params)
    return make_pipeline(first, last or LogisticRegression())


def log_of_squares(X):
    return np.log1p(np.square(X))


def share_of_row(X):
    return X / np.abs(X).sum(axis=1, keepdims=True)


ONE_TO_ONE = {"feature_names_out": "one-to-one"}
TEXT = ("text", TfidfVectorizer(), "text")
TOPICS = make_pipeline(CountVectorizer(), TruncatedSVD(2, random_state=0))
UNION = FeatureUnion([("z", StandardScaler()), ("unit", MinMaxScaler())])
ANY_MISSING = MissingIndicator(features="all")
QUANTILES = {"quantile_method": "averaged_inverted_cdf"} if IS_NEW else {}
APART = {
    "scaled and one-hot": pipeline(numbers(StandardScaler()), colours()),
    "dropped categories": pipeline(
        numbers(), ("colours", OneHotEncoder(drop="first"), COLOURS)
    ),
    "rare categories": pipeline(numbers(), colours(min_frequency=30)),
    "known categories": pipeline(
        numbers(), colours(categories=[["red", "green"], ["x", "y"]])
    ),
    "indicators": pipeline(
        ("numbers", SimpleImputer(add_indicator=True), NUMBERS), colours()
    ),
    "texts": pipeline(numbers(), TEXT),
    "topics of texts": pipeline(numbers(), ("topics", TOPICS, "text")),
    "remainder": pipeline(
        numbers(), colours(), ("no", "drop", ["text"]), remainder="passthrough"
    ),
    "remainder is scaled": pipeline(
        numbers(), colours(), ("no", "drop", "text"), remainder=StandardScaler()
    ),
    "columns by type": pipeline(
        (
            "numbers",
            make_pipeline(SimpleImputer(), RobustScaler()),
            make_column_selector(dtype_include="number"),
        ),
        colours(),
    ),
    "columns by position": pipeline(
        ("numbers", SimpleImputer(), slice(0, 4)),
        ("colours", OneHotEncoder(), [False] * 4 + [True, True, False, False]),
        ("day", "passthrough", [-1]),
    ),
    "function": pipeline(
        numbers(FunctionTransformer(log_of_squares, **ONE_TO_ONE)), colours()
    ),
    "ufunc": pipeline(numbers(MinMaxScaler(), FunctionTransformer(np.sqrt)), colours()),
    "union": pipeline(numbers(UNION), colours()),
    "bins": pipeline(numbers(KBinsDiscretizer(3, **QUANTILES)), colours()),
    "codes of bins": pipeline(
        numbers(KBinsDiscretizer(3, encode="ordinal", **QUANTILES))
    ),
    "splines": pipeline(numbers(SplineTransformer(3, include_bias=False)), colours()),
    "indicators alone": pipeline(
        ("numbers", FeatureUnion([("i", SimpleImputer()), ("m", ANY_MISSING)]), NUMBERS)
    ),
    "quantiles": pipeline(numbers(QuantileTransformer(n_quantiles=20)), colours()),
    "powers": pipeline(numbers(PowerTransformer()), colours()),
    "constant columns": make_pipeline(
        ColumnTransformer([numbers(), colours(sparse_output=False)]),
        VarianceThreshold(1e-3),
        LogisticRegression(),
    ),
    "pipeline inside": make_pipeline(
        ColumnTransformer([numbers(), colours()], sparse_threshold=0),
        make_pipeline(StandardScaler(), LogisticRegression()),
    ),
    "components of scaled columns": make_pipeline(
        ColumnTransformer([numbers(), colours()], sparse_threshold=0),
        StandardScaler(),
        PCA(2),
        LogisticRegression(),
    ),
    "nothing before the model": Pipeline(
        [("no", "passthrough"), ("model", HistGradientBoostingClassifier(max_iter=3))]
    ),
}
MIXED = {
    "components": pipeline(numbers(PCA(1)), colours()),
    "products": pipeline(numbers(PolynomialFeatures()), colours()),
    "neighbours": pipeline(("numbers", KNNImputer(), NUMBERS), colours()),
    "selected by y": pipeline(numbers(SelectKBest(k=1)), colours()),
    "function that mixes": pipeline(
        numbers(FunctionTransformer(share_of_row, **ONE_TO_ONE)), colours()
    ),
}


#: pipelines whose steps name the columns that they make
NAMED = ["scaled and one-hot", "indicators", "texts", "remainder", "union", "function"]


def shown(model):
    return re.sub(" at 0x[0-9a-f]+", "", repr(model))


def rows_for(name, table):
    X, y = table
    return (X[NUMBERS] if name == "nothing before the model" else X), y


def opened(model, X, y):
    fitted = clone(model).fit(X, y)
    return open_model(fitted, Task(X, y), InOrder())


def compared(model, X, y, ratio, **params):
    """The result of opening a pipeline, and that of fitting it as a whole."""
    one, other = (
        PrunedEstimator(
            model,
            method=InOrder(takes_blocks=takes_blocks),
            pruning_ratio=ratio,
            random_state=0,
            **params,
        ).fit(X, y)
        for takes_blocks in (True, False)
    )
    np.testing.assert_array_equal(one.support_, other.support_)
    for name in ("predict", "predict_proba"):
        if hasattr(one, name):
            np.testing.assert_allclose(
                getattr(one, name)(X), getattr(other, name)(X), rtol=1e-5, atol=1e-7
            )
    return one, other


#: each pipeline at one of two ratios; the other one is slow
AT_RATIOS = [
    pytest.param(name, ratio, marks=[pytest.mark.slow] * ((i + j) % 2))
    for i, name in enumerate(APART)
    for j, ratio in enumerate((0.4, 0.8))
]


@pytest.mark.parametrize(("name", "ratio"), AT_RATIOS)
def test_the_result_is_that_of_a_fit_on_the_kept_columns(table, name, ratio):
    X, y = rows_for(name, table)
    assert opened(APART[name], X, y).column_wrappers
    one, other = compared(APART[name], X, y, ratio)
    assert shown(one.estimator_) == shown(other.estimator_)
    kept = X.columns[one.support_]
    inside = one.estimator_[-1]
    # only the kept columns are needed, and the parameters are those for them
    np.testing.assert_array_equal(inside.predict(X[kept]), one.predict(X))
    again = clone(inside).fit(X[kept], y)
    np.testing.assert_allclose(again.predict(X[kept]), one.predict(X))
    names = [
        list(model[:-1].get_feature_names_out(kept))
        for model in (inside, other.estimator_[-1])
        if name in NAMED
    ]
    assert names[:1] == names[1:]


@pytest.mark.parametrize("name", MIXED)
def test_steps_that_mix_columns_are_fitted_again(table, name):
    X, y = table
    assert not opened(MIXED[name], X, y).column_wrappers
    compared(MIXED[name], X, y, 0.5)


def test_only_the_steps_that_mix_columns_belong_to_the_model(table):
    X, y = table
    model = APART["components of scaled columns"]
    inside = opened(model, X, y).model
    assert [type(step) for step in inside] == [PCA, LogisticRegression]


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_frames_between_the_steps(table, kind, request):
    if kind == "polars":
        request.getfixturevalue("polars")
    X, y = table
    model = pipeline(
        numbers(StandardScaler()),
        colours(sparse_output=False),
        ("day", "passthrough", ["day"]),
    ).set_output(transform=kind)
    one, other = compared(model, X, y, 0.5)
    inside = one.estimator_[-1]
    assert type(inside[0].transform(X)).__module__.startswith(kind)
    assert list(inside[-1].feature_names_in_) == list(
        other.estimator_[-1][-1].feature_names_in_
    )


def test_polars_frames_are_kept(table, polars):
    X, y = table
    X = polars.from_pandas(X)
    model = pipeline(numbers(), colours())
    one, _ = compared(model, X, y, 0.5)
    kept = [name for name, keep in zip(X.columns, one.support_) if keep]
    np.testing.assert_array_equal(one.predict(X.select(kept)), one.predict(X))


def test_dtypes_of_a_frame_reach_the_steps(table):
    X, y = table
    X = X.astype({"u": "category", "day": "Int64"})
    model = pipeline(
        ("numbers", "passthrough", ["b", "day"]),
        ("colours", "passthrough", ["u"]),
        last=HistGradientBoostingClassifier(max_iter=3),
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    one, _ = compared(model, X, y, 0.7)
    assert str(one.estimator_[0].transform(X).dtypes["u"]) == "category"


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix, sparse.csc_array])
def test_arrays_and_sparse_matrices(container):
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(80, 6)) * (rng.random((80, 6)) < 0.6)
    y = (dense[:, 1] + dense[:, 4] > 0).astype(int)
    X = container(dense)
    model = make_pipeline(MaxAbsScaler(), LogisticRegression())
    assert opened(model, X, y).column_wrappers
    one, other = compared(model, X, y, 0.5)
    assert repr(one.estimator_) == repr(other.estimator_)
    assert one.estimator_[-1][0].scale_.shape == (3,)


def test_a_pruned_pipeline_is_pruned_again_without_nesting(table):
    X, y = table
    model = APART["scaled and one-hot"]
    once = PrunedEstimator(model, method=InOrder(), pruning_ratio=0.4).fit(X, y)
    frozen = once.estimator_
    assert opened(frozen, X, y).column_wrappers
    results = [
        prune(frozen, X, y, method=InOrder(takes_blocks=blocks), pruning_ratio=0.4)
        for blocks in (True, False)
    ]
    one, other = (result.estimator_ for result in results)
    assert repr(one) == repr(other)
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), rtol=1e-5)


@pytest.mark.parametrize("rule", ["one_se", "tolerance"])
def test_the_same_number_of_columns_is_chosen(table, rule):
    X, y = table
    model = APART["scaled and one-hot"]
    one, other = compared(model, X, y, [0.3, 0.5, 0.8], rule=rule, cv=3)
    assert one.pruning_ratio_ == other.pruning_ratio_
    for name in ("units", "parameters", "score_mean", "score_se"):
        np.testing.assert_allclose(one.path_.frame()[name], other.path_.frame()[name])


def test_every_model_on_the_path_is_a_whole_pipeline(table):
    X, y = table
    ratios = [0.3, 0.5, 0.8]
    model = APART["scaled and one-hot"]
    pruned, _ = compared(model, X, y, ratios, store_path=True, cv=3)
    for ratio in ratios:
        single = PrunedEstimator(
            model, method=InOrder(), pruning_ratio=ratio, random_state=0
        ).fit(X, y)
        np.testing.assert_array_equal(
            pruned.path_.at(ratio).predict_proba(X), single.predict_proba(X)
        )


def test_weights_reach_the_last_step(table):
    X, y = table
    weight = np.where(X["day"] > 3, 3.0, 0.5)
    results = [
        PrunedEstimator(
            APART["scaled and one-hot"],
            method=InOrder(takes_blocks=blocks),
            pruning_ratio=0.5,
        )
        .fit(X, y, sample_weight=weight)
        .predict_proba(X)
        for blocks in (True, False)
    ]
    np.testing.assert_allclose(*results, rtol=1e-5)


def test_a_fitted_pipeline_keeps_its_fitted_steps(table):
    X, y = table
    model = clone(APART["scaled and one-hot"]).fit(X, y)
    small = prune(model, X[:60], y[:60], method=InOrder(), pruning_ratio=0.5)
    scaler = small.estimator_[-1][0].named_transformers_["numbers"][-1]
    of_all = model[0].named_transformers_["numbers"][-1]
    kept = np.isin(NUMBERS, X.columns[small.support_])
    np.testing.assert_array_equal(scaler.mean_, of_all.mean_[kept])


def test_the_steps_of_the_given_pipeline_are_not_changed(table):
    X, y = table
    model = clone(APART["union"]).fit(X, y)
    before = model.predict_proba(X)
    prune(model, X, y, method=InOrder(), pruning_ratio=0.7)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert list(model.feature_names_in_) == list(X.columns)


def test_steps_become_smaller(table):
    X, y = table
    pruned = PrunedEstimator(
        APART["scaled and one-hot"], method=InOrder(), pruning_ratio=0.7
    ).fit(X, y)
    first = pruned.estimator_[-1][0]
    assert first.named_transformers_["numbers"][0].statistics_.shape == (1,)
    assert len(first.named_transformers_["colours"].categories_) == 1


def test_parameters_of_the_last_step_follow_its_columns(table):
    X, y = table
    model = pipeline(
        ("codes", OrdinalEncoder(), COLOURS),
        ("numbers", "passthrough", NUMBERS),
        last=HistGradientBoostingClassifier(
            max_iter=3, categorical_features=[0, 1], monotonic_cst=[0, 0, 0, 1, 0, 0]
        ),
    )
    pruned = PrunedEstimator(model, method=InOrder(), pruning_ratio=0.7).fit(X, y)
    # "u" and "b" are kept
    last = pruned.estimator_[-1][-1]
    assert last.categorical_features == [0]
    assert last.monotonic_cst == [0, 1]


def test_the_report_states_which_steps_were_fitted_again(table):
    X, y = table
    once = "transformed apart by columntransformer, standardscaler, fitted once"
    again = "again for each number of columns: pca, logisticregression"
    all_steps = "All steps were fitted again.*since columntransformer may mix columns"
    for name, model, notes in (
        ("components of scaled columns", APART, (once, again)),
        ("components", MIXED, (all_steps,)),
        ("nothing before the model", APART, ()),
    ):
        rows = rows_for(name, table)[0]
        pruned = PrunedEstimator(model[name], method=InOrder(), pruning_ratio=0.5)
        report = str(pruned.fit(rows, y).report_)
        assert report.startswith("Pipeline: ")
        assert all(re.search(note, report) for note in notes)
        assert ("fitted again" in report.lower()) == bool(notes)


@pytest.mark.parametrize("name", [*APART, *MIXED])
def test_it_is_known_before_a_fit_whether_all_steps_act_apart(name):
    mixed = [
        *(each for each in MIXED if each != "function that mixes"),
        "components of scaled columns",
    ]
    model = {**APART, **MIXED}[name]
    assert family_of(model).opens_columns(model) == (name not in mixed)
