"""Draw the pictures of the guide from small models, while the docs are built.

They are written into `docs/pictures`. A picture that exists is not drawn again: remove
the folder to draw all of them.
"""

import pathlib

import matplotlib
import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from sklprune import (
    FeatureImportanceDisplay,
    FeaturePruningSelector,
    LayerDisplay,
    PrunedEstimator,
    PruningPathDisplay,
    Schedule,
    TreesDisplay,
    prune,
)


def units(plt):
    """Weights of a linear model, and hidden units of a network."""
    X, y = load_digits(return_X_y=True)
    X = X / 16
    linear = LogisticRegression(max_iter=500).fit(X, y)
    network = MLPClassifier((30,), max_iter=300, tol=1e-2, random_state=0).fit(X, y)
    figure, axes = plt.subplots(2, 3, figsize=(10, 7))
    for row, ratio in enumerate((0, 0.7)):
        for start, model in ((0, linear), (1, network)):
            small = prune(model, X, y, pruning_ratio=ratio, random_state=0)
            parts = axes[row, start : start + 1 + start]
            LayerDisplay.from_estimator(small, ax=list(parts))
    for ax, name in zip(axes[0], ("linear model", "network", "network")):
        ax.set_title(f"{name}: {ax.get_title()}")
    return figure


def methods(plt):
    """Scores along the paths of three orders."""
    X, y = load_digits(return_X_y=True)
    figure, ax = plt.subplots(figsize=(7, 4))
    model = LogisticRegression(max_iter=500)
    for method in ("magnitude", "random_order"):
        pruned = PrunedEstimator(
            model, method=method, refit=False, cv=3, random_state=0
        )
        pruned.fit(X[:600] / 16, y[:600])
        PruningPathDisplay.from_estimator(pruned, label=method, ax=ax)
    ax.legend(loc="upper left", fontsize=7)
    return figure


def candidates(plt):
    """Weights of one model at three ratios."""
    X, y = load_digits(return_X_y=True)
    model = LogisticRegression(max_iter=500).fit(X / 16, y)
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.6))
    for ax, ratio in zip(axes, (0.3, 0.7, 0.95)):
        small = prune(model, X / 16, y, pruning_ratio=ratio, random_state=0)
        LayerDisplay.from_estimator(small, ax=ax)
        ax.set_title(f"ratio {ratio}: accuracy {small.score(X / 16, y):.3f}")
    return figure


def trees(plt):
    """Leaves of each tree of a forest, for two methods."""
    X, y = load_breast_cancer(return_X_y=True)
    forest = RandomForestClassifier(40, random_state=0).fit(X, y)
    figure, axes = plt.subplots(1, 2, figsize=(10, 4))
    for ax, method in zip(axes, ("backfitting", "member_selection")):
        small = prune(
            forest, X, y, method=method, pruning_ratio=0.8, seen=True, random_state=0
        )
        TreesDisplay.from_estimator(small, ax=ax)
        ax.set_title(method)
    return figure


def columns(plt):
    """Importances of columns, and which ones are kept."""
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    selector = FeaturePruningSelector(Ridge(), n_features_to_select=4, random_state=0)
    figure, ax = plt.subplots(figsize=(7, 4))
    FeatureImportanceDisplay.from_estimator(selector.fit(X, y), ax=ax)
    return figure


def rules(plt):
    """A path with its standard errors and the chosen model."""
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    pruned = PrunedEstimator(LogisticRegression(), random_state=0).fit(X, y)
    figure, ax = plt.subplots(figsize=(7, 4))
    PruningPathDisplay.from_estimator(pruned, ax=ax)
    return figure


def streams(plt):
    """Hidden units along a stream."""
    X, y = load_digits(return_X_y=True)
    model = MLPClassifier((60,), learning_rate_init=0.01, random_state=0)
    pruned = PrunedEstimator(
        model,
        pruning_ratio=0.7,
        random_state=0,
        schedule=Schedule(begin=5, n_batches=15),
    )
    for start in range(0, 1500, 50):
        rows = slice(start, start + 50)
        pruned.partial_fit(X[rows] / 16, y[rows], classes=np.arange(10))
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.5))
    axes[0].step(range(1, 31), pruned.history_["units"], where="post")
    axes[0].set(xlabel="batch", ylabel="hidden units", ylim=(0, 62))
    axes[1].plot(range(1, 31), pruned.history_["loss"])
    axes[1].set(xlabel="batch", ylabel="loss before the training")
    return figure


def draw(docs):
    """Draw the pictures that do not exist yet, below the folder of the docs."""
    folder = pathlib.Path(docs) / "pictures"
    folder.mkdir(exist_ok=True)
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    for picture in (units, methods, candidates, trees, columns, rules, streams):
        path = folder / f"{picture.__name__}.png"
        if not path.exists():
            figure = picture(plt)
            figure.tight_layout()
            figure.savefig(path, dpi=90)
            plt.close(figure)
