"""Recursive elimination, compared with scikit-learn's RFE."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone, is_regressor
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import make_classification, make_regression
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import RFE, RFECV, SelectKBest, f_regression
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sklprune import FeaturePruningSelector, PrunedEstimator
from sklprune.families.linear import LinearFamily
from sklprune.methods import Method, Permutation, RecursiveElimination
from sklprune.rules import Agreement, Tolerance


@pytest.fixture
def numbers():
    """Correlated columns: the order changes while columns are removed."""
    X, y = make_regression(120, 9, n_informative=5, noise=20.0, random_state=0)
    rng = np.random.RandomState(0)
    X = X @ rng.normal(size=(9, 9)) * np.geomspace(0.1, 10, 9)
    return X, np.column_stack([y, rng.normal(size=120)])


@pytest.fixture
def labels():
    return make_classification(
        150, 9, n_informative=5, n_classes=3, n_clusters_per_class=1, random_state=1
    )


def ranking(model, X, y, method, k):
    selector = FeaturePruningSelector(
        model, method=method, n_features_to_select=k, random_state=0
    )
    return selector.fit(X, y).ranking_


@pytest.mark.parametrize("step", [1, 2, 3, 0.3])
@pytest.mark.parametrize("k", [1, 4])
def test_the_ranking_of_rfe(numbers, labels, step, k):
    method = RecursiveElimination("coef_", step=step)
    for model, (X, y) in (
        (LinearRegression(), (numbers[0], numbers[1][:, 0])),
        (LinearRegression(), numbers),
        (LogisticRegression(), labels),
    ):
        expected = RFE(model, n_features_to_select=k, step=step).fit(X, y).ranking_
        np.testing.assert_array_equal(ranking(model, X, y, method, k), expected)


@pytest.mark.parametrize("step", [1, 2, 0.25])
def test_ranking_and_number_of_columns_of_rfecv(numbers, labels, step):
    X, y = numbers
    for model, (table, target) in (
        (LinearRegression(), (X, y[:, 0])),
        (LinearRegression(fit_intercept=False), (X, y)),
        (Ridge(5.0), (X, y[:, 0])),
        (RidgeClassifier(), labels),
        (RidgeCV([0.1, 10.0, 1000.0]), (X, y[:, 0])),
        (RidgeClassifierCV(), labels),
        (LogisticRegression(), (labels[0], labels[1] > 0)),
        (LogisticRegression(), labels),
    ):
        expected = RFECV(model, step=step, cv=4).fit(table, target)
        selector = FeaturePruningSelector(
            model, method=RecursiveElimination("coef", step=step), rule="best", cv=4
        ).fit(table, target)
        assert selector.support_.sum() == expected.n_features_
        np.testing.assert_array_equal(selector.ranking_, expected.ranking_)
        scores = selector.path_.frame()["score_mean"].to_numpy()
        reference = expected.cv_results_["mean_test_score"][::-1]
        np.testing.assert_allclose(scores, reference, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("scoring", [None, "neg_log_loss", "roc_auc", "f1"])
def test_scores_of_rfecv_by_other_metrics(labels, scoring):
    X, y = labels[0], labels[1] > 0
    model = LogisticRegression(tol=1e-8)
    expected = RFECV(model, scoring=scoring).fit(X, y)
    selector = FeaturePruningSelector(
        model, method=RecursiveElimination("coef"), rule="best", scoring=scoring
    ).fit(X, y)
    scores = selector.path_.frame()["score_mean"].to_numpy()
    reference = expected.cv_results_["mean_test_score"][::-1]
    np.testing.assert_allclose(scores, reference, rtol=1e-5)


def with_and_without_fits(monkeypatch, model, X, y, weight=None, **parameters):
    """Selectors that use updated fits, and a fit for each step."""
    parameters = {"cv": 2, "random_state": 0} | parameters
    selector = FeaturePruningSelector(model, **parameters)
    yield selector.fit(X, y, sample_weight=weight)
    known = LinearFamily.capabilities
    with monkeypatch.context() as context:
        context.setattr(
            LinearFamily,
            "capabilities",
            lambda *args: known(*args) - {"shrinking_fits"},
        )
        yield clone(selector).fit(X, y, sample_weight=weight)


UPDATED = [
    {"method": "recursive_elimination"},
    {"method": RecursiveElimination("coef", step=3)},
    {
        "method": RecursiveElimination(step=2),
        "feature_groups": [[0, 1], [4, 5, 6]],
        "always_keep": [8],
    },
    {"method": RecursiveElimination(step="geometric"), "n_features_to_select": 3},
    {
        "method": RecursiveElimination("coef"),
        "cv": [(np.arange(80), np.arange(80, 110))],
        "rule": Tolerance(0.1),
    },
    {"method": RecursiveElimination(step=2), "rule": Agreement(0.7)},
]


@pytest.mark.parametrize(
    "parameters, weighted",
    [*((each, False) for each in UPDATED), (UPDATED[0], True), (UPDATED[2], True)],
)
def test_updated_fits_give_the_results_of_a_fit_for_each_step(
    numbers, monkeypatch, parameters, weighted
):
    X, y = numbers[0], numbers[1][:, 0]
    weight = np.random.RandomState(0).uniform(0.2, 3, 120) if weighted else None
    classes = np.where(y > 0, "yes", "no")
    three = np.digitize(y, np.quantile(y, [0.3, 0.6]))
    precise = LogisticRegression(tol=1e-9, solver="newton-cholesky")
    coarse = np.digitize(X, [-10, 0, 10])
    encoder = OneHotEncoder(handle_unknown="ignore")
    for model, table, target in (
        (LinearRegression(), X, y),
        (RidgeCV([0.1, 10.0, 1000.0]), X, y),
        (RidgeClassifier(class_weight="balanced"), X, classes),
        (precise, X, classes),
        (precise, X, three),
        (make_pipeline(StandardScaler(), precise), X, classes),
        (make_pipeline(encoder, precise), coarse, classes),
    ):
        if is_regressor(model) and isinstance(parameters.get("rule"), Agreement):
            continue
        if weighted and not isinstance(model, (LinearRegression, LogisticRegression)):
            continue
        ours, other = with_and_without_fits(
            monkeypatch, model, table, target, weight, **parameters
        )
        np.testing.assert_array_equal(ours.ranking_, other.ranking_)
        np.testing.assert_array_equal(ours.support_, other.support_)
        frame = ours.path_.frame().drop(columns=["nonzero", "file_bytes"])
        # a column that is constant in a fold has a coefficient of exactly zero or not
        expected = other.path_.frame().drop(columns=["nonzero", "file_bytes"])
        pd.testing.assert_frame_equal(frame, expected, rtol=1e-4, atol=1e-6)


def test_collinear_columns_and_few_rows_use_a_fit_for_each_step(numbers):
    X, y = numbers[0], numbers[1][:, 0]
    copies = np.column_stack([X, X[:, :2] + X[:, 2:4]])
    for table, target in ((copies, y), (X[:8], y[:8])):
        selector = FeaturePruningSelector(
            LinearRegression(), method="recursive_elimination", cv=2
        ).fit(table, target)
        assert selector.path_.frame()["units"].min() == 1
        assert selector.support_.any()


def test_nearly_equal_columns_are_ranked_by_fits_of_the_model():
    """L-BFGS stops early, and RFE ranks by the coefficients that it has then."""
    X, y = make_classification(400, 60, n_informative=8, random_state=3)
    model = LogisticRegression(tol=1e-2)
    expected = RFE(model, n_features_to_select=1).fit(X, y).ranking_
    ours = ranking(model, X, y, RecursiveElimination("coef"), 1)
    assert np.mean(ours == expected) > 0.9


def test_a_callable_that_receives_rows(numbers):
    X, y = numbers[0], numbers[1][:, 0]
    seen = []

    def importance(model, rows, target):
        seen.append((model.n_features_in_, rows.shape, len(target)))
        assert not set(target) & model.seen_
        return np.abs(model.coef_) * rows.std(axis=0)

    method = RecursiveElimination(importance)
    PrunedEstimator(RecordsRows(), method=method, pruning_ratio=3 / 9).fit(X, y)
    assert seen == [(9, (24, 9), 24), (8, (24, 8), 24), (7, (24, 7), 24)]


def test_geometric_steps():
    X, y = make_regression(60, 40, random_state=0)
    selector = FeaturePruningSelector(
        Ridge(), method=RecursiveElimination(step="geometric"), cv=2
    ).fit(X, y)
    kept = selector.path_.frame()["units"].tolist()
    assert kept[:5] == [40, 36, 33, 30, 27] and kept[-3:] == [3, 2, 1]


def test_halving_steps():
    X, y = make_regression(60, 40, random_state=0)
    selector = FeaturePruningSelector(
        Ridge(), method=RecursiveElimination(step="halving"), cv=2
    ).fit(X, y)
    kept = selector.path_.table["units"].tolist()
    # of few rows, smaller ratios than that of the first step are tried too
    assert kept == [40, 36, 32, 26, 20, 10, 5, 3, 2, 1]
    n_kept = selector.support_.sum()
    fits = RecursiveElimination(step="halving")
    again = FeaturePruningSelector(Ridge(), method=fits, n_features_to_select=n_kept)
    np.testing.assert_array_equal(again.fit(X, y).support_, selector.support_)


def test_the_ranking_of_rfe_by_the_importances_of_a_forest(labels):
    X, y = labels
    model = RandomForestClassifier(8, random_state=0)
    expected = RFE(model, n_features_to_select=2).fit(X, y).ranking_
    ours = ranking(model, X, y, "recursive_elimination", 2)
    np.testing.assert_array_equal(ours, expected)


def test_auto_compares_standardised_columns(numbers):
    X, y = numbers[0], numbers[1][:, 0]
    scaled = StandardScaler().fit_transform(X)
    expected = RFE(LinearRegression(), n_features_to_select=2).fit(scaled, y).ranking_
    ours = ranking(LinearRegression(), X, y, "recursive_elimination", 2)
    np.testing.assert_array_equal(ours, expected)


def test_sparse_rows_give_the_ranking_of_dense_rows(labels):
    X, y = np.where(np.abs(labels[0]) < 0.5, 0, labels[0]), labels[1]
    model = LogisticRegression(tol=1e-8)
    dense = ranking(model, X, y, "recursive_elimination", 1)
    ours = ranking(model, sparse.csr_array(X), y, "recursive_elimination", 1)
    np.testing.assert_array_equal(ours, dense)


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
def test_a_pipeline_whose_steps_pass_columns_on(labels, container):
    X, y = labels
    X = container(X * np.geomspace(0.1, 10, 9))
    if hasattr(X, "columns"):
        X.columns = list("abcdefghi")
    model = make_pipeline(StandardScaler(), LogisticRegression())
    getter = "named_steps.logisticregression.coef_"
    expected = RFE(model, n_features_to_select=3, importance_getter=getter)
    expected = expected.fit(np.asarray(X), y).ranking_
    for importance in ("auto", getter, lambda fitted: fitted[-1].coef_):
        ours = ranking(model, X, y, RecursiveElimination(importance), 3)
        np.testing.assert_array_equal(ours, expected)


def test_wrappers_give_the_ranking_of_the_inner_model(numbers):
    """A least-squares fit does not depend on scale and order of the columns."""
    X, y = pd.DataFrame(numbers[0], columns=list("abcdefghi")), numbers[1][:, 0]
    expected = ranking(LinearRegression(), X, y, "recursive_elimination", 1)
    reordered = make_column_transformer(
        (StandardScaler(), ["h", "a", "b"]),
        remainder="passthrough",
        verbose_feature_names_out=False,
    )
    for model in (
        TransformedTargetRegressor(LinearRegression(), transformer=StandardScaler()),
        make_pipeline(reordered, LinearRegression()),
        make_pipeline(make_pipeline(StandardScaler()), LinearRegression()),
        make_pipeline(
            StandardScaler(), make_pipeline("passthrough", LinearRegression())
        ),
    ):
        ours = ranking(model, X, y, "recursive_elimination", 1)
        np.testing.assert_array_equal(ours, expected)


def test_columns_that_an_inner_step_drops_are_removed_first(numbers):
    X, y = numbers[0], numbers[1][:, 0]
    inner = SelectKBest(f_regression, k=4)
    kept = inner.fit(X, y).get_support()
    model = make_pipeline(inner, LinearRegression())
    ranks = ranking(model, X, y, RecursiveElimination(step=5), 4)
    np.testing.assert_array_equal(ranks == 1, kept)


def backwards(X):
    return X[:, ::-1]


@pytest.mark.parametrize(
    "first, message",
    [
        (PCA(), "compute new columns from those of X.*importance='permutation'"),
        (FunctionTransformer(backwards), "do not name the columns.*'permutation'"),
    ],
)
def test_a_pipeline_whose_steps_compute_new_columns(labels, first, message):
    model = make_pipeline(first, LogisticRegression())
    with pytest.raises(ValueError, match=message):
        ranking(model, *labels, RecursiveElimination("coef"), 3)
    by_responses = ranking(model, *labels, "recursive_elimination", 3)
    assert (by_responses == 1).sum() == 3
    by_permutation = RecursiveElimination("permutation", step=3)
    assert (ranking(model, *labels, by_permutation, 3) == 1).sum() == 3


def test_components_of_all_columns_give_the_order_of_the_columns(numbers):
    """Least squares on a rotation of the columns predicts the same."""
    X, y = numbers[0] * np.geomspace(0.1, 10, 9), numbers[1][:, 0]
    expected = ranking(LinearRegression(), X, y, "recursive_elimination", 3)
    rotated = make_pipeline(PCA(), LinearRegression())
    ours = ranking(rotated, X, y, "recursive_elimination", 3)
    np.testing.assert_array_equal(ours == 1, expected == 1)


class RecordsRows(LinearRegression):
    """Records the targets that it was fitted on, and counts its fits."""

    fits = 0

    def fit(self, X, y):
        type(self).fits += 1
        self.seen_ = set(y)
        return super().fit(X, y)


class RecordsOverlap(Method):
    """Orders by position, and records whether the model was fitted on a row."""

    granularity = "feature"
    overlaps = []

    def __init__(self, needs_unseen=True):
        self.needs_unseen = needs_unseen

    def score(self, family, estimator, units, task):
        seen = family.without_step(estimator).seen_
        self.overlaps.append(bool(seen & set(task.to_order().y)))
        return np.arange(units.count)[::-1].astype(float)


@pytest.mark.parametrize("frozen", [False, True])
def test_orders_come_from_unseen_rows_and_the_final_fit_has_all_rows(frozen):
    X, y = make_regression(80, 6, random_state=0)
    model = RecordsRows()
    if frozen:
        model = FrozenEstimator(model.fit(X[:30], y[:30]))
        X, y = X[30:], y[30:]
    RecordsOverlap.overlaps.clear()
    pruned = PrunedEstimator(
        model, method=RecursiveElimination(RecordsOverlap()), pruning_ratio=0.5
    ).fit(X, y)
    assert RecordsOverlap.overlaps == [False] * 3
    assert pruned.estimator_[-1].seen_ == set(y)
    assert pruned.estimator_[-1].n_features_in_ == 3


def test_no_fit_more_than_needed():
    X, y = make_regression(80, 6, random_state=0)

    def fits(method, ratio):
        RecordsRows.fits = 0
        PrunedEstimator(
            RecordsRows(), method=method, pruning_ratio=ratio, store_path=True
        ).fit(X, y)
        return RecordsRows.fits

    # the unpruned model, and one for each removed column
    assert fits(RecursiveElimination(), 4 / 6) == 5
    # a ratio that is also a step is fitted once
    assert fits(RecursiveElimination(), 5 / 6) == 6
    # the unpruned model, the same and two steps without a fifth, and the result
    assert fits(RecursiveElimination(RecordsOverlap(), step=2), 5 / 6) == 5
    # all sizes on two splits: the scored model is also the model of the next step
    RecordsRows.fits = 0
    selector = FeaturePruningSelector(
        RecordsRows(), method="recursive_elimination", cv=2, rule=lambda table: 5
    ).fit(X, y)
    assert selector.support_.sum() == 1
    assert RecordsRows.fits == 2 * 6 + 6


def test_auto_tries_every_number_of_columns(labels):
    selector = FeaturePruningSelector(
        LogisticRegression(), method="recursive_elimination", cv=2
    ).fit(*labels)
    frame = selector.path_.frame()
    assert frame["units"].tolist() == [9, 8, 7, 6, 5, 4, 3, 2, 1]
    assert frame["score_mean"].notna().all()
    selector.set_params(method=RecursiveElimination(step=3)).fit(*labels)
    assert selector.path_.frame()["units"].tolist() == [9, 6, 3, 1]


def test_patience_ends_the_path_when_the_score_no_longer_increases():
    # the score by number of columns: it increases down to 5, and once more at 2
    X, y = make_regression(60, 8, random_state=0)
    gain = {8: 0.0, 7: 1.0, 6: 2.0, 5: 3.0, 4: 3.0, 3: 2.0, 2: 9.0, 1: 0.0}

    def scoring(model, X, y):
        return gain[getattr(model, "steps", [0, (0, model)])[-1][1].n_features_in_]

    def n_kept(patience, ratio):
        method = RecursiveElimination(patience=patience)
        pruned = PrunedEstimator(
            LinearRegression(), method=method, pruning_ratio=ratio, scoring=scoring
        ).fit(X, y)
        return pruned.estimator_[-1].n_features_in_

    assert [n_kept(1, r / 8) for r in (1, 3, 4, 5, 7)] == [7, 5, 4, 4, 4]
    assert [n_kept(2, r / 8) for r in (1, 3, 4, 5, 7)] == [7, 5, 4, 3, 3]
    assert [n_kept(3, r / 8) for r in (5, 7)] == [3, 1]
    assert n_kept(None, 7 / 8) == 1


def test_groups_are_removed_together_in_one_step(numbers):
    X, y = numbers
    selector = FeaturePruningSelector(
        LinearRegression(),
        method="recursive_elimination",
        n_features_to_select=4,
        feature_groups=[[0, 1, 2], [3, 4]],
        always_keep=[8],
    ).fit(X, y)
    support, rank = selector.support_, selector.ranking_
    assert len(set(support[:3])) == len(set(support[3:5])) == 1
    assert len(set(rank[:3])) == len(set(rank[3:5])) == 1
    assert support[8] and support.sum() <= 4


def test_nested_parameters(labels):
    method = RecursiveElimination(Permutation(2), step=4)
    selector = FeaturePruningSelector(KNeighborsClassifier(), method=method)
    selector.set_params(method__importance__n_repeats=1, n_features_to_select=2)
    assert selector.fit(*labels).support_.sum() == 2
    assert method.importance.n_repeats == 1


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"step": 0}, "step must be"),
        ({"step": 1.5}, "step must be"),
        ({"step": "half"}, "'geometric' or 'halving'"),
        ({"patience": 0}, "patience must be"),
        ({"patience": 1.0}, "patience must be"),
        ({"importance": 3}, "importance must be"),
        ({"importance": "nothing_"}, "no attribute 'nothing_'"),
        ({"importance": "classes_"}, "gave values of shape \\(3,\\) for 9 columns"),
    ],
)
def test_invalid_parameters_are_errors(labels, parameters, message):
    method = RecursiveElimination(**parameters)
    with pytest.raises(ValueError, match=message):
        ranking(LogisticRegression(), *labels, method, 2)


def test_a_model_without_importances_is_an_error(labels):
    with pytest.raises(ValueError, match="KNeighborsClassifier has neither coef_ nor"):
        ranking(KNeighborsClassifier(), *labels, "recursive_elimination", 2)
