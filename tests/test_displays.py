"""Plots of columns, layers and trees show the numbers of the result."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklprune import (
    FeatureImportanceDisplay,
    FeaturePruningSelector,
    LayerDisplay,
    PrunedEstimator,
    PruningPathDisplay,
    TreesDisplay,
    prune,
)
from sklprune.rules import Tolerance


@pytest.fixture
def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


# -- paths of several methods ---------------------------------------------------------


def test_every_method_has_a_line(pyplot, binary):
    pruned = PrunedEstimator(
        RandomForestClassifier(6, max_depth=3, random_state=0),
        method=["cost_complexity", "member_selection"],
        cv=3,
        random_state=0,
    ).fit(*binary)
    ax = PruningPathDisplay.from_estimator(pruned).ax_
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert set(labels[:2]) == {"cost_complexity", "member_selection"}
    assert labels[2:] == ["chosen", "unpruned"]
    assert ax.get_xlabel() == "file bytes"
    table = pruned.path_.table
    for line, name in zip(ax.lines, labels[:2]):
        # the line of a method ends at the unpruned model
        rows = table["file_bytes"][(table["method"] == name)]
        assert set(line.get_xdata()) <= {*rows, table["file_bytes"][0]}
        assert line.get_xdata()[0] == table["file_bytes"][0]


def test_several_paths_are_compared_in_one_axes(pyplot, binary):
    _, ax = pyplot.subplots()
    for C in (0.1, 1):
        pruned = PrunedEstimator(LogisticRegression(C=C), cv=3).fit(*binary)
        PruningPathDisplay.from_estimator(pruned, label=f"C={C}", size="nonzero", ax=ax)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "C=0.1: chosen" in labels and "C=1: mean, with its standard error" in labels
    assert ax.get_xlabel() == "nonzero"


@pytest.mark.parametrize("size", ["file_bytes", "scores", "nodes"])
def test_sizes_that_the_path_does_not_have(pyplot, binary, size):
    pruned = PrunedEstimator(LogisticRegression(), cv=2).fit(*binary)
    with pytest.raises(ValueError, match="is not a column of the path. It has ratio"):
        PruningPathDisplay.from_estimator(pruned, size=size)


# -- columns --------------------------------------------------------------------------


def test_bars_are_the_importances_and_kept_columns_come_first(pyplot, binary):
    X, y = binary
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    selector = FeaturePruningSelector(LogisticRegression(), cv=3, random_state=0)
    selector.fit(frame, y)
    display = FeatureImportanceDisplay.from_estimator(selector, max_features=6)
    order = display.order(6)
    assert selector.support_[order][: selector.support_.sum()].all()
    widths = [bar.get_width() for bars in display.ax_.containers for bar in bars]
    np.testing.assert_allclose(widths, selector.importances_[order])
    texts = [text.get_text() for text in display.ax_.get_yticklabels()]
    share = selector.report_.stability["kept"][frame.columns[order[0]]]
    assert texts[0] == f"{frame.columns[order[0]]} ({share:.0%})"


def test_columns_are_numbered_where_they_have_no_names(pyplot, binary):
    pruned = prune(
        KNeighborsClassifier().fit(*binary), *binary, pruning_ratio=0.5, random_state=0
    )
    ax = FeatureImportanceDisplay.from_estimator(pruned).ax_
    texts = [text.get_text() for text in ax.get_yticklabels()]
    assert sorted(texts) == [f"x{i}" for i in range(8)]


def test_without_columns_there_are_no_importances(pyplot, binary):
    pruned = PrunedEstimator(LogisticRegression(), pruning_ratio=0.5).fit(*binary)
    with pytest.raises(ValueError, match="other units were pruned"):
        FeatureImportanceDisplay.from_estimator(pruned)


# -- layers ---------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_removed_weights_are_masked_in_the_image_of_their_layer(pyplot, binary):
    network = make_pipeline(StandardScaler(), MLPClassifier((6,), max_iter=20))
    pruned = PrunedEstimator(
        network, method="magnitude", pruning_ratio=0.5, random_state=0
    ).fit(*binary)
    display = LayerDisplay.from_estimator(pruned)
    model = pruned.estimator_[-1]
    assert len(display.axes_) == len(model.coefs_)
    for ax, coef in zip(display.axes_, model.coefs_):
        image = ax.images[0].get_array()
        np.testing.assert_array_equal(np.ma.getmaskarray(image), coef == 0)
    assert sum(display.n_removed) == sum((coef == 0).sum() for coef in model.coefs_)


def test_layers_need_a_model_that_has_some_and_axes_for_each(pyplot, binary):
    with pytest.raises(ValueError, match="has no layers of weights"):
        LayerDisplay.from_estimator(KNeighborsClassifier().fit(*binary))
    _, axes = pyplot.subplots(1, 2)
    with pytest.raises(ValueError, match="ax has 2 axes, and the model has 1 layers"):
        LayerDisplay.from_estimator(LogisticRegression().fit(*binary), ax=axes)


# -- trees ----------------------------------------------------------------------------


def test_bars_count_the_leaves_of_each_tree(pyplot, binary):
    forest = RandomForestClassifier(5, max_depth=4, random_state=0).fit(*binary)
    pruned = prune(forest, *binary, method="cost_complexity", pruning_ratio=0.6)
    display = TreesDisplay.from_estimator(pruned)
    before, kept = ([bar.get_height() for bar in b] for b in display.ax_.containers)
    assert before == [tree.get_n_leaves() for tree in forest.estimators_]
    assert sum(kept) == sum(before) - len(pruned.report_.removed)
    assert display.n_parts_kept == sum(n > 0 for n in kept)


def test_few_leaves_of_many_have_a_logarithmic_axis(pyplot):
    display = TreesDisplay({"tree 0": (2, 500), "tree 1": (0, 400)}).plot()
    assert display.ax_.get_yscale() == "symlog"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_layers_are_parts_too(pyplot, binary):
    network = MLPClassifier((6, 4), max_iter=20, random_state=0).fit(*binary)
    pruned = prune(network, *binary, pruning_ratio=0.5, rule=Tolerance(0.5))
    assert [count for _, count in pruned.report_.parts.values()] == [6, 4]
