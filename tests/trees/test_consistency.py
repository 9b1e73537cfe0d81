"""The check of rebuilt models: a wrong one is never returned."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier

from sklprune import prune
from sklprune._trees.arrays import Ensemble, Subtree, TreeArrays
from sklprune._trees.consistency import (
    N_ROWS,
    check_consistency,
    leaves_above,
    probe_rows,
)
from sklprune.families import _sklearn_tree
from sklprune.families.hist_boosting import HistBoostingFamily
from sklprune.methods import Backfitting, Recast, Regrow

CANCER = load_breast_cancer(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)
HIST = "hist_gradient_boosting"

CASES = {
    "forest": (RandomForestClassifier(10, random_state=0), Backfitting(40), CANCER),
    "values": (RandomForestRegressor(10, random_state=0), Backfitting(40), DIABETES),
    "boosting": (GradientBoostingRegressor(n_estimators=20), Backfitting(40), DIABETES),
    "histograms": (HistGradientBoostingClassifier(max_iter=9), Backfitting(40), CANCER),
    "forest as boosting": (
        RandomForestClassifier(10, random_state=0),
        Backfitting(40, container="auto"),
        CANCER,
    ),
    "forest as histograms": (
        RandomForestClassifier(10, random_state=0),
        Backfitting(40, container=HIST),
        CANCER,
    ),
    "regrown": (
        RandomForestClassifier(10, random_state=0),
        Regrow(rho=9.0, max_trees=20),
        CANCER,
    ),
    "recast": (RandomForestClassifier(10, random_state=0), "recast", CANCER),
    "recast as histograms": (
        RandomForestRegressor(10, random_state=0),
        Recast(HIST),
        DIABETES,
    ),
    "pruned forest": (
        RandomForestRegressor(10, random_state=0),
        "cost_complexity",
        DIABETES,
    ),
    "pruned tree": (DecisionTreeClassifier(random_state=0), "cost_complexity", CANCER),
    "pruned histograms": (
        HistGradientBoostingClassifier(max_iter=9),
        "cost_complexity",
        CANCER,
    ),
}


def pruned(name):
    model, method, (X, y) = CASES[name]
    ratio = "auto" if "recast" in name else 0.85
    return prune(model.fit(X, y), X, y, method=method, pruning_ratio=ratio)


def corrupt_thresholds(monkeypatch):
    """From now on the root of every rebuilt tree has a wrong threshold."""
    of_trees = _sklearn_tree.pruned_tree
    of_histograms = HistBoostingFamily._pruned_predictor

    def corrupt_tree(*args, **kwargs):
        make, which, state = of_trees(*args, **kwargs).__reduce__()
        root = state["nodes"][0]
        state["nodes"]["threshold"][0] -= 0.5 * abs(root["threshold"])
        wrong = make(*which)
        wrong.__setstate__(state)
        return wrong

    def corrupt_predictor(*args, **kwargs):
        wrong = of_histograms(*args, **kwargs)
        wrong.nodes["num_threshold"][0] *= 0.5
        return wrong

    for module in ("_averaging_ensembles", "tree", "boosting"):
        monkeypatch.setattr(f"sklprune.families.{module}.pruned_tree", corrupt_tree)
    monkeypatch.setattr(HistBoostingFamily, "_pruned_predictor", corrupt_predictor)


@pytest.mark.parametrize("name", CASES)
def test_a_corrupt_threshold_is_an_error(name, monkeypatch):
    result = type(pruned(name).estimator_).__name__
    corrupt_thresholds(monkeypatch)
    message = f"{result} was rebuilt from its trees.*off by up to"
    with pytest.raises(RuntimeError, match=message):
        pruned(name)


TREE = TreeArrays(
    left=np.array([1, 3, -1, -1, -1]),
    right=np.array([2, 4, -1, -1, -1]),
    value=np.zeros((5, 1)),
    weight=np.ones(5),
)
LEAVES = np.array([[2, 3, 4, 4]])


def checked(predicted, split=(True, False, False), offset=1.0):
    nodes = np.array([0, 1, 2])
    values = np.array([[0.0], [0.3], [0.7]])
    subtree = Subtree(0, nodes, np.array(split), values)
    ensemble = Ensemble([subtree], np.array([0.5]))
    predicted, offset = np.array(predicted)[:, None], np.full((4, 1), offset)

    def ends(subtree):
        return leaves_above(subtree, TREE, LEAVES[0])

    check_consistency("model", predicted, ensemble, ends, offset)


def test_rows_are_in_the_kept_leaf_above_their_leaf():
    checked([2.2, 1.8, 1.8, 1.8])
    with pytest.raises(RuntimeError, match="off by up to 0.4"):
        checked([2.2, 1.8, 1.8, 2.2])


def test_only_roundings_are_tolerated():
    exact = np.array([2.2, 1.8, 1.8, 1.8])
    checked(exact * (1 + 1e-15))
    with pytest.raises(RuntimeError):
        checked(exact * (1 + 1e-13))
    with pytest.raises(RuntimeError, match="nan"):
        checked([np.nan, 1.8, 1.8, 1.8])


@pytest.mark.parametrize("n_samples", [1, 7, N_ROWS, N_ROWS + 1, 10_000])
def test_the_rows_of_the_probe_are_spread_over_all(n_samples):
    rows = probe_rows(n_samples)
    assert len(rows) == min(n_samples, N_ROWS) == len(set(rows))
    assert rows[0] == 0 and rows[-1] == n_samples - 1
    # as far apart as may be, up to rounding to whole rows
    assert np.ptp(np.diff(rows)) <= 1 if n_samples > 1 else True
