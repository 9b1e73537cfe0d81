"""The elastic-net path, compared with closed forms and with finer paths."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.stats import rankdata
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, enet_path
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

from sklprune import FeaturePruningSelector, PrunedEstimator
from sklprune._linear_fits.group_path import entry_penalties
from sklprune._registry import family_of
from sklprune._units import Task
from sklprune.methods import ElasticNetPath
from sklprune.methods.elastic_net_path import (
    least_squares_path,
    logistic_path,
    penalties_at_entry,
)


def importances(model, X, y, method=None, sample_weight=None):
    """Scores of all columns; the method does not need a fitted model."""
    method, family = method or ElasticNetPath(), family_of(model)
    task = Task(X, y, sample_weight=sample_weight)
    return method.score(family, model, family.units(model, "feature", X), task)


@pytest.fixture
def orthogonal():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 7))
    X = np.linalg.qr(X - X.mean(axis=0))[0] * np.geomspace(0.01, 100, 7)
    return X, rng.normal(size=(60, 2))


@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_uncorrelated_columns_enter_at_their_covariance(
    orthogonal, l1_ratio, n_outputs
):
    X, Y = orthogonal[0], orthogonal[1][:, :n_outputs]
    scaled = X / X.std(axis=0)
    covariance = np.linalg.norm(scaled.T @ (Y - Y.mean(axis=0)), axis=1) / 60
    ours = importances(LinearRegression(), X, Y, ElasticNetPath(l1_ratio))
    # two penalties of the path are 15 % apart, but the interpolation is exact here
    np.testing.assert_allclose(ours, covariance / l1_ratio, rtol=1e-9)


def test_the_order_of_a_much_finer_path():
    X, y = load_diabetes(return_X_y=True)
    scaled = StandardScaler().fit_transform(X)
    ours = importances(LinearRegression(), X, y, ElasticNetPath(n_alphas=100, eps=1e-4))
    alphas, coefs, _ = enet_path(
        scaled, y - y.mean(), l1_ratio=1.0, alphas=np.geomspace(46, 1e-3, 3000)
    )
    entered = np.where((coefs != 0).any(axis=1), (coefs != 0).argmax(axis=1), 3000)
    np.testing.assert_array_equal(rankdata(-ours), rankdata(entered))
    # two penalties of the coarse path are 10 % apart
    np.testing.assert_allclose(ours, alphas[entered], rtol=0.1)


def test_penalties_at_entry_of_given_arrays():
    alphas = np.array([8.0, 4.0, 2.0])
    bounds = np.array(
        [[8.0, 6.0, 3.0, 1.0], [4.0, 4.0, 3.5, 1.5], [2.0, 2.0, 2.0, 1.9]]
    )
    active = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0]], dtype=bool)
    # the third value is clipped to the interval of entry; the last never enters
    assert penalties_at_entry(alphas, bounds, active).tolist() == [8.0, 6.0, 3.5, 1.9]


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_path_of_classes_solves_its_problem(n_classes, l1_ratio):
    """At the optimum the bound of a column with coefficient 0 is below the penalty."""
    X, y = make_classification(
        200, 12, n_informative=6, n_classes=n_classes, random_state=0
    )
    X = StandardScaler().fit_transform(X)
    ratios = np.geomspace(1, 0.05, 12)
    weight = np.random.RandomState(0).uniform(0.5, 1.5, 200)
    weight /= weight.mean()
    alphas, bounds, active = logistic_path(X, y, weight, l1_ratio, ratios)
    assert not active[0].any() and active[1].any()
    # the solver stops at changes of one in a thousand
    assert (bounds[~active] <= np.repeat(alphas, 12)[~active.ravel()] * 1.0001).all()
    if l1_ratio == 1.0:
        lower = np.repeat(alphas, 12)[active.ravel()] * 0.98
        assert (bounds[active] >= lower).all()


def test_columns_of_noise_come_last(binary):
    X, y = binary
    order = np.argsort(-importances(LogisticRegression(), X, y))
    assert set(order[:3]) == {0, 1, 2}


def test_the_units_of_measurement_do_not_matter():
    X, y = load_breast_cancer(return_X_y=True)
    ours = importances(LogisticRegression(), X, y)
    other = importances(LogisticRegression(), X * np.geomspace(1e-3, 1e3, 30) + 5, y)
    # the columns are equal up to rounding, so the solver takes the same steps
    np.testing.assert_allclose(ours, other, rtol=1e-4)


@pytest.mark.parametrize("classes", [False, True])
def test_sample_weights_are_equivalent_to_repeated_rows(binary, classes):
    X, y = binary
    weight = np.random.RandomState(0).randint(0, 4, 200)
    if not classes:
        y = X @ np.arange(8) + y
    model = LogisticRegression() if classes else LinearRegression()
    repeated = importances(model, X.repeat(weight, axis=0), y.repeat(weight))
    # the solver for classes processes the rows in another order
    rtol = 0.05 if classes else 1e-9
    ours = importances(model, X, y, sample_weight=weight)
    np.testing.assert_allclose(ours, repeated, rtol=rtol)


@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_array])
def test_sparse_columns_of_mean_zero_give_the_values_of_dense_columns(kind, n_outputs):
    rng = np.random.RandomState(0)
    half = np.where(rng.rand(40, 6) < 0.5, 0, rng.normal(size=(40, 6)))
    X, Y = np.vstack([half, -half]), rng.normal(size=(80, n_outputs))
    dense = importances(LinearRegression(), X, Y)
    ours = importances(LinearRegression(), kind(X), Y)
    # both solvers stop at a duality gap of 1e-4
    np.testing.assert_allclose(ours, dense, rtol=1e-3)


def test_missing_values_are_replaced_by_the_mean(regression):
    X, y = regression
    X = X.copy()
    X[::7, 2] = np.nan
    filled = np.where(np.isnan(X), np.nanmean(X, axis=0), X)
    ours, expected = (importances(LinearRegression(), x, y) for x in (X, filled))
    # without the missing values the column has a larger variance than its copy
    np.testing.assert_allclose(ours, expected, rtol=0.1)
    frame = pd.DataFrame(X).astype({2: "Float64"})
    of_frame = importances(LinearRegression(), frame, y)
    np.testing.assert_allclose(of_frame, ours, rtol=1e-12)


def test_constant_columns_have_importance_zero(binary):
    X, y = np.column_stack([np.full(200, 1e9), binary[0]]), binary[1]
    for table in (X, sparse.csr_array(X)):
        ours = importances(LogisticRegression(), table, y)
        assert ours[0] == 0 and (ours[1:] > 0).all()


def test_string_labels_and_several_outputs(classes):
    X, y = classes
    Y = np.column_stack([y, y[::-1]])
    for target in (y, y[:, None], Y):
        ours = importances(RandomForestClassifier(), X, target)
        assert ours.shape == (8,) and (ours > 0).all()


def test_it_orders_the_columns_of_any_model(regression):
    X, y = regression
    for model in (KNeighborsRegressor(), make_pipeline(StandardScaler())):
        np.testing.assert_array_equal(
            importances(model, X, y), importances(LinearRegression(), X, y)
        )


def test_the_score_of_a_group_is_that_of_its_best_column(regression):
    X, y = regression
    selector = FeaturePruningSelector(
        LinearRegression(),
        method="elastic_net_path",
        n_features_to_select=2,
        feature_groups=[[5, int(np.argmax(importances(LinearRegression(), X, y)))]],
    ).fit(X, y)
    assert selector.support_[5] and selector.support_.sum() == 2


def test_a_polars_frame(binary, polars):
    X, y = binary
    frame = polars.DataFrame(X, schema=list("abcdefgh"))
    ours = importances(LogisticRegression(), frame, y)
    expected = importances(LogisticRegression(), X, y)
    # the values are the same in another memory order
    np.testing.assert_allclose(ours, expected, rtol=1e-6)
    strings = frame.with_columns(polars.col("c").cast(polars.String))
    with pytest.raises(ValueError, match="column 'c' is of dtype String"):
        importances(LogisticRegression(), strings, y)


@pytest.mark.parametrize("kind", ["object", "category"])
def test_two_categories_enter_where_either_of_them_does(binary, kind):
    X, y = binary
    frame = pd.DataFrame(X[:, 3:6], columns=list("abc"))
    rng = np.random.default_rng(0)
    frame["noise"] = pd.Series(rng.choice(["s", "t"], len(y))).astype(kind)
    frame["colour"] = pd.Series(np.where(X[:, 0] > 0, "red", "blue")).astype(kind)
    first = ColumnTransformer(
        [
            ("codes", OneHotEncoder(), ["noise", "colour"]),
            ("numbers", "passthrough", ["a", "b", "c"]),
        ]
    )
    model = make_pipeline(first, LogisticRegression())
    pruned = PrunedEstimator(model, method="elastic_net_path", pruning_ratio=0.8)
    assert list(pruned.fit(frame, y).get_feature_names_out()) == ["colour"]
    encoded = first.fit_transform(frame)
    alone = PrunedEstimator(
        LogisticRegression(), method="elastic_net_path", pruning_ratio=0.8
    ).fit(encoded, y)
    # the columns of "noise" and "colour" are the first four
    expected = alone.importances_[:4].reshape(2, 2).max(axis=1)
    # the path of groups is one of least squares, and equal up to the first entries
    np.testing.assert_allclose(pruned.importances_[3:], expected, rtol=0.1)


@pytest.mark.parametrize("kind", ["object", "category"])
def test_a_column_that_is_not_numeric_is_an_error(binary, kind):
    X, y = binary
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    frame["colour"] = pd.Series(np.where(y > 0, "red", "blue")).astype(kind)
    # it does not transform all rows of a fit as others
    model = make_pipeline(TargetEncoder(), LogisticRegression())
    pruned = PrunedEstimator(model, method="elastic_net_path")
    with pytest.raises(ValueError, match="column 'colour' is of dtype.*permutation"):
        pruned.fit(frame, y)
    with pytest.raises(ValueError, match="column 'x8' is of dtype object"):
        pruned.fit(frame.to_numpy(dtype=object), y)


def group_lasso(X, Y, groups, factors, alpha, l1_ratio=1.0):
    """Contributions of groups by proximal gradient steps, with orthogonal columns."""
    n_rows = len(X)
    parts = [np.linalg.qr(X[:, g])[0] * np.sqrt(n_rows) for g in groups]
    Q = np.hstack(parts)
    ends = np.cumsum([0, *(len(g) for g in groups)])
    coef, step = np.zeros((Q.shape[1], Y.shape[1])), n_rows / np.linalg.norm(Q, 2) ** 2
    for _ in range(4000):
        coef = coef + step * Q.T @ (Y - Q @ coef) / n_rows
        for i, (start, end) in enumerate(zip(ends, ends[1:])):
            penalty = step * alpha * factors[i] * np.sqrt(end - start)
            norm = max(np.linalg.norm(coef[start:end]), 1e-300)
            share = max(0.0, 1 - penalty * l1_ratio / norm)
            coef[start:end] *= share / (1 + penalty * (1 - l1_ratio))
    return np.array([np.any(coef[a:b]) for a, b in zip(ends, ends[1:])])


@pytest.mark.parametrize("l1_ratio", [1.0, 0.6])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_groups_enter_where_a_group_lasso_has_them(n_outputs, l1_ratio):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(80, 9)) @ (np.eye(9) + 0.3 * rng.normal(size=(9, 9)))
    X -= X.mean(axis=0)
    Y = X[:, [0, 4]] @ rng.normal(size=(2, n_outputs)) + rng.normal(size=(80, 1))
    Y -= Y.mean(axis=0)
    groups = [np.array(g) for g in ([0, 1, 2], [3], [4, 5], [6, 7, 8])]
    factors = np.array([1.0, 2.0, 0.5, 1.0])
    entries = entry_penalties(
        X.T @ X / 80,
        X.T @ Y / 80,
        groups,
        factors,
        l1_ratio,
        np.geomspace(1, 0.02, 60),
        float((Y**2).mean(axis=0).sum()),
    )
    assert len(set(entries)) == 4
    entered = np.flatnonzero(entries > entries.max() * 0.02)
    assert len(entered) >= 3
    for i, entry in zip(entered, entries[entered]):
        # the penalties of the path are 7 % apart
        for factor, is_in in ((1.08, False), (0.92, True)):
            active = group_lasso(X, Y, groups, factors, entry * factor, l1_ratio)
            assert active[i] == is_in


def test_single_columns_as_groups_enter_as_in_the_lasso(regression):
    X, y = regression
    ours = importances(LinearRegression(), X, y, ElasticNetPath(n_alphas=100))
    names = {f"x{i}": 1.0 for i in range(X.shape[1])}
    grouped = ElasticNetPath(n_alphas=100, penalty_factor=names)
    of_groups = importances(LinearRegression(), X, y, grouped)
    # two penalties are 5 % apart, and both solvers stop early
    np.testing.assert_allclose(of_groups, ours, rtol=0.1)


@pytest.mark.parametrize("classes", [False, True])
def test_a_column_with_factor_zero_is_always_in(binary, classes):
    X, y = binary
    # a column of noise, a copy of a good column, and a column that is hard to reach
    X = np.column_stack([X, X[:, 0] + 0.01 * X[:, 7]])
    y = y if classes else X @ np.array([3, 2, 1, 0, 0, 0, 0, 0, 0]) + y
    model = LogisticRegression() if classes else LinearRegression()
    free = ElasticNetPath(penalty_factor={"x8": 0})
    ours = importances(model, X, y, free)
    assert ours.argmax() == 8
    # given its copy, the first column has nothing to add
    assert ours[0] < ours[1]
    late = ElasticNetPath(penalty_factor={"x1": 50.0})
    assert importances(model, X, y, late)[1] < importances(model, X, y)[1] / 5


def test_several_l1_ratios_are_averaged_relative_to_their_largest_penalty(regression):
    X, y = regression
    model = LinearRegression()
    each = [importances(model, X, y, ElasticNetPath(r)) for r in (0.3, 0.9)]
    expected = np.mean([values / values.max() for values in each], axis=0)
    ours = importances(model, X, y, ElasticNetPath([0.3, 0.9]))
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


def test_a_path_ends_where_nearly_all_is_explained():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(100, 5))
    y = X[:, 0] * 10 + X[:, 1]
    ratios = np.geomspace(1, 1e-6, 100)
    alphas, bounds, active = least_squares_path(X, y, np.ones(100), 1.0, ratios)
    assert len(alphas) == len(bounds) == len(active) < 90
    alphas, bounds, active = logistic_path(X, y > 0, np.ones(100), 1.0, ratios[:40])
    assert len(alphas) == len(bounds) == len(active) <= 40


def test_unknown_columns_and_negative_factors_are_errors(regression):
    for factor, message in (
        ({"colour": 1}, r"there is no column \['colour'\]"),
        ({"x0": -1}, "0 or larger"),
        ([1, 2], "a mapping from columns"),
    ):
        method = ElasticNetPath(penalty_factor=factor)
        with pytest.raises(ValueError, match=message):
            importances(LinearRegression(), *regression, method)


@pytest.mark.parametrize(
    "parameters", [{"l1_ratio": 0}, {"l1_ratio": 1.1}, {"n_alphas": 1}, {"eps": 1}]
)
def test_invalid_parameters_are_errors(binary, parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"ElasticNetPath\\({name}="):
        importances(LogisticRegression(), *binary, ElasticNetPath(**parameters))
