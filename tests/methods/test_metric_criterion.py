"""Cost complexity by a criterion against models that are built and scored."""

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.datasets import (
    make_classification,
    make_multilabel_classification,
    make_regression,
)
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.metrics import accuracy_score, get_scorer, make_scorer, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklprune import PrunedEstimator, prune
from sklprune._registry import family_of
from sklprune._units import Task
from sklprune.methods import CostComplexity
from sklprune.methods._metric_criterion import MetricCriterion
from sklprune.methods.cost_complexity import TreeLinks, collapse_all

BINARY = make_classification(240, 8, n_informative=4, flip_y=0.2, random_state=0)
CLASSES = make_classification(
    240, 8, n_informative=4, n_classes=3, flip_y=0.2, random_state=0
)
LABELS = make_multilabel_classification(240, 8, n_classes=3, random_state=0)
NUMBERS = make_regression(240, 8, n_informative=4, noise=50, random_state=0)
SEVERAL = make_regression(240, 8, n_targets=2, noise=50, random_state=0)
POSITIVE = (NUMBERS[0], np.exp(NUMBERS[1] / 100))


def rounded_auc(y_true, y_score):
    """The ROC AUC of sums that are ties in whatever order they were added."""
    return roc_auc_score(y_true, np.round(y_score, 12), multi_class="ovr")


AUC = make_scorer(rounded_auc, response_method="predict_proba")
FOREST = RandomForestClassifier(4, max_depth=3, random_state=0)
CASES = [
    (DecisionTreeClassifier(random_state=0), BINARY, "roc_auc"),
    (DecisionTreeClassifier(random_state=0), CLASSES, "accuracy"),
    (DecisionTreeClassifier(max_leaf_nodes=20, random_state=0), CLASSES, "f1_macro"),
    (DecisionTreeRegressor(max_depth=4, random_state=0), NUMBERS, "r2"),
    (FOREST, BINARY, "balanced_accuracy"),
    (FOREST, CLASSES, AUC),
    (FOREST, LABELS, AUC),
    (FOREST, LABELS, "accuracy"),
    (
        ExtraTreesRegressor(3, max_depth=3, random_state=0),
        SEVERAL,
        "neg_root_mean_squared_error",
    ),
    (GradientBoostingClassifier(n_estimators=5, random_state=0), BINARY, "accuracy"),
    (
        GradientBoostingClassifier(n_estimators=3, loss="exponential", random_state=0),
        BINARY,
        "neg_log_loss",
    ),
    (GradientBoostingClassifier(n_estimators=2, random_state=0), CLASSES, "accuracy"),
    (
        GradientBoostingRegressor(n_estimators=3, loss="huber", random_state=0),
        NUMBERS,
        "neg_mean_absolute_error",
    ),
    (HistGradientBoostingClassifier(max_iter=3), BINARY, "roc_auc"),
    (HistGradientBoostingClassifier(max_iter=2), CLASSES, "neg_log_loss"),
    (
        HistGradientBoostingRegressor(max_iter=3, loss="poisson"),
        POSITIVE,
        "neg_mean_poisson_deviance",
    ),
]


def opened(model, data):
    """A model fitted on half of the rows, its links, and the other half."""
    X, y = data
    model = model.fit(X[::2], y[::2])
    family = family_of(model)
    units = family.units(model, "leaf", X)
    links = [
        TreeLinks(left, right, risk)
        for (left, right), risk in zip(units.where, family.risks(model))
    ]
    return family, model, units, links, Task(X[1::2], y[1::2])


class Builder:
    """Builds the model without a link, and scores it on the rows."""

    def __init__(self, family, model, units, task, scorer):
        self.family, self.model, self.units = family, model, units
        self.score = lambda model: scorer(model, task.X, task.y)
        self.keep = np.ones(units.count, dtype=bool)
        self.now = self.score(model)
        sizes = [(left < 0).sum() for left, _ in units.where]
        self.start = np.cumsum([0, *sizes])

    def without(self, tree, node):
        """Which leaves are kept where a split becomes a leaf."""
        left, right = self.units.where[tree]
        number = np.cumsum(left < 0) - 1 + self.start[tree]
        below, leaves = [node], []
        while below:
            top = below.pop()
            if left[top] < 0:
                leaves.append(number[top])
            else:
                below += [right[top], left[top]]
        keep = self.keep.copy()
        keep[leaves] = False
        keep[leaves[0]] = True
        return keep

    def after(self, tree, node):
        keep = self.without(tree, node)
        return self.score(self.family.remove(self.model, self.units, keep))

    def collapse(self, tree, node):
        self.keep = self.without(tree, node)
        self.now = self.score(self.family.remove(self.model, self.units, self.keep))


class Both:
    """A criterion that is compared with a builder at every call."""

    def __init__(self, criterion, builder):
        self.criterion, self.builder = criterion, builder
        self.n_calls = 0

    def loss(self, tree, node):
        self.n_calls += 1
        loss = self.criterion.loss(tree, node)
        expected = max(self.builder.now - self.builder.after(tree, node), 0.0)
        # sums in another order
        assert loss == pytest.approx(expected, rel=1e-7, abs=1e-9)
        return loss

    def collapse(self, tree, node):
        self.criterion.collapse(tree, node)
        self.builder.collapse(tree, node)
        assert self.criterion.score == pytest.approx(self.builder.now, rel=1e-9)


@pytest.mark.parametrize(
    ("model", "data", "criterion"),
    CASES,
    ids=[f"{type(m).__name__}, {criterion}" for m, _, criterion in CASES],
)
def test_every_loss_is_that_of_the_model_built_and_scored(model, data, criterion):
    family, model, units, links, task = opened(model, data)
    builder = Builder(family, model, units, task, get_scorer(criterion))
    both = Both(MetricCriterion(criterion, family, model, task), builder)
    sequence = collapse_all(links, units.count, both)
    assert both.n_calls >= len(sequence.n_removed)
    assert sequence.n_removed[-1] == units.count - len(links)


@pytest.mark.parametrize("model", [DecisionTreeClassifier(random_state=0), FOREST])
def test_links_without_a_cost_are_collapsed_first(model):
    family, model, units, links, task = opened(model, BINARY)
    whole = MetricCriterion("accuracy", family, model, task).score
    criterion = MetricCriterion("accuracy", family, model, task)
    scores = []

    class Watched:
        loss = criterion.loss

        @staticmethod
        def collapse(tree, node):
            criterion.collapse(tree, node)
            scores.append(criterion.score)

    sequence = collapse_all(links, units.count, Watched)
    first_cost = sequence.step[sequence.strength > 0].min()
    assert 1 < first_cost < len(scores)
    assert (np.diff([whole, *scores[: first_cost - 1]]) >= 0).all()
    assert scores[first_cost - 1] < scores[first_cost - 2]


def test_a_right_split_costs_half_and_a_wrong_one_nothing():
    X = np.array([[0.0], [0.0], [1.0], [1.0]])
    tree = DecisionTreeClassifier().fit(X, [0, 0, 1, 1])
    family = family_of(tree)
    right, wrong = (Task(X, np.array(y)) for y in ([0, 0, 1, 1], [1, 1, 0, 0]))
    assert MetricCriterion("accuracy", family, tree, right).loss(0, 0) == 0.5
    assert MetricCriterion("accuracy", family, tree, wrong).loss(0, 0) == 0.0


def test_out_of_bag_sums_are_those_of_scikit_learn():
    X, y = CLASSES
    forest = RandomForestClassifier(40, oob_score=True, random_state=0).fit(X, y)
    family = family_of(forest)
    unseen = family.out_of_bag(forest)
    criterion = MetricCriterion("accuracy", family, forest, Task(X, y), unseen)
    np.testing.assert_allclose(
        criterion.predictions.predict_proba(X),
        forest.oob_decision_function_,
        atol=1e-11,
    )
    assert criterion.score == forest.oob_score_


def test_rows_without_an_out_of_bag_tree_do_not_count():
    X, y = BINARY
    forest = RandomForestClassifier(2, random_state=0).fit(X, y)
    unseen = family_of(forest).out_of_bag(forest)
    criterion = MetricCriterion(
        "accuracy", family_of(forest), forest, Task(X, y), unseen
    )
    assert criterion.task.n_samples == unseen.any(axis=1).sum() < len(X)


def test_a_forest_is_ordered_out_of_bag_and_holds_no_rows_out():
    X, y = BINARY
    pruned = PrunedEstimator(
        FOREST, method=CostComplexity(criterion="accuracy"), pruning_ratio=0.5
    ).fit(X, y)
    whole = FOREST.fit(X, y)
    assert pruned.report_.to_dict()["original"]["nodes"] == sum(
        tree.tree_.node_count for tree in whole.estimators_
    )
    assert "criterion" in pruned.report_.removed[0]["reason"]


def path_of(model, data, criterion, weight=None, rows=slice(None)):
    family, model, units, _, task = opened(model, data)
    X, y = task.X[rows], task.y[rows]
    task = Task(X, y, weight, unseen=np.arange(len(X)))
    method = CostComplexity(criterion=criterion)
    return method.path(family, model, units, task).step


@pytest.mark.parametrize("model", [DecisionTreeClassifier(random_state=0), FOREST])
def test_weights_count_as_repeated_rows(model):
    weight = np.random.RandomState(0).randint(0, 3, 120)
    # a sum by which every share is exact, so that ties are ties
    weight[0] += 128 - weight.sum()
    assert weight[0] >= 0
    weighted = path_of(model, BINARY, "accuracy", weight.astype(float))
    repeated = path_of(model, BINARY, "accuracy", rows=np.repeat(range(120), weight))
    np.testing.assert_array_equal(weighted, repeated)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (accuracy_score, "accuracy"),
        (make_scorer(roc_auc_score, response_method="predict_proba"), "roc_auc"),
        (lambda y_true, y_pred: (y_true == y_pred).mean(), "accuracy"),
    ],
    ids=["a metric", "a scorer", "your own function"],
)
def test_a_callable_is_the_metric_that_it_computes(one, other):
    by_callable, by_name = (path_of(FOREST, BINARY, c) for c in (one, other))
    np.testing.assert_array_equal(by_callable, by_name)


def test_the_metric_is_not_called_where_no_prediction_changes():
    calls = []

    def metric(y_true, y_pred):
        calls.append(y_pred.copy())
        return (y_true == y_pred).mean()

    tree = DecisionTreeClassifier(random_state=0)
    path_of(tree, BINARY, metric, rows=[0])
    # the prediction of one row changes only at splits of its own path
    assert 1 < len(calls) <= 2 + 2 * tree.get_depth() < tree.get_n_leaves() - 1


def test_a_metric_may_write_into_what_it_is_given():
    def spoils(y_true, y_pred):
        score = (y_true == y_pred).mean()
        y_pred[:] = 0
        return score

    steps = path_of(FOREST, BINARY, spoils)
    np.testing.assert_array_equal(steps, path_of(FOREST, BINARY, "accuracy"))


def test_inside_a_pipeline_the_rows_are_those_that_the_model_receives():
    X, y = BINARY
    model = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0))
    model.fit(X[::2], y[::2])
    method = CostComplexity(criterion="accuracy")
    whole = prune(model, X[1::2], y[1::2], method=method, pruning_ratio=0.5)
    bare = model[-1]
    rows = model[0].transform(X[1::2])
    alone = prune(bare, rows, y[1::2], method=method, pruning_ratio=0.5)
    np.testing.assert_array_equal(whole.predict(X[1::2]), alone.predict(rows))
    assert is_classifier(whole.estimator_)


@pytest.mark.parametrize(
    ("criterion", "error", "words"),
    [
        ("no_such_metric", ValueError, "get_scorer_names"),
        (3, TypeError, "criterion=3"),
        (lambda estimator, X, y: 1.0, TypeError, r"criterion\(y_true, y_pred\)"),
        (lambda y_true, y_pred: np.nan, ValueError, "finite number"),
    ],
)
def test_an_invalid_criterion_is_an_error(criterion, error, words):
    X, y = BINARY
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    with pytest.raises(error, match=words):
        prune(tree, X, y, method=CostComplexity(criterion=criterion), pruning_ratio=0.5)


def test_a_model_without_the_method_that_a_scorer_needs_is_named():
    X, y = NUMBERS
    tree = DecisionTreeRegressor(max_depth=3).fit(X, y)
    scorer = make_scorer(roc_auc_score, response_method="predict_proba")
    with pytest.raises(AttributeError, match="DecisionTreeRegressor"):
        prune(tree, X, y, method=CostComplexity(criterion=scorer), pruning_ratio=0.5)


def test_only_a_criterion_needs_labels():
    X, y = BINARY
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    small = prune(tree, X, method="cost_complexity", pruning_ratio=0.5)
    assert small.pruning_ratio_ > 0
    with pytest.raises(ValueError, match="requires y.*'cost_complexity'"):
        prune(tree, X, method=CostComplexity(criterion="accuracy"), pruning_ratio=0.5)


@pytest.mark.parametrize(
    "model",
    [
        GradientBoostingClassifier(n_estimators=1),
        HistGradientBoostingClassifier(max_iter=1),
    ],
)
def test_the_label_of_a_score_of_zero_is_that_of_the_model(model):
    X, y = np.zeros((40, 1)), np.repeat([3, 7], 20)
    model.fit(X, y)
    raw_prediction = family_of(model).offset(model, X)
    assert (raw_prediction == 0).all()
    response = family_of(model).response(model, raw_prediction, "predict")
    np.testing.assert_array_equal(response, model.predict(X))
