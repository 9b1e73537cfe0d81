"""Recast: another class with the same predictions."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    make_classification,
)
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklprune import PrunedEstimator, prune
from sklprune.methods import Recast
from sklprune.methods.recast import softmax_scale

CANCER = train_test_split(*load_breast_cancer(return_X_y=True), random_state=0)
DIABETES = train_test_split(*load_diabetes(return_X_y=True), random_state=0)
DIGITS = train_test_split(*load_digits(return_X_y=True), random_state=0)
GRADIENT, HIST = CONTAINERS = "gradient_boosting", "hist_gradient_boosting"


def recast(model, X, y, container="auto", **kept):
    return prune(model, X, y, method=Recast(container), **kept).estimator_


def holed(X):
    missing = np.random.RandomState(0).uniform(size=X.shape) < 0.1
    return np.where(missing, np.nan, X)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize(
    "model",
    [
        RandomForestRegressor(30, random_state=0),
        RandomForestRegressor(9, criterion="absolute_error", max_depth=5),
        DecisionTreeRegressor(random_state=0),
    ],
    ids=["forest", "medians", "tree"],
)
def test_values_are_the_same(model, container):
    X, X_test, y, _ = DIABETES
    model = model.fit(X, y)
    other = recast(model, X, y, container)
    expected = (
        GradientBoostingRegressor
        if container == GRADIENT
        else HistGradientBoostingRegressor
    )
    assert isinstance(other, expected)
    # sums of the same numbers in another order
    np.testing.assert_allclose(other.predict(X_test), model.predict(X_test), rtol=1e-12)


def test_rows_at_a_threshold_take_the_same_path():
    X = np.random.RandomState(0).normal(size=(300, 2)).astype(np.float32)
    model = RandomForestRegressor(20, random_state=0).fit(X, X[:, 0] * X[:, 1])
    other = recast(model, X, X[:, 0], HIST)
    thresholds = np.concatenate([tree.tree_.threshold for tree in model.estimators_])
    grid = thresholds.astype(np.float32).astype(float)
    near = np.concatenate(
        [
            thresholds,
            grid,
            *(np.nextafter(grid, end) for end in (-np.inf, np.inf)),
            # half-way to the neighbours, where a float64 is rounded to one of them
            *(
                (grid + np.nextafter(grid.astype("f4"), np.float32(end))) / 2
                for end in (-np.inf, np.inf)
            ),
        ]
    )
    rows = np.column_stack([near, near[::-1]])
    np.testing.assert_allclose(other.predict(rows), model.predict(rows), rtol=1e-12)


MODELS = {
    "forest": RandomForestClassifier(20, random_state=0),
    "extra trees": ExtraTreesClassifier(20, random_state=0),
    "stumps": RandomForestClassifier(30, max_depth=2, random_state=0),
    "balanced": RandomForestClassifier(20, class_weight="balanced", random_state=0),
    "tree": DecisionTreeClassifier(max_depth=4, random_state=0),
}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", MODELS)
def test_labels_and_order_are_the_same(name, container):
    X, X_test, y, y_test = CANCER
    names = np.array(["no", "yes"])[y]
    model = MODELS[name].fit(X, names)
    other = recast(model, X, names, container)
    rows = np.vstack([X, X_test, X_test[::-1] * 1.1])
    np.testing.assert_array_equal(other.predict(rows), model.predict(rows))
    assert other.classes_.tolist() == ["no", "yes"]
    probability = model.predict_proba(X_test)[:, 1]
    score = other.decision_function(X_test)
    # the order may change between values that differ only by rounding
    assert roc_auc_score(y_test, score) == pytest.approx(
        roc_auc_score(y_test, probability), abs=1e-4
    )
    order = np.argsort(score, kind="stable")
    assert (np.diff(probability[order]) >= -1e-12).all()


@pytest.mark.parametrize("container", CONTAINERS)
def test_ties_remain_ties(container):
    X, y = make_classification(400, 6, flip_y=0.4, random_state=0)
    # an even number of fully grown trees: votes are often tied
    model = ExtraTreesClassifier(6, random_state=0).fit(X[:200], y[:200])
    probability = model.predict_proba(X[200:])[:, 1]
    assert (probability == 0.5).sum() > 10
    other = recast(model, X[:200], y[:200], container)
    np.testing.assert_array_equal(other.predict(X[200:]), model.predict(X[200:]))
    scores = other.decision_function(X[200:])
    assert len(np.unique(scores)) == len(np.unique(probability))
    assert roc_auc_score(y[200:], scores) == roc_auc_score(y[200:], probability)


@pytest.mark.parametrize("container", CONTAINERS)
def test_several_classes(container):
    X, X_test, y, _ = DIGITS
    names = np.array(list("abcdefghij"))[y]
    model = RandomForestClassifier(10, max_depth=7, random_state=0).fit(X, names)
    other = recast(model, X, names, container)
    np.testing.assert_array_equal(other.predict(X_test), model.predict(X_test))
    scores, probability = other.decision_function(X_test), model.predict_proba(X_test)
    large = probability > 0.2
    factor = scores[large] / probability[large]
    # the scores are the probabilities, times one factor, up to rounding
    np.testing.assert_allclose(factor, factor[0], rtol=1e-10)


def test_copies_for_each_class_have_no_idle_splits():
    X, _, y, _ = DIGITS
    model = RandomForestClassifier(5, random_state=0).fit(X, y)
    other = recast(model, X, y)
    copied = 10 * sum(tree.get_n_leaves() for tree in model.estimators_)
    kept = sum(tree.get_n_leaves() for tree in other.estimators_.ravel())
    # in fully grown trees most leaves are of one class
    assert kept < copied / 2


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", MODELS)
def test_probabilities_remain_calibrated(name, container):
    X, X_test, y, y_test = CANCER
    model = MODELS[name].fit(X, y)
    other = recast(model, X, y, container)
    predicted, expected = (each.predict_proba(X_test) for each in (other, model))
    np.testing.assert_allclose(predicted.sum(axis=1), 1)
    # the design allows a loss that is 5 % larger in another container
    assert log_loss(y_test, predicted) < 1.05 * log_loss(
        y_test, model.predict_proba(X_test)
    )
    # a straight line and a logistic curve from 0 to 1 are no further apart
    assert np.abs(predicted - expected).mean() < 0.06


def test_the_scale_of_scores_is_the_best_one():
    probabilities = np.random.RandomState(0).dirichlet([0.5, 0.5, 0.5], size=300)
    weight = np.random.RandomState(1).uniform(size=300)
    even = np.zeros((21, 3))
    even[:, 0], even[:, 1] = np.linspace(0, 1, 21), np.linspace(1, 0, 21)

    def distance(scale):
        def entropy(rows):
            shares = np.exp(scale * rows)
            shares /= shares.sum(axis=1, keepdims=True)
            return -(rows * np.log(shares)).sum(axis=1)

        over_rows = np.average(entropy(probabilities), weights=weight)
        return 0.8 * over_rows + 0.2 * entropy(even).mean()

    best = softmax_scale(probabilities, weight)
    assert distance(best) <= min(distance(0.98 * best), distance(1.02 * best))


def test_missing_values_take_the_histogram_container():
    X, X_test, y, _ = CANCER
    X, X_test = holed(X), holed(X_test)
    model = RandomForestClassifier(20, random_state=0).fit(X, y)
    other = recast(model, X, y)
    assert isinstance(other, HistGradientBoostingClassifier)
    np.testing.assert_array_equal(other.predict(X_test), model.predict(X_test))
    X, X_test, y, _ = DIABETES
    X, X_test = holed(X), holed(X_test)
    model = RandomForestRegressor(20, random_state=0).fit(X, y)
    other = recast(model, X, y)
    np.testing.assert_allclose(other.predict(X_test), model.predict(X_test), rtol=1e-12)


def test_the_bin_mapper_holds_no_thresholds():
    X, _, y, _ = DIABETES
    other = recast(RandomForestRegressor(5, random_state=0).fit(X, y), X, y, HIST)
    assert sum(map(len, other._bin_mapper.bin_thresholds_)) == 0


@pytest.mark.parametrize(
    ("model", "rows"),
    [
        (GradientBoostingRegressor(n_estimators=9, random_state=0), DIABETES),
        (GradientBoostingRegressor(n_estimators=9, loss="huber"), DIABETES),
        (GradientBoostingRegressor(n_estimators=9, init="zero"), DIABETES),
        (GradientBoostingClassifier(n_estimators=9), CANCER),
        (GradientBoostingClassifier(n_estimators=9, loss="exponential"), CANCER),
        (GradientBoostingClassifier(n_estimators=5, max_depth=2), DIGITS),
    ],
    ids=["squares", "huber", "zero", "classes", "exponential", "digits"],
)
def test_gradient_boosting_as_histograms(model, rows):
    X, X_test, y, _ = rows
    model = model.fit(X, y)
    other = recast(model, X, y, HIST)
    assert type(other).__name__ == f"Hist{type(model).__name__}"
    name = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    predicted, expected = (getattr(each, name)(X_test) for each in (other, model))
    # sums of the same numbers in another order
    np.testing.assert_allclose(predicted, expected, rtol=1e-12)


def test_inside_a_pipeline_on_a_frame():
    pd = pytest.importorskip("pandas")
    X, X_test, y, _ = CANCER
    columns = [f"c{i}" for i in range(X.shape[1])]
    X, X_test = (pd.DataFrame(rows, columns=columns) for rows in (X, X_test))
    forest = RandomForestClassifier(10, random_state=0)
    for model in (forest, make_pipeline(StandardScaler(), forest)):
        pruned = prune(model.fit(X, y), X, y, method="recast")
        np.testing.assert_array_equal(pruned.predict(X_test), model.predict(X_test))
        names = pruned.estimator_.feature_names_in_.tolist()
        assert names == columns
        assert "Recast converted it to a Gradient" in pruned.report_.summary


def test_sparse_rows():
    X, X_test, y, _ = DIGITS
    X, X_test = sparse.csr_matrix(X), sparse.csr_matrix(X_test)
    y = y % 2
    model = RandomForestClassifier(10, random_state=0).fit(X, y)
    other = recast(model, X, y)
    np.testing.assert_array_equal(other.predict(X_test), model.predict(X_test))
    with pytest.raises(ValueError, match="no sparse X: container must be"):
        recast(model, X, y, HIST)


def test_the_report_states_the_change_of_the_class():
    X, _, y, _ = CANCER
    model = RandomForestClassifier(10, random_state=0).fit(X, y)
    pruned = prune(model, X, y, method="recast", store_path=True)
    assert pruned.report_.summary == (
        "RandomForestClassifier: nothing was pruned, Recast converted it to a "
        "GradientBoostingClassifier."
    )
    assert "found nothing" not in pruned.report_.score["kept_because"]
    assert pruned.pruning_ratio_ == 0 and pruned.report_.removed == []
    assert pruned.path_.at(0) is pruned.estimator_
    with pytest.raises(ValueError, match="determines the size itself"):
        prune(model, X, y, method="recast", pruning_ratio=0.5)


def test_no_labels_are_needed():
    X, _, y, _ = CANCER
    model = RandomForestClassifier(10, random_state=0).fit(X, y)
    np.testing.assert_array_equal(
        prune(model, X, method="recast").predict(X), model.predict(X)
    )


def test_a_leaf_with_the_probability_one_half():
    X, y = np.arange(8.0)[:, None], np.array([0, 1] * 4)
    model = DecisionTreeClassifier(min_samples_leaf=5).fit(X, y)
    other = recast(model, X, y)
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    np.testing.assert_allclose(other.predict_proba(X), 0.5)


@pytest.mark.parametrize(
    ("model", "method", "y", "message"),
    [
        (
            RandomForestRegressor(3),
            "recast",
            np.c_[DIABETES[2], DIABETES[2]],
            "several outputs, and boosting has one",
        ),
        (RandomForestClassifier(3), "recast", np.ones(331), "has a single class"),
        (
            GradientBoostingRegressor(n_estimators=3),
            "recast",
            DIABETES[2],
            "already: only Recast\\(container='hist_gradient_boosting'\\)",
        ),
        (
            GradientBoostingRegressor(n_estimators=3, init=DecisionTreeRegressor()),
            Recast(HIST),
            DIABETES[2],
            "does not offer as_boosting",
        ),
        (
            HistGradientBoostingRegressor(max_iter=3),
            "recast",
            DIABETES[2],
            "does not offer as_boosting",
        ),
        (
            RandomForestRegressor(3),
            Recast("same"),
            DIABETES[2],
            "container='same'.*must be 'auto', 'grad.* or 'hist",
        ),
    ],
)
def test_what_cannot_be_converted_is_refused(model, method, y, message):
    X = DIABETES[0]
    with pytest.raises(ValueError, match=message):
        prune(model.fit(X, y), X, y, method=method)
    with pytest.raises(ValueError, match=message):
        PrunedEstimator(model, method=method).fit(X, y)


def test_rows_with_missing_values_are_refused_by_gradient_boosting():
    X, _, y, _ = DIABETES
    model = RandomForestRegressor(3, random_state=0).fit(holed(X), y)
    with pytest.raises(ValueError, match="no missing values, and X has some"):
        recast(model, holed(X), y, GRADIENT)
