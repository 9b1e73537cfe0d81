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
