"""
A fitted model without labels
=============================

Somebody gives you a fitted model and rows without labels. Can the model become smaller,
and what can be promised without labels?
"""

# %%
# The model
# ---------
# Only ``unlabelled`` is used below. The labels of the test rows check the result.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from sklprune import PruningPathDisplay, prune
from sklprune.rules import Agreement

X, y = load_digits(return_X_y=True)
X = X / 16
X, X_test, y, y_test = train_test_split(X, y, test_size=400, random_state=0)
X, unlabelled, y, _ = train_test_split(X, y, test_size=700, random_state=0)
settings = {"learning_rate_init": 0.01, "max_iter": 200, "tol": 1e-3, "random_state": 0}
model = MLPClassifier((80,), **settings).fit(X, y)

# %%
# The same predictions
# --------------------
# The rule ``Agreement(0.99)`` chooses the smallest model that predicts the same label
# as the given one on 99 % of held-out rows. No ``y`` is passed.

small = prune(model, unlabelled, rule=Agreement(0.99), cv=3, random_state=0)
print(small.report_)

# %%
# The agreement for each size, and the chosen one:

PruningPathDisplay.from_estimator(small)
plt.show()

# %%
# The comparison
# --------------
# The alternative is distillation by hand: train a narrow network on the predicted
# labels. It starts from random weights, where pruning starts from those of the model.

guesses = model.predict(unlabelled)
n_units = small.estimator_.hidden_layer_sizes
student = MLPClassifier(n_units, **settings).fit(unlabelled, guesses)
models = {"given": model, "pruned": small.estimator_, "narrow, on its labels": student}
pd.DataFrame(
    {
        name: {
            "hidden units": each.hidden_layer_sizes[0],
            "agrees with the given model": np.mean(
                each.predict(X_test) == model.predict(X_test)
            ),
            "accuracy": each.score(X_test, y_test),
        }
        for name, each in models.items()
    }
).T.round(3)

# %%
# An agreement says nothing about rows that are unlike the ones you have. If the rows of
# the application differ from ``unlabelled``, collect some of those.
