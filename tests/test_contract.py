"""What every result must be, over every family, granularity and method."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    SGDClassifier,
)
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklprune import FeaturePruningSelector, PrunedEstimator, prune, to_plain
from sklprune._registry import registered
from sklprune.methods import (
    CostComplexity,
    ElasticNetPath,
    Magnitude,
    MemberSelection,
    RecursiveElimination,
)

X, Y = make_classification(150, 8, n_informative=4, n_classes=3, random_state=0)
X2, Y2 = make_regression(150, 8, n_informative=4, n_targets=2, random_state=0)
RATIOS = [0.3, 0.5, 0.75]

CASES = {
    "logistic weights": (LogisticRegression(), Magnitude(), Y),
    "sgd weights": (SGDClassifier(average=True), Magnitude(per="layer"), Y),
    "multi-output weights": (LinearRegression(), Magnitude(), Y2),
    "mlp neurons": (MLPClassifier((9, 7), max_iter=30), Magnitude("neuron"), Y),
    "mlp elimination": (MLPClassifier((9, 7), max_iter=30), "neuron_elimination", Y),
    "mlp weights": (MLPClassifier((9, 7), max_iter=30), Magnitude("weight"), Y),
    "mlp regressor": (
        MLPRegressor(hidden_layer_sizes=(9,), solver="lbfgs"),
        "neuron_elimination",
        Y2,
    ),
    "early stopping": (
        MLPClassifier((9,), early_stopping=True, max_iter=30),
        Magnitude("neuron"),
        Y,
    ),
    "forest": (RandomForestClassifier(12), "member_selection", Y),
    "extra trees": (ExtraTreesClassifier(12), "member_selection", Y),
    "forest by margins": (
        RandomForestClassifier(12),
        MemberSelection(order="margin_distance"),
        Y,
    ),
    "forest regressor": (RandomForestRegressor(12), "member_selection", Y2),
    "leaves of a forest": (RandomForestClassifier(12), "backfitting", Y),
    "leaves of a forest regressor": (ExtraTreesRegressor(12), "backfitting", Y2),
    "leaves of a tree": (DecisionTreeClassifier(), "backfitting", Y),
    "a forest regrown": (RandomForestClassifier(12), "regrow", Y),
    "links of a tree": (DecisionTreeClassifier(), "auto", Y),
    "links of a forest": (RandomForestClassifier(12), "cost_complexity", Y),
    "links of a tree by a metric": (
        DecisionTreeClassifier(),
        CostComplexity(criterion="accuracy"),
        Y,
    ),
    "links of a forest by a metric": (
        RandomForestClassifier(6, max_depth=4),
        CostComplexity(criterion="balanced_accuracy"),
        Y,
    ),
    "links of histogram boosting": (
        HistGradientBoostingClassifier(max_iter=12, min_samples_leaf=5),
        "cost_complexity",
        Y,
    ),
    "leaves of bagged trees": (
        BaggingClassifier(n_estimators=12, max_features=0.7),
        "backfitting",
        Y,
    ),
    "links of bagged trees": (BaggingRegressor(n_estimators=12), "cost_complexity", Y2),
    "members of bagging": (BaggingRegressor(Ridge(), 12), "member_selection", Y2),
    "leaves of boosting": (
        GradientBoostingClassifier(n_estimators=12),
        "backfitting",
        Y,
    ),
    "leaves of histogram boosting": (
        HistGradientBoostingClassifier(max_iter=12, min_samples_leaf=5),
        "backfitting",
        Y,
    ),
    "pipeline": (
        make_pipeline(StandardScaler(), RandomForestClassifier(12)),
        "auto",
        Y,
    ),
    "columns of logistic": (LogisticRegression(), "permutation", Y),
    "columns of mlp": (MLPClassifier((9,), max_iter=30), "permutation", Y),
    "columns of forest": (RandomForestClassifier(12), "permutation", Y),
    "columns of boosting": (HistGradientBoostingClassifier(max_iter=5), "auto", Y),
    "columns of neighbours": (KNeighborsClassifier(algorithm="brute"), "auto", Y),
    "columns of pipeline": (
        make_pipeline(StandardScaler(), LogisticRegression()),
        "permutation",
        Y,
    ),
    "eliminated columns": (LogisticRegression(), "recursive_elimination", Y),
    "columns eliminated by permutation": (
        KNeighborsClassifier(algorithm="brute"),
        RecursiveElimination("permutation", step=2),
        Y,
    ),
    "columns eliminated with patience": (
        make_pipeline(StandardScaler(), LinearRegression()),
        RecursiveElimination(patience=8),
        Y2,
    ),
    "columns by the path of classes": (
        KNeighborsClassifier(algorithm="brute"),
        ElasticNetPath(n_alphas=10),
        Y,
    ),
    "columns by the path of numbers": (LinearRegression(), "elastic_net_path", Y2),
}

#: methods that decide by themselves: no ratio is asked of them
DECIDED = {
    "a forest recast": (RandomForestClassifier(12), "recast", Y),
    "a forest of values recast": (
        make_pipeline(StandardScaler(), RandomForestRegressor(12)),
        "recast",
        Y2[:, 0],
    ),
}
#: what methods give in the place of a forest that came in
OTHER_CLASSES = {
    "regrow": (GradientBoostingClassifier,),
    "recast": (GradientBoostingClassifier, GradientBoostingRegressor),
}


@pytest.fixture(params=CASES, ids=str)
def case(request):
    return CASES[request.param]


@pytest.fixture(params=CASES | DECIDED, ids=str)
def any_case(request):
    return (CASES | DECIDED)[request.param]


def at(ratio, method):
    """The ratio to ask for: where the method decides, none."""
    decides = method in {method for _, method, _ in DECIDED.values()}
    return "auto" if decides else ratio


def rows_of(y):
    return X2 if y.ndim == 2 else X


def fitted_on(model, y):
    model = clone(model)
    for name in model.get_params():
        if name.split("__")[-1] == "random_state":
            model.set_params(**{name: 0})
    return model.fit(rows_of(y)[:100], y[:100])


def test_every_method_has_a_case():
    cases = CASES | DECIDED
    names = {m if isinstance(m, str) else "magnitude" for _, m, _ in cases.values()}
    assert set(registered("method")) <= names


def test_input_is_never_written_to(any_case):
    model, method, y = any_case
    model, rows = fitted_on(model, y), rows_of(y)
    before = pickle.dumps((model, rows, y))
    prune(model, rows[100:], y[100:], method=method, pruning_ratio=at(RATIOS, method))
    assert pickle.dumps((model, rows, y)) == before


def test_read_only_rows_are_enough(any_case):
    model, method, y = any_case
    rows, y = rows_of(y).copy(), y.copy()
    rows.setflags(write=False)
    y.setflags(write=False)
    pruned = PrunedEstimator(model, method=method, pruning_ratio=at(0.5, method)).fit(
        rows, y
    )
    assert pruned.pruning_ratio_ > 0 or method == "recast"


def test_rows_in_lists_are_rows(any_case):
    model, method, y = any_case
    pruned = PrunedEstimator(
        model, method=method, pruning_ratio=at(0.5, method), random_state=0
    )
    listed = clone(pruned).fit(rows_of(y).tolist(), y.tolist()).predict(rows_of(y))
    np.testing.assert_array_equal(listed, pruned.fit(rows_of(y), y).predict(rows_of(y)))


@pytest.mark.filterwarnings("ignore:A column-vector y")
def test_one_column_of_y_is_y(any_case):
    model, method, y = any_case
    y = y if y.ndim == 1 else y[:, 0]
    pruned = PrunedEstimator(
        model, method=method, pruning_ratio=at(0.5, method), random_state=0
    )
    column = clone(pruned).fit(X, y.reshape(-1, 1)).predict(X)
    # of one column and of a vector some solvers sum in another order
    np.testing.assert_allclose(column.ravel(), pruned.fit(X, y).predict(X), rtol=1e-6)


def test_nothing_removed_predicts_the_same(case):
    model, method, y = case
    model, rows = fitted_on(model, y), rows_of(y)
    pruned = prune(model, rows[100:], y[100:], method=method, pruning_ratio=0)
    assert type(pruned.estimator_) is type(model)
    np.testing.assert_array_equal(pruned.predict(rows), model.predict(rows))
    assert pruned.report_.removed == []


def test_units_fall_along_the_path_and_the_frame_says_so(case):
    model, method, y = case
    pruned = PrunedEstimator(
        model, method=method, pruning_ratio=RATIOS, cv=2, random_state=0
    ).fit(rows_of(y), y)
    frame = pruned.path_.frame()
    assert frame["ratio"].tolist() == [0, *RATIOS]
    # a method that cannot stop at a ratio stops before it
    assert (np.diff(frame["units"]) <= 0).all()
    assert frame["units"].iloc[-1] < frame["units"].iloc[0]
    assert frame["chosen"].sum() == 1


def test_a_ratio_does_not_depend_on_the_others(case):
    model, method, y = case
    rows = rows_of(y)
    several = PrunedEstimator(
        model,
        method=method,
        pruning_ratio=RATIOS,
        cv=2,
        random_state=0,
        store_path=True,
    ).fit(rows, y)
    for ratio in (0, 0.5):
        alone = PrunedEstimator(
            model, method=method, pruning_ratio=ratio, random_state=0
        ).fit(rows, y)
        np.testing.assert_array_equal(
            several.path_.at(ratio).predict(rows), alone.predict(rows)
        )


def test_same_seed_same_result_for_any_n_jobs(any_case):
    model, method, y = any_case
    rows = rows_of(y)

    def table(n_jobs):
        pruned = PrunedEstimator(
            model,
            method=method,
            pruning_ratio=at(RATIOS, method),
            cv=2,
            random_state=7,
            n_jobs=n_jobs,
        ).fit(rows, y)
        return pruned.path_.table.get("scores", []), pruned.predict(rows)

    for one, two in zip(table(1), table(2)):
        np.testing.assert_array_equal(one, two)


def test_result_is_plain_and_of_the_right_class(any_case):
    model, method, y = any_case
    rows = rows_of(y)
    pruned = PrunedEstimator(model, method=method, pruning_ratio=at(0.5, method)).fit(
        rows, y
    )
    result = pruned.estimator_
    if pruned.report_.granularity == "feature":
        assert isinstance(result, Pipeline)
        assert isinstance(result[0], ColumnTransformer)
        assert list(result.named_steps) == ["columns", "model"]
        assert type(result[-1]) is type(model)
        assert result[-1].n_features_in_ == 4
    elif method in ("regrow", "recast"):
        last = result[-1] if isinstance(result, Pipeline) else result
        assert isinstance(last, OTHER_CLASSES[method])
    else:
        assert type(result) is type(model)
    assert result.predict(rows).shape == y.shape


def test_survives_pickle_without_rows_or_the_dense_model(any_case):
    model, method, y = any_case
    rows = rows_of(y)
    pruned = PrunedEstimator(
        model, method=method, pruning_ratio=at([0.75], method), cv=2, random_state=0
    ).fit(rows, y)
    again = pickle.loads(pickle.dumps(pruned))
    np.testing.assert_array_equal(again.predict(rows), pruned.predict(rows))
    assert rows.tobytes() not in pickle.dumps(pruned)
    assert again.report_.to_dict().keys() == pruned.report_.to_dict().keys()
    assert again.report_._models is None


def test_the_frozen_model_is_used_as_it_is(any_case):
    model, method, y = any_case
    model, rows = fitted_on(model, y), rows_of(y)
    by_hand = PrunedEstimator(
        FrozenEstimator(model),
        method=method,
        pruning_ratio=at(0.5, method),
        random_state=0,
    ).fit(rows[100:], y[100:])
    by_prune = prune(
        model,
        rows[100:],
        y[100:],
        method=method,
        pruning_ratio=at(0.5, method),
        random_state=0,
    )
    np.testing.assert_array_equal(by_hand.predict(rows), by_prune.predict(rows))


LOADER = """
import pickle, sys
sys.modules["sklprune"] = None  # any import of it raises
with open(sys.argv[1], "rb") as file:
    models = pickle.load(file)
for model, rows, expected in models:
    assert (model.predict(rows) == expected).all(), model
    assert "sklprune" not in repr(type(model))
print(len(models), "loaded")
"""


def test_loads_where_sklprune_is_not_installed(tmp_path):
    models = []
    for model, method, y in (CASES | DECIDED).values():
        rows = rows_of(y)
        ratio = at(0.5, method)
        pruned = PrunedEstimator(model, method=method, pruning_ratio=ratio).fit(rows, y)
        models.append((pruned.estimator_, rows, pruned.predict(rows)))
    selector = FeaturePruningSelector(LogisticRegression(), n_features_to_select=5)
    steps = [("select", selector), ("model", PrunedEstimator(LogisticRegression()))]
    grid = {"model__pruning_ratio": [0.2, 0.5]}
    search = GridSearchCV(Pipeline(steps), grid, cv=2).fit(X, Y)
    models.append((to_plain(search), X, search.predict(X)))
    path = tmp_path / "models.pickle"
    path.write_bytes(pickle.dumps(models))
    loaded = subprocess.run(
        [sys.executable, "-c", LOADER, str(path)], capture_output=True, text=True
    )
    assert loaded.stdout.split() == [str(len(models)), "loaded"], loaded.stderr
