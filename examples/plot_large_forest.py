"""
A forest that is too large
==========================

A random forest stores hundreds of thousands of leaves, and its file has tens or
hundreds of megabytes. How small can it become, and what does that cost?
"""

# %%
# The data and the forest
# -----------------------
# The rows are simulated: six columns matter, and a tenth of the labels is wrong. The
# forest below has a file of some megabytes. The file grows with the number of rows,
# since each tree grows until it has separated all of them.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import ShuffleSplit, train_test_split

from sklprune import PrunedEstimator, PruningPathDisplay, TreesDisplay, cost
from sklprune.rules import Tolerance

X, y = make_classification(
    6000,
    20,
    n_informative=6,
    n_clusters_per_class=2,
    flip_y=0.1,
    class_sep=1.0,
    random_state=0,
)
X, X_test, y, y_test = train_test_split(X, y, test_size=2000, random_state=0)
forest = RandomForestClassifier(60, random_state=0).fit(X, y)
f"{cost(forest).file_bytes / 1e6:.1f} MB"

# %%
# Prune it
# --------
# ``Tolerance(0.005, margin=1)`` permits a loss of 0.005 of the area under the ROC
# curve, with room for one standard error. The size is chosen on held-out rows. Here
# they are one quarter of the rows; the default is five folds, which takes five times
# as long. The default method keeps a forest.

split = ShuffleSplit(1, test_size=0.25, random_state=0)
pruned = PrunedEstimator(
    RandomForestClassifier(60, random_state=0),
    rule=Tolerance(0.005, margin=1),
    scoring="roc_auc",
    cv=split,
    random_state=0,
).fit(X, y)
print(pruned.report_.summary)

# %%
# The method ``"regrow"`` may replace the forest by a boosting model. It is smaller,
# and is the better choice if the class of the model does not matter.

regrown = PrunedEstimator(
    RandomForestClassifier(60, random_state=0),
    method="regrow",
    rule=Tolerance(0.005, margin=1),
    scoring="roc_auc",
    cv=split,
    random_state=0,
).fit(X, y)
regrown.estimator_

# %%
# The comparison
# --------------
# What would you do without pruning? Train a smaller model: a forest with a limit on
# its leaves, or gradient boosting.

few_leaves = RandomForestClassifier(60, max_leaf_nodes=32, random_state=0).fit(X, y)
boosting = HistGradientBoostingClassifier(max_leaf_nodes=8, random_state=0).fit(X, y)
models = {
    "forest": forest,
    "pruned forest": pruned.estimator_,
    "regrown": regrown.estimator_,
    "forest of 32 leaves for each tree": few_leaves,
    "boosting of 8 leaves for each tree": boosting,
}
table = pd.DataFrame(
    {
        "file, kB": {k: cost(m).compressed_bytes / 1e3 for k, m in models.items()},
        "ROC AUC": {
            k: roc_auc_score(y_test, m.predict_proba(X_test)[:, 1])
            for k, m in models.items()
        },
    }
)
table.round({"file, kB": 1, "ROC AUC": 3})

# %%
# The loss of the pruned forest on these rows is larger than 0.005: a loss that is
# estimated on 1,000 rows is not exact. Boosting from scratch is a good model too, and
# you have to find its settings by a search of your own. The
# :doc:`benchmarks </benchmarks>` repeat this comparison on real tables.
#
# What remains
# ------------
# The first picture shows the score for each size, and the second one the leaves of
# each tree before and after the pruning.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
PruningPathDisplay.from_estimator(pruned, ax=left)
TreesDisplay.from_estimator(pruned, ax=right)
plt.show()
