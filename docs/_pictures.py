"""Draw the pictures of the guide from small models, while the docs are built.

They are written into `docs/pictures`. A picture that exists is not drawn again: remove
the folder to draw all of them.
"""

import pathlib

import matplotlib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

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


def result(plt):
    """Sizes of a forest in the report: as it was, stripped, and pruned."""
    X, y = load_digits(return_X_y=True)
    forest = RandomForestClassifier(30, oob_score=True, random_state=0).fit(X, y)
    report = prune(forest, X, y, pruning_ratio=0.9, random_state=0).report_
    sizes = {"original": report.original, "stripped": report.stripped}
    sizes["pruned"] = report.pruned
    fields = {
        "file_bytes": "file",
        "compressed_bytes": "compressed file",
        "memory_bytes": "memory",
    }
    figure, ax = plt.subplots(figsize=(7, 3))
    for row, (name, size) in enumerate(sizes.items()):
        places = np.arange(len(fields)) + 0.27 * (row - 1)
        values = [getattr(size, field) / 1000 for field in fields]
        bars = ax.barh(places, values, 0.25, label=name)
        ax.bar_label(bars, fmt="{:,.0f}", padding=3, fontsize=8)
    ax.set_yticks(np.arange(len(fields)), fields.values())
    ax.set(xscale="log", xlabel="kB", xlim=(10, 5000))
    ax.invert_yaxis()
    ax.legend(fontsize=8)
    return figure


def inside(plt):
    """Columns between the steps of a pipeline, with and without `drop_unread`."""
    rng = np.random.default_rng(0)
    n_rows = 600
    words = {f"kind {i}": rng.choice(list("abcdefgh"), n_rows) for i in range(3)}
    values = {f"value {i}": rng.normal(size=n_rows) for i in range(6)}
    X = pd.DataFrame(words | values)
    y = X["value 0"] + 2 * (X["kind 0"] == "b") + rng.normal(0, 0.1, n_rows)
    encoder = ColumnTransformer(
        [
            ("kinds", OneHotEncoder(handle_unknown="ignore"), list(words)),
            ("values", StandardScaler(), list(values)),
        ]
    )
    model = make_pipeline(encoder, Ridge()).fit(X, y)
    figure, axes = plt.subplots(1, 2, figsize=(8, 2.6), sharey=True)
    for ax, drop in zip(axes, (False, True)):
        small = prune(model, X, y, pruning_ratio=0.9, drop_unread=drop).estimator_
        read = [len(columns) for _, step, columns in small[0].transformers_]
        counts = {
            "columns of X": sum(read),
            "columns after the encoder": len(small[0].get_feature_names_out()),
            "weights that are not zero": np.count_nonzero(small[-1].coef_),
        }
        bars = ax.barh(list(counts), list(counts.values()), color="C0")
        ax.bar_label(bars, padding=3)
        ax.set(title=f"drop_unread={drop}", xlim=(0, 36))
    axes[0].invert_yaxis()
    return figure


def draw(docs):
    """Draw the pictures that do not exist yet, below the folder of the docs."""
    folder = pathlib.Path(docs) / "pictures"
    folder.mkdir(exist_ok=True)
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    pictures = units, methods, candidates, trees, columns, rules, streams
    for picture in (*pictures, result, inside):
        path = folder / f"{picture.__name__}.png"
        if not path.exists():
            figure = picture(plt)
            figure.tight_layout()
            figure.savefig(path, dpi=90)
            plt.close(figure)
