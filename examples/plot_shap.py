"""
Explain the small model
=======================

An explanation of a forest of 100 trees on 30 columns is long to compute and hard to
read. Does a pruned model have the same explanation, and do the usual tools accept it?
"""

# %%
# A model that is small enough to read
# ------------------------------------
# Pruned models are ordinary scikit-learn models, so that each tool that accepts the
# original also accepts them.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier, plot_tree

from sklprune import permutation_importance, prune

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X, X_test, y, y_test = train_test_split(X, y, random_state=0)
forest = RandomForestClassifier(100, random_state=0).fit(X, y)
small = prune(
    forest, X, y, method="regrow", pruning_ratio=0.97, random_state=0
).estimator_
print(f"{small.n_estimators} trees, accuracy {small.score(X_test, y_test):.3f}")
print(f"unpruned: 100 trees, accuracy {forest.score(X_test, y_test):.3f}")

# %%
# SHAP
# ----
# With the package ``shap``, the attributions of each prediction are computed by
# ``TreeExplainer``. Without it, the importances below are those of sklprune itself.

try:
    import shap
except ImportError:
    shap = None

if shap:
    values = shap.TreeExplainer(small).shap_values(X_test)
    weight = pd.Series(np.abs(values).mean(axis=0), X.columns)
    title = "mean absolute SHAP value"
else:
    found = permutation_importance(small, X_test, y_test, n_repeats=20, random_state=0)
    weight = pd.Series(found.importances_mean, X.columns)
    title = "loss of accuracy if the column is permuted"
weight.nlargest(8)[::-1].plot.barh(title=title, figsize=(8, 4))
plt.tight_layout()
plt.show()

# %%
# The first trees, to a depth of two:

figure, axes = plt.subplots(1, 3, figsize=(11, 4))
for ax, tree in zip(axes, small.estimators_[:, 0]):
    plot_tree(tree, feature_names=list(X.columns), impurity=False, max_depth=2, ax=ax)
plt.tight_layout()
plt.show()

# %%
# The comparison
# --------------
# A single tree of as many leaves is the easiest model to read, and needs no pruning.
# Compare its accuracy before you choose. ``columns`` is the number of columns that the
# model reads.

n_leaves = sum(tree.get_n_leaves() for tree in small.estimators_[:, 0])
single = DecisionTreeClassifier(max_leaf_nodes=n_leaves, random_state=0).fit(X, y)
models = {"forest": forest, "pruned": small, "single tree": single}
rows = {
    name: {
        "columns": int((model.feature_importances_ > 0).sum()),
        "accuracy": model.score(X_test, y_test),
        "agrees with the forest": np.mean(
            model.predict(X_test) == forest.predict(X_test)
        ),
    }
    for name, model in models.items()
}
pd.DataFrame(rows).T.round(3)
