"""
Tune the ratio in a pipeline
============================

``PrunedEstimator`` is an estimator like any other, so that a search can tune what it
removes together with the parameters of the model. How do you do that, and how do you
choose a small model rather than the one with the highest score?
"""

# %%
# The pipeline
# ------------
# The digits of scikit-learn are scaled, and a network of 60 hidden units learns them.
# The last step is the network with a part of its hidden units removed.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sklprune import PrunedEstimator, cost, to_plain
from sklprune.rules import Tolerance

X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(X, y, random_state=0)
network = MLPClassifier((60,), learning_rate_init=0.01, tol=1e-2, random_state=0)
pipeline = make_pipeline(
    MinMaxScaler(), PrunedEstimator(network, pruning_ratio=0.5, random_state=0)
)

# %%
# The search
# ----------
# The parameters of the step are ``prunedestimator__pruning_ratio`` for the ratio, and
# ``prunedestimator__estimator__alpha`` for the penalty of the network. A plain search
# would choose the highest score and hardly prune. As ``refit``, a rule of sklprune
# chooses the smallest model whose score is at most 0.01 below the unpruned one. It
# needs the ratio 0 in the grid.

grid = {
    "prunedestimator__pruning_ratio": [0, 0.5, 0.7, 0.8, 0.9],
    "prunedestimator__estimator__alpha": [1e-4, 1e-1],
}
search = GridSearchCV(pipeline, grid, cv=3, refit=Tolerance(0.01)).fit(X, y)
search.best_params_

# %%
# The result without sklprune objects is a pipeline of scikit-learn:

small = to_plain(search)
small

# %%
# The comparison
# --------------
# The alternative is a search over the width of the network. It needs a list of widths,
# where the search above has a list of ratios.

widths = make_pipeline(MinMaxScaler(), network)
scratch = GridSearchCV(
    widths,
    {
        "mlpclassifier__hidden_layer_sizes": [(6,), (12,), (18,), (30,), (60,)],
        "mlpclassifier__alpha": [1e-4, 1e-1],
    },
    cv=3,
).fit(X, y)

table = pd.DataFrame(search.cv_results_)
other = pd.DataFrame(scratch.cv_results_)
units = 60 * (1 - table["param_prunedestimator__pruning_ratio"].astype(float))
table["hidden units"] = units.round().astype(int)
other["hidden units"] = [s[0] for s in other["param_mlpclassifier__hidden_layer_sizes"]]
best = pd.DataFrame(
    {
        "pruned": table.groupby("hidden units")["mean_test_score"].max(),
        "from scratch": other.groupby("hidden units")["mean_test_score"].max(),
    }
)
best.plot(marker="o", ylabel="accuracy, 3 folds", title="Pruned and narrow networks")
plt.show()

# %%
# On the test rows, which the searches have not used:

models = {
    "unpruned": widths.fit(X, y),
    "pruned": small,
    "best width": scratch.best_estimator_,
}
pd.DataFrame(
    {
        "hidden units": {
            name: model[-1].hidden_layer_sizes[0] for name, model in models.items()
        },
        "parameters": {name: cost(model).parameters for name, model in models.items()},
        "accuracy": {
            name: round(model.score(X_test, y_test), 3)
            for name, model in models.items()
        },
    }
)
