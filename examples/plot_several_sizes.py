"""
One fit for several sizes
=========================

A phone, a server and a sensor need the same model in different sizes. Do you have to
prune three times?
"""

# %%
# Store the path
# --------------
# With ``store_path=True``, one call keeps the plain model at each requested ratio.

import os
import tempfile

import joblib
import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from sklprune import PruningPathDisplay, cost, dump, prune

X, y = load_breast_cancer(return_X_y=True)
X, X_test, y, y_test = train_test_split(X, y, random_state=0)
forest = RandomForestClassifier(60, random_state=0).fit(X, y)
pruned = prune(
    forest,
    X,
    y,
    pruning_ratio=[0.5, 0.8, 0.9, 0.95, 0.98],
    cv=3,
    store_path=True,
    random_state=0,
)
pruned.path_.frame()[["ratio", "units", "file_bytes", "score_mean", "chosen"]].round(3)

# %%
# Choose by a limit
# -----------------
# ``within`` returns the stored model with the best score that fits. Each field of
# :class:`~sklprune.Cost` can be limited.

limits = {"server": 10**9, "phone": 40_000, "sensor": 20_000}
models = {
    place: pruned.path_.within(file_bytes=limit) for place, limit in limits.items()
}
PruningPathDisplay.from_estimator(pruned, size="file_bytes")
plt.show()

# %%
# Small files
# -----------
# ``dump`` writes a model without loss to a compact file, which ``joblib.load`` reads
# where sklprune is not installed. ``pruned`` itself can be pickled too: then all sizes
# are in one file, and ``path_.at(ratio)`` returns one of them.

folder = tempfile.mkdtemp()
rows = {}
for place, model in models.items():
    path = os.path.join(folder, f"{place}.pkl")
    dump(model, path)
    rows[place] = {
        "leaves": sum(tree.get_n_leaves() for tree in model.estimators_),
        "joblib, kB": cost(model).file_bytes / 1e3,
        "dump, kB": os.path.getsize(path) / 1e3,
        "accuracy": joblib.load(path).score(X_test, y_test),
    }
pd.DataFrame(rows).T.round(3)

# %%
# The comparison
# --------------
# The alternative is a forest of its own for each size, with a search for the settings.

scratch = {
    f"{n_trees} trees of {n_leaves} leaves": RandomForestClassifier(
        n_trees, max_leaf_nodes=n_leaves, random_state=0
    ).fit(X, y)
    for n_trees, n_leaves in ((60, None), (20, 8), (10, 4))
}
pd.DataFrame(
    {
        name: {
            "leaves": sum(tree.get_n_leaves() for tree in model.estimators_),
            "joblib, kB": cost(model).file_bytes / 1e3,
            "accuracy": model.score(X_test, y_test),
        }
        for name, model in scratch.items()
    }
).T.round(3)

# %%
# On this small table a small forest from scratch is about as accurate: 143 test rows
# cannot separate the two.
