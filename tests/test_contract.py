"""What must hold for every family, granularity and method: the contract tests.

`CASES` lists a model, a method and targets for each. The tests that fit a
`PrunedEstimator` with the usual settings share it, see `Shared`. Forms of input are
tested in test_contract_inputs.py.
"""

import pickle
import subprocess
import sys
from functools import cached_property

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
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklprune import FeaturePruningSelector, PrunedEstimator, prune, to_plain
from sklprune._registry import registered, snake_case
from sklprune.methods import (
    Backfitting,
    CostComplexity,
    ElasticNetPath,
    Knockoffs,
    Magnitude,
    MemberSelection,
    Probe,
    RecursiveElimination,
    Regrow,
    StructureSearch,
)

X, Y = make_classification(150, 8, n_informative=4, n_classes=3, random_state=0)
X2, Y2 = make_regression(150, 8, n_informative=4, n_targets=2, random_state=0)
RATIOS = [0.3, 0.5, 0.75]

CASES = {
    "logistic weights": (LogisticRegression(), Magnitude(), Y),
    "sgd weights": (SGDClassifier(average=True), Magnitude(per="layer"), Y),
    "multi-output weights": (LinearRegression(), Magnitude(), Y2),
    "one-vs-rest weights": (OneVsRestClassifier(LogisticRegression()), "auto", Y),
    "mlp neurons": (MLPClassifier((9, 7), max_iter=30), Magnitude("neuron"), Y),
    "mlp elimination": (MLPClassifier((9, 7), max_iter=30), "neuron_elimination", Y),
    "mlp weights": (MLPClassifier((9, 7), max_iter=30), Magnitude("weight"), Y),
    "logistic weights by curvature": (LogisticRegression(), "second_order", Y),
    "mlp weights by curvature": (MLPClassifier((9, 7), max_iter=30), "second_order", Y),
    "mlp weights by gradients": (MLPClassifier((9, 7), max_iter=30), "gradient", Y),
    "linear weights by gradients": (SGDClassifier(), "gradient", Y),
    "mlp weights by inputs": (MLPClassifier((9, 7), max_iter=30), "activation", Y),
    "bits of linear weights": (LogisticRegression(), "quantize", Y),
    "bits of an mlp": (MLPClassifier((9, 7), max_iter=30), "quantize", Y),
    "bits of a tree": (DecisionTreeClassifier(), "quantize", Y),
    "bits of a forest": (RandomForestClassifier(5), "quantize", Y),
    "bits of a forest regressor": (ExtraTreesRegressor(5), "quantize", Y2),
    "bits of bagged trees": (
        BaggingClassifier(n_estimators=5, max_features=0.7),
        "quantize",
        Y,
    ),
    "bits of boosting": (GradientBoostingClassifier(n_estimators=5), "quantize", Y),
    "bits of histogram boosting": (
        HistGradientBoostingClassifier(max_iter=4, min_samples_leaf=5),
        "quantize",
        Y,
    ),
    "weights in random order": (LogisticRegression(), "random_order", Y),
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
    "forest": (RandomForestClassifier(5), "member_selection", Y),
    "extra trees": (ExtraTreesClassifier(5), "member_selection", Y),
    "forest by margins": (
        RandomForestClassifier(5),
        MemberSelection(order="margin_distance"),
        Y,
    ),
    "forest regressor": (RandomForestRegressor(5), "member_selection", Y2),
    "leaves of a forest": (RandomForestClassifier(5), "backfitting", Y),
    # to choose rho takes most of the time: one case does
    "leaves of a forest regressor": (ExtraTreesRegressor(5), Backfitting(40), Y2),
    "leaves of a tree": (DecisionTreeClassifier(), Backfitting(40), Y),
    "a forest regrown": (RandomForestClassifier(5), Regrow(rho=40), Y),
    "subtrees of a tree": (DecisionTreeClassifier(), "auto", Y),
    "subtrees of a forest": (RandomForestClassifier(5), "cost_complexity", Y),
    "subtrees of a tree by a metric": (
        DecisionTreeClassifier(),
        CostComplexity(criterion="accuracy"),
        Y,
    ),
    "subtrees of a forest by a metric": (
        RandomForestClassifier(5, max_depth=4),
        CostComplexity(criterion="balanced_accuracy"),
        Y,
    ),
    "subtrees of histogram boosting": (
        HistGradientBoostingClassifier(max_iter=4, min_samples_leaf=5),
        "cost_complexity",
        Y,
    ),
    "leaves of bagged trees": (
        BaggingClassifier(n_estimators=5, max_features=0.7),
        Backfitting(40),
        Y,
    ),
    "subtrees of bagged trees": (
        BaggingRegressor(n_estimators=5),
        "cost_complexity",
        Y2,
    ),
    "members of bagging": (BaggingRegressor(Ridge(), 5), "member_selection", Y2),
    "leaves of boosting": (
        GradientBoostingClassifier(n_estimators=5),
        Backfitting(40),
        Y,
    ),
    "leaves of histogram boosting": (
        HistGradientBoostingClassifier(max_iter=4, min_samples_leaf=5),
        Backfitting(40),
        Y,
    ),
    "pipeline": (
        make_pipeline(StandardScaler(), RandomForestClassifier(5)),
        "auto",
        Y,
    ),
    "columns of logistic": (LogisticRegression(), "permutation", Y),
    "columns of mlp": (MLPClassifier((9,), max_iter=30), "permutation", Y),
    "columns of forest": (RandomForestClassifier(5), "permutation", Y),
    "columns of boosting": (HistGradientBoostingClassifier(max_iter=3), "auto", Y),
    "columns of neighbours": (KNeighborsClassifier(algorithm="brute"), "auto", Y),
    "columns of pipeline": (
        make_pipeline(StandardScaler(), LogisticRegression()),
        "permutation",
        Y,
    ),
    "eliminated columns": (LogisticRegression(), "recursive_elimination", Y),
    "columns eliminated from least squares": (
        LinearRegression(),
        RecursiveElimination("coef"),
        Y2,
    ),
    "columns added one by one": (Ridge(), "sequential", Y2),
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
    "columns by the path of a classifier": (
        KNeighborsClassifier(algorithm="brute"),
        ElasticNetPath(n_alphas=10),
        Y,
    ),
    "columns in the default order": (
        KNeighborsClassifier(algorithm="brute"),
        "columns",
        Y,
    ),
    "columns by the path of a regressor": (LinearRegression(), "elastic_net_path", Y2),
}

#: methods that determine the size themselves, and take no ratio
DECIDED = {
    "a forest recast": (RandomForestClassifier(5), "recast", Y),
    "a forest regressor recast": (
        make_pipeline(StandardScaler(), RandomForestRegressor(5)),
        "recast",
        Y2[:, 0],
    ),
    "columns that beat random ones": (LogisticRegression(), Probe(level=0.4), Y),
    "columns that beat their knockoffs": (
        LogisticRegression(),
        Knockoffs(fdr=0.6),
        Y,
    ),
    "searched hidden layers": (
        MLPClassifier((9, 7), max_iter=30),
        StructureSearch(max_refits=8, max_epochs=5),
        Y,
    ),
}
#: classes of the results of methods that replace a forest
OTHER_CLASSES = {
    "regrow": (GradientBoostingClassifier,),
    "recast": (GradientBoostingClassifier, GradientBoostingRegressor),
}


class Shared:
    """A case, and results that its tests share and must not change."""

    def __init__(self, model, method, y):
        self.model, self.method, self.y = model, method, y

    def fit(self, ratio, **options):
        """A `PrunedEstimator` fitted on all rows; no ratio if the method sets it."""
        options = {"pruning_ratio": at(ratio, self.method), "random_state": 0} | options
        pruned = PrunedEstimator(self.model, method=self.method, **options)
        return pruned.fit(rows_of(self.y), self.y)

    @cached_property
    def half(self):
        return self._kept(self.fit(0.5))

    @cached_property
    def chosen(self):
        """The result of a choice among `RATIOS`, on two folds."""
        return self._kept(self.fit(RATIOS, cv=2))

    @cached_property
    def stored(self):
        """The same on two processes, with the models of all ratios."""
        return self._kept(self.fit(RATIOS, cv=2, n_jobs=2, store_path=True))

    _before = ()

    def _kept(self, pruned):
        self._before += ((pruned.estimator_, pickle.dumps(pruned.estimator_)),)
        return pruned

    def assert_unchanged(self):
        for model, before in self._before:
            assert pickle.dumps(model) == before


SHARED = {name: Shared(*case) for name, case in (CASES | DECIDED).items()}


@pytest.fixture(scope="module", autouse=True)
def shared_results_remain_unchanged():
    yield
    for result in SHARED.values():
        result.assert_unchanged()


@pytest.fixture(params=CASES, ids=str)
def case(request):
    return SHARED[request.param]


@pytest.fixture(params=SHARED, ids=str)
def any_case(request):
    return SHARED[request.param]


def at(ratio, method):
    """The ratio to prune at; "auto" if the method determines the size itself."""
    decides = method in {method for _, method, _ in DECIDED.values()}
    return "auto" if decides else ratio


def name_of(method):
    return method if isinstance(method, str) else snake_case(type(method).__name__)


def rows_of(y):
    return X2 if y.ndim == 2 else X


def fitted_on(model, y):
    model = clone(model)
    for name in model.get_params():
        if name.split("__")[-1] == "random_state":
            model.set_params(**{name: 0})
    return model.fit(rows_of(y)[:100], y[:100])


def test_every_method_has_a_case():
    names = {name_of(method) for _, method, _ in (CASES | DECIDED).values()}
    assert set(registered("method")) <= names


# with 50 rows, no column may be better than a random one
@pytest.mark.filterwarnings("ignore:.*found no column:UserWarning")
def test_input_is_never_written_to(any_case):
    method, y = any_case.method, any_case.y
    model, rows = fitted_on(any_case.model, y), rows_of(y)
    before = pickle.dumps((model, rows, y))
    options = {"method": method, "pruning_ratio": at(RATIOS, method), "cv": 2}
    prune(model, rows[100:], y[100:], **options)
    assert pickle.dumps((model, rows, y)) == before


def test_nothing_removed_predicts_the_same(case):
    model, rows = fitted_on(case.model, case.y), rows_of(case.y)
    pruned = prune(model, rows[100:], case.y[100:], method=case.method, pruning_ratio=0)
    assert type(pruned.estimator_) is type(model)
    np.testing.assert_array_equal(pruned.predict(rows), model.predict(rows))
    assert pruned.report_.removed == []


def test_the_number_of_units_falls_along_the_path_and_in_the_frame(case):
    path, frame = case.chosen.path_, case.chosen.path_.frame()
    assert path.table["ratio"].tolist() == [0, *RATIOS]
    # ratios that give the same model share a row
    assert set(frame["ratio"]) <= {0, *RATIOS}
    assert frame["ratio"].iloc[0] == 0 or frame["chosen"].iloc[0]
    # a method that cannot stop at a ratio stops before it
    assert (np.diff(frame["units"]) <= 0).all()
    assert frame["units"].iloc[-1] < frame["units"].iloc[0]
    assert frame["chosen"].sum() == 1


def test_a_ratio_does_not_depend_on_the_others(case):
    rows, several = rows_of(case.y), case.stored
    for ratio, alone in ((0, case.fit(0)), (0.5, case.half)):
        np.testing.assert_array_equal(
            several.path_.at(ratio).predict(rows), alone.predict(rows)
        )


def test_same_seed_same_result_for_any_n_jobs(any_case):
    rows = rows_of(any_case.y)
    one, two = any_case.chosen, any_case.stored
    for first, second in zip(
        (one.path_.table.get("scores", []), one.predict(rows)),
        (two.path_.table.get("scores", []), two.predict(rows)),
        strict=True,
    ):
        np.testing.assert_array_equal(first, second)


def test_result_is_plain_and_of_the_right_class(any_case):
    pruned, model, method = any_case.half, any_case.model, any_case.method
    result = pruned.estimator_
    if pruned.report_.granularity == "feature":
        assert isinstance(result, Pipeline)
        assert isinstance(result[0], ColumnTransformer)
        assert list(result.named_steps) == ["columns", "model"]
        assert type(result[-1]) is type(model)
        kept = 8 - len(pruned.report_.removed)
        assert result[-1].n_features_in_ == kept == pruned.support_.sum()
        assert kept == 4 or at(0.5, method) == "auto"
    elif name_of(method) in OTHER_CLASSES:
        last = result[-1] if isinstance(result, Pipeline) else result
        assert isinstance(last, OTHER_CLASSES[name_of(method)])
    else:
        assert type(result) is type(model)
    assert result.predict(rows_of(any_case.y)).shape == any_case.y.shape


def test_a_pickle_contains_neither_rows_nor_the_unpruned_model(any_case):
    rows, pruned = rows_of(any_case.y), any_case.chosen
    again = pickle.loads(pickle.dumps(pruned))
    np.testing.assert_array_equal(again.predict(rows), pruned.predict(rows))
    assert rows.tobytes() not in pickle.dumps(pruned)
    assert again.report_.to_dict().keys() == pruned.report_.to_dict().keys()
    assert again.report_._models is None


def test_a_frozen_model_is_pruned_as_it_is(any_case):
    method, y = any_case.method, any_case.y
    model, rows = fitted_on(any_case.model, y), rows_of(y)
    options = {
        "method": method,
        "pruning_ratio": at(0.5, method),
        "random_state": 0,
    }
    by_hand = PrunedEstimator(FrozenEstimator(model), **options)
    by_hand.fit(rows[100:], y[100:])
    by_prune = prune(model, rows[100:], y[100:], **options)
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


def test_results_load_where_sklprune_is_not_installed(tmp_path):
    models = []
    for case in SHARED.values():
        rows, pruned = rows_of(case.y), case.half
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
