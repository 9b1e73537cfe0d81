"""
A refit with maximum entropy
============================

You prune a network that somebody else has trained. You have few rows, and some of their
labels are wrong. A refit to these labels would learn the errors. What is the
alternative?
"""

# %%
# The network and your rows
# -------------------------
# The network was trained on 1,300 images. You have 250 of them, and a fifth of the
# labels is wrong.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from sklprune import prune
from sklprune.refits import MaskedRefit

X, y = load_digits(return_X_y=True)
X = X / 16
X, X_test, y, y_test = train_test_split(X, y, test_size=497, random_state=0)
settings = {"learning_rate_init": 0.01, "max_iter": 300, "tol": 1e-3, "random_state": 0}
model = MLPClassifier((60,), **settings).fit(X, y)

rng = np.random.default_rng(0)
rows, labels = X[:250], y[:250].copy()
wrong = rng.random(250) < 0.2
labels[wrong] = rng.integers(10, size=wrong.sum())

# %%
# Four refits
# -----------
# ``MaskedRefit()`` fits the remaining weights to the labels. With the penalty
# ``"maxent"``, the loss of a row with the predicted distribution p becomes::
#
#     log loss - alpha * entropy(p) + target_alpha * divergence(target, p)
#
# The entropy makes predictions less certain. ``target="dense"`` moves them towards
# those of the unpruned network, which has seen more labels than you have. Without
# ``y``, this target is the whole loss. Three quarters of the hidden units are removed.

entropy = MaskedRefit("maxent", alpha=0.3)
both = MaskedRefit("maxent", alpha=0, target="dense", target_alpha=3.0)
distil = MaskedRefit("maxent", alpha=0, target="dense")
pruned = {
    "refit to the labels": prune(model, rows, labels, pruning_ratio=0.75),
    "entropy": prune(model, rows, labels, pruning_ratio=0.75, refit=entropy),
    "labels and network": prune(model, rows, labels, pruning_ratio=0.75, refit=both),
    "network alone": prune(model, rows, pruning_ratio=0.75, refit=distil),
}

# %%
# The comparison
# --------------
# The alternative without pruning is a network of 15 units that is trained on your rows.

models = {"unpruned": model} | {name: each.estimator_ for name, each in pruned.items()}
models["15 units from scratch"] = MLPClassifier((15,), **settings).fit(rows, labels)
results = {}
for name, each in models.items():
    probabilities = each.predict_proba(X_test)
    results[name] = {
        "accuracy": each.score(X_test, y_test),
        "log loss": log_loss(y_test, probabilities),
        "mean confidence": probabilities.max(axis=1).mean(),
    }
table = pd.DataFrame(results).T
table.round(3)

# %%
# In a picture, higher is better on the left, and lower is better on the right:

axes = table[["accuracy", "log loss"]][::-1].plot.barh(
    subplots=True, layout=(1, 2), sharey=True, legend=False, figsize=(9, 3)
)
plt.tight_layout()
plt.show()

# %%
# The entropy alone does not help here: it makes the network less certain of right and
# wrong labels alike. The predictions of the unpruned network do help. If your labels
# are right and many, the default refit is the better choice.
