"""`PruningPathDisplay`: the plot shows the table of the path."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sklprune import (
    FeaturePruningSelector,
    PrunedEstimator,
    PruningPathDisplay,
    prune,
)
from sklprune.rules import Agreement


@pytest.fixture
def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


@pytest.mark.parametrize("cls", [PrunedEstimator, FeaturePruningSelector])
def test_the_plot_shows_the_table(pyplot, binary, cls):
    pruned = cls(LogisticRegression(), random_state=0).fit(*binary)
    figure, ax = pyplot.subplots()
    display = PruningPathDisplay.from_estimator(pruned, ax=ax)
    assert display.ax_ is ax and display.figure_ is figure
    frame = display.frame()
    path, chosen = ax.lines[0], ax.lines[1]
    np.testing.assert_array_equal(path.get_xdata(), frame["units"].clip(lower=1))
    np.testing.assert_array_equal(path.get_ydata(), frame["score_mean"])
    assert chosen.get_xdata() == frame.loc[frame["chosen"], "units"].item()
    assert "kept" in ax.get_xlabel() and ax.get_xscale() == "log"


def test_without_labels_the_plot_shows_the_agreement(pyplot, binary):
    X, y = binary
    model = LogisticRegression().fit(X, y)
    pruned = prune(model, X, rule=Agreement(0.9), cv=3, random_state=0)
    ax = PruningPathDisplay.from_estimator(pruned).ax_
    shown = pruned.path_.frame()["agreement"]
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), shown)
    assert ax.get_ylabel() == "share of equal predictions"


def test_a_single_ratio_has_no_plot(pyplot, binary):
    pruned = PrunedEstimator(LogisticRegression(), pruning_ratio=0.5).fit(*binary)
    with pytest.raises(ValueError, match="pruning_ratio was a number"):
        PruningPathDisplay.from_estimator(pruned)


# -- columns along the path ------------------------------------------------------------


@pytest.fixture
def selector(binary):
    X, y = binary
    model = LogisticRegression()
    return FeaturePruningSelector(model, cv=3, random_state=0).fit(X, y)


def test_the_support_shows_how_often_the_splits_keep_each_column(pyplot, selector):
    display = PruningPathDisplay.from_estimator(selector, kind="support")
    (mesh,) = (c for c in display.ax_.collections if c.get_array() is not None)
    drawn = np.asarray(mesh.get_array()).reshape(8, 8)
    # each size is one column of the picture, the smallest model at the left
    np.testing.assert_allclose(drawn.sum(axis=0), np.arange(1, 9))
    np.testing.assert_array_equal(drawn[:, -1], 1)
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert sorted(names) == [f"x{i}" for i in range(8)]
    stability = selector.report_.stability["kept"]
    at = len(drawn) - 1 - selector.path_.chosen
    assert {name: drawn[i, at] for i, name in enumerate(names)} == stability


@pytest.mark.parametrize("store_path", [False, True])
def test_importances_are_shown_with_their_spread_over_the_splits(
    pyplot, binary, store_path
):
    X, y = binary
    splits = [(np.arange(100), np.arange(100, 200)), (np.arange(60), np.arange(60, 99))]
    settings = {"method": "permutation", "random_state": 0}
    pruned = PrunedEstimator(
        LogisticRegression(), cv=splits, store_path=store_path, **settings
    ).fit(X, y)
    ax = PruningPathDisplay.from_estimator(pruned, kind="importances").ax_
    own = [
        PrunedEstimator(LogisticRegression(), pruning_ratio=0.5, **settings)
        .fit(X[first], y[first])
        .importances_
        for first, _ in splits
    ]
    mean = np.mean(own, axis=0)
    bars = {int(round(bar.get_y() + 0.4)): bar.get_width() for bar in ax.patches}
    drawn = [bars[i] for i in range(8)]
    np.testing.assert_allclose(drawn, np.sort(mean)[::-1], atol=1e-12)
    assert ax.get_xlabel().startswith("importance, mean and standard deviation")


def test_at_most_so_many_columns_are_shown(pyplot, selector):
    for kind in ("support", "importances"):
        ax = PruningPathDisplay.from_estimator(selector, kind=kind, max_features=3).ax_
        assert len(ax.get_yticklabels()) == 3


def test_one_split_and_several_methods_have_plots_of_columns(pyplot, binary):
    X, y = binary
    split = [(np.arange(100), np.arange(100, 200))]
    methods = ["recursive_elimination", "permutation"]
    for settings in ({"method": "columns", "cv": split}, {"method": methods, "cv": 2}):
        pruned = PrunedEstimator(LogisticRegression(), random_state=0, **settings)
        pruned.fit(X, y)
        for kind in ("support", "importances"):
            ax = PruningPathDisplay.from_estimator(pruned, kind=kind).ax_
            assert len(ax.get_yticklabels()) == X.shape[1]


def test_plots_of_columns_are_refused_for_other_units(pyplot, binary):
    X, y = binary
    weights = PrunedEstimator(LogisticRegression(), random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="Use a method for columns"):
        PruningPathDisplay.from_estimator(weights, kind="support")
    with pytest.raises(ValueError, match="kind='bars' is not allowed"):
        PruningPathDisplay.from_estimator(weights, kind="bars")
    number = FeaturePruningSelector(LogisticRegression(), pruning_ratio=0.5).fit(X, y)
    with pytest.raises(ValueError, match="pruning_ratio was a number"):
        PruningPathDisplay.from_estimator(number, kind="importances")
