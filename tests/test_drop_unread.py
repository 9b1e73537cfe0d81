"""`drop_unread=True` removes columns that nothing reads; predictions stay identical."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_selector,
)
from sklearn.datasets import make_classification
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.feature_selection import (
    RFE,
    SelectFdr,
    SelectKBest,
    SelectPercentile,
    VarianceThreshold,
    chi2,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Lasso, LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from sklprune._unread import without_unread

N, WIDTH = 150, 16


def few_columns():
    """A model that reads few of its columns."""
    return LinearSVC(C=0.02, penalty="l1", dual=False)


@pytest.fixture(scope="module")
def table():
    X, y = make_classification(
        N, WIDTH, n_informative=3, n_redundant=0, class_sep=2.0, random_state=0
    )
    return pd.DataFrame(X, columns=[f"c{i}" for i in range(WIDTH)]), y


@pytest.fixture(scope="module")
def texts(table):
    rng = np.random.RandomState(0)
    words = np.where(table[1], "good", "bad")
    others = [" ".join(f"w{i}" for i in rng.randint(0, 60, 12)) for _ in range(N)]
    return np.array([f"{word} {text}" for word, text in zip(words, others)])


MODELS = {
    "linear": few_columns(),
    "tree": DecisionTreeClassifier(max_depth=2),
    "forest": RandomForestClassifier(3, max_depth=2, random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=3, max_depth=2),
    "hist boosting": HistGradientBoostingClassifier(max_iter=2, max_leaf_nodes=4),
    "scaler": make_pipeline(StandardScaler(), few_columns()),
    "scalers": make_pipeline(
        MinMaxScaler(), RobustScaler(), MaxAbsScaler(), StandardScaler(), few_columns()
    ),
    "quantiles": make_pipeline(
        QuantileTransformer(n_quantiles=9), PowerTransformer(), few_columns()
    ),
    "imputer": make_pipeline(SimpleImputer(add_indicator=True), few_columns()),
    "selector": make_pipeline(SelectKBest(k=9), StandardScaler(), few_columns()),
    "selectors": make_pipeline(
        VarianceThreshold(), SelectPercentile(percentile=90), SelectFdr(), few_columns()
    ),
    "elimination": make_pipeline(
        RFE(Lasso(0.01), n_features_to_select=8), few_columns()
    ),
    "nested": make_pipeline(
        StandardScaler(), make_pipeline(MinMaxScaler(), few_columns())
    ),
    "functions": make_pipeline(
        FunctionTransformer(np.abs), FunctionTransformer(), few_columns()
    ),
    "union": make_pipeline(
        FeatureUnion([("a", StandardScaler()), ("b", MinMaxScaler())]), few_columns()
    ),
    "target": TransformedTargetRegressor(make_pipeline(StandardScaler(), Lasso(0.1))),
}


def responses(model, X):
    names = ("predict", "predict_proba", "decision_function")
    return [getattr(model, name)(X) for name in names if hasattr(model, name)]


def assert_same_predictions(first, second, X, other=None):
    for before, after in zip(
        responses(first, X), responses(second, X if other is None else other)
    ):
        if before.dtype.kind == "f":
            np.testing.assert_allclose(before, after, rtol=1e-9, atol=1e-12)
        else:
            np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("kind", ["frame", "array"])
@pytest.mark.parametrize("name", MODELS)
def test_only_columns_that_are_read_are_needed(table, name, kind):
    frame, y = table
    if name == "imputer":
        frame = frame.mask(np.random.RandomState(0).rand(*frame.shape) < 0.05)
    X = frame if kind == "frame" else frame.to_numpy()
    model = MODELS[name].fit(X, y)
    smaller, unread = without_unread(model, X)
    assert not unread.kept and smaller is not model
    assert smaller.n_features_in_ == WIDTH
    assert_same_predictions(model, smaller, X)
    positions = smaller[0].transformers_[0][2]
    assert 0 < len(positions) < WIDTH
    other = X.copy()
    (other.iloc if kind == "frame" else other)[
        :, np.setdiff1d(np.arange(WIDTH), positions)
    ] = 1e5
    if name not in ("quantiles",):  # the large values are outside of its range
        assert_same_predictions(model, smaller, X, other)
    if kind == "frame":
        assert_same_predictions(model, smaller, X, X.iloc[:, positions])
    # nothing is left to remove
    assert without_unread(smaller, X)[0] is smaller


def test_steps_become_smaller(table):
    X, y = table
    model = make_pipeline(
        SimpleImputer(), StandardScaler(), SelectKBest(k=9), few_columns()
    )
    smaller = without_unread(model.fit(X, y), X)[0]
    imputer, scaler, selector, last = (step for _, step in smaller[-1].steps)
    n_read = np.count_nonzero(model[-1].coef_)
    assert len(imputer.statistics_) == len(scaler.mean_) == n_read
    assert len(selector.scores_) == last.coef_.size == n_read
    assert last.n_features_in_ == imputer.n_features_in_ == n_read
    # the given model has not changed
    assert model[0].statistics_.size == WIDTH and model[-1].n_features_in_ == 9


def test_sparse_rows(table):
    X = sparse.csr_matrix(table[0].clip(lower=0).to_numpy())
    model = make_pipeline(MaxAbsScaler(), few_columns()).fit(X, table[1])
    smaller, unread = without_unread(model, X)
    assert unread.names
    assert_same_predictions(model, smaller, X)


# -- column transformers -------------------------------------------------------


@pytest.fixture
def mixed(table):
    frame, y = table
    rng = np.random.RandomState(0)
    return frame.assign(
        letter=rng.choice(list("abcdefg"), N),
        side=np.where(y, "left", "right"),
        size=rng.choice(["small", "large"], N),
    ), y


def encoded(handle_unknown, numbers=("c0", "c1", "c2")):
    return ColumnTransformer(
        [
            ("number", make_pipeline(SimpleImputer(), StandardScaler()), list(numbers)),
            ("letter", OneHotEncoder(handle_unknown=handle_unknown), ["letter"]),
            ("side", OneHotEncoder(handle_unknown=handle_unknown), ["side"]),
            ("size", OrdinalEncoder(), ["size"]),
            ("not", "drop", ["c3"]),
        ]
    )


def test_a_column_transformer_loses_its_transformers(mixed):
    X, y = mixed
    model = make_pipeline(encoded("ignore"), few_columns()).fit(X, y)
    smaller, unread = without_unread(model, X)
    assert [name for name, *_ in smaller[0].transformers_] == ["side"]
    assert [name for name, *_ in smaller[0].transformers] == ["side"]
    assert list(smaller[0].get_feature_names_out()) == list(
        model[0].get_feature_names_out()[model[-1].coef_[0] != 0]
    )
    assert "number__c0" in unread.names
    assert_same_predictions(model, smaller, X)
    assert_same_predictions(model, smaller, X, X[["side"]])
    assert_same_predictions(model, smaller, X, X.assign(letter="new"))
    # a clone reads the same columns
    again = Pipeline(smaller.steps).fit(X[["side"]], y)
    assert again.score(X[["side"]], y) == model.score(X, y)


def test_a_category_is_lost_if_unknown_ones_give_zeros(mixed):
    X, _ = mixed
    y = (X["letter"] == "c").to_numpy()
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), few_columns())
    X = X[["letter", "size"]]
    smaller = without_unread(model.fit(X, y), X)[0]
    assert [list(known) for known in smaller[-1][0].categories_] == [["c"]]
    assert_same_predictions(model, smaller, X)
    assert_same_predictions(model, smaller, X.assign(letter="new"))


@pytest.mark.parametrize("drop", [None, "first", "if_binary"])
def test_all_categories_are_kept_if_unknown_ones_are_errors(mixed, drop):
    X, _ = mixed
    y = (X["letter"] == "c").to_numpy()
    model = make_pipeline(OneHotEncoder(drop=drop), few_columns())
    X = X[["size", "letter"]]
    smaller, unread = without_unread(model.fit(X, y), X)
    assert [len(known) for known in smaller[-1][0].categories_] == [7]
    assert "OneHotEncoder" in unread.kept[0] and "categor" in unread.kept[0]
    assert_same_predictions(model, smaller, X)
    with pytest.raises(ValueError, match="unknown categories"):
        smaller.predict(X.assign(letter="new"))


@pytest.mark.parametrize("first", [None, StandardScaler()])
def test_columns_by_position_and_a_remainder(table, first):
    X = table[0].to_numpy()
    columns = ColumnTransformer(
        [("a", MinMaxScaler(), [1, 0, 3]), ("b", StandardScaler(), slice(2, 9))],
        remainder="passthrough",
    )
    last = few_columns().set_params(C=0.002)
    model = make_pipeline(first or "passthrough", columns, last).fit(X, table[1])
    smaller, unread = without_unread(model, X)
    assert unread.names
    assert_same_predictions(model, smaller, X)
    kept = np.flatnonzero(model[-1].coef_[0])
    names = model[1].get_feature_names_out(
        None if first is None else [f"x{i}" for i in range(WIDTH)]
    )
    assert set(names[kept]).isdisjoint(unread.names)


@pytest.mark.parametrize("name", ["scalers", "imputer", "selector", "quantiles"])
def test_steps_that_return_frames(table, name):
    X, y = table
    if name == "imputer":
        X = X.mask(np.random.RandomState(0).rand(*X.shape) < 0.05)
    model = clone(MODELS[name]).set_output(transform="pandas").fit(X, y)
    smaller, unread = without_unread(model, X)
    assert unread.names and not unread.kept
    assert_same_predictions(model, smaller, X)
    before = [str(each) for each in model[:-1].get_feature_names_out()]
    after = [str(each) for each in smaller[-1][:-1].get_feature_names_out()]
    assert after == [name for name in before if name not in unread.names]


def test_callable_columns(mixed):
    X, y = mixed
    columns = ColumnTransformer(
        [
            ("number", StandardScaler(), make_column_selector(dtype_include="number")),
            ("word", OneHotEncoder(), make_column_selector(dtype_exclude="number")),
        ]
    )
    model = make_pipeline(columns, few_columns()).fit(X, y)
    smaller = without_unread(model, X)[0]
    assert_same_predictions(model, smaller, X)
    assert "c5" not in smaller[0].transformers_[0][2]


# -- texts ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "vectorizer",
    [
        CountVectorizer(),
        CountVectorizer(ngram_range=(1, 2), vocabulary=["good", "bad", "w1", "w1 w2"]),
        TfidfVectorizer(norm=None),
        make_pipeline(CountVectorizer(), TfidfTransformer(norm=None)),
        make_pipeline(CountVectorizer(), SelectKBest(chi2, k=40)),
        FeatureUnion(
            [("words", CountVectorizer()), ("pairs", CountVectorizer(analyzer="char"))]
        ),
    ],
    ids=["counts", "pairs of words", "idf", "counts and idf", "best", "union"],
)
def test_terms_are_removed_from_the_vocabulary(table, texts, vectorizer):
    y = table[1]
    model = make_pipeline(
        *(
            [step for _, step in vectorizer.steps]
            if isinstance(vectorizer, Pipeline)
            else [vectorizer]
        ),
        few_columns(),
    ).fit(texts, y)
    smaller, unread = without_unread(model, texts)
    n_read = np.count_nonzero(model[-1].coef_)
    assert [type(step) for _, step in smaller.steps] == [
        type(step) for _, step in model.steps
    ]
    assert smaller[-1].coef_.size == n_read
    vocabulary = getattr(smaller[0], "vocabulary_", None)
    assert vocabulary is None or len(vocabulary) == n_read
    assert_same_predictions(model, smaller, texts)


def test_a_text_column_among_others(mixed, texts):
    X, y = mixed
    X = X.assign(text=texts)
    columns = ColumnTransformer(
        [("text", CountVectorizer(), "text"), ("number", StandardScaler(), ["c0"])]
    )
    model = make_pipeline(columns, few_columns()).fit(X, y)
    smaller = without_unread(model, X)[0]
    assert_same_predictions(model, smaller, X, X[["text"]])
    assert set(smaller[0].transformers_[0][1].vocabulary_) <= {"good", "bad"}


@pytest.mark.parametrize(
    "step, reason",
    [
        (TfidfVectorizer(), "norm over all terms"),
        (HashingVectorizer(n_features=64), "may combine columns"),
    ],
)
def test_texts_whose_terms_cannot_be_lost(table, texts, step, reason):
    model = make_pipeline(step, few_columns()).fit(texts, table[1])
    smaller, unread = without_unread(model, texts)
    assert smaller is model and unread.names == ()
    assert reason in unread.kept[0]


# -- what cannot be removed ----------------------------------------------------


@pytest.mark.parametrize(
    "step",
    [PCA(4), FunctionTransformer(lambda X: X[:, ::-1])],
)
def test_steps_that_mix_columns_keep_them(table, step):
    X = table[0].to_numpy()
    model = make_pipeline(StandardScaler(), step, few_columns()).fit(X, table[1])
    smaller, unread = without_unread(model, X)
    assert smaller is model
    assert f"{type(step).__name__} may combine columns" in unread.kept


class Doubled(StandardScaler):
    """Changes the columns in an order that sklprune does not know."""

    def transform(self, X):
        return super().transform(X)[:, ::-1]


def test_a_subclass_that_overrides_transform_keeps_its_columns(table):
    X = table[0].to_numpy()
    model = make_pipeline(Doubled(), few_columns()).fit(X, table[1])
    assert without_unread(model, X)[0] is model


def test_a_model_that_reads_all_columns_is_returned_itself(table):
    X, y = table
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    smaller, unread = without_unread(model, X)
    assert smaller is model and not unread.names and not unread.kept


def test_a_model_of_the_intercept_keeps_one_column(table):
    X, y = table
    model = LinearSVC(C=1e-6, penalty="l1", dual=False).fit(X, y)
    smaller = without_unread(model, X)[0]
    assert smaller[-1].n_features_in_ == 1
    assert_same_predictions(model, smaller, X)


@pytest.mark.parametrize("max_features", [1.0, 3])
def test_members_of_bagging_lose_their_columns(table, max_features):
    X, y = table
    model = BaggingClassifier(
        DecisionTreeClassifier(max_depth=1),
        n_estimators=5,
        max_features=max_features,
        random_state=0,
    ).fit(X, y)
    pipeline = make_pipeline(StandardScaler(), clone(model)).fit(X, y)
    for each in (model, pipeline):
        smaller, unread = without_unread(each, X)
        assert unread.names
        assert_same_predictions(each, smaller, X)


def test_members_that_are_no_trees_keep_their_columns(table):
    X, y = table
    model = make_pipeline(StandardScaler(), BaggingClassifier(few_columns(), 3))
    assert without_unread(model.fit(X, y), X)[0] is model
