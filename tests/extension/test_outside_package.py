"""A package outside sklprune adds families, a method and a rule, and uses them."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from outside import (
    AtMost,
    KeepBorder,
    NeighboursFamily,
    Prototypes,
    PrototypesFamily,
)
from sklearn.datasets import load_iris, make_regression
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import FeaturePruningSelector, PrunedEstimator, prune
from sklprune._registry import family_of, unregister_family
from sklprune.families import register_family
from sklprune.refits import Clone
from sklprune.rules import Tolerance

X, Y = load_iris(return_X_y=True)
X2, Y2 = make_regression(120, 4, noise=1.0, random_state=0)
LABELS = np.array(["ant", "bee", "cat"])[Y]
SHUFFLED = np.random.RandomState(0).permutation(150)


@pytest.fixture(autouse=True)
def families():
    """The families of the package are registered for one test alone."""
    registered = [NeighboursFamily(), PrototypesFamily()]
    models = KNeighborsClassifier(), Prototypes()
    before = [family_of(model) for model in models]
    for family in registered:
        register_family(family)
    yield registered
    for family in registered:
        unregister_family(family)
    assert [family_of(model) for model in models] == before
    assert before[1].granularities == ()


@pytest.mark.parametrize(
    ("model", "X", "y"),
    [
        # by brute force: trees count their queries, which the pickle contains
        (
            KNeighborsClassifier(3, algorithm="brute"),
            X,
            np.array(["ant", "bee", "cat"])[Y],
        ),
        (KNeighborsRegressor(3, algorithm="brute"), X2, Y2),
        (Prototypes(), X, Y),
    ],
    ids=["classifier", "regressor", "class of the package"],
)
class TestEachModel:
    def test_rows_with_the_smallest_importance_are_removed(self, model, X, y):
        model.fit(X, y)
        pruned = prune(model, X, y, method=KeepBorder(), pruning_ratio=0.6)
        family = family_of(model)
        units = family.units(model, "row", X)
        scores = KeepBorder().score(family, model, units, None)
        rows, targets = family.stored_rows(pruned.estimator_)
        keep = units.best(scores, 0.6)
        np.testing.assert_array_equal(rows, X[keep])
        np.testing.assert_array_equal(targets, y[keep])
        assert type(pruned.estimator_) is type(model)
        assert pruned.estimator_.get_params() == model.get_params()

    def test_the_model_that_is_given_does_not_change(self, model, X, y):
        model.fit(X, y)
        before = pickle.dumps(model)
        prune(model, X, y, method=KeepBorder(), pruning_ratio=[0.3, 0.6], cv=2)
        assert pickle.dumps(model) == before

    def test_the_report_lists_rows(self, model, X, y):
        pruned = PrunedEstimator(model, method=KeepBorder(), pruning_ratio=0.5)
        report = pruned.fit(X, y).report_
        assert report.granularity == "row"
        names = [unit["name"] for unit in report.removed]
        assert len(names) == len(X) // 2
        assert set(names) < {f"row {i}" for i in range(len(X))}
        assert "far from rows with other targets" in report.removed[0]["reason"]
        assert report.pruned.parameters == report.original.parameters / 2
        assert "rows" in report.summary

    def test_a_grid_of_ratios_gives_a_path(self, model, X, y):
        pruned = PrunedEstimator(
            model,
            method=KeepBorder(),
            pruning_ratio=[0.2, 0.5],
            cv=2,
            random_state=0,
            store_path=True,
        ).fit(X, y)
        assert pruned.path_.frame()["units"].tolist() == [
            len(X) // 2 - removed for removed in (0, int(0.1 * len(X)), len(X) // 4)
        ]
        alone = PrunedEstimator(model, method=KeepBorder(), pruning_ratio=0.5)
        np.testing.assert_array_equal(
            pruned.path_.at(0.5).predict(X), alone.fit(X, y).predict(X)
        )

    def test_names_of_columns_are_kept(self, model, X, y):
        frame = pd.DataFrame(X, columns=list("abcd"))
        pruned = PrunedEstimator(model, method=KeepBorder(), pruning_ratio=0.5)
        pruned.fit(frame, y)
        assert pruned.estimator_.feature_names_in_.tolist() == list("abcd")
        array = PrunedEstimator(model, method=KeepBorder(), pruning_ratio=0.5)
        array.fit(X, y)
        np.testing.assert_array_equal(pruned.predict(frame), array.predict(X))

    def test_in_a_pipeline_the_last_step_is_pruned(self, model, X, y):
        pipeline = make_pipeline(StandardScaler(), model)
        pruned = PrunedEstimator(pipeline, method=KeepBorder(), pruning_ratio=0.5)
        last = pruned.fit(X, y).estimator_[-1]
        assert type(last) is type(model)
        assert len(family_of(last).stored_rows(last)[0]) == len(X) // 2

    def test_a_search_tunes_the_method_and_the_ratio(self, model, X, y):
        pruned = PrunedEstimator(model, method=KeepBorder())
        grid = {"method__metric": ["manhattan", "chebyshev"], "pruning_ratio": [0, 0.5]}
        search = GridSearchCV(pruned, grid, cv=2, refit=Tolerance(0.4)).fit(X, y)
        assert search.best_params_["pruning_ratio"] == 0.5

    def test_auto_uses_the_default_method_of_the_family(self, model, X, y):
        pruned = PrunedEstimator(model, pruning_ratio=0.5).fit(X, y)
        assert pruned.report_.granularity == "feature"
        assert family_of(model).default_method == "permutation"
        assert pruned.predict(X).shape == y.shape

    def test_columns_can_be_selected_too(self, model, X, y):
        selector = FeaturePruningSelector(model, n_features_to_select=2).fit(X, y)
        assert selector.support_.sum() == 2

    def test_without_the_family_only_columns_can_be_removed(
        self, model, X, y, families
    ):
        for family in families:
            unregister_family(family)
        message = f"{type(model).__name__}, which has no rows to remove.*'permutation'"
        with pytest.raises(ValueError, match=message):
            PrunedEstimator(model, method=KeepBorder()).fit(X, y)
        pruned = PrunedEstimator(model, pruning_ratio=0.5).fit(X, y)
        assert pruned.estimator_[-1].n_features_in_ == 2


def test_a_rule_of_the_package_chooses_among_sizes():
    pruned = PrunedEstimator(
        KNeighborsClassifier(3),
        method=KeepBorder(),
        pruning_ratio=[0.2, 0.5, 0.7],
        rule=AtMost(160),
        cv=[(SHUFFLED[:100], SHUFFLED[100:])],
    ).fit(X, Y)
    table = pruned.path_.table
    assert list(table["parameters"]) == [400, 320, 200, 120]
    assert pruned.path_.chosen == 3
    assert pruned.estimator_._fit_X.shape == (45, 4)


LOADER = """
import pickle, sys
sys.modules["sklprune"] = sys.modules["outside"] = None  # any import of them raises
with open(sys.argv[1], "rb") as file:
    model, rows, expected = pickle.load(file)
assert (model.predict(rows) == expected).all()
print("loaded")
"""


def test_a_result_loads_without_the_package(tmp_path):
    pruned = PrunedEstimator(
        KNeighborsClassifier(3), method=KeepBorder(), pruning_ratio=0.5
    ).fit(X, Y)
    path = tmp_path / "model.pickle"
    path.write_bytes(pickle.dumps((pruned.estimator_, X, pruned.predict(X))))
    loaded = subprocess.run(
        [sys.executable, "-c", LOADER, str(path)], capture_output=True, text=True
    )
    assert loaded.stdout.split() == ["loaded"], loaded.stderr


# -- refusals -------------------------------------------------------------------------


def test_other_models_and_refits_are_refused():
    with pytest.raises(ValueError, match="does not fit Ridge, which has no rows to"):
        PrunedEstimator(Ridge(), method=KeepBorder()).fit(X, Y)
    with pytest.raises(ValueError, match="has no members to remove.*'permutation'"):
        PrunedEstimator(Prototypes(), method="member_selection").fit(X, Y)
    with pytest.raises(ValueError, match="refit=Clone cannot follow the removal"):
        PrunedEstimator(Prototypes(), method=KeepBorder(), refit=Clone()).fit(X, Y)


class Misspelt(KeepBorder):
    needs = ("sorted_rows",)


class TooShort(KeepBorder):
    def score(self, family, estimator, units, task):
        return super().score(family, estimator, units, task)[1:]


class NotFinite(KeepBorder):
    def score(self, family, estimator, units, task):
        return super().score(family, estimator, units, task) * np.nan


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (Misspelt(), r"does not offer sorted_rows \(capabilities: stored_rows\)"),
        (TooShort(), r"TooShort.score gave an array of shape \(149,\).*the 150 units"),
        (NotFinite(), "NotFinite.score gave 150 of 150 values that are not finite"),
    ],
    ids=["capability", "shape", "values"],
)
def test_a_mistake_in_a_method_is_named(method, message):
    with pytest.raises(ValueError, match=message):
        PrunedEstimator(Prototypes(), method=method, pruning_ratio=0.5).fit(X, Y)


# -- results that can be fitted but cannot predict ------------------------------------

#: 0.98 of 75 rows are removed, so that two or three remain for five neighbours
TOO_FEW = 0.98


@pytest.mark.parametrize("ratio", [[0.5, TOO_FEW], "auto"], ids=["grid", "auto"])
@pytest.mark.parametrize("model", [KNeighborsClassifier(), KNeighborsRegressor()])
def test_ratios_at_which_the_result_cannot_predict_are_omitted(model, ratio):
    pruned = PrunedEstimator(
        model, method=KeepBorder(), pruning_ratio=ratio, cv=2, random_state=0
    )
    with pytest.warns(FitFailedWarning, match="n_neighbors") as caught:
        pruned.fit(X, Y)
    assert len(caught) == 1
    assert "pruning_ratio=" in str(caught[0].message)
    assert pruned.path_.table["ratio"].max() < TOO_FEW
    assert pruned.predict(X).shape == Y.shape


@pytest.mark.parametrize("inside_pipeline", [False, True])
@pytest.mark.parametrize("ratio", [TOO_FEW, [TOO_FEW]], ids=["number", "grid"])
def test_where_no_ratio_is_possible_the_error_names_it(ratio, inside_pipeline):
    model = KNeighborsClassifier()
    if inside_pipeline:
        model = make_pipeline(StandardScaler(), model)
    pruned = PrunedEstimator(model, method=KeepBorder(), pruning_ratio=ratio, cv=2)
    with pytest.raises(ValueError, match="n_neighbors") as caught:
        pruned.fit(X, Y)
    assert type(caught.value).__name__ == "TooLittleLeft"
    [note] = caught.value.__notes__
    assert note.startswith("Raised at pruning_ratio=0.98, on 3 of ")
    assert note.endswith(" rows.")
    assert not hasattr(pruned, "estimator_")


SCRIPT = """
import numpy as np
from outside import KeepBorder, Prototypes, PrototypesFamily
from sklearn.datasets import load_iris
from sklprune import PrunedEstimator
from sklprune.families import register_family


class Here(Prototypes):
    pass


class HereFamily(PrototypesFamily):
    classes = ("Here",)


register_family(HereFamily())
X, y = load_iris(return_X_y=True)
tables = [
    PrunedEstimator(
        Here(), method=KeepBorder(), pruning_ratio=[0.3, 0.6], cv=2, n_jobs=n_jobs
    ).fit(X, y).path_.table["scores"]
    for n_jobs in (None, 2)
]
print(np.array_equal(*tables))
"""


@pytest.mark.slow
def test_workers_know_a_family_of_a_script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    run = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert run.stdout.strip() == "True", run.stderr
