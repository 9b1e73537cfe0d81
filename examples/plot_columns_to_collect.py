"""
Columns to collect
==================

A table has 500 columns, and each of them costs something: a sensor, a laboratory test,
a join. Which columns does the model need?
"""

# %%
# Ten of the 500 columns determine the label, and ten more are sums of those ten. The
# others are noise. The columns have names, as in a data frame of your own.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklprune import (
    FeatureImportanceDisplay,
    FeaturePruningSelector,
    PruningPathDisplay,
)
from sklprune.methods import RecursiveElimination

X, y = make_classification(
    900,
    500,
    n_informative=10,
    n_redundant=10,
    class_sep=1.5,
    shuffle=False,
    random_state=0,
)
names = [f"useful {i}" for i in range(20)] + [f"noise {i}" for i in range(480)]
X = pd.DataFrame(X, columns=names)
X, X_test, y, y_test = train_test_split(X, y, test_size=300, random_state=0)

# %%
# Select the columns
# ------------------
# Recursive elimination removes the least important columns, fits the model again, and
# repeats. With ``step="geometric"`` each step removes a share of the remaining
# columns, so that few fits are needed. The rule ``"one_se"`` chooses the fewest
# columns whose score is within one standard error of the best one.

forest = ExtraTreesClassifier(20, random_state=0)
selector = FeaturePruningSelector(
    forest, method=RecursiveElimination(step="geometric"), cv=3, random_state=0
)
selector.fit(X, y).get_feature_names_out()

# %%
# The first picture shows the score for each number of columns, and the second one the
# most important columns and those that are kept.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 6), layout="constrained")
PruningPathDisplay.from_estimator(selector, ax=left)
FeatureImportanceDisplay.from_estimator(selector, ax=right)
plt.show()

# %%
# The comparison
# --------------
# ``SelectFromModel`` of scikit-learn keeps the columns above the mean importance. Its
# importances come from one fit on all columns, in which the noise takes part.


def accuracy(selection):
    """Accuracy on the test rows of a forest on the selected columns."""
    model = make_pipeline(selection, forest).fit(X, y)
    return model[0].get_support().sum(), model.score(X_test, y_test)


compared = {
    "all columns": (X.shape[1], forest.fit(X, y).score(X_test, y_test)),
    "SelectFromModel": accuracy(SelectFromModel(forest)),
    "FeaturePruningSelector": (
        selector.support_.sum(),
        forest.fit(selector.transform(X), y).score(selector.transform(X_test), y_test),
    ),
}
pd.DataFrame(compared, index=["columns", "accuracy on test rows"]).T.round(3)

# %%
# Fewer columns are also *better* here: a tree of 500 columns meets noise in most of
# its splits. If you already know that two columns matter, ``SelectKBest`` takes less
# time. :doc:`plot_false_discoveries` shows how to limit the share of useless columns.
