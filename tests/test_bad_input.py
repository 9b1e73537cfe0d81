"""Errors of bad input name the parameter, its value, and what is allowed."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from sklprune import (
    FeaturePruningSelector,
    PrunedEstimator,
    permutation_importance,
    prune,
)
from sklprune.methods import (
    Permutation,
)
from sklprune.refits import Clone, Reconstruction
from sklprune.rules import Best, Budget, Tolerance


def raises(message, error=ValueError):
    return pytest.raises(error, match=message)


@pytest.mark.parametrize("ratio", [1, 1.0, -0.1, np.nan, [0.5, 2], [], "half", True])
def test_ratio(binary, ratio):
    with raises("pruning_ratio="):
        PrunedEstimator(Ridge(), pruning_ratio=ratio).fit(*binary)


def test_unknown_names_list_the_known_ones(binary):
    with raises("method='magic' is not known. The known names are: .*'magnitude'"):
        PrunedEstimator(Ridge(), method="magic").fit(*binary)
    with raises("rule='worst' is not known. The known names are: 'agreement', 'best'"):
        PrunedEstimator(Ridge(), rule="worst").fit(*binary)
    with raises("refit='again' is not known"):
        PrunedEstimator(Ridge(), refit="again").fit(*binary)


def test_the_error_of_a_misfit_names_methods_that_work(binary):
    with raises("'member_selection' does not fit Ridge.*'magnitude', 'permutation'"):
        PrunedEstimator(Ridge(), method="member_selection").fit(*binary)
    with raises("'magnitude' does not fit KNeighborsClassifier.*'permutation'"):
        PrunedEstimator(KNeighborsClassifier(), method="magnitude").fit(*binary)
    with raises("features are to be removed. Methods that work: .*'permutation'"):
        FeaturePruningSelector(Ridge(), method="magnitude").fit(*binary)


def test_no_hidden_layers(binary):
    X, y = binary
    model = MLPClassifier((), max_iter=20).fit(X, y)
    with raises(
        "method='neuron_elimination' does not fit MLPClassifier, which "
        "has no hidden layers. Methods that work: .*'elastic_net_path'.*'magnitude'"
    ):
        prune(model, X, y)
    small = prune(model, X, y, method="magnitude", pruning_ratio=0.5)
    assert np.count_nonzero(small.estimator_.coefs_[0]) == 4


@pytest.mark.parametrize(
    "model", [SVC(kernel="precomputed"), KNeighborsClassifier(metric="precomputed")]
)
def test_a_matrix_of_kernels_or_distances_has_no_columns(binary, model):
    X, y = binary
    pairs = np.abs(X @ X.T)
    for pruning in (PrunedEstimator(model), FeaturePruningSelector(model)):
        with raises("similarities of rows.*no columns to remove.*work: none"):
            pruning.fit(pairs, y)


def test_an_error_of_a_refit_names_the_ratio(binary):
    model = make_pipeline(PCA(5), Ridge())
    with pytest.raises(ValueError, match="n_components=5") as caught:
        PrunedEstimator(model, method="permutation", pruning_ratio=0.5).fit(*binary)
    assert caught.value.__notes__ == [
        "Raised at pruning_ratio=0.5, on 4 of 8 features."
    ]


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("ratio", ["auto", [0.25, 0.5, 0.75]])
def test_ratios_at_which_too_little_remains_are_omitted(binary, ratio, n_jobs):
    model = make_pipeline(PCA(5), Ridge())
    pruned = PrunedEstimator(
        model,
        method="permutation",
        pruning_ratio=ratio,
        rule=Budget(features=6),
        cv=3,
        store_path=True,
        n_jobs=n_jobs,
        random_state=0,
    )
    message = "pruning_ratio=0.5, on 4 of 8 features. n_components=5"
    with pytest.warns(FitFailedWarning, match=message) as caught:
        pruned.fit(*binary)
    assert len(caught) == 1
    assert pruned.path_.table["ratio"].max() < 0.5
    assert pruned.path_.at(pruned.path_.table["ratio"][-1]) is pruned.estimator_
    with raises("ratio=0.5 was not requested"):
        pruned.path_.at(0.5)


def test_it_is_an_error_if_no_ratio_can_be_fitted(binary):
    pruned = PrunedEstimator(make_pipeline(PCA(8), Ridge()), method="permutation")
    with pytest.raises(ValueError, match="n_components=8") as caught:
        pruned.fit(*binary)
    assert caught.value.__notes__ == [
        "Raised at pruning_ratio=0.2, on 7 of 8 features."
    ]


def test_a_refit_that_does_not_fit(binary):
    with raises("refit=False cannot follow the removal of features"):
        model = RandomForestClassifier(5)
        PrunedEstimator(model, method="permutation", refit=False).fit(*binary)
    with raises("refit=False .* from Ridge inside Pipeline: .* must be fitted again"):
        model = make_pipeline(StandardScaler(), Ridge())
        PrunedEstimator(model, method="permutation", refit=False).fit(*binary)
    with raises("refit=Clone cannot follow the removal of weights"):
        PrunedEstimator(Ridge(), refit=Clone()).fit(*binary)
    with raises("refit=Reconstruction cannot follow the removal of leaves"):
        PrunedEstimator(RandomForestClassifier(5), refit=Reconstruction()).fit(*binary)


def test_an_unfitted_model(binary):
    with raises("prune\\(\\) takes a fitted model, and this Ridge", NotFittedError):
        prune(Ridge(), *binary)


def test_other_columns_than_those_of_the_fit(binary):
    X, y = binary
    model = Ridge().fit(X, y)
    with raises("X has 5 features, but Ridge is expecting 8 features"):
        prune(model, X[:, :5], y)
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    with raises("feature names"):
        prune(Ridge().fit(frame, y), frame.rename(columns={"a": "z"}), y)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite(binary, value):
    X, y = binary
    model = LogisticRegression().fit(X, y)
    X = X.copy()
    X[3, 2] = value
    with raises("NaN|infinity"):
        PrunedEstimator(LogisticRegression(), pruning_ratio=0.5).fit(X, y)
    with raises("NaN|infinity"):
        prune(model, X, y, pruning_ratio=0.5)
    with raises("NaN|infinity"):
        FeaturePruningSelector(LogisticRegression()).fit(X, y)
    # of a frame, the model raises the error, and no warning comes before it
    with raises("NaN|infinity"):
        FeaturePruningSelector(LogisticRegression()).fit(pd.DataFrame(X), y)


def test_no_columns(binary):
    X, y = binary
    for pruning in (PrunedEstimator(Ridge()), FeaturePruningSelector(Ridge())):
        for table in (X[:, :0], pd.DataFrame(X[:, :0])):
            with raises("0 feature"):
                pruning.fit(table, y)


@pytest.mark.parametrize("of", [np.asarray, pd.DataFrame, sparse.csr_matrix])
def test_infinity_where_only_nan_is_accepted(binary, of):
    X, y = binary
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    X = X.copy()
    X[3, 2] = np.inf
    with raises("infinity"):
        prune(tree, of(X), y, pruning_ratio=0.5)
    X[3, 2] = np.nan
    if of is sparse.csr_matrix:
        with raises("NaN"):
            prune(tree, of(X), y, pruning_ratio=0.5)
    else:
        assert prune(tree, of(X), y, pruning_ratio=0.5).pruning_ratio_ > 0


def test_texts_in_lists_of_several_lengths():
    texts, y = [["a", "b"], ["b"], ["c", "a", "a"], ["b", "c"]] * 10, [1, 0, 1, 0] * 10
    words = CountVectorizer(analyzer=list)
    model = make_pipeline(words, LogisticRegression()).fit(texts, y)
    pruned = prune(model, texts, y, pruning_ratio=0.34)
    assert np.count_nonzero(pruned.estimator_[-1].coef_) == 2


def test_one_class(binary):
    X, _ = binary
    with raises("y has one class, 'a'"):
        PrunedEstimator(LogisticRegression()).fit(X, np.full(len(X), "a"))
    with raises("y has one class, 1.0"):
        PrunedEstimator(RandomForestClassifier(5)).fit(X, np.ones((len(X), 1)))


@pytest.mark.parametrize(
    "model", [LogisticRegression(), RandomForestClassifier(5), KNeighborsClassifier()]
)
def test_labels_that_the_model_was_not_fitted_on(binary, model):
    X, y = binary
    model.fit(X, np.where(y, "yes", "no"))
    with raises("y has labels .* not fitted on, .0, 1.; its classes are .'no', 'yes'."):
        prune(model, X, y)


def test_fewer_rows_than_folds(binary):
    X, y = binary
    rows = [0, 1, -1, -2]
    with raises("cv=None requires 5 folds, but X has n_samples=4 rows"):
        PrunedEstimator(Ridge()).fit(X[rows], y[rows])


def test_nothing_to_hold_out(binary):
    X, y = binary
    model = Ridge().fit(X, y)
    with raises("must be held out, but there is only n_samples=1"):
        prune(model, X[:1], y[:1])
    with raises("must be held out, but there is only groups=1"):
        prune(model, X, y, groups=np.ones(len(y)))
    with raises("X has no rows: n_samples=0"):
        prune(model, X[:0], y[:0])


@pytest.mark.parametrize("shape", [(-1,), (-1, 8, 1)])
def test_rows_that_are_no_table(binary, shape):
    X, y = binary
    for pruning in (PrunedEstimator(Ridge()), FeaturePruningSelector(Ridge())):
        with raises("2D array|dim 3"):
            pruning.fit(X.reshape(shape)[: len(y)], y)
    with raises("Expected 2D array X, got [13]D array"):
        prune(Ridge().fit(X, y), X.reshape(shape)[: len(y)], y)


def test_number_of_jobs(binary):
    with raises("'n_jobs' parameter of PrunedEstimator must be an .*int"):
        PrunedEstimator(Ridge(), n_jobs="all", pruning_ratio=0.5).fit(*binary)


def test_splits_without_rows(binary):
    X, y = binary
    for cv in ([], [(np.arange(len(X)), [])], [([], np.arange(len(X)))]):
        with raises("cv gives splits of .* rows. There must be at least one, and in"):
            PrunedEstimator(Ridge(), cv=cv).fit(X, y)


def test_a_split_without_rows_of_a_class(binary):
    X, y = binary
    model = LogisticRegression().fit(X, y)
    second, third = np.flatnonzero(y)[:9], np.arange(20)
    cv = [(np.arange(20, len(X)), third), (np.flatnonzero(y == 0), second)]
    with raises(r"cv: .*split 1 have no row of the classes \[1\].*'reconstruction'"):
        prune(model, X, y, cv=cv)
    # the refit that the error names
    pruned = prune(model, X, y, cv=cv, refit="reconstruction", seen=False)
    assert pruned.n_features_in_ == 8


def test_constant_columns(binary):
    X, y = binary
    with raises("All columns of X are constant"):
        PrunedEstimator(Ridge()).fit(np.ones_like(X), y)


def test_lengths_differ(binary):
    X, y = binary
    with raises("inconsistent numbers of samples"):
        PrunedEstimator(Ridge()).fit(X, y[:-1])


def test_weights(binary):
    X, y = binary
    with raises("sample_weight: all weights are zero"):
        PrunedEstimator(Ridge()).fit(X, y, sample_weight=np.zeros(len(y)))
    with raises("sample_weight: -1 is negative"):
        PrunedEstimator(Ridge()).fit(X, y, sample_weight=np.where(y, -1, 2))
    for model in (KNeighborsClassifier(), make_pipeline(KNeighborsClassifier())):
        with raises("sample_weight was given, but KNeighborsClassifier.fit"):
            PrunedEstimator(model).fit(X, y, sample_weight=np.ones(len(y)))


class ByBatches(Ridge):
    """Divides by the weights of the first ten rows."""

    def fit(self, X, y, sample_weight=None):
        1 / int(np.ones(10)[0] if sample_weight is None else sample_weight[:10].sum())
        return super().fit(X, y, sample_weight)


def test_a_fit_that_divides_by_weights_of_zero(binary):
    X, y = binary
    weight = np.where(np.arange(len(y)) < 12, 0.0, 1.0)
    with raises("sample_weight: 188 of 200 weights are not zero, and the fit of ByB"):
        PrunedEstimator(ByBatches(), pruning_ratio=0.5).fit(X, y, sample_weight=weight)


def test_no_labels(binary):
    X, y = binary
    forest = RandomForestClassifier(5, random_state=0).fit(X, y)
    with raises("'member_selection' requires y.*without labels: 'backfitting', 'cost"):
        prune(forest, X, method="member_selection", pruning_ratio=0.5)
    with raises("'clone' requires y|'permutation' requires y"):
        prune(forest, X, method="permutation", pruning_ratio=0.5)
    with raises("'permutation' requires y.* without labels: .*'magnitude'"):
        prune(LogisticRegression().fit(X, y), X, method="permutation")
    with raises("y is None.*give pruning_ratio as a number"):
        prune(LogisticRegression().fit(X, y), X)


def test_a_model_without_a_score(binary):
    X, y = binary
    with raises("'permutation' compares scores, and StandardScaler has no score"):
        PrunedEstimator(StandardScaler(), pruning_ratio=0.5).fit(X, y)


def test_two_columns_of_one_name(binary):
    X, y = binary
    frame = pd.DataFrame(X, columns=list("aabcdefg"))
    with raises("must differ; X has twice .'a'."):
        FeaturePruningSelector(Ridge()).fit(frame, y)


def test_columns_named_by_a_parameter(binary):
    X, y = binary
    boosting = HistGradientBoostingRegressor(max_iter=3, monotonic_cst=[1] + [0] * 7)
    model = make_pipeline(PCA(8), boosting)
    with raises(
        "monotonic_cst=.* of Pipeline names columns as an inner step sees them"
    ):
        PrunedEstimator(model, method="permutation", pruning_ratio=0.5).fit(X, y)


@pytest.mark.parametrize("k", [0, 9, 2.0, True, "3"])
def test_number_of_features(binary, k):
    with raises(f"n_features_to_select={k!r} is not allowed.*8"):
        FeaturePruningSelector(Ridge(), n_features_to_select=k).fit(*binary)


def test_number_and_ratio_of_features(binary):
    selector = FeaturePruningSelector(
        Ridge(), n_features_to_select=3, pruning_ratio=0.5
    )
    with raises("Both n_features_to_select=3 and pruning_ratio=0.5"):
        selector.fit(*binary)


@pytest.mark.parametrize(
    "groups, message",
    [
        ([[0, 1], [1, 2]], "must not overlap.*'b'"),
        ([[0, 1], []], "a group is empty"),
        ({"one": ["a", "c"], "two": ["c"]}, "must not overlap.*'c'"),
        ([["a", "z"]], "feature_groups: X has no column \\['z'\\].*8 columns.*a, b"),
        ([[0, 8]], "feature_groups: X has no column \\[8\\]"),
        ([[0, True]], "feature_groups: X has no column \\[True\\]"),
        (["a", "b"], "feature_groups: 'a' is not allowed, where a list"),
        ("ab", "feature_groups='ab' is not allowed: it must be a list of lists"),
        (3, "feature_groups=3 is not allowed"),
    ],
)
def test_groups_of_columns(binary, groups, message):
    frame = pd.DataFrame(binary[0], columns=list("abcdefgh"))
    selector = FeaturePruningSelector(Ridge(), feature_groups=groups)
    with raises(message):
        selector.fit(frame, binary[1])


@pytest.mark.parametrize("columns", ["x1", 1, ["x9"], [-9], [1.0]])
def test_columns_to_keep(binary, columns):
    with raises("always_keep: "):
        FeaturePruningSelector(Ridge(), always_keep=columns).fit(*binary)


def test_no_room_for_columns_to_keep(binary):
    selector = FeaturePruningSelector(
        Ridge(),
        n_features_to_select=2,
        feature_groups=[[0, 1]],
        always_keep=["x0", "x5"],
    )
    with raises("n_features_to_select=2 is too small for always_keep=.*'x5'"):
        selector.fit(*binary)
    selector.set_params(always_keep=None, feature_groups=[range(4), range(4, 8)])
    with raises("n_features_to_select=2 is smaller than the smallest.*4 columns"):
        selector.fit(*binary)


def test_nested_parameter_of_a_string():
    with raises("Pass the object instead, method=Columns\\(\\)"):
        FeaturePruningSelector(Ridge()).set_params(method__n_repeats=3)
    with raises("rule='one_se' is a string.*rule=OneStandardError\\(\\)"):
        PrunedEstimator(Ridge()).set_params(rule__max_drop=0.1)


@pytest.mark.parametrize("rule", [lambda table: 99, lambda table: "best"])
def test_a_rule_that_gives_no_position(binary, rule):
    with raises("it must give a position in a table of 11 rows"):
        PrunedEstimator(Ridge(), rule=rule).fit(*binary)


class ByPosition:
    """A rule that is not a `Rule`."""

    def choose(self, table, position):
        return position


@pytest.mark.parametrize("rule", [lambda: 0, lambda table, ratio: 0, ByPosition()])
def test_a_rule_that_takes_other_arguments(binary, rule):
    with raises(r"rule=.* is called as rule\(table\), but its signature is", TypeError):
        PrunedEstimator(Ridge(), rule=rule).fit(*binary)


@pytest.mark.parametrize("scoring", [lambda model, X: 0.0, len])
def test_a_score_that_takes_other_arguments(binary, scoring):
    X, y = binary
    message = r"scoring=.* is called as scoring\(estimator, X, y\), but its signature"
    with raises(message, TypeError):
        PrunedEstimator(Ridge(), scoring=scoring).fit(X, y)
    with raises(message, TypeError):
        permutation_importance(Ridge().fit(X, y), X, y, scoring=scoring)


def test_a_score_that_is_not_a_number(binary):
    with raises("The score of Ridge is nan"):
        PrunedEstimator(Ridge(), scoring=lambda *_: np.nan).fit(*binary)


def test_a_failed_fit_sets_no_fitted_attributes(binary):
    X, y = binary
    selector = FeaturePruningSelector(Ridge(), method="magnitude")
    with raises("does not fit"):
        selector.fit(X, y)
    assert not hasattr(selector, "support_") and not hasattr(selector, "estimator_")


def test_classes_instead_of_objects(binary):
    with raises("method=Permutation is a class; pass Permutation\\(\\)"):
        PrunedEstimator(Ridge(), method=Permutation).fit(*binary)
    with raises("rule=Best is a class; pass Best\\(\\)"):
        PrunedEstimator(Ridge(), rule=Best).fit(*binary)


def test_several_metrics(binary):
    with raises("names several metrics; pruning chooses by one"):
        PrunedEstimator(Ridge(), scoring=["r2", "max_error"]).fit(*binary)


def test_a_frame_of_several_dtypes_is_numbers_for_a_network(binary):
    X, y = binary
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    frame["b"], frame["c"] = frame["b"] > 0, frame["c"].round().astype("Int64")
    numbers = frame.astype(float)
    model = MLPClassifier((6,), activation="tanh", max_iter=20, random_state=0)
    small = prune(model.fit(frame, y), frame, y, pruning_ratio=0.5, random_state=0)
    same = prune(model.fit(numbers, y), numbers, y, pruning_ratio=0.5, random_state=0)
    np.testing.assert_array_equal(small.predict(frame), same.predict(numbers))


@pytest.mark.parametrize("cv", [-1, 0, 1, True, b"x", [1, "a"], np.array([1.0, 2.0])])
def test_cv_of_another_type(binary, cv):
    X, y = binary
    with raises("cv=.* must be a whole number, at least 2, a splitter, or"):
        PrunedEstimator(Ridge(), cv=cv).fit(X, y)


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_a_relative_tolerance_is_true_or_false(binary, value):
    with raises(r"Tolerance\(relative=.*\): relative must be True or False"):
        PrunedEstimator(Ridge(), rule=Tolerance(relative=value)).fit(*binary)
